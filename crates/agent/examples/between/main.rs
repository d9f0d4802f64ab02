//! How fast two sites are with each other: payments signed, written at one site, sent over a real connection,
//! checked and written at the other, and acknowledged. Both sites keep all of it on the disk (SQLite).
//!
//! `cargo run --release -p agent --example between -- FOLDER [small|usual]`
//!
//! Keys are made and payments signed before the clock starts. Both sites are in this process, on the same cores.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::expect_used
)]

#[path = "../common/mod.rs"]
mod common;
mod flood;
mod world;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use protocol::Side;
use protocol::address::Transport;

use crate::flood::Other;
use crate::world::Two;

/// How much is done: tallies, payments of each kind at full speed, payments one after the other.
struct Size {
    tallies: u32,
    chits: u32,
    alone: u32,
}

/// Callers at once.
const CALLERS: u32 = 64;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["flood", agent, at] => {
            return flood::flood(agent.parse().unwrap(), at.parse().unwrap()).await;
        }
        ["burn", share] => return flood::burn(share.parse().unwrap()),
        _ => {}
    }
    let folder = PathBuf::from(args.first().expect("a folder for the two stores"));
    let size = match args.get(1).map(String::as_str) {
        Some("small") => Size { tallies: 64, chits: 1_000, alone: 20 },
        None | Some("usual") => Size { tallies: 256, chits: 20_000, alone: 200 },
        Some(other) => panic!("{other}: small or usual"),
    };
    println!(
        "{:<6} {:<34} {:>9} {:>9} {:>9} {:>12}",
        "over", "what", "a second", "median ms", "99 % ms", "messages each"
    );
    for transport in [Transport::Tcp, Transport::Quic] {
        let work = tempfile::tempdir_in(&folder).unwrap();
        let two = Two::open(work.path(), transport, size.tallies).await;
        let over = if transport == Transport::Tcp { "tcp" } else { "quic" };
        let mut first = 0;
        for (what, by) in [
            ("customers (foil) pay the shop", vec![Side::Foil]),
            ("the shop (stock) pays customers", vec![Side::Stock]),
            ("both pay each other", Side::BOTH.to_vec()),
        ] {
            let chits = two.signed(&by, first, size.chits, size.tallies);
            first += size.chits / size.tallies + 1;
            let (before, began) = (two.messages(), Instant::now());
            let mut waited = two.pay(chits, CALLERS).await;
            two.agreed().await;
            let seconds = began.elapsed().as_secs_f64();
            line(
                over,
                what,
                Some(f64::from(size.chits) / seconds),
                &mut waited,
                two.messages() - before,
                size.chits,
            );
        }
        for (what, by) in [
            ("one after the other, by the foil", Side::Foil),
            ("one after the other, by the stock", Side::Stock),
        ] {
            let chits = two.signed(&[by], first, size.alone, 1);
            first += size.alone + 1;
            let before = two.messages();
            let mut waited = two.pay_and_wait(chits).await;
            line(over, what, None, &mut waited, two.messages() - before, size.alone);
        }
        flooded(over, &two, &mut first, &size).await;
        two.end().await;
    }
}

/// Payments while a stranger floods the shop's site, beside a control that takes as much of the machine.
async fn flooded(over: &str, two: &Two, first: &mut u32, size: &Size) {
    let mut share = 0;
    let mut rates = Vec::new();
    for what in ["customers pay while somebody floods", "customers pay beside the control"] {
        let chits = two.signed(&[Side::Foil], *first, size.chits, size.tallies);
        *first += size.chits / size.tallies + 1;
        let other = if rates.is_empty() {
            let (agent, at) = two.shops_place();
            Other::start(&["flood".to_owned(), agent, at])
        } else {
            Other::start(&["burn".to_owned(), share.to_string()])
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (before, began) = (two.messages(), Instant::now());
        let mut waited = two.pay(chits, CALLERS).await;
        two.agreed().await;
        let rate = f64::from(size.chits) / began.elapsed().as_secs_f64();
        if rates.is_empty() {
            share = other.share();
        }
        rates.push(rate);
        line(over, what, Some(rate), &mut waited, two.messages() - before, size.chits);
    }
    println!(
        "{over:<6} under the flood, which took {}.{} % of a core, {:.0} % of the control's rate",
        share / 10,
        share % 10,
        100.0 * rates[0] / rates[1]
    );
}

/// A line of the table: how many a second, how long somebody waited, and how many messages, answers counted,
/// there were for each payment.
fn line(
    over: &str,
    what: &str,
    rate: Option<f64>,
    waited: &mut [Duration],
    messages: u64,
    chits: u32,
) {
    waited.sort_unstable();
    let at = |percent: usize| {
        waited[(waited.len() * percent / 100).min(waited.len() - 1)].as_secs_f64() * 1e3
    };
    #[allow(clippy::cast_precision_loss)]
    let each = messages as f64 / f64::from(chits);
    let rate = rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}"));
    println!("{over:<6} {what:<34} {rate:>9} {:>9.2} {:>9.2} {each:>12.2}", at(50), at(99));
}
