//! The keys that this site takes part in lifts with: made from a secret of its agent's, the lift's nonce and the tally
//! over which the lift comes. So none is ever used twice, nothing has to be kept, and a site that has forgotten all
//! about a lift can still sign that it takes no part.

use protocol::{Hash, SecretKey, TallyId};

use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;

/// What the agent signs, once and for nobody's eyes, to have a secret that follows from its key. No record has this
/// kind.
const TEXT: &[u8] = br#"{"kind":"lift-keys","v":1}"#;

impl Site {
    /// The key for a lift that comes over this tally; where it begins here, for the one that it leaves over.
    ///
    /// # Errors
    /// [`SiteError::NoAgentKey`]; [`SiteError::Sign`].
    pub(super) fn lift_key(&self, nonce: Hash, over: TallyId) -> Result<SecretKey, SiteError> {
        let secret = self.own_secret(TEXT)?;
        let nonce = if self.has(Planted::SameKey) { secret } else { nonce };
        let seed =
            [secret, nonce, Hash::of(over.to_string().as_bytes())].map(|hash| *hash.as_bytes());
        Ok(SecretKey::ed25519(Hash::of(&seed.concat()).as_bytes()))
    }
}
