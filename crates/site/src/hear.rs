//! Notes as they are heard: a half takes what its partner's half says. What halves at this site say to
//! each other is heard in the transaction in which it is said; the rest is brought by the post.

use protocol::invoice::Input as InvoiceInput;
use protocol::ledger::{self, Input as LedgerInput};
use protocol::mail::Fate;
use protocol::negotiation::{self, Input as NegotiationInput};
use protocol::note::{Body, Note};
use protocol::{TallyId, Timestamp};
use store::NewEvent;

use crate::abroad::{fate, unheard};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept;
use crate::invitation::token_key;
use crate::inviting::answered;
use crate::lift::check_all;
use crate::moved::is_party;
use crate::planted::{self, Planted};
use crate::post::{Input, Posted, lifts_in_answer};

/// How often halves may answer each other within one transaction. A payment takes two rounds, the
/// longest exchange that one command causes takes four; what is beyond goes by the post.
const ROUNDS: usize = 8;

/// When halves at one site hear each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hears {
    /// In the transaction that causes it: both halves change together.
    #[default]
    AtOnce,
    /// From the outbox, as if they were at two sites: for whoever wants to see each step, or a half
    /// whose partner's half is damaged.
    ByPost,
}

impl Site {
    /// Has halves here hear what is said to them in this batch, and their partners here what they
    /// answer to it. What is left is posted.
    pub(crate) async fn hear(&self, batch: &mut Batch) -> Result<Posted, SiteError> {
        let mut posted = Posted::default();
        for _ in 0..ROUNDS {
            let notes = batch.work.take_notes_for(self.agent);
            if notes.is_empty() {
                break;
            }
            self.prepare_for(batch, notes.iter()).await?;
            for note in notes {
                self.hear_one(batch, Ok(note), &mut posted).await?;
            }
        }
        Ok(posted)
    }

    /// A half hears a note, or refuses it, which is told.
    pub(crate) async fn hear_one(
        &self,
        batch: &mut Batch,
        note: Result<Note, SiteError>,
        posted: &mut Posted,
    ) -> Result<(), SiteError> {
        let said = note.as_ref().ok().cloned();
        let heard = match note {
            Ok(note) => self.receive(batch, note).await,
            Err(error) => Err(error),
        };
        match heard {
            Ok(()) => posted.delivered += 1,
            Err(error @ (SiteError::Store(_) | SiteError::History { .. })) => return Err(error),
            Err(refusal) => {
                posted.refused += 1;
                batch.work.tx().tell([refused(&refusal, self.clock.now())]);
                if let Some(note) = said {
                    self.refused_here(batch, &note, &refusal).await?;
                }
            }
        }
        Ok(())
    }

    /// What a half here will never take, the half that said it does not say again.
    async fn refused_here(
        &self,
        batch: &mut Batch,
        note: &Note,
        refusal: &SiteError,
    ) -> Result<(), SiteError> {
        let for_good =
            note.from.agent == self.agent && matches!(fate(note, refusal), Fate::Refused(_));
        let Some(input) = unheard(note).filter(|_| for_good) else { return Ok(()) };
        match batch.hold(&note.from.cuid, note.tally).await {
            Ok((held, work)) => self.take(work, held, Input::Negotiation(input)).await,
            Err(error @ SiteError::Store(_)) => Err(error),
            Err(_) => Ok(()),
        }
    }

    /// Asks the store, in few questions, for what these notes need.
    pub(crate) async fn prepare_for(
        &self,
        batch: &mut Batch,
        notes: impl Iterator<Item = &Note> + Clone,
    ) -> Result<(), SiteError> {
        let unknown = notes.clone().filter(|note| batch.held(&note.to, note.tally).is_none());
        let tallies: Vec<TallyId> = unknown.map(|note| note.tally).collect();
        batch.load_tallies(&tallies).await?;
        let mut names = Vec::new();
        for Note { to, tally, body, .. } in notes {
            let Body::Ledger(message) = body else { continue };
            if message.check_length().is_err() {
                continue;
            }
            let held = batch.held(to, *tally);
            let Some(ledger) = held.and_then(|held| held.state.ledger.as_ref()) else { continue };
            for chit in message.chits() {
                // Whatever is wrong with it is said when its turn comes.
                if let Ok(good) = self.good(ledger, chit) {
                    names.push((to.clone(), *tally, chit.uuid, good.hash()));
                }
            }
        }
        batch.look_up(&names).await
    }

    /// Takes a note whose sending agent is the one in its `from`.
    pub(crate) async fn receive(&self, batch: &mut Batch, note: Note) -> Result<(), SiteError> {
        let mut invite = self.half_for_answer(batch, &note).await?;
        // Rare, and large: not part of what every note costs.
        Box::pin(self.rebuild(batch, &note)).await?;
        let (held, work) = batch.hold(&note.to, note.tally).await?;
        // A half that went back to before it knew its partner has nobody to follow before it knows it again.
        let shown = shows_partner(&note);
        let followed = match held.state.partner() {
            None => !shown,
            Some(_) if self.comes_by_another(held, &note) => self.follow(work, held, &note).await?,
            Some(_) => true,
        };
        let word = note.moved.filter(|_| !followed);
        let Note { tally, from, to, token, body, .. } = note;
        let (held, _) = batch.hold(&to, tally).await?;
        let confirmed = matches!(body, Body::Negotiation(negotiation::Message::Answered));
        match held.state.negotiation.partner() {
            // It is the one, or has shown that it is now.
            Some(_) => {}
            // A half that went back to before it knew its partner: what its user signed names it, and
            // whether its user did is checked below, as ever.
            None if shown => {}
            None => {
                let Body::Negotiation(negotiation::Message::Answer { cert }) = &body else {
                    return Err(SiteError::NotPartner { tally, from: from.short() });
                };
                if !cert.chad.same_user(&from) {
                    return Err(SiteError::NotPartner { tally, from: from.short() });
                }
                let token = token.ok_or(SiteError::Invitation("was answered without its token"))?;
                if invite.is_none() {
                    invite = Some(self.judge_answer_to_one(batch, &to, tally, cert, token).await?);
                }
            }
        }
        let (held, work) = batch.hold(&to, tally).await?;
        // It speaks of a tally that both signed; this half has lost that, or it was overtaken. What the
        // partner said it says again, once this half knows: nothing waits behind it until then.
        if held.state.ledger.is_none() && !matches!(body, Body::Negotiation(_)) {
            let ask = Input::Negotiation(NegotiationInput::Compare);
            return self.take(work, held, ask).await;
        }
        let was_restored = matches!(&body, Body::Ledger(ledger::Message::Ask { .. }));
        // It went back, or was lost: what it may lack is said again.
        if was_restored || matches!(&body, Body::Ledger(ledger::Message::Req { .. })) {
            self.tell_of_freed_again(work, held).await?;
        }
        let input = match body {
            Body::Negotiation(message) => {
                Input::Negotiation(NegotiationInput::Receive(message.check()?))
            }
            Body::Ledger(message) => {
                message.check_length()?;
                let ledger = held.state.open()?;
                let chits = message.chits().to_vec();
                // Some may have a key that comes with them.
                let signed = |chits| self.good_all(ledger, chits, ledger::Ledger::prove_in_order);
                let good =
                    match check_all(work.view(), &self.known, &held.half, chits, signed).await {
                        Ok(good) => good,
                        Err(SiteError::Signature(fault)) => {
                            // A lie, or a half that went back to before a change of key: then the
                            // partner says what is missing.
                            let compare = Input::Ledger(LedgerInput::Compare);
                            self.take(work, held, compare).await?;
                            return Err(fault.into());
                        }
                        Err(error) => return Err(error),
                    };
                let mut good = good.into_iter();
                // One for each, in their order.
                let message = message.try_map(|chit| {
                    good.next().ok_or(ledger::Refusal::NotALift { chit: chit.uuid })
                })?;
                let message = match self.planted {
                    Some(Planted::WrongOrder) => planted::head_as_it_comes(tally, message),
                    _ => message,
                };
                if self.has(Planted::DoubleApply) {
                    held.again += planted::heard_again(held, &message);
                }
                Input::Ledger(LedgerInput::Receive(message))
            }
            Body::Invoice(message) => {
                let ledger = held.state.open()?;
                let message = message.try_map(|invoice| ledger.prove_invoice(&invoice))?;
                Input::Invoice(InvoiceInput::Receive(message))
            }
            Body::Freed(freed) => return Box::pin(self.hear_freed(work, held, *freed)).await,
            Body::Lift(word) => {
                return Box::pin(self.hear_word(batch, (&to, tally), from.agent, *word)).await;
            }
        };
        if let (true, Input::Ledger(ask)) = (was_restored, &input) {
            let lifts = lifts_in_answer(work.view(), held, ask).await?;
            self.tell_of_lifts_again(work, held, lifts).await?;
        }
        self.take(work, held, input).await?;
        if was_restored && held.state.waiting().partner.is_some() {
            // This half's own questions may be lost too, or their answers.
            self.take(work, held, Input::Negotiation(NegotiationInput::Compare)).await?;
            self.take(work, held, Input::Invoice(InvoiceInput::Compare)).await?;
        }
        if let Some(moved) = word {
            self.follow_to(work, held, moved).await?;
        }
        // Only now: an answer that was refused leaves the invitation as good as it was.
        if let Some(invite) = invite {
            answered(work, invite).await?;
        }
        if confirmed {
            work.tx().set(&token_key(&tally), None).await?;
        }
        Ok(())
    }
}

/// Whether this is a tally that both signed, with whoever sends it, be it by an agent that its user signed for.
fn shows_partner(note: &Note) -> bool {
    let Body::Negotiation(negotiation::Message::Tally(tally)) = &note.body else { return false };
    let sign = tally.members().sign.as_ref();
    sign.is_some_and(|sign| sign.stock.is_some() && sign.foil.is_some())
        && protocol::Side::BOTH.into_iter().any(|side| is_party(tally, side, note))
}

/// What is told of a note that was refused.
fn refused(refusal: &SiteError, at: Timestamp) -> NewEvent {
    let text = serde_json::json!({ "reason": refusal.to_string() }).to_string();
    NewEvent { user: None, kind: "note_refused".to_owned(), text, at }
}
