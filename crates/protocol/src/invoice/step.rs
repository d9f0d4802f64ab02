//! What a half does with an input about invoices: `step` takes a state and an input and gives the
//! next state, what to send and what to tell people. The partner's messages are in `receive.rs`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Invoice;
use super::invoices::{Fate, Invoices, Kept, Status, in_time};
use super::refusal::Refusal;
use crate::chit::{Chit, Entry, Positive};
use crate::ledger::Good;
use crate::{ChitId, SignatureFault, Timestamp, Verified};

/// Why a payer refuses, in its own words.
pub type Reason = crate::negotiation::Reason;

/// A message from one half to the other; `I` is an invoice, or one whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message<I = Invoice> {
    /// An invoice in its latest version.
    Invoice(Box<I>),
    /// "I have heard of this version": that you ask, or that you refuse.
    Received {
        /// The invoice.
        chit: ChitId,
        /// The version.
        revision: NonZeroU32,
    },
    /// "I will not pay this."
    Refused {
        /// The invoice.
        chit: ChitId,
        /// The version.
        revision: NonZeroU32,
        /// Why.
        reason: Option<Reason>,
    },
    /// "I may have lost something: tell me of all invoices."
    Ask,
}

impl<I> Message<I> {
    /// The same message with its invoice checked, or whatever else `check` does to it.
    ///
    /// # Errors
    /// What `check` gives.
    pub fn try_map<J>(
        self,
        check: impl FnOnce(I) -> Result<J, SignatureFault>,
    ) -> Result<Message<J>, SignatureFault> {
        Ok(match self {
            Self::Invoice(invoice) => Message::Invoice(Box::new(check(*invoice)?)),
            Self::Received { chit, revision } => Message::Received { chit, revision },
            Self::Refused { chit, revision, reason } => Message::Refused { chit, revision, reason },
            Self::Ask => Message::Ask,
        })
    }
}

/// Something that happens to a half's invoices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::large_enum_variant, reason = "handed over once, never kept")]
pub enum Input {
    /// The holder asks for value: a new invoice, the next version of one, or one taken back.
    Propose(Box<Verified<Invoice>>),
    /// The holder will not pay.
    Refuse {
        /// The invoice.
        chit: ChitId,
        /// The version that it saw.
        revision: NonZeroU32,
        /// Why.
        reason: Option<Reason>,
    },
    /// A good chit was linked at this half; most have nothing to do with any invoice.
    Linked(Good),
    /// A message from the partner's agent, its signature checked.
    Receive(Message<Verified<Invoice>>),
    /// Some time has passed: say again what the partner has not confirmed.
    Remind,
    /// Compare the two halves from scratch, as after a restore.
    Compare,
    /// Some time has passed: invoices may have expired.
    Tick,
}

/// What has to be known besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Given {
    /// The time.
    pub now: Timestamp,
    /// Whether a chit with the name of the invoice at hand is linked at this half.
    pub linked: bool,
}

/// What an input does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state from now on.
    pub invoices: Invoices,
    /// What to tell the partner. Losing it loses nothing: [`Input::Remind`] says it again.
    pub send: Vec<Message>,
    /// What people may want to know.
    pub events: Vec<Event>,
}

/// Something that people may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The partner asks for value, for the first time or in another version.
    Asked {
        /// The invoice.
        chit: ChitId,
        /// What it asked for before.
        before: Option<Positive>,
        /// What it asks for now.
        units: Positive,
    },
    /// An invoice stands elsewhere than before.
    Status {
        /// The invoice.
        chit: ChitId,
        /// Where.
        status: Status,
    },
    /// An open invoice has expired.
    Expired {
        /// The invoice.
        chit: ChitId,
    },
    /// A message changed nothing; this is why.
    Passed(Refusal),
}

impl Invoices {
    /// Decides an input.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing happens. A partner's message that is merely late or repeated is
    /// no error: it is answered, so that the partner need not say it again, and passed over.
    pub fn step(&self, input: Input, given: Given) -> Result<Step, Refusal> {
        match input {
            Input::Propose(invoice) => self.propose(invoice.into_inner(), given),
            Input::Refuse { chit, revision, reason } => self.refuse(chit, revision, reason),
            Input::Linked(good) => Ok(self.linked(good.chit())),
            Input::Receive(message) => self.receive(message, given),
            Input::Remind => Ok(self.unchanged(self.due())),
            Input::Compare => Ok(self.unchanged(vec![Message::Ask])),
            Input::Tick => Ok(self.tick(given.now)),
        }
    }

    pub(super) fn unchanged(&self, send: Vec<Message>) -> Step {
        Step { invoices: self.clone(), send, events: Vec::new() }
    }

    /// What the partner is not known to have heard.
    fn due(&self) -> Vec<Message> {
        let untold = self.kept.values().filter(|kept| !kept.told);
        let word = |kept: &Kept| {
            if kept.invoice.by == self.side { kept.refusal() } else { Some(kept.message()) }
        };
        untold.filter_map(word).collect()
    }

    /// A chit of an invoice's name pays it, whatever was said of the invoice before or since.
    fn linked(&self, chit: &Chit) -> Step {
        let mut step = self.unchanged(Vec::new());
        let pays =
            |kept: &&Kept| kept.invoice.by == chit.by && matches!(chit.entry, Entry::Tran { .. });
        if let Some(kept) = self.kept.get(&chit.uuid).filter(pays) {
            let before = matches!(kept.fate, Fate::Paid { as_asked: true });
            let as_asked = before || kept.invoice.is_paid_by(chit);
            let fate = Fate::Paid { as_asked };
            step.keep(chit.uuid, Kept { invoice: kept.invoice.clone(), fate, told: true });
        }
        step
    }

    fn tick(&self, now: Timestamp) -> Step {
        let mut step = self.unchanged(Vec::new());
        for (chit, kept) in &self.kept {
            if in_time(&kept.invoice, now).is_err() {
                step.invoices.kept.remove(chit);
                if kept.status() == Status::Open {
                    step.events.push(Event::Expired { chit: *chit });
                }
            }
        }
        step
    }
}

impl Step {
    /// Keeps an invoice in this form from now on, and tells people where it stands.
    pub(super) fn keep(&mut self, chit: ChitId, kept: Kept) {
        let status = kept.status();
        let before = self.invoices.kept.insert(chit, kept);
        if before.map(|kept| kept.status()) != Some(status) {
            self.events.push(Event::Status { chit, status });
        }
    }
}
