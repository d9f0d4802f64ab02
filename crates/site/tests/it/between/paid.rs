//! A payment to a stranger two sites away, all the way.

use crate::seek::land::{Land, Tie};

fn tie(stock: &'static str, foil: &'static str) -> Tie {
    Tie { stock, foil, limits: [100_000, 100_000] }
}

/// Four sites: a payer, somebody between, a payee, and a referee.
async fn three() -> Land {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    let land = Land::new(4, &users, &[tie("ann", "bob"), tie("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    land
}

#[tokio::test]
async fn a_stranger_two_sites_away_is_paid() {
    let land = three().await;
    let paid = land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
    assert_eq!((paid.units.milli(), paid.given.milli()), (5_000, 5_000));
    for _ in 0..20 {
        land.breathe(200).await;
    }
    assert_eq!(land.balances(0).await, [-5_000, 5_000]);
    assert_eq!(land.balances(1).await, [-5_000, 5_000]);
    land.assert_sound().await;
}
