//! A writer that is killed at any moment: nothing that it said was kept is lost, nothing is half
//! kept.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use store::{HalfFilter, Store, StoreKind};

use crate::places::{Home, wait};
use crate::world::{event, letter, link, tally, two_halves};

/// Set for the process that is to be killed: where its store is.
const VICTIM: &str = "STORE_TEST_VICTIM";

async fn open(place: &str) -> Store {
    if place.starts_with("postgres:") {
        Store::postgres(place).await.unwrap()
    } else {
        Store::sqlite(Path::new(place)).await.unwrap()
    }
}

/// Writes chit after chit, and says of each that it was kept, until it is killed.
async fn write_for_ever(place: &str) {
    let store = open(place).await;
    loop {
        let mut tx = store.begin().await.unwrap();
        let mut halves = tx.lock_tallies(&[tally(1)]).await.unwrap();
        let index = halves[0].row.head_index + 1;
        let mut links = Vec::new();
        for (half, effect) in halves.iter_mut().zip([2, -2]) {
            half.row.balance += i128::from(effect);
            half.row.head_index = index;
            links.push(link(half.id, index, effect));
        }
        tx.put_halves(&halves).await.unwrap();
        tx.append(&links).await.unwrap();
        tx.post(&[letter(None, &index.to_string(), 0)]).await.unwrap();
        tx.tell([event(None, &index.to_string())]);
        tx.commit().await.unwrap();
        println!("kept {index}");
    }
}

/// Runs this very test in another process, and kills it after some acknowledgements; gives the last.
fn kill_after(test: &str, place: &str, many: usize) -> u64 {
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", test, "--nocapture"]).env(VICTIM, place);
    let mut victim = victim.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut kept = lines.map_while(Result::ok).filter_map(|line| {
        line.strip_prefix("kept ").and_then(|number| number.parse::<u64>().ok())
    });
    let last = kept.nth(many - 1).unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    // What it said before it died, and we had not read yet.
    kept.last().unwrap_or(last)
}

fn survives(kind: StoreKind, test: &str) {
    if let Ok(place) = std::env::var(VICTIM) {
        return wait(write_for_ever(&place));
    }
    wait(async {
        let home = Home::fresh(kind).await;
        two_halves(&home.store).await;
        home.store.close().await;
        let file = home.file().display().to_string();
        let place = if kind == StoreKind::Sqlite { &file } else { home.url() };
        for round in 1..=5 {
            let acknowledged = kill_after(test, place, 7 * round);
            let store = open(place).await;
            assert_eq!(store.check().await.unwrap(), [""; 0]);
            let mut view = store.read().await.unwrap();
            let totals = view.totals().await.unwrap();
            let kept = view.last_event().await.unwrap();
            // The last one may have been kept before it could be said.
            assert!((acknowledged..=acknowledged + 1).contains(&kept), "{acknowledged}: {kept}");
            assert_eq!((totals.links, totals.letters), (2 * kept, kept));
            assert_eq!((totals.balance, totals.owed), (0, 2 * i128::from(kept)));
            for half in view.halves(&HalfFilter::default(), None, 9).await.unwrap() {
                let derived = view.derived(half.id).await.unwrap();
                assert_eq!((derived.links, derived.last), (kept, kept));
                assert_eq!(derived.balance, half.row.balance);
            }
            drop(view);
            store.close().await;
        }
    });
}

#[test]
fn a_killed_writer_loses_nothing_in_sqlite() {
    survives(StoreKind::Sqlite, "crash::a_killed_writer_loses_nothing_in_sqlite");
}

#[test]
fn a_killed_writer_loses_nothing_in_postgres() {
    survives(StoreKind::Postgres, "crash::a_killed_writer_loses_nothing_in_postgres");
}
