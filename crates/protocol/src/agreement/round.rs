//! Where an agreement stands: seats, rounds, their phases, and how long to wait in them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// The last round there is. Honest referees go on by timeouts only, and never beyond what f+1 have
/// reached, so no liar brings them near it; at the longest timeouts it is years away.
pub const MAX_ROUND: u32 = 1_000_000;

/// A referee's place in its lift's list of referees, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(pub u8);

impl Seat {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One attempt to agree, of 0 to [`MAX_ROUND`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Round(u32);

impl Round {
    /// The first.
    pub const FIRST: Self = Self(0);

    /// The one after it.
    ///
    /// # Errors
    /// [`Refusal::Round`] where this is the last.
    pub fn next(self) -> Result<Self, Refusal> {
        Self::try_from(self.0.saturating_add(1))
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Round {
    type Error = Refusal;

    fn try_from(round: u32) -> Result<Self, Refusal> {
        if round <= MAX_ROUND { Ok(Self(round)) } else { Err(Refusal::Round { round }) }
    }
}

impl From<Round> for u32 {
    fn from(round: Round) -> Self {
        round.0
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a referee is in its round; the paper calls it step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It waits for a proposal that it can vote for, or makes one.
    Propose,
    /// It has voted on the proposal, and waits for the others' votes.
    Prevote,
    /// It has said whether the round may be decided, and waits for what the others say.
    Precommit,
}

/// A time that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// In which round.
    pub round: Round,
    /// What is waited for there.
    pub phase: Phase,
}

/// How long to wait in a round, in milliseconds: the first time doubled with every round, until it
/// is the longest. Referees agree once it exceeds what a message takes there and back; so the
/// longest has to exceed what it may ever take.
#[must_use]
pub fn timeout_ms(round: Round, first_ms: u64, longest_ms: u64) -> u64 {
    let times = 1_u64.checked_shl(round.get()).unwrap_or(u64::MAX);
    first_ms.saturating_mul(times).min(longest_ms)
}
