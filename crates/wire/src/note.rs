//! Notes in messages: what an inbox asks of a message between halves before anything else.

use protocol::note::Note;
use protocol::{AgentId, JsonError, Record as _};
use thiserror::Error;

use crate::table::Kind;

/// Why a message is no note of that agent's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteFault {
    /// It cannot be read.
    #[error("the note cannot be read: {0}")]
    Unreadable(#[from] JsonError),
    /// It speaks for a user of another agent.
    #[error("agent {sent} cannot speak for a user of agent {named}")]
    OtherAgent {
        /// Who sent it.
        sent: AgentId,
        /// Whose user it names.
        named: AgentId,
    },
    /// It came as another kind of message than it is: so it may have passed a row that is not its.
    #[error("a note of kind {holds} came as a message of kind {came}")]
    OtherKind {
        /// The kind of the message.
        came: Kind,
        /// What the note is.
        holds: Kind,
    },
}

/// The note in a message, where its `from` is a user of the agent that sent it, and its kind is the
/// message's.
///
/// # Errors
/// [`NoteFault`].
pub fn read_note(sent: AgentId, came: Kind, bytes: &[u8]) -> Result<Note, NoteFault> {
    let note = Note::read(bytes)?;
    if note.from.agent != sent {
        return Err(NoteFault::OtherAgent { sent, named: note.from.agent });
    }
    let holds = Kind::of(&note.body);
    if holds != came {
        return Err(NoteFault::OtherKind { came, holds });
    }
    Ok(note)
}
