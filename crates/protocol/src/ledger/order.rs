//! How chits get their places: the foil orders what it learns, the stock conforms.

use std::collections::{BTreeMap, BTreeSet};

use super::Ledger;
use super::chain::{Good, Head, Link, Links, Missing};
use super::keyring::MAX_REQUESTS;
use super::message::Message;
use super::refusal::{Refusal, Stop};
use super::step::{Change, Event, Step};
use crate::chit::{Chit, Entry};
use crate::{ChitId, Hash};

impl Ledger {
    /// The foil links what is new to it, in the order in which it hears of it, and answers with its
    /// order.
    pub(super) fn order(
        &self,
        base: Head,
        chits: Vec<Good>,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        if !self.stands(base, links)? {
            // One of the two went back. What the stock says on a base that is not here waits until
            // it is: linked now, it would take the place of what was there.
            return Ok(self.unchanged(vec![self.question(links)?]));
        }
        let mut step = self.learn(chits, links)?;
        // The stock has this base, and nothing is known of what else it has in our order.
        step.ledger.agreed = self.agreed.max(base.index);
        if base.index < step.ledger.head.index {
            step.say(|ledger, links| Ok(vec![ledger.upd_after(base, links)?]), links)?;
        }
        Ok(step)
    }

    /// Links, at the end, those of the chits that are new here.
    pub(super) fn learn(&self, chits: Vec<Good>, links: &impl Links) -> Result<Step, Stop> {
        let mut tail = Tail::after(self, self.head);
        for good in chits {
            self.belongs(&good)?;
            if !tail.has(&good.hash()) && links.place(&good.hash())?.is_none() {
                tail.add(good, links)?;
            }
        }
        tail.finish(self, self.agreed, links)
    }

    /// The stock takes over the foil's order: what the foil names comes first, then whatever of ours
    /// it has not named yet.
    pub(super) fn conform(
        &self,
        base: Head,
        chits: Vec<Good>,
        head: Head,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        if !self.stands(base, links)? {
            let mut step = self.unchanged(Vec::new());
            step.send.push(Message::Nak { locator: self.locator(links)? });
            return Ok(step);
        }
        self.check_order(base, &chits, head)?;
        let keep = self.first_difference(base, &chits, links)?;
        if keep == head.index && keep <= self.agreed {
            // An old message, or a foil that went back. Told how far its order is known here, it
            // says nothing more, or asks for what it lost.
            let head = self.head_at(self.agreed, links)?;
            return Ok(self.unchanged(vec![Message::Ack { head }]));
        }
        let mut step = if keep == head.index {
            let mut step = self.unchanged(Vec::new());
            step.ledger.agreed = head.index;
            step
        } else {
            self.reorder(keep, base, chits, links)?.finish(self, head.index, links)?
        };
        step.say(
            |ledger, links| {
                let mut send = vec![Message::Ack { head }];
                send.extend(ledger.due(links)?);
                Ok(send)
            },
            links,
        )?;
        Ok(step)
    }

    /// Whether an order names chits of this tally, each once, and leads from `base` to `head`.
    fn check_order(&self, base: Head, chits: &[Good], head: Head) -> Result<(), Refusal> {
        let mut reached = base;
        let mut seen = BTreeSet::new();
        for good in chits {
            self.belongs(good)?;
            if !seen.insert(good.hash()) {
                return Err(Refusal::Twice { chit: good.chit().uuid });
            }
            reached = reached.then(self.tally, good.hash());
        }
        if reached == head { Ok(()) } else { Err(Refusal::WrongHead { base: base.index }) }
    }

    /// Whether a chit is for this tally.
    pub(super) fn belongs(&self, good: &Good) -> Result<(), Refusal> {
        let &Chit { uuid: chit, tally: named, .. } = good.chit();
        let tally = self.tally;
        if named == tally { Ok(()) } else { Err(Refusal::OtherTally { chit, named, tally }) }
    }

    /// The last index up to which our chain is the one that the foil names after `base`.
    fn first_difference(
        &self,
        base: Head,
        named: &[Good],
        links: &impl Links,
    ) -> Result<u64, Missing> {
        let mut keep = base.index;
        for good in named {
            if keep == self.head.index || links.link(keep + 1)?.chit_hash != good.hash() {
                break;
            }
            keep += 1;
        }
        Ok(keep)
    }

    /// The chits linked after `keep`. Where they are not at hand, all that are needed are named at
    /// once, so that whoever fetches them sees first what it will cost.
    pub(super) fn unlinked_after(
        &self,
        keep: u64,
        links: &impl Links,
    ) -> Result<Vec<Good>, Missing> {
        let last = self.head.index;
        let link = |first| links.link(first).map_err(|_| Missing::Links { first, last });
        (keep + 1..=last).map(|index| link(index).map(Link::unlinked)).collect()
    }

    /// Our chain up to `keep`, then the rest of what the foil names, then the rest of ours.
    fn reorder(
        &self,
        keep: u64,
        base: Head,
        named: Vec<Good>,
        links: &impl Links,
    ) -> Result<Tail, Stop> {
        let ours = self.unlinked_after(keep, links)?;
        let mut tail = Tail::after(self, self.head_at(keep, links)?);
        // Keys follow from the order: where one is moved, everything is counted anew.
        tail.recount = keep < self.last_key;
        let same = usize::try_from(keep - base.index).unwrap_or(usize::MAX);
        for good in named.into_iter().skip(same) {
            if ours.iter().any(|own| own.hash() == good.hash()) {
                tail.link(good);
            } else if links.place(&good.hash())?.is_some() {
                return Err(Refusal::Twice { chit: good.chit().uuid }.into());
            } else {
                tail.add(good, links)?;
            }
        }
        for own in ours {
            if !tail.has(&own.hash()) {
                tail.link(own);
            }
        }
        Ok(tail)
    }
}

/// A new end of the chain in the making.
pub(super) struct Tail {
    ledger: Ledger,
    keep: u64,
    then: Vec<Link>,
    linked: BTreeSet<Hash>,
    names: BTreeMap<ChitId, Hash>,
    events: Vec<Event>,
    /// Whether a chit about keys is in it, or was.
    recount: bool,
}

impl Tail {
    /// Of the half as it is, what comes after `keep`.
    pub(super) fn after(ledger: &Ledger, keep: Head) -> Self {
        Self {
            ledger: Ledger { head: keep, ..ledger.clone() },
            keep: keep.index,
            then: Vec::new(),
            linked: BTreeSet::new(),
            names: BTreeMap::new(),
            events: Vec::new(),
            recount: false,
        }
    }

    fn has(&self, chit: &Hash) -> bool {
        self.linked.contains(chit)
    }

    /// Puts a chit next that this half had already.
    fn link(&mut self, good: Good) {
        let link = Link::after(self.ledger.head, good);
        self.ledger.head = link.head;
        self.linked.insert(link.chit_hash);
        self.then.push(link);
    }

    /// Puts a chit next that is new to this half: it counts from now on, unless it is void.
    pub(super) fn add(&mut self, good: Good, links: &impl Links) -> Result<(), Stop> {
        let (chit, second) = (good.chit().uuid, good.hash());
        if good.chit().entry.is_about_keys() {
            let ring = self.ledger.keys.of(good.chit().by);
            let full = match good.chit().entry {
                Entry::Lost { .. } => ring.requests.len() >= MAX_REQUESTS,
                _ => ring.is_full(),
            };
            if full {
                return Err(Refusal::TooManyKeys.into());
            }
            self.recount = true;
        }
        if self.recount {
            self.link(good);
            return Ok(());
        }
        let index = self.ledger.head.index + 1;
        if !self.ledger.counts_at(good.chit(), second, index) {
            self.events.push(Event::Voided { chit, by: good.chit().by });
            self.link(good);
            return Ok(());
        }
        let first = match self.names.get(&chit) {
            Some(first) => Some(*first),
            None => self.ledger.named(&chit, links)?,
        };
        if let Some(first) = first {
            self.ledger.conflicts += 1;
            self.events.push(Event::Conflict { chit, first, second });
        } else {
            self.names.insert(chit, second);
        }
        self.count(good.chit(), second);
        self.ledger.countable(chit)?;
        self.link(good);
        Ok(())
    }

    /// What a chit means for the balance or the settings.
    fn count(&mut self, chit: &Chit, hash: Hash) {
        let ledger = &mut self.ledger;
        let effect = chit.effect_on(ledger.side);
        self.events.push(Event::Linked { chit: chit.uuid, effect });
        ledger.balance_milli += i128::from(effect.milli());
        let partner = ledger.side.other();
        match &chit.entry {
            Entry::Set { set, .. } => ledger.put_in_force(chit.by, *set, hash),
            Entry::Tran { .. } if chit.by == partner => {
                let limit = i128::from(ledger.may_owe.of(partner).milli());
                if ledger.balance_milli > limit {
                    self.events.push(Event::OverLimit { chit: chit.uuid });
                }
            }
            _ => {}
        }
    }

    /// The state with this end, and what changed; `agreed` links of it are the partner's too.
    pub(super) fn finish(
        self,
        before: &Ledger,
        agreed: u64,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        let ledger = Ledger { agreed, ..self.ledger };
        let change = Change { keep: self.keep, then: self.then };
        if self.recount {
            return ledger.recount(before, change, links);
        }
        let change = (!change.then.is_empty()).then_some(change);
        Ok(Step { ledger, change, send: Vec::new(), events: self.events })
    }
}

impl Ledger {
    /// The hash of a linked chit of this name that counts.
    pub(super) fn named(&self, name: &ChitId, links: &impl Links) -> Result<Option<Hash>, Missing> {
        let named = links.named(name)?;
        if self.last_key == 0 {
            return Ok(named.first().copied());
        }
        for hash in named {
            if let Some(index) = links.place(&hash)?
                && self.counts(&links.link(index)?)
            {
                return Ok(Some(hash));
            }
        }
        Ok(None)
    }
}

impl Step {
    /// Adds what to send, thought out from the new state and the history as it will be.
    pub(super) fn say<L: Links>(
        &mut self,
        words: impl FnOnce(&Ledger, &After<'_, L>) -> Result<Vec<Message>, Stop>,
        links: &L,
    ) -> Result<(), Stop> {
        let after = After { change: self.change.as_ref(), before: links };
        self.send.extend(words(&self.ledger, &after)?);
        Ok(())
    }
}

/// The history with a change applied to it.
pub(super) struct After<'a, L> {
    change: Option<&'a Change>,
    before: &'a L,
}

impl<L: Links> Links for After<'_, L> {
    fn link(&self, index: u64) -> Result<Link, Missing> {
        match self.change {
            Some(change) if index > change.keep => {
                let place = usize::try_from(index - change.keep - 1).unwrap_or(usize::MAX);
                let link = change.then.get(place);
                link.cloned().ok_or(Missing::Links { first: index, last: index })
            }
            _ => self.before.link(index),
        }
    }

    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing> {
        let then = self.change.map_or(&[][..], |change| &change.then);
        match then.iter().find(|link| link.chit_hash == *chit) {
            Some(link) => Ok(Some(link.head.index)),
            None => self.before.place(chit),
        }
    }

    fn named(&self, uuid: &ChitId) -> Result<Vec<Hash>, Missing> {
        let then = self.change.map_or(&[][..], |change| &change.then);
        let mut named = self.before.named(uuid)?;
        for link in then.iter().filter(|link| link.chit.uuid == *uuid) {
            if !named.contains(&link.chit_hash) {
                named.push(link.chit_hash);
            }
        }
        Ok(named)
    }
}
