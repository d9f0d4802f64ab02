//! The keys that this site takes part in lifts with: made from a secret of its agent's, the lift's nonce and the tally
//! over which the lift comes. So none is ever used twice, nothing has to be kept, and a site that was killed while a lift was
//! laid out can still sign that it takes no part.
//!
//! A site that was restored from a backup has forgotten what it signed, so its keys are others from then on, and so they are
//! after its agent was changed, when it forgets what it laid out: of lifts from before it signs nothing new, and nobody can show
//! that it contradicts itself.

use std::sync::PoisonError;

use protocol::{AgentId, Hash, SecretKey, SignError, Signer, TallyId};
use store::{Tx, View};

use crate::door::Site;
use crate::epoch::restored_at;
use crate::error::SiteError;
use crate::planted::Planted;

/// What the agent signs, once and for nobody's eyes, to have a secret that follows from its key. No record has this
/// kind.
const TEXT: &[u8] = br#"{"kind":"lift-keys","v":1}"#;

/// The setting that says since when keys are made as they are: any value, another one after each restore.
const SINCE: &str = "lift_keys";

/// From now on no key for a lift is one that this store's site had before.
pub(crate) async fn lift_keys_since(tx: &mut Tx, since: Hash) -> Result<(), SiteError> {
    Ok(tx.set(SINCE, Some(&since.to_string())).await?)
}

/// The same where its site is another agent, and nothing that is new by chance is at hand: it may be the one of before again.
pub(crate) async fn lift_keys_of_another(tx: &mut Tx, agent: AgentId) -> Result<(), SiteError> {
    let before = lift_keys(tx).await?.unwrap_or_else(|| Hash::of(TEXT));
    lift_keys_since(tx, Hash::of(format!("{before} {agent}").as_bytes())).await
}

/// Since when the site of this store makes its keys for lifts as it does ([`lift_key`]): another value after each restore, and for
/// each agent; none where there was neither. What a program from before this value restored has the date of that instead.
///
/// # Errors
/// [`SiteError::Store`].
pub async fn lift_keys(view: &mut View) -> Result<Option<Hash>, SiteError> {
    if let Some(since) = view.setting(SINCE).await? {
        // Whatever stands there, it is not what stood there before.
        return Ok(Some(since.parse().unwrap_or_else(|_| Hash::of(since.as_bytes()))));
    }
    Ok(restored_at(view).await?.map(|at| Hash::of(at.to_string().as_bytes())))
}

/// The key that the site of this agent takes part with in a lift of this nonce that comes over this tally, where it makes its
/// keys as it does [since](lift_keys) then; where the lift begins there, for the tally that it leaves over.
///
/// # Errors
/// [`SignError`].
pub fn lift_key(
    agent: &(impl Signer + ?Sized),
    since: Option<Hash>,
    nonce: Hash,
    over: TallyId,
) -> Result<SecretKey, SignError> {
    // Signing is deterministic (RFC 8032), so it is the same secret each time.
    let secret = Hash::of(agent.sign(TEXT)?.as_bytes());
    let over = Hash::of(over.to_string().as_bytes());
    let seed = [Some(secret), since, Some(nonce), Some(over)];
    let seed: Vec<u8> = seed.iter().flatten().flat_map(|hash| *hash.as_bytes()).collect();
    Ok(SecretKey::ed25519(Hash::of(&seed).as_bytes()))
}

impl Site {
    /// The key for a lift that comes over this tally; where it begins here, for the one that it leaves over.
    ///
    /// # Errors
    /// [`SiteError::NoAgentKey`]; [`SiteError::Sign`].
    pub(super) fn lift_key(&self, nonce: Hash, over: TallyId) -> Result<SecretKey, SiteError> {
        let nonce = if self.has(Planted::SameKey) { Hash::of(TEXT) } else { nonce };
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let since = *self.known.lift_keys.read().unwrap_or_else(PoisonError::into_inner);
        Ok(lift_key(signer, since, nonce, over)?)
    }

    /// Makes keys as the store says now: another program at the same one may have restored it.
    pub(super) async fn follows_lift_keys(&self, view: &mut View) -> Result<(), SiteError> {
        self.makes_lift_keys(lift_keys(view).await?);
        Ok(())
    }

    /// Which keys for lifts are made now.
    pub(crate) fn makes_lift_keys(&self, since: Option<Hash>) {
        *self.known.lift_keys.write().unwrap_or_else(PoisonError::into_inner) = since;
    }
}
