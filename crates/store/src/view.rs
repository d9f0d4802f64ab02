//! `View`: what can be asked of the store. A transaction ([`crate::Tx`]) can be asked the same.

use protocol::{
    AgentId, ChitId, ContractId, Cuid, Hash, LiftId, PaymentId, Side, TallyId, Timestamp,
};

use crate::{
    Audience, Case, CaseCount, CaseCounts, CommandResult, Contract, Derived, Event, Half,
    HalfFilter, HalfId, Invite, InvoiceRow, LegAt, LegSum, Letter, LetterId, Lift, LiftLeg,
    LiftPart, LinkRow, Meta, Negotiation, Payment, Proof, StoreError, Totals, User, Whom, Word,
    memory, sql,
};

/// Which implementation answers.
#[derive(Debug)]
pub(crate) enum Hand {
    Memory(Box<memory::Hand>),
    Sql(sql::Hand),
}

/// Asks the implementation.
macro_rules! ask {
    ($self:ident.$method:ident($($arg:expr),*)) => {
        match &mut $self.hand {
            $crate::view::Hand::Memory(hand) => hand.$method($($arg),*),
            $crate::view::Hand::Sql(hand) => hand.$method($($arg),*).await,
        }
    };
}
pub(crate) use ask;

/// The store as it was at one moment: at the latest when it was first asked.
///
/// Later commits are not seen; no writer waits for it. Lists come in the order said, at most
/// `limit` of them; what comes after the last one is asked for with its name.
///
/// # Errors
/// Every question may find the connection gone ([`StoreError::Gone`]), the database damaged
/// ([`StoreError::Corrupt`]), or a row that other hands wrote ([`StoreError::Malformed`]).
#[derive(Debug)]
pub struct View {
    pub(crate) hand: Hand,
}

type Result<T> = std::result::Result<T, StoreError>;

#[expect(clippy::missing_errors_doc, reason = "the same for all: said at the type")]
impl View {
    /// What the store knows about itself.
    pub async fn meta(&mut self) -> Result<Meta> {
        ask!(self.meta())
    }

    /// A setting of the site.
    pub async fn setting(&mut self, key: &str) -> Result<Option<String>> {
        ask!(self.setting(key))
    }

    /// All settings of the site, by key.
    pub async fn settings(&mut self) -> Result<Vec<(String, String)>> {
        ask!(self.settings())
    }

    /// A user by its name.
    pub async fn user(&mut self, cuid: &Cuid) -> Result<Option<User>> {
        ask!(self.user(cuid))
    }

    /// Users by name.
    pub async fn users(&mut self, after: Option<&Cuid>, limit: u32) -> Result<Vec<User>> {
        ask!(self.users(after, limit))
    }

    /// The users of these names, by name; unknown ones are left out.
    pub async fn users_named(&mut self, cuids: &[Cuid]) -> Result<Vec<User>> {
        ask!(self.users_named(cuids))
    }

    /// A half by its number.
    pub async fn half(&mut self, id: HalfId) -> Result<Option<Half>> {
        ask!(self.half(id))
    }

    /// A user's half of a tally.
    pub async fn half_of(&mut self, holder: &Cuid, tally: &TallyId) -> Result<Option<Half>> {
        ask!(self.half_of(holder, tally))
    }

    /// The halves of these tallies that are here, by number.
    pub async fn halves_of_tallies(&mut self, tallies: &[TallyId]) -> Result<Vec<Half>> {
        ask!(self.halves_of_tallies(tallies))
    }

    /// Halves by number.
    pub async fn halves(
        &mut self,
        filter: &HalfFilter,
        after: Option<HalfId>,
        limit: u32,
    ) -> Result<Vec<Half>> {
        ask!(self.halves(filter, after, limit))
    }

    /// What was negotiated about these halves, by number of the half. Unknown ones are left out.
    pub async fn negotiations(&mut self, halves: &[HalfId]) -> Result<Vec<Negotiation>> {
        ask!(self.negotiations(halves))
    }

    /// A half's links from an index on, oldest first.
    pub async fn links(&mut self, half: HalfId, from: u64, limit: u32) -> Result<Vec<LinkRow>> {
        ask!(self.links(half, from, limit))
    }

    /// A half's links before an index (none: all), newest first.
    pub async fn history(
        &mut self,
        half: HalfId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        ask!(self.history(half, before, limit))
    }

    /// A half's links of settings that one side signed, before an index (none: all), newest first.
    pub async fn sets(
        &mut self,
        half: HalfId,
        by: Side,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        ask!(self.sets(half, by, before, limit))
    }

    /// A half's links whose chits are dated from one moment until before another, oldest first, of
    /// those after an index (0: all).
    pub async fn period(
        &mut self,
        half: HalfId,
        dates: std::ops::Range<Timestamp>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        ask!(self.period(half, &dates, after, limit))
    }

    /// The sum of the effects of a half's chits dated before a moment, in milli-CHIPs.
    pub async fn balance_before(&mut self, half: HalfId, date: Timestamp) -> Result<i128> {
        ask!(self.balance_before(half, date))
    }

    /// The links of chits of these hashes in these halves, by half and index.
    pub async fn links_by_chit(&mut self, chits: &[(HalfId, Hash)]) -> Result<Vec<LinkRow>> {
        ask!(self.links_by_chit(chits))
    }

    /// The links of chits of these names in these halves, by half and index; two of one name are a
    /// conflict.
    pub async fn links_by_uuid(&mut self, names: &[(HalfId, ChitId)]) -> Result<Vec<LinkRow>> {
        ask!(self.links_by_uuid(names))
    }

    /// What follows from a half's links.
    pub async fn derived(&mut self, half: HalfId) -> Result<Derived> {
        ask!(self.derived(half))
    }

    /// The invoices of a half, by name.
    pub async fn invoices(&mut self, half: HalfId) -> Result<Vec<InvoiceRow>> {
        ask!(self.invoices(half))
    }

    /// How many letters about a half wait.
    pub async fn waiting(&mut self, half: HalfId) -> Result<u64> {
        ask!(self.waiting(half))
    }

    /// How many letters wait for these agents.
    pub async fn waiting_for(&mut self, whom: &Whom) -> Result<u64> {
        ask!(self.waiting_for(whom))
    }

    /// Letters that wait, in the order they were posted.
    pub async fn letters(&mut self, after: Option<LetterId>, limit: u32) -> Result<Vec<Letter>> {
        ask!(self.letters(after, limit))
    }

    /// When the next letter is due; none where none waits.
    pub async fn next_due(&mut self) -> Result<Option<Timestamp>> {
        ask!(self.next_due())
    }

    /// Events after a number (0: from the first that is kept), in order.
    pub async fn events(
        &mut self,
        audience: Audience<'_>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>> {
        ask!(self.events(audience, after, limit))
    }

    /// The number of the last event; 0 where there never was one.
    pub async fn last_event(&mut self) -> Result<u64> {
        ask!(self.last_event())
    }

    /// The answers that were given to these commands, by id; those never answered are left out.
    pub async fn results(&mut self, ids: &[String]) -> Result<Vec<CommandResult>> {
        ask!(self.results(ids))
    }

    /// A contract.
    pub async fn contract(&mut self, rid: &ContractId) -> Result<Option<Contract>> {
        ask!(self.contract(rid))
    }

    /// All contracts, by name.
    pub async fn contracts(&mut self) -> Result<Vec<Contract>> {
        ask!(self.contracts())
    }

    /// An invite by its token's hash.
    pub async fn invite(&mut self, token: &Hash) -> Result<Option<Invite>> {
        ask!(self.invite(token))
    }

    /// A user's invites.
    pub async fn invites(&mut self, holder: &Cuid) -> Result<Vec<Invite>> {
        ask!(self.invites(holder))
    }

    /// A lift.
    pub async fn lift(&mut self, id: &LiftId) -> Result<Option<Lift>> {
        ask!(self.lift(id))
    }

    /// Lifts, newest first, of those before one given by date and name.
    pub async fn lifts(
        &mut self,
        before: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Lift>> {
        ask!(self.lifts(before, limit))
    }

    /// The legs of a lift at this site, by half.
    pub async fn legs(&mut self, lift: &LiftId) -> Result<Vec<LiftLeg>> {
        ask!(self.legs(lift))
    }

    /// Lifts that have a leg on a half of this holder, newest first, of those before one given by
    /// date and name.
    pub async fn lifts_of(
        &mut self,
        holder: &Cuid,
        before: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Lift>> {
        ask!(self.lifts_of(holder, before, limit))
    }

    /// The lifts of these names that are kept, by name.
    pub async fn lifts_named(&mut self, lifts: &[LiftId]) -> Result<Vec<Lift>> {
        ask!(self.lifts_named(lifts))
    }

    /// The legs of a lift at this site with their halves, by half.
    pub async fn legs_at(&mut self, lift: &LiftId) -> Result<Vec<LegAt>> {
        ask!(self.legs_at(lift))
    }

    /// All legs on these halves, by half and lift.
    pub async fn legs_of_halves(&mut self, halves: &[HalfId]) -> Result<Vec<LiftLeg>> {
        ask!(self.legs_of_halves(halves))
    }

    /// What the legs of each of these lifts come to, by name.
    pub async fn leg_sums(&mut self, lifts: &[LiftId]) -> Result<Vec<LegSum>> {
        ask!(self.leg_sums(lifts))
    }

    /// The legs of these lifts on halves of one holder, by lift and half.
    pub async fn legs_of_holder(&mut self, holder: &Cuid, lifts: &[LiftId]) -> Result<Vec<LegAt>> {
        ask!(self.legs_of_holder(holder, lifts))
    }

    /// All payments of these names, whoever paid, by name and payer.
    pub async fn payments(&mut self, names: &[PaymentId]) -> Result<Vec<Payment>> {
        ask!(self.payments(names))
    }

    /// The payments that these lifts made, by lift, name and payer.
    pub async fn payments_by_lift(&mut self, lifts: &[LiftId]) -> Result<Vec<Payment>> {
        ask!(self.payments_by_lift(lifts))
    }

    /// The parts that this site takes in a lift, by key.
    pub async fn parts_in(&mut self, lift: &LiftId) -> Result<Vec<LiftPart>> {
        ask!(self.parts_in(lift))
    }

    /// The parts in payments of this name, whoever pays, by lift and key.
    pub async fn parts_paying(&mut self, payment: &PaymentId) -> Result<Vec<LiftPart>> {
        ask!(self.parts_paying(payment))
    }

    /// All parts in lifts, by lift and key, after this one.
    pub async fn all_parts(
        &mut self,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        ask!(self.all_parts(after, limit))
    }

    /// Parts in lifts about which nothing was decided yet, by lift and key, after this one.
    pub async fn open_parts(
        &mut self,
        after: Option<(LiftId, Hash)>,
        limit: u32,
    ) -> Result<Vec<LiftPart>> {
        ask!(self.open_parts(after, limit))
    }

    /// A lift that is decided here.
    pub async fn case(&mut self, lift: &LiftId) -> Result<Option<Case>> {
        ask!(self.case(lift))
    }

    /// Cases that are open and whose deadline is not before a moment, by deadline and lift, of those after one given
    /// by them.
    pub async fn open_cases(
        &mut self,
        deadline: Timestamp,
        after: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Case>> {
        ask!(self.open_cases(deadline, after, limit))
    }

    /// How many cases there are.
    pub async fn count_cases(&mut self, which: &CaseCount) -> Result<CaseCounts> {
        ask!(self.count_cases(which))
    }

    /// How many cases one agent that was known here was the first to ask about, then or later, open or not.
    pub async fn cases_of_one(&mut self, asked_by: AgentId, asked: Timestamp) -> Result<u64> {
        ask!(self.cases_of_one(asked_by, asked))
    }

    /// A proof that an agent lies.
    pub async fn proof(&mut self, id: &Hash) -> Result<Option<Proof>> {
        ask!(self.proof(id))
    }

    /// Proofs that agents lie, by date and name, of those after one given by them.
    pub async fn proofs(
        &mut self,
        after: Option<(Timestamp, Hash)>,
        limit: u32,
    ) -> Result<Vec<Proof>> {
        ask!(self.proofs(after, limit))
    }

    /// The last link of each of these halves, by half; those without one are left out.
    pub async fn last_links(&mut self, halves: &[HalfId]) -> Result<Vec<LinkRow>> {
        ask!(self.last_links(halves))
    }

    /// The dictionary in one language, by view, column and value.
    pub async fn words(&mut self, language: &str) -> Result<Vec<Word>> {
        ask!(self.words(language))
    }

    /// Counts and sums over the whole site.
    pub async fn totals(&mut self) -> Result<Totals> {
        ask!(self.totals())
    }
}
