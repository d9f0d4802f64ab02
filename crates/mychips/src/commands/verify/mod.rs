//! `mychips verify`: an exported file checked (`file.rs`), the proof of a lie (`proof.rs`), or the program's own machines (`machines.rs`).

mod file;
mod machines;
mod proof;
mod told;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

pub(super) use file::{Export, not_proved};

use crate::failure::Failure;

/// Check an exported tally or user, the proof that an agent lies, or the rules of this program themselves.
///
/// With a FILE: every signature, chain, lift and balance in an exported tally or user; or that
/// what `mychips referee proof` wrote does prove a lie. No site is needed.
///
/// With names of scenarios, or with nothing: in small worlds of a few users and sites, whatever can happen is
/// tried, in every order, with messages lost, doubled and late and sites that crash. In every state that can be
/// reached nothing may be wrong, and once faults stop everything has to come to its end.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON of a file:
  kind      tally_export or user_export
  proved    all; some, where a tally has chits that are not (exit code 1);
            tallies, where the user's cert has a key that is on none of
            them; or cert, where there is no tally: then only that the cert is
            signed with the key that it names itself
  date      when it was exported, by the file's own word: nobody signs it
  agent     of which site
  tallies   tally, holder, partner, status, balance (in milli-CHIPs, positive
            when the partner owes), chits, lifts, contract (whether it is in the
            file), word (whether the site's signed word for the chain is),
            unproved (uuids of chits of lifts of which nobody can tell whether
            the giver's site took part: its user named another agent later)

JSON of the proof of a lie:
  kind      lie or contradiction
  proved    all
  lift      about which lift
  liars     agents that certainly lie
  accused   agents of whom at least one lies

JSON of scenarios:
  states, seconds   of all of them together
  scenarios         name, says, faults, states, edges (steps between states),
                    fair_edges, depth, seconds, planted (whether a fault was
                    planted to see it found), as_expected, verdict (holds,
                    broken or not_exhausted), invariant (which is broken), why;
                    with --trace: trace, the way there

Exit codes:
  0  all of it is proved    1  it is not, and why; of scenarios: one is not as
  expected, or was not exhausted    2  wrong usage    3  reading failed

Examples:
  mychips verify tally-with-bob.json
  mychips verify lie.json
  mychips verify
  mychips verify negotiation --long
  mychips verify negotiation-forgetful --trace")]
pub(crate) struct Verify {
    /// A file, as mychips export or mychips referee proof writes it; or names of scenarios, or what several of them begin with
    #[arg(value_name = "FILE|NAME")]
    what: Vec<PathBuf>,
    /// Print JSON, and errors as JSON on standard error
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    search: Search,
}

/// How scenarios are explored.
#[derive(Debug, Args)]
struct Search {
    /// Run the long scenarios too
    #[arg(long)]
    long: bool,
    /// Tell what scenarios there are
    #[arg(long)]
    list: bool,
    /// Print the way to whatever was found
    #[arg(long, conflicts_with = "list")]
    trace: bool,
    /// How many threads search [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// The most memory that the states of a scenario may take; beyond it the scenario is not exhausted
    #[arg(long, value_name = "N", default_value = "4096")]
    memory_mb: NonZeroUsize,
}

impl Search {
    /// Whether one of these flags was given, which mean nothing for a file.
    const fn is_asked_for(&self) -> bool {
        self.long || self.list || self.trace || self.threads.is_some()
    }
}

pub(crate) fn run(flags: &Verify) -> Result<(), Failure> {
    match &flags.what[..] {
        [file] if !machines::is_named(file) && !flags.search.is_asked_for() => {
            file::run(file, flags.json)
        }
        names => machines::run(names, &flags.search, flags.json),
    }
}

impl Verify {
    pub(crate) const fn json(&self) -> bool {
        self.json
    }
}
