//! What makes a decision about a lift possible (protocol §7, "Decide"): valid only with every promise, void only
//! with a participant's refusal or the word of more referees than may lie that the deadline has passed.

use super::{Late, Lift, LiftFault, MAX_PARTICIPANTS, MAX_REFEREES, Outcome, Promise, Refused};
use crate::LiftId;
use crate::bounded::List;
use crate::signature::Signed as _;

/// What makes one outcome possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The promise of each participant, in the order of their keys; none in a lift without any, which one site
    /// knows as a whole.
    Promises(List<Promise, MAX_PARTICIPANTS>),
    /// A participant's refusal.
    Refused(Refused),
    /// The word of more referees than may lie that the deadline has passed, by agent id.
    Late(List<Late, MAX_REFEREES>),
}

impl Evidence {
    /// That of a lift without participants, which its site may decide to be valid by itself.
    #[must_use]
    pub fn of_one_site() -> Self {
        Self::Promises(List::default())
    }

    /// What it makes possible.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Promises(_) => Outcome::Commit,
            Self::Refused(_) | Self::Late(_) => Outcome::Void,
        }
    }

    /// Checks it against the lift, whose name is `id`: whole, by those whom the lift names, every signature valid.
    ///
    /// # Errors
    /// [`LiftFault`] names the first thing that does not hold.
    pub fn check(&self, lift: &Lift, id: LiftId) -> Result<(), LiftFault> {
        match self {
            Self::Promises(promises) => all_promised(promises, lift, id),
            Self::Refused(refused) => is_refused(refused, lift, id),
            Self::Late(late) => is_late(late, lift, id),
        }
    }
}

fn named(named: LiftId, lift: LiftId) -> Result<(), LiftFault> {
    if named == lift { Ok(()) } else { Err(LiftFault::OtherLift { named, lift }) }
}

fn all_promised(promises: &[Promise], lift: &Lift, id: LiftId) -> Result<(), LiftFault> {
    let keys = promises.iter().map(|promise| &promise.by);
    if !keys.eq(lift.participants.iter()) {
        let (promises, participants) = (promises.len(), lift.participants.len());
        return Err(LiftFault::Promises { promises, participants });
    }
    for promise in promises {
        named(promise.lift, id)?;
        promise.check_signatures(&())?;
    }
    Ok(())
}

fn is_refused(refused: &Refused, lift: &Lift, id: LiftId) -> Result<(), LiftFault> {
    named(refused.lift, id)?;
    if !lift.participants.contains(&refused.by) {
        return Err(LiftFault::NotParticipant(refused.by.name()));
    }
    Ok(refused.check_signatures(&())?)
}

fn is_late(late: &[Late], lift: &Lift, id: LiftId) -> Result<(), LiftFault> {
    let needed = lift.may_lie() + 1;
    if late.len() < needed {
        return Err(LiftFault::TooFewLate { late: late.len(), needed });
    }
    if !late.is_sorted_by(|a, b| a.referee < b.referee) {
        return Err(LiftFault::Order { member: "words of referees" });
    }
    for word in late {
        named(word.lift, id)?;
        if !lift.referees.contains(&word.referee) {
            return Err(LiftFault::NotReferee(word.referee));
        }
        word.check_signatures(&())?;
    }
    Ok(())
}
