//! What halves at one site say to each other is heard in the transaction in which it is said.

use std::sync::Arc;

use protocol::Side;
use site::{Caller, Found, Query};
use store::{Half, Store};

use crate::town::{Town, cuid, on_every_store, tally_id};

on_every_store! {
    both_halves_have_a_chit_when_its_writer_is_told_so,
    payments_and_the_post_are_in_nobodys_way,
    a_damaged_half_is_in_the_way_of_its_own_user_only,
}

async fn letters(town: &Town) -> u64 {
    match town.site.query(&Caller::Administrator, Query::Status).await.unwrap() {
        Found::Status(status) => status.letters,
        other => panic!("{other:?}"),
    }
}

async fn both_halves_have_a_chit_when_its_writer_is_told_so(store: Store) {
    let town = Town::new(store).await;
    town.open_tally().await;
    for number in 0..5 {
        town.pay("bob", Side::Foil, 10 + number, 1_000).await.unwrap();
        town.pay("suzie", Side::Stock, 50 + number, 300).await.unwrap();
    }
    assert_eq!((town.balance("bob").await, town.balance("suzie").await), (-3_500, 3_500));
    assert_eq!(letters(&town).await, 0, "nothing is on its way");
    assert_eq!(town.site.remind().await.unwrap(), 0, "nothing is left to be confirmed");
    town.assert_sound().await;
}

/// Letters are locked before halves by the post, and after them by commands.
async fn payments_and_the_post_are_in_nobodys_way(store: Store) {
    let town = Arc::new(Town::with_tally(store).await.by_post());
    let payers = (0..4_u8).map(|payer| {
        let town = Arc::clone(&town);
        tokio::spawn(async move {
            for number in 0..25 {
                town.pay("bob", Side::Foil, 100 + payer * 25 + number, 10).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    let payers: Vec<_> = payers.collect();
    let postman = Arc::clone(&town);
    let post = tokio::spawn(async move {
        for _ in 0..100 {
            postman.site.post().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    for payer in payers {
        payer.await.unwrap();
    }
    post.await.unwrap();
    town.deliver().await;
    assert_eq!((town.balance("bob").await, town.balance("suzie").await), (-1_000, 1_000));
    town.assert_sound().await;
}

/// Suzie's half, with what it says of its ledger replaced.
async fn spoil(store: &Store, ledger: impl FnOnce(&Half) -> String) -> String {
    let mut tx = store.begin().await.unwrap();
    let mut halves = tx.lock_tallies(&[tally_id()]).await.unwrap();
    let half = halves.iter_mut().find(|half| half.holder == cuid("suzie")).unwrap();
    let before = half.row.ledger.clone().unwrap();
    half.row.ledger = Some(ledger(half));
    tx.put_halves(std::slice::from_ref(half)).await.unwrap();
    tx.commit().await.unwrap();
    before
}

async fn a_damaged_half_is_in_the_way_of_its_own_user_only(store: Store) {
    let town = Town::with_tally(store.clone()).await;
    town.pay("bob", Side::Foil, 1, 1_000).await.unwrap();
    let before = spoil(&store, |_| "{}".to_owned()).await;
    town.pay("bob", Side::Foil, 2, 1_000).await.unwrap();
    assert_eq!(town.balance("bob").await, -2_000);
    let refused = town.pay("suzie", Side::Stock, 3, 1).await.unwrap_err();
    assert_eq!(refused.word(), "damaged", "{refused}");
    // Once it is whole again, its partner says again what it missed.
    spoil(&store, |_| before).await;
    assert_eq!(town.site.remind().await.unwrap(), 1);
    assert_eq!(town.balance("suzie").await, 2_000);
    town.assert_sound().await;
}
