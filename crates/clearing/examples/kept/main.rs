//! What a change of one debt costs where the largest circulation is kept, each hundredth change proved:
//! `cargo run --release -p clearing --example kept -- er 100000 100000 1`.
//!
//! `kept FAMILY|FILE [PARTICIPANTS [CHANGES [SEED]]] [--solve-every K]`. FAMILY: `er` (three debts each,
//! with anybody), `cl` (four each, most within communities of 60), `sf` (five each, with those that have
//! many). FILE: debts in the form of the example `without_map`. After every
//! hundredth change the circulation is checked by its certificate, after every K hundredths (default 100)
//! also against a fresh solve.

mod changes;
#[path = "../families/mod.rs"]
mod families;
mod table;

use std::error::Error;
use std::time::Instant;

use clearing::{DynamicCirculation, best_circulation, verify};

use changes::{Changes, Kind};
use families::{Chance, FAMILIES};
use table::{Cost, Table};

/// How many changes lie between two checks.
const CHECK_EVERY: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut solve_every = 100;
    if let Some(at) = args.iter().position(|arg| arg == "--solve-every") {
        solve_every = args.get(at + 1).ok_or("--solve-every needs a number")?.parse()?;
        args.drain(at..at + 2);
    }
    let number = |at: usize, default: u32| args.get(at).map_or(Ok(default), |arg| arg.parse());
    let what = args.first().map_or("er", String::as_str);
    let (participants, count, seed) = (number(1, 100_000)?, number(2, 100_000)?, number(3, 1)?);
    let (participants, debts) = if FAMILIES.contains(&what) {
        (participants, families::debts(what, participants, u64::from(seed))?)
    } else {
        families::read(what)?
    };
    let chance = Chance(u64::from(seed));

    let start = Instant::now();
    let mut kept = DynamicCirculation::new(participants, &debts)?;
    let solved = start.elapsed();
    let mut table = Table::default();
    let mut changes = Changes::new(chance, &kept);
    let (mut proved, mut fresh) = (0, 0);
    for step in 1..=count {
        let (kind, sets) = changes.next(&kept);
        let mut cost = Cost::default();
        for (debtor, creditor, units) in sets {
            let start = Instant::now();
            let change = kept.set(debtor, creditor, units)?;
            cost.add(start.elapsed(), &change);
        }
        table.add(kind, cost);
        if step % CHECK_EVERY == 0 {
            let debts = kept.debts();
            let proof = verify(kept.participants(), &debts, &kept.circulation())?;
            assert_eq!(proof.cleared, kept.total_cleared());
            proved += 1;
            if proved % solve_every == 0 {
                let best = best_circulation(kept.participants(), &debts, &mut |_| {})?;
                let best = verify(kept.participants(), &debts, &best)?;
                assert_eq!(best.cleared, kept.total_cleared());
                fresh += 1;
            }
        }
    }
    let title = format!("{what}: {participants} participants, {} debts", debts.len());
    table.print(&title, &Kind::NAMES)?;
    table::line(&format!(
        "first solve {:.1} s; after {proved} of {count} changes proved the largest, after {fresh} equal to a fresh solve",
        solved.as_secs_f64()
    ))?;
    table::line(&format!(
        "{} pairs at the end, {:.1} % of what they owe cleared",
        kept.iter().count(),
        table::percent(kept.total_cleared(), kept.total_owed())
    ))?;
    Ok(())
}
