//! `Proof`: that an agent lies about a lift.

use protocol::{AgentId, Hash, LiftId, Timestamp};

/// A proof that an agent lies about a lift. Unique by its name; never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its name: the hash of the record.
    pub id: Hash,
    /// What kind of record it is.
    pub kind: String,
    /// The lift.
    pub lift: LiftId,
    /// Agents of whom at least one lies.
    pub accused: Vec<AgentId>,
    /// The record: JSON.
    pub text: String,
    /// The agent that told it; none where this site saw it itself.
    pub heard_from: Option<AgentId>,
    /// When it was kept.
    pub at: Timestamp,
}

impl Proof {
    /// The accused as one text.
    pub(crate) fn accused_text(&self) -> String {
        let names: Vec<String> = self.accused.iter().map(ToString::to_string).collect();
        names.join(" ")
    }
}
