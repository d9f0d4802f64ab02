//! A batch: what is decided in one transaction. Each half is read once, under its lock; what becomes
//! of it is written at the end, all halves together; and remembered once that is committed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use protocol::errand::Errand;
use protocol::half::HalfTally;
use protocol::invoice::Invoices;
use protocol::ledger::{Change, Ledger};
use protocol::note::Note;
use protocol::{
    AgentId, ChipAddress, ChitId, Cuid, Hash, LiftId, Record, Side, TallyId, Timestamp,
};
use store::{
    CommandResult, Half, HalfId, LinkRow, Negotiation, NewHalf, NewLetter, Store, Tx, User, View,
};

use crate::error::SiteError;
use crate::half::{Kept, rows, states};
use crate::history::History;
use crate::invoice::{self, InHand};
use crate::known::{Known, Remembered};

/// One transaction, the halves that it has in hand, and the users that it has asked for.
pub(crate) struct Batch {
    known: Arc<Known>,
    halves: BTreeMap<(Cuid, TallyId), Held>,
    users: BTreeMap<Cuid, Option<User>>,
    pub(crate) work: Work,
}

/// A half in hand: nobody else changes it before the end of the batch.
pub(crate) struct Held {
    /// As it is kept before the batch.
    pub(crate) half: Half,
    /// What it is now.
    pub(crate) state: Arc<HalfTally>,
    pub(crate) history: History,
    invoices: Option<InHand>,
    changed: Option<Timestamp>,
    negotiated: bool,
    /// What is counted a second time: nothing, but by a fault that was planted.
    pub(crate) again: i128,
}

/// What a batch asks of the store and gives to it.
pub(crate) struct Work {
    tx: Tx,
    said: Vec<Said>,
    changes: u64,
    /// Lifts about which something is to be done once this is committed.
    pub(crate) due: Vec<LiftId>,
    /// What is to be said to other agents, without a letter, once this is committed.
    pub(crate) errands: Vec<(AgentId, Errand)>,
}

/// What a half says to its partner at an agent.
pub(crate) struct Said {
    pub(crate) half: HalfId,
    pub(crate) to: AgentId,
    pub(crate) note: Note,
    pub(crate) at: Timestamp,
}

impl Work {
    /// To be asked something.
    pub(crate) fn view(&mut self) -> &mut View {
        &mut self.tx
    }

    /// To be changed.
    pub(crate) const fn tx(&mut self) -> &mut Tx {
        self.changes += 1;
        &mut self.tx
    }

    /// Notes to be heard or posted when all is decided; a later one of the same name takes the place
    /// of an earlier one ([`protocol::note::Body::key`]).
    pub(crate) fn say(&mut self, said: Vec<Said>) {
        self.changes += 1;
        for new in said {
            let key = new.note.body.key();
            self.said.retain(|old| old.half != new.half || old.note.body.key() != key);
            self.said.push(new);
        }
    }

    /// What was said to halves at this agent, in order; it is not posted then.
    pub(crate) fn take_notes_for(&mut self, agent: AgentId) -> Vec<Note> {
        self.take_said_to(agent).into_iter().map(|said| said.note).collect()
    }

    /// The same, each with the half that says it.
    pub(crate) fn take_said_to(&mut self, agent: AgentId) -> Vec<Said> {
        self.said.extract_if(.., |said| said.to == agent).collect()
    }

    /// What a half says, and has said before, goes to another agent, where its partner's is from now on.
    pub(crate) async fn readdress(
        &mut self,
        half: HalfId,
        to: AgentId,
        now: Timestamp,
    ) -> Result<(), SiteError> {
        for said in self.said.iter_mut().filter(|said| said.half == half) {
            said.to = to;
        }
        Ok(self.tx().readdress(half, &to, now).await?)
    }

    /// How many letters of a half wait, those included that are about to be posted.
    pub(crate) async fn waiting(&mut self, half: HalfId) -> Result<u64, SiteError> {
        let new = self.said.iter().filter(|said| said.half == half).count();
        Ok(self.tx.waiting(half).await?.saturating_add(u64::try_from(new).unwrap_or(u64::MAX)))
    }

    /// A number that grows with every change: whoever was refused and left it as it was changed
    /// nothing.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }
}

impl Held {
    /// The half is in another state from now on.
    pub(crate) fn put(&mut self, work: &mut Work, state: HalfTally, at: Timestamp) {
        work.changes += 1;
        self.changed = Some(at);
        self.negotiated |= !Arc::ptr_eq(&state.negotiation, &self.state.negotiation);
        self.state = Arc::new(state);
    }

    /// The half's chain has another end from now on.
    pub(crate) fn relink(&mut self, work: &mut Work, change: Change) {
        work.changes += 1;
        self.history.change(change);
    }

    /// Whether there are invoices: most halves have none, and need not look.
    pub(crate) fn has_invoices(&self) -> bool {
        match &self.invoices {
            Some(invoices) => !invoices.now.kept().is_empty(),
            None => self.half.invoices > 0,
        }
    }

    /// Its invoices, read when they are asked for first.
    pub(crate) async fn invoices(&mut self, view: &mut View) -> Result<&Invoices, SiteError> {
        let invoices = match self.invoices.take() {
            Some(invoices) => invoices,
            None => InHand::of(invoice::read(view, &self.half).await?),
        };
        Ok(&self.invoices.insert(invoices).now)
    }

    /// Its invoices, which were read, are these from now on.
    pub(crate) fn put_invoices(&mut self, work: &mut Work, now: Invoices, at: Timestamp) {
        if let Some(invoices) = self.invoices.as_mut().filter(|invoices| invoices.now != now) {
            work.changes += 1;
            self.changed = Some(at);
            invoices.now = now;
        }
    }

    fn of(remembered: Remembered) -> Self {
        let Remembered { half, state, links } = remembered;
        let history = History::of(links);
        let (invoices, changed, negotiated, again) = (None, None, false, 0);
        Self { half, state, history, invoices, changed, negotiated, again }
    }

    /// As it is once the batch is committed.
    fn remembered(self) -> Remembered {
        let agreed = self.state.ledger.as_ref().map_or(0, Ledger::agreed);
        let (half, state) = (self.half, self.state);
        Remembered { half, state, links: self.history.after(agreed) }
    }
}

impl Batch {
    pub(crate) async fn begin(store: &Store, known: &Arc<Known>) -> Result<Self, SiteError> {
        let work = Work {
            tx: store.begin().await?,
            said: Vec::new(),
            changes: 0,
            due: Vec::new(),
            errands: Vec::new(),
        };
        let (halves, users) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { known: Arc::clone(known), halves, users, work })
    }

    /// Takes all halves of these tallies that are here in hand, in one question: so that whoever
    /// decides about one half, and has its partner hear of it, locks both in the same order as
    /// everybody else. Says whose half cannot be read, and why: it stays out.
    pub(crate) async fn load_tallies(
        &mut self,
        tallies: &[TallyId],
    ) -> Result<Vec<(Cuid, SiteError)>, SiteError> {
        let (mut unknown, mut unreadable) = (Vec::new(), Vec::new());
        if tallies.is_empty() {
            return Ok(unreadable);
        }
        for half in self.work.tx.lock_tallies(tallies).await? {
            // What was changed in this batch is newer than what the store says.
            if self.halves.contains_key(&(half.holder.clone(), half.tally)) {
                continue;
            }
            match self.known.half(&half) {
                Some(remembered) => self.take_in_hand(Held::of(remembered)),
                None => unknown.push(half),
            }
        }
        if unknown.is_empty() {
            return Ok(unreadable);
        }
        let states = states(&mut self.work.tx, &unknown).await?;
        for (half, state) in unknown.into_iter().zip(states) {
            match state.map(Arc::new) {
                Ok(state) => {
                    self.take_in_hand(Held::of(Remembered { half, state, links: Vec::new() }));
                }
                Err(error) => unreadable.push((half.holder, error)),
            }
        }
        Ok(unreadable)
    }

    fn take_in_hand(&mut self, held: Held) {
        let name = (held.half.holder.clone(), held.half.tally);
        self.halves.insert(name, held);
    }

    /// A user's half, and what it works with.
    pub(crate) async fn hold(
        &mut self,
        holder: &Cuid,
        tally: TallyId,
    ) -> Result<(&mut Held, &mut Work), SiteError> {
        let name = (holder.clone(), tally);
        if !self.halves.contains_key(&name) {
            let unreadable = self.load_tallies(&[tally]).await?;
            if let Some((_, error)) = unreadable.into_iter().find(|(whose, _)| whose == holder) {
                return Err(error);
            }
        }
        let held = self.halves.get_mut(&name);
        let held = held.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        Ok((held, &mut self.work))
    }

    /// A user's half, where it is in hand.
    pub(crate) fn held(&self, holder: &Cuid, tally: TallyId) -> Option<&Held> {
        self.halves.get(&(holder.clone(), tally))
    }

    /// All halves in hand, for a fault that was planted.
    pub(crate) fn all_held(&mut self) -> impl Iterator<Item = &mut Held> {
        self.halves.values_mut()
    }

    /// The holders of the halves of a tally that are in hand, with their sides.
    pub(crate) fn holders(&self, tally: &TallyId) -> Vec<(Cuid, Side)> {
        let of_it = self.halves.iter().filter(|((_, name), _)| name == tally);
        of_it.map(|((holder, _), held)| (holder.clone(), held.half.side)).collect()
    }

    /// Whether a half in hand of a user is with this partner, and lives.
    pub(crate) fn is_with(&self, holder: &Cuid, partner: &ChipAddress) -> bool {
        self.halves.iter().any(|((whose, _), held)| {
            let with = held.state.partner();
            whose == holder
                && with.is_some_and(|with| with.same_user(partner))
                && !matches!(held.state.status(), "close" | "void")
        })
    }

    /// Asks, for all at once, whether chits of these names are linked in halves that are in hand.
    pub(crate) async fn look_up(
        &mut self,
        chits: &[(Cuid, TallyId, ChitId, Hash)],
    ) -> Result<(), SiteError> {
        let mut names = Vec::with_capacity(chits.len());
        for (holder, tally, name, _) in chits {
            if let Some(held) = self.held(holder, *tally) {
                names.push((held.half.id, *name));
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        let found = self.work.tx.links_by_uuid(&names).await?;
        let mut rows: BTreeMap<(HalfId, ChitId), Vec<&LinkRow>> = BTreeMap::new();
        for row in &found {
            rows.entry((row.half, row.uuid)).or_default().push(row);
        }
        for (holder, tally, name, chit) in chits {
            if let Some(held) = self.halves.get_mut(&(holder.clone(), *tally)) {
                let rows = rows.get(&(held.half.id, *name));
                held.history.learn(*name, *chit, rows.map_or(&[], Vec::as_slice));
            }
        }
        Ok(())
    }

    /// A new half.
    pub(crate) async fn add(
        &mut self,
        holder: &Cuid,
        state: HalfTally,
        at: Timestamp,
    ) -> Result<(), SiteError> {
        let (row, negotiation) = (state.row(at)?, state.negotiated()?);
        let (holder, tally) = (holder.clone(), state.negotiation.tally());
        let side = state.negotiation.side();
        let new = NewHalf { holder: holder.clone(), tally, side, row: row.clone(), negotiation };
        let ids = self.work.tx().add_halves(&[new]).await?;
        for id in ids {
            let (holder, row) = (holder.clone(), row.clone());
            let half = Half { id, version: 1, invoices: 0, holder, tally, side, row };
            let state = Arc::new(state.clone());
            self.take_in_hand(Held::of(Remembered { half, state, links: Vec::new() }));
        }
        Ok(())
    }

    /// Asks for users, in one question.
    pub(crate) async fn ask_for(&mut self, cuids: &[Cuid]) -> Result<(), SiteError> {
        let missing = cuids.iter().filter(|cuid| !self.users.contains_key(*cuid));
        let missing: Vec<Cuid> = missing.cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        for user in self.work.tx.users_named(&missing).await? {
            self.users.insert(user.cuid.clone(), Some(user));
        }
        for cuid in missing {
            self.users.entry(cuid).or_default();
        }
        Ok(())
    }

    /// A user, if there is one of that name.
    pub(crate) async fn user(&mut self, cuid: &Cuid) -> Result<Option<&User>, SiteError> {
        self.ask_for(std::slice::from_ref(cuid)).await?;
        Ok(self.users.get(cuid).and_then(Option::as_ref))
    }

    /// A user is new, or was changed.
    pub(crate) async fn put_user(&mut self, user: User) -> Result<(), SiteError> {
        match self.users.entry(user.cuid.clone()) {
            Entry::Occupied(mut known) if known.get().is_some() => {
                self.work.tx().put_user(&user).await?;
                known.insert(Some(user));
            }
            other => {
                self.work.tx().add_users(std::slice::from_ref(&user)).await?;
                other.insert_entry(Some(user));
            }
        }
        Ok(())
    }

    /// Writes all that was changed, with the answers that were given, and commits.
    pub(crate) async fn commit(mut self, results: &[CommandResult]) -> Result<(), SiteError> {
        let mut links = Vec::new();
        let (mut halves, mut negotiations) = (Vec::new(), Vec::new());
        let (mut invoices, mut invoices_gone) = (Vec::new(), Vec::new());
        for held in self.halves.values_mut() {
            let Some(at) = held.changed else { continue };
            if let Some(new) = held.history.new_end() {
                let mut rows = rows(held.half.id, held.state.open()?, &new.then)?;
                if new.keep == held.half.row.head_index {
                    links.append(&mut rows);
                } else {
                    self.work.tx.relink(held.half.id, new.keep, &rows).await?;
                }
            }
            if held.negotiated {
                held.half.row = held.state.row(at)?;
                let (half, text) = (held.half.id, held.state.negotiated()?);
                negotiations.push(Negotiation { half, text });
            } else {
                held.half.row = held.state.row_after(&held.half.row, at)?;
            }
            held.half.row.balance += held.again;
            halves.push(held.half.clone());
            held.half.version += 1;
            if let Some(in_hand) = &held.invoices {
                let (mut rows, mut gone) = in_hand.changes(&held.half)?;
                invoices.append(&mut rows);
                invoices_gone.append(&mut gone);
                held.half.invoices = u64::try_from(in_hand.now.kept().len()).unwrap_or(u64::MAX);
            }
        }
        let Work { mut tx, said, due, errands, .. } = self.work;
        let letters: Vec<NewLetter> = said.iter().map(letter).collect::<Result<_, _>>()?;
        if !links.is_empty() {
            tx.append(&links).await?;
        }
        if !halves.is_empty() {
            tx.put_halves(&halves).await?;
        }
        if !negotiations.is_empty() {
            tx.put_negotiations(&negotiations).await?;
        }
        if !invoices.is_empty() {
            tx.put_invoices(&invoices).await?;
        }
        if !invoices_gone.is_empty() {
            tx.drop_invoices(&invoices_gone).await?;
        }
        if !letters.is_empty() {
            tx.post(&letters).await?;
        }
        if !results.is_empty() {
            tx.add_results(results).await?;
        }
        let committed = tx.commit().await?;
        // Only what is kept for sure is remembered.
        for held in self.halves.into_values() {
            self.known.remember(held.remembered());
        }
        due.into_iter().for_each(|lift| self.known.under_way.is_due(lift));
        errands.into_iter().for_each(|(to, errand)| self.known.errands.push(to, errand));
        // Last: whoever finds these events to be its own counts on the halves.
        self.known.map.told(committed);
        Ok(())
    }
}

/// What was said as it is posted.
fn letter(said: &Said) -> Result<NewLetter, SiteError> {
    let Said { half, to, note, at } = said;
    let (key, message) = (note.body.key(), note.to_text()?.to_string());
    Ok(NewLetter { half: Some(*half), to: *to, key, message, at: *at })
}

#[cfg(test)]
mod tests;
