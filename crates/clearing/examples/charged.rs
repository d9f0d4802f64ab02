//! Payments where everybody charges: `cargo run --release -p clearing --example charged`.
//!
//! Tallies between those who owe each other in the families of the benchmarks, 10,000 participants each. Small
//! amounts go over one path, large ones over several. "excess" is what the payer gives beyond what no plan
//! of any length can beat were nothing rounded, on average; "long" were refused for the limit on legs. Amounts
//! are in milli-CHIPs.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use clearing::{Debt, Hop, Hops, Planner, Request, Unpaid};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

#[path = "families/mod.rs"]
mod families;

use families::Chance;

const PARTICIPANTS: u32 = 10_000;
const PAYMENTS: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<10} {:>9} {:>5} {:>6} {:>7} {:>5} {:>8} {:>7} {:>8} {:>8} {:>8}",
        "charges",
        "amount",
        "paid",
        "parts",
        "no room",
        "long",
        "excess",
        "worst",
        "mean-ms",
        "99%-ms",
        "worst-ms"
    )?;
    let kinds = [("er", 2), ("er", 20), ("cl", 2), ("sf", 2), ("sf", 20)];
    for (family, percent) in kinds {
        let name = format!("{family} {percent} %");
        let graph = network(family, percent * 10_000)?;
        let mut planner = Planner::default();
        for amount in [1_000, 30_000, 100_000] {
            let mut chance = Chance(7);
            let (mut paid, mut parts, mut no_room, mut long) = (0, 0, 0, 0);
            let (mut excess, mut worst_excess, mut times) = (0, 0, Vec::new());
            for _ in 0..PAYMENTS {
                let payer = chance.below(PARTICIPANTS);
                let payee = (payer + 1 + chance.below(PARTICIPANTS - 1)) % PARTICIPANTS;
                let amount = Units::new(1 + i64::from(chance.below(amount)))?;
                let start = Instant::now();
                let found = planner.plan(&graph, &Request::new(payer, payee, amount));
                times.push(start.elapsed());
                match found {
                    Ok(plan) => {
                        (paid, parts) = (paid + 1, parts + plan.parts.len());
                        let over = plan.given().milli() - plan.at_least.milli();
                        (excess, worst_excess) = (excess + over, worst_excess.max(over));
                    }
                    Err(Unpaid::TooLong { .. }) => long += 1,
                    Err(_) => no_room += 1,
                }
            }
            times.sort_unstable();
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let all: Duration = times.iter().sum();
            #[allow(clippy::cast_precision_loss, reason = "means for people")]
            let mean = |sum: i64| sum as f64 / f64::from(paid.max(1));
            writeln!(
                out,
                "{name:<10} {amount:>9} {paid:>5} {:>6.2} {no_room:>7} {long:>5} {:>8.2} \
                 {worst_excess:>7} {:>8.2} {:>8.2} {:>8.2}",
                mean(i64::try_from(parts)?),
                mean(excess),
                ms(all / PAYMENTS),
                ms(times[times.len() * 99 / 100]),
                ms(times[times.len() - 1])
            )?;
        }
    }
    Ok(())
}

/// Everybody charges up to `rate` parts per million.
fn network(family: &str, rate: u32) -> Result<Hops, Box<dyn Error>> {
    let (mut chance, mut list) = (Chance(1), Vec::new());
    for Debt { debtor, creditor, .. } in families::debts(family, PARTICIPANTS, 1)? {
        let balance = Units::new(i64::from(chance.below(40_000)) - 20_000)?;
        let here = Position::new(balance, Units::ZERO, Units::ZERO)?;
        let (holder, partner) = (in_force(&mut chance, rate)?, in_force(&mut chance, rate)?);
        let consent = Consent { holder, partner };
        let [inward, outward] = [Lading::inward(here, &consent), Lading::outward(here, &consent)];
        list.push(Hop { giver: debtor, taker: creditor, lading: inward });
        list.push(Hop { giver: creditor, taker: debtor, lading: outward });
    }
    Ok(Hops::new(PARTICIPANTS, list)?)
}

/// Charges up to `rate` parts per million.
fn in_force(chance: &mut Chance, rate: u32) -> Result<InForce, Box<dyn Error>> {
    let mut some = || Rate::new(i32::try_from(chance.below(rate + 1)).unwrap_or(0));
    let (reward, clutch) = (some()?, some()?);
    let limit = Units::new(10_000 + i64::from(chance.below(40_000)))?;
    Ok(InForce::after_set(limit, Settings::new(Units::new(5_000)?, limit, reward, clutch)?, None))
}
