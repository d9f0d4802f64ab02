//! That a payment ends where it is meant to: before the payer's site promises anything, the payee's says by which keys it
//! takes part in the lift.
//!
//! Without that, sites on the way could lay out a lift that ends with themselves: nobody else sees all of it, and it would
//! be decided to be valid like any other.

use serde::{Deserialize, Serialize};

use crate::bounded::List;
use crate::lift::{Lift, MAX_PARTICIPANTS};
use crate::record::{Record, record};
use crate::{AgentId, Hash, PublicKey, SignError, Signature, SignatureFault, Signed, Signer};

/// From the payer's site to the payee's: a lift of this nonce is laid out for this payment. By which keys do you take part,
/// where it ends?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Expect {
    /// The nonce of the lift.
    pub nonce: Hash,
    /// The hash of what the payer signed.
    pub payment: Hash,
}
record!(Expect, "expect", 1, outside: []);

/// The answer, signed by the payee's agent: in a lift of this nonce for this payment these keys are mine, where it ends.
/// None of them promises unless what the payer signed arrives, exactly, by all of mine together.
///
/// With the certificate of a lift that has one of these keys it proves that the payee's site had its say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Expected {
    /// The nonce of the lift.
    pub nonce: Hash,
    /// The hash of what the payer signed.
    pub payment: Hash,
    /// The keys, in order; none where nothing of it was laid out there.
    pub keys: List<PublicKey, MAX_PARTICIPANTS>,
    /// The signature of the payee's agent.
    pub sign: Option<Signature>,
}
record!(Expected, "expected", 1);

impl Expected {
    /// This, signed by the payee's agent.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(mut self, agent: &dyn Signer) -> Result<Self, SignError> {
        self.sign = Some(self.sign_with(agent)?);
        Ok(self)
    }

    /// Whether a lift cannot become valid without the payee's site, by its word here: it is that lift's nonce and payment,
    /// and one of the keys takes part.
    #[must_use]
    pub fn takes_part(&self, lift: &Lift) -> bool {
        let is_in = |key: &PublicKey| lift.participants.contains(key);
        self.nonce == lift.nonce
            && lift.payment == Some(self.payment)
            && self.keys.iter().any(is_in)
    }

    /// Whether the payee's agent has said so: the payer's site promises no other lift.
    #[must_use]
    pub fn proves_part(&self, lift: &Lift, payee: &AgentId) -> bool {
        self.takes_part(lift) && self.check_signatures(payee).is_ok()
    }
}

impl Signed for Expected {
    /// The payee's agent.
    type Keys = AgentId;

    fn check_signatures(&self, agent: &AgentId) -> Result<(), SignatureFault> {
        self.check_signature("the payee's agent", &agent.public_key(), self.sign.as_ref())
    }
}
