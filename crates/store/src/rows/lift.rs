//! `Lift` and its legs at this site.

use protocol::{Cuid, Hash, LiftId, Side, TallyId, Timestamp, Units};

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

/// A leg, with the half that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegAt {
    /// The leg.
    pub leg: LiftLeg,
    /// Whose half.
    pub holder: Cuid,
    /// Of which tally.
    pub tally: TallyId,
    /// Which side the holder is on.
    pub side: Side,
    /// The partner's short address (`cuid:agent`).
    pub partner: Option<String>,
}

/// What all legs of a lift at this site come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegSum {
    /// The lift.
    pub lift: LiftId,
    /// How many legs are kept: of a tally whose halves both are here, two.
    pub legs: u64,
    /// The sum of the effects above zero, in milli-CHIPs.
    pub raised: i128,
}
