//! How fast a site is: payments signed, verified, chained at both halves and on the disk; checked; read.
//!
//! `cargo run --release -p site --example chits -- FOLDER [small|usual|full] [memory|sqlite|postgres]`
//!
//! One run measures SQLite and a private PostgreSQL cluster, with `pgbench` on the same cluster in
//! between, and writes `bench.json` and `bench.html` to the folder; named, one store alone. `full` has 1,000,000 payments
//! on 10,000 tallies, and takes long. Keys are made and payments signed before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod pgbench;
mod report;
mod rounds;
mod world;

use std::path::{Path, PathBuf};

use store::Store;
use store::testing::Cluster;

use crate::report::Report;
use crate::rounds::{Round, doctor, pay, reads, verify_alone};
use crate::world::Town;

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    tallies: u32,
    chits: u32,
    /// Payments on one tally alone.
    alone: u32,
    pgbench_seconds: u32,
    /// Tallies and payments of the site that pages are read from.
    scale: (u32, u32),
}

const SMALL: Size =
    Size { tallies: 100, chits: 1_000, alone: 50, pgbench_seconds: 2, scale: (100, 2_000) };
const USUAL: Size =
    Size { tallies: 1_000, chits: 20_000, alone: 500, pgbench_seconds: 15, scale: (1_000, 20_000) };
const FULL: Size = Size { scale: (10_000, 1_000_000), ..USUAL };

/// Callers at once.
const CALLERS: u32 = 64;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(args.first().expect("a folder for what is found"));
    std::fs::create_dir_all(&folder).unwrap();
    let size = match args.get(1).map(String::as_str) {
        Some("small") => SMALL,
        Some("full") => FULL,
        None | Some("usual") => USUAL,
        Some(other) => panic!("{other}: small, usual or full"),
    };
    let mut report = Report::begin();
    let work = tempfile::tempdir_in(&folder).unwrap();
    report.say("verify", "signatures checked on one core", verify_alone(), "a second");
    let only = args.get(2);
    let wanted = |store| only.is_none_or(|only| only == store);
    if wanted("memory") {
        measure(&mut report, "memory", Store::memory(), size).await;
    }
    if wanted("sqlite") {
        measure(&mut report, "sqlite", sqlite(work.path(), "site").await, size).await;
    }
    if wanted("postgres") {
        let cluster = Cluster::shared().unwrap();
        pgbench::run(&mut report, cluster, CALLERS, size.pgbench_seconds).await;
        measure(&mut report, "postgres", postgres(cluster).await, size).await;
    }
    if size.scale.1 > size.chits && wanted("sqlite") {
        scale(&mut report, "sqlite", sqlite(work.path(), "scale").await, size.scale).await;
    }
    if size.scale.1 > size.chits && wanted("postgres") {
        let store = postgres(Cluster::shared().unwrap()).await;
        scale(&mut report, "postgres", store, size.scale).await;
    }
    report.ratio();
    report.write(&folder);
    println!("bench: {}", folder.join("bench.html").display());
}

async fn sqlite(folder: &Path, name: &str) -> Store {
    Store::sqlite(&folder.join(format!("{name}.db"))).await.unwrap()
}

async fn postgres(cluster: &Cluster) -> Store {
    Store::postgres(&cluster.database().await.unwrap()).await.unwrap()
}

/// One store: many tallies, then one alone; doctor; pages.
async fn measure(report: &mut Report, store: &str, kept: Store, size: Size) {
    let Size { tallies, chits, alone, .. } = size;
    let town = Town::open(kept, tallies).await;
    let mut first = 0;
    let mut round = |tallies, callers, chits: u32| {
        let round = Round { tallies, callers, chits, first };
        first += chits / tallies + 1;
        round
    };
    report.about(store, &format!("{tallies} tallies, {CALLERS} callers, {chits} payments"));
    let came = pay(&town, &round(tallies, CALLERS, chits)).await;
    report.rate(store, "written", chits.into(), came.seconds);
    report.waited(store, "an answer to a payment", &came);
    for (callers, called) in [(1, "one caller"), (8, "8 callers")] {
        let came = pay(&town, &round(1, callers, alone)).await;
        report.rate(
            store,
            &format!("written on one tally by {called}"),
            alone.into(),
            came.seconds,
        );
    }
    looked_at(report, store, &town).await;
}

/// Many payments on many tallies: what it takes to read them.
async fn scale(report: &mut Report, store: &str, kept: Store, (tallies, chits): (u32, u32)) {
    let store = &format!("{store} at scale");
    report.about(store, &format!("{tallies} tallies, {chits} payments"));
    let town = Town::open(kept, tallies).await;
    // In rounds, so that signed payments do not fill the memory.
    let (rounds, each) = (20, chits / 20);
    let mut seconds = 0.0;
    for number in 0..rounds {
        let first = number * (each / tallies + 1);
        let round = Round { tallies, callers: CALLERS, chits: each, first };
        seconds += pay(&town, &round).await.seconds;
    }
    report.rate(store, "written", chits.into(), seconds);
    looked_at(report, store, &town).await;
}

async fn looked_at(report: &mut Report, store: &str, town: &Town) {
    let (seconds, looked) = doctor(town).await;
    report.rate(store, "chits checked by doctor", looked as f64, seconds);
    for (what, ms, rows) in reads(town).await {
        report.say(store, &format!("{what} ({rows})"), ms, "ms");
    }
}
