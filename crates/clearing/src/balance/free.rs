//! Free balancing: legs that cost nobody anything, in circles that take holders toward their targets.
//!
//! A leg is *free* as far as it takes the taker no higher than its target and the giver's clutch on
//! it is nothing. The giver then has nothing against it, but unless it holds more than its own target
//! it is taken from that as far as the taker is taken toward its own. So what moves over a leg gains
//! something up to its *spare* part only, which the giver holds above its target: there both ends come
//! nearer; on the rest the distances of the two balances to their targets together stay as they are.
//! Every circle here has a spare part all along one leg at least. Hence each lowers the sum of all
//! these distances, and no sequence of them ever comes back to where it was.

use protocol::Units;
use protocol::lading::Lading;

use super::{largest, rounds, short};
use crate::{Hops, Leg};

/// How many hops each search of free balancing looks at: some seconds. Among 100,000 tallies the search
/// for the largest circulation looks at less than 40,000,000.
pub const MOST_BALANCE_LOOKS: u64 = 200_000_000;

/// How far free balancing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceLimits {
    /// The most members of a circle. None: as many as it takes to come nearest to all targets.
    pub most_members: Option<u32>,
    /// How many hops each search may look at, as [`MOST_BALANCE_LOOKS`]. There are up to three: for
    /// the largest circulation, for its circles, and for short circles.
    pub looks: u64,
}

impl Default for BalanceLimits {
    /// The nearest to all targets, in some seconds at most.
    fn default() -> Self {
        Self { most_members: None, looks: MOST_BALANCE_LOOKS }
    }
}

/// A circle of legs, each moving the same amount, the taker of one the giver of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// At least two; nobody gives twice.
    pub legs: Vec<Leg>,
}

/// What free balancing can move at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced {
    /// Circles, about the shortest first; together they are possible as well. Carried out in this
    /// order each takes holders nearer to their targets, by twice what moves over a leg of it at least.
    pub rounds: Vec<Round>,
    /// By how much the distances of all balances to their targets together become less, in
    /// milli-CHIPs: two for each milli-CHIP that moves where the giver holds more than its target.
    pub nearer: i128,
    /// Whether no further circle within the limits is left; else a search had looked at as much as it
    /// may.
    pub complete: bool,
    /// A small integer for each participant, which prove that nothing that costs nobody anything
    /// comes nearer: see [`verify_balanced`](crate::verify_balanced). None where that is not known.
    pub potentials: Option<Vec<i32>>,
}

impl Balanced {
    /// Whether it is proved that nothing that costs nobody anything comes nearer to all targets.
    #[must_use]
    pub const fn proved(&self) -> bool {
        self.potentials.is_some()
    }
}

impl Hops {
    /// Circles that take holders toward their targets at no cost to anybody.
    ///
    /// Every leg is within what its taker takes for free and its giver lets go for nothing. What only
    /// reduces debts against a giver's wish to hold it, or for which it charges, is for clearing to do,
    /// not here.
    ///
    /// Without a limit on the members of a circle, nothing else comes nearer to all targets together,
    /// and that is proved. With one, short circles are taken first, each with as much as its legs
    /// allow, until none is left: another choice may come nearer, and nothing is proved. So it is as
    /// well where the search for the largest circulation would look at more than it may. Where only the
    /// search for its short circles would, the rest of it is told in circles of any length, up to 2^24
    /// legs.
    #[must_use]
    pub fn toward_targets(&self, limits: BalanceLimits) -> Balanced {
        let rooms = rooms(self);
        if rooms.iter().all(|room| room.spare == 0) {
            let potentials = Some(vec![0; self.participants() as usize]);
            return Balanced { rounds: Vec::new(), nearer: 0, complete: true, potentials };
        }
        let largest = match limits.most_members {
            None => largest::largest(self, &rooms, limits.looks),
            Some(_) => None,
        };
        let (rounds, complete, potentials) = if let Some(largest) = largest {
            let (rounds, complete) = rounds::rounds(self, &rooms, largest.flow, limits.looks);
            (rounds, complete, largest.potentials.filter(|_| complete))
        } else {
            let most_members = limits.most_members.unwrap_or(u32::MAX);
            let (rounds, complete) = short::circles(self, &rooms, most_members, limits.looks);
            (rounds, complete, None)
        };
        let nearer = nearer(&rooms, &rounds);
        Balanced { rounds, nearer, complete, potentials }
    }
}

/// What moves over a hop for nothing, in milli-CHIPs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// How much that is.
    pub(super) free: i64,
    /// How much of it takes both ends nearer, if it is the first to move.
    pub(super) spare: i64,
}

pub(super) fn rooms(graph: &Hops) -> Vec<Room> {
    let room = |lading: &Lading| {
        let costs_nothing = lading.clutch().due(lading.free()) == Units::ZERO;
        let free = if costs_nothing { lading.free().milli() } else { 0 };
        Room { free, spare: lading.spare().milli().min(free) }
    };
    graph.list().iter().map(|hop| room(&hop.lading)).collect()
}

pub(super) fn nearer(rooms: &[Room], rounds: &[Round]) -> i128 {
    let mut spare: Vec<i64> = rooms.iter().map(|room| room.spare).collect();
    let mut nearer = 0;
    for leg in rounds.iter().flat_map(|round| &round.legs) {
        let gains = leg.units.milli().min(spare[leg.hop]);
        spare[leg.hop] -= gains;
        nearer += 2 * i128::from(gains);
    }
    nearer
}
