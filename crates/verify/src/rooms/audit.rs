//! What must hold of two lifts that share tallies, read from outside: an auditor that knows what was signed and what
//! each half has, and none of the ledger's rules.

use protocol::Side;
use protocol::lift::{Mode, Outcome};

use super::places::half;
use super::setting::{Attempts, Between, Ends, Plant};
use super::world::{Action, LIFTS, State, World};
use crate::lift::audit::{AS_WRITTEN, DURABLE, NO_LONELY_TIMEOUT, among, stays};
use crate::lift::cast::{UNITS_MILLI, VALID};
use crate::model::Broken;

/// No balance is beyond what both users signed, and no clearing leaves anybody with more debt, or with a new one.
pub(super) const SIGNED: &str = "within what was signed";
/// No lift's chit is good at a half before the lift is decided to be valid.
pub(super) const PROOF: &str = "nothing is good without proof";
/// What a partner was told of, its signer's half has.
pub(super) const TOLD_STAYS: &str = "what was told stays";
/// Of the attempts of one payment one is valid at most.
pub(super) const ONCE: &str = "a payment is made once";
/// Of a payment all parts are valid, or none.
pub(super) const WHOLE: &str = "a payment is made whole";
/// A balance is the sum of the chits.
pub(super) const SUM: &str = "a balance is the sum of its chits";

pub(super) fn always(world: &World, state: &State) -> Result<(), Broken> {
    for lift in 0..world.lifts.len() {
        let sites = world.crossings().filter(|(of, _)| *of == lift);
        among(sites.map(|at| (at.1, world.facts(state, at), false)))?;
    }
    if world.setting.attempts != Attempts::No && state.decided == [VALID; LIFTS] {
        return Err(Broken::new(ONCE, "both attempts are valid"));
    }
    let outcomes = || (0..world.lifts.len()).map(|lift| world.facts(state, (lift, 0)).outcome);
    let has = |outcome| outcomes().any(|known| known == Some(outcome));
    let parts = world.setting.plant == Some(Plant::EachALift);
    if parts && has(Outcome::Commit) && has(Outcome::Void) {
        return Err(Broken::new(WHOLE, "one part is paid and the other is not"));
    }
    signers_first(world, state)?;
    for (tally, between) in world.setting.tallies.iter().enumerate() {
        for side in Side::BOTH {
            of_half(world, state, (tally, between), side)?;
        }
    }
    Ok(())
}

/// What the payer signed is at its own half before anybody else has it.
fn signers_first(world: &World, state: &State) -> Result<(), Broken> {
    let Some((tally, by, _)) = world.setting.invoice else { return Ok(()) };
    let paid = |side| world.halves.facts(state.halves[half(tally, side)]).paid;
    if paid(by.other()) && !paid(by) {
        return Err(Broken::new(TOLD_STAYS, "the payer's half does not have what it paid"));
    }
    Ok(())
}

fn of_half(
    world: &World,
    state: &State,
    (tally, between): (usize, &Between),
    side: Side,
) -> Result<(), Broken> {
    let facts = world.halves.facts(state.halves[half(tally, side)]);
    let broken = |invariant, why: String| Err(Broken::new(invariant, why));
    let (low, high) = bounds(world, between, side);
    // What both users freed may move all the same, whatever has used its room: that is what they are told.
    let freed = (0..world.lifts.len()).filter(|lift| world.is_freed(state, *lift, tally));
    let beyond = freed.map(|_| UNITS_MILLI).sum::<i64>();
    let (low, high) = (low - beyond, high + beyond);
    let balance = facts.balance_milli;
    if balance < low || balance > high {
        let why = format!(
            "the {} of tally {tally} has {balance}, which is not from {low} to {high}",
            side.word()
        );
        return broken(SIGNED, why);
    }
    if !facts.kept {
        let why = format!("the {} of tally {tally} does not come back as it was", side.word());
        return broken(AS_WRITTEN, why);
    }
    if !facts.sums {
        return broken(SUM, format!("the {} of tally {tally}", side.word()));
    }
    for (lift, &decided) in state.decided.iter().enumerate() {
        if facts.lifted & (1 << lift) != 0 && decided != VALID {
            let why = format!("the {} of tally {tally} has the chit of lift {lift}", side.word());
            return broken(PROOF, why);
        }
    }
    Ok(())
}

/// The lowest and the highest balance of a half, in milli-CHIPs: by the limits that both signed; where there are only
/// clearings, between what it was and nothing.
fn bounds(world: &World, between: &Between, side: Side) -> (i64, i64) {
    let [by_stock, by_foil] = between.limits;
    let clearing = world.setting.lifts.iter().all(|way| way.mode == Mode::Clearing);
    let of_stock = if clearing {
        let owed =
            between.owes.map_or(0, |(by, milli)| if by == Side::Stock { -milli } else { milli });
        (owed.min(0), owed.max(0))
    } else {
        (-by_foil, by_stock)
    };
    if side == Side::Stock { of_stock } else { (-of_stock.1, -of_stock.0) }
}

pub(super) fn between(
    world: &World,
    from: &State,
    action: Action,
    to: &State,
) -> Result<(), Broken> {
    if matches!(action, Action::Again { .. }) {
        return Ok(());
    }
    if matches!(action, Action::Crash) {
        promised_together(world, to)?;
    }
    // What a site has not written it may lose.
    let [from, to] = [from, to].map(|state| world.as_written(state));
    for at in world.crossings() {
        stays(at.1, world.facts(&from, at), world.facts(&to, at))?;
        free_with_reason(world, &from, &to, at)?;
    }
    Ok(())
}

/// Who comes back from a crash has set aside what it promises, or promises nothing.
fn promised_together(world: &World, to: &State) -> Result<(), Broken> {
    for (lift, site) in world.crossings() {
        let locked = world.facts(to, (lift, site)).locked;
        for (leg, place) in world.setting.legs(lift, site).filter(|_| locked) {
            // The partner's half may have told this one the lift's chit, which takes its place.
            let facts = world.halves.facts(to.halves[place]);
            let aside = (facts.aside | facts.lifted) & (1 << lift) != 0;
            let tally = world.setting.lifts[lift].tallies[leg];
            if !aside && !world.is_freed(to, lift, tally) {
                let why =
                    format!("site {site} has promised lift {lift}, and has set nothing aside");
                return Err(Broken::new(DURABLE, why));
            }
        }
    }
    Ok(())
}

/// What is set aside for a lift stays so until it is decided, or both users have signed that it is free.
fn free_with_reason(
    world: &World,
    from: &State,
    to: &State,
    (lift, site): (usize, usize),
) -> Result<(), Broken> {
    let decided = world.facts(to, (lift, site)).outcome.is_some();
    for (leg, place) in world.setting.legs(lift, site) {
        let [before, after] = [from, to].map(|state| world.halves.facts(state.halves[place]));
        let was_freed = before.aside & !after.aside & (1 << lift) != 0;
        let moved = after.lifted & (1 << lift) != 0;
        let tally = world.setting.lifts[lift].tallies[leg];
        if was_freed && !decided && !moved && !world.is_freed(to, lift, tally) {
            let why =
                format!("site {site} frees what lift {lift} has set aside, and nobody decided it");
            return Err(Broken::new(NO_LONELY_TIMEOUT, why));
        }
    }
    Ok(())
}

/// Each lift that was begun is decided at all its sites that live, or, where one died, at those of them that promised;
/// nothing is set aside, all is written, both halves of each tally are one.
pub(super) fn done(world: &World, state: &State) -> bool {
    let alive = |at: &(usize, usize)| world.is_alive(state, *at);
    let free = world.crossings().filter(alive).all(|at| {
        let facts = world.facts(state, at);
        // Who has promised nothing may never learn of what the dead began.
        let waits = state.dead == 0 && state.met[at.0] != 0;
        facts.outcome.is_some() || !waits && !facts.promised
    });
    let tallies = 0..world.setting.tallies.len();
    let clean = tallies.into_iter().all(|tally| is_clean(world, state, tally));
    let valid = (0..world.lifts.len()).filter(|lift| is_valid(world, state, *lift)).count();
    let wanted = match world.setting.ends {
        Ends::Decided => 0,
        Ends::Valid(lifts) => lifts,
    };
    free && clean && valid >= wanted && state.ahead.is_none()
}

fn is_clean(world: &World, state: &State, tally: usize) -> bool {
    let halves = Side::BOTH.map(|side| half(tally, side));
    let sites = world.setting.tallies[tally].sites;
    let alive = halves.into_iter().zip(sites).filter(|(_, site)| state.dead & (1 << site) == 0);
    let nothing_aside =
        |(half, _): (usize, usize)| world.halves.facts(state.halves[half]).aside == 0;
    let one =
        !world.talks(state, tally) || world.halves.are_one(halves.map(|half| state.halves[half]));
    alive.into_iter().all(nothing_aside) && one
}

/// Whether a lift is valid at all its sites, and its chits are linked there.
fn is_valid(world: &World, state: &State, lift: usize) -> bool {
    world.crossings().filter(|(of, _)| *of == lift).all(|at| {
        let linked = world
            .setting
            .legs(lift, at.1)
            .all(|(_, half)| world.halves.facts(state.halves[half]).lifted & (1 << lift) != 0);
        world.facts(state, at).outcome == Some(Outcome::Commit) && linked
    })
}
