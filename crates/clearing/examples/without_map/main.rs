//! What sites that have no map clear and pay, beside an engine that knows everything:
//!
//! * `cargo run --release -p clearing --example without_map -- clearing FOLDER SITES WHAT...`: debts of a family
//!   (`cl-10000`) or of a file, whose heading is `debtor,creditor,amount`, with amounts in CHIPs like 12.500;
//! * `… -- payments FOLDER SITES PAYMENTS [TRUSTLINES FILE]`: so many payments, over a generated network of trust lines or
//!   a real one (the form of both files is that of the example `ripple`).
//!
//! SITES is a list, `10,100,1000`; the network is divided among so many sites by community and at random. Every site runs
//! the machine that ships (`clearing::Seeker`, `clearing::Tries`), and every message of a search is encoded and counted.
//! FOLDER gets the points of the pictures that tools/peers/draw-map draws.

#[path = "../ripple/amount.rs"]
mod amount;
mod clear;
#[path = "../divided/mod.rs"]
mod divided;
#[path = "../families/mod.rs"]
mod families;
#[path = "../ripple/lines.rs"]
mod lines;
mod pay;
mod table;
#[path = "../tallies/mod.rs"]
mod tallies;

use std::path::Path;
use std::time::{Duration, Instant};

use clearing::{Debt, MOST_SWAP_LOOKS, best_circulation, best_within};
use protocol::settings::{InForce, Settings};
use protocol::{Rate, Units};

use families::Chance;
use lines::Failure;
use pay::Payment;
use table::{Points, percent};
use tallies::Tally;

const USAGE: &str = "usage: without_map clearing FOLDER SITES WHAT... | \
    without_map payments FOLDER SITES PAYMENTS [TRUSTLINES FILE]";

/// The seed by which users come to sites.
const DIVISION: u64 = 7;

/// As many members as a search goes over tallies between sites at most.
const MEMBERS: u32 = protocol::query::MOST_DEPTH as u32;

/// The most that a payer gives for what arrives, in percent, where somebody charges.
const MOST_PERCENT: i64 = 120;

#[derive(Clone, Copy)]
enum Division {
    Community,
    Random,
}

impl Division {
    const BOTH: [Self; 2] = [Self::Community, Self::Random];

    const fn word(self) -> &'static str {
        match self {
            Self::Community => "community",
            Self::Random => "random",
        }
    }

    fn of(self, participants: u32, tallies: &[Tally], sites: u32) -> Vec<u32> {
        let mut chance = Chance(DIVISION);
        match self {
            Self::Community => divided::by_community(participants, tallies, sites, &mut chance),
            Self::Random => divided::at_random(participants, sites, &mut chance),
        }
    }
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, folder, sites, rest @ ..] = &args[..] else { return Err(USAGE.into()) };
    let sites = sites.split(',').map(str::parse).collect::<Result<Vec<u32>, _>>()?;
    std::fs::create_dir_all(folder)?;
    match (what.as_str(), rest) {
        ("clearing", rest) if !rest.is_empty() => clearing(Path::new(folder), &sites, rest),
        ("payments", [many, files @ ..]) => {
            payments(Path::new(folder), &sites, many.parse()?, files)
        }
        _ => Err(USAGE.into()),
    }
}

/// What an engine that knows everything clears.
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) debts: usize,
    pub(crate) best: i128,
    /// By circles of at most so many members, and no choice of such clears more than `bound`.
    pub(crate) short: i128,
    pub(crate) bound: i128,
    pub(crate) times: [Duration; 2],
}

fn known(name: &str, participants: u32, debts: &[Debt]) -> Result<Known, Failure> {
    let sum = |cleared: &[Units]| cleared.iter().map(|units| i128::from(units.milli())).sum();
    let start = Instant::now();
    let best = sum(&best_circulation(participants, debts, &mut |_| {})?.cleared);
    let first = start.elapsed();
    let short = best_within(participants, debts, MEMBERS, MOST_SWAP_LOOKS)?;
    let times = [first, start.elapsed() - first];
    let (name, bound, short) = (name.to_owned(), short.bound, sum(&short.cleared));
    Ok(Known { name, debts: debts.len(), best, short, bound, times })
}

fn clearing(folder: &Path, sites: &[u32], what: &[String]) -> Result<(), Failure> {
    let mut points = Points::new(folder.join("without-map-clearing.txt"))?;
    table::clearing_head(MEMBERS)?;
    for what in what {
        let (participants, debts) = match families::named(what) {
            Some((family, many)) => (many, families::debts(family, many, 1)?),
            None => families::read(what)?,
        };
        // With its ending: `cl-10000.csv` is not the generated `cl-10000`.
        let name = Path::new(what).file_name().and_then(|name| name.to_str()).unwrap_or(what);
        let known = known(name, participants, &debts)?;
        table::known(&known)?;
        points.add(&format!("bound {name} {:.2}", percent(known.bound, known.best)))?;
        points.add(&format!("short {name} {:.2}", percent(known.short, known.best)))?;
        let tallies = clear::tallies(&debts)?;
        for sites in sites {
            for division in Division::BOTH {
                let at = division.of(participants, &tallies, *sites);
                let cleared = clear::clear(tallies.clone(), at, debts.len())?;
                table::cleared(&known, *sites, division.word(), &cleared)?;
                points.curve(&known, *sites, division.word(), &cleared)?;
            }
        }
    }
    Ok(())
}

fn payments(folder: &Path, sites: &[u32], many: usize, files: &[String]) -> Result<(), Failure> {
    let (name, participants, tallies, payments) = match files {
        [] => generated(many)?,
        [lines, payments] => real(many, lines, payments)?,
        _ => return Err(USAGE.into()),
    };
    let mut points = Points::new(folder.join("without-map-payments.txt"))?;
    let known = pay::with_map(participants, tallies.clone(), &payments)?;
    table::payments_head(&name, payments.len(), &known.0)?;
    let of = payments.len();
    points.add(&format!("map {name} {:.2}", percent(known.0.made as i128, of as i128)))?;
    for sites in sites {
        for division in Division::BOTH {
            let at = division.of(participants, &tallies, *sites);
            let seen = pay::without_map(tallies.clone(), at, &payments)?;
            table::paid(*sites, division.word(), &known, &seen)?;
            points.depths(&name, *sites, division.word(), of, &seen.0)?;
        }
    }
    Ok(())
}

type Given = (String, u32, Vec<Tally>, Vec<Payment>);

/// Random payments of up to 10 CHIPs in a network like that of the example `sites`, twice as large.
fn generated(many: usize) -> Result<Given, Failure> {
    let (participants, mut chance) = (4_000, Chance(1));
    let tallies = tallies::tallies_of(&mut chance, participants, 10_000, in_force)?;
    let mut payments = Vec::with_capacity(many);
    while payments.len() < many {
        let ends = [chance.below(participants), chance.below(participants)];
        let amount = Units::new(1 + i64::from(chance.below(10_000)))?;
        let most = Units::new(amount.milli() * MOST_PERCENT / 100 + 2)?;
        if ends[0] != ends[1] {
            payments.push(Payment { ends, amount, most });
        }
    }
    Ok(("generated".to_owned(), participants, tallies, payments))
}

/// Holders charge up to 2 %.
fn in_force(chance: &mut Chance) -> Result<InForce, Failure> {
    let mut some = || i32::try_from(chance.below(20_001)).unwrap_or(0);
    let (reward, clutch) = (Rate::new(some())?, Rate::new(some())?);
    let limit = Units::new(10_000 + i64::from(chance.below(40_000)))?;
    let settings = Settings::new(Units::new(5_000)?, limit, reward, clutch)?;
    Ok(InForce::after_set(limit, settings, None))
}

fn real(many: usize, lines: &str, payments: &str) -> Result<Given, Failure> {
    let known = lines::read(lines)?;
    let asked = lines::payments(payments)?;
    let ends = known.iter().map(|line| line.ends).chain(asked.iter().map(|(_, ends)| *ends));
    let participants = ends.flatten().max().map_or(Some(0), |most| most.checked_add(1));
    let tallies = known.iter().map(lines::Line::tally).collect::<Result<Vec<_>, _>>()?;
    // Of less than a thousandth nothing moves.
    let moves = asked
        .into_iter()
        .filter(|(amount, [payer, payee])| *amount != Units::ZERO && payer != payee);
    let list = moves.take(many).map(|(amount, ends)| Payment { ends, amount, most: amount });
    let stem = Path::new(lines).file_stem().and_then(|stem| stem.to_str()).unwrap_or("lines");
    let participants = participants.ok_or("a participant beyond the largest number")?;
    Ok((stem.to_owned(), participants, tallies, list.collect()))
}
