//! `mychips sim`: networks of sites that are simulated, each from one seed; what happens there is in `sim::net`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::{Args, Subcommand};
use sim::net::{Failure as Broken, Life, Lived, Planted, Report};

use crate::failure::Failure;
use crate::progress::Progress;
use crate::say;

/// How many failures are shown with their trace; of the others a line.
const SHOWN: usize = 3;

/// What follows the number of lifts in a line of the file.
const DECIDED: &str = " lifts decided";

/// How many seeds are tried at most until so many lifts were decided.
const MOST_SEEDS: u64 = 10_000_000;

/// Set by Ctrl-C: the seed at hand is the last one.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Simulated networks, for whoever works on this program.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Sim {
    Net(Net),
}

/// Let networks of real sites live where anything fails, and check that nothing is wrong.
///
/// Each seed is a network of its own: its sites crash and are restored, its messages are lost, doubled and forged,
/// while people pay; then the faults stop, and everything has to come to its end. An auditor looks after every
/// step. The same seed prints the same bytes.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("with_lifts").multiple(true))]
#[command(after_long_help = "\
A line of --out is the seed, whether everything held (or what did not, and after
which step), the steps, how many lifts were decided, how long it took, and the
digest of all that happened. Seeds of which a line says that everything held are
not run again, and their lifts count for --until-lifts.

Exit codes:
  0  everything held, or Ctrl-C ended it before anything else    1  something
  did not: its seed and what happened are printed    2  wrong usage
  3  the file cannot be written

Examples:
  mychips sim net --seed 7
  mychips sim net --count 200
  mychips sim net --from-seed 1000 --count 5000 --out seeds.txt
  mychips sim net --liars --until-lifts 1000 --out seeds.txt
  mychips sim net --count 500 --plant lost-letter")]
pub(crate) struct Net {
    /// The one seed to run
    #[arg(long, value_name = "N", conflicts_with_all = ["from_seed", "count", "out"])]
    seed: Option<u64>,
    /// Print all that happened, line by line
    #[arg(long, requires = "seed")]
    trace: bool,
    /// The first of several seeds
    #[arg(long, value_name = "N", default_value_t = 0)]
    from_seed: u64,
    /// How many seeds
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    count: u64,
    /// Append a line for each seed, and leave out those that held before
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// People pay strangers at other sites too, and sites clear around each other, by lifts that referees decide
    #[arg(long, group = "with_lifts")]
    lifts: bool,
    /// The same, and some sites lie together about lifts, and one of four referees lies
    #[arg(long, group = "with_lifts")]
    liars: bool,
    /// Go on from seed to seed until so many lifts between sites were decided
    #[arg(long, value_name = "N", requires = "with_lifts", conflicts_with_all = ["seed", "count"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    until_lifts: Option<u64>,
    /// Plant a fault into all sites, to see it found: lost-letter, double-apply, wrong-order,
    /// unchecked-signature or resurrected; with --lifts void-for-valid, own-clock, freed-by-one,
    /// same-room, plain-mark, plain-token, told-on or same-key
    #[arg(long, value_name = "NAME", value_parser = planted)]
    plant: Option<Planted>,
}

impl Net {
    const fn life(&self) -> Life {
        match (self.liars, self.lifts) {
            (true, _) => Life::Liars,
            (false, true) => Life::Lifts,
            (false, false) => Life::Tallies,
        }
    }
}

fn planted(word: &str) -> Result<Planted, String> {
    let all = || Planted::ALL.map(Planted::word).join(", ");
    Planted::named(word).ok_or_else(|| format!("one of {}", all()))
}

/// What came of the seeds so far.
#[derive(Default)]
struct Tally {
    held: u64,
    /// Lifts that were decided in seeds that held, those of the file among them.
    lifts: u64,
    broken: Vec<Broken>,
}

pub(crate) fn run(command: &Sim) -> Result<(), Failure> {
    let Sim::Net(flags) = command;
    if let Some(seed) = flags.seed {
        return one(seed, flags);
    }
    // Without a handler Ctrl-C ends it all the same, only in the middle of a seed.
    let _ = ctrlc::set_handler(|| ENDED.store(true, Ordering::Relaxed));
    let (tally, ended) = several(flags)?;
    if let Some(next) = ended {
        say::text(&format!("ended before seed {next}"))?;
    }
    let seeds = say::counted(tally.held, "seed", "seeds");
    if tally.broken.is_empty() {
        let lifts = say::counted(tally.lifts, "lift", "lifts");
        let decided = flags.until_lifts.map(|_| format!("; {lifts} decided so far"));
        return say::text(&format!("{seeds}: everything held{}", decided.unwrap_or_default()));
    }
    for broken in tally.broken.iter().take(SHOWN) {
        say::text(&broken.to_string())?;
    }
    for broken in tally.broken.iter().skip(SHOWN) {
        say::text(&format!("seed {}: {}: {}", broken.seed(), broken.invariant(), broken.what()))?;
    }
    Err(found(&format!("{} failed, {} held", tally.broken.len(), tally.held)))
}

fn found(what: &str) -> Failure {
    Failure::refused("not_held", what)
}

fn one(seed: u64, flags: &Net) -> Result<(), Failure> {
    let Lived { ended, trace } = sim::net::live(seed, flags.life(), flags.plant);
    if flags.trace {
        say::text(&trace)?;
    }
    match ended {
        Ok(report) => say::text(&report.to_string()),
        Err(broken) => {
            say::text(&broken.to_string())?;
            Err(found(&format!("{} does not hold in seed {seed}", broken.invariant())))
        }
    }
}

/// Runs seeds; says before which one it was ended, where it was.
fn several(flags: &Net) -> Result<(Tally, Option<u64>), Failure> {
    let out = flags.out.as_deref();
    let done = out.map_or_else(|| Ok(BTreeMap::new()), before)?;
    let mut file = out.map(opened).transpose()?;
    let progress = Progress::of("simulating networks");
    let size = |many: u64| usize::try_from(many).unwrap_or(usize::MAX);
    let mut tally =
        Tally { lifts: done.range(flags.from_seed..).map(|(_, it)| it).sum(), ..Tally::default() };
    let all = flags.until_lifts.map_or(flags.count, |_| MOST_SEEDS);
    for (number, seed) in (flags.from_seed..).take(size(all)).enumerate() {
        if flags.until_lifts.is_some_and(|lifts| tally.lifts >= lifts) {
            break;
        }
        if ENDED.load(Ordering::Relaxed) {
            return Ok((tally, Some(seed)));
        }
        match flags.until_lifts {
            Some(lifts) => progress.count("deciding lifts", size(tally.lifts), size(lifts)),
            None => progress.count("simulating networks", number, size(all)),
        }
        if done.contains_key(&seed) {
            continue;
        }
        let began = Instant::now();
        let ended = sim::net::live(seed, flags.life(), flags.plant).ended;
        if let (Some(file), Some(path)) = (&mut file, out) {
            let text = line(&ended, flags.life(), began.elapsed().as_millis());
            let line = writeln!(file, "{text}").and_then(|()| file.flush());
            line.map_err(|error| Failure::io("cannot write", path, &error))?;
        }
        match ended {
            Ok(report) => {
                tally.held += 1;
                tally.lifts += report.lifts_decided();
            }
            Err(broken) => tally.broken.push(*broken),
        }
    }
    Ok((tally, None))
}

/// A line of the file of results, for a seed that took so many milliseconds.
fn line(ended: &Result<Report, Box<Broken>>, life: Life, took_ms: u128) -> String {
    match ended {
        Ok(report) => {
            let (seed, steps, digest) = (report.seed(), report.steps(), report.digest());
            let (payments, back) = (report.payments(), report.went_back());
            let lifts = match life {
                Life::Tallies => String::new(),
                Life::Lifts | Life::Liars => format!(", {}{DECIDED}", report.lifts_decided()),
            };
            format!(
                "{seed} held {steps} steps, {payments} payments, {back} went back{lifts}, {took_ms} ms, {digest}"
            )
        }
        Err(broken) => {
            let (seed, invariant, step) = (broken.seed(), broken.invariant(), broken.step());
            format!("{seed} {invariant} after step {step}: {}", broken.what())
        }
    }
}

/// The seeds of which the file says that everything held, with how many lifts were decided; what failed before is run
/// again.
fn before(path: &Path) -> Result<BTreeMap<u64, u64>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(seed_of).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Failure::io("cannot read", path, &error)),
    }
}

fn seed_of(line: &str) -> Option<(u64, u64)> {
    let (seed, held) = line.split_once(' ')?;
    let mut counts = held.strip_prefix("held ")?.split(", ");
    let lifts = counts.find_map(|count| count.strip_suffix(DECIDED)?.parse().ok());
    Some((seed.parse().ok()?, lifts.unwrap_or(0)))
}

fn opened(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.map_err(|error| Failure::io("cannot write", path, &error))
}
