//! `Event`: what happened, for those who watch; `CommandResult`: what was answered, for those who
//! ask again.

use protocol::{Cuid, Timestamp};

/// Something to show, kept in the transaction in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Whom it concerns; none: the site.
    pub user: Option<Cuid>,
    /// What happened, one word.
    pub kind: String,
    /// The rest: JSON.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// An event with its place: numbers rise by one, in the order of commits, without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place, from 1.
    pub number: u64,
    /// What happened.
    pub event: NewEvent,
}

/// Whose events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience<'a> {
    /// All.
    Site,
    /// Those that concern one user.
    User(&'a Cuid),
}

/// The answer to a command, so that the same command asked again does nothing and gets it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandResult {
    /// The command's id, in the words of whoever gives them out.
    pub id: String,
    /// The answer.
    pub text: String,
    /// When it was given.
    pub at: Timestamp,
}
