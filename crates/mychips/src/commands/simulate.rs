//! `mychips sim`: networks of sites that are simulated, each from one seed; what happens there is in `sim::net`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::{Args, Subcommand};
use serde::Serialize;
use sim::net::{Failure as Broken, Life, Lived, Planted, Report};

use crate::failure::Failure;
use crate::progress::Progress;
use crate::say;

/// How many failures are shown with their trace; of the others a line.
const SHOWN: usize = 3;

/// What follows the number of lifts in a line of the file, and of those of them that are valid, and void.
const DECIDED: &str = " lifts decided";
const VALID: &str = " of them valid";
const VOID: &str = " void";

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
which step), the steps, how many lifts were decided, how many of them are valid
and how many void, how long it took, and the digest of all that happened. Seeds of
which a line says that everything held are not run again, and their lifts count
for --until-lifts.

JSON of a seed:
  seed, held, steps, payments, went_back (how often a site did), lifts (how
  many were decided, valid and void), digest; or, where something did not hold,
  seed, held, invariant, step, what
JSON of several:
  held      how many held now; those that a line of --out tells of are left out
  lifts     decided, valid, void: those of the file are counted too
  failed    seeds in which something did not hold, as above
  ended_before  the seed before which Ctrl-C ended it, or null

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
    /// Print JSON, and errors as JSON on standard error
    #[arg(long, conflicts_with = "trace")]
    json: bool,
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
    /// The same, and some sites lie together about lifts, and one of four referees lies, or two of seven
    #[arg(long, group = "with_lifts")]
    liars: bool,
    /// Go on from seed to seed until so many lifts between sites were decided, be it as valid or as void
    #[arg(long, value_name = "N", requires = "with_lifts", conflicts_with_all = ["seed", "count"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    until_lifts: Option<u64>,
    /// Plant a fault into all sites, to see it found: lost-letter, double-apply, wrong-order,
    /// unchecked-signature or resurrected; with --lifts void-for-valid, own-clock, freed-by-one,
    /// same-room, plain-mark, plain-token, told-on, same-key or same-nonce;
    /// with --liars kept-quiet or unnamed
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

/// Lifts that were decided. Old lines of the file do not say how.
#[derive(Clone, Copy, Default, Serialize)]
struct Decided {
    #[serde(rename = "decided")]
    all: u64,
    valid: u64,
    void: u64,
}

impl Decided {
    const fn and(self, more: Self) -> Self {
        let (all, valid) = (self.all + more.all, self.valid + more.valid);
        Self { all, valid, void: self.void + more.void }
    }
}

/// A seed in which everything held, for scripts.
#[derive(Serialize)]
struct Held {
    seed: u64,
    held: bool,
    steps: u64,
    payments: u64,
    went_back: u64,
    lifts: Decided,
    digest: String,
}

/// A seed in which something did not.
#[derive(Serialize)]
struct NotHeld {
    seed: u64,
    held: bool,
    invariant: &'static str,
    step: u64,
    what: String,
}

/// What came of several.
#[derive(Serialize)]
struct Seeds {
    held: u64,
    lifts: Decided,
    failed: Vec<NotHeld>,
    ended_before: Option<u64>,
}

impl Held {
    fn of(report: &Report) -> Self {
        Self {
            seed: report.seed(),
            held: true,
            steps: report.steps(),
            payments: report.payments(),
            went_back: report.went_back(),
            lifts: of(report),
            digest: report.digest().to_string(),
        }
    }
}

impl NotHeld {
    fn of(broken: &Broken) -> Self {
        let (seed, step, what) = (broken.seed(), broken.step(), broken.what().to_owned());
        Self { seed, held: false, invariant: broken.invariant().word(), step, what }
    }
}

/// What came of the seeds so far.
#[derive(Default)]
struct Tally {
    held: u64,
    /// Lifts that were decided in seeds that held, those of the file among them.
    lifts: Decided,
    broken: Vec<Broken>,
}

impl Sim {
    pub(crate) const fn json(&self) -> bool {
        let Self::Net(flags) = self;
        flags.json
    }
}

pub(crate) fn run(command: &Sim) -> Result<(), Failure> {
    let Sim::Net(flags) = command;
    if let Some(seed) = flags.seed {
        return one(seed, flags);
    }
    // Without a handler Ctrl-C ends it all the same, only in the middle of a seed.
    let _ = ctrlc::set_handler(|| ENDED.store(true, Ordering::Relaxed));
    let (tally, ended) = several(flags)?;
    let failed = || found(&format!("{} failed, {} held", tally.broken.len(), tally.held));
    if flags.json {
        let (held, lifts) = (tally.held, tally.lifts);
        let not_held = tally.broken.iter().map(NotHeld::of).collect();
        say::json(&Seeds { held, lifts, failed: not_held, ended_before: ended })?;
        return if tally.broken.is_empty() { Ok(()) } else { Err(failed()) };
    }
    if let Some(next) = ended {
        say::text(&format!("ended before seed {next}"))?;
    }
    let seeds = say::counted(tally.held, "seed", "seeds");
    if tally.broken.is_empty() {
        let Decided { all, valid, void } = tally.lifts;
        let lifts = say::counted(all, "lift", "lifts");
        let how = if valid + void == all {
            format!(", {valid} valid and {void} void")
        } else {
            String::new()
        };
        let decided = flags.until_lifts.map(|_| format!("; {lifts} decided so far{how}"));
        return say::text(&format!("{seeds}: everything held{}", decided.unwrap_or_default()));
    }
    for broken in tally.broken.iter().take(SHOWN) {
        say::text(&broken.to_string())?;
    }
    for broken in tally.broken.iter().skip(SHOWN) {
        say::text(&format!("seed {}: {}: {}", broken.seed(), broken.invariant(), broken.what()))?;
    }
    Err(failed())
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
        Ok(report) => say::either(flags.json, &Held::of(&report), || report.to_string()),
        Err(broken) => {
            say::either(flags.json, &NotHeld::of(&broken), || broken.to_string())?;
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
        Tally { lifts: sum(done.range(flags.from_seed..).map(|(_, it)| *it)), ..Tally::default() };
    let all = flags.until_lifts.map_or(flags.count, |_| MOST_SEEDS);
    for (number, seed) in (flags.from_seed..).take(size(all)).enumerate() {
        if flags.until_lifts.is_some_and(|lifts| tally.lifts.all >= lifts) {
            break;
        }
        if ENDED.load(Ordering::Relaxed) {
            return Ok((tally, Some(seed)));
        }
        match flags.until_lifts {
            Some(lifts) => progress.count("deciding lifts", size(tally.lifts.all), size(lifts)),
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
                tally.lifts = tally.lifts.and(of(&report));
            }
            Err(broken) => tally.broken.push(*broken),
        }
    }
    Ok((tally, None))
}

const fn of(report: &Report) -> Decided {
    let (valid, void) = (report.lifts_made(), report.lifts_void());
    Decided { all: report.lifts_decided(), valid, void }
}

fn sum(all: impl Iterator<Item = Decided>) -> Decided {
    all.fold(Decided::default(), Decided::and)
}

/// A line of the file of results, for a seed that took so many milliseconds.
fn line(ended: &Result<Report, Box<Broken>>, life: Life, took_ms: u128) -> String {
    match ended {
        Ok(report) => {
            let (seed, steps, digest) = (report.seed(), report.steps(), report.digest());
            let (payments, back) = (report.payments(), report.went_back());
            let lifts = match life {
                Life::Tallies => String::new(),
                Life::Lifts | Life::Liars => {
                    let Decided { all, valid, void } = of(report);
                    format!(", {all}{DECIDED}, {valid}{VALID}, {void}{VOID}")
                }
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
fn before(path: &Path) -> Result<BTreeMap<u64, Decided>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(seed_of).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Failure::io("cannot read", path, &error)),
    }
}

fn seed_of(line: &str) -> Option<(u64, Decided)> {
    let (seed, held) = line.split_once(' ')?;
    let held = held.strip_prefix("held ")?;
    let many =
        |what: &str| held.split(", ").find_map(|count| count.strip_suffix(what)?.parse().ok());
    let [all, valid, void] = [DECIDED, VALID, VOID].map(|what| many(what).unwrap_or(0));
    Some((seed.parse().ok()?, Decided { all, valid, void }))
}

fn opened(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.map_err(|error| Failure::io("cannot write", path, &error))
}
