//! Which keys the users of a tally have signed with, and which of their chits count (protocol §5,
//! "Keys"). That all follows from the chain; how, is in `recount.rs`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::chain::{Good, Head, Link, Links};
use super::message::Message;
use super::refusal::{Refusal, Stop};
use super::{Ledger, Status};
use crate::chit::{Chit, Entry, Rekey};
use crate::invoice::Invoice;
use crate::side::{Side, Sides};
use crate::{Hash, PublicKey, SignatureFault, Verified};

/// The most keys that a ledger remembers for one side, those of void `key` chits included: a user
/// changes its key a few times in its life, and a thief of an old key could name others for ever.
pub const MAX_KEYS: usize = 256;

/// The keys of one side.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keyring {
    /// The one in the signed tally.
    first: PublicKey,
    /// Those that came in its place, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<KeyChange>,
    /// Those that void `key` chits name: their chits are proved, and do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    void: Vec<PublicKey>,
}

/// A `key` chit that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// The new key.
    pub public: PublicKey,
    /// Its name.
    pub name: Hash,
    /// Up to this index chits with the key before count.
    pub until: u64,
    /// The index of the `key` chit itself.
    pub at: u64,
    /// Its hash.
    pub chit: Hash,
}

impl Keyring {
    pub(super) const fn of(first: PublicKey) -> Self {
        Self { first, changes: Vec::new(), void: Vec::new() }
    }

    pub(super) const fn first(&self) -> &PublicKey {
        &self.first
    }

    /// The key that the user signs with now.
    pub(super) fn now(&self) -> &PublicKey {
        self.changes.last().map_or(&self.first, |change| &change.public)
    }

    /// Its name in chits.
    pub(super) fn name(&self) -> Option<Hash> {
        self.changes.last().map(|change| change.name)
    }

    /// The key that chits call so.
    fn named(&self, name: Option<Hash>) -> Option<&PublicKey> {
        let Some(name) = name else { return Some(&self.first) };
        let change = self.changes.iter().find(|change| change.name == name);
        change.map(|change| &change.public).or_else(|| self.void.iter().find(|k| k.name() == name))
    }

    pub(super) fn is_known(&self, key: &PublicKey) -> bool {
        let changes = self.changes.iter().map(|change| &change.public);
        changes.chain([&self.first]).chain(&self.void).any(|known| known == key)
    }

    pub(super) fn is_full(&self) -> bool {
        self.changes.len() + self.void.len() >= MAX_KEYS
    }

    /// Whether a chit at `index`, signed with the key of this name, counts.
    fn counts(&self, name: Option<Hash>, index: u64) -> bool {
        let before = [None].into_iter().chain(self.changes.iter().map(|c| Some(c.name)));
        name == self.name()
            || before.zip(&self.changes).any(|(key, c)| key == name && index <= c.until)
    }

    /// Takes a `key` chit at its place on the chain. `stands` says whether the head that it names is
    /// there before it, `free` whether nobody had the key before.
    pub(super) fn take(&mut self, rekey: &Rekey, link: &Link, stands: bool, free: bool) {
        let next = u32::try_from(self.changes.len()).ok().and_then(|n| n.checked_add(1));
        let since = self.changes.last().map_or(0, |change| change.at);
        let key = link.chit.written().and_then(|written| written.key);
        let counts = key == self.name()
            && Some(rekey.counter.get()) == next
            && stands
            && rekey.head.index >= since
            && free;
        if counts {
            let Rekey { public, head, .. } = *rekey;
            let (name, until, at) = (public.name(), head.index, link.head.index);
            self.changes.push(KeyChange { public, name, until, at, chit: link.chit_hash });
        } else if !self.is_known(&rekey.public) {
            self.void.push(rekey.public);
        }
    }
}

/// What a device signs to change its user's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rekeying {
    /// The counter of the next key.
    pub counter: NonZeroU32,
    /// The head to name: what both halves are known to have, or what the foil has ordered.
    pub head: Head,
    /// The key that ends.
    pub key: PublicKey,
}

impl Ledger {
    /// The key that the user on a side signs with now.
    #[must_use]
    pub fn key(&self, side: Side) -> &PublicKey {
        self.keys.of(side).now()
    }

    /// The changes of key of a side, oldest first.
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
        let ring = self.keys.of(side);
        let later = ring.changes.iter().map(|change| change.public);
        [*ring.first()].into_iter().chain(later).collect()
    }

    /// The key that a chit names as its user's; none where its user never had such a key here.
    #[must_use]
    pub fn key_for(&self, chit: &Chit) -> Option<&PublicKey> {
        self.keys.of(chit.by).named(chit.written().and_then(|written| written.key))
    }

    /// Whether a chit on this chain counts: it has the key of its user, or an earlier one and its
    /// place is in what the user accepted when it gave that up. Others are void: they stay where
    /// they are, and do nothing.
    #[must_use]
    pub fn counts(&self, link: &Link) -> bool {
        self.counts_at(&link.chit, link.chit_hash, link.head.index)
    }

    pub(super) fn counts_at(&self, chit: &Chit, hash: Hash, index: u64) -> bool {
        let ring = self.keys.of(chit.by);
        match (&chit.entry, chit.written()) {
            (Entry::Key { .. }, _) => ring.changes.iter().any(|change| change.chit == hash),
            (_, Some(written)) => ring.counts(written.key, index),
            (_, None) => true,
        }
    }

    /// Checks the signature of a chit, by whichever key its user had here that it names.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn prove(&self, chit: Chit) -> Result<Good, SignatureFault> {
        Proving::by(self).prove(chit)
    }

    /// Checks the signatures of the chits that a device brings back, changes of key first.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that no key fits.
    pub fn prove_all(&self, mut chits: Vec<Chit>) -> Result<Vec<Good>, SignatureFault> {
        chits.sort_by_key(|chit| match &chit.entry {
            Entry::Key { rekey, .. } => rekey.counter.get(),
            _ => u32::MAX,
        });
        let mut proving = Proving::by(self);
        chits.into_iter().map(|chit| proving.prove(chit)).collect()
    }

    /// Checks the signatures of chits in the order that they are told in, also by keys that come
    /// with them; gives one for each.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that no key fits.
    pub fn prove_in_order(&self, chits: Vec<Chit>) -> Result<Vec<Good>, SignatureFault> {
        let mut proving = Proving::by(self);
        chits.into_iter().map(|chit| proving.prove(chit)).collect()
    }

    /// Checks the signatures of the chits in a message, also by keys that come with it.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that no key fits. Where a half went back to before a change
    /// of key that is no lie: [`super::Input::Compare`] brings what is missing.
    pub fn prove_message(&self, message: Message) -> Result<Message<Good>, SignatureFault> {
        let mut proving = Proving::by(self);
        message.try_map(|chit| proving.prove(chit))
    }

    /// Checks the signature of an invoice, by any key that its payee ever had here: it binds nobody,
    /// and what it asks for goes to the payee, whoever asks.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn prove_invoice(&self, invoice: &Invoice) -> Result<Verified<Invoice>, SignatureFault> {
        let ring = self.keys.of(invoice.payee());
        let former = ring.changes.iter().rev().map(|change| change.public).chain([ring.first]);
        let mut fault = SignatureFault::Wrong { by: invoice.payee().word() };
        for key in former {
            match Verified::check(invoice.clone(), &Sides { stock: key, foil: key }) {
                Ok(invoice) => return Ok(invoice),
                Err(found) => fault = found,
            }
        }
        Err(fault)
    }

    /// What the holder's device signs to change its key now.
    ///
    /// # Errors
    /// [`Refusal::KeyOnItsWay`] while the partner has not confirmed the last change;
    /// [`Refusal::TooManyKeys`]; [`Stop::Missing`].
    pub fn to_rekey(&self, links: &impl Links) -> Result<Rekeying, Stop> {
        let ring = self.keys.of(self.side);
        // Of what the stock links, the foil has not decided the order yet.
        let head = match self.side {
            Side::Stock => self.head_at(self.agreed, links)?,
            Side::Foil => self.head,
        };
        if ring.changes.last().is_some_and(|change| change.at > head.index) {
            return Err(Refusal::KeyOnItsWay.into());
        }
        let next = u32::try_from(ring.changes.len() + 1).ok().and_then(NonZeroU32::new);
        let counter = next.filter(|_| !ring.is_full()).ok_or(Refusal::TooManyKeys)?;
        Ok(Rekeying { counter, head, key: *ring.now() })
    }

    /// Whether the holder may write this `key` chit now.
    pub(super) fn may_rekey(
        &self,
        chit: &Chit,
        rekey: &Rekey,
        links: &impl Links,
    ) -> Result<(), Stop> {
        let name = chit.uuid;
        if self.status() == Status::Closed {
            return Err(Refusal::Closed { chit: name }.into());
        }
        let Rekeying { counter, head, .. } = self.to_rekey(links)?;
        if rekey.counter != counter {
            return Err(Refusal::StaleKey { next: counter.get() }.into());
        }
        if rekey.head != head {
            return Err(Refusal::OtherHead { index: head.index }.into());
        }
        if Side::BOTH.iter().any(|side| self.keys.of(*side).is_known(&rekey.public)) {
            return Err(Refusal::KeyUsed.into());
        }
        Ok(())
    }
}

/// Keys that signatures are checked with, one chit after another.
struct Proving<'a> {
    ledger: &'a Ledger,
    new: Vec<(Side, PublicKey)>,
}

impl<'a> Proving<'a> {
    const fn by(ledger: &'a Ledger) -> Self {
        Self { ledger, new: Vec::new() }
    }

    fn prove(&mut self, chit: Chit) -> Result<Good, SignatureFault> {
        let by = chit.by;
        let name = chit.written().and_then(|written| written.key);
        let new = self.new.iter().find(|(side, key)| *side == by && Some(key.name()) == name);
        let key = self.ledger.keys.of(by).named(name).or(new.map(|(_, key)| key));
        let good = Good::prove(chit, key.ok_or(SignatureFault::Wrong { by: by.word() })?)?;
        if let Entry::Key { rekey, .. } = &good.chit().entry {
            self.new.push((by, rekey.public));
        }
        Ok(good)
    }
}
