//! What other agents send: several notes at once are heard in one transaction, and what the halves say to them
//! goes back with the receipt.

use std::collections::BTreeMap;

use protocol::chit::{Chit, Entry};
use protocol::mail::{Fate, MOST_BYTES, MOST_NOTES, Reason, Receipt};
use protocol::note::{Body, Note};
use protocol::{AgentId, ChipAddress, LiftId};
use protocol::{Record as _, ledger, negotiation};

use super::remember_place;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::hear::Hears;

/// The most bytes of notes that go back with a receipt; its fates take the rest.
const MOST_BYTES_BACK: usize = MOST_BYTES - MOST_NOTES * 1024;

/// How much more a receipt takes of what goes back.
#[derive(Clone, Copy)]
struct Room {
    notes: usize,
    bytes: usize,
}

impl Site {
    /// Takes notes that an agent has sent: that it was this agent has been proved. Each is taken, or refused for
    /// a reason; what could not be read comes with its own. What was taken is kept when this returns; taking it
    /// once more changes nothing.
    pub async fn hear_from(&self, agent: AgentId, mail: Vec<Result<Note, Reason>>) -> Receipt {
        let mut fates = Vec::with_capacity(mail.len());
        let mut notes = Vec::with_capacity(mail.len());
        for note in mail {
            fates.push(match note {
                Err(reason) => Some(Fate::Refused(reason)),
                Ok(_) if notes.len() >= MOST_NOTES => Some(Fate::later("too many notes at once")),
                Ok(note) if note.from.agent != agent || self.is_ours(&agent) => {
                    let named = note.from.agent;
                    Some(Fate::refused(&format!("{agent} cannot speak for a user of {named}")))
                }
                Ok(note) => {
                    notes.push(note);
                    None
                }
            });
        }
        let (heard, notes) = self.hear_notes(agent, &notes).await;
        let mut heard = heard.into_iter();
        let nobody = || Fate::later("it was not heard");
        let fates = fates.into_iter();
        let fates = fates.map(|fate| fate.or_else(|| heard.next()).unwrap_or_else(nobody));
        Receipt { arrived: true, fates: fates.collect(), notes }
    }

    async fn hear_notes(&self, agent: AgentId, notes: &[Note]) -> (Vec<Fate>, Vec<String>) {
        let mut room = Room { notes: MOST_NOTES, bytes: MOST_BYTES_BACK };
        let is_word = |note: &Note| matches!(note.body, Body::Lift(_));
        let on_chain = |note: &Note| matches!(note.body, Body::Ledger(_) | Body::Invoice(_));
        if !(notes.iter().any(is_word) && notes.iter().any(on_chain)) {
            return self.hear_some(agent, notes, &mut room).await;
        }
        // What was said of a lift comes before its chits, and what follows from it too: else they are good by nothing yet.
        let (chain, before): (Vec<_>, Vec<_>) =
            notes.iter().cloned().enumerate().partition(|(_, note)| on_chain(note));
        let (mut fates, mut back) = (BTreeMap::new(), Vec::new());
        for part in [before, chain] {
            let (places, notes): (Vec<usize>, Vec<Note>) = part.into_iter().unzip();
            let (heard, mut said) = self.hear_some(agent, &notes, &mut room).await;
            fates.extend(places.into_iter().zip(heard));
            back.append(&mut said);
        }
        (fates.into_values().collect(), back)
    }

    /// Hears notes, in one transaction where that can be.
    async fn hear_some(
        &self,
        agent: AgentId,
        notes: &[Note],
        room: &mut Room,
    ) -> (Vec<Fate>, Vec<String>) {
        if notes.is_empty() {
            return (Vec::new(), Vec::new());
        }
        self.tend_these(&lifts_in(notes)).await;
        let _turn = self.queue.turn().await;
        let before = *room;
        if let Ok(heard) = self.hear_together(agent, notes, room).await {
            return heard;
        }
        *room = before;
        // One that cannot be heard must not take the others with it.
        let (mut fates, mut back) = (Vec::with_capacity(notes.len()), Vec::new());
        let mut warned = false;
        for note in notes {
            match self.hear_together(agent, std::slice::from_ref(note), room).await {
                Ok((mut fate, mut said)) => {
                    fates.append(&mut fate);
                    back.append(&mut said);
                }
                Err(error) => {
                    // Whoever sends to a damaged half must not fill the log either.
                    if matches!(error, SiteError::Store(_)) && !std::mem::replace(&mut warned, true)
                    {
                        tracing::warn!(%agent, error = error.word(), "cannot hear a note: {error}");
                    }
                    self.abroad.refuses(agent, error.word());
                    fates.push(Fate::later("the site's store cannot"));
                }
            }
        }
        (fates, back)
    }

    /// Hears notes in one transaction. Fails where one of them cannot be heard now, or was refused but not
    /// without a trace; a note that is alone is refused then, and leaves none.
    async fn hear_together(
        &self,
        agent: AgentId,
        notes: &[Note],
        room: &mut Room,
    ) -> Result<(Vec<Fate>, Vec<String>), SiteError> {
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        self.prepare_for(&mut batch, notes.iter()).await?;
        let mut fates = Vec::with_capacity(notes.len());
        let mut place = None;
        let mut asks = false;
        let mut asked = Vec::new();
        for note in notes {
            let changes = batch.work.changes();
            let error = match self.receive(&mut batch, note.clone()).await {
                Ok(()) => {
                    place = Some(note.from.endpoint.clone());
                    fates.push(Fate::Taken);
                    continue;
                }
                Err(error @ (SiteError::Store(_) | SiteError::History { .. })) => {
                    return Err(error);
                }
                Err(error) => error,
            };
            if let Some(ask) = self.asks_what_was_signed(&mut batch, note, &error).await? {
                asked.push(ask);
            }
            // Whoever sends must fill neither the store nor the log.
            tracing::debug!(%agent, error = error.word(), "a note was refused: {error}");
            self.abroad.refuses(agent, error.word());
            fates.push(fate(note, &error));
            if matches!(error, SiteError::Signature(_)) {
                // The half asks what its partner has.
                asks = true;
            } else if batch.work.changes() != changes {
                return if notes.len() == 1 { Ok((fates, Vec::new())) } else { Err(error) };
            }
        }
        asked.dedup();
        asked.truncate(room.notes);
        room.notes -= asked.len();
        if place.is_none() && !asks {
            return Ok((fates, asked));
        }
        if let Some(place) = place {
            remember_place(batch.work.tx(), agent, place).await?;
            self.abroad.answered(agent);
            if self.known.answers(agent, true) {
                // It is back: what waits for it need not wait longer.
                batch.work.tx().hasten(&agent, self.clock.now()).await?;
            }
        }
        if self.hears == Hears::AtOnce {
            self.hear(&mut batch).await?;
        }
        let mut back = self.said_back(&mut batch, agent, room)?;
        back.append(&mut asked);
        batch.commit(&[]).await?;
        Ok((fates, back))
    }

    /// A half speaks of chits to one that is not here. Where it would be a user's of this site, which then lost
    /// it or knows nothing of it, it is asked what both signed: that alone brings a half back ([`Site::rebuild`]).
    async fn asks_what_was_signed(
        &self,
        batch: &mut Batch,
        note: &Note,
        error: &SiteError,
    ) -> Result<Option<String>, SiteError> {
        let lost = match error {
            SiteError::NoTally { .. } => true,
            // A half that does not know its partner, or not any more.
            SiteError::NotPartner { .. } => batch
                .held(&note.to, note.tally)
                .is_some_and(|held| held.state.negotiation.partner().is_none()),
            _ => false,
        };
        let negotiates = matches!(note.body, Body::Negotiation(_));
        if !lost || negotiates || batch.user(&note.to).await?.is_none() {
            return Ok(None);
        }
        let from =
            ChipAddress { cuid: note.to.clone(), agent: self.agent, endpoint: self.endpoint() };
        let body = Body::Negotiation(negotiation::Message::Ask);
        let (tally, to) = (note.tally, note.from.cuid.clone());
        let ask = Note { tally, from, to, token: None, moved: None, body };
        Ok(Some(ask.to_text()?.to_string()))
    }

    /// What the halves say to that agent, as far as a receipt takes it; the rest is posted.
    fn said_back(
        &self,
        batch: &mut Batch,
        agent: AgentId,
        room: &mut Room,
    ) -> Result<Vec<String>, SiteError> {
        let endpoint = self.endpoint();
        let mut back = Vec::new();
        let mut left = Vec::new();
        for mut said in batch.work.take_said_to(agent) {
            said.note.from.endpoint.clone_from(&endpoint);
            let text = said.note.to_text()?.to_string();
            if room.notes > 0 && text.len() < room.bytes {
                room.notes -= 1;
                room.bytes -= text.len() + 1;
                back.push(text);
            } else {
                left.push(said);
            }
        }
        batch.work.say(left);
        Ok(back)
    }
}

/// The lifts whose chits are in these notes.
fn lifts_in(notes: &[Note]) -> Vec<LiftId> {
    let chits = notes.iter().filter_map(|note| match &note.body {
        Body::Ledger(message) if message.check_length().is_ok() => Some(message.chits()),
        _ => None,
    });
    let lift = |chit: &Chit| match chit.entry {
        Entry::Lift { lift, .. } => Some(lift),
        _ => None,
    };
    chits.flatten().filter_map(lift).collect()
}

/// What becomes of a note that was refused for this reason.
pub(crate) fn fate(note: &Note, error: &SiteError) -> Fate {
    let may_be_otherwise = match error {
        // A half that is gone for good unless its user brings back what both signed; of what nobody signed
        // nothing is left.
        SiteError::NoTally { .. } => match &note.body {
            Body::Negotiation(negotiation::Message::Tally(tally)) => {
                let sign = tally.members().sign.as_ref();
                sign.is_some_and(|sign| sign.stock.is_some() && sign.foil.is_some())
            }
            Body::Negotiation(_) => false,
            Body::Ledger(_) | Body::Invoice(_) | Body::Lift(_) | Body::Freed(_) => true,
        },
        // The word with what was decided may come after its chit; a word that is of no use now is of none later.
        SiteError::NoLift(_) => !matches!(note.body, Body::Lift(_)),
        SiteError::Part { .. } | SiteError::NoAgentKey => true,
        // A half that was restored, and has not compared yet.
        SiteError::State { .. } | SiteError::NotOpen { .. } | SiteError::MoveNotProved { .. } => {
            true
        }
        // The change of key may come after it; one user too may yet say something of the others that wait.
        SiteError::FreedNotProved { .. }
        | SiteError::Ledger(ledger::Refusal::TooManyFreed { .. }) => true,
        _ => false,
    };
    let reason = error.to_string();
    if may_be_otherwise { Fate::later(&reason) } else { Fate::refused(&reason) }
}
