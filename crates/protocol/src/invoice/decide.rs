//! What a half does with what its own user decides about invoices.

use std::num::NonZeroU32;

use super::Invoice;
use super::invoices::{Fate, Invoices, Kept, Status, in_time};
use super::refusal::Refusal;
use super::step::{Given, Reason, Step};
use crate::ChitId;

impl Invoices {
    pub(super) fn propose(&self, invoice: Invoice, given: Given) -> Result<Step, Refusal> {
        let (name, found) = (invoice.uuid, invoice.revision.get());
        if invoice.by == self.side {
            return Err(Refusal::NotPayee { invoice: name, by: invoice.by });
        }
        self.belongs(&invoice, given.now)?;
        in_time(&invoice, given.now)?;
        match self.kept.get(&name) {
            None if given.linked => return Err(Refusal::NameTaken { invoice: name }),
            None if invoice.withdrawn => return Err(Refusal::Unknown { invoice: name }),
            None => {
                check_revision(&invoice, 0)?;
                self.has_room(self.side)?;
            }
            Some(kept) if kept.invoice.by == self.side => {
                return Err(Refusal::NameTaken { invoice: name });
            }
            Some(Kept { fate: Fate::Paid { .. }, .. }) => {
                return Err(Refusal::Paid { invoice: name });
            }
            Some(kept) if kept.invoice == invoice => {
                return Err(Refusal::Known { invoice: name, revision: found });
            }
            Some(kept) => {
                check_revision(&invoice, kept.invoice.revision.get())?;
                let before = kept.invoice.expires;
                if invoice.expires < before {
                    return Err(Refusal::Shorter { invoice: name, before });
                }
            }
        }
        let kept = Kept::open(invoice, false);
        let mut step = self.unchanged(vec![kept.message()]);
        step.keep(name, kept);
        Ok(step)
    }

    pub(super) fn refuse(
        &self,
        chit: ChitId,
        revision: NonZeroU32,
        reason: Option<Reason>,
    ) -> Result<Step, Refusal> {
        let kept = self.kept.get(&chit).ok_or(Refusal::Unknown { invoice: chit })?;
        if kept.invoice.by != self.side {
            return Err(Refusal::NotPayer { invoice: chit });
        }
        match kept.status() {
            Status::Paid { .. } => return Err(Refusal::Paid { invoice: chit }),
            Status::Withdrawn => return Err(Refusal::Withdrawn { invoice: chit }),
            Status::Refused => return Err(Refusal::Refused { invoice: chit }),
            Status::Open => {}
        }
        let latest = kept.invoice.revision;
        if latest != revision {
            return Err(Refusal::Changed { invoice: chit, latest: latest.get() });
        }
        let fate = Fate::Refused { reason };
        let kept = Kept { invoice: kept.invoice.clone(), fate, told: false };
        let mut step = self.unchanged(kept.refusal().into_iter().collect());
        step.keep(chit, kept);
        Ok(step)
    }
}

fn check_revision(invoice: &Invoice, before: u32) -> Result<(), Refusal> {
    let (found, next) = (invoice.revision.get(), before.saturating_add(1));
    if found == next && before < next {
        return Ok(());
    }
    Err(Refusal::Revision { invoice: invoice.uuid, found, next })
}
