//! What a chain says, reckoned from its first link: keys, balance, settings, conflicts. Needed only
//! where a chit about keys is linked or moved; everything else is counted as it comes.

use std::collections::{BTreeMap, BTreeSet};

use super::Ledger;
use super::chain::{Head, Link, Links, Missing};
use super::keyring::How;
use super::refusal::{Refusal, Stop};
use super::step::{Change, Event, Step};
use crate::chit::Entry;
use crate::side::{Side, Sides};
use crate::{ChitId, Hash};

impl Ledger {
    /// The state that follows from this chain, and the second chit of each name that counts.
    pub(super) fn recounted(&self, chain: &[Link]) -> (Self, BTreeMap<Hash, Event>) {
        let mut ledger = self.clone();
        ledger.balance_milli = 0;
        ledger.sets = Sides { stock: None, foil: None };
        ledger.conflicts = 0;
        ledger.last_key = 0;
        ledger.head = chain.last().map_or(self.genesis_head(), |link| link.head);
        ledger.take_keys(chain);
        let mut names: BTreeMap<ChitId, Hash> = BTreeMap::new();
        let mut conflicts = BTreeMap::new();
        for link in chain.iter().filter(|link| ledger.counts(link)).collect::<Vec<_>>() {
            let (chit, second) = (link.chit.uuid, link.chit_hash);
            if let Some(&first) = names.get(&chit) {
                ledger.conflicts += 1;
                conflicts.insert(second, Event::Conflict { chit, first, second });
            } else {
                names.insert(chit, second);
            }
            ledger.balance_milli += i128::from(link.chit.effect_on(ledger.side).milli());
            if let Entry::Set { set, .. } = &link.chit.entry {
                ledger.put_in_force(link.chit.by, *set, second);
            }
        }
        (ledger, conflicts)
    }

    pub(super) const fn genesis_head(&self) -> Head {
        Head { index: 0, hash: self.genesis }
    }

    /// The step from `before` to this chain's end, where keys may have changed: reckoned anew.
    pub(super) fn recount(
        self,
        before: &Self,
        mut change: Change,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        let old = before.chain(links)?;
        let keep = usize::try_from(change.keep).unwrap_or(usize::MAX);
        let mut chain: Vec<Link> = old.iter().take(keep).cloned().collect();
        chain.extend(change.then);
        let (after, conflicts) = self.recounted(&chain);
        after.keeps_keys_of(before)?;
        if let Some(last) = chain.last() {
            after.countable(last.chit.uuid)?;
        }
        let counted: BTreeSet<Hash> =
            old.iter().filter(|link| before.counts(link)).map(|link| link.chit_hash).collect();
        let known: BTreeSet<Hash> = old.iter().map(|link| link.chit_hash).collect();
        let mut events = after.new_keys(before);
        let mut first = keep;
        for (place, link) in chain.iter().enumerate() {
            let (was, is) = (counted.contains(&link.chit_hash), after.counts(link));
            if was == is && known.contains(&link.chit_hash) {
                continue;
            }
            first = first.min(place);
            let chit = link.chit.uuid;
            if is {
                let effect = link.chit.effect_on(after.side);
                events.push(Event::Linked { chit, effect });
                events.extend(conflicts.get(&link.chit_hash));
            } else {
                events.push(Event::Voided { chit, by: link.chit.by });
            }
        }
        change.keep = u64::try_from(first).unwrap_or(u64::MAX);
        change.then = chain.split_off(first.min(chain.len()));
        let change = (!change.then.is_empty()).then_some(change);
        Ok(Step { ledger: after, change, send: Vec::new(), events })
    }

    /// The whole chain.
    fn chain(&self, links: &impl Links) -> Result<Vec<Link>, Missing> {
        let last = self.head.index;
        let link = |first| links.link(first).map_err(|_| Missing::Links { first, last });
        (1..=last).map(link).collect()
    }

    /// No order may undo a change of key: with it the chain before is fixed.
    fn keeps_keys_of(&self, before: &Self) -> Result<(), Refusal> {
        for side in Side::BOTH {
            let now = self.key_changes(side);
            let lost = |at: &&super::KeyChange| !now.iter().any(|change| change.chit == at.chit);
            if let Some(lost) = before.key_changes(side).iter().find(lost) {
                return Err(Refusal::Parted { index: lost.until });
            }
        }
        Ok(())
    }

    fn new_keys(&self, before: &Self) -> Vec<Event> {
        let mut events = Vec::new();
        for by in Side::BOTH {
            let old = before.key_changes(by);
            let is_new = |change: &&super::KeyChange| !old.iter().any(|o| o.chit == change.chit);
            for change in self.key_changes(by).iter().filter(is_new) {
                events.extend(change.public.map(|public| Event::Rekeyed { by, public }));
                if change.how == How::Ended {
                    events.push(Event::KeyEnded { by });
                }
            }
            let (ring, old) = (self.keys.of(by), before.keys.of(by));
            for now in ring.requests.iter().filter(|request| request.fits) {
                let (request, old) = (now.chit, old.request(&now.chit).filter(|old| old.fits));
                if old.is_none() {
                    let public = now.public;
                    events.push(Event::KeyAsked { by, request, public });
                }
                if now.consent.is_some() && old.is_none_or(|old| old.consent != now.consent) {
                    let wait = now.wait;
                    events.push(Event::KeyConsented { by, request, wait });
                }
                if now.objection.is_some() && old.is_none_or(|old| old.objection.is_none()) {
                    events.push(Event::KeyObjected { by, request });
                }
            }
        }
        events
    }
}
