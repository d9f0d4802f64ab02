//! The invoices of one tally, as one half keeps them; each until it expires, whatever became of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::step::{Message, Reason};
use super::{Invoice, MAX_OPEN_MS};
use crate::chit::Chit;
use crate::side::Side;
use crate::{ChitId, TallyId, Timestamp};

/// The most invoices that each side may have on one tally, those included that are over but have
/// not expired: two a week for a year.
pub const MAX_OPEN_INVOICES: usize = 100;

/// A partner's clock may be ahead of ours by a day.
const MAX_AHEAD_MS: i64 = 24 * 3_600 * 1_000;

/// The invoices of one tally, at one half.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoices {
    pub(super) tally: TallyId,
    pub(super) side: Side,
    pub(super) kept: BTreeMap<ChitId, Kept>,
}

/// One of them, and what this half knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The latest version.
    pub(super) invoice: Invoice,
    pub(super) fate: Fate,
    /// Whether the partner is known to have heard the last that this half had to say of it.
    pub(super) told: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fate {
    Open,
    Refused { reason: Option<Reason> },
    Paid { as_asked: bool },
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// To be paid.
    Open,
    /// The payee took it back.
    Withdrawn,
    /// The payer refused.
    Refused,
    /// A good chit of its name is linked; exactly as asked, or not.
    Paid {
        /// Whether it is what the latest version asks for.
        as_asked: bool,
    },
}

impl Kept {
    pub(super) const fn open(invoice: Invoice, told: bool) -> Self {
        Self { invoice, fate: Fate::Open, told }
    }

    /// The latest version.
    #[must_use]
    pub const fn invoice(&self) -> &Invoice {
        &self.invoice
    }

    /// Why the payer refused, where it did and said why.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match &self.fate {
            Fate::Refused { reason } => reason.as_ref(),
            Fate::Open | Fate::Paid { .. } => None,
        }
    }

    /// Whether the partner is known to have heard the last that this half had to say of it.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.told
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self.fate {
            Fate::Paid { as_asked } => Status::Paid { as_asked },
            Fate::Open | Fate::Refused { .. } if self.invoice.withdrawn => Status::Withdrawn,
            Fate::Open => Status::Open,
            Fate::Refused { .. } => Status::Refused,
        }
    }

    /// The payer's refusal, where there is one.
    pub(super) fn refusal(&self) -> Option<Message> {
        let Fate::Refused { reason } = &self.fate else { return None };
        let (chit, revision) = (self.invoice.uuid, self.invoice.revision);
        Some(Message::Refused { chit, revision, reason: reason.clone() })
    }

    pub(super) fn message(&self) -> Message {
        Message::Invoice(Box::new(self.invoice.clone()))
    }
}

impl Invoices {
    /// A half without any.
    #[must_use]
    pub const fn new(tally: TallyId, side: Side) -> Self {
        Self { tally, side, kept: BTreeMap::new() }
    }

    /// A half with those that were kept, each by itself; see [`Invoices::kept`].
    #[must_use]
    pub fn of(tally: TallyId, side: Side, kept: impl IntoIterator<Item = Kept>) -> Self {
        let kept = kept.into_iter().map(|kept| (kept.invoice.uuid, kept)).collect();
        Self { tally, side, kept }
    }

    /// What this half knows, by the invoices' names: each may be kept by itself, as most inputs
    /// touch one.
    #[must_use]
    pub const fn kept(&self) -> &BTreeMap<ChitId, Kept> {
        &self.kept
    }

    /// The invoices that this half knows, with where each stands: in its latest version, until it
    /// expires.
    pub fn all(&self) -> impl Iterator<Item = (&Invoice, Status)> {
        self.kept.values().map(|kept| (&kept.invoice, kept.status()))
    }

    /// The invoice of this name.
    #[must_use]
    pub fn get(&self, name: &ChitId) -> Option<(&Invoice, Status)> {
        self.kept.get(name).map(|kept| (&kept.invoice, kept.status()))
    }

    /// Whether the holder may write this chit of its own: under the name of an invoice it pays
    /// exactly what the latest version that it was shown asks for.
    ///
    /// # Errors
    /// [`Refusal`] where the invoice is over, or asks for something else.
    pub fn may_pay(&self, chit: &Chit, now: Timestamp) -> Result<(), Refusal> {
        let Some(kept) = self.kept.get(&chit.uuid) else { return Ok(()) };
        let (asked, invoice) = (&kept.invoice, chit.uuid);
        match kept.status() {
            Status::Paid { .. } => return Err(Refusal::Paid { invoice }),
            Status::Withdrawn => return Err(Refusal::Withdrawn { invoice }),
            Status::Refused => return Err(Refusal::Refused { invoice }),
            Status::Open => {}
        }
        if asked.by != self.side {
            return Err(Refusal::NameTaken { invoice });
        }
        in_time(asked, now)?;
        if !asked.is_paid_by(chit) {
            let revision = asked.revision.get();
            return Err(Refusal::NotAsAsked { invoice, revision, asked: asked.units });
        }
        Ok(())
    }

    /// Whether an invoice is of this tally, and open for no longer than any may be.
    pub(super) fn belongs(&self, invoice: &Invoice, now: Timestamp) -> Result<(), Refusal> {
        let Invoice { uuid, tally, date, expires, .. } = invoice;
        if *tally != self.tally {
            return Err(Refusal::OtherTally { invoice: *uuid, named: *tally, tally: self.tally });
        }
        let open_ms = expires.ms() - date.ms();
        if open_ms <= 0 || open_ms > MAX_OPEN_MS || date.ms() > now.ms() + MAX_AHEAD_MS {
            return Err(Refusal::Dates { invoice: *uuid, date: *date, expires: *expires });
        }
        Ok(())
    }

    /// Whether one more by this payee fits.
    pub(super) fn has_room(&self, payee: Side) -> Result<(), Refusal> {
        let theirs = self.kept.values().filter(|kept| kept.invoice.payee() == payee).count();
        if theirs < MAX_OPEN_INVOICES { Ok(()) } else { Err(Refusal::TooMany { payee }) }
    }
}

/// Whether an invoice may still be paid.
pub(super) fn in_time(invoice: &Invoice, now: Timestamp) -> Result<(), Refusal> {
    if invoice.expires > now {
        return Ok(());
    }
    Err(Refusal::Expired { invoice: invoice.uuid, expires: invoice.expires })
}
