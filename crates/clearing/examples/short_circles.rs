//! How much short circles clear of what can be cleared: `cargo run --release -p clearing --example
//! short_circles -- 1000 10000`, or a file of debts (its form is that of the example `without_map`).
//!
//! Families: `er` 3 debts each to anybody; `cl` communities of 60, 4 debts each, 92 % inside; `sf` 5
//! debts each, partners met in proportion to how many debts they have. Amounts log-normal, median 20.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use clearing::{Debt, MOST_SWAP_LOOKS, best_circulation, best_within};
use protocol::Units;

#[path = "families/mod.rs"]
mod families;

const MEMBERS: [u32; 6] = [3, 4, 5, 6, 8, 12];

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<12} {:>4} {:>16} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "debts", "k", "cleared", "share %", "bound %", "circles", "settled", "s"
    )?;
    families::each(|name, participants, debts| tell(&mut out, name, participants, debts))
}

fn tell(
    out: &mut impl std::io::Write,
    name: &str,
    participants: u32,
    debts: &[Debt],
) -> Result<(), Box<dyn Error>> {
    let best = best_circulation(participants, debts, &mut |_| {})?;
    let most = total(&best.cleared);
    for members in MEMBERS {
        let start = Instant::now();
        let found = best_within(participants, debts, members, MOST_SWAP_LOOKS)?;
        let seconds = start.elapsed().as_secs_f64();
        writeln!(
            out,
            "{name:<12} {members:>4} {:>16} {:>8.2} {:>8.2} {:>8} {:>8} {seconds:>7.2}",
            total(&found.cleared),
            percent(total(&found.cleared), most),
            percent(found.bound, most),
            found.circles.len(),
            found.settled,
        )?;
    }
    Ok(())
}

fn total(cleared: &[Units]) -> i128 {
    cleared.iter().map(|units| i128::from(units.milli())).sum()
}

#[allow(clippy::cast_precision_loss, reason = "a share for people")]
fn percent(part: i128, whole: i128) -> f64 {
    part as f64 * 100.0 / (whole as f64).max(1.0)
}
