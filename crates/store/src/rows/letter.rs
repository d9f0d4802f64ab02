//! `Letter`: a message to another agent that waits in the outbox until it is acknowledged.

use protocol::{AgentId, Timestamp};

use super::{HalfId, number_type};

number_type! {
    /// Which letter; later ones have higher numbers.
    LetterId
}

/// A message to send, kept in the transaction that caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLetter {
    /// The half it is about. Letters about one half go out in order.
    pub half: Option<HalfId>,
    /// The agent it is for.
    pub to: AgentId,
    /// What it says, in the sender's words: a letter with the same half, agent and key replaces
    /// one that still waits, and goes to the end of the line. It has been tried as often as that
    /// one, and waits as long for its next attempt. Behind a letter whose key begins with [`protocol::note::ALONE`] none waits.
    pub key: String,
    /// The message, opaque here.
    pub message: String,
    /// From when on it may be sent.
    pub at: Timestamp,
}

/// A letter that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub id: LetterId,
    /// What was posted.
    pub letter: NewLetter,
    /// When it is due: the date it was posted for, the next attempt, or the end of the lease.
    pub due: Timestamp,
    /// How often it was claimed.
    pub attempts: u64,
    /// Who claimed it; it is due again at the end of the lease, so that none is lost with a sender.
    pub owner: Option<String>,
}

/// Whose letters a sender wishes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// This agent's: a site's own.
    Only(AgentId),
    /// All agents' but these; at most [`Whom::MOST`].
    AllBut(Vec<AgentId>),
}

impl Whom {
    /// How many agents can be left out: each is a value in a statement.
    pub const MOST: usize = 128;

    /// Whether it means an agent.
    #[must_use]
    pub fn means(&self, agent: AgentId) -> bool {
        match self {
            Self::Only(only) => *only == agent,
            Self::AllBut(not) => !not.contains(&agent),
        }
    }

    /// The same for databases: whether to be, or not, among which.
    pub(crate) fn condition(&self) -> (&'static str, &[AgentId]) {
        match self {
            Self::Only(only) => ("IN", std::slice::from_ref(only)),
            Self::AllBut(not) => ("NOT IN", &not[..not.len().min(Self::MOST)]),
        }
    }
}

/// A sender's wish for letters to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The sender's name.
    pub owner: String,
    /// To whom.
    pub to: Whom,
    /// Letters due until then.
    pub now: Timestamp,
    /// When the letters are due for others again, unless done or failed before.
    pub lease: Timestamp,
    /// At most so many.
    pub limit: u32,
}
