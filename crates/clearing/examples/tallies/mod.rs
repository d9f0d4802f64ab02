//! A large network of tallies, most among neighbours, the same for every run of a seed.

use std::error::Error;

use clearing::{Hop, Hops};
use protocol::Units;
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce};

use crate::families::Chance;

/// How many participants there are.
pub(crate) const PARTICIPANTS: u32 = 20_000;
/// How many tallies they have: two hops each.
pub(crate) const TALLIES: u32 = 50_000;

/// The hops; `in_force` says what a holder has signed.
#[allow(dead_code, reason = "each example takes what it needs")]
pub(crate) fn network(
    chance: &mut Chance,
    in_force: impl FnMut(&mut Chance) -> Result<InForce, Box<dyn Error>>,
) -> Result<Hops, Box<dyn Error>> {
    network_of(chance, PARTICIPANTS, TALLIES, in_force)
}

/// The same of another size.
#[allow(dead_code, reason = "each example takes what it needs")]
pub(crate) fn network_of(
    chance: &mut Chance,
    participants: u32,
    tallies: u32,
    in_force: impl FnMut(&mut Chance) -> Result<InForce, Box<dyn Error>>,
) -> Result<Hops, Box<dyn Error>> {
    hops_of(participants, &tallies_of(chance, participants, tallies, in_force)?)
}

/// The same, tally by tally.
pub(crate) fn tallies_of(
    chance: &mut Chance,
    participants: u32,
    tallies: u32,
    mut in_force: impl FnMut(&mut Chance) -> Result<InForce, Box<dyn Error>>,
) -> Result<Vec<Tally>, Box<dyn Error>> {
    let mut list = Vec::new();
    for _ in 0..tallies {
        let holder = chance.below(participants);
        let reach = if chance.below(10) == 0 { participants } else { 200.min(participants) };
        let partner = (holder + 1 + chance.below(reach - 1)) % participants;
        let balance = Units::new(i64::from(chance.below(40_000)) - 20_000)?;
        let consent = Consent { holder: in_force(chance)?, partner: in_force(chance)? };
        list.push(Tally { ends: [holder, partner], balance, consent });
    }
    Ok(list)
}

/// A tally, seen by one of the two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    /// The holder, and its partner.
    pub(crate) ends: [u32; 2],
    pub(crate) balance: Units,
    pub(crate) consent: Consent,
}

impl Tally {
    /// What can come in to the holder, and go out.
    pub(crate) fn hops(&self) -> Result<[Hop; 2], Box<dyn Error>> {
        let [holder, partner] = self.ends;
        let here = Position::new(self.balance, Units::ZERO, Units::ZERO)?;
        let (inward, outward) =
            (Lading::inward(here, &self.consent), Lading::outward(here, &self.consent));
        Ok([
            Hop { giver: partner, taker: holder, lading: inward },
            Hop { giver: holder, taker: partner, lading: outward },
        ])
    }
}

/// The graph of these tallies: two hops each, in their order.
pub(crate) fn hops_of(participants: u32, tallies: &[Tally]) -> Result<Hops, Box<dyn Error>> {
    let mut list = Vec::with_capacity(2 * tallies.len());
    for tally in tallies {
        list.extend(tally.hops()?);
    }
    Ok(Hops::new(participants, list)?)
}
