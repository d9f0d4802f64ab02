//! How fast payments to strangers are: five sites in a row but one, which is the referee. Payers at the first pay payees at
//! the fourth over lanes of tallies: searched for, laid out, promised, decided and settled over real connections, and
//! kept on the disk (SQLite) by all five.
//!
//! `cargo run --release -p agent --example lifts -- FOLDER [small|usual]`
//!
//! First as fast as they can, then at half of that rate: how long a payer waits from its signature until it is told that
//! it has paid, which the payee's site has kept by then. All sites are in this process, on the same cores.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::expect_used
)]

#[path = "../common/mod.rs"]
mod common;
mod row;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::row::Row;

/// How much is done: lanes from payers to payees, payments at full speed and at half of it.
struct Size {
    lanes: u32,
    payments: u32,
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(args.first().expect("a folder for the stores"));
    let size = match args.get(1).map(String::as_str) {
        Some("small") => Size { lanes: 8, payments: 64 },
        None | Some("usual") => Size { lanes: 32, payments: 1_000 },
        Some(other) => panic!("{other}: small or usual"),
    };
    let work = tempfile::tempdir_in(&folder).unwrap();
    let row = Row::open(work.path(), size.lanes).await;
    println!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>12}",
        "payments over four sites", "a second", "median ms", "99 % ms", "longest", "messages each"
    );
    let (before, began) = (row.messages(), Instant::now());
    let mut waited = row.pay_at_once(size.payments).await;
    let rate = f64::from(size.payments) / began.elapsed().as_secs_f64();
    line("each lane as fast as it can", rate, &mut waited, row.messages() - before);
    let (before, began) = (row.messages(), Instant::now());
    let mut waited = row.pay_evenly(size.payments, rate / 2.0).await;
    let half = f64::from(size.payments) / began.elapsed().as_secs_f64();
    line("at half of that rate", half, &mut waited, row.messages() - before);
    row.end().await;
}

/// A line of the table; messages are counted with their answers.
fn line(what: &str, rate: f64, waited: &mut [Duration], messages: u64) {
    waited.sort_unstable();
    let at = |percent: usize| {
        waited[(waited.len() * percent / 100).min(waited.len() - 1)].as_secs_f64() * 1e3
    };
    #[allow(clippy::cast_precision_loss)]
    let each = messages as f64 / waited.len() as f64;
    println!(
        "{what:<28} {rate:>9.1} {:>9.0} {:>9.0} {:>9.0} {each:>12.1}",
        at(50),
        at(99),
        at(100)
    );
}
