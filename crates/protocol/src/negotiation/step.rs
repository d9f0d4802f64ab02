//! What a negotiation does with an input: `step` takes a state and an input and gives the next
//! state, what to send and what to tell people. Nothing else happens.

use std::num::NonZeroU32;

use super::draft::{Difference, Draft};
use super::fits::in_time;
use super::message::{End, Message, Reason, Version};
use super::refusal::{Refusal, Wish};
use super::{Negotiation, Status, Table};
use crate::cert::Cert;
use crate::tally::{Offer, SignedBy};
use crate::{Hash, Tally, Timestamp, Verified};

/// Something that happens to a half.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The holder writes the draft anew.
    Draft(Box<Draft>),
    /// The holder signed the next revision: an offer, a counter-offer, or another offer in place of
    /// its last one ([`Negotiation::to_offer`]).
    Offer(Box<Offer>),
    /// The holder signed the partner's offer too.
    Accept(Box<Verified<Tally>>),
    /// The holder refuses the partner's offer.
    Refuse {
        /// Hash of the version that it saw.
        offer: Hash,
        /// Why.
        reason: Option<Reason>,
    },
    /// The holder asks for its own offer back.
    Withdraw {
        /// Hash of the version.
        offer: Hash,
    },
    /// A tally that both signed is brought back by the holder's device, which keeps it.
    Recover(Box<Verified<Tally>>),
    /// A message from the partner's agent, every signature in it checked.
    Receive(Message<SignedBy, Verified<Cert>>),
    /// The partner's agent said for good that it does not take what this half said: to offer this version, to ask
    /// for it back, or to refuse it; or, where none is named, to answer the invitation.
    Unheard {
        /// The version.
        offer: Option<Version>,
    },
    /// Some time has passed: say again what the partner has not confirmed.
    Remind,
    /// Compare the two halves from scratch, as after a restore.
    Compare,
    /// Some time has passed: offers may have expired, and what an invitation began and nobody went on with.
    Tick,
}

/// What has to be known besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Given {
    /// The time.
    pub now: Timestamp,
    /// Whether the ledger says that the tally is closed.
    pub closed: bool,
}

/// What an input does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state from now on.
    pub negotiation: Negotiation,
    /// A tally that both signed and that governs from now on.
    pub governs: Option<Governs>,
    /// What to tell the partner. Losing it loses nothing: [`Input::Remind`] says it again.
    pub send: Vec<Message>,
    /// What people may want to know.
    pub events: Vec<Event>,
}

/// What a tally that both signed means for the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Governs {
    /// The first: the ledger begins with it.
    Opens(Box<Verified<Tally>>),
    /// A higher revision of an open tally: its terms hold from now on, its chits stay.
    Higher(Box<Verified<Tally>>),
}

/// Something that people may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody answered the invitation.
    Answered,
    /// The partner made an offer.
    Offered {
        /// The version.
        version: Version,
        /// How it differs from the wording that was there before.
        differences: Vec<Difference>,
    },
    /// The holder's own offer of the same revision is at its end: the partner's stands.
    Crossed {
        /// The holder's.
        version: Version,
    },
    /// The holder's offer came to its end.
    Ended {
        /// The version.
        version: Version,
        /// How.
        end: End,
    },
    /// The partner took its offer back.
    Withdrawn {
        /// The version.
        version: Version,
    },
    /// An offer on the table has expired.
    Expired {
        /// The version.
        version: Version,
    },
    /// The invitation does not count any more, and nobody has offered: it is over, until somebody offers.
    Lapsed,
    /// An offer that the holder once signed came back from the partner.
    Recovered {
        /// The version.
        version: Version,
    },
    /// The negotiation entered another status.
    Status(Status),
    /// The change of an open tally entered another status, or is over.
    Amendment(Option<Status>),
    /// A message changed nothing; this is why.
    Passed(Refusal),
}

impl Negotiation {
    /// Decides an input.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing happens. A partner's message that is merely late or repeated is
    /// no error: it is answered, so that the partner need not say it again, and passed over.
    pub fn step(&self, input: Input, given: Given) -> Result<Step, Refusal> {
        if given.closed
            && matches!(
                input,
                Input::Draft(_)
                    | Input::Offer(_)
                    | Input::Accept(_)
                    | Input::Recover(_)
                    | Input::Refuse { .. }
                    | Input::Withdraw { .. }
            )
        {
            return Err(Refusal::Closed { tally: self.tally });
        }
        let mut step = match input {
            Input::Draft(draft) => self.drafted(*draft)?,
            Input::Offer(offer) => self.offer_own(&offer, given.now)?,
            Input::Accept(tally) => self.accept(*tally, given.now)?,
            Input::Refuse { offer, reason } => self.refuse(offer, reason)?,
            Input::Withdraw { offer } => self.withdraw(offer)?,
            Input::Recover(tally) => self.recover(*tally)?,
            Input::Receive(message) => self.receive(message, given)?,
            Input::Unheard { offer } => self.unheard(offer),
            Input::Remind if given.closed => self.unchanged(Vec::new()),
            Input::Remind => self.unchanged(self.due()),
            Input::Compare if given.closed => self.unchanged(vec![Message::Ask]),
            // What is on the table may be over since, at the partner's half: it says so where it is shown that.
            Input::Compare => {
                self.unchanged([Message::Ask].into_iter().chain(self.on_table()).collect())
            }
            Input::Tick => self.tick(given.now),
        };
        if step.negotiation.status() != self.status() {
            step.events.push(Event::Status(step.negotiation.status()));
        }
        if step.negotiation.amendment() != self.amendment() {
            step.events.push(Event::Amendment(step.negotiation.amendment()));
        }
        Ok(step)
    }

    pub(super) fn unchanged(&self, send: Vec<Message>) -> Step {
        Step { negotiation: self.clone(), governs: None, send, events: Vec::new() }
    }

    /// What is on the table, for the partner.
    pub(super) fn on_table(&self) -> Option<Message> {
        match &self.table {
            Table::Theirs { offer, .. } => Some(Message::Tally(offer.clone())),
            _ => self.about_ours(),
        }
    }

    /// The next state, with all that is due to be told.
    pub(super) fn decided(negotiation: Self) -> Step {
        Step { send: negotiation.due(), negotiation, governs: None, events: Vec::new() }
    }

    /// What the partner is not known to have heard.
    pub(super) fn due(&self) -> Vec<Message> {
        let mut due = Vec::new();
        if !self.introduced {
            due.push(Message::Answer { cert: Box::new(self.holder.clone()) });
        }
        if let Some(signed) = self.signed.as_ref().filter(|signed| !signed.told) {
            due.push(Message::Tally(Box::new(signed.tally.clone())));
        }
        if !matches!(self.table, Table::Ours { delivered: true, withdrawn: false, .. }) {
            due.extend(self.about_ours());
        }
        due
    }

    /// What there is to say about an offer of ours, or our refusal.
    pub(super) fn about_ours(&self) -> Option<Message> {
        match &self.table {
            Table::Ours { version, withdrawn: true, .. } => {
                Some(Message::Withdraw { version: *version })
            }
            Table::Ours { offer, .. } => Some(Message::Tally(offer.clone())),
            Table::Refused { version, reason } => {
                let end = End::Refused { reason: reason.clone() };
                Some(Message::Ended { version: *version, end })
            }
            Table::Empty { .. } | Table::Theirs { .. } => None,
        }
    }

    pub(super) fn next_revision(&self) -> Result<NonZeroU32, Refusal> {
        let next = self.last.revision.checked_add(1).and_then(NonZeroU32::new);
        next.ok_or(Refusal::NoRevisionLeft { tally: self.tally })
    }

    pub(super) fn not_now(&self, wish: Wish) -> Refusal {
        Refusal::NotNow { status: self.amendment().unwrap_or_else(|| self.status()), wish }
    }

    fn tick(&self, now: Timestamp) -> Step {
        let mut step = self.unchanged(Vec::new());
        if let Table::Ours { offer, version, .. } | Table::Theirs { offer, version } = &self.table
            && in_time(offer, now).is_err()
        {
            step.negotiation.table = Table::Empty { void: true };
            step.events.push(Event::Expired { version: *version });
        }
        let nothing = matches!(self.table, Table::Empty { void: false }) && self.signed.is_none();
        if nothing && self.until.is_some_and(|until| until <= now) {
            step.negotiation.table = Table::Empty { void: true };
            step.events.push(Event::Lapsed);
        }
        step
    }
}

impl Step {
    pub(super) fn then(mut self, next: Negotiation) -> Self {
        self.negotiation = next;
        self
    }
}
