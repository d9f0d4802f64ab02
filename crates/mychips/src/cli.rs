//! Commands and flags, and the manual they make. Flags of commands at a site stand with them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use setoff::Separator;

use crate::commands::agent::Agent;
use crate::commands::backup::Backup;
use crate::commands::config::Config;
use crate::commands::contract::Contract;
use crate::commands::doctor::Doctor;
use crate::commands::export::Export;
use crate::commands::import::Import;
use crate::commands::init::Init;
use crate::commands::invoice::{Invoice, Refuse};
use crate::commands::key::Key;
use crate::commands::lift::Lift;
use crate::commands::limits::Limits;
use crate::commands::pay::Pay;
use crate::commands::peers::Peers;
use crate::commands::referee::Referee;
use crate::commands::restore::Restore;
use crate::commands::serve::Serve;
use crate::commands::simulate::Sim;
use crate::commands::statement::Statement;
use crate::commands::status::Status;
use crate::commands::tally::Tally;
use crate::commands::town::Town;
use crate::commands::user::User;
use crate::commands::verify::Verify;

/// MyCHIPs: private credit that works everywhere.
///
/// People and firms that trade owe each other. Where debts run in a circle, everybody in it can
/// give up a claim and be rid of a debt of the same size: no money moves and nobody's net position
/// changes. This program finds such set-offs in a table of debts, and keeps a site: users, their
/// tallies with each other, and the chits that they sign.
#[derive(Debug, Parser)]
#[command(
    name = "mychips",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Start with a table of your own:  mychips clear debts.csv\n\
                  Or with a site of your own:      mychips init\n\
                  More about a command:            mychips clear --help"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Clear(Clear),
    Init(Init),
    Serve(Serve),
    #[command(subcommand)]
    Key(Key),
    #[command(subcommand)]
    User(User),
    #[command(subcommand)]
    Contract(Contract),
    #[command(subcommand)]
    Tally(Tally),
    Pay(Pay),
    Invoice(Invoice),
    Refuse(Refuse),
    #[command(subcommand)]
    Lift(Lift),
    Statement(Statement),
    Status(Status),
    #[command(subcommand)]
    Agent(Agent),
    #[command(subcommand)]
    Peers(Peers),
    #[command(subcommand)]
    Referee(Referee),
    Doctor(Doctor),
    Backup(Backup),
    Restore(Restore),
    #[command(subcommand)]
    Config(Config),
    Limits(Limits),
    #[command(subcommand)]
    Import(Import),
    #[command(subcommand)]
    Export(Export),
    Verify(Verify),
    Town(Town),
    #[command(subcommand)]
    Sim(Sim),
}

impl Command {
    /// Whether errors are told as JSON.
    pub(crate) const fn json(&self) -> bool {
        match self {
            Self::Clear(flags) => flags.json,
            Self::Init(flags) => flags.json(),
            Self::Serve(flags) => flags.json(),
            Self::Key(flags) => flags.json(),
            Self::User(flags) => flags.json(),
            Self::Contract(flags) => flags.json(),
            Self::Tally(flags) => flags.json(),
            Self::Pay(flags) => flags.json(),
            Self::Invoice(flags) => flags.json(),
            Self::Refuse(flags) => flags.json(),
            Self::Lift(flags) => flags.json(),
            Self::Statement(flags) => flags.json(),
            Self::Status(flags) => flags.json(),
            Self::Agent(flags) => flags.json(),
            Self::Peers(flags) => flags.json(),
            Self::Referee(flags) => flags.json(),
            Self::Doctor(flags) => flags.json(),
            Self::Backup(flags) => flags.json(),
            Self::Restore(flags) => flags.json(),
            Self::Config(flags) => flags.json(),
            Self::Limits(flags) => flags.json(),
            Self::Import(flags) => flags.json(),
            Self::Export(flags) => flags.json(),
            Self::Verify(flags) => flags.json(),
            Self::Town(_) => false,
            Self::Sim(command) => command.json(),
        }
    }
}

/// Set off a table of debts: the most that can be cleared, exactly.
///
/// Reads a table of who owes whom and finds the largest set-off there is: debts run in circles, and
/// along each circle everybody's debt and claim shrink by the same amount. Every net position stays
/// as it was. No other set-off of the same table clears more; the result carries the proof.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER_CLEAR, max_term_width = 100)]
pub(crate) struct Clear {
    /// The table, '-' for standard input; .xz, .gz and .zst are read directly
    ///
    /// UTF-8 text with the columns debtor, creditor, amount; further columns are ignored.
    pub(crate) file: PathBuf,

    /// Print the result as one JSON object, and errors as JSON on standard error
    #[arg(long)]
    pub(crate) json: bool,

    /// Write setoff.csv, residual.csv, positions.csv, circles.csv and report.html into DIR
    ///
    /// DIR must not exist yet or be empty. The files appear together when all are complete.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Leave out up to N bad rows instead of refusing the table
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) max_bad: u64,

    /// What parts the columns: one character, or tab, space, comma, semicolon
    ///
    /// Without this flag: the first of tab, semicolon, comma, space that the first line holds.
    #[arg(long, value_name = "C", allow_hyphen_values = true)]
    pub(crate) separator: Option<Separator>,

    /// Replace the files of an earlier run in DIR; anything else in it is left alone
    #[arg(long, requires = "out")]
    pub(crate) force: bool,

    /// Spread relief evenly: of all largest set-offs the one with the most equal shares
    ///
    /// As much is cleared as without, but rarely in one way only. This takes the one that makes the
    /// sum of cleared x cleared / debt over all debts least: everybody's debts are relieved in shares
    /// as near to each other as they can be, to the milli-CHIP, and rows of one pair pro rata.
    #[arg(long, conflicts_with = "max_hops")]
    pub(crate) fair: bool,

    /// Clear only what circles of at most N members can clear
    ///
    /// Short circles are easier to agree on. The result says what share that is of the most that can
    /// be cleared. How much short circles clear is searched for, not proved to be the most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) max_hops: Option<u32>,

    /// Show the proof that nothing more can be cleared
    ///
    /// The proof gives every participant a small number; from these follows a bound that no set-off
    /// of the table can exceed, and it equals what was cleared. A separate piece of the program
    /// checks it.
    #[arg(long)]
    pub(crate) verify: bool,
}

/// Lines of at most 78 columns, so that a terminal of 80 does not break them.
const AFTER_CLEAR: &str = "\
The table:
  Ann,Bob,120.50        Ann owes Bob 120.50
  Bob,Cid,80            one row for each debt; rows of one pair are relieved
  Cid,Ann,99.999        in the order of the file, with --fair pro rata

  Line 1 is a header if its third field holds no digit. Fields may be quoted
  as in RFC 4180; blank lines do not count; spaces part columns in runs.
  White space around names does not count; otherwise names are taken as
  written, capitals and accents included.
  Amounts are plain decimals with a point and no thousands separators, up to
  9007199254740.991. Beyond three decimal places they round toward zero, and
  such rows are counted.
  A bad row (no number, zero, negative, somebody owing themselves, a missing
  column ...) is named by line and reason, and nothing is done, unless
  --max-bad allows to leave it out.

Units:
  Amounts are in whatever currency the table is in. For people they are
  decimals with three places; in JSON they are integers of thousandths
  (milli-CHIPs): 120.50 is 120500. Sums are exact and may go beyond 2^53.

JSON:
  participants    named in accepted rows
  obligations     accepted rows
  refused         rows left out; refused_rows tells line and reason of each,
                  of the first 100,000
  rounded         accepted rows with more than three decimal places
  header          whether line 1 was one
  total           all debts
  cleared         what is cleared of them; cleared_share as a fraction
  left            what is left of them
  net             the sum of net claims: this much stays in any set-off
  debtors         participants who owed something; freed_of_all and
                  freed_of_part count those who owe nothing, or less, now
  debts_settled   debts cleared entirely; debts_eased in part
  lifts           circles of the explanation, or null; explained: whether it is
                  there (it is left out beyond 16,777,216 members)
  seconds         the whole run; solve_seconds the search alone
  spread          with --fair: even
  max_hops        with --max-hops: N; most, what the largest set-off clears,
                  and share_of_most, what is cleared as a fraction of it
  verified        with --verify: true, and bound, the most there is
  out             with --out: the folder
  Errors are one object {\"error\", \"line\", \"reason\"} on standard error:
  a word, the line in the input or null, and a sentence.

Files of --out:
  setoff.csv      each accepted row, what was cleared of it, what is left
  residual.csv    the debts that are left: a table for the next set-off
  positions.csv   what each participant owes and is owed, before and after,
                  its net unchanged, and its number in the proof
  circles.csv     the explanation: circles of debts, each cleared all the way
                  round, one row for each debt of a circle; no such file where
                  the explanation is left out
  refused.csv     the rows left out by --max-bad: line and reason
  report.html     a report to hand to the members; opens in any browser and
                  needs no network
  Names in the CSV files are exactly those of the table. Some spreadsheets
  take a name that begins with = + - or @ for a formula: import such columns
  as text.

Exit codes:
  0   done
  1   the input was refused; nothing was written
  2   wrong usage
  3   reading or writing failed, or DIR is in use
  70  the result failed its own check (a fault of this program); nothing was
      written

Examples:
  mychips clear debts.csv
  mychips clear debts.csv.xz --out result --verify
  zcat debts.csv.gz | mychips clear - --json
  mychips clear ledger.txt --separator '|' --max-bad 5";
