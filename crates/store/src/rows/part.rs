//! `LiftPart`: a part that this site takes in a lift between sites.

use protocol::{Hash, LiftId, PaymentId, Timestamp};

/// A part that this site takes in a lift between sites. Unique by lift and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftPart {
    /// The lift.
    pub lift: LiftId,
    /// The name of the key that it takes part with.
    pub key: Hash,
    /// Of a payment, at its payer's and its payee's site: its name, once it is known. Never another.
    pub payment: Option<PaymentId>,
    /// The state: JSON.
    pub state: String,
    /// Whether nothing was decided yet.
    pub is_open: bool,
    /// Until when the lift may become valid; never changes.
    pub deadline: Timestamp,
    /// When it changed last.
    pub changed: Timestamp,
}
