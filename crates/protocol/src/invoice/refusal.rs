//! Why an invoice, or something about one, is refused: nothing changed, and the reason says what to
//! do.

use thiserror::Error;

use super::MAX_OPEN_INVOICES;
use crate::chit::Positive;
use crate::json::JsonError;
use crate::side::Side;
use crate::{ChitId, TallyId, Timestamp, Units};

/// Why an input is refused, or why a message changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The invoice belongs to another tally.
    #[error("invoice {invoice} is for tally {named}, not for {tally}")]
    OtherTally {
        /// The invoice.
        invoice: ChitId,
        /// The tally it names.
        named: TallyId,
        /// The tally at hand.
        tally: TallyId,
    },
    /// A user asks for itself only.
    #[error("invoice {invoice} asks the {by} to pay, and that is the holder of this half")]
    NotPayee {
        /// The invoice.
        invoice: ChitId,
        /// Who is to pay.
        by: Side,
    },
    /// Only whoever is asked can refuse.
    #[error("invoice {invoice} is your own; write a version of it that takes it back")]
    NotPayer {
        /// The invoice.
        invoice: ChitId,
    },
    /// There is no such invoice here.
    #[error("there is no open invoice {invoice} here; it may have expired")]
    Unknown {
        /// The name.
        invoice: ChitId,
    },
    /// A chit or an invoice the other way has this name.
    #[error("the name {invoice} is taken on this tally; ask under a new name")]
    NameTaken {
        /// The name.
        invoice: ChitId,
    },
    /// Versions count up by one.
    #[error("the next version of invoice {invoice} is {next}, not {found}")]
    Revision {
        /// The invoice.
        invoice: ChitId,
        /// The version signed.
        found: u32,
        /// The one that is due.
        next: u32,
    },
    /// The user saw another version than the latest.
    #[error("invoice {invoice} has changed: look at version {latest}, and decide about that")]
    Changed {
        /// The invoice.
        invoice: ChitId,
        /// The latest version.
        latest: u32,
    },
    /// Exactly this is there already.
    #[error("version {revision} of invoice {invoice} is there already")]
    Known {
        /// The invoice.
        invoice: ChitId,
        /// The version.
        revision: u32,
    },
    /// A later version is known, or the matter is settled.
    #[error("version {revision} of invoice {invoice} comes late: a later one is here")]
    Late {
        /// The invoice.
        invoice: ChitId,
        /// The version that came.
        revision: u32,
    },
    /// What is paid stays as it is.
    #[error("invoice {invoice} is paid; nothing about it can change any more")]
    Paid {
        /// The invoice.
        invoice: ChitId,
    },
    /// It was refused before.
    #[error("invoice {invoice} is refused; wait for another version, or pay without it")]
    Refused {
        /// The invoice.
        invoice: ChitId,
    },
    /// It was taken back.
    #[error("invoice {invoice} is taken back; there is nothing to pay")]
    Withdrawn {
        /// The invoice.
        invoice: ChitId,
    },
    /// Its time is over.
    #[error("invoice {invoice} could be paid until {expires}; ask for a new one")]
    Expired {
        /// The invoice.
        invoice: ChitId,
        /// Until when.
        expires: Timestamp,
    },
    /// Its dates are not those of an invoice.
    #[error("invoice {invoice} is to be open from {date} to {expires}; at most a year is allowed")]
    Dates {
        /// The invoice.
        invoice: ChitId,
        /// When it was written.
        date: Timestamp,
        /// Until when it may be paid.
        expires: Timestamp,
    },
    /// An older version may still be on its way, and would outlive this one.
    #[error("invoice {invoice} was open until {before}; a new version may not end before that")]
    Shorter {
        /// The invoice.
        invoice: ChitId,
        /// When the version before expires.
        before: Timestamp,
    },
    /// The payer pays what it is asked for, or nothing under this name.
    #[error(
        "chit {invoice} is not what version {revision} of the invoice asks for, {}; pay that, or \
         write a chit with a name of its own", Units::from(*asked)
    )]
    NotAsAsked {
        /// The invoice.
        invoice: ChitId,
        /// The latest version.
        revision: u32,
        /// What it asks for.
        asked: Positive,
    },
    /// As many as one side may have open.
    #[error(
        "the {payee} has {MAX_OPEN_INVOICES} invoices on this tally; let some be paid or expire"
    )]
    TooMany {
        /// Who asks.
        payee: Side,
    },
    /// The record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}
