//! Events: numbered in the order of commits; command results: given once.

use std::collections::BTreeSet;

use store::{Audience, CommandResult, Committed, Kind, NewEvent, StoreError};

use crate::places::{Home, everywhere};
use crate::world::{at, cuid, event, user};

async fn numbers_rise_without_a_gap(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.tell([event(Some("anne"), "1"), event(None, "2")]);
    assert_eq!(tx.events(Audience::Site, 0, 9).await.unwrap(), []);
    assert_eq!(tx.commit().await, Ok(Committed { last_event: Some(2), events: 2 }));

    let mut dropped = home.store.begin().await.unwrap();
    dropped.tell([event(None, "never")]);
    dropped.rollback().await.unwrap();
    let quiet = home.store.begin().await.unwrap();
    assert_eq!(quiet.commit().await, Ok(Committed { last_event: None, events: 0 }));

    let store = home.reopened().await;
    let mut tx = store.begin().await.unwrap();
    tx.tell([event(Some("bert"), "3")]);
    tx.tell([event(Some("anne"), "4")]);
    assert_eq!(tx.commit().await, Ok(Committed { last_event: Some(4), events: 2 }));

    let mut view = store.read().await.unwrap();
    let all = view.events(Audience::Site, 0, 9).await.unwrap();
    let numbers: Vec<_> = all.iter().map(|event| (event.number, &*event.event.text)).collect();
    assert_eq!(numbers, [(1, "1"), (2, "2"), (3, "3"), (4, "4")]);
    assert_eq!(all[0].event, event(Some("anne"), "1"));
    let (anne, mut seen) = (cuid("anne"), Vec::new());
    for after in [0, 1] {
        let own = view.events(Audience::User(&anne), after, 9).await.unwrap();
        seen.push(own.iter().map(|event| event.number).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![1, 4], vec![4]]);
    assert_eq!(view.events(Audience::Site, 1, 2).await.unwrap(), all[1..3]);
}

async fn old_ones_are_forgotten_numbers_are_not(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.tell([event(None, "old"), NewEvent { at: at(9), ..event(None, "new") }]);
    tx.commit().await.unwrap();
    let mut tx = home.store.begin().await.unwrap();
    assert_eq!(tx.prune_events(at(9)).await, Ok(1));
    assert_eq!(tx.prune_events(at(99)).await, Ok(1));
    tx.commit().await.unwrap();
    let mut tx = home.store.begin().await.unwrap();
    assert_eq!(tx.last_event().await, Ok(2));
    tx.tell([event(None, "next")]);
    assert_eq!(tx.commit().await, Ok(Committed { last_event: Some(3), events: 1 }));
}

/// Whoever reads up to a number has seen all that will ever have a smaller one.
async fn writers_side_by_side_leave_no_gap(home: &Home) {
    let writers = (0..8).map(|writer| {
        let store = home.store.clone();
        tokio::spawn(async move {
            for turn in 0..10 {
                let mut tx = store.begin().await.unwrap();
                tx.add_users(&[user(&format!("u{writer}.{turn}"))]).await.unwrap();
                tx.tell([event(None, "a"), event(None, "b")]);
                tx.commit().await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seen = Vec::new();
    while seen.len() < 160 {
        let mut view = home.store.read().await.unwrap();
        let last = u64::try_from(seen.len()).unwrap();
        let more = view.events(Audience::Site, last, 1000).await.unwrap();
        seen.extend(more.iter().map(|event| event.number));
        assert!(seen.iter().zip(1..).all(|(number, expected)| *number == expected), "{seen:?}");
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut view = home.store.read().await.unwrap();
    let names: BTreeSet<_> =
        view.users(None, 1000).await.unwrap().into_iter().map(|u| u.cuid).collect();
    assert_eq!(names.len(), 80);
}

fn result(id: &str, date: i64) -> CommandResult {
    CommandResult { id: id.to_owned(), text: format!("done {id}"), at: at(date) }
}

async fn a_command_is_answered_once(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_results(&[result("a", 1), result("b", 2)]).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let ids: Vec<_> = ["b", "z", "a", "b"].map(str::to_owned).into();
    let found = store.read().await.unwrap().results(&ids).await.unwrap();
    assert_eq!(found, [result("a", 1), result("b", 2)]);

    let mut tx = store.begin().await.unwrap();
    let error = tx.add_results(&[result("b", 3)]).await.unwrap_err();
    assert_eq!(error, StoreError::Duplicate { kind: Kind::Result, which: "b".to_owned() });
    drop(tx);

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.prune_results(at(2)).await, Ok(1));
    tx.add_results(&[result("a", 4)]).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.read().await.unwrap().results(&ids).await.unwrap();
    assert_eq!(found, [result("a", 4), result("b", 2)]);
}

everywhere!(
    numbers_rise_without_a_gap,
    old_ones_are_forgotten_numbers_are_not,
    writers_side_by_side_leave_no_gap,
    a_command_is_answered_once,
);
