//! A user's word, on one tally, that another agent speaks for it: its site changed or lost its agent's key
//! (protocol §5, "A lost agent key is replaced, tally by tally, by the user's signature").
//!
//! It is no chit. A half that was restored links nothing before its partner's has answered, and the partner's
//! answers nobody but the agent that it knows; so this proves itself, goes with every note of the half, and is
//! taken in any order. [`crate::ledger::Ledger::agent`] says who speaks.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::ledger::Head;
use crate::record::{Record, record};
use crate::side::Side;
use crate::{
    AgentId, Hash, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, TallyId,
    Timestamp,
};

/// What a user signs where its site has another agent than the one that the signed tally names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Moved {
    /// The tally.
    pub tally: TallyId,
    /// Whose site it is.
    pub by: Side,
    /// The agent that speaks for the user from now on.
    pub agent: AgentId,
    /// Counts the user's words of this kind with one key, on this tally; the highest holds.
    pub counter: NonZeroU32,
    /// When it was signed.
    pub date: Timestamp,
    /// The last chain head that the user rests on: what an earlier agent witnessed counts up to here. None before
    /// there is a chain.
    pub head: Option<Head>,
    /// The name of the key that signs, as in [`crate::chit::Written::key`]: the key in force. What an earlier
    /// one signed gives way.
    pub key: Option<Hash>,
    /// The signature by that key.
    pub sign: Option<Signature>,
}
record!(Moved, "moved", 1);

impl Moved {
    /// Whether this word holds, where `before` was the last one: by another key, which is in force, or with a
    /// higher counter.
    pub(crate) fn overtakes(&self, before: &Self) -> bool {
        self.key != before.key || self.counter > before.counter
    }

    /// The same word, signed.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(self, signer: &dyn Signer) -> Result<Self, SignError> {
        let sign = Some(self.sign_with(signer)?);
        Ok(Self { sign, ..self })
    }
}

impl Signed for Moved {
    /// The key that it names.
    type Keys = PublicKey;

    fn check_signatures(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        self.check_signature(self.by.word(), key, self.sign.as_ref())
    }
}
