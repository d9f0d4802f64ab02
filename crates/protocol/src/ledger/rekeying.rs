//! What a user's device signs about its key, and when its own half takes it.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::chain::{Head, Links};
use super::keyring::{KeyRequest, MAX_OWN_REQUESTS};
use super::refusal::{Refusal, Stop};
use super::{Ledger, Status};
use crate::chit::{Chit, Entry, Lost, Rekey};
use crate::side::Side;
use crate::{Hash, PublicKey};

/// What a device signs to change its user's key, or to ask for one in the place of a lost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rekeying {
    /// The counter of the next key.
    pub counter: NonZeroU32,
    /// The head to name: what both halves are known to have, or what the foil has ordered.
    pub head: Head,
    /// The key that ends; none where it has ended.
    pub key: Option<PublicKey>,
}

impl Ledger {
    /// What the holder's device signs to change its key now, or to ask for another one.
    ///
    /// # Errors
    /// [`Refusal::KeyOnItsWay`] while the partner has not confirmed the last change;
    /// [`Refusal::TooManyKeys`]; [`Stop::Missing`].
    pub fn to_rekey(&self, links: &impl Links) -> Result<Rekeying, Stop> {
        let ring = self.keys.of(self.side);
        let head = self.to_end(links)?;
        if ring.since() > head.index {
            return Err(Refusal::KeyOnItsWay.into());
        }
        let next = ring.next().and_then(NonZeroU32::new);
        let counter = next.filter(|_| !ring.is_full()).ok_or(Refusal::TooManyKeys)?;
        Ok(Rekeying { counter, head, key: ring.now().copied() })
    }

    /// The head that the holder's device names to end its key now: the last that the holder rests
    /// on.
    ///
    /// # Errors
    /// [`Stop::Missing`].
    pub fn to_end(&self, links: &impl Links) -> Result<Head, Stop> {
        // Of what the stock links, the foil has not decided the order yet.
        match self.side {
            Side::Stock => self.head_at(self.agreed.max(self.rested), links),
            Side::Foil => Ok(self.head),
        }
    }

    /// Whether the key that a chit of the holder's is signed with may sign such a chit now.
    pub(super) fn may_sign(&self, chit: &Chit) -> Result<(), Refusal> {
        let name = chit.uuid;
        let key = chit.written().and_then(|written| written.key);
        let ring = self.keys.of(self.side);
        match &chit.entry {
            // It has a certificate, or shows its key, or its request does.
            Entry::Lift { .. } | Entry::Lost { .. } | Entry::Claim { .. } => Ok(()),
            Entry::End { .. } if ring.may_end_since(key).is_some() => Ok(()),
            _ if ring.now().is_none() => Err(Refusal::KeyEnded),
            _ if ring.is_in_force(key) => Ok(()),
            _ if ring.had().any(|had| key == Some(had.name())) || key.is_none() => {
                Err(Refusal::OldKey { chit: name })
            }
            _ => Err(Refusal::KeyNotYet { chit: name }),
        }
    }

    /// Whether the holder may write this chit about keys now.
    pub(super) fn may_write_about_keys(&self, chit: &Chit, links: &impl Links) -> Result<(), Stop> {
        if !chit.entry.is_about_keys() {
            return Ok(());
        }
        if self.status() == Status::Closed {
            return Err(Refusal::Closed { chit: chit.uuid }.into());
        }
        if self.keys.of(self.side).is_full() {
            return Err(Refusal::TooManyKeys.into());
        }
        // What a device still has to bring may be by the key that would end.
        let ends = matches!(chit.entry, Entry::Key { .. } | Entry::Claim { .. });
        if ends && self.waiting().device {
            return Err(Refusal::DeviceUnheard { chit: chit.uuid }.into());
        }
        match &chit.entry {
            Entry::Key { rekey, .. } => self.may_rekey(rekey, links),
            Entry::End { head, .. } => self.may_end(chit, *head, links),
            Entry::Lost { lost, .. } => self.may_ask(lost, links),
            Entry::Consent { request, .. } => self.may_consent(request, links),
            Entry::Object { request, .. } => {
                Ok(self.open_request(self.side, request).map(|_| ())?)
            }
            // What came by the old key while it was waited would be void.
            Entry::Claim { request, .. } => {
                self.nothing_after(self.may_claim(request)?.until, self.side, links)
            }
            Entry::Tran { .. } | Entry::Set { .. } | Entry::Lift { .. } => Ok(()),
        }
    }

    fn may_rekey(&self, rekey: &Rekey, links: &impl Links) -> Result<(), Stop> {
        let Rekeying { counter, head, .. } = self.to_rekey(links)?;
        self.follows(counter, rekey.counter, head, rekey.head, &rekey.public)
    }

    fn may_ask(&self, lost: &Lost, links: &impl Links) -> Result<(), Stop> {
        let Rekeying { counter, head, .. } = self.to_rekey(links)?;
        if self.keys.of(self.side).requests.len() >= MAX_OWN_REQUESTS {
            return Err(Refusal::TooManyRequests.into());
        }
        self.follows(counter, lost.counter, head, lost.head, &lost.public)
    }

    fn follows(
        &self,
        next: NonZeroU32,
        counter: NonZeroU32,
        rests: Head,
        head: Head,
        new: &PublicKey,
    ) -> Result<(), Stop> {
        if counter != next {
            return Err(Refusal::StaleKey { next: next.get() }.into());
        }
        if head != rests {
            return Err(Refusal::OtherHead { index: rests.index }.into());
        }
        if self.is_free(new) { Ok(()) } else { Err(Refusal::KeyUsed.into()) }
    }

    fn may_end(&self, chit: &Chit, head: Head, links: &impl Links) -> Result<(), Stop> {
        let rests = self.to_end(links)?;
        let key = chit.written().and_then(|written| written.key);
        if self.keys.of(self.side).may_end_since(key).is_some_and(|since| since > rests.index) {
            return Err(Refusal::KeyOnItsWay.into());
        }
        if head == rests { Ok(()) } else { Err(Refusal::OtherHead { index: rests.index }.into()) }
    }

    /// Whether the holder may consent: what it has by the old key and the request does not accept
    /// would be void one day.
    fn may_consent(&self, request: &Hash, links: &impl Links) -> Result<(), Stop> {
        let partner = self.side.other();
        let request = self.open_request(partner, request)?;
        if request.consent.is_some() {
            return Err(Refusal::Consented.into());
        }
        self.nothing_after(request.until, partner, links)
    }

    /// Refuses what would make void a chit of a side that counts and moves value, or its settings.
    fn nothing_after(&self, until: u64, by: Side, links: &impl Links) -> Result<(), Stop> {
        for index in until + 1..=self.head.index {
            let missing = super::Missing::Links { first: index, last: self.head.index };
            let link = links.link(index).map_err(|_| missing)?;
            let moves = matches!(link.chit.entry, Entry::Tran { .. } | Entry::Set { .. });
            if moves && link.chit.by == by && self.counts(&link) {
                return Err(Refusal::Later { chit: link.chit.uuid }.into());
            }
        }
        Ok(())
    }

    /// The request that the holder's claim would take now, where the partner has consented: whether
    /// the time has passed, its site knows.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`], [`Refusal::NotConsented`].
    pub fn may_claim(&self, request: &Hash) -> Result<&KeyRequest, Refusal> {
        let request = self.open_request(self.side, request)?;
        if request.consent.is_none() {
            return Err(Refusal::NotConsented);
        }
        if !self.is_free(&request.public) {
            return Err(Refusal::KeyUsed);
        }
        Ok(request)
    }

    /// An open request of a side.
    fn open_request(&self, side: Side, request: &Hash) -> Result<&KeyRequest, Refusal> {
        self.requests(side)
            .find(|open| open.chit == *request)
            .ok_or(Refusal::NoRequest { request: *request })
    }
}
