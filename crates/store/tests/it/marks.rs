//! What is marked without waiting for the disk: seen by all at once; where the machine fails, lost from the end only, and
//! never what a commit that waited has seen.

use std::path::Path;

use store::testing::Cluster;
use store::{Claim, Letter, LetterId, Store, StoreKind, Whom};

use crate::places::{Home, everywhere, wait};
use crate::world::{agent, at, letter};

async fn post(store: &Store, keys: &[&str]) {
    let mut tx = store.begin().await.unwrap();
    let letters: Vec<_> = keys.iter().map(|key| letter(None, key, 0)).collect();
    tx.post(&letters).await.unwrap();
    tx.commit().await.unwrap();
}

/// Claims what is due at `now`, until 100 later.
async fn claim(store: &Store, owner: &str, now: i64, limit: u32) -> Vec<Letter> {
    let to = Whom::AllBut(vec![agent(200)]);
    let claim = Claim { owner: owner.to_owned(), to, now: at(now), lease: at(now + 100), limit };
    let mut marks = store.begin_unsynced().await.unwrap();
    let letters = marks.claim(&claim).await.unwrap();
    marks.commit().await.unwrap();
    letters
}

async fn done(store: &Store, letter: LetterId) {
    let mut marks = store.begin_unsynced().await.unwrap();
    marks.done(&[letter]).await.unwrap();
    marks.commit().await.unwrap();
}

async fn letters(store: &Store) -> Vec<Letter> {
    store.read().await.unwrap().letters(None, 100).await.unwrap()
}

/// A commit that waits, and changes something.
async fn keep(store: &Store, what: &str) {
    let mut tx = store.begin().await.unwrap();
    tx.set("kept", Some(what)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn kept(store: &Store) -> Option<String> {
    store.read().await.unwrap().setting("kept").await.unwrap()
}

async fn what_is_marked_is_seen_by_all(home: &Home) {
    post(&home.store, &["a", "b", "c"]).await;
    let taken = claim(&home.store, "one", 0, 2).await;
    assert_eq!(taken.len(), 2);
    let others = claim(&home.store, "two", 1, 9).await;
    assert_eq!(others.len(), 1, "what is claimed is nobody else's");
    done(&home.store, taken[0].id).await;
    let mut marks = home.store.begin_unsynced().await.unwrap();
    marks.failed("one", &[taken[1].id], at(500)).await.unwrap();
    assert_eq!(marks.letters(None, 9).await.unwrap().len(), 2, "it can be asked what a view can");
    marks.commit().await.unwrap();
    let mut marks = home.store.begin_unsynced().await.unwrap();
    marks.done(&[others[0].id]).await.unwrap();
    drop(marks);
    let waiting = letters(&home.store).await;
    let seen: Vec<_> = waiting.iter().map(|one| (one.id, one.owner.as_deref(), one.due)).collect();
    assert_eq!(seen, [(taken[1].id, None, at(500)), (others[0].id, Some("two"), at(101))]);
    let store = home.reopened().await;
    assert_eq!(letters(&store).await, waiting, "no machine failed");
}

everywhere!(what_is_marked_is_seen_by_all);

fn log_of(file: &Path) -> std::path::PathBuf {
    file.with_file_name("store.db-wal")
}

/// The store as a machine finds it whose disk has the file, and of the log only this.
async fn after_a_failure(file: &Path, log: &[u8]) -> (Option<String>, Vec<Letter>) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("store.db");
    std::fs::copy(file, &copy).unwrap();
    std::fs::write(log_of(&copy), log).unwrap();
    let store = Store::sqlite(&copy).await.unwrap();
    assert_eq!(store.check().await.unwrap(), [""; 0]);
    let found = (kept(&store).await, letters(&store).await);
    store.close().await;
    found
}

/// The log is on the disk up to the last commit that waited, and as far beyond as it happens to be.
#[test]
fn in_sqlite_only_the_end_is_lost_wherever_the_log_ends() {
    wait(async {
        let home = Home::fresh(StoreKind::Sqlite).await;
        let (store, file) = (&home.store, home.file());
        post(store, &["a", "b", "c"]).await;
        // After each commit: how long the log was, and what was seen.
        let mut steps = Vec::new();
        let seen = async || {
            let log = std::fs::metadata(log_of(&file)).unwrap().len();
            (usize::try_from(log).unwrap(), (kept(store).await, letters(store).await))
        };
        steps.push(seen().await);
        for round in ["one", "two", "three"] {
            let taken = claim(store, round, 0, 1).await;
            steps.push(seen().await);
            keep(store, round).await;
            steps.push(seen().await);
            done(store, taken[0].id).await;
            steps.push(seen().await);
            post(store, &[round]).await;
            steps.push(seen().await);
        }
        let log = std::fs::read(log_of(&file)).unwrap();
        let ends: Vec<usize> = steps.iter().map(|(end, _)| *end).collect();
        assert_eq!(ends.last(), Some(&log.len()));
        assert!(ends.is_sorted_by(|one, next| one < next), "{ends:?}");
        for (number, pair) in steps.windows(2).enumerate() {
            let [(end, before), (next, after)] = pair else { unreachable!() };
            for cut in [*end, end + 1, usize::midpoint(*end, *next), next - 1] {
                assert_eq!(&after_a_failure(&file, &log[..cut]).await, before, "{number}: {cut}");
            }
            assert_eq!(&after_a_failure(&file, &log[..*next]).await, after, "{number}");
            // The disk may also have what comes later and not this: then nothing later counts.
            let mut torn = log.clone();
            torn[usize::midpoint(*end, *next)] ^= 1;
            assert_eq!(&after_a_failure(&file, &torn).await, before, "{number}: torn");
        }
    });
}

/// The server's own log writer, which would write what nobody waits for soon, sleeps.
#[test]
fn a_server_that_fails_keeps_what_waited_and_all_that_it_had_seen() {
    wait(async {
        let cluster = Cluster::start().unwrap();
        cluster.down().unwrap();
        cluster.up("-c wal_writer_delay=10s").unwrap();
        let url = cluster.database().await.unwrap();
        let store = Store::postgres(&url).await.unwrap();
        for round in 0..3_i64 {
            let now = round * 1_000;
            post(&store, &["a", "b"]).await;
            let [first, second] = &claim(&store, "one", now, 2).await[..] else { panic!() };
            done(&store, first.id).await;
            keep(&store, &round.to_string()).await;
            // From here on nothing waits.
            done(&store, second.id).await;
            cluster.down().unwrap();
            cluster.up("-c wal_writer_delay=10s").unwrap();

            assert_eq!(kept(&store).await, Some(round.to_string()), "it waited for the disk");
            let left = letters(&store).await;
            assert!(left.iter().all(|letter| letter == second), "{left:?}");
            // It is sent again once its claim ends, or it was done.
            assert_eq!(claim(&store, "two", now + 99, 9).await, []);
            let again = claim(&store, "two", now + 100, 9).await;
            assert_eq!(again.len(), left.len());
            for letter in again {
                assert_eq!(letter.letter, second.letter);
                done(&store, letter.id).await;
            }
        }
    });
}

/// A claim that is lost leaves its letter to whoever asks next, also where the program that had it lives on.
#[test]
fn a_server_that_fails_loses_no_letter_that_somebody_had_claimed() {
    wait(async {
        let cluster = Cluster::start().unwrap();
        cluster.down().unwrap();
        cluster.up("-c wal_writer_delay=10s").unwrap();
        let url = cluster.database().await.unwrap();
        let (one, two) =
            (Store::postgres(&url).await.unwrap(), Store::postgres(&url).await.unwrap());
        post(&one, &["a", "b"]).await;
        let taken = claim(&one, "one", 0, 9).await;
        cluster.down().unwrap();
        cluster.up("").unwrap();

        let left = letters(&two).await;
        let names = |letters: &[Letter]| -> Vec<_> {
            letters.iter().map(|letter| (letter.id, letter.letter.clone())).collect()
        };
        assert_eq!(names(&left), names(&taken), "none is gone, and none has another number");
        let again = claim(&two, "two", 100, 9).await;
        assert_eq!(names(&again), names(&taken));
        // Both have sent them. The first says what it knows: that one has arrived, which is so, and that it will try
        // the other again, which is no longer its business.
        done(&one, taken[0].id).await;
        let mut marks = one.begin_unsynced().await.unwrap();
        marks.failed("one", &[taken[1].id], at(5_000)).await.unwrap();
        marks.commit().await.unwrap();
        assert_eq!(letters(&two).await, again[1..]);
    });
}
