//! What can end a command early: one table of exit codes and words. What a site refuses is in
//! `refusal.rs`.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;
use setoff::{ClearError, FolderError, ReadError};
use site::Class;

use crate::refusal;

/// Exit code of a refused input.
const REFUSED: u8 = 1;
/// Exit code of wrong usage.
pub(crate) const USAGE: u8 = 2;
/// Exit code of failed reading or writing.
const IO: u8 = 3;
/// Exit code of a fault of our own, as `sysexits` numbers it.
const OWN_FAULT: u8 = 70;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit_code: u8,
    told: Told,
    /// The same for people; may have several lines.
    text: String,
}

/// The failure as scripts see it.
#[derive(Debug, Serialize)]
struct Told {
    /// One word.
    error: Cow<'static, str>,
    /// Where in the input, from 1.
    line: Option<u64>,
    /// One line for people.
    reason: String,
}

impl Failure {
    fn new(exit_code: u8, error: impl Into<Cow<'static, str>>, reason: String) -> Self {
        let error = error.into();
        Self { exit_code, text: reason.clone(), told: Told { error, line: None, reason } }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// The words for people.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the failure of that word.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.told.error == word
    }

    /// Something that is not done: `error` is a word for scripts, `reason` says what to do.
    pub(crate) fn refused(error: &'static str, reason: impl Into<String>) -> Self {
        Self::new(REFUSED, error, reason.into())
    }

    /// The same, with its line in the input, from 1.
    pub(crate) const fn at_line(mut self, line: u64) -> Self {
        self.told.line = Some(line);
        self
    }

    /// Wrong flags, found by a command itself.
    pub(crate) fn misused(reason: impl Into<String>) -> Self {
        Self::new(USAGE, "usage", reason.into())
    }

    /// A file or folder that cannot be read or written; `what` is like `cannot read`.
    pub(crate) fn io(what: &str, path: &Path, error: &impl Display) -> Self {
        Self::new(IO, "io", format!("{what} {}: {error}", path.display()))
    }

    /// A data directory that another program has.
    pub(crate) fn in_use(reason: String) -> Self {
        Self::new(IO, "in_use", reason)
    }

    /// Whether a site's chain was not one.
    pub(crate) fn is_other_chain(&self) -> bool {
        self.is("other_chain")
    }

    /// Whether it was refused: tried again without another word it would be again.
    pub(crate) const fn is_refused(&self) -> bool {
        self.exit_code == REFUSED
    }

    /// Whether another program has the data directory.
    pub(crate) fn is_in_use(&self) -> bool {
        self.is("in_use")
    }

    /// A site that is served does not answer.
    pub(crate) fn lost(reason: String) -> Self {
        Self::new(IO, "no_answer", reason)
    }

    /// An address that cannot be listened at.
    pub(crate) fn listen(address: SocketAddr, error: &io::Error) -> Self {
        let reason = format!("cannot listen at {address}: {error}; --port 0 takes a free port");
        Self::new(IO, "io", reason)
    }

    /// The site cannot be reached by others.
    pub(crate) fn peers(error: &impl Display) -> Self {
        Self::new(
            IO,
            "io",
            format!(
                "other sites cannot reach this one: {error}; peers.listen in mychips.toml says where \
                 (port 0 takes a free one, off is nowhere)"
            ),
        )
    }

    /// What a site says no to, or cannot do.
    pub(crate) fn of_site(class: Class, word: &str, reason: &str) -> Self {
        let exit_code = if refusal::is_io(class, word) { IO } else { REFUSED };
        Self::new(exit_code, word.to_owned(), refusal::with_advice(word, reason))
    }

    /// The system has no random bytes.
    pub(crate) fn no_chance(error: &impl Display) -> Self {
        Self::new(IO, "io", format!("the system gives no random bytes: {error}"))
    }

    /// Wrong flags, as the command-line reader words it.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        let rendered = error.render().to_string();
        let mut paragraphs = rendered.split("\n\n");
        let first = paragraphs.next().unwrap_or_default();
        let first = first.trim_start_matches("error: ").split_whitespace();
        Self::new(USAGE, "usage", first.collect::<Vec<_>>().join(" "))
    }

    /// The input, named `input`, cannot be opened.
    pub(crate) fn open(input: &str, error: &io::Error) -> Self {
        Self::new(IO, "io", format!("cannot read {input}: {error}"))
    }

    /// The input, named `input`, is refused or cannot be read.
    pub(crate) fn read(input: &str, error: &ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::open(input, error),
            ReadError::Refused(refusal) => Self {
                exit_code: REFUSED,
                text: format!("{input}: {refusal}"),
                told: Told {
                    error: refusal.code().into(),
                    line: refusal.line(),
                    reason: refusal.reason(),
                },
            },
        }
    }

    /// Standard output cannot be written.
    fn print(error: &io::Error) -> Self {
        Self::new(IO, "io", format!("cannot write the result: {error}"))
    }

    /// Tells it on standard error; where even that is gone, nobody listens.
    pub(crate) fn tell(&self, json: bool) {
        let text = match serde_json::to_string(&self.told) {
            Ok(object) if json => object,
            _ => format!("mychips: {}", self.text),
        };
        let _ = writeln!(io::stderr(), "{text}");
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let code = match error {
            FolderError::Io { .. } => "io",
            FolderError::NotEmpty(_) | FolderError::NotAFolder(_) => "out_in_use",
        };
        Self::new(IO, code, error.to_string())
    }
}

impl From<ClearError> for Failure {
    fn from(error: ClearError) -> Self {
        let reason = format!("{error}; this is a fault of the program, please report it");
        Self::new(OWN_FAULT, "unproved", reason)
    }
}

/// Says something beside the result, on standard error.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "mychips: {text}");
}

/// The end of printing: a reader that has seen enough and closed the pipe is no failure.
pub(crate) fn printed(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::print(&error)),
        _ => Ok(()),
    }
}
