//! `Lift` and its legs at this site.

use protocol::{Hash, LiftId, Timestamp, Units};

use super::HalfId;

/// A lift that this site took part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// Its name.
    pub id: LiftId,
    /// What it is, one word: `clearing`, `payment`, …
    pub kind: String,
    /// Where it stands, one word.
    pub status: String,
    /// Its record: canonical JSON.
    pub record: String,
    /// The referees' decision: canonical JSON. None while there is none.
    pub certificate: Option<String>,
    /// When it was proposed; never changes.
    pub date: Timestamp,
    /// When it changed last here.
    pub changed: Timestamp,
}

/// A leg of a lift on one half. Unique by lift, half and chit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftLeg {
    /// The lift.
    pub lift: LiftId,
    /// The half.
    pub half: HalfId,
    /// Its chit's hash.
    pub chit: Hash,
    /// What it adds to the half's balance.
    pub effect: Units,
}
