//! Why a row or a whole table is refused, by line and in words.

use std::fmt;
use std::io;

use thiserror::Error;

use super::{MAX_NAME_BYTES, MAX_PARTICIPANTS, MAX_ROW_BYTES, MAX_ROWS};
use crate::{AmountFault, Damaged};

/// Why a row is no debt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowFault {
    /// Fewer than three columns.
    #[error(
        "only {found} of the three columns debtor, creditor, amount (is the separator right? \
         --separator sets it)"
    )]
    Columns {
        /// How many there are.
        found: u64,
    },
    /// More columns than the first row has, and a number after the amount: most likely its other half.
    #[error(
        "wrong columns: {found} of them, where the first row has {first}, and a number after the amount (an \
         amount takes no thousands separator: 1234.50, not 1,234.50)"
    )]
    CutAmount {
        /// How many there are.
        found: u64,
        /// How many there may be.
        first: u64,
    },
    /// A name is missing.
    #[error("the {column} is empty")]
    EmptyName {
        /// `debtor` or `creditor`.
        column: &'static str,
    },
    /// A name beyond all reason.
    #[error("the {column}'s name is longer than {MAX_NAME_BYTES} bytes")]
    LongName {
        /// `debtor` or `creditor`.
        column: &'static str,
    },
    /// Debtor and creditor are the same.
    #[error("debtor and creditor are the same")]
    SelfDebt,
    /// The third field is no amount.
    #[error(transparent)]
    Amount(#[from] AmountFault),
    /// Bytes that are no UTF-8.
    #[error("not UTF-8 text; save the file with the encoding UTF-8")]
    NotUtf8,
    /// A zero byte within a name.
    #[error("a name holds a zero byte; is this a text file?")]
    Nul,
    /// A character that nobody sees, within a name: two names that look the same would be two.
    #[error(
        "the {column}'s name holds the invisible character {code}; take it out (files that are joined may \
         carry a byte order mark, U+FEFF, in between)"
    )]
    Invisible {
        /// `debtor` or `creditor`.
        column: &'static str,
        /// The character, as U+….
        code: &'static str,
    },
    /// Something stands between a closing quote and the next separator.
    #[error("text after a closing quote; a quote within a quoted field is written twice")]
    AfterQuote,
    /// Longer than any row of debts.
    #[error("the row is longer than {MAX_ROW_BYTES} bytes; is this a table of debts?")]
    TooLong,
}

/// A row that is no debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: RowFault,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

/// Why a whole table is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// More bad rows than may be left out.
    #[error("{}", bad_rows(rows, *count, *max_bad))]
    BadRows {
        /// The first of them, at least one, at most 20.
        rows: Vec<BadRow>,
        /// How many there are.
        count: u64,
        /// How many might have been left out.
        max_bad: u64,
    },
    /// A quote is opened and never closed: everything after it would be swallowed.
    #[error("a quote opened on line {line} is never closed")]
    UnclosedQuote {
        /// Where the row begins.
        line: u64,
    },
    /// A quoted field goes on beyond the longest row, so it is unknown where the row ends.
    #[error(
        "the quoted row from line {line} is longer than {MAX_ROW_BYTES} bytes; is a quote left open?"
    )]
    LongQuote {
        /// Where the row begins.
        line: u64,
    },
    /// Not even a header.
    #[error("the input is empty: there is no row in it")]
    Empty,
    /// A file of another kind.
    #[error(
        "this looks like {what}, not like a table in UTF-8 text; save or export it as CSV UTF-8"
    )]
    NotText {
        /// What it looks like.
        what: &'static str,
    },
    /// More rows than the engine numbers.
    #[error("line {line}: more than {MAX_ROWS} rows")]
    TooManyRows {
        /// The first row too many.
        line: u64,
    },
    /// More participants than the engine numbers.
    #[error("line {line}: more than {MAX_PARTICIPANTS} participants")]
    TooManyParticipants {
        /// The row that names the first one too many.
        line: u64,
    },
    /// The packed data is broken.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

impl Refusal {
    /// The refusal in one word, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRows { .. } => "bad_row",
            Self::UnclosedQuote { .. } | Self::LongQuote { .. } => "unclosed_quote",
            Self::Empty => "empty",
            Self::NotText { .. } => "not_text",
            Self::TooManyRows { .. } | Self::TooManyParticipants { .. } => "too_large",
            Self::Damaged(_) => "damaged",
        }
    }

    /// The line where the trouble begins, where there is one.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::BadRows { rows, .. } => rows.first().map(|row| row.line),
            Self::UnclosedQuote { line }
            | Self::LongQuote { line }
            | Self::TooManyRows { line }
            | Self::TooManyParticipants { line } => Some(*line),
            Self::Empty | Self::NotText { .. } | Self::Damaged(_) => None,
        }
    }

    /// The reason in one line, without the line's number.
    pub fn reason(&self) -> String {
        match self {
            Self::BadRows { rows, count, .. } => {
                let first = rows.first().map(|row| row.fault.to_string()).unwrap_or_default();
                if *count > 1 { format!("{first} ({count} bad rows in all)") } else { first }
            }
            other => other.to_string(),
        }
    }
}

fn bad_rows(rows: &[BadRow], count: u64, max_bad: u64) -> String {
    let mut text = match (count, max_bad) {
        (1, _) => "1 bad row, nothing was done:".to_owned(),
        (_, 0) => format!("{count} bad rows, nothing was done:"),
        _ => format!("{count} bad rows, {max_bad} may be left out; nothing was done:"),
    };
    for row in rows {
        text.push_str(&format!("\n  {row}"));
    }
    let more = count - rows.len() as u64;
    if more > 0 {
        text.push_str(&format!("\n  … and {more} more"));
    }
    text.push_str(&format!("\nCorrect them, or leave them out with --max-bad {count}."));
    text
}

/// Why there is no table.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The input is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The input could not be read.
    #[error("cannot read the input: {0}")]
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    /// Damaged packed data is refused as input; everything else is the system's.
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Damaged>()) {
            Some(damaged) => Self::Refused(Refusal::Damaged(damaged.clone())),
            None => Self::Io(error),
        }
    }
}
