//! How much balancing moves in a large network, and how long it takes: `cargo run --release -p clearing
//! --example balance`. 20,000 participants, 50,000 tallies; a quarter of the holders has a target.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use clearing::{BalanceLimits, MOST_BALANCE_LOOKS, Planner, Shift};
use protocol::settings::{InForce, Settings};
use protocol::{Rate, Units};

#[path = "families/mod.rs"]
mod families;
#[path = "tallies/mod.rs"]
mod tallies;

use families::Chance;
use tallies::{TALLIES, network};

const SHIFTS: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let mut chance = Chance(1);
    let graph = network(&mut chance, in_force)?;
    let debt: i64 = graph.list().iter().map(|hop| hop.lading.debt().milli()).sum();
    writeln!(out, "{debt} milli-CHIPs owed in all")?;
    for most_members in [Some(3), Some(4), Some(6), Some(12), None] {
        let start = Instant::now();
        let found = graph.toward_targets(BalanceLimits { most_members, looks: MOST_BALANCE_LOOKS });
        let seconds = start.elapsed().as_secs_f64();
        let legs = found.rounds.iter().flat_map(|round| &round.legs);
        let moved: i64 = legs.map(|leg| leg.units.milli()).sum();
        let (rounds, complete) = (found.rounds.len(), found.complete);
        writeln!(
            out,
            "{most_members:?}: {rounds:>6}, {moved:>9} moved, {} nearer, {seconds:.2} s, {complete} {}",
            found.nearer,
            found.proved()
        )?;
    }
    let mut planner = Planner::default();
    let (start, mut done) = (Instant::now(), 0);
    for _ in 0..SHIFTS {
        let leaving = chance.below(TALLIES * 2) as usize;
        let who = graph.list()[leaving].giver;
        let into = (0..graph.list().len()).rev().find(|&hop| graph.list()[hop].taker == who);
        let amount = Units::new(1 + i64::from(chance.below(3_000)))?;
        let most = Units::new(amount.milli() / 20)?;
        done += u32::from(
            planner
                .shift(
                    &graph,
                    &Shift { out: leaving, into: into.unwrap_or(0), amount, most_charges: most },
                )
                .is_ok(),
        );
    }
    let mean = start.elapsed().as_secs_f64() * 1e3 / f64::from(SHIFTS);
    writeln!(out, "{done} of {SHIFTS} shifts at up to 5 %, {mean:.1} ms each")?;
    Ok(())
}

/// Half of the holders charge up to 2 % for letting go, all of them for taking in beyond their target.
fn in_force(chance: &mut Chance) -> Result<InForce, Box<dyn Error>> {
    let mut some = || i32::try_from(chance.below(20_001));
    let (reward, clutch) = (some()?, some()?);
    let clutch = if chance.below(2) == 0 { 0 } else { clutch };
    let limit = 20_000 + i64::from(chance.below(40_000));
    let target = if chance.below(4) == 0 { 10_000 } else { 0 };
    let (target, limit) = (Units::new(target)?, Units::new(limit)?);
    let settings = Settings::new(target, limit, Rate::new(reward)?, Rate::new(clutch)?)?;
    Ok(InForce::after_set(limit, settings, None))
}
