//! What a referee signs. A precommit for an outcome is a vote in the lift's certificate, and signed as such; all
//! else is a record of its own.

use serde::{Deserialize, Serialize};

use crate::LiftId;
use crate::agreement::{Ballot, Statement, Vote};
use crate::canonical::CanonicalText;
use crate::json::JsonError;
use crate::lift::{Certificate, Outcome};
use crate::record::{Record, record};

/// What a referee says in its lift's agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Ruling {
    /// The lift.
    pub lift: LiftId,
    /// What is said.
    pub statement: Statement,
}
record!(Ruling, "ruling", 1, outside: []);

/// The text that a referee signs for a statement.
pub(super) fn signed_as(lift: LiftId, statement: Statement) -> Result<CanonicalText, JsonError> {
    match statement {
        Statement::Vote(Vote { ballot: Ballot::Precommit, round, outcome: Some(outcome) }) => {
            decision(lift, outcome, round.get()).canonical()
        }
        Statement::Vote(_) | Statement::Proposal { .. } => Ruling { lift, statement }.canonical(),
    }
}

/// The decision as it is signed: what made it possible is outside.
fn decision(lift: LiftId, outcome: Outcome, round: u32) -> Certificate {
    let (promises, refused, late, sign) = Default::default();
    Certificate { lift, outcome, round, promises, refused, late, sign }
}
