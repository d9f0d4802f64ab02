//! What a half does with the partner's messages about invoices. Each that wants an answer gets one,
//! also when it is late or repeated.

use std::num::NonZeroU32;

use super::Invoice;
use super::invoices::{Fate, Invoices, Kept, Status, in_time};
use super::refusal::Refusal;
use super::step::{Event, Given, Message, Reason, Step};
use crate::{ChitId, Verified};

impl Invoices {
    pub(super) fn receive(
        &self,
        message: Message<Verified<Invoice>>,
        given: Given,
    ) -> Result<Step, Refusal> {
        match message {
            Message::Invoice(invoice) => {
                let invoice = invoice.into_inner();
                self.belongs(&invoice, given.now)?;
                if let Err(expired) = in_time(&invoice, given.now) {
                    // By this clock. Its payee may have another one, and would say it until then.
                    let (chit, revision) = (invoice.uuid, invoice.revision);
                    let ours = invoice.by == self.side;
                    let heard = ours.then_some(Message::Received { chit, revision });
                    return Ok(self.passed(expired, heard));
                }
                if invoice.by == self.side {
                    self.asked(invoice, given)
                } else {
                    Ok(self.own_again(invoice, given))
                }
            }
            Message::Received { chit, revision } => Ok(self.received(chit, revision)),
            Message::Refused { chit, revision, reason } => Ok(self.refused(chit, revision, reason)),
            Message::Ask => Ok(self.unchanged(self.everything())),
        }
    }

    fn passed(&self, refusal: Refusal, send: impl IntoIterator<Item = Message>) -> Step {
        let mut step = self.unchanged(send.into_iter().collect());
        step.events.push(Event::Passed(refusal));
        step
    }

    /// All that this half has, for a partner that may have lost something. What is paid, the ledger
    /// tells.
    fn everything(&self) -> Vec<Message> {
        let unpaid = self.kept.values().filter(|kept| !matches!(kept.fate, Fate::Paid { .. }));
        unpaid.flat_map(|kept| [Some(kept.message()), kept.refusal()]).flatten().collect()
    }

    /// The holder is asked to pay.
    fn asked(&self, asked: Invoice, given: Given) -> Result<Step, Refusal> {
        let (invoice, revision) = (asked.uuid, asked.revision);
        let received = Message::Received { chit: invoice, revision };
        let before = match self.kept.get(&invoice) {
            None if given.linked => {
                return Ok(self.passed(Refusal::NameTaken { invoice }, [received]));
            }
            None => {
                self.has_room(asked.payee())?;
                None
            }
            Some(kept) if kept.invoice.by != self.side => {
                return Err(Refusal::NameTaken { invoice });
            }
            Some(kept) if matches!(kept.fate, Fate::Paid { .. }) => {
                return Ok(self.passed(Refusal::Paid { invoice }, [received]));
            }
            Some(kept) if kept.invoice == asked => {
                let known = Refusal::Known { invoice, revision: revision.get() };
                return Ok(self.passed(known, [kept.refusal().unwrap_or(received)]));
            }
            // What this half was shown last is what its user decides about: show it.
            Some(kept) if kept.invoice.revision >= revision => {
                let late = Refusal::Late { invoice, revision: revision.get() };
                return Ok(
                    self.passed(late, [Some(kept.message()), kept.refusal()].into_iter().flatten())
                );
            }
            Some(kept) if kept.invoice.expires > asked.expires => {
                return Err(Refusal::Shorter { invoice, before: kept.invoice.expires });
            }
            Some(kept) => Some(kept.invoice.units),
        };
        let mut step = self.unchanged(vec![received]);
        if !asked.withdrawn {
            step.events.push(Event::Asked { chit: invoice, before, units: asked.units });
        }
        step.keep(invoice, Kept::open(asked, true));
        Ok(step)
    }

    /// An invoice of the holder's own, back from the partner: this half went back to an older state.
    fn own_again(&self, own: Invoice, given: Given) -> Step {
        let invoice = own.uuid;
        let behind = match self.kept.get(&invoice) {
            None => !given.linked && self.has_room(self.side).is_ok(),
            Some(kept) => {
                let open = !matches!(kept.fate, Fate::Paid { .. }) && kept.invoice.by == own.by;
                open && kept.invoice.revision <= own.revision && kept.invoice != own
            }
        };
        if !behind {
            return self.passed(Refusal::Known { invoice, revision: own.revision.get() }, None);
        }
        let mut step = self.unchanged(Vec::new());
        step.keep(invoice, Kept::open(own, true));
        step
    }

    fn received(&self, chit: ChitId, revision: NonZeroU32) -> Step {
        let mut step = self.unchanged(Vec::new());
        match step.invoices.kept.get_mut(&chit) {
            Some(kept) if kept.invoice.revision == revision => kept.told = true,
            Some(kept) if kept.invoice.revision > revision => {
                let late = Refusal::Late { invoice: chit, revision: revision.get() };
                return self.passed(late, None);
            }
            // Of a version that this half lost when it went back, unless it has expired here: the partner has it.
            _ => return self.passed(Refusal::Unknown { invoice: chit }, [Message::Ask]),
        }
        step
    }

    /// The partner will not pay; or reminds the holder that it refused, after this half forgot.
    fn refused(&self, chit: ChitId, revision: NonZeroU32, reason: Option<Reason>) -> Step {
        let received = Message::Received { chit, revision };
        match self.kept.get(&chit) {
            Some(kept) if kept.status() == Status::Open && kept.invoice.revision == revision => {
                let mut step = self.unchanged(vec![received]);
                let fate = Fate::Refused { reason };
                step.keep(chit, Kept { invoice: kept.invoice.clone(), fate, told: true });
                step
            }
            _ => {
                let late = Refusal::Late { invoice: chit, revision: revision.get() };
                self.passed(late, [received])
            }
        }
    }
}
