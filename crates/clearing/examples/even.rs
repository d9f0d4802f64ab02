//! How long spreading relief evenly takes, and how much more even it is: `cargo run --release -p clearing
//! --example even -- 1000 10000`, or a file of debts (its form is that of the example `without_map`).
//!
//! The families are those of the example `short_circles`.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use clearing::{Debt, best_circulation, spread_evenly, verify};
use protocol::Units;

#[path = "families/mod.rs"]
mod families;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<12} {:>9} {:>9} {:>9} {:>10} {:>10} {:>12}",
        "debts", "cleared %", "search s", "even s", "spread", "even", "participants"
    )?;
    families::each(|name, participants, debts| tell(&mut out, name, participants, debts))
}

fn tell(
    out: &mut impl std::io::Write,
    name: &str,
    participants: u32,
    debts: &[Debt],
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let best = best_circulation(participants, debts, &mut |_| {})?;
    let search = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let even = spread_evenly(participants, debts, &best)?;
    let seconds = start.elapsed().as_secs_f64();
    let proof = verify(participants, debts, &even)?;
    let whole: Vec<Units> = debts.iter().map(|debt| debt.units).collect();
    let relieved = |cleared: &[Units]| {
        let mut relieved = vec![false; participants as usize];
        for (debt, part) in debts.iter().zip(cleared) {
            relieved[debt.debtor as usize] |= *part > Units::ZERO;
        }
        relieved.into_iter().filter(|relieved| *relieved).count()
    };
    writeln!(
        out,
        "{name:<12} {:>9.2} {search:>9.2} {seconds:>9.2} {:>10.4} {:>10.4} {:>12}",
        float(proof.cleared) * 100.0 / whole.iter().map(|units| milli(*units)).sum::<f64>(),
        unevenness(debts, &best.cleared),
        unevenness(debts, &even.cleared),
        format!("{}>{}", relieved(&best.cleared), relieved(&even.cleared)),
    )?;
    Ok(())
}

/// The standard deviation of the shares cleared, weighted by the debts.
fn unevenness(debts: &[Debt], cleared: &[Units]) -> f64 {
    let all: f64 = debts.iter().map(|debt| milli(debt.units)).sum();
    let mean = cleared.iter().map(|units| milli(*units)).sum::<f64>() / all;
    let square = |(debt, part): (&Debt, &Units)| {
        let whole = milli(debt.units);
        whole * (milli(*part) / whole - mean).powi(2)
    };
    (debts.iter().zip(cleared).map(square).sum::<f64>() / all).sqrt()
}

fn milli(units: Units) -> f64 {
    float(i128::from(units.milli()))
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn float(number: i128) -> f64 {
    number as f64
}
