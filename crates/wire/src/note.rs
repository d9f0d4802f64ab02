//! Notes in messages: what an inbox asks of a message between halves before anything else, and how
//! notes are put into messages.

use protocol::mail::{self, MailFault, Reason};
use protocol::note::Note;
use protocol::{AgentId, JsonError};
use thiserror::Error;

use crate::table::Kind;

/// Why a line of a message is no note of that agent's.
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
    /// It came in another kind of message than it is: so it may have passed a row that is not its.
    #[error("a note of kind {holds} came in a message of kind {came}")]
    OtherKind {
        /// The kind of the message.
        came: Kind,
        /// What the note is.
        holds: Kind,
    },
}

/// The notes in a message: each where its `from` is a user of the agent that sent it, and its kind is the
/// message's; otherwise the reason why not ([`NoteFault`]).
///
/// # Errors
/// [`MailFault`] where it is no message of notes.
pub fn read_notes(
    sent: AgentId,
    came: Kind,
    bytes: &[u8],
) -> Result<Vec<Result<Note, Reason>>, MailFault> {
    let checked = |note: Result<Note, JsonError>| {
        let note = note.map_err(NoteFault::from).and_then(|note| of_agent(note, sent, came));
        note.map_err(|fault| Reason::cut(&fault.to_string()))
    };
    Ok(mail::read(bytes)?.into_iter().map(checked).collect())
}

fn of_agent(note: Note, sent: AgentId, came: Kind) -> Result<Note, NoteFault> {
    if note.from.agent != sent {
        return Err(NoteFault::OtherAgent { sent, named: note.from.agent });
    }
    let holds = Kind::of(&note.body);
    let fits = if came == Kind::Moved { note.moved.is_some() } else { holds == came };
    if !fits {
        return Err(NoteFault::OtherKind { came, holds });
    }
    Ok(note)
}

/// How many notes a message holds, or pretends to: what it counts for against the [table](crate::TABLE). One of more
/// than there may be is refused, and counts for as many.
pub(crate) fn count_notes(bytes: &[u8]) -> u32 {
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(ends.min(mail::MOST_NOTES)).unwrap_or(u32::MAX).saturating_add(1)
}
