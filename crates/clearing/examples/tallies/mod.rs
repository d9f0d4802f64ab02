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
pub(crate) fn network_of(
    chance: &mut Chance,
    participants: u32,
    tallies: u32,
    mut in_force: impl FnMut(&mut Chance) -> Result<InForce, Box<dyn Error>>,
) -> Result<Hops, Box<dyn Error>> {
    let mut list = Vec::new();
    for _ in 0..tallies {
        let holder = chance.below(participants);
        let reach = if chance.below(10) == 0 { participants } else { 200.min(participants) };
        let partner = (holder + 1 + chance.below(reach - 1)) % participants;
        let balance = Units::new(i64::from(chance.below(40_000)) - 20_000)?;
        let here = Position::new(balance, Units::ZERO, Units::ZERO)?;
        let consent = Consent { holder: in_force(chance)?, partner: in_force(chance)? };
        let (inward, outward) = (Lading::inward(here, &consent), Lading::outward(here, &consent));
        list.push(Hop { giver: partner, taker: holder, lading: inward });
        list.push(Hop { giver: holder, taker: partner, lading: outward });
    }
    Ok(Hops::new(participants, list)?)
}
