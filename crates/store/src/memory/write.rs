//! Writing, in memory. What each change means is said in `crate::Tx`; letters in `outbox.rs`.

use protocol::{AgentId, ChitId, Hash, LiftId, Timestamp};

use super::Hand;
use super::map::Map;
use crate::rows::{Fit, which};
use crate::{
    CommandResult, Contract, Event, Founded, Half, HalfId, Invite, InvoiceRow, Kind, Lift, LiftLeg,
    LiftPart, LinkRow, Negotiation, NewEvent, NewHalf, Payment, StoreError, User, Word,
};

type Result<T> = std::result::Result<T, StoreError>;

pub(super) fn duplicate<T: Fit>(rows: &[T]) -> StoreError {
    StoreError::Duplicate { kind: T::KIND, which: which(rows) }
}

pub(super) fn missing<T: Fit>(rows: &[T]) -> StoreError {
    StoreError::Missing { kind: T::KIND, which: which(rows) }
}

fn nobodys(agent: &AgentId) -> StoreError {
    StoreError::Missing { kind: Kind::Setting, which: agent.to_string() }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[expect(clippy::unnecessary_wraps, reason = "the databases can fail at each of these")]
impl Hand {
    pub(crate) fn add_users(&mut self, users: &[User]) -> Result<()> {
        for user in users {
            if !self.state.users.insert(user.cuid.clone(), user.clone()) {
                return Err(duplicate(users));
            }
        }
        Ok(())
    }

    pub(crate) fn put_user(&mut self, user: &User) -> Result<()> {
        if self.state.users.insert(user.cuid.clone(), user.clone()) {
            return Err(missing(std::slice::from_ref(user)));
        }
        Ok(())
    }

    pub(crate) fn add_halves(&mut self, halves: &[NewHalf]) -> Result<Vec<HalfId>> {
        let mut ids = Vec::new();
        for NewHalf { holder, tally, side, row, negotiation } in halves {
            if self.state.users.get(holder).is_none() {
                return Err(missing(halves));
            }
            self.state.last_half += 1;
            let id = HalfId::new(self.state.last_half);
            if !self.state.half_names.insert((holder.clone(), *tally), id) {
                return Err(duplicate(halves));
            }
            self.state.half_tallies.insert((*tally, id), ());
            self.state.half_holders.insert((holder.clone(), id), ());
            let (holder, tally, side, row) = (holder.clone(), *tally, *side, row.clone());
            self.state
                .halves
                .insert(id, Half { id, version: 1, invoices: 0, holder, tally, side, row });
            self.state.negotiations.insert(id, negotiation.clone());
            ids.push(id);
        }
        Ok(ids)
    }

    pub(crate) fn put_halves(&mut self, halves: &[Half]) -> Result<()> {
        for half in halves {
            let kept = self.state.halves.get(&half.id).cloned();
            let Some(kept) = kept.filter(|kept| kept.version == half.version) else {
                return Err(StoreError::Stale { half: half.id.get() });
            };
            let changed = Half { version: half.version + 1, row: half.row.clone(), ..kept };
            self.state.halves.insert(half.id, changed);
        }
        Ok(())
    }

    pub(crate) fn put_negotiations(&mut self, negotiations: &[Negotiation]) -> Result<()> {
        for Negotiation { half, text } in negotiations {
            if self.state.halves.get(half).is_none() {
                return Err(missing(negotiations));
            }
            self.state.negotiations.insert(*half, text.clone());
        }
        Ok(())
    }

    pub(crate) fn put_invoices(&mut self, invoices: &[InvoiceRow]) -> Result<()> {
        for invoice in invoices {
            let Some(half) = self.state.halves.get(&invoice.half).cloned() else {
                return Err(missing(invoices));
            };
            if self.state.invoices.insert((invoice.half, invoice.chit.to_string()), invoice.clone())
            {
                let more = Half { invoices: half.invoices + 1, ..half };
                self.state.halves.insert(invoice.half, more);
            }
        }
        Ok(())
    }

    pub(crate) fn drop_invoices(&mut self, names: &[(HalfId, ChitId)]) -> Result<()> {
        for (half, chit) in names {
            if self.state.invoices.remove(&(*half, chit.to_string()))
                && let Some(kept) = self.state.halves.get(half).cloned()
            {
                let fewer = Half { invoices: kept.invoices.saturating_sub(1), ..kept };
                self.state.halves.insert(*half, fewer);
            }
        }
        Ok(())
    }

    pub(crate) fn append(&mut self, links: &[LinkRow]) -> Result<()> {
        let state = &mut self.state;
        for link in links {
            if state.halves.get(&link.half).is_none() {
                return Err(missing(links));
            }
            let new = state.links.insert((link.half, link.index), link.clone());
            if !new || !state.link_chits.insert((link.half, link.chit), link.index) {
                return Err(duplicate(links));
            }
            state.link_uuids.insert((link.half, link.uuid, link.index), ());
        }
        Ok(())
    }

    pub(crate) fn relink(&mut self, half: HalfId, keep: u64, links: &[LinkRow]) -> Result<()> {
        for link in self.links(half, keep.saturating_add(1), u32::MAX)? {
            self.state.links.remove(&(half, link.index));
            self.state.link_chits.remove(&(half, link.chit));
            self.state.link_uuids.remove(&(half, link.uuid, link.index));
        }
        self.append(links)
    }

    pub(crate) fn number_events(&mut self, events: Vec<NewEvent>) -> Result<u64> {
        for event in events {
            self.state.last_event += 1;
            let number = self.state.last_event;
            self.state.events.insert(number, Event { number, event });
        }
        Ok(self.state.last_event)
    }

    pub(crate) fn prune_events(&mut self, before: Timestamp) -> Result<u64> {
        let old = self.state.events.iter().filter(|(_, event)| event.event.at < before);
        let old: Vec<u64> = old.map(|(number, _)| *number).collect();
        for number in &old {
            self.state.events.remove(number);
        }
        Ok(count(old.len()))
    }

    pub(crate) fn add_results(&mut self, results: &[CommandResult]) -> Result<()> {
        for result in results {
            if !self.state.results.insert(result.id.clone(), result.clone()) {
                return Err(duplicate(results));
            }
        }
        Ok(())
    }

    pub(crate) fn prune_results(&mut self, before: Timestamp) -> Result<u64> {
        let old = self.state.results.iter().filter(|(_, result)| result.at < before);
        let old: Vec<String> = old.map(|(id, _)| id.clone()).collect();
        for id in &old {
            self.state.results.remove(id);
        }
        Ok(count(old.len()))
    }

    pub(crate) fn put_contract(&mut self, contract: &Contract) -> Result<()> {
        if self.state.contracts.get(&contract.rid).is_none() {
            self.state.contracts.insert(contract.rid, contract.clone());
        }
        Ok(())
    }

    pub(crate) fn put_invite(&mut self, invite: &Invite) -> Result<()> {
        if self.state.users.get(&invite.holder).is_none() {
            return Err(missing(std::slice::from_ref(invite)));
        }
        self.state.invites.insert(invite.token, invite.clone());
        Ok(())
    }

    pub(crate) fn drop_invite(&mut self, token: &Hash) -> Result<bool> {
        Ok(self.state.invites.remove(token))
    }

    pub(crate) fn drop_invites(&mut self) -> Result<u64> {
        let many = self.state.invites.len();
        self.state.invites = Map::default();
        Ok(count(many))
    }

    pub(crate) fn put_lift(&mut self, lift: &Lift) -> Result<()> {
        let mut lift = lift.clone();
        if let Some(kept) = self.state.lifts.get(&lift.id) {
            (lift.kind, lift.record, lift.date) =
                (kept.kind.clone(), kept.record.clone(), kept.date);
        }
        self.state.lift_dates.insert((lift.date, lift.id.to_string()), lift.id);
        self.state.lifts.insert(lift.id, lift);
        Ok(())
    }

    pub(crate) fn add_legs(&mut self, legs: &[LiftLeg]) -> Result<()> {
        for leg in legs {
            let here = self.state.lifts.get(&leg.lift).is_some();
            if !here || self.state.halves.get(&leg.half).is_none() {
                return Err(missing(legs));
            }
            let key = (leg.lift, leg.half, leg.chit.to_string());
            let by_half = (leg.half, leg.lift.to_string(), key.2.clone());
            self.state.half_legs.insert(by_half, key.clone());
            if !self.state.legs.insert(key, leg.clone()) {
                return Err(duplicate(legs));
            }
        }
        Ok(())
    }

    pub(crate) fn put_part(&mut self, part: &LiftPart) -> Result<()> {
        let key = (part.lift.to_string(), part.key.to_string());
        let mut part = part.clone();
        if let Some(kept) = self.state.parts.get(&key) {
            part.payment = kept.payment.or(part.payment);
            part.deadline = kept.deadline;
        }
        if let Some(payment) = part.payment {
            let by_payment = (payment.to_string(), key.0.clone(), key.1.clone());
            self.state.payment_parts.insert(by_payment, ());
        }
        if part.is_open {
            self.state.open_parts.insert(key.clone(), ());
        } else {
            self.state.open_parts.remove(&key);
        }
        self.state.parts.insert(key, part);
        Ok(())
    }

    pub(crate) fn drop_part(&mut self, lift: &LiftId, key: &Hash) -> Result<()> {
        let key = (lift.to_string(), key.to_string());
        self.state.open_parts.remove(&key);
        let payment = self.state.parts.get(&key).and_then(|part| part.payment);
        self.state.parts.remove(&key);
        if let Some(payment) = payment {
            self.state.payment_parts.remove(&(payment.to_string(), key.0, key.1));
        }
        Ok(())
    }

    pub(crate) fn add_payments(&mut self, payments: &[Payment]) -> Result<()> {
        for payment in payments {
            if self.state.lifts.get(&payment.lift).is_none() {
                return Err(missing(payments));
            }
            let (id, payer) = (payment.id.to_string(), payment.payer.clone());
            let by_lift = (payment.lift.to_string(), id.clone(), payer.clone());
            self.state.lift_payments.insert(by_lift, payment.id);
            if !self.state.payments.insert((id, payer), payment.clone()) {
                return Err(duplicate(payments));
            }
        }
        Ok(())
    }

    pub(super) fn keep_words(&mut self, words: &[Word]) {
        for word in words {
            let Word { language, view, column, value, .. } = word;
            let key = (language.clone(), view.clone(), column.clone(), value.clone());
            self.state.words.insert(key, word.clone());
        }
    }

    pub(crate) fn put_words(&mut self, words: &[Word]) -> Result<()> {
        self.keep_words(words);
        Ok(())
    }

    pub(crate) fn set(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self.state.settings.insert(key.to_owned(), value.to_owned()),
            None => self.state.settings.remove(&key.to_owned()),
        };
        Ok(())
    }

    pub(crate) fn found(&mut self, founded: &Founded) -> Result<()> {
        if self.state.founded.is_some() {
            let which = founded.agent.to_string();
            return Err(StoreError::Duplicate { kind: Kind::Setting, which });
        }
        self.state.founded = Some(founded.clone());
        Ok(())
    }

    pub(crate) fn replace_agent(&mut self, agent: &AgentId) -> Result<()> {
        let Some(founded) = self.state.founded.clone() else { return Err(nobodys(agent)) };
        self.readdress_all(&founded.agent, agent);
        self.state.founded = Some(Founded { agent: *agent, ..founded });
        Ok(())
    }

    pub(crate) fn new_epoch(&mut self) -> Result<u64> {
        self.state.epoch += 1;
        Ok(self.state.epoch)
    }
}
