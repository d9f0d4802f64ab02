//! The graph that paths are looked for in: each tally in each direction in which something can move.

use protocol::Units;
use protocol::lading::Lading;
use thiserror::Error;

/// A tally in one direction: what can move from `giver` to `taker`, and what they charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Who lets the value go.
    pub giver: u32,
    /// Who takes it in.
    pub taker: u32,
    /// What the taker's half takes inward.
    pub lading: Lading,
}

/// Hops between participants numbered from 0, ready for searches. Several hops may join one pair.
#[derive(Clone, Debug)]
pub struct Hops {
    list: Vec<Hop>,
    by_giver: Index,
    by_taker: Index,
    /// Whether somebody pays for being used.
    gifts: bool,
}

/// Why a list of hops is no graph; `hop` is its place in the list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HopsError {
    /// A participant's number is not below the number of participants.
    #[error("hop {hop} names participant {participant}, beyond the number of participants")]
    UnknownParticipant {
        /// Place of the hop in the list.
        hop: usize,
        /// The number it names.
        participant: u32,
    },
    /// Nobody has a tally with itself.
    #[error("hop {hop} leads from a participant to itself")]
    SelfHop {
        /// Place of the hop in the list.
        hop: usize,
    },
    /// More hops or participants than are numbered (2^31 - 1).
    #[error("more than 2147483647 hops or participants")]
    TooMany,
}

/// Which way along the hops a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From giver to taker.
    On,
    /// From taker to giver.
    Back,
}

/// A hop as a search meets it first: where it leads, and its place in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    pub(super) far: u32,
    pub(super) place: u32,
}

/// For every participant its hops of one kind, side by side, in the order of the list.
#[derive(Clone, Debug)]
struct Index {
    first: Vec<u32>,
    hops: Vec<Beside>,
}

impl Hops {
    /// The graph of `hops` between `participants`.
    ///
    /// # Errors
    /// [`HopsError`] names the first hop that is none.
    pub fn new(participants: u32, hops: Vec<Hop>) -> Result<Self, HopsError> {
        if i32::try_from(hops.len()).is_err() || i32::try_from(participants).is_err() {
            return Err(HopsError::TooMany);
        }
        for (hop, &Hop { giver, taker, .. }) in hops.iter().enumerate() {
            if let Some(participant) = [giver, taker].into_iter().find(|p| *p >= participants) {
                return Err(HopsError::UnknownParticipant { hop, participant });
            }
            if giver == taker {
                return Err(HopsError::SelfHop { hop });
            }
        }
        Ok(Self {
            by_giver: Index::new(participants, &hops, |hop| (hop.giver, hop.taker)),
            by_taker: Index::new(participants, &hops, |hop| (hop.taker, hop.giver)),
            gifts: hops.iter().any(|hop| pays(&hop.lading)),
            list: hops,
        })
    }

    /// How many participants there are.
    #[must_use]
    pub fn participants(&self) -> u32 {
        // One more entry ends the last; their number was checked.
        u32::try_from(self.by_giver.first.len() - 1).unwrap_or(u32::MAX)
    }

    /// The hops, in the order given.
    #[must_use]
    pub fn list(&self) -> &[Hop] {
        &self.list
    }

    pub(super) fn gifts(&self) -> bool {
        self.gifts
    }

    pub(super) fn hop(&self, place: u32) -> &Hop {
        &self.list[place as usize]
    }

    /// The hops over which something can move that lead on from `v`, or back from it.
    pub(super) fn beside(&self, way: Way, v: u32) -> &[Beside] {
        let index = match way {
            Way::On => &self.by_giver,
            Way::Back => &self.by_taker,
        };
        let v = v as usize;
        &index.hops[index.first[v] as usize..index.first[v + 1] as usize]
    }
}

impl Index {
    /// Hops over which nothing can move are left out.
    fn new(participants: u32, hops: &[Hop], ends: impl Fn(&Hop) -> (u32, u32)) -> Self {
        let open = || (0_u32..).zip(hops).filter(|(_, hop)| hop.lading.most() > Units::ZERO);
        let mut first = vec![0_u32; participants as usize + 1];
        for (_, hop) in open() {
            first[ends(hop).0 as usize + 1] += 1;
        }
        for v in 1..first.len() {
            first[v] += first[v - 1];
        }
        let mut next = first.clone();
        let mut index =
            vec![Beside { far: 0, place: 0 }; first.last().map_or(0, |&all| all as usize)];
        for (place, hop) in open() {
            let (near, far) = ends(hop);
            let slot = &mut next[near as usize];
            index[*slot as usize] = Beside { far, place };
            *slot += 1;
        }
        Self { first, hops: index }
    }
}

/// Whether one of the two pays when the most moves.
fn pays(lading: &Lading) -> bool {
    let most = lading.most();
    lading.reward().due(most) < Units::ZERO || lading.clutch().due(most) < Units::ZERO
}
