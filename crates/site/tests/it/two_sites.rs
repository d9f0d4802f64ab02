//! Two programs serve one site from one database: what one of them remembers of a half must never
//! outlive what the other made of it.

use std::sync::Arc;

use protocol::Side;
use site::{SiteError, Wish};
use store::Store;

use crate::town::{Town, chit_id, on_every_store};

on_every_store! {
    each_goes_on_where_the_other_was,
    both_at_once_lose_nothing,
}

async fn two(store: Store) -> (Town, Town) {
    let one = Town::with_tally(store.clone()).await;
    let two = Town::reopened(store, Arc::clone(&one.world), 1_000_000).await;
    (one, two)
}

async fn each_goes_on_where_the_other_was(store: Store) {
    let (one, two) = two(store).await;
    for round in 0..8_u8 {
        let (town, other) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        town.pay("bob", Side::Foil, 10 + round, 10).await.unwrap();
        other.pay("bob", Side::Foil, 50 + round, 10).await.unwrap();
        // The one that has not heard of it refuses it as well.
        let again = other.pay("bob", Side::Foil, 10 + round, 10).await.unwrap_err();
        assert!(matches!(again, SiteError::Ledger(_)), "{again}");
        other.pay("suzie", Side::Stock, 90 + round, 5).await.unwrap();
        town.deliver().await;
    }
    one.deliver().await;
    assert_eq!((one.balance("bob").await, two.balance("suzie").await), (-120, 120));
    one.assert_sound().await;
    // An agreement that one of them changes is the other's, too.
    let close = one.close("bob", Side::Foil, chit_id(200));
    one.wish("bob", Wish::Write { chit: Box::new(close), over_limit: false }).await.unwrap();
    let refused = two.pay("bob", Side::Foil, 201, 1).await.unwrap_err();
    assert!(refused.to_string().contains("clos"), "{refused}");
    two.deliver().await;
    two.assert_sound().await;
}

/// The database may ask one of two to try again; whatever it says was done is done, once.
async fn both_at_once_lose_nothing(store: Store) {
    let (one, two) = two(store).await;
    let (one, two) = (Arc::new(one), Arc::new(two));
    let all: Vec<_> = (0..32_u8)
        .map(|number| {
            let town = Arc::clone(if number % 2 == 0 { &one } else { &two });
            tokio::spawn(async move {
                loop {
                    match town.pay("bob", Side::Foil, 10 + number, 10).await {
                        Ok(_) => return,
                        Err(error) if again(&error) => town.deliver_if_free().await,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for done in all {
        done.await.unwrap();
    }
    one.deliver().await;
    two.deliver().await;
    assert_eq!((one.balance("bob").await, two.balance("suzie").await), (-320, 320));
    two.assert_sound().await;
}

fn again(error: &SiteError) -> bool {
    error.is_passing() || matches!(error, SiteError::Store(error) if error.is_again())
}
