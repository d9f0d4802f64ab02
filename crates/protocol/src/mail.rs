//! Mail between agents: notes of one agent's users to another's, several in one message, and the receipt
//! for them, which brings what was answered at once.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounded::Line;
use crate::json::{self, Json, JsonError, MAX_RECORD_BYTES};
use crate::note::Note;
use crate::record::Record as _;

/// The most notes of one message, and of one receipt.
pub const MOST_NOTES: usize = 64;

/// The most bytes of a message or a receipt: one note of the largest, or many small ones.
pub const MOST_BYTES: usize = MAX_RECORD_BYTES;

/// The most bytes of a reason why a note was not taken.
pub const MAX_REASON_BYTES: usize = 500;

/// Why a note was not taken, for people.
pub type Reason = Line<MAX_REASON_BYTES>;

/// What became of a note at the agent that it was sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Taken; what follows from it is kept.
    Taken,
    /// Not taken, now or later: why.
    Refused(Reason),
    /// Not taken now: why. It may be at another time.
    Later(Reason),
}

impl Fate {
    /// Refused, for this reason as far as it fits.
    #[must_use]
    pub fn refused(reason: &str) -> Self {
        Self::Refused(Reason::cut(reason))
    }

    /// Not taken now, for this reason as far as it fits.
    #[must_use]
    pub fn later(reason: &str) -> Self {
        Self::Later(Reason::cut(reason))
    }
}

/// What is answered to a message: the fate of each note in it, in their order, and notes back.
///
/// A note back is said once, and in no outbox: whoever gets no receipt sends its notes again and is
/// answered again, and what a half has to tell of its own accord its reminder tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it is the other agent's: where nothing came back, its sender writes one of its own.
    pub arrived: bool,
    /// The fate of each note.
    pub fates: Vec<Fate>,
    /// What the halves say to it: notes in their canonical form, as whoever reads them finds out.
    pub notes: Vec<String>,
}

/// Why bytes are no message or no receipt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MailFault {
    /// More than [`MOST_BYTES`].
    #[error("{bytes} bytes are more than a message of notes may have ({MOST_BYTES})")]
    TooLarge {
        /// Bytes found.
        bytes: usize,
    },
    /// More than [`MOST_NOTES`].
    #[error("more notes than a message may have ({MOST_NOTES})")]
    TooMany,
    /// The list of fates cannot be read.
    #[error("the receipt cannot be read: {0}")]
    Receipt(#[from] JsonError),
    /// Another number of fates than notes were sent.
    #[error("the receipt is for {found} notes, not for the {sent} that were sent")]
    OtherNumber {
        /// Fates found.
        found: usize,
        /// Notes sent.
        sent: usize,
    },
}

/// How many of these notes, from the first, a message of so many bytes takes; at least one where there is any.
#[must_use]
pub fn fits(texts: &[String], most_bytes: usize) -> usize {
    let mut bytes = 0;
    let fit = texts.iter().take(MOST_NOTES).take_while(|text| {
        bytes += text.len() + 1;
        bytes <= most_bytes
    });
    fit.count().max(usize::from(!texts.is_empty()))
}

/// A message: the notes in their canonical form, one on each line.
#[must_use]
pub fn write(texts: &[String]) -> String {
    texts.join("\n")
}

/// The notes of a message; each that cannot be read with the reason, so that the others count.
///
/// # Errors
/// [`MailFault::TooLarge`], [`MailFault::TooMany`].
pub fn read(bytes: &[u8]) -> Result<Vec<Result<Note, JsonError>>, MailFault> {
    Ok(lines(bytes, MOST_NOTES)?.into_iter().map(Note::read).collect())
}

fn lines(bytes: &[u8], most: usize) -> Result<Vec<&[u8]>, MailFault> {
    if bytes.len() > MOST_BYTES {
        return Err(MailFault::TooLarge { bytes: bytes.len() });
    }
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').take(most + 1).collect();
    if lines.len() > most { Err(MailFault::TooMany) } else { Ok(lines) }
}

impl Receipt {
    /// What its sender writes of so many notes of which nothing came back: that it may be later, and why.
    #[must_use]
    pub fn missing(notes: usize, why: &str) -> Self {
        Self { arrived: false, fates: vec![Fate::later(why); notes], notes: Vec::new() }
    }

    /// As bytes: the fates as a JSON list on the first line, and each note on one of its own. Notes that do
    /// not fit are left out, the last first: their halves will remind.
    ///
    /// # Errors
    /// [`JsonError`] where a fate breaks a rule of records.
    pub fn write(&self) -> Result<String, JsonError> {
        let mut text = Json::of(&self.fates)?.as_value().to_string();
        for note in self.notes.iter().take(MOST_NOTES) {
            if text.len() + 1 + note.len() > MOST_BYTES {
                break;
            }
            text.push('\n');
            text.push_str(note);
        }
        Ok(text)
    }

    /// Reads the receipt for so many notes. Lines that are no text are left out: they were never promised.
    ///
    /// # Errors
    /// [`MailFault`] where the fates cannot be read, or are not as many as the notes.
    pub fn read(bytes: &[u8], sent: usize) -> Result<Self, MailFault> {
        let lines = lines(bytes, MOST_NOTES + 1)?;
        let Some((first, notes)) = lines.split_first() else {
            return Err(MailFault::OtherNumber { found: 0, sent });
        };
        let fates: Vec<Fate> = json::parse(first)?.read()?;
        if fates.len() != sent {
            return Err(MailFault::OtherNumber { found: fates.len(), sent });
        }
        let text = |line: &&[u8]| std::str::from_utf8(line).ok().map(str::to_owned);
        Ok(Self { arrived: true, fates, notes: notes.iter().filter_map(text).collect() })
    }
}
