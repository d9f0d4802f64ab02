//! What came of a search: how much was seen, and whether everything holds.

/// How much was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Different states.
    pub states: u64,
    /// Steps between them.
    pub edges: u64,
    /// Those of them that are left once faults stop, out of states that are not done.
    pub fair_edges: u64,
    /// The most steps that the nearest way to a state has.
    pub depth: u32,
}

/// Whether everything holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In every state that can be reached, and every fair run ends.
    Holds,
    /// Something does not.
    Broken {
        /// The name of what does not hold; see [`crate::liveness`] for those about ends.
        invariant: &'static str,
        /// What was seen.
        why: String,
        /// A shortest way there.
        trace: Trace,
    },
    /// Not all states were seen: nothing is known.
    NotExhausted {
        /// What ended it.
        why: String,
    },
}

/// A way through the states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The state in which it begins.
    pub begin: String,
    /// What happened.
    pub way: Vec<Line>,
    /// What then happens for ever; nothing where it does not go on.
    pub cycle: Vec<Line>,
}

/// A step of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What happened.
    pub action: String,
    /// The state after it.
    pub state: String,
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How much was seen.
    pub counts: Counts,
    /// Whether everything holds.
    pub verdict: Verdict,
}
