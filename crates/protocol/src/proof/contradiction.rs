//! Two certificates of one lift that cannot both be.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ProofFault;
use crate::AgentId;
use crate::lift::{Certificate, Decided, Lift, Outcome};
use crate::record::record;

/// A lift that its referees decided to be valid and to be void, each as good as the other. As long as no more of them lie
/// than may, there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Contradiction {
    /// The lift.
    pub lift: Lift,
    /// That it is valid.
    pub commit: Certificate,
    /// That it is void.
    pub void: Certificate,
}
record!(Contradiction, "contradiction", 1, outside: []);

impl Contradiction {
    /// The proof that two decisions about a lift are; none where they are one.
    #[must_use]
    pub fn of(lift: &Lift, one: &Decided, other: &Decided) -> Option<Self> {
        let (one, other) = (one.certificate().clone(), other.certificate().clone());
        let (commit, void) = match (one.outcome, other.outcome) {
            (Outcome::Commit, Outcome::Void) => (one, other),
            (Outcome::Void, Outcome::Commit) => (other, one),
            _ => return None,
        };
        Some(Self { lift: lift.clone(), commit, void })
    }

    /// Whether it is one: both certificates are good for this lift, and they are opposite.
    ///
    /// # Errors
    /// [`ProofFault::Lift`], [`ProofFault::NoLie`].
    pub fn check(&self) -> Result<(), ProofFault> {
        if (self.commit.outcome, self.void.outcome) != (Outcome::Commit, Outcome::Void) {
            return Err(ProofFault::NoLie);
        }
        self.commit.check(&self.lift)?;
        self.void.check(&self.lift)?;
        Ok(())
    }

    /// Who signed both decisions, in order.
    fn both(&self) -> Vec<AgentId> {
        let signed = |agent: &AgentId| self.void.sign.iter().any(|vote| vote.referee == *agent);
        self.commit.sign.iter().map(|vote| vote.referee).filter(signed).collect()
    }

    /// Agents of whom more lie than may: of either decision's signers at least one does, as honest ones alone are too few for
    /// it. Where rounds differ that may be one who signed only one of the two, and those who signed both may be honest.
    #[must_use]
    pub fn suspects(&self) -> Vec<AgentId> {
        if self.commit.round == self.void.round {
            return self.both();
        }
        let signs = self.commit.sign.iter().chain(self.void.sign.iter());
        let all: BTreeSet<AgentId> = signs.map(|vote| vote.referee).collect();
        all.into_iter().collect()
    }

    /// Who certainly lies: an honest referee votes once in a round. In a later round it may vote for the other outcome,
    /// where others told it that so many had.
    #[must_use]
    pub fn liars(&self) -> Vec<AgentId> {
        if self.commit.round == self.void.round { self.both() } else { Vec::new() }
    }
}
