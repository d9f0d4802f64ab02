//! Transactions: together or not at all, unseen before the commit, one after the other.

use store::{Half, HalfFilter, StoreError};

use crate::places::{Home, everywhere};
use crate::world::{cuid, event, letter, link, row, two_halves, user};

async fn dropped_nothing_is_kept(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("cleo")]).await.unwrap();
    tx.put_halves(&[Half { row: row("open", 9), ..anne.clone() }]).await.unwrap();
    tx.append(&[link(anne.id, 1, 9)]).await.unwrap();
    tx.post(&[letter(Some(anne.id), "chit", 0)]).await.unwrap();
    tx.set("name", Some("Quernby")).await.unwrap();
    tx.tell([event(None, "paid")]);
    drop(tx);

    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.user(&cuid("cleo")).await.unwrap(), None);
    assert_eq!(view.half(anne.id).await.unwrap().as_ref(), Some(&anne));
    assert_eq!(view.links(anne.id, 0, 9).await.unwrap(), []);
    assert_eq!(view.letters(None, 9).await.unwrap(), []);
    assert_eq!(view.setting("name").await.unwrap(), None);
    assert_eq!(view.last_event().await.unwrap(), 0);
}

async fn a_reader_sees_one_moment(home: &Home) {
    two_halves(&home.store).await;
    let mut before = home.store.read().await.unwrap();
    assert_eq!(before.users(None, 9).await.unwrap().len(), 2);

    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("cleo")]).await.unwrap();
    // The writer sees its own; nobody else does, and nobody waits.
    assert_eq!(tx.users(None, 9).await.unwrap().len(), 3);
    let mut during = home.store.read().await.unwrap();
    assert_eq!(during.users(None, 9).await.unwrap().len(), 2);
    tx.commit().await.unwrap();

    assert_eq!(before.users(None, 9).await.unwrap().len(), 2);
    assert_eq!(during.users(None, 9).await.unwrap().len(), 2);
    let mut after = home.store.read().await.unwrap();
    assert_eq!(after.users(None, 9).await.unwrap().len(), 3);
}

async fn what_failed_cannot_be_committed(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne")]).await.unwrap();
    assert!(tx.add_users(&[user("anne")]).await.is_err());
    assert_eq!(tx.commit().await, Err(StoreError::Broken));
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.users(None, 9).await.unwrap(), []);
    // The next one is not the worse for it.
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne")]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Eight writers move value between two halves, each 25 times: none is lost, the sum stays.
async fn writers_side_by_side_lose_nothing(home: &Home) {
    let halves = two_halves(&home.store).await;
    let writers = (0..8).map(|_| {
        let store = home.store.clone();
        let tally = halves[0].tally;
        tokio::spawn(async move {
            let mut done = 0;
            while done < 25 {
                let mut tx = store.begin().await.unwrap();
                let mut halves = match tx.lock_tallies(&[tally]).await {
                    Ok(halves) => halves,
                    Err(error) if error.is_again() => continue,
                    Err(error) => panic!("{error}"),
                };
                let index = halves[0].row.head_index + 1;
                let mut links = Vec::new();
                for (half, effect) in halves.iter_mut().zip([3, -3]) {
                    half.row.balance += i128::from(effect);
                    half.row.head_index = index;
                    links.push(link(half.id, index, effect));
                }
                tx.put_halves(&halves).await.unwrap();
                tx.append(&links).await.unwrap();
                tx.commit().await.unwrap();
                done += 1;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut view = home.store.read().await.unwrap();
    let totals = view.totals().await.unwrap();
    assert_eq!((totals.links, totals.balance, totals.owed), (400, 0, 600));
    for half in view.halves(&HalfFilter::default(), None, 9).await.unwrap() {
        let derived = view.derived(half.id).await.unwrap();
        assert_eq!((derived.links, derived.balance), (200, half.row.balance));
    }
}

everywhere!(
    dropped_nothing_is_kept,
    a_reader_sees_one_moment,
    what_failed_cannot_be_committed,
    writers_side_by_side_lose_nothing,
);
