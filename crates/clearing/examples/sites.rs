//! Payments found by sites that have no map, beside an engine that has one:
//! `cargo run --release -p clearing --example sites -- [SITES [near|random [BUDGET [payer|both [TRUSTLINES]]]]]`.
//!
//! Without TRUSTLINES (their form is that of the example `ripple`), a network of 2,000 participants with 5,000 tallies,
//! whose holders charge up to 2 %. It is divided among SITES (20), at random or so that neighbours are often at
//! one site. The payer's site searches alone, or the payee's as well. Random payments between sites are searched for in the network as it is at the beginning.

use std::io::Write as _;
use std::time::{Duration, Instant};

use protocol::settings::{InForce, Settings};
use protocol::{Rate, Units};

#[path = "ripple/amount.rs"]
mod amount;
#[path = "divided/mod.rs"]
mod divided;
#[path = "families/mod.rs"]
mod families;
#[path = "ripple/lines.rs"]
mod lines;
#[path = "tallies/mod.rs"]
mod tallies;

use divided::{Divided, Moves, What};
use families::Chance;
use lines::Failure;
use tallies::Tally;

const PAYMENTS: usize = 200;

/// The most that a payer gives for what arrives, in percent.
const MOST_PERCENT: i64 = 120;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, other: &str| args.get(at).cloned().unwrap_or_else(|| other.to_owned());
    let (sites, near) = (word(0, "20").parse()?, word(1, "near") == "near");
    let budget: u32 = word(2, "512").parse()?;
    let (participants, tallies) = match args.get(4) {
        Some(file) => read(file)?,
        None => (2_000, tallies::tallies_of(&mut Chance(1), 2_000, 5_000, in_force)?),
    };
    let graph = tallies::hops_of(participants, &tallies)?;
    let mut chance = Chance(3);
    let at = if near {
        divided::near(participants, &tallies, sites, &mut chance)
    } else {
        divided::at_random(participants, sites, &mut chance)
    };
    let world = Divided::new(tallies, at, Moves::All)?;
    let mut searched = Searched { world, budget, both_ends: word(3, "both") == "both" };
    let mut seen = Seen::default();
    while seen.payments < PAYMENTS {
        let (payer, payee) = (chance.below(participants), chance.below(participants));
        let amount = Units::new(1 + i64::from(chance.below(10_000)))?;
        if searched.world.apart(payer, payee) {
            pay(&graph, &mut searched, (payer, payee, amount), &mut seen)?;
        }
    }
    report(&seen, &searched.world)
}

struct Searched {
    world: Divided,
    budget: u32,
    both_ends: bool,
}

fn read(path: &str) -> Result<(u32, Vec<Tally>), Failure> {
    let lines = lines::read(path)?;
    let most = lines.iter().flat_map(|line| line.ends).max().unwrap_or(0);
    let tallies: Result<Vec<_>, _> = lines.iter().map(lines::Line::tally).collect();
    Ok((most + 1, tallies?))
}

fn in_force(chance: &mut Chance) -> Result<InForce, Failure> {
    let mut some = || i32::try_from(chance.below(20_001)).unwrap_or(0);
    let (reward, clutch) = (Rate::new(some())?, Rate::new(some())?);
    let limit = Units::new(10_000 + i64::from(chance.below(40_000)))?;
    let settings = Settings::new(Units::new(5_000)?, limit, reward, clutch)?;
    Ok(InForce::after_set(limit, settings, None))
}

#[derive(Default)]
struct Seen {
    payments: usize,
    /// Those that the engine with the map can pay, within the payer's most.
    possible: usize,
    found: usize,
    /// Found for as little as the engine with the map needs, or less (it knows no longer paths than 12).
    as_cheap: usize,
    /// What is given in all: found without a map, and with one for the same payments.
    given: [i64; 2],
    arrived: i64,
    legs: [usize; 2],
    queries: Vec<usize>,
    adverts: usize,
    messages: usize,
    bytes: u64,
    times: [Duration; 2],
}

fn pay(
    graph: &clearing::Hops,
    searched: &mut Searched,
    (payer, payee, amount): (u32, u32, Units),
    seen: &mut Seen,
) -> Result<(), Failure> {
    let most = Units::new(amount.milli() * MOST_PERCENT / 100 + 2)?;
    let start = Instant::now();
    let known = graph.cheapest(payer, payee, amount).ok().filter(|path| path.given() <= most);
    seen.times[0] += start.elapsed();
    let world = &mut searched.world;
    let before = world.said;
    // Long enough for everything that was used to come back.
    world.wait(1_000_000)?;
    let start = Instant::now();
    let (ends, amounts) = ([payer, payee], [amount, most]);
    let found = world.towards(ends, amounts, searched.budget, searched.both_ends)?;
    seen.times[1] += start.elapsed();
    seen.payments += 1;
    let said = |what| usize::try_from(world.said.of(what) - before.of(what)).unwrap_or(usize::MAX);
    seen.queries.push(said(What::Query));
    seen.adverts += said(What::Advert);
    seen.messages += said(What::Query) + said(What::Answer) + said(What::Advert);
    seen.bytes += world.said.bytes() - before.bytes();
    let whole = found.ok().and_then(|plans| plans.into_iter().next());
    let whole = whole.filter(|plan| plan.curve.top().arrives.get() == amount);
    seen.possible += usize::from(known.is_some());
    if let (Some(known), Some(plan)) = (known, whole) {
        let (given, legs) = world.way(world.at[payer as usize] as usize, &plan)?;
        seen.found += 1;
        seen.as_cheap += usize::from(given <= known.given());
        for (sum, given) in seen.given.iter_mut().zip([given, known.given()]) {
            *sum += given.milli();
        }
        seen.arrived += amount.milli();
        seen.legs[0] += legs;
        seen.legs[1] += known.legs.len();
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "means and percentages for people")]
fn report(seen: &Seen, world: &Divided) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let mean = |sum: usize, of: usize| sum as f64 / of.max(1) as f64;
    let cost = |given: i64| 100.0 * (given - seen.arrived) as f64 / seen.arrived.max(1) as f64;
    let mut queries = seen.queries.clone();
    queries.sort_unstable();
    let at = |hundredth: usize| queries[(queries.len() - 1) * hundredth / 100];
    let (sites, between, tallies) = (world.sites.len(), world.between(), world.tallies.len());
    writeln!(out, "sites {sites}; of {tallies} tallies {between} are between sites")?;
    let (possible, found) = (seen.possible, seen.found);
    writeln!(out, "payments {}; with a map {possible} can be paid over one path", seen.payments)?;
    writeln!(out, "found without a map      {found} ({:.1} % of these)", share(found, possible))?;
    writeln!(out, "  for no more            {:.1} % of them", share(seen.as_cheap, found))?;
    let [cost_without, cost_with] = seen.given.map(cost);
    writeln!(out, "  cost                   {cost_without:.2} % (with a map {cost_with:.2} %)")?;
    let [legs, least] = seen.legs.map(|legs| mean(legs, found));
    writeln!(out, "  tallies                {legs:.2} (with a map {least:.2})")?;
    let all = queries.iter().sum::<usize>();
    writeln!(
        out,
        "queries a payment        mean {:.1}, median {}, 90 % {}, most {}; as many answers",
        mean(all, queries.len()),
        at(50),
        at(90),
        at(100)
    )?;
    writeln!(out, "adverts a payment         mean {:.1}", mean(seen.adverts, seen.payments))?;
    let bytes = usize::try_from(seen.bytes).unwrap_or(usize::MAX);
    writeln!(out, "bytes a message          {:.0}", mean(bytes, seen.messages))?;
    let [with, without] = seen.times.map(|time| time.as_secs_f64() * 1e3 / seen.payments as f64);
    writeln!(
        out,
        "computing a payment      {without:.2} ms at all sites (with a map {with:.2} ms)"
    )?;
    Ok(())
}
