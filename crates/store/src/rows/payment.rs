//! `Payment`: a payment by a lift.

use protocol::{LiftId, PaymentId, Timestamp, Units};

/// A payment that was made by a lift. Unique by its name and payer: kept for ever, so that it is made
/// once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The name that its payer chose.
    pub id: PaymentId,
    /// Who paid: a short address (`cuid:agent`).
    pub payer: String,
    /// Who was paid, the same.
    pub payee: String,
    /// The lift.
    pub lift: LiftId,
    /// What the payee got.
    pub units: Units,
    /// What the payer signed: canonical JSON.
    pub authorisation: String,
    /// When it was made.
    pub at: Timestamp,
}
