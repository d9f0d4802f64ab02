//! `InvoiceRow`: an invoice that one half of a tally knows.

use protocol::ChitId;

use super::HalfId;

/// An invoice as one half keeps it. Unique by half and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRow {
    /// The half.
    pub half: HalfId,
    /// The name of the invoice, and of the chit that pays it.
    pub chit: ChitId,
    /// What the half knows of it, opaque here.
    pub text: String,
}
