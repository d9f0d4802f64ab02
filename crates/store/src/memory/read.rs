//! Reading, in memory. What each question means is said in `crate::View`.

use std::collections::BTreeSet;
use std::ops::{Bound, Range};

use protocol::{ChitId, ContractId, Cuid, Hash, LiftId, Side, TallyId, Timestamp};

use super::Hand;
use crate::{
    Audience, CommandResult, Contract, Derived, Event, Half, HalfFilter, HalfId, Invite,
    InvoiceRow, Letter, LetterId, Lift, LiftLeg, LinkRow, Meta, Negotiation, StoreError, Totals,
    User, Whom, Word,
};

type Result<T> = std::result::Result<T, StoreError>;

/// From the one after a name on, or from the beginning.
pub(super) fn beyond<K>(after: Option<&K>) -> Bound<&K> {
    after.map_or(Bound::Unbounded, Bound::Excluded)
}

/// The first `limit` of them, as rows of their own.
pub(super) fn page<'a, T: Clone + 'a>(rows: impl Iterator<Item = &'a T>, limit: u32) -> Vec<T> {
    rows.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the databases can fail at each of these")]
impl Hand {
    pub(crate) fn meta(&self) -> Result<Meta> {
        let (founded, epoch) = (self.state.founded.clone(), self.state.epoch);
        Ok(Meta { schema: crate::SCHEMA, founded, epoch })
    }

    pub(crate) fn setting(&self, key: &str) -> Result<Option<String>> {
        Ok(self.state.settings.get(&key.to_owned()).cloned())
    }

    pub(crate) fn settings(&self) -> Result<Vec<(String, String)>> {
        Ok(self.state.settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    pub(crate) fn user(&self, cuid: &Cuid) -> Result<Option<User>> {
        Ok(self.state.users.get(cuid).cloned())
    }

    pub(crate) fn users(&self, after: Option<&Cuid>, limit: u32) -> Result<Vec<User>> {
        Ok(page(self.state.users.up(beyond(after)).map(|(_, user)| user), limit))
    }

    pub(crate) fn users_named(&self, cuids: &[Cuid]) -> Result<Vec<User>> {
        let cuids: BTreeSet<_> = cuids.iter().collect();
        Ok(cuids.into_iter().filter_map(|cuid| self.state.users.get(cuid)).cloned().collect())
    }

    pub(crate) fn half(&self, id: HalfId) -> Result<Option<Half>> {
        Ok(self.state.halves.get(&id).cloned())
    }

    pub(crate) fn half_of(&self, holder: &Cuid, tally: &TallyId) -> Result<Option<Half>> {
        let id = self.state.half_names.get(&(holder.clone(), *tally));
        Ok(id.and_then(|id| self.state.halves.get(id)).cloned())
    }

    pub(crate) fn halves_of_tallies(&self, tallies: &[TallyId]) -> Result<Vec<Half>> {
        self.lock_tallies(tallies)
    }

    pub(crate) fn lock_tallies(&self, tallies: &[TallyId]) -> Result<Vec<Half>> {
        let mut ids = Vec::new();
        for tally in tallies {
            let first = (*tally, HalfId::new(i64::MIN));
            let here = self.state.half_tallies.up(Bound::Included(&first));
            ids.extend(
                here.map(|(key, ())| key).take_while(|key| key.0 == *tally).map(|key| key.1),
            );
        }
        self.lock(&ids)
    }

    /// One transaction writes at a time: nothing else to lock.
    pub(crate) fn lock(&self, ids: &[HalfId]) -> Result<Vec<Half>> {
        let ids: BTreeSet<_> = ids.iter().copied().collect();
        Ok(ids.iter().filter_map(|id| self.state.halves.get(id)).cloned().collect())
    }

    pub(crate) fn negotiations(&self, halves: &[HalfId]) -> Result<Vec<Negotiation>> {
        let halves: BTreeSet<_> = halves.iter().copied().collect();
        let kept = |half| Some((half, self.state.negotiations.get(&half)?.clone()));
        let kept = halves.into_iter().filter_map(kept);
        Ok(kept.map(|(half, text)| Negotiation { half, text }).collect())
    }

    pub(crate) fn halves(
        &self,
        filter: &HalfFilter,
        after: Option<HalfId>,
        limit: u32,
    ) -> Result<Vec<Half>> {
        let HalfFilter { holder, status, partner } = filter;
        let fits = |half: &&Half| {
            status.as_ref().is_none_or(|status| half.row.status == *status)
                && partner.as_ref().is_none_or(|p| half.row.partner.as_ref() == Some(p))
        };
        let Some(holder) = holder else {
            let all = self.state.halves.up(beyond(after.as_ref()));
            return Ok(page(all.map(|(_, half)| half).filter(fits), limit));
        };
        let first = (holder.clone(), after.unwrap_or(HalfId::new(i64::MIN)));
        let own = self.state.half_holders.up(Bound::Excluded(&first));
        let own = own.map(|(key, ())| key).take_while(|key| key.0 == *holder);
        let own = own.filter_map(|key| self.state.halves.get(&key.1));
        Ok(page(own.filter(fits), limit))
    }

    fn chain(&self, half: HalfId, from: u64) -> impl Iterator<Item = &LinkRow> {
        let all = self.state.links.up(Bound::Included(&(half, from)));
        all.take_while(move |(key, _)| key.0 == half).map(|(_, link)| link)
    }

    pub(crate) fn links(&self, half: HalfId, from: u64, limit: u32) -> Result<Vec<LinkRow>> {
        Ok(page(self.chain(half, from), limit))
    }

    pub(crate) fn history(
        &self,
        half: HalfId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let before = (half, before.unwrap_or(u64::MAX));
        let all = self.state.links.down(Bound::Excluded(&before));
        Ok(page(all.take_while(|(key, _)| key.0 == half).map(|(_, link)| link), limit))
    }

    pub(crate) fn sets(
        &self,
        half: HalfId,
        by: Side,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let before = (half, before.unwrap_or(u64::MAX));
        let all = self.state.links.down(Bound::Excluded(&before));
        let all = all.take_while(|(key, _)| key.0 == half).map(|(_, link)| link);
        Ok(page(all.filter(|link| link.kind == "set" && link.by == by), limit))
    }

    pub(crate) fn period(
        &self,
        half: HalfId,
        dates: &Range<Timestamp>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let later = self.chain(half, after.saturating_add(1));
        Ok(page(later.filter(|link| dates.contains(&link.date)), limit))
    }

    pub(crate) fn balance_before(&self, half: HalfId, date: Timestamp) -> Result<i128> {
        let before = self.chain(half, 0).filter(|link| link.date < date);
        Ok(before.map(|link| i128::from(link.effect.milli())).sum())
    }

    fn places(&self, places: &BTreeSet<(HalfId, u64)>) -> Vec<LinkRow> {
        places.iter().filter_map(|place| self.state.links.get(place)).cloned().collect()
    }

    pub(crate) fn links_by_chit(&self, chits: &[(HalfId, Hash)]) -> Result<Vec<LinkRow>> {
        let place = |chit| Some((chit, self.state.link_chits.get(chit)?));
        let places = chits.iter().filter_map(place).map(|(chit, index)| (chit.0, *index));
        Ok(self.places(&places.collect()))
    }

    pub(crate) fn links_by_uuid(&self, names: &[(HalfId, ChitId)]) -> Result<Vec<LinkRow>> {
        let mut places = BTreeSet::new();
        for (half, uuid) in names {
            let named = self.state.link_uuids.up(Bound::Included(&(*half, *uuid, 0)));
            let named = named.take_while(|((of, name, _), ())| (of, name) == (half, uuid));
            places.extend(named.map(|((half, _, index), ())| (*half, *index)));
        }
        Ok(self.places(&places))
    }

    pub(crate) fn derived(&self, half: HalfId) -> Result<Derived> {
        let mut derived = Derived { links: 0, last: 0, balance: 0 };
        for link in self.chain(half, 0) {
            derived.links += 1;
            derived.last = link.index;
            derived.balance += i128::from(link.effect.milli());
        }
        Ok(derived)
    }

    pub(crate) fn invoices(&self, half: HalfId) -> Result<Vec<InvoiceRow>> {
        let first = (half, String::new());
        let own = self.state.invoices.up(Bound::Included(&first));
        let own = own.take_while(|(key, _)| key.0 == half);
        Ok(own.map(|(_, invoice)| invoice.clone()).collect())
    }

    pub(crate) fn waiting(&self, half: HalfId) -> Result<u64> {
        let waiting = self.state.letters.iter().filter(|(_, l)| l.letter.half == Some(half));
        Ok(u64::try_from(waiting.count()).unwrap_or(u64::MAX))
    }

    pub(crate) fn waiting_for(&self, whom: &Whom) -> Result<u64> {
        let waiting = self.state.letters.iter().filter(|(_, l)| whom.means(l.letter.to));
        Ok(u64::try_from(waiting.count()).unwrap_or(u64::MAX))
    }

    pub(crate) fn letters(&self, after: Option<LetterId>, limit: u32) -> Result<Vec<Letter>> {
        let letters = self.state.letters.up(beyond(after.as_ref()));
        Ok(page(letters.map(|(_, letter)| letter), limit))
    }

    pub(crate) fn next_due(&self) -> Result<Option<Timestamp>> {
        Ok(self.state.letters.iter().map(|(_, letter)| letter.due).min())
    }

    pub(crate) fn events(
        &self,
        audience: Audience<'_>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let later = self.state.events.up(Bound::Excluded(&after)).map(|(_, event)| event);
        Ok(match audience {
            Audience::Site => page(later, limit),
            Audience::User(cuid) => {
                page(later.filter(|event| event.event.user.as_ref() == Some(cuid)), limit)
            }
        })
    }

    pub(crate) fn last_event(&self) -> Result<u64> {
        Ok(self.state.last_event)
    }

    pub(crate) fn results(&self, ids: &[String]) -> Result<Vec<CommandResult>> {
        let ids: BTreeSet<_> = ids.iter().collect();
        Ok(ids.into_iter().filter_map(|id| self.state.results.get(id)).cloned().collect())
    }

    pub(crate) fn contract(&self, rid: &ContractId) -> Result<Option<Contract>> {
        Ok(self.state.contracts.get(rid).cloned())
    }

    pub(crate) fn contracts(&self) -> Result<Vec<Contract>> {
        let mut all: Vec<_> = self.state.contracts.iter().map(|(_, one)| one.clone()).collect();
        all.sort_by_cached_key(|contract| contract.rid.to_string());
        Ok(all)
    }

    pub(crate) fn invite(&self, token: &Hash) -> Result<Option<Invite>> {
        Ok(self.state.invites.get(token).cloned())
    }

    pub(crate) fn invites(&self, holder: &Cuid) -> Result<Vec<Invite>> {
        let all = self.state.invites.iter().map(|(_, invite)| invite);
        let mut own: Vec<_> = all.filter(|invite| invite.holder == *holder).cloned().collect();
        own.sort_by_cached_key(|invite| invite.token.to_string());
        Ok(own)
    }

    pub(crate) fn lift(&self, id: &LiftId) -> Result<Option<Lift>> {
        Ok(self.state.lifts.get(id).cloned())
    }

    pub(crate) fn lifts(
        &self,
        before: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Lift>> {
        let before = before.map(|(date, id)| (date, id.to_string()));
        let older = self.state.lift_dates.down(beyond(before.as_ref()));
        Ok(page(older.filter_map(|(_, id)| self.state.lifts.get(id)), limit))
    }

    pub(crate) fn legs(&self, lift: &LiftId) -> Result<Vec<LiftLeg>> {
        let first = (*lift, HalfId::new(i64::MIN), String::new());
        let legs = self.state.legs.up(Bound::Included(&first));
        Ok(legs.take_while(|(key, _)| key.0 == *lift).map(|(_, leg)| leg.clone()).collect())
    }

    pub(crate) fn words(&self, language: &str) -> Result<Vec<Word>> {
        let words = self.state.words.iter().map(|(_, word)| word);
        Ok(words.filter(|word| word.language == language).cloned().collect())
    }

    pub(crate) fn totals(&self) -> Result<Totals> {
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let mut totals = Totals {
            users: count(self.state.users.len()),
            letters: count(self.state.letters.len()),
            ..Totals::default()
        };
        for (_, half) in self.state.halves.iter() {
            *totals.halves.entry(half.row.status.clone()).or_default() += 1;
            totals.links += half.row.head_index;
            totals.balance += half.row.balance;
            totals.owed += half.row.balance.max(0);
            if half.row.ledger.is_some() {
                totals.asking += u64::from(half.row.restored.asks.is_some());
                totals.unheard += u64::from(half.row.restored.unheard);
            }
        }
        for (_, lift) in self.state.lifts.iter() {
            *totals.lifts.entry(lift.status.clone()).or_default() += 1;
        }
        Ok(totals)
    }
}
