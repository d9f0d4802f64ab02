//! `Tx`: a transaction. What it changes is kept together at [`Tx::commit`], or not at all.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use protocol::{AgentId, ChitId, Hash, LiftId, TallyId, Timestamp};

use crate::rows::{Setting, fit};
use crate::view::{Hand, View, ask};
use crate::{
    Case, Claim, CommandResult, Contract, Founded, Half, HalfId, Invite, InvoiceRow, Letter,
    LetterId, Lift, LiftLeg, LiftPart, LinkRow, Negotiation, NewEvent, NewHalf, NewLetter, Payment,
    Proof, StoreError, User, Word,
};

/// A transaction that may change rows. It can be asked all that a [`View`] can, and sees its own
/// changes. Dropped without a commit, it changed nothing.
///
/// In memory and on SQLite there is one at a time; others wait for it. On PostgreSQL several run
/// side by side (isolation *read committed*): whoever decides about a half locks it first
/// ([`Tx::lock`], [`Tx::lock_tallies`]), so that everything read of it afterwards is the newest;
/// and each half counts its versions, so that a change to a half that was not locked is refused
/// rather than lost.
///
/// Each method that takes a list writes it in few statements: hand over what a batch of inputs
/// changed at once.
///
/// # Errors
/// Every method may fail as a [`View`] may; and with [`StoreError::Again`], [`StoreError::DiskFull`]
/// or [`StoreError::ReadOnly`]. Other reasons are said at the method. After any of them the
/// transaction can only be dropped.
#[derive(Debug)]
pub struct Tx {
    pub(crate) view: View,
    events: Vec<NewEvent>,
    broken: bool,
}

/// What a commit settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The number of the last event of this transaction; none where it told none.
    pub last_event: Option<u64>,
    /// How many it told: their numbers follow one another.
    pub events: u64,
}

type Result<T> = std::result::Result<T, StoreError>;

/// Asks the implementation for a change; a change that fails breaks the transaction.
macro_rules! change {
    ($self:ident.$method:ident($($arg:expr),*)) => {{
        let view = &mut $self.view;
        let done = ask!(view.$method($($arg),*));
        $self.broken |= done.is_err();
        done
    }};
}

impl Deref for Tx {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut View {
        &mut self.view
    }
}

#[expect(clippy::missing_errors_doc, reason = "what is common to all is said at the type")]
impl Tx {
    pub(crate) fn new(hand: Hand) -> Self {
        Self { view: View { hand }, events: Vec::new(), broken: false }
    }

    /// What was found before the implementation is asked breaks the transaction as well.
    fn sound<T>(&mut self, found: Result<T>) -> Result<T> {
        self.broken |= found.is_err();
        found
    }

    /// Keeps all that was changed, durably; events get their numbers now.
    ///
    /// [`StoreError::Broken`] where an earlier change failed; [`StoreError::CommitUnknown`] where
    /// the connection was lost on the way.
    pub async fn commit(mut self) -> Result<Committed> {
        if self.broken {
            return Err(StoreError::Broken);
        }
        let events = u64::try_from(self.events.len()).unwrap_or(u64::MAX);
        let last_event = if self.events.is_empty() {
            None
        } else {
            let events = std::mem::take(&mut self.events);
            fit(&events)?;
            Some(change!(self.number_events(events))?)
        };
        match self.view.hand {
            Hand::Memory(hand) => hand.commit(),
            Hand::Sql(hand) => hand.commit().await?,
        }
        Ok(Committed { last_event, events })
    }

    /// Drops all that was changed, and waits until the store is free for the next.
    pub async fn rollback(self) -> Result<()> {
        match self.view.hand {
            Hand::Memory(_) => Ok(()),
            Hand::Sql(hand) => hand.rollback().await,
        }
    }

    /// These halves, by number, so that nobody else changes them before the end of the transaction.
    /// Unknown numbers are left out.
    pub async fn lock(&mut self, ids: &[HalfId]) -> Result<Vec<Half>> {
        change!(self.lock(ids))
    }

    /// The halves of these tallies that are here, by number, locked as by [`Tx::lock`].
    pub async fn lock_tallies(&mut self, tallies: &[TallyId]) -> Result<Vec<Half>> {
        change!(self.lock_tallies(tallies))
    }

    /// Adds users. [`StoreError::Duplicate`] where a name is taken.
    pub async fn add_users(&mut self, users: &[User]) -> Result<()> {
        self.sound(fit(users))?;
        change!(self.add_users(users))
    }

    /// Changes a user. [`StoreError::Missing`] where there is none of that name.
    pub async fn put_user(&mut self, user: &User) -> Result<()> {
        self.sound(fit(std::slice::from_ref(user)))?;
        change!(self.put_user(user))
    }

    /// Adds halves, and says their numbers, in the order given.
    ///
    /// [`StoreError::Duplicate`] where the holder has a half of that tally, [`StoreError::Missing`]
    /// where there is no such holder, [`StoreError::Unfit`] where a balance fits no column.
    pub async fn add_halves(&mut self, halves: &[NewHalf]) -> Result<Vec<HalfId>> {
        self.sound(fit(halves))?;
        change!(self.add_halves(halves))
    }

    /// Changes halves; the version of each must be the one kept, and counts up. A half must not be
    /// named twice.
    ///
    /// [`StoreError::Stale`] where a half was changed since, or is not here;
    /// [`StoreError::Unfit`] where a balance fits no column.
    pub async fn put_halves(&mut self, halves: &[Half]) -> Result<()> {
        self.sound(fit(halves))?;
        change!(self.put_halves(halves))
    }

    /// Changes what was negotiated. Each half must be changed in the same transaction
    /// ([`Tx::put_halves`]), so that its version counts this change too; none may be named twice.
    ///
    /// [`StoreError::Missing`] where there is no such half.
    pub async fn put_negotiations(&mut self, negotiations: &[Negotiation]) -> Result<()> {
        self.sound(fit(negotiations))?;
        change!(self.put_negotiations(negotiations))
    }

    /// Keeps invoices, or changes them; none may be named twice. Each half must be changed in the
    /// same transaction ([`Tx::put_halves`]), so that its version counts this change too.
    ///
    /// [`StoreError::Missing`] where there is no such half.
    pub async fn put_invoices(&mut self, invoices: &[InvoiceRow]) -> Result<()> {
        self.sound(fit(invoices))?;
        change!(self.put_invoices(invoices))
    }

    /// Forgets invoices, as [`Tx::put_invoices`] changes them; unknown names are passed over.
    pub async fn drop_invoices(&mut self, names: &[(HalfId, ChitId)]) -> Result<()> {
        change!(self.drop_invoices(names))
    }

    /// Adds links, of any number of halves.
    ///
    /// [`StoreError::Gap`] where a half's links here do not follow one another;
    /// [`StoreError::Duplicate`] where an index or a chit has a link already;
    /// [`StoreError::Missing`] where there is no such half.
    pub async fn append(&mut self, links: &[LinkRow]) -> Result<()> {
        self.sound(follow(links))?;
        self.sound(fit(links))?;
        change!(self.append(links))
    }

    /// Cuts a half's chain after the link `keep` (0: all of it) and goes on with these links.
    ///
    /// [`StoreError::Gap`] where the first is not `keep + 1`, or one does not follow another;
    /// otherwise as [`Tx::append`].
    pub async fn relink(&mut self, half: HalfId, keep: u64, links: &[LinkRow]) -> Result<()> {
        self.sound(follow_on(half, keep, links))?;
        self.sound(fit(links))?;
        change!(self.relink(half, keep, links))
    }

    /// Posts letters; see [`NewLetter::key`] for what a later one replaces.
    /// [`StoreError::Missing`] where there is no such half.
    pub async fn post(&mut self, letters: &[NewLetter]) -> Result<()> {
        self.sound(fit(letters))?;
        change!(self.post(letters))
    }

    /// Takes letters that are due, in the order they were posted. A letter about a half waits while
    /// an earlier one about the same half is not due: claimed by somebody, or to be tried later.
    pub async fn claim(&mut self, claim: &Claim) -> Result<Vec<Letter>> {
        change!(self.claim(claim))
    }

    /// Letters that need not be sent again: acknowledged, or rightly abandoned. Unknown numbers
    /// (replaced, or done before) are passed over.
    pub async fn done(&mut self, letters: &[LetterId]) -> Result<()> {
        change!(self.done(letters))
    }

    /// Letters that could not be delivered, to be tried again from `due` on. Passed over where the
    /// owner's lease was taken over by another.
    pub async fn failed(
        &mut self,
        owner: &str,
        letters: &[LetterId],
        due: Timestamp,
    ) -> Result<()> {
        change!(self.failed(owner, letters, due))
    }

    /// Makes letters to an agent that is back due at `due` at the latest; not those that somebody
    /// has claimed.
    pub async fn hasten(&mut self, to: &AgentId, due: Timestamp) -> Result<()> {
        change!(self.hasten(to, due))
    }

    /// Makes letters that anybody has claimed due at `due`, and nobody's: for the only program at its store,
    /// after one that ended in the middle.
    pub async fn release(&mut self, due: Timestamp) -> Result<()> {
        change!(self.release(due))
    }

    /// Makes letters due at `due`, and nobody's, that are due only after `beyond`: for a site that puts nothing
    /// off for so long, whose clock was wrong when it did.
    pub async fn recall(&mut self, beyond: Timestamp, due: Timestamp) -> Result<()> {
        change!(self.recall(beyond, due))
    }

    /// Sends a half's letters to another agent, which speaks for its partner from now on; they are due at `due`.
    pub async fn readdress(&mut self, half: HalfId, to: &AgentId, due: Timestamp) -> Result<()> {
        change!(self.readdress(half, to, due))
    }

    /// Tells what happened; seen after the commit, in the order told.
    pub fn tell(&mut self, events: impl IntoIterator<Item = NewEvent>) {
        self.events.extend(events);
    }

    /// Forgets events from before a date; says how many.
    pub async fn prune_events(&mut self, before: Timestamp) -> Result<u64> {
        change!(self.prune_events(before))
    }

    /// Keeps the answers to commands. [`StoreError::Duplicate`] where one was answered before.
    pub async fn add_results(&mut self, results: &[CommandResult]) -> Result<()> {
        self.sound(fit(results))?;
        change!(self.add_results(results))
    }

    /// Forgets answers from before a date; says how many.
    pub async fn prune_results(&mut self, before: Timestamp) -> Result<u64> {
        change!(self.prune_results(before))
    }

    /// Keeps a contract; the first text kept under a name stays.
    pub async fn put_contract(&mut self, contract: &Contract) -> Result<()> {
        self.sound(fit(std::slice::from_ref(contract)))?;
        change!(self.put_contract(contract))
    }

    /// Keeps an invite, or changes it. [`StoreError::Missing`] where there is no such holder.
    pub async fn put_invite(&mut self, invite: &Invite) -> Result<()> {
        self.sound(fit(std::slice::from_ref(invite)))?;
        change!(self.put_invite(invite))
    }

    /// Forgets an invite; says whether there was one.
    pub async fn drop_invite(&mut self, token: &Hash) -> Result<bool> {
        change!(self.drop_invite(token))
    }

    /// Forgets all invites; says how many there were.
    pub async fn drop_invites(&mut self) -> Result<u64> {
        change!(self.drop_invites())
    }

    /// Keeps a lift, or changes its status, certificate and date of change.
    pub async fn put_lift(&mut self, lift: &Lift) -> Result<()> {
        self.sound(fit(std::slice::from_ref(lift)))?;
        change!(self.put_lift(lift))
    }

    /// Adds legs of lifts. [`StoreError::Duplicate`] where one is kept already,
    /// [`StoreError::Missing`] where there is no such lift or half.
    pub async fn add_legs(&mut self, legs: &[LiftLeg]) -> Result<()> {
        self.sound(fit(legs))?;
        change!(self.add_legs(legs))
    }

    /// The parts that this site takes in a lift, by key: no other transaction changes them before this one ends. Whoever
    /// locks halves too locks those first.
    pub async fn lock_parts(&mut self, lift: &LiftId) -> Result<Vec<LiftPart>> {
        change!(self.lock_parts(lift))
    }

    /// Until this transaction ends, no other one does anything for which it locks the same name. Whoever locks halves too
    /// locks those first.
    pub async fn lock_name(&mut self, name: &str) -> Result<()> {
        change!(self.lock_name(name))
    }

    /// Keeps a part in a lift, or changes its state, whether it is open, and its date of change; and says which payment it
    /// is in where that was not known.
    pub async fn put_part(&mut self, part: &LiftPart) -> Result<()> {
        self.sound(fit(std::slice::from_ref(part)))?;
        change!(self.put_part(part))
    }

    /// Forgets a part in a lift, where it is kept.
    pub async fn drop_part(&mut self, lift: &LiftId, key: &Hash) -> Result<()> {
        change!(self.drop_part(lift, key))
    }

    /// Keeps payments. [`StoreError::Duplicate`] where its payer has one of that name,
    /// [`StoreError::Missing`] where there is no such lift.
    pub async fn add_payments(&mut self, payments: &[Payment]) -> Result<()> {
        self.sound(fit(payments))?;
        change!(self.add_payments(payments))
    }

    /// Adds a lift that is decided here. [`StoreError::Duplicate`] where it is kept already.
    pub async fn add_case(&mut self, case: &Case) -> Result<()> {
        self.sound(fit(std::slice::from_ref(case)))?;
        change!(self.add_case(case))
    }

    /// Changes text, status and date of change of a case; the version must be the one kept, and counts up.
    /// [`StoreError::Again`] where it was changed since, or is not here.
    pub async fn put_case(&mut self, case: &Case) -> Result<()> {
        self.sound(fit(std::slice::from_ref(case)))?;
        change!(self.put_case(case))
    }

    /// Keeps a proof that an agent lies; says whether it is new.
    pub async fn add_proof(&mut self, proof: &Proof) -> Result<bool> {
        self.sound(fit(std::slice::from_ref(proof)))?;
        change!(self.add_proof(proof))
    }

    /// Keeps words of the dictionary, or changes them.
    pub async fn put_words(&mut self, words: &[Word]) -> Result<()> {
        self.sound(fit(words))?;
        change!(self.put_words(words))
    }

    /// Sets a setting of the site; none forgets it.
    pub async fn set(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        self.sound(fit(&[Setting(key, value.unwrap_or_default())]))?;
        change!(self.set(key, value))
    }

    /// Says whose store this is. [`StoreError::Duplicate`] where it was said before.
    pub async fn found(&mut self, founded: &Founded) -> Result<()> {
        change!(self.found(founded))
    }

    /// Says that another agent speaks for this site from now on; letters to the one before are for it.
    /// [`StoreError::Missing`] before it was said whose store this is.
    pub async fn replace_agent(&mut self, agent: &AgentId) -> Result<()> {
        change!(self.replace_agent(agent))
    }

    /// Begins a new epoch, and says its number: what others know of the time after the backup
    /// may be lost here.
    pub async fn new_epoch(&mut self) -> Result<u64> {
        change!(self.new_epoch())
    }
}

/// Links of one half must follow each other; the first is number 1.
fn follow(links: &[LinkRow]) -> Result<()> {
    let mut last = BTreeMap::new();
    for link in links {
        let half = link.half.get();
        let after = last.insert(half, link.index);
        let after = after.or_else(|| (link.index == 0).then_some(0));
        if let Some(after) = after
            && after.checked_add(1) != Some(link.index)
        {
            return Err(StoreError::Gap { half, after, found: link.index });
        }
    }
    Ok(())
}

/// Links that replace the rest of a chain begin where it was cut.
fn follow_on(half: HalfId, keep: u64, links: &[LinkRow]) -> Result<()> {
    for (link, before) in links.iter().zip(keep..) {
        if link.half != half || before.checked_add(1) != Some(link.index) {
            return Err(StoreError::Gap { half: half.get(), after: before, found: link.index });
        }
    }
    Ok(())
}
