//! Where ways round end: gates beyond which nothing goes on, as partners said.
//!
//! Most searches for a way round come to nobody who owes anything. What a partner says of that holds for every search,
//! whoever began it, until somebody there owes something new; so it is asked once, and again after a while.

use std::collections::BTreeMap;

use protocol::Units;

/// A way round that carries less than this part of what is looked for is not followed: a search for less finds it.
pub(crate) const LEAST_PART: i64 = 4;

/// The least that a way round for so much has to carry.
pub(super) fn least_round(amount: Units) -> Units {
    Units::new(amount.milli() / LEAST_PART).unwrap_or(Units::ZERO).max(Units::SMALLEST)
}

/// The gates beyond which nothing goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct DeadEnds {
    /// By gate: so much and more does not go on, and until when that is remembered.
    known: BTreeMap<usize, (Units, i64)>,
}

impl DeadEnds {
    /// Whether so much is known not to go on beyond a gate.
    pub(super) fn are(&self, gate: usize, least: Units, now_ms: i64) -> bool {
        self.known.get(&gate).is_some_and(|(units, until_ms)| *units <= least && now_ms < *until_ms)
    }

    /// A partner has said that so much does not go on beyond a gate.
    pub(super) fn learn(&mut self, gate: usize, least: Units, until_ms: i64) {
        self.known.insert(gate, (least, until_ms));
    }

    /// Forgets what is too old.
    pub(super) fn forget(&mut self, now_ms: i64) {
        self.known.retain(|_, (_, until_ms)| now_ms < *until_ms);
    }
}
