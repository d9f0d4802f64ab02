//! Why a message was not sent, or not taken, and why a wire does not start: for people.

use std::fmt;
use std::time::Duration;

use protocol::address::Endpoint;
use protocol::{AgentId, KeyError};
use thiserror::Error;

use crate::place::Listen;
use crate::table::Kind;

/// Why a message was not taken. Whether it arrived nevertheless is not always known: where it was
/// [lost on the way](NotSent::TimedOut), it may have been.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotSent {
    /// It answers at none of its addresses.
    #[error("agent {agent} cannot be reached{}", Attempts(tried))]
    Unreachable {
        /// Who was meant.
        agent: AgentId,
        /// Where it was looked for, and what happened there.
        tried: Vec<Attempt>,
    },
    /// At its address another agent answers.
    #[error(
        "agent {found} answers at {at}, not agent {agent}: ask {agent} where it answers now, and \
         whether its key is still the same"
    )]
    WrongPeer {
        /// Who was meant.
        agent: AgentId,
        /// Who answers: an agent id, or whatever the other's id is.
        found: String,
        /// Where.
        at: Endpoint,
    },
    /// It speaks no version of the protocol that is spoken here.
    #[error(
        "agent {agent} speaks no version of the protocol that is spoken here ({}){}: one of the \
         two sites has to be upgraded", ours.join(", "), Theirs(theirs)
    )]
    Version {
        /// The agent.
        agent: AgentId,
        /// The versions here.
        ours: Vec<&'static str>,
        /// Its versions, as far as it told.
        theirs: Vec<String>,
    },
    /// Larger than a message of this kind may be.
    #[error("a message of {bytes} bytes is too large: one of kind {kind} may have {most}")]
    TooLarge {
        /// The kind.
        kind: Kind,
        /// Its bytes.
        bytes: usize,
        /// The most that it may have.
        most: usize,
    },
    /// The site there does not take it.
    #[error("agent {agent} does not take the message: {reason}")]
    Refused {
        /// The agent.
        agent: AgentId,
        /// What it says.
        reason: String,
    },
    /// There, only the agents of partners may send this.
    #[error(
        "agent {agent} knows no tally with a user of this site, so it takes no {kind} messages"
    )]
    NotKnown {
        /// The agent.
        agent: AgentId,
        /// The kind.
        kind: Kind,
    },
    /// There, this kind of message is not known.
    #[error("agent {agent} does not know {kind} messages: its site has to be upgraded")]
    KindUnknown {
        /// The agent.
        agent: AgentId,
        /// The kind.
        kind: Kind,
    },
    /// Not now: too many messages there or here.
    #[error("agent {agent} takes no more messages now ({reason}); in {after_ms} ms it may")]
    Later {
        /// The agent.
        agent: AgentId,
        /// When to try again, in milliseconds.
        after_ms: u64,
        /// Why.
        reason: String,
    },
    /// It misbehaved, so nothing is exchanged with it for a while.
    #[error("agent {agent} is cut off for {for_ms} ms more, as it broke the rules of exchange")]
    CutOff {
        /// The agent.
        agent: AgentId,
        /// For how long, in milliseconds.
        for_ms: u64,
    },
    /// No answer came in time. It may have taken the message.
    #[error("agent {agent} did not answer within {} ms", within.as_millis())]
    TimedOut {
        /// The agent.
        agent: AgentId,
        /// The time that was given.
        within: Duration,
    },
    /// The connection ended before an answer came. It may have taken the message.
    #[error("the connection with agent {agent} ended before it answered")]
    Broken {
        /// The agent.
        agent: AgentId,
    },
    /// What it answered is no answer. It may have taken the message.
    #[error("what agent {agent} answered is no answer: {reason}")]
    BadAnswer {
        /// The agent.
        agent: AgentId,
        /// What is wrong with it.
        reason: String,
    },
    /// The message is for the agent that sends it.
    #[error("agent {agent} is this site's own: its messages need no wire")]
    OwnAgent {
        /// The agent.
        agent: AgentId,
    },
    /// The wire has ended, or is about to.
    #[error("this site's agent is shutting down")]
    ShutDown,
}

impl NotSent {
    /// Whether the same message may be taken at another time, though nobody changes anything.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Later { .. }
            | Self::CutOff { .. }
            | Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::ShutDown => true,
            Self::WrongPeer { .. }
            | Self::Version { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. }
            | Self::NotKnown { .. }
            | Self::KindUnknown { .. }
            | Self::BadAnswer { .. }
            | Self::OwnAgent { .. } => false,
        }
    }
}

/// A place where an agent was looked for, and what happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The place.
    pub at: Endpoint,
    /// What happened.
    pub why: String,
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(": no address of it is known; its user can send a new link");
        }
        for (place, attempt) in self.0.iter().enumerate() {
            let start = if place == 0 { ": at " } else { "; at " };
            write!(f, "{start}{}: {}", attempt.at, attempt.why)?;
        }
        Ok(())
    }
}

struct Theirs<'a>(&'a [String]);

impl fmt::Display for Theirs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", but {}", self.0.join(", ")) }
    }
}

/// Why a wire does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The key is no agent's.
    #[error("an agent's key is an Ed25519 key: {0}")]
    Key(#[from] KeyError),
    /// An address to listen at is not to be had.
    #[error("cannot listen at {at}: {reason}")]
    Listen {
        /// The address.
        at: Listen,
        /// What the system says.
        reason: String,
    },
    /// Encryption could not be set up.
    #[error("cannot set up encrypted connections: {reason}")]
    Encryption {
        /// Why.
        reason: String,
    },
}
