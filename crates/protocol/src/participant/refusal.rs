//! Why something about a lift is refused: nothing changed, and the reason says what does not fit.

use thiserror::Error;

use crate::{LiftId, TallyId};

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is about another lift.
    #[error("it is about lift {named}, not about {lift}")]
    OtherLift {
        /// The lift that it names.
        named: LiftId,
        /// The lift at hand.
        lift: LiftId,
    },
    /// The participant has no leg there.
    #[error("lift {lift} has no leg of this participant on tally {tally}")]
    NoLeg {
        /// The lift.
        lift: LiftId,
        /// The tally.
        tally: TallyId,
    },
    /// The neighbour speaks of another leg than the one that is known here, or for this site's side of it.
    #[error(
        "on tally {tally}, the neighbour speaks of another leg of lift {lift}, of a tally of others, or for the wrong side"
    )]
    OtherLeg {
        /// The lift.
        lift: LiftId,
        /// The tally.
        tally: TallyId,
    },
    /// The neighbour is another participant than it was, or claims to be this one.
    #[error(
        "on tally {tally}, the neighbour is another participant of lift {lift} than it said before, or this one"
    )]
    OtherKey {
        /// The lift.
        lift: LiftId,
        /// The tally.
        tally: TallyId,
    },
    /// Said anew of a lift of which nothing was decided, as far as is known.
    #[error("what is said anew of lift {lift} counts once the lift is decided")]
    Anew {
        /// The lift.
        lift: LiftId,
    },
    /// Signed by another participant's key.
    #[error("it is another participant's word about lift {lift}")]
    NotOurs {
        /// The lift.
        lift: LiftId,
    },
    /// A neighbour who will owe has not said so yet.
    #[error("lift {lift} is not promised before every neighbour who will owe by it has said so")]
    NotSaid {
        /// The lift.
        lift: LiftId,
    },
    /// A participant has refused: it can only be void.
    #[error("a participant refuses lift {lift}: it is not promised any more")]
    WasRefused {
        /// The lift.
        lift: LiftId,
    },
    /// A promise is never taken back.
    #[error("lift {lift} was promised: only its referees end that")]
    HasPromised {
        /// The lift.
        lift: LiftId,
    },
    /// It is over.
    #[error("lift {lift} was decided already: {outcome}")]
    Decided {
        /// The lift.
        lift: LiftId,
        /// How.
        outcome: &'static str,
    },
}
