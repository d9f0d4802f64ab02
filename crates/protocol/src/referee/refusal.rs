//! Why a referee refuses what is brought or told: nothing changed, and the reason says what does not fit.

use thiserror::Error;

use crate::json::JsonError;
use crate::lift::LiftFault;
use crate::{LiftId, SignatureFault, agreement};

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The lift breaks its rules, or what was brought proves nothing about it.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// It has no participants: nobody would have to promise it.
    #[error(
        "lift {0} has no participants, so nobody would have to promise it: no referee decides it"
    )]
    NobodyPromises(LiftId),
    /// It is about another lift.
    #[error("it is about lift {named}, not about {lift}")]
    OtherLift {
        /// The lift that it names.
        named: LiftId,
        /// The lift at hand.
        lift: LiftId,
    },
    /// A signature does not fit.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// Against the rules of the referees' agreement.
    #[error(transparent)]
    Agreement(#[from] agreement::Refusal),
    /// Two statements that an honest referee may well both make.
    #[error("the two statements do not contradict each other")]
    NoLie,
    /// A record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}
