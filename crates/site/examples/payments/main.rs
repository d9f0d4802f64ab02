//! How long a payment over tallies of others takes at a site of some size, and how many are made a second:
//! `cargo run --release -p site --example payments -- FOLDER [USERS TALLIES]`
//!
//! 20,000 users with 50,000 tallies where nothing else is said, most of them among neighbours, a tenth with
//! settings that charge. Keys are made and payments signed before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod town;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::LiftId;
use protocol::chit::Positive;
use site::{Answer, Caller, Command, CommandId, Found, Query, SiteError};
use store::Store;
use store::testing::Cluster;

use crate::town::{Chance, Town, address, cuid};

/// How many payments are asked for in a round.
const PAYMENTS: u32 = 600;

/// Callers at once.
const CALLERS: usize = 32;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().expect("a folder for the SQLite file"));
    let mut number = |usual| args.next().map_or(usual, |text| text.parse().unwrap());
    let (users, tallies) = (number(20_000), number(50_000));
    std::fs::create_dir_all(&folder).unwrap();
    let work = tempfile::tempdir_in(&folder).unwrap();
    println!("{users} users, {tallies} tallies; of {PAYMENTS} payments each");
    measure("memory", Store::memory(), users, tallies).await;
    let sqlite = Store::sqlite(&work.path().join("site.db")).await.unwrap();
    measure("sqlite", sqlite, users, tallies).await;
    let database = Cluster::shared().unwrap().database().await.unwrap();
    measure("postgres", Store::postgres(&database).await.unwrap(), users, tallies).await;
}

async fn measure(name: &str, store: Store, users: u32, tallies: u32) {
    println!("\n{name}");
    let start = Instant::now();
    let town = Arc::new(Town::open(store, users, tallies).await);
    say("all tallies taken in", start.elapsed());
    let (before, start) = (resident(), Instant::now());
    route(&town, &mut Chance(1)).await;
    say("the first look, which reads all of them", start.elapsed());
    let grown = resident().saturating_sub(before);
    println!("  {:<44}{:>9} bytes", "memory for that, a tally", grown / u64::from(tallies));

    let mut chance = Chance(2);
    let mut times = Vec::new();
    for _ in 0..PAYMENTS / 2 {
        let start = Instant::now();
        route(&town, &mut chance).await;
        times.push(start.elapsed());
    }
    spread("a quote", times);

    let mut chance = Chance(3);
    let (mut times, mut refusals, mut lifts) = (Vec::new(), Vec::new(), Vec::new());
    let signed: Vec<_> = (0..PAYMENTS).map(|number| town.payment(number, &mut chance)).collect();
    let begun = Instant::now();
    for (number, (payer, command)) in (0_u32..).zip(signed) {
        let start = Instant::now();
        match pay(&town, &format!("alone {number}"), payer, command).await {
            Some(lift) => {
                times.push(start.elapsed());
                lifts.push(lift);
            }
            None => refusals.push(start.elapsed()),
        }
    }
    let paid = u32::try_from(times.len()).unwrap();
    rate("one after the other", paid, begun.elapsed());
    let (mut legs, refused) = (0, refusals.len());
    for lift in lifts {
        legs += tallies_of(&town, lift).await;
    }
    println!("  {:<44}{:>9.2} tallies, {refused} were refused", "they went over", mean(legs, paid));
    spread("a payment", times);
    spread("a refusal", refusals);

    let mut chance = Chance(4);
    let signed = (PAYMENTS..3 * PAYMENTS).map(|number| town.payment(number, &mut chance));
    let signed: Vec<_> = signed.collect();
    let mut shares: Vec<Vec<_>> = (0..CALLERS).map(|_| Vec::new()).collect();
    for (at, one) in signed.into_iter().enumerate() {
        shares[at % CALLERS].push((at, one));
    }
    let begun = Instant::now();
    let callers = shares.into_iter().map(|share| {
        let town = Arc::clone(&town);
        tokio::spawn(async move {
            let mut paid = 0;
            for (at, (payer, command)) in share {
                let name = format!("together {at}");
                paid += u32::from(pay(&town, &name, payer, command).await.is_some());
            }
            paid
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut paid = 0;
    for caller in callers {
        paid += caller.await.unwrap();
    }
    rate(&format!("by {CALLERS} callers at once"), paid, begun.elapsed());
}

async fn route(town: &Town, chance: &mut Chance) {
    let (payer, payee) = town.two(chance);
    let units = Positive::try_from(protocol::Units::new(1_000).unwrap()).unwrap();
    let query = Query::Route { user: cuid(payer), payee: address(payee), units, hint: None };
    let found = town.site.query(&Caller::User(cuid(payer)), query).await.unwrap();
    assert!(matches!(found, Found::Route(_)));
}

/// The lift that paid; none where it was refused.
async fn pay(town: &Town, name: &str, payer: u32, command: Command) -> Option<LiftId> {
    let id = CommandId::new(name).unwrap();
    match town.site.command(&Caller::User(cuid(payer)), &id, command).await {
        Ok(Answer::Paid(paid)) => Some(paid.lift),
        Err(SiteError::NoPath { .. } | SiteError::TooDear { .. }) => None,
        other => panic!("{other:?}"),
    }
}

async fn tallies_of(town: &Town, lift: LiftId) -> u64 {
    let query = Query::Lift { lift, user: None, after: None, limit: 1 };
    match town.site.query(&Caller::Administrator, query).await.unwrap() {
        Found::Lift(found) => found.line.legs / 2,
        other => panic!("{other:?}"),
    }
}

fn say(what: &str, time: Duration) {
    println!("  {what:<44}{:>9.2} s", time.as_secs_f64());
}

fn rate(what: &str, many: u32, time: Duration) {
    let rate = f64::from(many) / time.as_secs_f64();
    println!("  {what:<44}{rate:>9.1} a second");
}

fn mean(sum: u64, many: u32) -> f64 {
    f64::from(u32::try_from(sum).unwrap()) / f64::from(many.max(1))
}

fn spread(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len().saturating_sub(1)) * share / 100);
    let ms = |share| at(share).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!(
        "  {:<44}{:>9.2} ms, 99 % within {:.2} ms",
        format!("{what}, the middle one"),
        ms(50),
        ms(99)
    );
}

/// The memory that this process holds, in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}
