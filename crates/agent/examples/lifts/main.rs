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
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>14} {:>14}",
        "payments over four sites",
        "a second",
        "median ms",
        "99 % ms",
        "longest",
        "messages each",
        "processor ms"
    );
    let before = Spent::so_far(&row);
    let mut waited = row.pay_at_once(size.payments).await;
    let rate = before.line("each lane as fast as it can", &row, &mut waited);
    let before = Spent::so_far(&row);
    let mut waited = row.pay_evenly(size.payments, rate / 2.0).await;
    before.line("at half of that rate", &row, &mut waited);
    row.end().await;
}

/// What was spent before some payments: time, messages with their answers, and the time of processors of all five sites.
struct Spent {
    began: Instant,
    messages: u64,
    processor_ms: Option<u64>,
}

impl Spent {
    fn so_far(row: &Row) -> Self {
        let (began, messages) = (Instant::now(), row.messages());
        Self { began, messages, processor_ms: processor_ms() }
    }

    /// A line of the table for payments since then; gives how many there were in a second.
    fn line(&self, what: &str, row: &Row, waited: &mut [Duration]) -> f64 {
        let took = self.began.elapsed().as_secs_f64();
        let (messages, processor) = (row.messages() - self.messages, processor_ms());
        let processor = processor.zip(self.processor_ms).map(|(now, before)| now - before);
        line(what, took, messages, processor, waited)
    }
}

/// How long processors have worked for this process, as Linux counts it: in hundredths of a second.
fn processor_ms() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) * 10)
}

/// A line of the table; gives how many payments there were in a second.
fn line(
    what: &str,
    took: f64,
    messages: u64,
    processor_ms: Option<u64>,
    waited: &mut [Duration],
) -> f64 {
    waited.sort_unstable();
    let at = |percent: usize| {
        waited[(waited.len() * percent / 100).min(waited.len() - 1)].as_secs_f64() * 1e3
    };
    #[allow(clippy::cast_precision_loss)]
    let (many, messages) = (waited.len() as f64, messages as f64);
    #[allow(clippy::cast_precision_loss)]
    let processor =
        processor_ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1}", ms as f64 / many));
    println!(
        "{what:<28} {:>9.1} {:>9.0} {:>9.0} {:>9.0} {:>14.1} {processor:>14}",
        many / took,
        at(50),
        at(99),
        at(100),
        messages / many,
    );
    many / took
}
