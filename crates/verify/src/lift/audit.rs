//! What must hold of a lift, read from outside: an auditor that knows what each site has, and none of the machine's
//! rules.

use protocol::lift::Outcome;

use super::cast::VALID;
use super::machine::{Facts, KEEPS_NOTHING};
use super::together::{GIVER, TAKER};
use super::world::{Action, State, World};
use crate::model::Broken;

/// No two honest sites apply opposite outcomes.
pub(crate) const ATOMIC: &str = "all or nothing";
/// A promised leg is settled only by a certificate, never by a site's clock.
pub(crate) const NO_LONELY_TIMEOUT: &str = "no lonely timeout";
/// An honest site whose legs are good has promised them, and holds what everybody who owes by it has said.
pub(crate) const NO_THEFT: &str = "no theft";
/// What an honest site promised it does not forget, nor what was decided.
pub(crate) const DURABLE: &str = "what is promised stays";
/// What is read after a crash is what was written.
pub(crate) const AS_WRITTEN: &str = "a crash loses nothing";
/// No honest site both promises and refuses.
pub(crate) const ONE_WORD: &str = "one word";
/// No honest site holds, and so is bound by, a word over other users, another leg or another side than its tally's.
pub(crate) const ITS_TALLIES: &str = "words are of their tally";
/// No honest referee is shown to lie, however its certificates are put together anew.
pub(crate) const NOT_ACCUSED: &str = "nobody honest is accused";
/// By all parts of a payment together its payer's site gives no more than was signed.
pub(crate) const WITHIN: &str = "no more is given than was signed";
/// Where an honest payer's or payee's site is bound, all of what was signed comes to the payee, and nothing more; of a
/// clearing, what goes out comes back.
pub(crate) const ARRIVES: &str = "what is paid arrives";

fn honest(world: &World, state: &State) -> impl Iterator<Item = (usize, Facts)> {
    let sites = (0..world.many()).filter(|site| World::is_honest(state, *site));
    let facts = sites.map(|site| (site, world.machine.facts(site, state.sites[site])));
    facts.collect::<Vec<_>>().into_iter()
}

pub(super) fn always(world: &World, state: &State) -> Result<(), Broken> {
    for site in (0..world.many()).filter(|site| World::is_honest(state, *site)) {
        if state.gave_up & (1 << site) != 0 && state.given & (1 << VALID) != 0 {
            let why = format!("site {site} gave up what is valid");
            return Err(Broken::new(NO_LONELY_TIMEOUT, why));
        }
    }
    counts(world, state)?;
    let accuses = |(_, facts): (usize, Facts)| facts.accuses;
    if world.setting.plant.is_none() && honest(world, state).any(accuses) {
        return Err(Broken::new(NOT_ACCUSED, "a site holds a proof that the referee lies"));
    }
    // Who went back may have forgotten what it said.
    among(honest(world, state).map(|(site, facts)| (site, facts, state.back & (1 << site) != 0)))
}

/// What is given and what arrives, where sites have several participants.
fn counts(world: &World, state: &State) -> Result<(), Broken> {
    let Some(sites) = world.setting.sites else { return Ok(()) };
    let shape = world.setting.shape;
    let payee = sites.signed.map_or(0, |signed| signed.payee);
    let facts = |part: usize| world.machine.facts(part, state.sites[part]);
    let remembers = |part: &usize| World::is_honest(state, *part) && state.back & (1 << *part) == 0;
    let of = |site: usize, end: usize| -> Vec<usize> {
        let is_end =
            |part: usize| if end == GIVER { shape.begins(part) } else { shape.collects(part) };
        let parts = (0..world.many()).filter(|part| sites.of[*part] == site && is_end(*part));
        parts.filter(remembers).collect()
    };
    let (gives, gets) = (of(0, GIVER), of(payee, TAKER));
    let milli = |parts: &[usize], end| -> i64 {
        let promised: Vec<usize> =
            parts.iter().copied().filter(|part| facts(*part).may_be_valid).collect();
        world.legs_of(&promised, end).map(|leg| leg.units.get().milli()).sum()
    };
    let (given, got) = (milli(&gives, GIVER), milli(&gets, TAKER));
    if let Some(signed) = sites.signed.filter(|signed| given > signed.most_milli) {
        let why = format!("{given} of at most {}", signed.most_milli);
        return Err(Broken::new(WITHIN, why));
    }
    let lies = (0..world.many()).any(|part| sites.of[part] == payee && !remembers(&part));
    let bound =
        |parts: &[usize]| parts.iter().any(|part| facts(*part).outcome == Some(Outcome::Commit));
    let signed = sites.signed.map_or(given, |signed| signed.units_milli);
    if (bound(&gives) || bound(&gets)) && !lies && got != signed {
        return Err(Broken::new(ARRIVES, format!("{got} of {signed}")));
    }
    Ok(())
}

/// What must hold of the honest sites of one lift; the last of each says whether it went back.
pub(crate) fn among(sites: impl Iterator<Item = (usize, Facts, bool)>) -> Result<(), Broken> {
    let broken = |invariant, why: String| Err(Broken::new(invariant, why));
    let mut first = None;
    for (site, facts, went_back) in sites {
        if !facts.kept {
            return broken(AS_WRITTEN, format!("site {site} does not come back as it was"));
        }
        if !facts.of_its_tallies {
            let why = format!("site {site} holds a neighbour's word that is not of its tally");
            return broken(ITS_TALLIES, why);
        }
        if facts.promised && facts.refused && !went_back {
            return broken(ONE_WORD, format!("site {site} promised and refused"));
        }
        if facts.promised && !facts.owed && !went_back {
            return broken(NO_THEFT, format!("site {site} promised, and who owes has not said so"));
        }
        let Some(outcome) = facts.outcome else { continue };
        if outcome == Outcome::Commit && !went_back && !(facts.promised && facts.owed) {
            return broken(NO_THEFT, format!("site {site} is bound without its promise"));
        }
        match first {
            Some((other, before)) if before != outcome => {
                let why = format!("site {other} has {before:?}, site {site} has {outcome:?}");
                return broken(ATOMIC, why);
            }
            _ => first = Some((site, outcome)),
        }
    }
    Ok(())
}

pub(super) fn between(
    world: &World,
    from: &State,
    action: Action,
    to: &State,
) -> Result<(), Broken> {
    if matches!(action, Action::Restore { .. }) && world.setting.plant.is_none() {
        return Ok(());
    }
    for (site, before) in honest(world, from) {
        stays(site, before, world.machine.facts(site, to.sites[site]))?;
    }
    Ok(())
}

/// What an honest site promised or knew decided it does not forget.
pub(crate) fn stays(site: usize, before: Facts, after: Facts) -> Result<(), Broken> {
    let freed = before.locked && !after.locked && after.outcome.is_none();
    if before.promised && !after.promised || freed {
        let why = format!("site {site} has forgotten its promise");
        return Err(Broken::new(DURABLE, why));
    }
    if before.outcome.is_some() && before.outcome != after.outcome {
        return Err(Broken::new(DURABLE, format!("site {site} has changed its mind")));
    }
    Ok(())
}

/// Where nobody lies, has died or has lost all of it, all know what was decided; otherwise everybody honest who lives and promised does, and neighbours
/// know the same. Where nothing can go wrong, all are bound.
pub(super) fn done(world: &World, state: &State) -> bool {
    free(world, state)
        && (0..world.setting.shape.legs()).all(|leg| alike(world, state, leg))
        && world.firsts().all(|first| end_together(world, state, first))
}

/// All participants of an honest site that lives know the same.
fn end_together(world: &World, state: &State, first: usize) -> bool {
    let outcome = |part: usize| world.machine.facts(part, state.sites[part]).outcome;
    let outcomes = world.beside(first).filter(|part| World::acts(state, *part)).map(outcome);
    outcomes.collect::<Vec<_>>().windows(2).all(|pair| pair[0] == pair[1])
}

/// What one of two honest neighbours who live knows is decided, the other knows, and the taker of what is owed has the
/// giver's word for it.
fn alike(world: &World, state: &State, leg: usize) -> bool {
    let [giver, taker] = world.machine.cast.ends(leg);
    let lives = |site| World::is_honest(state, site) && World::is_alive(state, site);
    if !lives(giver) || !lives(taker) {
        return true;
    }
    let [given, taken] = [giver, taker].map(|site| world.machine.facts(site, state.sites[site]));
    let proved =
        taken.outcome != Some(Outcome::Commit) || world.machine.holds(state.sites[taker], leg);
    // Who has lost what came to nothing never hears of it.
    let lost = [giver, taker].iter().any(|site| state.sites[*site] == KEEPS_NOTHING);
    let valid = [given, taken].iter().any(|facts| facts.outcome == Some(Outcome::Commit));
    (given.outcome == taken.outcome || (lost && !valid)) && proved
}

fn free(world: &World, state: &State) -> bool {
    let lost = state.sites[..world.many()].contains(&KEEPS_NOTHING);
    honest(world, state).filter(|(site, _)| World::is_alive(state, *site)).all(|(_, facts)| {
        if world.setting.ends_valid {
            facts.outcome == Some(Outcome::Commit)
        } else {
            // Who has promised nothing may never learn of what liars and the dead keep to themselves, and others have lost.
            let waits = (state.dead | state.liars == 0 && !lost) || facts.promised;
            facts.outcome.is_some() || !waits
        }
    })
}
