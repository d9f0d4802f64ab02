//! The post: notes between halves at this site are delivered from the outbox; and an input is taken by
//! a half's machines, which may say something. How a note is heard is in `hear.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::chit::{Chit, Entry};
use protocol::half::HalfTally;
use protocol::invoice::Input as InvoiceInput;
use protocol::ledger::{self, Input as LedgerInput, Step as LedgerStep, Stop};
use protocol::negotiation::{self, Governs, Input as NegotiationInput};
use protocol::note::{Body, Note};
use protocol::{LiftId, Record, TallyId};
use store::{Claim, Half, HalfFilter, Letter, LetterId, View, Whom};

use crate::batch::{Batch, Held, Said, Work};
use crate::door::Site;
use crate::error::SiteError;
use crate::events;
use crate::half::{Kept, states};
use crate::hear::Hears;
use crate::invitation::token_key;

/// How many letters are delivered in one transaction.
const AT_ONCE: u32 = 64;

/// For how long letters are claimed, in milliseconds: longer than any transaction takes, and twice as long as
/// a transport tries ([`crate::SEND_WITHIN_MS`]). What a program that has died had claimed, others take then.
pub(crate) const LEASE_MS: i64 = 30_000;

/// How many letters of one half may wait before it says no more of the kinds that may be many: all
/// that both sides' invoices give to say, and some. What is not said now, the next reminder says.
pub const MAX_WAITING: u64 = 512;

/// Something that happens to a half.
pub(crate) enum Input {
    Negotiation(NegotiationInput),
    Ledger(LedgerInput),
    Invoice(InvoiceInput),
}

/// What a round of the post did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// Notes taken by halves here.
    pub delivered: usize,
    /// Notes that a half here refused; why is told as an event.
    pub refused: usize,
}

impl Site {
    /// Delivers what is due to halves at this site, as one transaction; call again until nothing
    /// was delivered.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; nothing was done then.
    pub async fn post(&self) -> Result<Posted, SiteError> {
        let now = self.clock.now();
        let later = |ms| now.plus_ms(ms).unwrap_or(protocol::Timestamp::MAX);
        // It locks letters before halves, commands the other way round: so they take turns.
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        let owner = self.agent.to_string();
        let (to, lease) = (Whom::Only(self.agent), later(LEASE_MS));
        let claim = Claim { owner, to, now, lease, limit: AT_ONCE };
        let ours = batch.work.tx().claim(&claim).await?;
        let mut posted = Posted::default();
        let done: Vec<LetterId> = ours.iter().map(|letter| letter.id).collect();
        if !done.is_empty() {
            // Before anything is posted: what the halves say now may take a letter's place.
            batch.work.tx().done(&done).await?;
        }
        let notes: Vec<_> = ours.iter().map(read).collect();
        self.prepare_for(&mut batch, notes.iter().flatten()).await?;
        for note in notes {
            self.hear_one(&mut batch, note, &mut posted).await?;
        }
        if self.hears == Hears::AtOnce {
            let heard = self.hear(&mut batch).await?;
            posted.delivered += heard.delivered;
            posted.refused += heard.refused;
        }
        batch.commit(&[]).await?;
        Ok(posted)
    }

    /// Has every half say again what its partner has not confirmed, and offers expire: for a
    /// schedule, after a restart, after a loss. Says how many had something to say.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn remind(&self) -> Result<usize, SiteError> {
        let mut spoke = 0;
        let mut after = None;
        self.tell_refused();
        self.recall_letters().await?;
        loop {
            let mut view = self.store.read().await?;
            let page = view.halves(&HalfFilter::default(), after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(spoke) };
            let states = states(&mut view, &page).await?;
            drop(view);
            after = Some(last.id);
            for (half, state) in page.iter().zip(states) {
                // What cannot be read takes no part; doctor says so.
                let Ok(state) = state else { continue };
                match self.remind_half(half, &state).await {
                    Ok(said) => spoke += usize::from(said),
                    Err(error @ SiteError::Store(_)) => return Err(error),
                    // Damaged: doctor says so, and the others are reminded.
                    Err(error) => {
                        tracing::warn!(tally = %half.tally, "a half cannot be reminded: {error}");
                    }
                }
            }
        }
    }

    async fn remind_half(&self, half: &Half, state: &HalfTally) -> Result<bool, SiteError> {
        let now = self.clock.now();
        let silent = |input| -> Result<bool, SiteError> {
            let done = state.negotiate(input, now)?;
            Ok(done.send.is_empty() && done.events.is_empty())
        };
        let mut inputs = Vec::new();
        for input in [NegotiationInput::Tick, NegotiationInput::Remind] {
            if !silent(input.clone())? {
                inputs.push(Input::Negotiation(input));
            }
        }
        if let Some(ledger) = &state.ledger {
            let asks = ledger.waiting().partner.is_some();
            if asks {
                inputs.push(Input::Negotiation(NegotiationInput::Compare));
                inputs.push(Input::Invoice(InvoiceInput::Compare));
            }
            if asks || ledger.agreed() < ledger.head().index {
                inputs.push(Input::Ledger(LedgerInput::Remind));
            }
        }
        inputs.extend(self.due_of_invoices(half).await?.into_iter().map(Input::Invoice));
        if inputs.is_empty() {
            return Ok(false);
        }
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        batch.load_tallies(&[half.tally]).await?;
        let (held, work) = batch.hold(&half.holder, half.tally).await?;
        for input in inputs {
            self.take(work, held, input).await?;
        }
        if self.hears == Hears::AtOnce {
            self.hear(&mut batch).await?;
        }
        batch.commit(&[]).await?;
        Ok(true)
    }

    /// A half takes an input: decided by its machines, kept with what follows from it.
    pub(crate) async fn take(
        &self,
        work: &mut Work,
        held: &mut Held,
        input: Input,
    ) -> Result<(), SiteError> {
        match input {
            Input::Negotiation(input) => self.negotiate(work, held, input).await,
            Input::Invoice(input) => self.take_invoice(work, held, input).await,
            Input::Ledger(input) => {
                if let LedgerInput::Write { chit, .. } = &input {
                    self.may_pay(work, held, chit.chit()).await?;
                }
                let step = step(work.view(), held, &input).await?;
                let state = HalfTally::clone(&held.state);
                self.keep(work, held, state, step, Vec::new()).await
            }
        }
    }

    async fn negotiate(
        &self,
        work: &mut Work,
        held: &mut Held,
        input: NegotiationInput,
    ) -> Result<(), SiteError> {
        let done = held.state.negotiate(input, self.clock.now())?;
        for event in &done.events {
            if let Some((kind, text)) = events::of_negotiation(held.half.tally, event) {
                work.tx().tell([self.event(&held.half.holder, kind, text)]);
            }
        }
        let state = done.half;
        // A half that went back to before it had a ledger, which asks for its chits by itself. It asked about offers when it
        // went back, perhaps by an agent that its partner's site did not know.
        let asks = matches!(done.governs, Some(Governs::Opens(_)))
            && state.ledger.as_ref().is_some_and(|ledger| ledger.waiting().partner.is_some());
        let again = asks.then_some(negotiation::Message::Ask);
        let said = done.send.into_iter().chain(again).map(Body::Negotiation).collect();
        if let (Some(Governs::Higher(tally)), Some(ledger)) = (&done.governs, &state.ledger) {
            let id = held.half.id;
            let step = loop {
                match ledger.rebase(tally, &held.history) {
                    Ok(step) => break step,
                    Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                    Err(Stop::Missing(missing)) => {
                        held.history.fetch(work.view(), id, missing).await?;
                    }
                }
            };
            return self.keep(work, held, state, step, said).await;
        }
        self.post_all(work, held, &state, said).await?;
        // A word that changes nothing, as one that came twice, writes nothing.
        if done.governs.is_some() || !Arc::ptr_eq(&state.negotiation, &held.state.negotiation) {
            self.put(work, held, state);
        }
        if asks {
            self.take_invoice(work, held, InvoiceInput::Compare).await?;
        }
        Ok(())
    }

    /// Keeps what a ledger decided.
    async fn keep(
        &self,
        work: &mut Work,
        held: &mut Held,
        mut state: HalfTally,
        step: LedgerStep,
        mut said: Vec<Body>,
    ) -> Result<(), SiteError> {
        state.ledger = Some(step.ledger);
        for event in &step.events {
            let (kind, text) = described(held.half.tally, state.status(), event);
            work.tx().tell([self.event(&held.half.holder, kind, text)]);
        }
        said.extend(step.send.into_iter().map(Body::Ledger));
        self.post_all(work, held, &state, said).await?;
        if let Some(change) = step.change {
            self.settle(work, held, state.open()?, &change).await?;
            held.relink(work, change);
        }
        self.wait_for_key(work, held, &state).await?;
        self.put(work, held, state);
        Ok(())
    }

    /// The half is in this state from now on; tells whoever watches where it is in another status.
    pub(crate) fn put(&self, work: &mut Work, held: &mut Held, state: HalfTally) {
        if state.status() != held.state.status() {
            let tally = held.half.tally.to_string();
            let text = serde_json::json!({ "tally": tally, "status": state.status() }).to_string();
            work.tx().tell([self.event(&held.half.holder, "status", text)]);
        }
        held.put(work, state, self.clock.now());
    }

    /// Puts what a half says into the outbox.
    pub(crate) async fn post_all(
        &self,
        work: &mut Work,
        held: &Held,
        state: &HalfTally,
        said: Vec<Body>,
    ) -> Result<(), SiteError> {
        if state.negotiation.partner().is_none() {
            return Ok(());
        }
        let half = &held.half;
        let mut room = None;
        let mut said_to = Vec::with_capacity(said.len());
        for body in said {
            if body.is_one_of_many() {
                let left = match room {
                    Some(left) => left,
                    None => MAX_WAITING.saturating_sub(work.waiting(half.id).await?),
                };
                room = Some(left.saturating_sub(1));
                if left == 0 {
                    continue;
                }
            }
            let token = match &body {
                Body::Negotiation(negotiation::Message::Answer { .. }) => {
                    let token = work.view().setting(&token_key(&half.tally)).await?;
                    token.and_then(|token| token.parse().ok())
                }
                Body::Negotiation(_)
                | Body::Ledger(_)
                | Body::Invoice(_)
                | Body::Lift(_)
                | Body::Freed(_) => None,
            };
            let Some((to, note)) = self.note(half, state, body) else { continue };
            let note = Note { token, ..note };
            said_to.push(Said { half: half.id, to, note, at: self.clock.now() });
        }
        work.say(said_to);
        Ok(())
    }
}

/// What a letter says.
fn read(letter: &Letter) -> Result<Note, SiteError> {
    Ok(Note::read(letter.letter.message.as_bytes())?)
}

/// Of which lifts a half tells the chits where it answers this.
pub(crate) async fn lifts_in_answer(
    view: &mut View,
    held: &mut Held,
    asked: &LedgerInput,
) -> Result<BTreeSet<LiftId>, SiteError> {
    let step = step(view, held, asked).await?;
    let lift = |chit: &Chit| match chit.entry {
        Entry::Lift { lift, .. } => Some(lift),
        _ => None,
    };
    Ok(step.send.iter().flat_map(|said| said.chits()).filter_map(lift).collect())
}

/// Decides a ledger's input, fetching what of the history it asks for.
async fn step(
    view: &mut View,
    held: &mut Held,
    input: &LedgerInput,
) -> Result<LedgerStep, SiteError> {
    let Held { state, history, half, .. } = held;
    let ledger = state.open()?;
    loop {
        match ledger.step(input.clone(), history) {
            Ok(step) => return Ok(step),
            Err(Stop::Refused(refusal)) => return Err(refusal.into()),
            Err(Stop::Missing(missing)) => history.fetch(view, half.id, missing).await?,
        }
    }
}

/// An event of a ledger as it is told.
pub(crate) fn described(
    tally: TallyId,
    status: &str,
    event: &ledger::Event,
) -> (&'static str, String) {
    use ledger::Event;
    let tally = tally.to_string();
    let (kind, value) = match event {
        Event::Linked { chit, effect } => {
            let chit = chit.to_string();
            let effect = effect.milli();
            ("chit", serde_json::json!({ "tally": tally, "chit": chit, "effect": effect }))
        }
        Event::OverLimit { chit } => {
            ("over_limit", serde_json::json!({ "tally": tally, "chit": chit.to_string() }))
        }
        Event::Conflict { chit, first, second } => {
            let (first, second) = (first.to_string(), second.to_string());
            let chit = chit.to_string();
            let value = serde_json::json!({
                "tally": tally, "chit": chit, "first": first, "second": second
            });
            ("conflict", value)
        }
        Event::Rekeyed { by, public } => {
            let key = public.name().to_string();
            ("rekeyed", serde_json::json!({ "tally": tally, "by": by.word(), "key": key }))
        }
        Event::KeyEnded { by } => {
            ("key_ended", serde_json::json!({ "tally": tally, "by": by.word() }))
        }
        Event::KeyAsked { by, request, public } => {
            let (by, request, key) = (by.word(), request.to_string(), public.name().to_string());
            let value = serde_json::json!({
                "tally": tally, "by": by, "request": request, "key": key
            });
            ("key_asked", value)
        }
        Event::KeyConsented { by, request, wait } => {
            let (by, request, wait_days) = (by.word(), request.to_string(), wait.days());
            let value = serde_json::json!({
                "tally": tally, "by": by, "request": request, "wait_days": wait_days
            });
            ("key_consented", value)
        }
        Event::KeyObjected { by, request } => {
            let (by, request) = (by.word(), request.to_string());
            ("key_objected", serde_json::json!({ "tally": tally, "by": by, "request": request }))
        }
        Event::Voided { chit, by } => {
            let chit = chit.to_string();
            ("void", serde_json::json!({ "tally": tally, "chit": chit, "by": by.word() }))
        }
        Event::Moved { by, agent } => (
            "moved",
            serde_json::json!({ "tally": tally, "by": by.word(), "agent": agent.to_string() }),
        ),
        Event::Freed { lift, by, free } => (
            "lift_freed",
            serde_json::json!({
                "tally": tally, "lift": lift.to_string(), "by": by.word(), "free": free
            }),
        ),
        Event::Compared => ("compared", serde_json::json!({ "tally": tally })),
        Event::Status(_) => {
            ("ledger_status", serde_json::json!({ "tally": tally, "status": status }))
        }
    };
    (kind, value.to_string())
}
