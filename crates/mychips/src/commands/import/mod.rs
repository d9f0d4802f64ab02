//! `mychips import`: a table of debts or of trust lines becomes users with tallies.
//!
//! `ties` makes pairs of participants of the rows, `people` gives them names and keys, `records` signs
//! what they would have signed.

mod people;
mod records;
mod tally;
mod ties;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Subcommand};
use serde::Serialize;
use setoff::{Input, ReadOptions, Separator};
use site::CommandId;

use crate::failure::Failure;
use crate::flags::{KeyFolder, Place};
use crate::keys::Keys;
use crate::progress::Progress;
use crate::say;
use crate::visit::{self, Visit};
use people::People;
use records::Records;
use ties::{Refused, Ties};

/// How many tallies are taken in one transaction: many enough that the disk is not what is waited
/// for, few enough that an interruption costs little. Part of each batch's name: another number would
/// cut a file otherwise, and a run that goes on after an interruption would be refused.
const AT_ONCE: usize = 200;

/// Bring in who owes whom, or what the site lost of a tally.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Import {
    Csv(Csv),
    RippleLines(RippleLines),
    Tally(tally::Tally),
}

/// Bring in a table of debts, as `mychips clear` reads it: debtor, creditor, amount.
///
/// Everybody in the table becomes a user; every two between whom something is owed get one tally
/// with a signed chit for what each owes the other. The most that each may owe on it is what it
/// owes. Names that are no user names (capitals, spaces, accents) get one made of them; the name
/// itself is kept beside.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER)]
pub(crate) struct Csv {
    #[command(flatten)]
    from: From,
    /// What parts the columns: one character, or tab, space, comma, semicolon
    #[arg(long, value_name = "C", allow_hyphen_values = true)]
    separator: Option<Separator>,
}

/// Bring in trust lines of the XRP ledger, as they are published: `u v lo w hi`.
///
/// On each line of the file, w is what u owes v (below zero: v owes u), u may owe up to hi, v up to
/// -lo. Every line becomes a tally with these limits and a signed chit for the balance. Amounts round
/// toward zero to thousandths; limits beyond the largest amount are taken for it, and counted.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER)]
pub(crate) struct RippleLines {
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
struct From {
    /// The file, '-' for standard input; .xz, .gz and .zst are read directly
    file: PathBuf,
    #[command(flatten)]
    keys: KeyFolder,
    #[command(flatten)]
    place: Place,
}

const AFTER: &str = "\
Every tally is signed by both, offered and accepted as by people, and every
balance is a signed chit: mychips doctor checks all of it. The users' keys
are made from one secret in the folder imported of the key folder, whose
README says what they are: keys for samples and trials, all in one hand.

A bad row is left out, counted, and named by line and reason (the first 20).
Everything is taken in portions, each whole or not at all. Given again, after
an interruption or not, the same file adds only what is missing.

JSON:
  users         participants of the rows that were taken
  tallies       between them; again of these were here before
  chits         balances, as chits
  owed          the sum of all balances, each counted once, in milli-CHIPs
  refused       rows left out; refused_rows: line and reason of the first 20
  capped        limits beyond the largest amount, taken for it
  rounded       balances with more than three decimal places
  seconds       the whole run
  peak_mib      the most memory that was in use, in MiB; null where the
                system does not say

Exit codes:
  0  taken in    1  refused    2  wrong usage
  3  reading or writing failed, or the site is in use

Examples:
  mychips import csv debts.csv
  mychips import ripple-lines trustlines.txt.xz --json";

/// What was done.
#[derive(Serialize)]
struct Report {
    users: usize,
    tallies: usize,
    again: usize,
    chits: usize,
    owed: i128,
    refused: u64,
    refused_rows: Vec<Refused>,
    capped: u64,
    rounded: u64,
    seconds: f64,
    peak_mib: Option<u64>,
}

pub(crate) fn run(flags: &Import) -> Result<(), Failure> {
    match flags {
        Import::Csv(csv) => table(&csv.from, || csv.read()),
        Import::RippleLines(lines) => table(&lines.from, || lines.read()),
        Import::Tally(flags) => tally::run(flags),
    }
}

/// Takes a table in.
fn table(from: &From, read: impl FnOnce() -> Result<Ties, Failure>) -> Result<(), Failure> {
    let started = Instant::now();
    let data = visit::data(from.place.data.as_deref())?;
    let keys = Keys::at(from.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter(&data)?;
    let progress = Progress::new();
    let ties = read()?;
    let people = People::of(&ties, &keys)?;
    let again = take_in(&visit, &ties, people, &progress)?;
    drop(progress);
    let report = Report {
        users: ties.participants(),
        tallies: ties.list.len(),
        again,
        chits: ties.list.iter().flat_map(|tie| tie.owes).filter(|owes| owes.milli() > 0).count(),
        owed: ties.list.iter().map(|tie| i128::from(tie.net_milli()).abs()).sum(),
        refused: ties.refused,
        refused_rows: ties.refused_rows,
        capped: ties.capped,
        rounded: ties.rounded,
        seconds: started.elapsed().as_secs_f64(),
        peak_mib: peak_mib(),
    };
    say::either(from.place.json, &report, || report.page())
}

/// Takes all in, in portions; says how many tallies were here before.
fn take_in(
    visit: &Visit,
    ties: &Ties,
    people: People<'_>,
    progress: &Progress,
) -> Result<usize, Failure> {
    let content = ties.content();
    let mut records = Records::new(visit, people, content)?;
    let (mut again, mut done) = (0, 0);
    for (number, portion) in ties.list.chunks(AT_ONCE).enumerate() {
        progress.count("signing and taking in tallies", done, ties.list.len());
        let first = number * AT_ONCE;
        let id = CommandId::new(&format!("import:{content}:{AT_ONCE}:{number}"));
        let id = id.ok_or_else(|| Failure::refused("command", "no name for a portion"))?;
        let new = visit.take_in(&id, || records.intake(ties, portion, first))?;
        again += if new { 0 } else { portion.len() };
        done += portion.len();
    }
    Ok(again)
}

impl Import {
    pub(crate) const fn json(&self) -> bool {
        match self {
            Self::Csv(flags) => flags.from.place.json,
            Self::RippleLines(flags) => flags.from.place.json,
            Self::Tally(flags) => flags.place.json,
        }
    }
}

impl Csv {
    fn read(&self) -> Result<Ties, Failure> {
        let (input, name) = named(&self.from.file);
        let reader = setoff::open(&input).map_err(|error| Failure::open(&name, &error))?;
        let options = ReadOptions { separator: self.separator, max_bad: u64::MAX };
        let table = setoff::read_table(reader, &options);
        some(&name, Ties::of_debts(table.map_err(|error| Failure::read(&name, &error))?))
    }
}

impl RippleLines {
    fn read(&self) -> Result<Ties, Failure> {
        let (input, name) = named(&self.from.file);
        let reader = setoff::open(&input).map_err(|error| Failure::open(&name, &error))?;
        let lines = setoff::read_trust_lines(reader);
        some(&name, Ties::of_lines(lines.map_err(|error| Failure::read(&name, &error))?))
    }
}

/// A file without any good row is refused.
fn some(name: &str, ties: Ties) -> Result<Ties, Failure> {
    match ties.refused_rows.first() {
        Some(row) if ties.list.is_empty() => Err(Failure::refused(
            "bad_rows",
            format!("{name} has no good row; line {}: {}", row.line, row.reason),
        )),
        _ => Ok(ties),
    }
}

fn named(file: &Path) -> (Input, String) {
    if file.as_os_str() == "-" {
        (Input::Stdin, "standard input".to_owned())
    } else {
        (Input::File(file.to_owned()), file.display().to_string())
    }
}

impl Report {
    fn page(&self) -> String {
        let count = |count: usize, one, many| say::counted(count as u64, one, many);
        let mut page = format!(
            "{} with {} and {}; {} owed\n",
            count(self.users, "user", "users"),
            count(self.tallies, "tally", "tallies"),
            count(self.chits, "chit", "chits"),
            say::amount(self.owed),
        );
        if self.again > 0 {
            let were = count(self.again, "tally was", "tallies were");
            page += &format!("{were} here before, from the same file: nothing was doubled\n");
        }
        let mut notes = BTreeMap::new();
        notes.insert("limits were beyond the largest amount and are taken for it", self.capped);
        notes.insert("balances had more than three decimal places", self.rounded);
        for (what, number) in notes.into_iter().filter(|(_, number)| *number > 0) {
            page += &format!("{number} {what}\n");
        }
        if self.refused > 0 {
            page += &format!("{} left out:\n", say::counted(self.refused, "row", "rows"));
            for row in &self.refused_rows {
                page += &format!("  line {}: {}\n", row.line, crate::text::harmless(&row.reason));
            }
            let more = self.refused.saturating_sub(self.refused_rows.len() as u64);
            if more > 0 {
                page += &format!("  and {more} more\n");
            }
        }
        let memory = self.peak_mib.map_or_else(String::new, |mib| format!(", {mib} MiB at most"));
        page + &format!("{:.1} s{memory}", self.seconds)
    }
}

/// The most memory that this process had so far, where the system says so.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024))
}
