//! A user's word, on one tally, that what a lift has set aside there may be used again although nothing is decided
//! (protocol §7, "Resolve": a leg is freed by both users' signatures, told of the risk, never by a site alone).
//!
//! It is no chit, and decides nothing: a certificate that comes later is done all the same, also where the room has been
//! used meanwhile. That is the risk. So both users' words may come in any order, before or after what is decided, and no
//! two halves differ by it. What a half does with it is in [`crate::ledger`].

use serde::{Deserialize, Serialize};

use crate::record::{Record, record};
use crate::side::Side;
use crate::{
    Hash, LiftId, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, TallyId,
    Timestamp,
};

/// What a user signs where a lift that has a leg on its tally is not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Freed {
    /// The tally.
    pub tally: TallyId,
    /// The lift.
    pub lift: LiftId,
    /// Whose word it is.
    pub by: Side,
    /// When it was signed.
    pub date: Timestamp,
    /// The name of the key that signs, as in [`crate::chit::Written::key`]: the key in force.
    pub key: Option<Hash>,
    /// The signature by that key.
    pub sign: Option<Signature>,
}
record!(Freed, "freed", 1);

impl Freed {
    /// The same word, signed.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(self, signer: &dyn Signer) -> Result<Self, SignError> {
        let sign = Some(self.sign_with(signer)?);
        Ok(Self { sign, ..self })
    }
}

impl Signed for Freed {
    /// The key that it names.
    type Keys = PublicKey;

    fn check_signatures(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        self.check_signature(self.by.word(), key, self.sign.as_ref())
    }
}
