//! How long the search for the largest set-off of a table takes, and its check, as one line of JSON:
//! `cargo run --release -p setoff --example clearing -- TABLE.csv`
//!
//! `cleared` is in milli-CHIPs. `solve_seconds` is the search alone; reading is not counted anywhere.
//! Set beside other solvers by `tools/peers/measure`.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use clearing::{best_circulation, verify};
use serde_json::json;
use setoff::{Input, ReadOptions, open, read_table};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: clearing TABLE.csv")?;
    let table = read_table(open(&Input::File(path.into()))?, &ReadOptions::default())?;
    let participants = table.participants();
    let started = Instant::now();
    let best = best_circulation(participants, &table.debts, &mut |_| ())?;
    let solve = started.elapsed();
    let started = Instant::now();
    let proof = verify(participants, &table.debts, &best);
    let check = started.elapsed();
    if let Err(fault) = &proof {
        writeln!(std::io::stderr(), "clearing: {fault}")?;
    }
    let line = json!({
        "participants": participants,
        "rows": table.debts.len(),
        "cleared": best.cleared.iter().map(|part| i128::from(part.milli())).sum::<i128>(),
        "solve_seconds": solve.as_secs_f64(),
        "verify_seconds": check.as_secs_f64(),
        "verified": proof.is_ok(),
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
