//! Proof that a referee lies: two statements that an honest one does not both make, each with its signature. Anybody
//! can check it, with nothing else at hand.

use serde::{Deserialize, Serialize};

use super::statement::signed_as;
use super::{Referee, Refusal};
use crate::agreement::{Equivocation, Statement};
use crate::record::record;
use crate::{AgentId, LiftId, Signature, SignatureFault};

/// Two statements of one referee about one lift that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Lie {
    /// The lift.
    pub lift: LiftId,
    /// Who made them.
    pub referee: AgentId,
    /// The one that was heard first.
    pub first: Stated,
    /// The other one.
    pub second: Stated,
}
record!(Lie, "lie", 1, outside: []);

/// A statement with its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// What is said.
    pub statement: Statement,
    /// The signature of who says it.
    pub sign: Signature,
}

impl Lie {
    /// Whether it is one: both signed by that referee, and never both by an honest one.
    ///
    /// # Errors
    /// [`Refusal::NoLie`], [`Refusal::Signature`].
    pub fn check(&self) -> Result<(), Refusal> {
        if !contradict(self.first.statement, self.second.statement) {
            return Err(Refusal::NoLie);
        }
        let key = self.referee.public_key();
        for Stated { statement, sign } in [self.first, self.second] {
            if !key.verifies(signed_as(self.lift, statement)?.as_bytes(), &sign) {
                return Err(SignatureFault::Wrong { by: "the referee" }.into());
            }
        }
        Ok(())
    }
}

/// Whether an honest referee makes only one of two statements: one proposal and one vote of a kind in a round.
fn contradict(one: Statement, other: Statement) -> bool {
    let same = match (one, other) {
        (Statement::Proposal { round, .. }, Statement::Proposal { round: other, .. }) => {
            round == other
        }
        (Statement::Vote(vote), Statement::Vote(other)) => {
            (vote.ballot, vote.round) == (other.ballot, other.round)
        }
        (Statement::Proposal { .. }, Statement::Vote(_))
        | (Statement::Vote(_), Statement::Proposal { .. }) => false,
    };
    same && one != other
}

impl Referee {
    /// What another referee of this lift said twice, for others to check; none where nobody sits there.
    #[must_use]
    pub fn lie(&self, lie: &Equivocation<Signature>) -> Option<Lie> {
        let stated = |(statement, sign): (Statement, Signature)| Stated { statement, sign };
        let (first, second) = (stated(lie.first), stated(lie.second));
        Some(Lie { lift: self.id(), referee: self.agent(lie.seat)?, first, second })
    }
}
