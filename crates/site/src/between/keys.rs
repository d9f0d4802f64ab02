//! The keys that this site takes part in lifts with: made from a secret of its agent's, the lift's nonce and the tally
//! over which the lift comes. So none is ever used twice, nothing has to be kept, and a site that has forgotten all
//! about a lift can still sign that it takes no part.

use protocol::{Hash, SecretKey, SignError, Signer, TallyId};

use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;

/// What the agent signs, once and for nobody's eyes, to have a secret that follows from its key. No record has this
/// kind.
const TEXT: &[u8] = br#"{"kind":"lift-keys","v":1}"#;

/// The key that the site of this agent takes part with in a lift of this nonce that comes over this tally; where the
/// lift begins there, for the tally that it leaves over.
///
/// # Errors
/// [`SignError`].
pub fn lift_key(
    agent: &(impl Signer + ?Sized),
    nonce: Hash,
    over: TallyId,
) -> Result<SecretKey, SignError> {
    // Signing is deterministic (RFC 8032), so it is the same secret each time.
    let secret = Hash::of(agent.sign(TEXT)?.as_bytes());
    let seed = [secret, nonce, Hash::of(over.to_string().as_bytes())].map(|hash| *hash.as_bytes());
    Ok(SecretKey::ed25519(Hash::of(&seed.concat()).as_bytes()))
}

impl Site {
    /// The key for a lift that comes over this tally; where it begins here, for the one that it leaves over.
    ///
    /// # Errors
    /// [`SiteError::NoAgentKey`]; [`SiteError::Sign`].
    pub(super) fn lift_key(&self, nonce: Hash, over: TallyId) -> Result<SecretKey, SiteError> {
        let nonce = if self.has(Planted::SameKey) { Hash::of(TEXT) } else { nonce };
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        Ok(lift_key(signer, nonce, over)?)
    }
}
