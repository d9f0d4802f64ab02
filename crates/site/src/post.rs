//! The post: an input is taken by a half's machines, what they say goes into the outbox, and notes
//! between halves at this site are delivered from it.

use protocol::half::HalfTally;
use protocol::ledger::{self, Good, Input as LedgerInput, Step as LedgerStep, Stop};
use protocol::negotiation::{self, Governs, Input as NegotiationInput};
use protocol::note::{Body, Note};
use protocol::{ChipAddress, Cuid, Hash, Record, Verified};
use store::{Claim, Half, HalfFilter, Letter, NewLetter, Tx};

use crate::door::{Site, half_of, token_key};
use crate::error::SiteError;
use crate::half::{Kept, rows};
use crate::history::History;
use crate::invitation::Invitation;

/// How many letters are delivered in one transaction.
const AT_ONCE: u32 = 64;

/// For how long letters are claimed, in milliseconds: longer than any transaction takes.
const LEASE_MS: i64 = 60_000;

/// For how long a letter that nobody here can deliver waits, in milliseconds.
const LATER_MS: i64 = 60_000;

/// Something that happens to a half.
pub(crate) enum Input {
    Negotiation(NegotiationInput),
    Ledger(LedgerInput),
}

/// What became of it.
pub(crate) struct Outcome {
    pub(crate) holder: Cuid,
    pub(crate) state: HalfTally,
}

/// What a round of the post did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// Notes taken by halves here.
    pub delivered: usize,
    /// Notes that a half here refused; why is told as an event.
    pub refused: usize,
    /// Letters for other agents, which wait.
    pub waiting: usize,
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
        let mut tx = self.store.begin().await?;
        let owner = self.agent.to_string();
        let claim = Claim { owner: owner.clone(), now, lease: later(LEASE_MS), limit: AT_ONCE };
        let letters = tx.claim(&claim).await?;
        let mut posted = Posted::default();
        for letter in letters {
            if letter.letter.to != self.agent {
                tx.failed(&owner, &[letter.id], later(LATER_MS)).await?;
                posted.waiting += 1;
                continue;
            }
            match self.deliver(&mut tx, &letter).await {
                Ok(()) => posted.delivered += 1,
                Err(error @ (SiteError::Store(_) | SiteError::History { .. })) => {
                    return Err(error);
                }
                Err(refusal) => {
                    posted.refused += 1;
                    tx.tell([store::NewEvent {
                        user: None,
                        kind: "note_refused".to_owned(),
                        text: serde_json::json!({ "reason": refusal.to_string() }).to_string(),
                        at: now,
                    }]);
                }
            }
            tx.done(&[letter.id]).await?;
        }
        tx.commit().await?;
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
        loop {
            let page =
                self.store.read().await?.halves(&HalfFilter::default(), after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(spoke) };
            after = Some(last.id);
            for half in &page {
                spoke += usize::from(self.remind_half(half).await?);
            }
        }
    }

    async fn remind_half(&self, half: &Half) -> Result<bool, SiteError> {
        let state = HalfTally::of(half)?;
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
        if state.ledger.as_ref().is_some_and(|ledger| ledger.agreed() < ledger.head().index) {
            inputs.push(Input::Ledger(LedgerInput::Remind));
        }
        if inputs.is_empty() {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        for input in inputs {
            let half = half_of(&mut tx, &half.holder, half.tally).await?;
            self.take(&mut tx, half, input).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn deliver(&self, tx: &mut Tx, letter: &Letter) -> Result<(), SiteError> {
        let note = Note::read(letter.letter.message.as_bytes())?;
        self.receive(tx, note).await
    }

    /// Takes a note whose sending agent is the one in its `from`.
    pub(crate) async fn receive(&self, tx: &mut Tx, note: Note) -> Result<(), SiteError> {
        let Note { tally, from, to, token, body } = note;
        let half = half_of(tx, &to, tally).await?;
        let state = HalfTally::of(&half)?;
        let from = from.short();
        match state.negotiation.partner() {
            Some(partner) if partner.chad.short() == from => {}
            Some(_) => return Err(SiteError::NotPartner { tally, from }),
            None => {
                let Body::Negotiation(negotiation::Message::Answer { cert }) = &body else {
                    return Err(SiteError::NotPartner { tally, from });
                };
                if cert.chad.short() != from {
                    return Err(SiteError::NotPartner { tally, from });
                }
                self.redeem(tx, &half, token).await?;
            }
        }
        if matches!(body, Body::Negotiation(negotiation::Message::Answered)) {
            tx.set(&token_key(&tally), None).await?;
        }
        let input = match body {
            Body::Negotiation(message) => {
                Input::Negotiation(NegotiationInput::Receive(message.check()?))
            }
            Body::Ledger(message) => {
                message.check_length()?;
                let keys = state.open()?.keys();
                let good = |chit| Ok::<_, SiteError>(Good::of(Verified::check(chit, keys)?)?);
                Input::Ledger(LedgerInput::Receive(message.try_map(good)?))
            }
        };
        self.take(tx, half, input).await?;
        Ok(())
    }

    /// An invitation is answered: its token counts once.
    async fn redeem(&self, tx: &mut Tx, half: &Half, token: Option<Hash>) -> Result<(), SiteError> {
        let token = token.ok_or(SiteError::Invitation("was answered without its token"))?;
        let kept = Invitation::kept(&token);
        let invite = tx.invite(&kept).await?;
        let invite = invite
            .filter(|invite| invite.holder == half.holder && invite.text == half.tally.to_string());
        let invite = invite.ok_or(SiteError::Invitation("is not known, or was answered"))?;
        if invite.expires.is_some_and(|expires| expires <= self.clock.now()) {
            return Err(SiteError::Invitation("has expired"));
        }
        tx.drop_invite(&kept).await?;
        Ok(())
    }

    /// A half takes an input: decided by its machines, kept with what follows from it.
    pub(crate) async fn take(
        &self,
        tx: &mut Tx,
        half: Half,
        input: Input,
    ) -> Result<Outcome, SiteError> {
        let state = HalfTally::of(&half)?;
        match input {
            Input::Negotiation(input) => self.negotiate(tx, half, state, input).await,
            Input::Ledger(input) => {
                let step = self.step(tx, &half, &state, &input).await?;
                self.keep(tx, half, state, step, Vec::new()).await
            }
        }
    }

    async fn negotiate(
        &self,
        tx: &mut Tx,
        half: Half,
        state: HalfTally,
        input: NegotiationInput,
    ) -> Result<Outcome, SiteError> {
        let done = state.negotiate(input, self.clock.now())?;
        let (status, state) = (state.status(), done.half);
        let said = done.send.into_iter().map(Body::Negotiation).collect();
        if let (Some(Governs::Higher(tally)), Some(ledger)) = (&done.governs, &state.ledger) {
            let mut history = History::default();
            let step = loop {
                match ledger.rebase(tally, &history) {
                    Ok(step) => break step,
                    Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                    Err(Stop::Missing(missing)) => history.fetch(tx, half.id, missing).await?,
                }
            };
            return self.keep(tx, half, state, step, said).await;
        }
        self.post_all(tx, &half, &state, said).await?;
        if state.status() != status {
            self.tell_status(tx, &half, &state);
        }
        self.put(tx, half, state).await
    }

    /// Decides a ledger's input, fetching what of the history it asks for.
    async fn step(
        &self,
        tx: &mut Tx,
        half: &Half,
        state: &HalfTally,
        input: &LedgerInput,
    ) -> Result<LedgerStep, SiteError> {
        let ledger = state.open()?;
        let mut history = History::default();
        loop {
            match ledger.step(input.clone(), &history) {
                Ok(step) => return Ok(step),
                Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                Err(Stop::Missing(missing)) => history.fetch(tx, half.id, missing).await?,
            }
        }
    }

    /// Keeps what a ledger decided.
    async fn keep(
        &self,
        tx: &mut Tx,
        half: Half,
        mut state: HalfTally,
        step: LedgerStep,
        mut said: Vec<Body>,
    ) -> Result<Outcome, SiteError> {
        let status = half.row.status.clone();
        state.ledger = Some(step.ledger);
        if let Some(change) = &step.change {
            let links = rows(half.id, &state, change)?;
            if change.keep == half.row.head_index {
                tx.append(&links).await?;
            } else {
                tx.relink(half.id, change.keep, &links).await?;
            }
        }
        for event in &step.events {
            let (kind, text) = described(&state, event);
            tx.tell([self.event(&half.holder, kind, text)]);
        }
        if state.status() != status {
            self.tell_status(tx, &half, &state);
        }
        said.extend(step.send.into_iter().map(Body::Ledger));
        self.post_all(tx, &half, &state, said).await?;
        self.put(tx, half, state).await
    }

    fn tell_status(&self, tx: &mut Tx, half: &Half, state: &HalfTally) {
        let tally = half.tally.to_string();
        let text = serde_json::json!({ "tally": tally, "status": state.status() }).to_string();
        tx.tell([self.event(&half.holder, "status", text)]);
    }

    async fn put(
        &self,
        tx: &mut Tx,
        mut half: Half,
        state: HalfTally,
    ) -> Result<Outcome, SiteError> {
        half.row = state.row(self.clock.now())?;
        tx.put_halves(std::slice::from_ref(&half)).await?;
        Ok(Outcome { holder: half.holder, state })
    }

    /// Puts what a half says into the outbox.
    async fn post_all(
        &self,
        tx: &mut Tx,
        half: &Half,
        state: &HalfTally,
        said: Vec<Body>,
    ) -> Result<(), SiteError> {
        let Some(partner) = state.negotiation.partner() else { return Ok(()) };
        let (to, agent) = (partner.chad.cuid.clone(), partner.chad.agent);
        let mut letters = Vec::with_capacity(said.len());
        for body in said {
            let token = match &body {
                Body::Negotiation(negotiation::Message::Answer { .. }) => {
                    let token = tx.setting(&token_key(&half.tally)).await?;
                    token.and_then(|token| token.parse().ok())
                }
                Body::Negotiation(_) | Body::Ledger(_) => None,
            };
            let key = body.kind().to_owned();
            let from = ChipAddress { cuid: half.holder.clone(), agent: self.agent, endpoint: None };
            let note = Note { tally: half.tally, from, to: to.clone(), token, body };
            let message = note.to_text()?.to_string();
            let at = self.clock.now();
            letters.push(NewLetter { half: Some(half.id), to: agent, key, message, at });
        }
        Ok(tx.post(&letters).await?)
    }
}

/// An event of a ledger as it is told.
fn described(state: &HalfTally, event: &ledger::Event) -> (&'static str, String) {
    use ledger::Event;
    let tally = state.negotiation.tally().to_string();
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
        Event::Status(_) => {
            ("ledger_status", serde_json::json!({ "tally": tally, "status": state.status() }))
        }
    };
    (kind, value.to_string())
}
