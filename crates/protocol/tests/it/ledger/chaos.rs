//! What happens in the schedules of `convergence.rs` and `rekey_convergence.rs`: trade, lifts,
//! reminders, and a network and machines that fail.

use protocol::Side;
use protocol::ledger::Input;

use super::devices::Town;
use super::world::{id, lifted, payment, settings};
use crate::chance::Chance;

/// What may go wrong, in thousandths of its moments.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) lost: u32,
    pub(crate) repeated: u32,
    pub(crate) crashes: u32,
}

/// Which counter each side's settings have had, the stock's first.
pub(crate) type Counters = [u32; 2];

pub(crate) fn a_side(chance: &mut Chance) -> Side {
    Side::BOTH[chance.below(2) as usize]
}

/// A payment, settings, or a wish to close; refused where it comes at a bad moment: while the tally
/// closes, or while a half that went back does not know its user's key.
pub(crate) fn trade(
    town: &mut Town,
    chance: &mut Chance,
    side: Side,
    moment: u64,
    counters: &mut Counters,
) {
    let name = id(1_000 + moment);
    let counter = &mut counters[usize::from(side == Side::Foil)];
    let chit = if chance.below(5) == 0 {
        *counter += 1;
        settings(side, name, *counter, chance.below(10) == 0)
    } else {
        payment(side, name, i64::from(1 + chance.below(100_000)))
    };
    let _ = town.writes(chit);
}

/// A lift is decided over this tally; one half hears of it at once, or both do.
pub(crate) fn lift(town: &mut Town, chance: &mut Chance, by: Side, moment: u64) {
    let first = a_side(chance);
    let both = [first, first.other()];
    let told = if chance.below(2) == 0 { &both[..1] } else { &both[..] };
    town.world.lift(lifted(by, moment, i64::from(1 + chance.below(100_000))), told);
}

pub(crate) fn remind(town: &mut Town, chance: &mut Chance, side: Side, faults: Faults) {
    let input = if chance.below(3) == 0 { Input::Compare } else { Input::Remind };
    let step = town.world.decide(side, input.clone()).unwrap();
    if chance.below(1000) < faults.crashes {
        town.world.commit(side, step); // it crashes before anything leaves
    } else {
        town.world.input(side, input).unwrap();
    }
}

/// A message arrives, is lost, comes twice, or its receiver crashes: before the commit, and the
/// message is gone; or after, and the answer is.
pub(crate) fn arrive(town: &mut Town, chance: &mut Chance, faults: Faults) {
    let Ok(on_its_way @ 1..) = u32::try_from(town.net.len()) else { return };
    let place = chance.below(on_its_way) as usize;
    if chance.below(1000) < faults.repeated {
        let again = town.net[place].clone();
        town.net.push(again);
    }
    let gone = chance.below(1000) < faults.lost;
    let crashes = chance.below(1000) < faults.crashes;
    if gone || (crashes && chance.below(2) == 0) {
        town.net.remove(place);
        return;
    }
    let before = town.net.len();
    town.arrives(place);
    if crashes {
        town.net.truncate(before - 1);
    }
}
