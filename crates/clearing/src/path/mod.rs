//! The cheapest path for a payment: tallies one after the other, from the payer to the payee.
//!
//! `hops` holds the graph, `legs` the rule for one leg, `labels` the search, `simple` makes it exact where
//! somebody pays for being used, `refusal` says why there is no path. The book's chapter on paths has
//! the reasons and the sources.

mod carried;
mod fan;
pub(crate) mod hops;
mod labels;
mod legs;
mod refusal;
mod simple;

use protocol::Units;

pub(crate) use carried::{Carried, NOTHING};
pub(crate) use fan::{Fan, fan, fan_in};
pub(crate) use hops::{Beside, Way, gratis, gratis_at_end, gratis_at_start};
pub use hops::{Hop, Hops, HopsError};
pub(crate) use legs::{Back, On, legs, moves};
pub use refusal::{Limit, NoPath};
pub(crate) use simple::{best, declined};

use legs::{Rule as _, priced};

/// The most tallies that a path may have.
///
/// Every leg is one more who has to agree and may fail, and people who trust each other are rarely
/// farther apart: in a real network of 67,000 accounts paid amounts went over two tallies on average.
pub const LONGEST_PATH: u32 = 12;

/// How many ends of paths a search may hold, besides [`LONGEST_PATH`] for each participant, which
/// is as many as it needs where nobody pays for being used. Some 50 MB.
pub const MOST_LABELS: usize = 1_000_000;

/// How many hops a search may look at, besides each one [`LONGEST_PATH`] times. About a second.
pub const MOST_LOOKS: usize = 20_000_000;

/// How many participants a search may keep off its path by name, see `simple`.
pub const MOST_NAMED: usize = 64;

/// A way to pay: what moves over each tally, so that everybody on it is made whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The legs, from the payer to the payee; at least one, at most [`LONGEST_PATH`]. No
    /// participant is on it twice.
    pub legs: Vec<Leg>,
    /// Whether it is known that no path needs less from the payer: not of one that was not searched
    /// for ([`Hops::along`]); of others, only where some are paid for being used can the search end
    /// before it knows ([`MOST_LABELS`], [`MOST_NAMED`]).
    pub proved: bool,
}

/// One tally of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Place of the hop in the list that [`Hops::new`] was given.
    pub hop: usize,
    /// Who lets the value go.
    pub giver: u32,
    /// Who takes it in.
    pub taker: u32,
    /// How much moves; above zero.
    pub units: Units,
}

/// What one in the middle of a path is left with, for its charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who it is.
    pub participant: u32,
    /// What comes in less what goes out; below zero for one who pays to be used.
    pub units: Units,
}

impl Path {
    /// What the payer gives.
    #[must_use]
    pub fn given(&self) -> Units {
        self.legs.first().map_or(Units::ZERO, |leg| leg.units)
    }

    /// What arrives at the payee.
    #[must_use]
    pub fn arrives(&self) -> Units {
        self.legs.last().map_or(Units::ZERO, |leg| leg.units)
    }

    /// How the cost (what is given less what arrives) is shared by those in the middle, in order.
    #[must_use]
    pub fn shares(&self) -> Vec<Share> {
        let share = |legs: &[Leg]| match legs {
            [come, go] => {
                let milli = come.units.milli() - go.units.milli();
                // Two amounts above zero differ by an amount.
                Units::new(milli).ok().map(|units| Share { participant: come.taker, units })
            }
            _ => None,
        };
        self.legs.windows(2).filter_map(share).collect()
    }
}

impl Hops {
    /// The path that needs the least from `payer` so that exactly `amount` arrives at `payee`; of
    /// several such one with the fewest legs. At most [`LONGEST_PATH`] legs.
    ///
    /// Every leg is the least that leaves the one behind it whole, rounded once. The payer's own clutch
    /// and the payee's own reward are not charged.
    ///
    /// # Errors
    /// [`NoPath`] says why there is none, and how much one path can bring at this moment.
    pub fn cheapest(&self, payer: u32, payee: u32, amount: Units) -> Result<Path, NoPath> {
        self.check_ends(payer, payee)?;
        if amount <= Units::ZERO {
            return Err(NoPath::NothingToPay { amount });
        }
        self.found(payer, payee, amount)
            .or_else(|proved| self.otherwise(payer, payee, amount, proved))
    }

    /// The path that [`Hops::cheapest`] finds; none where it says why there is none, for which it searches two more times.
    #[must_use]
    pub fn cheapest_if_any(&self, payer: u32, payee: u32, amount: Units) -> Option<Path> {
        self.check_ends(payer, payee).ok().filter(|()| amount > Units::ZERO)?;
        match self.found(payer, payee, amount) {
            Ok(path) => Some(path),
            Err(true) => None,
            Err(false) => self.otherwise(payer, payee, amount, false).ok(),
        }
    }

    /// The cheapest path, or whether it is proved that there is none.
    fn found(&self, payer: u32, payee: u32, amount: Units) -> Result<Path, bool> {
        let found = best(self, Back::of(amount), [payee, payer], LONGEST_PATH);
        let legs = found.hops.and_then(|hops| priced(self, &hops, amount)).ok_or(found.proved)?;
        Ok(Path { legs, proved: found.proved })
    }

    /// The path over these hops, in the order of their places in the list given, by which exactly
    /// `amount` arrives; none where they do not follow each other, meet somebody twice, are too many,
    /// or cannot do it now.
    #[must_use]
    pub fn along(&self, hops: &[usize], amount: Units) -> Option<Path> {
        if amount <= Units::ZERO || !self.follow(hops) {
            return None;
        }
        let back: Option<Vec<u32>> = hops.iter().rev().map(|&place| number(place)).collect();
        let legs = priced(self, &back?, amount)?;
        Some(Path { legs, proved: false })
    }

    /// What the payer gives by that path, and nothing else of it.
    pub(crate) fn given_along(&self, hops: &[usize], amount: Units) -> Option<Units> {
        if amount <= Units::ZERO || !self.follow(hops) {
            return None;
        }
        let rule = Back::of(amount);
        let (mut value, mut given) = (None, None);
        for &place in hops.iter().rev() {
            let (lading, place) = (&self.list().get(place)?.lading, number(place)?);
            let units = rule.leg(value, place, lading)?;
            value = Some(rule.behind(units, place, lading));
            given = Some(units);
        }
        given
    }

    /// Whether there are some of these hops and not too many, each begins where the one before it ends, and nobody is met
    /// twice.
    fn follow(&self, hops: &[usize]) -> bool {
        let hop = |place: &usize| self.list().get(*place);
        let begins = |at: usize, giver: u32| match at.checked_sub(1) {
            Some(before) => hop(&hops[before]).is_some_and(|before| before.taker == giver),
            None => true,
        };
        let met = |at: usize, taker: u32| {
            hops[..=at].iter().filter_map(hop).any(|before| before.giver == taker)
        };
        let follows = |(at, place): (usize, &usize)| {
            hop(place).is_some_and(|hop| begins(at, hop.giver) && !met(at, hop.taker))
        };
        (1..=LONGEST_PATH as usize).contains(&hops.len()) && hops.iter().enumerate().all(follows)
    }

    /// The path that brings the most from `payer` to `payee` at this moment, with what the payer
    /// has to give for it. Any smaller amount can be paid as well. At most [`LONGEST_PATH`] legs.
    ///
    /// # Errors
    /// [`NoPath`] where nothing at all can arrive.
    pub fn widest(&self, payer: u32, payee: u32) -> Result<Path, NoPath> {
        self.check_ends(payer, payee)?;
        let (most, hops, proved) = self.most(payer, payee);
        match priced(self, &hops, most) {
            Some(legs) if most > Units::ZERO => Ok(Path { legs, proved }),
            _ => {
                self.reachable(payer, payee)?;
                Err(NoPath::TooLittle { most: Units::ZERO, limit: Limit::Between, proved })
            }
        }
    }

    /// The most that one path can bring, its hops from the payee back, and whether that is proved.
    ///
    /// What is carried on from the payer can be asked for by the payee: going back, no leg needs more
    /// than moved over it going on. So the two searches agree on what can arrive.
    fn most(&self, payer: u32, payee: u32) -> (Units, Vec<u32>, bool) {
        let rule = On { gifts: true, carried: &NOTHING, most: Units::MAX };
        let found = best(self, rule, [payer, payee], LONGEST_PATH);
        let mut hops = found.hops.unwrap_or_default();
        let most = moves(&rule, self, &hops).and_then(|moves| moves.last().copied());
        hops.reverse();
        (most.unwrap_or(Units::ZERO), hops, found.proved)
    }

    fn check_ends(&self, payer: u32, payee: u32) -> Result<(), NoPath> {
        if let Some(participant) = [payer, payee].into_iter().find(|p| *p >= self.participants()) {
            return Err(NoPath::Unknown { participant });
        }
        if payer == payee {
            return Err(NoPath::ToOneself);
        }
        Ok(())
    }
}

/// The number of a place of the list, which has no more than are numbered.
fn number(place: usize) -> Option<u32> {
    u32::try_from(place).ok()
}
