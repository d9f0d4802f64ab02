//! What must hold of a lift with its referees, read from outside: what must hold of its sites, and of those who decide.

use protocol::lift::Outcome;

use super::setting::Ends;
use super::world::{Action, State, World};
use crate::lift::audit::{AS_WRITTEN, NOT_ACCUSED, among, stays};
use crate::model::Broken;

/// No two referees decide differently.
pub(super) const ONE_OUTCOME: &str = "one outcome";
/// All is decided in as many rounds as the faults cost.
pub(super) const IN_TIME: &str = "rounds come to an end";

pub(super) fn always(world: &World, state: &State) -> Result<(), Broken> {
    among((0..world.many()).map(|site| (site, world.facts(state, site), false)))?;
    let broken = |invariant, why: String| Err(Broken::new(invariant, why));
    if state.wrong {
        return broken(NOT_ACCUSED, "a referee refuses what an honest one says".to_owned());
    }
    let mut first = None;
    // What a referee has not written it has told nobody.
    let written = world.as_written(state);
    for seat in world.setting.living() {
        let facts = world.referee(state, seat);
        if !facts.kept {
            return broken(AS_WRITTEN, format!("referee {seat} does not come back as it was"));
        }
        if facts.round > world.setting.most {
            return broken(IN_TIME, format!("referee {seat} is in round {}", facts.round));
        }
        let Some(outcome) = world.referee(&written, seat).outcome else { continue };
        match first {
            Some(before) if before != outcome => {
                return broken(ONE_OUTCOME, format!("referee {seat} decides otherwise"));
            }
            _ => first = Some(outcome),
        }
    }
    Ok(())
}

pub(super) fn between(
    world: &World,
    from: &State,
    _action: Action,
    to: &State,
) -> Result<(), Broken> {
    let [from, to] = [from, to].map(|state| world.as_written(state));
    (0..world.many())
        .try_for_each(|site| stays(site, world.facts(&from, site), world.facts(&to, site)))
}

pub(super) fn done(world: &World, state: &State) -> bool {
    let alive = || (0..world.many()).filter(|site| World::is_alive(state, *site));
    let facts = |site: usize| world.facts(state, site);
    let is_written = state.ahead.is_none();
    match world.setting.ends {
        Ends::Valid => {
            is_written && alive().all(|site| facts(site).outcome == Some(Outcome::Commit))
        }
        // Who has promised nothing may never learn of what the dead began.
        Ends::Decided => {
            let waits = |site| state.dead == 0 || facts(site).promised;
            is_written && alive().all(|site| facts(site).outcome.is_some() || !waits(site))
        }
        Ends::Anywhere => true,
    }
}
