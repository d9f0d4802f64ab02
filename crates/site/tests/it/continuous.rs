//! A site that clears by itself holds what can be cleared while debts change: after it has, a search of
//! everything finds nothing more.

use std::sync::Arc;

use protocol::Timestamp;
use site::{Answer, Caller, Command, Schedule};
use store::Store;

use crate::street::{Street, Tie, tie};
use crate::town::{START, on_every_store};

on_every_store! {
    nothing_is_left_after_it_cleared_whoever_paid_whom,
    what_another_program_wrote_is_cleared_too,
    a_debt_that_is_remembered_and_no_more_keeps_nothing_from_being_cleared,
}

/// As often as it is called.
const ALWAYS: Schedule = Schedule { clear_every_ms: Some(0), remind_every_ms: 600_000 };

fn minute(minutes: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap().plus_ms(minutes * 60_000).unwrap()
}

/// What it cleared of all debts by itself, in milli-CHIPs.
async fn tend(street: &Street, minutes: i64) -> i128 {
    let tended = street.town.site.tend(minute(minutes), &ALWAYS).await.unwrap();
    tended.cleared.map_or(0, |cleared| cleared.cleared)
}

/// What a search of everything clears, and what is owed before.
async fn clear(street: &Street) -> (i128, i128) {
    match street.town.ask(&Caller::Administrator, Command::Clear).await.unwrap() {
        Answer::Cleared(cleared) => (cleared.cleared, cleared.total_debt),
        other => panic!("{other:?}"),
    }
}

async fn debts(street: &Street) -> i64 {
    street.balances().await.into_iter().map(i64::abs).sum()
}

/// Two circles that share people, two tallies between ann and bob, and one that leads nowhere.
fn ties() -> Vec<Tie> {
    let ends = [
        ("ann", "bob"),
        ("bob", "cleo"),
        ("cleo", "ann"),
        ("ann", "bob"),
        ("cleo", "dan"),
        ("dan", "eve"),
        ("eve", "bob"),
        ("bob", "ann"),
        ("eve", "flo"),
    ];
    ends.map(|(stock, foil)| tie(stock, foil, 1_000_000)).into()
}

async fn nothing_is_left_after_it_cleared_whoever_paid_whom(store: Store) {
    let street = Street::new(store, ties()).await;
    assert_eq!(tend(&street, 0).await, 0, "nobody owes anybody");
    let (mut cleared, mut seed) = (0, 20_261_126_u64);
    for number in 0..60_u8 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let amount = i64::try_from(seed >> 50).unwrap() + 1;
        let at = usize::try_from((seed >> 32) % 9).unwrap();
        street.owe(at, number, amount).await;
        let before = debts(&street).await;
        let by_itself = tend(&street, i64::from(number) + 1).await;
        cleared += by_itself;
        assert_eq!(i128::from(before - debts(&street).await), by_itself);
        assert_eq!(clear(&street).await, (0, i128::from(debts(&street).await)), "payment {number}");
    }
    assert!(cleared > 100_000, "{cleared}");
    street.town.assert_sound().await;
}

async fn a_debt_that_is_remembered_and_no_more_keeps_nothing_from_being_cleared(store: Store) {
    let ends = [("bob", "ann"), ("cleo", "bob"), ("ann", "cleo"), ("bob", "cleo")];
    let ties = ends.map(|(stock, foil)| tie(stock, foil, 1_000_000));
    let street = Street::new(store, ties.into()).await;
    assert_eq!(tend(&street, 0).await, 0);
    street.owe(0, 1, 100_000).await;
    street.owe(1, 2, 100_000).await;
    // By what is remembered, all three stand in a circle. But another program pays ann's debt back, and makes
    // bob and cleo owe each other.
    let other = street.another(Arc::clone(&street.town.world)).await;
    street.owe(2, 3, 100_000).await;
    other.pay_back(0, 4, 100_000).await;
    other.owe(3, 5, 100_000).await;
    // The first look falls into the time in which nothing is read again.
    let mut cleared = tend(&street, 1).await;
    for later in 2..=10 {
        street.town.world.pass(1_000);
        cleared += tend(&street, later).await;
    }
    assert_eq!(cleared, 200_000);
    assert_eq!(clear(&street).await.0, 0);
    street.town.assert_sound().await;
}

async fn what_another_program_wrote_is_cleared_too(store: Store) {
    let street = Street::new(store, ties()).await;
    street.owe(0, 1, 30_000).await;
    assert_eq!(tend(&street, 0).await, 0, "no circle yet");
    let other = street.another(Arc::clone(&street.town.world)).await;
    other.owe(1, 2, 20_000).await;
    other.owe(2, 3, 50_000).await;
    // All is read again for others' sake not more often than every few seconds.
    let mut cleared = 0;
    for later in 1..=10 {
        street.town.world.pass(1_000);
        cleared += tend(&street, later).await;
    }
    assert_eq!(cleared, 60_000);
    assert_eq!(clear(&street).await.0, 0);
    street.town.assert_sound().await;
}
