//! Two promises of one lift that an agent's site gave, of which an honest one gives only one.
//!
//! A participant's key is thrown away after the lift; what ties it to an agent is what that agent's site says of a leg that its
//! own user gives ([`Conditional`]). Of a leg that its user takes, an honest site that has lost the lift may name any key, and so
//! it may in what it says anew. So only the giver's first word names whose key it is, and only what is promised under one key counts:
//! a site that was restored from a backup takes part with other keys than before, and has forgotten what it promised with those.

use serde::{Deserialize, Serialize};

use super::ProofFault;
use crate::AgentId;
use crate::lift::{Conditional, Promise};
use crate::record::record;
use crate::signature::Signed as _;

/// Two promises of one participant, judged by different things, with the word that says whose site it is. Always in the same order,
/// so that one lie is one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Twice {
    /// Whose site it is.
    pub agent: AgentId,
    /// What it said of a leg that its user gives; which participant it is in the lift is in it.
    pub conditional: Conditional,
    /// The participant's promise, with the lesser `judged`.
    pub first: Promise,
    /// Its other promise.
    pub second: Promise,
}
record!(Twice, "twice", 1, outside: []);

impl Twice {
    /// The proof that the participant which this site is, as it said itself, promised twice; none where it did not.
    #[must_use]
    pub fn of(agent: &AgentId, said: &Conditional, [one, other]: [&Promise; 2]) -> Option<Self> {
        let [first, second] =
            if one.judged < other.judged { [*one, *other] } else { [*other, *one] };
        let proof = Self { agent: *agent, conditional: *said, first, second };
        proof.check().is_ok().then_some(proof)
    }

    /// Whether it is one: all signed by that agent and under that key, and never all by an honest site.
    ///
    /// # Errors
    /// [`ProofFault::NotGivers`], [`ProofFault::NoLie`], [`ProofFault::Signature`].
    pub fn check(&self) -> Result<(), ProofFault> {
        let Self { conditional: said, first, second, .. } = self;
        if !said.names_own_key() {
            return Err(ProofFault::NotGivers);
        }
        let is_its = |promise: &Promise| (promise.lift, promise.by) == (said.lift, said.key);
        // A participant promises once: by one head and one settings counter of each of its tallies.
        if !is_its(first) || !is_its(second) || first.judged >= second.judged {
            return Err(ProofFault::NoLie);
        }
        first.check_signatures(&())?;
        second.check_signatures(&())?;
        Ok(said.check_signatures(&self.agent)?)
    }
}
