//! How long the cheapest path takes in a large network: `cargo run --release -p clearing --example paths`.
//!
//! 20,000 participants with 50,000 tallies, which is 100,000 hops; most tallies among neighbours.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use clearing::NoPath;
use protocol::settings::{InForce, Settings};
use protocol::{Rate, Units};

#[path = "families/mod.rs"]
mod families;
#[path = "tallies/mod.rs"]
mod tallies;

use families::Chance;
use tallies::{PARTICIPANTS, network};

const PAYMENTS: u32 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<24} {:>6} {:>6} {:>6} {:>9} {:>9} {:>9}",
        "charges", "paid", "proved", "legs", "mean ms", "99 % ms", "worst ms"
    )?;
    let kinds = [("none", 0, 0), ("up to 2 %", 20_000, 0), ("1 in 50 pays for use", 20_000, 50)];
    for (name, rate, gifts) in kinds {
        let graph = network(&mut Chance(1), |chance| in_force(chance, rate, gifts))?;
        let (mut paid, mut proved, mut legs, mut times) = (0, 0, 0, Vec::new());
        let mut chance = Chance(7);
        for _ in 0..PAYMENTS {
            let payer = chance.below(PARTICIPANTS);
            let payee = (payer + 1 + chance.below(PARTICIPANTS - 1)) % PARTICIPANTS;
            let amount = Units::new(1 + i64::from(chance.below(30_000)))?;
            let start = Instant::now();
            let found = graph.cheapest(payer, payee, amount);
            times.push(start.elapsed());
            match found {
                Ok(path) => {
                    (paid, legs) = (paid + 1, legs + path.legs.len());
                    proved += u32::from(path.proved);
                }
                Err(NoPath::TooLittle { proved: sure, .. }) => proved += u32::from(sure),
                Err(_) => proved += 1,
            }
        }
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let all: Duration = times.iter().sum();
        let (ninety_nine, worst) = (times[times.len() * 99 / 100], times[times.len() - 1]);
        #[allow(clippy::cast_precision_loss, reason = "a mean for people")]
        let legs = legs as f64 / f64::from(paid.max(1));
        writeln!(
            out,
            "{name:<24} {paid:>6} {proved:>6} {legs:>6.2} {:>9.2} {:>9.2} {:>9.2}",
            ms(all / PAYMENTS),
            ms(ninety_nine),
            ms(worst)
        )?;
    }
    Ok(())
}

/// Charges up to `rate` parts per million; of `gifts` holders one pays instead (0: none).
fn in_force(chance: &mut Chance, rate: i32, gifts: u32) -> Result<InForce, Box<dyn Error>> {
    let mut some = || i32::try_from(chance.below(rate.unsigned_abs() + 1)).unwrap_or(0);
    let (reward, clutch) = (some(), some());
    let pays = gifts > 0 && chance.below(gifts) == 0;
    let (reward, clutch) =
        if pays { (reward.max(clutch), -reward.min(clutch)) } else { (reward, clutch) };
    let limit = Units::new(10_000 + i64::from(chance.below(40_000)))?;
    let settings =
        Settings::new(Units::new(5_000)?, limit, Rate::new(reward)?, Rate::new(clutch)?)?;
    Ok(InForce::after_set(limit, settings, None))
}
