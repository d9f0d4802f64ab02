//! A half that was restored from a backup, and so went back: what it waits for, and what it takes until
//! then (protocol §5). What others may know of the time after the backup is told by the partner's half,
//! and by the holder's device.
//!
//! Until the partner's half has answered a question that was asked after the restore, a chit of the
//! holder's could have a name or a counter that one has which got lost; and a foil that linked anything could give
//! it the place of what was there. So nothing is written then, and a foil links nothing but the answer. Lifts
//! wait for both, the partner and the device.

use serde::{Deserialize, Serialize};

use super::Ledger;
use super::chain::{Good, Head, Links};
use super::message::{MAX_CHITS_IN_UPD, Message};
use super::refusal::{Refusal, Stop};
use super::step::{Event, Step};
use crate::side::Side;
use crate::{ChitId, Hash};

/// What a half that was restored from a backup still waits for. Nothing, of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The question to which the partner's half has not answered yet: drawn at the restore, so that no
    /// answer from before it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<Hash>,
    /// Whether the holder's device has yet to bring back what it keeps, or to say that it has no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub device: bool,
}

impl Waiting {
    /// Whether it waits for nothing.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.partner.is_none() && !self.device
    }
}

impl Ledger {
    /// This half as it is after a restore: it waits for its holder's device, and for an answer to this
    /// question. None where the partner's half went back to the very same chain, so that there is
    /// nothing to ask.
    #[must_use]
    pub fn went_back(&self, question: Option<Hash>) -> Self {
        Self { waiting: Waiting { partner: question, device: true }, ..self.clone() }
    }

    /// What it waits for.
    #[must_use]
    pub const fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Refuses what a half must not take before its partner's has answered.
    pub(super) const fn compared(&self, chit: ChitId) -> Result<(), Refusal> {
        if self.waiting.partner.is_some() { Err(Refusal::ToCompare { chit }) } else { Ok(()) }
    }

    /// The order is the foil's: what it links before it has compared could not be undone.
    pub(super) fn may_link(&self, chits: &[Good]) -> Result<(), Refusal> {
        match (self.side, chits.first()) {
            (Side::Foil, Some(first)) => self.compared(first.chit().uuid),
            (Side::Foil, None) | (Side::Stock, _) => Ok(()),
        }
    }

    /// "Tell me what I lack": as after a restore, or as ever.
    pub(super) fn question(&self, links: &impl Links) -> Result<Message, Stop> {
        let locator = self.locator(links)?;
        Ok(match self.waiting.partner {
            Some(question) => Message::Ask { locator, question },
            None => Message::Req { locator },
        })
    }

    /// The answer to a partner that was restored. It may have had this half's own question, and lost that with
    /// its answer: where it hears all there is, it is asked once more.
    pub(super) fn tell(
        &self,
        locator: &[Head],
        question: Hash,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        let mut step = self.answer(locator, links)?;
        let mut all = true;
        for said in &mut step.send {
            if let Message::Upd { base, chits, head } = said {
                let (base, chits, head) = (*base, std::mem::take(chits), *head);
                all &= chits.len() < MAX_CHITS_IN_UPD;
                *said = Message::Tell { question, base, chits, head };
            }
        }
        if all && self.waiting.partner.is_some() {
            step.send.push(self.question(links)?);
        }
        Ok(step)
    }

    /// The partner's answer. It shows that the two agree where it tells all that the partner has, and
    /// what it has is now here.
    pub(super) fn told(
        &self,
        question: Hash,
        base: Head,
        chits: Vec<Good>,
        head: Head,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        let (ours, all) = (self.waiting.partner == Some(question), chits.len() < MAX_CHITS_IN_UPD);
        if ours && !self.stands(base, links)? {
            return Ok(self.unchanged(vec![self.question(links)?]));
        }
        let mut step = match self.side {
            Side::Stock => self.conform(base, chits, head, links)?,
            // To a question from before: linked now, it could take the place of what was there.
            Side::Foil if !ours && self.waiting.partner.is_some() => {
                return Ok(self.unchanged(vec![self.question(links)?]));
            }
            Side::Foil => self.order(base, chits, links)?,
        };
        if ours && all {
            step.ledger.waiting.partner = None;
            step.events.push(Event::Compared);
        } else if ours {
            // One thing at a time: what there is to say of these follows once all is here.
            step.send.clear();
            step.say(|ledger, links| Ok(vec![ledger.question(links)?]), links)?;
        }
        Ok(step)
    }
}
