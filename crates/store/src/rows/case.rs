//! `Case`: a lift that this agent decides as its referee, alone or with others.

use protocol::{AgentId, LiftId, Timestamp};

/// A lift that this agent decides, and all that it must not forget of it. Unique by its lift; never dropped: it
/// answers whoever asks what became of the lift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The lift.
    pub lift: LiftId,
    /// What is known and was said of it: JSON.
    pub text: String,
    /// Where it stands, one word: [`Case::OPEN`], or what was decided.
    pub status: String,
    /// The agent that was the first to ask.
    pub asked_by: AgentId,
    /// Whether that agent was known here then: nobody's stranger.
    pub known: bool,
    /// When it was first asked; never changes.
    pub asked: Timestamp,
    /// Until when the lift may become valid; never changes.
    pub deadline: Timestamp,
    /// When it changed last here.
    pub changed: Timestamp,
    /// Counts the changes; 1 at first.
    pub version: u64,
}

impl Case {
    /// The status of a case that is not decided.
    pub const OPEN: &str = "open";
}

/// Which cases are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseCount {
    /// The agent whose cases are counted by themselves.
    pub asked_by: AgentId,
    /// Open ones count whose deadline is not before this.
    pub deadline: Timestamp,
    /// Those of strangers count that were first asked about then or later.
    pub asked: Timestamp,
}

/// How many cases there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseCounts {
    /// Open ones.
    pub open: u64,
    /// Open ones that the agent was the first to ask about.
    pub open_of_one: u64,
    /// Open ones that strangers were the first to ask about.
    pub open_of_strangers: u64,
    /// All, open or not, that strangers were the first to ask about.
    pub of_strangers: u64,
}
