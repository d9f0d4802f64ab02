//! What must hold among referees, read from outside: an auditor that knows who said what and who has seen what, and
//! none of the machine's rules.

use super::anytime::{self, Anytime};
use super::ends::{self, Action, Ends};
use super::machine::{Event, Facts, Wrong};
use super::setting::{OUTCOMES, PHASES, VOID};
use super::vocabulary::Said;
use crate::model::Broken;

/// No two honest referees decide differently.
pub(super) const ONE_OUTCOME: &str = "one outcome";
/// What is decided some honest referee has seen evidence for.
pub(super) const VALID: &str = "only what is valid";
/// An honest referee decides once.
pub(super) const ONCE: &str = "decides once";
/// No honest referee says two different things where it has one to say.
pub(super) const NO_CONTRADICTION: &str = "no contradiction";
/// What follows the rules is not refused.
pub(super) const NOT_REFUSED: &str = "honest messages are taken";
/// No honest referee is shown to lie.
pub(super) const NOT_ACCUSED: &str = "nobody honest is accused";
/// What is read after a crash is what was written.
pub(super) const AS_WRITTEN: &str = "a crash loses nothing";
/// All is decided in as many rounds as the faults cost.
pub(super) const IN_TIME: &str = "rounds come to an end";

fn is_not_wrong(wrong: Option<Wrong>) -> Result<(), Broken> {
    let Some(wrong) = wrong else { return Ok(()) };
    let (invariant, why) = match wrong {
        Wrong::Refuses(seat) => (NOT_REFUSED, format!("{seat} refuses what follows the rules")),
        Wrong::Accuses(seat) => (NOT_ACCUSED, format!("{seat} is honest, and shown to lie")),
        Wrong::Changes(seat) => (ONCE, format!("{seat} had decided, and now decides otherwise")),
        Wrong::Writes(seat) => (AS_WRITTEN, format!("{seat} does not come back as it was")),
    };
    Err(Broken::new(invariant, why))
}

fn two_outcomes(one: usize, other: usize) -> Broken {
    Broken::new(ONE_OUTCOME, format!("{one} may decide to commit, and {other} to void"))
}

fn not_seen(seat: usize, outcome: usize) -> Broken {
    let word = OUTCOMES[outcome].word();
    Broken::new(VALID, format!("{seat} decides to {word}, for which nobody honest has evidence"))
}

pub(super) fn anytime(world: &Anytime, state: &anytime::State) -> Result<(), Broken> {
    no_contradiction(world, state.said)?;
    let honest: Vec<usize> = world.setting().honest().collect();
    let views = state.views.map(|view| world.views.get(view));
    for &seat in &honest {
        for &other in honest.iter().filter(|&&other| other != seat) {
            if views[seat].decided & 1 != 0 && views[other].decided & 2 != 0 {
                return Err(two_outcomes(seat, other));
            }
        }
        for outcome in 0..2 {
            let bit = 1 << outcome;
            let nobody =
                honest.iter().all(|&other| other == seat || views[other].unseen & bit != 0);
            if views[seat].blind & bit != 0 && nobody {
                return Err(not_seen(seat, outcome));
            }
        }
    }
    honest.iter().try_for_each(|&seat| is_not_wrong(views[seat].wrong))
}

fn no_contradiction(world: &Anytime, said: Said) -> Result<(), Broken> {
    let once = &world.views.machine.vocabulary.contradictions;
    match once.iter().find(|(_, one)| (said & one).count_ones() > 1) {
        Some((seat, _)) => {
            let why = format!("{seat} has said {}", world.views.machine.words(said));
            Err(Broken::new(NO_CONTRADICTION, why))
        }
        None => Ok(()),
    }
}

pub(super) fn ends(world: &Ends, state: &ends::State) -> Result<(), Broken> {
    let setting = &world.machine.setting;
    let all: Vec<(usize, Facts)> =
        setting.honest().map(|seat| (seat, world.machine.facts(state.referees[seat]))).collect();
    let decided = |wanted: usize| {
        let found = all.iter().find(|(_, facts)| facts.decided == Some(OUTCOMES[wanted]));
        found.map(|(seat, _)| *seat)
    };
    if let (Some(one), Some(other)) = (decided(0), decided(1)) {
        return Err(two_outcomes(one, other));
    }
    let evidence = |seat: usize| setting.evidence(seat) | VOID;
    let seen = all.iter().fold(0, |seen, (seat, facts)| seen | facts.seen & evidence(*seat));
    for outcome in 0..2 {
        if let Some(seat) = decided(outcome).filter(|_| seen & 1 << outcome == 0) {
            return Err(not_seen(seat, outcome));
        }
    }
    match all.iter().find(|(_, facts)| facts.round > setting.most) {
        Some((seat, facts)) => {
            Err(Broken::new(IN_TIME, format!("{seat} is in round {}", facts.round)))
        }
        None => Ok(()),
    }
}

pub(super) fn between(
    world: &Ends,
    from: &ends::State,
    action: Action,
    to: &ends::State,
) -> Result<(), Broken> {
    let event = |seat: usize, event| world.machine.step(from.referees[seat], event);
    let done = match action {
        Action::Hears { seat, from: other } => event(seat, Event::All(from.referees[other])),
        Action::HearsOne { seat, from: other, nth } => {
            event(seat, Event::One(from.referees[other], nth))
        }
        Action::Sees { seat, outcome } => event(seat, Event::Valid(OUTCOMES[outcome])),
        Action::Passes { seat, phase, .. } => event(seat, Event::Pass(PHASES[phase])),
        Action::Lie { seat, word } => event(seat, Event::Word(word)),
        Action::Restart { seat } => {
            if from.referees == to.referees {
                return Ok(());
            }
            return is_not_wrong(Some(Wrong::Writes(seat)));
        }
        Action::Mute { .. } => return Ok(()),
    };
    is_not_wrong(done.wrong)
}
