//! What must hold between two halves, read from outside: an auditor that knows who signed what, and none of the
//! machine's rules.

use protocol::negotiation::Status;

use super::machine::{Act, Facts};
use super::setting::Ends;
use super::words::NAMES;
use super::world::{Action, State, World};
use crate::model::Broken;

/// No half rests on a signature that its user did not make.
pub(super) const BOTH_SIGNED: &str = "nothing holds that was not signed";
/// Two halves that are open and have nothing more to say are open on one record.
pub(super) const ONE_RECORD: &str = "one record";
/// What both signed stays, until a higher revision takes its place.
pub(super) const SIGNED_STAYS: &str = "what is signed stays";
/// Of what a half says that it will not accept it any more it has not accepted, and does not.
pub(super) const GIVEN_BACK: &str = "what is given back is not accepted";
/// Where a negotiation ended, only an offer or an agreement begins it again.
pub(super) const VOID_STAYS: &str = "void stays void";
/// A closed half keeps what both signed and what was on its table.
pub(super) const CLOSED_STAYS: &str = "closed stays closed";
/// What an honest half says is never refused.
pub(super) const NOT_REFUSED: &str = "honest messages are taken";

fn facts(world: &World, state: &State) -> [Facts; 2] {
    state.halves.map(|half| world.machine.facts(half))
}

pub(super) fn always(world: &World, state: &State) -> Result<(), Broken> {
    if state.refused {
        return Err(Broken::new(NOT_REFUSED, "a half refuses what an honest half said"));
    }
    given_back(state)?;
    let both = facts(world, state);
    for (at, facts) in both.iter().enumerate() {
        both_signed(state, at, facts)?;
    }
    let governs = both.map(|facts| facts.governs);
    if state.closed != [false; 2] {
        return Ok(());
    }
    if both.iter().all(is_open) && governs[0] != governs[1] && at_rest(world, state) {
        let why = format!("open on {:?} and on {:?}", governs[0], governs[1]);
        return Err(Broken::new(ONE_RECORD, why));
    }
    Ok(())
}

fn given_back(state: &State) -> Result<(), Broken> {
    // A half that was lost has forgotten what it said.
    let honest = (0..2).filter(|&at| !state.lost[at]);
    match honest.into_iter().find(|&at| state.ended[at] & state.signed[at] != 0) {
        Some(at) => {
            let why = format!("{} says that it is ended, and has accepted it", NAMES[at]);
            Err(Broken::new(GIVEN_BACK, why))
        }
        None => Ok(()),
    }
}

fn both_signed(state: &State, at: usize, facts: &Facts) -> Result<(), Broken> {
    let broken = |why: String| Err(Broken::new(BOTH_SIGNED, why));
    if !facts.sound {
        return broken(format!("a signature at {}'s half is wrong", NAMES[at]));
    }
    if is_open(facts) != facts.governs.is_some() {
        return broken(format!("{} is {} without a record", NAMES[at], facts.status));
    }
    let has_signed = |by: usize, text: u8| state.signed[by] & 1 << text != 0;
    for (by, name) in NAMES.into_iter().enumerate() {
        if facts.governs.is_some_and(|(_, text)| !has_signed(by, text)) {
            return broken(format!("{} is open on what {name} never signed", NAMES[at]));
        }
    }
    match facts.offer {
        Some((text, by)) if !has_signed(by, text) => {
            broken(format!("{} has an offer that {} never signed", NAMES[at], NAMES[by]))
        }
        _ => Ok(()),
    }
}

const fn is_open(facts: &Facts) -> bool {
    matches!(facts.status, Status::Open | Status::OfferOpen)
}

/// Whether nothing is on its way, and nobody has anything to say again.
fn at_rest(world: &World, state: &State) -> bool {
    let silent = |at: usize| {
        world.machine.act(state.halves[at], Act::Remind, World::given(state, at)).is_none()
    };
    state.net.iter().all(crate::queue::Queue::is_empty) && silent(0) && silent(1)
}

pub(super) fn between(
    world: &World,
    from: &State,
    action: Action,
    to: &State,
) -> Result<(), Broken> {
    if matches!(action, Action::Restore { .. }) {
        return Ok(());
    }
    let (before, after) = (facts(world, from), facts(world, to));
    for (at, (before, after)) in before.iter().zip(&after).enumerate() {
        let revision = |facts: &Facts| facts.governs.map(|(revision, _)| revision);
        let changed = before.governs != after.governs;
        if changed && revision(after) <= revision(before) {
            let why =
                format!("{} had {:?}, and has {:?}", NAMES[at], before.governs, after.governs);
            return Err(Broken::new(SIGNED_STAYS, why));
        }
        let changed = before.governs != after.governs || before.offer != after.offer;
        if from.closed[at] && changed {
            let why = format!("{} was closed, and has {:?}", NAMES[at], after.offer);
            return Err(Broken::new(CLOSED_STAYS, why));
        }
        let over = before.status == Status::Void && after.status != Status::Void;
        if over && after.offer.is_none() && after.governs.is_none() {
            let why = format!("{} was void, and is {}", NAMES[at], after.status);
            return Err(Broken::new(VOID_STAYS, why));
        }
    }
    Ok(())
}

/// Whether both halves say the same, and nothing is on its way; a half that asks for all goes on asking.
pub(super) fn done(world: &World, state: &State) -> bool {
    let quiet = state.lost != [false; 2] || at_rest(world, state);
    let [suzie, bob] = facts(world, state);
    let same = suzie.governs == bob.governs;
    match world.setting.ends {
        Ends::Open => quiet && same && suzie.governs.is_some(),
        Ends::Anywhere => true,
        Ends::Agreed => quiet && same && one_table(&suzie, &bob),
    }
}

/// Whether there is one offer on both tables, seen from both sides, or nothing on either.
fn one_table(one: &Facts, other: &Facts) -> bool {
    let table = |facts: &Facts| if is_open(facts) { facts.amendment } else { Some(facts.status) };
    let nothing =
        |status| matches!(status, None | Some(Status::Draft | Status::PartnerDraft | Status::Void));
    match (table(one), table(other)) {
        (Some(Status::HolderOffer), Some(Status::PartnerOffer))
        | (Some(Status::PartnerOffer), Some(Status::HolderOffer)) => one.offer == other.offer,
        (one, other) => nothing(one) && nothing(other),
    }
}
