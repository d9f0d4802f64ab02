//! How near balancing brings tallies to their targets, and how long it takes: `cargo run --release -p
//! clearing --example balance -- 1000 10000 100000`, numbers of tallies; two for each five participants.
//!
//! Free of charge: how much nearer, in CHIPs, short circles come and the largest circulation, with the
//! number of its circles and the legs of the longest; `*` where a search was given up. Then of 20 who ask
//! for an amount on their own tallies, or for the most, at up to 5 % or 150 milli-CHIPs: who gets some, and the time.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use clearing::{
    BalanceLimits, Balanced, Gather, Hops, MOST_BALANCE_LOOKS, Planner, verify_balanced,
};
use protocol::settings::{InForce, Settings};
use protocol::{Rate, Units};

#[path = "families/mod.rs"]
mod families;
#[path = "tallies/mod.rs"]
mod tallies;

use families::Chance;
use tallies::network_of;

/// What holders of tallies sign.
const KINDS: [Kind; 3] = [
    Kind { name: "no targets", with_target: 0, with_clutch: 0 },
    Kind { name: "half have", with_target: 50, with_clutch: 0 },
    Kind { name: "some charge", with_target: 25, with_clutch: 50 },
];

struct Kind {
    name: &'static str,
    /// How many of a hundred want to hold ten CHIPs; the others none.
    with_target: u32,
    /// How many of a hundred charge up to 2 % for letting go.
    with_clutch: u32,
}

/// How many are asked what their own tallies can do.
const ASKED: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let sizes: Result<Vec<u32>, _> = std::env::args().skip(1).map(|size| size.parse()).collect();
    writeln!(
        out,
        "{:<11} {:>7} {:>14} {:>14} {:>16} {:>6} {:>4} {:>8} {:>8}",
        "targets",
        "tallies",
        "of 3 | s",
        "of 6 | s",
        "largest | s",
        "rounds",
        "legs",
        "own | ms",
        "most | ms"
    )?;
    for tallies in sizes? {
        for kind in &KINDS {
            let mut chance = Chance(1);
            let graph =
                network_of(&mut chance, (tallies * 2 / 5).max(2), tallies, |c| kind.in_force(c))?;
            write!(out, "{:<11} {tallies:>7}", kind.name)?;
            tell_free(&mut out, &graph)?;
            tell_own(&mut out, &graph, &mut chance)?;
        }
    }
    Ok(())
}

fn tell_free(out: &mut impl Write, graph: &Hops) -> Result<(), Box<dyn Error>> {
    let looks = MOST_BALANCE_LOOKS;
    for (most_members, width) in [(Some(3), 8), (Some(6), 8), (None, 10)] {
        let start = Instant::now();
        let found = graph.toward_targets(BalanceLimits { most_members, looks });
        let seconds = start.elapsed().as_secs_f64();
        let Balanced { nearer, complete, .. } = found;
        let odd = if complete { ' ' } else { '*' };
        write!(out, " {:>width$}{odd}{seconds:>5.2}", nearer / 1_000)?;
        if most_members.is_none() {
            if found.proved() {
                verify_balanced(graph, &found)?;
            }
            let legs = found.rounds.iter().map(|round| round.legs.len()).max().unwrap_or(0);
            write!(out, " {:>6} {legs:>4}", found.rounds.len())?;
        }
    }
    Ok(())
}

fn tell_own(out: &mut impl Write, graph: &Hops, chance: &mut Chance) -> Result<(), Box<dyn Error>> {
    let mut planner = Planner::default();
    for most in [false, true] {
        let (start, mut done) = (Instant::now(), 0);
        for _ in 0..ASKED {
            let who = chance.below(graph.participants());
            let amount = Units::new(1 + i64::from(chance.below(3_000)))?;
            let most_charges = Units::new(amount.milli() / 20)?;
            let amount = if most { None } else { Some(amount) };
            let gather = Gather { who, amount, most_charges };
            done += u32::from(planner.gather(graph, &gather).is_ok());
        }
        let mean = start.elapsed().as_secs_f64() * 1e3 / f64::from(ASKED);
        write!(out, " {done:>3} {mean:>4.0}")?;
    }
    writeln!(out)?;
    Ok(())
}

impl Kind {
    fn in_force(&self, chance: &mut Chance) -> Result<InForce, Box<dyn Error>> {
        let mut some = || i32::try_from(chance.below(20_001));
        let (reward, clutch) = (some()?, some()?);
        let clutch = if chance.below(100) < self.with_clutch { clutch } else { 0 };
        let limit = 20_000 + i64::from(chance.below(40_000));
        let target = if chance.below(100) < self.with_target { 10_000 } else { 0 };
        let (target, limit) = (Units::new(target)?, Units::new(limit)?);
        let settings = Settings::new(target, limit, Rate::new(reward)?, Rate::new(clutch)?)?;
        Ok(InForce::after_set(limit, settings, None))
    }
}
