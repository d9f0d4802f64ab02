//! What chits say about their users' keys: another one, none, one that was lost. What follows from
//! them is in `ledger/walk.rs`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Chit, ChitError, Entry};
use crate::ledger::Head;
use crate::record::Record;
use crate::{AgentId, PublicKey, SignError, Signature, SignatureFault, Signer};

/// The fewest days that a user may ask to wait for its new key: a long weekend, so that somebody
/// looks.
pub const MIN_WAIT_DAYS: u16 = 3;

/// The days that a user asks to wait unless it says otherwise: a holiday without its devices.
pub const DEFAULT_WAIT_DAYS: u16 = 14;

/// The most days that a user may ask to wait: a year.
pub const MAX_WAIT_DAYS: u16 = 365;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// The end of a user's key on one tally, and the key that comes in its place (protocol §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rekey {
    /// Counts what became of the user's own keys on this tally; the one in the signed tally is 0.
    pub counter: NonZeroU32,
    /// The last chain head that the user accepts: chits with the old key up to here count, all
    /// others are void.
    pub head: Head,
    /// The new key.
    pub public: PublicKey,
    /// The signature with the new key: whoever names it has it.
    pub proof: Option<Signature>,
}

/// A user has its key no more and asks for another one in its place: the partner has to consent,
/// and the time to pass in which a device that has the old key after all may object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lost {
    /// As in [`Rekey`].
    pub counter: NonZeroU32,
    /// As in [`Rekey`].
    pub head: Head,
    /// The new key, which signs this.
    pub public: PublicKey,
    /// How long the user's site waits once the partner has consented.
    pub wait: Wait,
}

/// How long a new key is waited for: [`MIN_WAIT_DAYS`] to [`MAX_WAIT_DAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Wait(u16);

impl Wait {
    /// In days of 24 hours.
    #[must_use]
    pub const fn days(self) -> u16 {
        self.0
    }

    /// In milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        // At most 365 days.
        self.0 as i64 * DAY_MS
    }
}

impl Default for Wait {
    fn default() -> Self {
        Self(DEFAULT_WAIT_DAYS)
    }
}

impl TryFrom<u16> for Wait {
    type Error = ChitError;

    fn try_from(days: u16) -> Result<Self, ChitError> {
        if (MIN_WAIT_DAYS..=MAX_WAIT_DAYS).contains(&days) {
            Ok(Self(days))
        } else {
            Err(ChitError::Wait(days))
        }
    }
}

impl From<Wait> for u16 {
    fn from(wait: Wait) -> Self {
        wait.0
    }
}

impl Entry {
    /// Whether the chit is about keys: then what counts may change with it.
    #[must_use]
    pub const fn is_about_keys(&self) -> bool {
        match self {
            Self::Tran { .. } | Self::Set { .. } | Self::Lift { .. } => false,
            Self::Key { .. }
            | Self::End { .. }
            | Self::Lost { .. }
            | Self::Consent { .. }
            | Self::Object { .. }
            | Self::Claim { .. } => true,
        }
    }
}

impl Chit {
    /// This chit of type `key` signed with the new key too.
    ///
    /// # Errors
    /// [`SignError`], also where it names no new key, or another than the signer's.
    pub fn proved(mut self, signer: &dyn Signer) -> Result<Self, SignError> {
        let signature = self.sign_with(signer)?;
        match &mut self.entry {
            Entry::Key { rekey, .. } if rekey.public == signer.public_key() => {
                rekey.proof = Some(signature);
                Ok(self)
            }
            _ => Err(SignError::Refused { reason: "the chit names another new key".into() }),
        }
    }

    /// This chit of type `claim` with the word of its user's site that the time has passed.
    ///
    /// # Errors
    /// [`SignError`], also where it is no claim.
    pub fn witnessed(mut self, agent: &dyn Signer) -> Result<Self, SignError> {
        let signature = self.sign_with(agent)?;
        match &mut self.entry {
            Entry::Claim { witness, .. } => {
                *witness = Some(signature);
                Ok(self)
            }
            _ => Err(SignError::Refused { reason: "only a claim is witnessed".into() }),
        }
    }

    /// Checks a chit of type `claim`: by the new key, which its request names, and by the agent of
    /// its user's site.
    ///
    /// # Errors
    /// [`SignatureFault`], also where it is no claim.
    pub fn check_claim(&self, key: &PublicKey, agent: &AgentId) -> Result<(), SignatureFault> {
        const SITE: &str = "the user's site";
        let Entry::Claim { written, witness, .. } = &self.entry else {
            return Err(SignatureFault::Missing { by: SITE });
        };
        self.check_signature(self.by.word(), key, written.sign.as_ref())?;
        self.check_signature(SITE, &agent.public_key(), witness.as_ref())
    }
}
