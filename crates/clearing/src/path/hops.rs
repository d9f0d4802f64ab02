//! The graph that paths are looked for in: each tally in each direction in which something can move.

use protocol::lading::{Charge, Lading};
use protocol::{Rate, Units};
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
///
/// It may change as tallies do: [`Hops::put`], [`Hops::join`].
#[derive(Clone, Debug, Default)]
pub struct Hops {
    list: Vec<Hop>,
    by_giver: Vec<Vec<Beside>>,
    by_taker: Vec<Vec<Beside>>,
    /// How many hops there are over which somebody pays for being used.
    gifts: usize,
    /// How many hops there are over which somebody charges or pays.
    charges: usize,
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
pub(crate) enum Way {
    /// From giver to taker.
    On,
    /// From taker to giver.
    Back,
}

/// A hop as a search meets it first: where it leads, its place in the list, and what searches for
/// something free of charge ask of it, so that they need not look at the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    pub(crate) far: u32,
    pub(crate) place: u32,
    /// How much moves with neither of the two charging or paying.
    pub(crate) gratis: i64,
    /// How much the taker would like to come in: up to its target.
    pub(crate) wanted: i64,
    /// What the giver charges, in parts per million; zero for one who pays.
    pub(crate) clutch: u32,
    /// What the taker charges on what comes in beyond its target; zero for one who pays.
    pub(crate) reward: u32,
}

impl Hops {
    /// The graph of `hops` between `participants`.
    ///
    /// # Errors
    /// [`HopsError`] names the first hop that is none.
    pub fn new(participants: u32, hops: Vec<Hop>) -> Result<Self, HopsError> {
        let mut graph = Self::default();
        for _ in 0..participants {
            graph.join()?;
        }
        graph.list.reserve(hops.len());
        for (place, hop) in hops.into_iter().enumerate() {
            graph.put(place, hop)?;
        }
        Ok(graph)
    }

    /// One more participant; says its number.
    ///
    /// # Errors
    /// [`HopsError::TooMany`].
    pub fn join(&mut self) -> Result<u32, HopsError> {
        let number = i32::try_from(self.by_giver.len()).ok().filter(|number| *number < i32::MAX);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or(HopsError::TooMany)?;
        self.by_giver.push(Vec::new());
        self.by_taker.push(Vec::new());
        Ok(number)
    }

    /// Puts a hop at a place of the list, instead of the one that is there; a place just beyond the
    /// last is a new one. Takes as long as its two participants have hops.
    ///
    /// # Errors
    /// [`HopsError`] says why it is no hop; nothing has changed then.
    pub fn put(&mut self, place: usize, hop: Hop) -> Result<(), HopsError> {
        let Hop { giver, taker, lading } = hop;
        if let Some(participant) = [giver, taker].into_iter().find(|p| *p >= self.participants()) {
            return Err(HopsError::UnknownParticipant { hop: place, participant });
        }
        if giver == taker {
            return Err(HopsError::SelfHop { hop: place });
        }
        let number = i32::try_from(place).ok().filter(|_| place <= self.list.len());
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or(HopsError::TooMany)?;
        let before = self.list.get(place).copied();
        if let Some(before) = before {
            self.gifts -= usize::from(pays(&before.lading));
            self.charges -= usize::from(charges(&before.lading));
            self.list[place] = hop;
        } else {
            self.list.push(hop);
        }
        self.gifts += usize::from(pays(&lading));
        self.charges += usize::from(charges(&lading));
        let ends = |hop: &Hop| (hop.giver, hop.taker);
        let is_open = |hop: &Hop| hop.lading.most() > Units::ZERO;
        let was = before.filter(is_open).map(|hop| ends(&hop));
        let is = is_open(&hop).then_some((giver, taker));
        if let Some((giver, taker)) = was.filter(|_| was != is) {
            drop_from(&mut self.by_giver[giver as usize], number);
            drop_from(&mut self.by_taker[taker as usize], number);
        }
        if let Some((giver, taker)) = is {
            let (gratis, wanted) = (gratis(&lading), lading.free().milli());
            let charge = |charge: &Charge| charge.rate().max(Rate::ZERO).ppm().unsigned_abs();
            let (clutch, reward) = (charge(&lading.clutch()), charge(&lading.reward()));
            let here = |far| Beside { far, place: number, gratis, wanted, clutch, reward };
            put_into(&mut self.by_giver[giver as usize], here(taker));
            put_into(&mut self.by_taker[taker as usize], here(giver));
        }
        Ok(())
    }

    /// How many participants there are.
    #[must_use]
    pub fn participants(&self) -> u32 {
        // `join` keeps them few enough.
        u32::try_from(self.by_giver.len()).unwrap_or(u32::MAX)
    }

    /// The places of the hops over which a participant can let something go.
    pub fn leaving(&self, giver: u32) -> impl Iterator<Item = usize> {
        let hops = self.by_giver.get(giver as usize).map_or(&[][..], Vec::as_slice);
        hops.iter().map(|hop| hop.place as usize)
    }

    /// The places of the hops over which a participant can take something in.
    pub fn arriving(&self, taker: u32) -> impl Iterator<Item = usize> {
        let hops = self.by_taker.get(taker as usize).map_or(&[][..], Vec::as_slice);
        hops.iter().map(|hop| hop.place as usize)
    }

    /// The hops, in the order given.
    #[must_use]
    pub fn list(&self) -> &[Hop] {
        &self.list
    }

    /// Whether somebody pays for being used.
    pub(crate) const fn gifts(&self) -> bool {
        self.gifts > 0
    }

    /// Whether somebody charges or pays.
    pub(crate) const fn charges(&self) -> bool {
        self.charges > 0
    }

    pub(crate) fn hop(&self, place: u32) -> &Hop {
        &self.list[place as usize]
    }

    /// The hops over which something can move that lead on from `v`, or back from it.
    pub(crate) fn beside(&self, way: Way, v: u32) -> &[Beside] {
        let index = match way {
            Way::On => &self.by_giver,
            Way::Back => &self.by_taker,
        };
        &index[v as usize]
    }
}

/// Hops stay in the order of their places, so that the same graph gives the same answers however it
/// came to be.
fn put_into(hops: &mut Vec<Beside>, new: Beside) {
    match hops.binary_search_by_key(&new.place, |hop| hop.place) {
        Ok(at) => hops[at] = new,
        Err(at) => hops.insert(at, new),
    }
}

fn drop_from(hops: &mut Vec<Beside>, place: u32) {
    if let Ok(at) = hops.binary_search_by_key(&place, |hop| hop.place) {
        hops.remove(at);
    }
}

/// Whether one of the two pays when the most moves.
fn pays(lading: &Lading) -> bool {
    let most = lading.most();
    lading.reward().due(most) < Units::ZERO || lading.clutch().due(most) < Units::ZERO
}

/// Whether one of the two charges or pays when the most moves.
fn charges(lading: &Lading) -> bool {
    let most = lading.most();
    lading.reward().due(most) != Units::ZERO || lading.clutch().due(most) != Units::ZERO
}

/// How much moves over a hop before the first of the two charges or pays, in milli-CHIPs.
pub(crate) fn gratis(lading: &Lading) -> i64 {
    let most = lading.most();
    if lading.clutch().due(most) != Units::ZERO { 0 } else { gratis_at_start(lading) }
}

/// The same where the giver's clutch does not count: on a payer's own hops.
pub(crate) fn gratis_at_start(lading: &Lading) -> i64 {
    let most = lading.most();
    let units = if lading.reward().due(most) == Units::ZERO { most } else { lading.free() };
    units.milli()
}

/// The same where the taker's reward does not count: on a payee's own hops.
pub(crate) fn gratis_at_end(lading: &Lading) -> i64 {
    let most = lading.most();
    if lading.clutch().due(most) == Units::ZERO { most.milli() } else { 0 }
}
