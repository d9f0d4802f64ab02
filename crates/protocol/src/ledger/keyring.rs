//! The keys of one side of a tally, as they follow from the chain (`walk.rs`): the one that it signs
//! with, those before, and what was asked for when one was lost.

use serde::{Deserialize, Serialize};

use crate::chit::Wait;
use crate::{Hash, PublicKey, Timestamp};

/// The most chits about keys that a side signs on a tally, void ones included: a user changes its
/// key a few times in its life, and a thief of an old key could name others for ever.
pub const MAX_KEYS: usize = 256;

/// The most requests for a key in the place of a lost one that a half takes for one side, void ones
/// included: anybody who can speak for the side could make more.
pub const MAX_REQUESTS: usize = 64;

/// The most such requests that a user's own half lets it write: halves that did not know of each
/// other's together stay below [`MAX_REQUESTS`].
pub const MAX_OWN_REQUESTS: usize = 16;

/// The keys of one side.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Kept")]
pub(super) struct Keyring {
    /// The one in the signed tally.
    first: PublicKey,
    /// What became of it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<KeyChange>,
    /// Those that void `key` chits name: their chits are proved, and do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    void: Vec<PublicKey>,
    /// What was asked for in the place of a lost key, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) requests: Vec<KeyRequest>,
    /// How many chits about keys the side has signed.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) signed: usize,
}

/// A keyring as it is read. The first programs kept the key in the signed tally and nothing around
/// it; the next ones the changes too, but no count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    first: Option<PublicKey>,
    #[serde(default)]
    changes: Vec<KeyChange>,
    #[serde(default)]
    void: Vec<PublicKey>,
    #[serde(default)]
    requests: Vec<KeyRequest>,
    #[serde(default)]
    signed: usize,
    crv: Option<String>,
    kty: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl TryFrom<Kept> for Keyring {
    type Error = serde_json::Error;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let Kept { first, changes, void, requests, signed, crv, kty, x, y } = kept;
        let members = [("crv", crv), ("kty", kty), ("x", x), ("y", y)];
        let alone: serde_json::Map<_, _> = members
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?.into())))
            .collect();
        let first = match first {
            Some(first) if alone.is_empty() => first,
            Some(_) => return Err(serde::de::Error::custom("a key within and without `first`")),
            None => PublicKey::deserialize(serde_json::Value::Object(alone))?,
        };
        // Each change and each void key is of a chit of its own.
        let signed = signed.max(changes.len() + void.len());
        Ok(Self { first, changes, void, requests, signed })
    }
}

/// A chit that ended the key of a side, and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// How.
    #[serde(default, skip_serializing_if = "How::is_changed")]
    pub how: How,
    /// The new key; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<PublicKey>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Hash>,
    /// Up to this index chits with the key before count.
    pub until: u64,
    /// The index of the chit itself.
    pub at: u64,
    /// Its hash.
    pub chit: Hash,
}

/// How a key ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Its user put another one in its place.
    #[default]
    Changed,
    /// Its user ended it, and has none.
    Ended,
    /// It was lost, or had ended; the partner consented to another one, and nobody objected.
    Claimed,
}

/// A request for another key in the place of a lost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Hash of the chit by which it was made: its name in other chits.
    pub chit: Hash,
    /// When it was made, by its own word.
    pub date: Timestamp,
    /// The key that is asked for.
    pub public: PublicKey,
    /// Up to this index chits with the key before shall count.
    pub until: u64,
    /// How long the user's site waits once the partner has consented.
    #[serde(rename = "wait_days")]
    pub wait: Wait,
    /// Its counter.
    pub(super) counter: u32,
    /// Whether it fitted at its place on the chain.
    pub(super) fits: bool,
    /// The partner's consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consented>,
    /// Whether the partner has consented to another one since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) replaced: bool,
    /// Hash of the chit by which its user, who has the old key still, objected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<Hash>,
}

/// A partner's consent to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consented {
    /// Hash of the chit.
    pub chit: Hash,
    /// Its index.
    pub at: u64,
    /// When it was given, by its own word.
    pub date: Timestamp,
}

impl How {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    const fn is_changed(&self) -> bool {
        matches!(self, Self::Changed)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Keyring {
    pub(super) const fn of(first: PublicKey) -> Self {
        Self { first, changes: Vec::new(), void: Vec::new(), requests: Vec::new(), signed: 0 }
    }

    /// The highest index or count in it.
    pub(super) fn last_count(&self) -> u64 {
        let changes = self.changes.iter().map(|change| change.at.max(change.until));
        let consented = |request: &KeyRequest| request.consent.map_or(0, |consent| consent.at);
        let requests = self.requests.iter().map(|request| request.until.max(consented(request)));
        let signed = u64::try_from(self.signed).unwrap_or(u64::MAX);
        changes.chain(requests).max().unwrap_or_default().max(signed)
    }

    pub(super) const fn first(&self) -> &PublicKey {
        &self.first
    }

    /// The key that the user signs with now; none where it ended.
    pub(super) fn now(&self) -> Option<&PublicKey> {
        self.changes.last().map_or(Some(&self.first), |change| change.public.as_ref())
    }

    /// Its name; none also where it is the one in the signed tally.
    pub(super) fn name(&self) -> Option<Hash> {
        self.changes.last().and_then(|change| change.name)
    }

    /// Whether a chit that names its key so has the key that is in force.
    pub(super) fn is_in_force(&self, name: Option<Hash>) -> bool {
        self.now().is_some() && name == self.name()
    }

    /// The counter of what becomes of the key next.
    pub(super) fn next(&self) -> Option<u32> {
        u32::try_from(self.changes.len()).ok().and_then(|n| n.checked_add(1))
    }

    /// Since which index the key in force is, or there is none.
    pub(super) fn since(&self) -> u64 {
        self.changes.last().map_or(0, |change| change.at)
    }

    /// Since which index a key was in force that may end the one that is in force: itself, or one
    /// that it came from by its users' own changes.
    pub(super) fn may_end_since(&self, name: Option<Hash>) -> Option<u64> {
        self.now()?;
        for change in self.changes.iter().rev() {
            if name.is_some() && change.name == name {
                return Some(change.at);
            }
            if change.how == How::Claimed {
                return None;
            }
        }
        name.is_none().then_some(0)
    }

    /// The key that chits call so.
    pub(super) fn named(&self, name: Option<Hash>) -> Option<PublicKey> {
        let Some(name) = name else { return Some(self.first) };
        let change = self.changes.iter().find(|change| change.name == Some(name));
        let asked = self.requests.iter().map(|request| request.public);
        change
            .and_then(|change| change.public)
            .or_else(|| self.void.iter().copied().chain(asked).find(|key| key.name() == name))
    }

    /// Every key that the side signed with, oldest first.
    pub(super) fn had(&self) -> impl DoubleEndedIterator<Item = &PublicKey> {
        [&self.first].into_iter().chain(self.changes.iter().filter_map(|c| c.public.as_ref()))
    }

    /// Whether a key is somebody's already; one that was asked for is nobody's yet.
    pub(super) fn is_known(&self, key: &PublicKey) -> bool {
        self.had().chain(&self.void).any(|known| known == key)
    }

    /// Remembers the key that a void `key` chit names.
    pub(super) fn remember(&mut self, key: PublicKey) {
        if !self.is_known(&key) {
            self.void.push(key);
        }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.signed >= MAX_KEYS
    }

    /// Whether a chit at `index`, signed with the key of this name, counts.
    pub(super) fn counts(&self, name: Option<Hash>, index: u64) -> bool {
        // What was in force before each change; nothing where the one before was an end.
        let first = [Some(None)].into_iter();
        let before = first.chain(self.changes.iter().map(|c| c.public.and(Some(c.name))));
        self.is_in_force(name)
            || before.zip(&self.changes).any(|(key, c)| key == Some(name) && index <= c.until)
    }

    /// Whether a request may still be consented to, objected to or claimed.
    pub(super) fn is_open(&self, request: &KeyRequest) -> bool {
        let over = request.replaced || request.objection.is_some();
        request.fits && !over && self.next() == Some(request.counter)
    }

    /// Whether a claim of it counts. That the partner had not consented to another one by then, the
    /// user's site attests: the halves may hear of the two in either order.
    pub(super) fn may_be_claimed(&self, request: &KeyRequest) -> bool {
        let consented = request.consent.is_some() && request.objection.is_none();
        request.fits && consented && self.next() == Some(request.counter)
    }

    pub(super) fn request(&self, chit: &Hash) -> Option<&KeyRequest> {
        self.requests.iter().find(|request| request.chit == *chit)
    }

    /// The request that the partner has consented to, while it is open.
    pub(super) fn pending(&self) -> Option<&KeyRequest> {
        self.requests.iter().find(|request| request.consent.is_some() && self.is_open(request))
    }
}
