//! The inbox: what whoever uses the wire does with messages that come, and whom it knows.

use std::future::Future;

use protocol::AgentId;
use thiserror::Error;

use crate::table::Kind;

/// Takes what comes.
///
/// The same message may come twice: where its answer was lost, it is sent again. Messages of one
/// agent may come in another order than they were sent, and several at once.
pub trait Inbox: Send + Sync + 'static {
    /// Whether the agent is that of a user's partner on any tally here, open or in the making. Asked
    /// for each message that needs it, so where it is slow to find out, remember it.
    fn knows(&self, agent: AgentId) -> impl Future<Output = Result<bool, Refused>> + Send;

    /// Whether the agent is one of the referees whose words on decisions are waited for here, be it a partner's or not:
    /// strangers must not crowd those out. Asked when it connects, and seldom after that. Nobody is, unless it is said.
    fn sits_with(&self, agent: AgentId) -> impl Future<Output = Result<bool, Refused>> + Send {
        let _ = agent;
        std::future::ready(Ok(false))
    }

    /// Takes a message, and gives the answer to it: what was told is done must be kept before. The
    /// connection has proved that `from` sends it, and the rows of the [table](crate::TABLE) are
    /// kept; nothing else is checked.
    fn receive(
        &self,
        from: AgentId,
        kind: Kind,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, Refused>> + Send;
}

/// Why an inbox does not take a message. The sender is told, so no secret belongs into the reason; at
/// most 500 bytes of it are sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// It is not taken, now or later.
    #[error("{0}")]
    No(String),
    /// It is not taken now.
    #[error("not now: {0}")]
    Later(String),
}
