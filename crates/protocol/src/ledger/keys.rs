//! Which keys the users of a tally have signed with, and which of their chits count (protocol §5,
//! "Keys"). That all follows from the chain; how, is in `walk.rs`.

use super::keyring::{KeyChange, KeyRequest};
use super::{Ledger, Link};
use crate::chit::{Chit, Entry};
use crate::side::Side;
use crate::{Hash, PublicKey};

impl Ledger {
    /// The key that the user on a side signs with now; none where it was ended, until the user has
    /// claimed another one.
    #[must_use]
    pub fn key(&self, side: Side) -> Option<&PublicKey> {
        self.keys.of(side).now()
    }

    /// What became of the keys of a side, oldest first.
    #[must_use]
    pub fn key_changes(&self, side: Side) -> &[KeyChange] {
        &self.keys.of(side).changes
    }

    /// How a chit of a side names that key: see [`crate::chit::Written::key`].
    #[must_use]
    pub fn key_name(&self, side: Side) -> Option<Hash> {
        self.keys.of(side).name()
    }

    /// The keys that the user on a side signed with, oldest first, the one that it has now last.
    #[must_use]
    pub fn keys_had(&self, side: Side) -> Vec<PublicKey> {
        self.keys.of(side).had().copied().collect()
    }

    /// Whether anything was ever said about the keys of this tally: then no other revision of it can
    /// come, as its certs would name keys again.
    #[must_use]
    pub fn is_about_keys(&self) -> bool {
        let untouched = |side| {
            let ring = self.keys.of(side);
            ring.signed == 0 && ring.requests.is_empty() && ring.changes.is_empty()
        };
        !Side::BOTH.into_iter().all(untouched)
    }

    /// The requests for a key in the place of a side's lost one that are open, oldest first: nobody
    /// has objected, and nothing has become of the key since.
    pub fn requests(&self, side: Side) -> impl Iterator<Item = &KeyRequest> {
        let ring = self.keys.of(side);
        ring.requests.iter().filter(|request| ring.is_open(request))
    }

    /// The one of these that the partner has consented to: it is claimed when the time has passed,
    /// unless somebody objects. At most one for each side.
    #[must_use]
    pub fn pending(&self, side: Side) -> Option<&KeyRequest> {
        self.keys.of(side).pending()
    }

    /// Whether a chit on this chain counts: it has the key of its user, or an earlier one and its
    /// place is in what the user accepted when it gave that up; a chit about keys, whether it did
    /// something at its place. Others are void: they stay where they are, and do nothing.
    #[must_use]
    pub fn counts(&self, link: &Link) -> bool {
        self.counts_at(&link.chit, link.chit_hash, link.head.index)
    }

    pub(super) fn counts_at(&self, chit: &Chit, hash: Hash, index: u64) -> bool {
        let ring = self.keys.of(chit.by);
        match &chit.entry {
            Entry::Key { .. } | Entry::End { .. } | Entry::Claim { .. } => {
                ring.changes.iter().any(|change| change.chit == hash)
            }
            Entry::Lost { .. } => ring.request(&hash).is_some_and(|request| request.fits),
            Entry::Consent { request, .. } => {
                let request = self.keys.of(chit.by.other()).request(request);
                let consent = request.and_then(|request| request.consent);
                consent.is_some_and(|consent| consent.chit == hash)
            }
            Entry::Object { request, .. } => {
                ring.request(request).is_some_and(|request| request.objection == Some(hash))
            }
            Entry::Tran { written, .. } | Entry::Set { written, .. } => {
                ring.counts(written.key, index)
            }
            Entry::Lift { .. } => true,
        }
    }
}
