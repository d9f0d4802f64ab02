//! `mychips export`: what stands at the site, taken along: a table of debts (`csv.rs`), a tally or a user
//! with all that proves it (`tally.rs`).

mod csv;
mod tally;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::failure::{self, Failure};
use crate::flags::{As, Place};
use crate::visit;

/// Take along who owes whom, or a tally with all that proves it.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Export {
    Csv(Csv),
    Tally(Tally),
    User(User),
}

/// Write who owes whom as a table: debtor, creditor, amount; for an administrator.
///
/// Every debt on a tally of this site is one row, as the creditor's half has it, or the debtor's where the
/// creditor lives elsewhere. Users of this site are called by their names here, others by their
/// addresses. `mychips clear` and `mychips import csv` read the table.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON, with FILE only:
  file, rows   where it is, and how many debts
  total        all of them, in milli-CHIPs, as text

Exit codes:
  0  done    1  refused: FILE is there already    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips export csv debts.csv
  mychips export csv | mychips clear -")]
pub(crate) struct Csv {
    /// The new file [default: standard output]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Write one of your tallies with all that proves it, as JSON.
///
/// What both signed, both certs, the contract, every chit in its place on the chain, what proves those of
/// lifts, and the site's signed word for the chain. `mychips verify` checks it without any site;
/// `mychips import tally` brings back what a site has lost of it. Whoever has the file knows the tally: it is readable by you only.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON, with FILE only:
  file      where it is
  tallies   1
  chits     how many, those of lifts included
  unproved  uuids of chits that count here and that the file does not prove

The book's page on backups describes every member of the file.

Exit codes:
  0  done    1  refused: FILE is there already, or the site shows what is not
  proved    2  wrong usage    3  reading or writing failed, or the site is in use

Examples:
  mychips export tally bob --as ann tally-with-bob.json")]
pub(crate) struct Tally {
    /// The tally, or the partner
    #[arg(value_name = "PARTNER|TALLY")]
    tally: String,
    /// The new file [default: standard output]
    file: Option<PathBuf>,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    place: Place,
}

/// Write your cert and all your tallies that both signed, as JSON.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON, with FILE only: file, tallies, chits, unproved

Exit codes: as mychips export tally

Examples:
  mychips export user --as ann ann.json")]
pub(crate) struct User {
    /// The new file [default: standard output]
    file: Option<PathBuf>,
    #[command(flatten)]
    who: As,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(flags: &Export) -> Result<(), Failure> {
    let data = visit::data(flags.place().data.as_deref())?;
    match flags {
        Export::Csv(flags) => csv::run(flags, &data),
        Export::Tally(flags) => tally::one(flags, &data),
        Export::User(flags) => tally::all(flags, &data),
    }
}

impl Export {
    const fn place(&self) -> &Place {
        match self {
            Self::Csv(flags) => &flags.place,
            Self::Tally(flags) => &flags.place,
            Self::User(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

/// Writes a text into a new file that only its owner reads, or to standard output; says whether it was
/// a file.
fn write(file: Option<&Path>, text: &[u8]) -> Result<bool, Failure> {
    let Some(path) = file else {
        let mut out = io::stdout().lock();
        failure::printed(out.write_all(text).and_then(|()| out.flush()))?;
        return Ok(false);
    };
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut opened = match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = format!("{} is there already: name a new file", path.display());
            return Err(Failure::refused("exists", text));
        }
        opened => opened.map_err(|error| Failure::io("cannot write", path, &error))?,
    };
    let written = opened.write_all(text).and_then(|()| opened.sync_all());
    if let Err(error) = written {
        // Half of it is of no use to anybody.
        let _ = std::fs::remove_file(path);
        return Err(Failure::io("cannot write", path, &error));
    }
    Ok(true)
}
