//! `HalfTally`: one half of a tally through its whole life. It is negotiated first; once both signed
//! it has a ledger, and may still be negotiated anew.

use std::sync::Arc;

use crate::ledger::{self, Ledger, Status, Waiting};
use crate::moved::Moved;
use crate::negotiation::{Event, Given, Governs, Input, Message, Negotiation, Refusal};
use crate::side::Side;
use crate::{AgentId, ChipAddress, Hash, SignatureFault, Tally, Timestamp, Verified};

/// One half of a tally. The two parts change apart: a chit touches the ledger only, so a store keeps
/// the negotiation, which holds whole records, where it is not written with every chit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HalfTally {
    /// What was and is negotiated; shared by all later states, until it changes.
    pub negotiation: Arc<Negotiation>,
    /// The ledger, from the moment that both signed.
    pub ledger: Option<Ledger>,
    /// Of a half that was restored from a backup before it had a ledger: the question with which the
    /// ledger begins, as its partner's may be far ahead ([`Ledger::went_back`]).
    pub restored: Option<Hash>,
}

/// What an input to the negotiation does to the half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The half from now on.
    pub half: HalfTally,
    /// A tally that governs from now on: with the first the ledger is there already; a higher one
    /// is still to be taken over by the ledger.
    pub governs: Option<Governs>,
    /// What to tell the partner.
    pub send: Vec<Message>,
    /// What people may want to know.
    pub events: Vec<Event>,
}

impl HalfTally {
    /// A half that nobody has signed.
    #[must_use]
    pub fn new(negotiation: Negotiation) -> Self {
        Self { negotiation: Arc::new(negotiation), ledger: None, restored: None }
    }

    /// This half as it is after a restore: its ledger, now or once there is one, waits for an answer to
    /// this question, and its own offer is not known to be delivered; see [`Ledger::went_back`] for none.
    #[must_use]
    pub fn went_back(&self, question: Option<Hash>) -> Self {
        let ledger = self.ledger.as_ref().map(|ledger| ledger.went_back(question));
        let restored = if ledger.is_none() { question } else { None };
        let negotiation = question.and_then(|_| self.negotiation.went_back());
        let negotiation = negotiation.map_or_else(|| Arc::clone(&self.negotiation), Arc::new);
        Self { negotiation, ledger, restored }
    }

    /// What it waits for, where it was restored; before it has a ledger, that its ledger will.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let begun = self.ledger.as_ref().map(Ledger::waiting);
        begun.unwrap_or(Waiting { partner: self.restored, device: self.restored.is_some() })
    }

    /// Who the partner is, and by which agent it speaks; none while it is not known.
    #[must_use]
    pub fn partner(&self) -> Option<ChipAddress> {
        let chad = self.negotiation.partner()?.chad.clone();
        Some(match self.moved(self.negotiation.side().other()) {
            Some(moved) if moved.agent != chad.agent => {
                ChipAddress { agent: moved.agent, endpoint: None, ..chad }
            }
            _ => chad,
        })
    }

    /// What the user on a side said last about its agent ([`Moved`]).
    #[must_use]
    pub fn moved(&self, side: Side) -> Option<&Moved> {
        match &self.ledger {
            Some(ledger) => ledger.moved(side),
            None => self.negotiation.moved(side),
        }
    }

    /// The agent that speaks for the user on a side; none while that user is not known.
    #[must_use]
    pub fn agent(&self, side: Side) -> Option<AgentId> {
        let named = || self.negotiation.cert(side).map(|cert| cert.chad.agent);
        self.moved(side).map(|moved| moved.agent).or_else(named)
    }

    /// Checks the signature of a user's word about its agent: [`Ledger::prove_moved`], or before there is a ledger
    /// by the key in the user's cert.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn prove_moved(&self, moved: Moved) -> Result<Verified<Moved>, SignatureFault> {
        if let Some(ledger) = &self.ledger {
            return ledger.prove_moved(moved);
        }
        let cert = self.negotiation.cert(moved.by).filter(|_| moved.key.is_none());
        let cert = cert.ok_or(SignatureFault::Wrong { by: moved.by.word() })?;
        Verified::check(moved, &cert.public)
    }

    /// This half, which has no ledger yet, with a user's word about its agent; the ledger takes it over. None where
    /// it knows that very word.
    ///
    /// # Errors
    /// As [`Ledger::step`] with [`crate::ledger::Input::Moved`].
    pub fn with_moved(&self, moved: &Verified<Moved>) -> Result<Option<Self>, ledger::Refusal> {
        let tally = self.negotiation.tally();
        if moved.tally != tally {
            return Err(ledger::Refusal::MovedOther { named: moved.tally, tally });
        }
        if let Some(before) = self.negotiation.moved(moved.by) {
            if *before == **moved {
                return Ok(None);
            }
            if !moved.overtakes(before) {
                let (by, in_force) = (moved.by, before.counter.get());
                return Err(ledger::Refusal::StaleMove { by, in_force });
            }
        }
        let negotiation = Arc::new(self.negotiation.with_moved(**moved));
        Ok(Some(Self { negotiation, ..self.clone() }))
    }

    /// Where the tally stands, as a user sees it: the negotiation's word until it is open, the
    /// ledger's once it closes.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.ledger.as_ref().map(Ledger::status) {
            Some(Status::Closing) => "C.open",
            Some(Status::Closed) => "close",
            Some(Status::Open) | None => self.negotiation.status().word(),
        }
    }

    /// The offer on the table, and whose it is: none while the tally is closed, as nobody can accept it.
    #[must_use]
    pub fn offer(&self) -> Option<(&Tally, Side)> {
        self.negotiation.offer().filter(|_| !self.is_closed())
    }

    fn is_closed(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.status() == Status::Closed)
    }

    fn is_rekeyed(&self) -> bool {
        self.ledger.as_ref().is_some_and(Ledger::is_about_keys)
    }

    /// Whether the holder may say something about keys: not while the partner may accept an offer that bears
    /// the old one.
    ///
    /// # Errors
    /// [`Refusal::OfferOut`].
    pub fn may_rekey(&self) -> Result<(), Refusal> {
        match self.negotiation.offer() {
            Some((_, by)) if by == self.negotiation.side() => {
                Err(Refusal::OfferOut { tally: self.negotiation.tally() })
            }
            _ => Ok(()),
        }
    }

    /// Decides an input to the negotiation.
    ///
    /// # Errors
    /// [`Refusal`] as [`Negotiation::step`]; [`Refusal::Rekeyed`] for another revision once
    /// something was said about keys, which the certs in it could undo.
    pub fn negotiate(&self, input: Input, now: Timestamp) -> Result<Negotiated, Refusal> {
        let rekeyed = || Refusal::Rekeyed { tally: self.negotiation.tally() };
        if self.is_rekeyed()
            && matches!(input, Input::Draft(_) | Input::Offer(_) | Input::Accept(_))
        {
            return Err(rekeyed());
        }
        let step = self.negotiation.step(input, Given { now, closed: self.is_closed() })?;
        if self.is_rekeyed() && matches!(step.governs, Some(Governs::Higher(_))) {
            return Err(rekeyed());
        }
        let ledger = match &step.governs {
            Some(Governs::Opens(tally)) => {
                let words = Side::BOTH.map(|side| self.negotiation.moved(side).copied());
                let ledger = Ledger::open(tally, self.negotiation.side())?
                    .with_words(words.into_iter().flatten());
                Some(self.restored.map_or(ledger.clone(), |asked| ledger.went_back(Some(asked))))
            }
            Some(Governs::Higher(_)) | None => self.ledger.clone(),
        };
        let restored = if ledger.is_none() { self.restored } else { None };
        // What stays as it was is the same one, so that whoever keeps it sees that there is nothing to keep.
        let negotiation = if step.negotiation == *self.negotiation {
            Arc::clone(&self.negotiation)
        } else {
            Arc::new(step.negotiation)
        };
        let half = Self { negotiation, ledger, restored };
        Ok(Negotiated { half, governs: step.governs, send: step.send, events: step.events })
    }
}
