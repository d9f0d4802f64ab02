//! How keys follow from a chain: what each chit about keys does at its place. Both halves walk along
//! one chain, so they have the same keys, and know the same chits for void.

use super::Ledger;
use super::chain::{Head, Link};
use super::keyring::{Consented, How, KeyChange, KeyRequest, Keyring};
use crate::chit::{Entry, Lost, Rekey};
use crate::side::Side;
use crate::{Hash, PublicKey};

impl Ledger {
    /// Follows the keys along the chain.
    pub(super) fn take_keys(&mut self, chain: &[Link]) {
        for side in Side::BOTH {
            *self.keys.of_mut(side) = Keyring::of(*self.keys.of(side).first());
        }
        let genesis = self.genesis_head();
        for link in chain {
            if !link.chit.entry.is_about_keys() {
                continue;
            }
            self.last_key = link.head.index;
            let stands = |head: Head| {
                let place = usize::try_from(head.index).ok().and_then(|i| i.checked_sub(1));
                let there = match place {
                    None => Some(genesis),
                    Some(place) => chain.get(place).map(|link| link.head),
                };
                head.index < link.head.index && there == Some(head)
            };
            let witnessed = || self.is_witnessed(link, chain);
            if matches!(link.chit.entry, Entry::Claim { .. }) && !witnessed() {
                self.keys.of_mut(link.chit.by).signed += 1;
                continue;
            }
            self.take_key(link, stands);
        }
    }

    /// Whether the agent that spoke for the claim's user at its place is the one that witnessed it: the one that
    /// speaks now, or an earlier one where the word that took its place rests on a head that the claim stands below.
    fn is_witnessed(&self, claim: &Link, chain: &[Link]) -> bool {
        let by = claim.chit.by;
        let Some(key) = self.key_for(&claim.chit) else { return false };
        let signed = |agent: crate::AgentId| claim.chit.check_claim(&key, &agent).is_ok();
        let rested = |head: Head| {
            let place = usize::try_from(head.index).ok().and_then(|index| index.checked_sub(1));
            let there = place.and_then(|place| chain.get(place)).map(|link| link.head);
            claim.head.index <= head.index && there == Some(head)
        };
        self.agents_at(by, rested).any(signed)
    }

    /// Takes a chit about keys at its place; `stands` says whether a head is there before it.
    fn take_key(&mut self, link: &Link, stands: impl Fn(Head) -> bool) {
        let by = link.chit.by;
        if !matches!(link.chit.entry, Entry::Lost { .. }) {
            self.keys.of_mut(by).signed += 1;
        }
        match &link.chit.entry {
            Entry::Key { rekey, .. } => {
                let free = self.is_free(&rekey.public);
                let counts = free && stands(rekey.head) && self.may_change(by, rekey, link);
                if counts {
                    self.change(by, How::Changed, Some(rekey.public), rekey.head.index, link);
                } else {
                    self.keys.of_mut(by).remember(rekey.public);
                }
            }
            Entry::End { head, .. } => {
                let since = self.keys.of(by).may_end_since(key_of(link));
                if stands(*head) && since.is_some_and(|since| head.index >= since) {
                    self.change(by, How::Ended, None, head.index, link);
                }
            }
            Entry::Lost { lost, .. } => {
                let fits = self.is_free(&lost.public) && stands(lost.head) && self.fits(by, lost);
                let request = KeyRequest {
                    chit: link.chit_hash,
                    date: link.chit.date,
                    public: lost.public,
                    until: lost.head.index,
                    wait: lost.wait,
                    counter: lost.counter.get(),
                    fits,
                    consent: None,
                    replaced: false,
                    objection: None,
                };
                self.keys.of_mut(by).requests.push(request);
            }
            Entry::Consent { request, .. } => {
                if self.keys.of(by).is_in_force(key_of(link)) {
                    self.consented(by.other(), request, link);
                }
            }
            Entry::Object { request, .. } => {
                let ring = self.keys.of(by);
                let open = ring.request(request).is_some_and(|request| ring.is_open(request));
                if open && ring.is_in_force(key_of(link)) {
                    let mut all = self.keys.of_mut(by).requests.iter_mut();
                    if let Some(found) = all.find(|one| one.chit == *request) {
                        found.objection = Some(link.chit_hash);
                    }
                }
            }
            Entry::Claim { request, .. } => {
                let ring = self.keys.of(by);
                let asked = ring.request(request).filter(|asked| {
                    ring.may_be_claimed(asked) && key_of(link) == Some(asked.public.name())
                });
                if let Some(&KeyRequest { public, until, .. }) = asked
                    && self.is_free(&public)
                {
                    self.change(by, How::Claimed, Some(public), until, link);
                }
            }
            Entry::Tran { .. } | Entry::Set { .. } | Entry::Lift { .. } => {}
        }
    }

    /// Whether nobody had the key.
    pub(super) fn is_free(&self, key: &PublicKey) -> bool {
        Side::BOTH.iter().all(|side| !self.keys.of(*side).is_known(key))
    }

    fn may_change(&self, by: Side, rekey: &Rekey, link: &Link) -> bool {
        let ring = self.keys.of(by);
        ring.is_in_force(key_of(link))
            && ring.next() == Some(rekey.counter.get())
            && rekey.head.index >= ring.since()
    }

    fn fits(&self, by: Side, lost: &Lost) -> bool {
        let ring = self.keys.of(by);
        ring.next() == Some(lost.counter.get()) && lost.head.index >= ring.since()
    }

    /// The partner of `of` consents: to this request, and to none any more to which it had.
    fn consented(&mut self, of: Side, request: &Hash, link: &Link) {
        let ring = self.keys.of_mut(of);
        let open = ring.request(request).is_some_and(|request| ring.is_open(request));
        if !open {
            return;
        }
        let (chit, at, date) = (link.chit_hash, link.head.index, link.chit.date);
        for one in &mut ring.requests {
            if one.chit != *request {
                one.replaced |= one.consent.is_some();
            } else if one.consent.is_none() {
                one.consent = Some(Consented { chit, at, date });
            }
        }
    }

    fn change(&mut self, by: Side, how: How, public: Option<PublicKey>, until: u64, link: &Link) {
        let (name, at) = (public.as_ref().map(PublicKey::name), link.head.index);
        let change = KeyChange { how, public, name, until, at, chit: link.chit_hash };
        self.keys.of_mut(by).changes.push(change);
        // What the key that ends consented to after that is void like all else. What was claimed by
        // then is done.
        let ring = self.keys.of(by.other());
        let late: Vec<Hash> = ring
            .requests
            .iter()
            .filter(|one| ring.may_be_claimed(one))
            .filter(|one| one.consent.is_some_and(|given| given.at > until))
            .map(|one| one.chit)
            .collect();
        for one in &mut self.keys.of_mut(by.other()).requests {
            if late.contains(&one.chit) {
                one.consent = None;
            }
        }
    }
}

/// How a chit names the key that signed it.
fn key_of(link: &Link) -> Option<Hash> {
    link.chit.written().and_then(|written| written.key)
}
