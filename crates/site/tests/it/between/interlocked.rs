//! Lifts that stand in each other's way, each having promised first what the other needs: both come to nothing at once, and
//! whoever comes again does so at a moment that it draws, or the two would meet again and again.

use site::{Site, SiteError, WhyVoid};

use super::around::circle;
use crate::seek::land::{Land, Tie};

/// How often a site looks for what it could clear, in milliseconds.
const EVERY_MS: i64 = 1_000;

/// How long two sites may stand in each other's way, in milliseconds: a few rests of half a minute and a minute.
const MOST_MS: i64 = 600_000;

/// Two sites look at the same moment for what they could clear; says how many lifts each made.
async fn both_clear(land: &Land) -> [usize; 2] {
    let asked = [0, 1].map(|site| {
        let site: Site = land.sites[site].clone();
        tokio::spawn(async move { site.clear_around().await })
    });
    for _ in 0..4_000 {
        if asked.iter().all(tokio::task::JoinHandle::is_finished) {
            break;
        }
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    let [first, second] = asked;
    [first.await.unwrap().unwrap().len(), second.await.unwrap().unwrap().len()]
}

/// How many lifts a site has proposed that were void, or are open.
async fn came_to_nothing(land: &Land, site: usize) -> usize {
    land.stores[site].read().await.unwrap().all_parts(None, 99).await.unwrap().len()
}

#[tokio::test]
async fn two_sites_that_clear_one_circle_in_step_come_again_out_of_step() {
    let land = circle(&[5_000, 3_000, 4_000]).await;
    assert_eq!(both_clear(&land).await, [0, 0], "neither gets what the other has promised");
    for site in 0..2 {
        assert!(came_to_nothing(&land, site).await > 0, "site {site} had laid a lift out");
    }
    let began = land.now();
    while both_clear(&land).await == [0, 0] {
        let waited_ms = land.now().ms() - began.ms();
        assert!(waited_ms < MOST_MS, "they stand in each other's way again and again");
        land.breathe(EVERY_MS).await;
    }
    land.calms().await;
    assert_eq!(land.balances(0).await, [2_000, -2_000]);
    assert_eq!(land.balances(1).await, [0, 0]);
    land.assert_sound().await;
}

/// A tally over which its stock gives to its foil, so much and not the other way.
fn one_way(stock: &'static str, foil: &'static str, most: i64) -> Tie {
    Tie { stock, foil, limits: [0, most] }
}

/// Four sites in a ring, and there is room for one of two payments: each gives first over the tally that the other comes to
/// last.
async fn ring() -> Land {
    let users = [("ann", 0), ("bob", 1), ("cat", 2), ("dan", 3)];
    let ties = [
        one_way("ann", "bob", 5_000),
        one_way("bob", "cat", 100_000),
        one_way("cat", "dan", 5_000),
        one_way("dan", "ann", 100_000),
    ];
    let land = Land::new(5, &users, &ties).await;
    land.referees_at(&[4]).await;
    land
}

#[tokio::test]
async fn of_two_payments_in_step_that_need_the_same_two_tallies_not_both_come_to_nothing() {
    let land = ring().await;
    let asked = [
        land.asks("first", Box::new(land.signed(1, ["ann", "dan"], [5_000, 5_000]))),
        land.asks("second", Box::new(land.signed(2, ["cat", "bob"], [5_000, 5_000]))),
    ];
    let mut locked = 0;
    while !asked.iter().all(tokio::task::JoinHandle::is_finished) {
        land.breathe(50).await;
        tokio::task::yield_now().await;
        let both = [0, 2].map(|site| &land.stores[site]);
        let mut open = 0;
        for store in both {
            open += store.read().await.unwrap().open_parts(None, 9).await.unwrap().len();
        }
        locked = locked.max(open);
    }
    assert!(locked >= 2, "both had promised first what the other needed");
    let [first, second] = asked;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let made = [&first, &second].iter().filter(|paid| paid.is_ok()).count();
    assert!(made > 0, "one of them: {first:?} {second:?}");
    for refused in [first, second].into_iter().filter_map(Result::err) {
        let honest = matches!(
            refused,
            SiteError::NotLifted { why: WhyVoid::Room | WhyVoid::Busy } | SiteError::NoWay { .. }
        );
        assert!(honest, "{refused}");
    }
    land.calms().await;
    // Whoever came when the other was paid had what that one moved as a way of its own: back over the tally between.
    let [between, other] = [land.balances(1).await[1], land.balances(3).await[1]];
    assert_eq!(between + other, if made == 1 { 5_000 } else { 0 });
    for narrow in [0, 2] {
        assert_eq!(land.balances(narrow).await, [-5_000, 5_000], "as much as there is room");
    }
    land.assert_sound().await;
}

/// What one payment sets aside on a tally is not what another needs the other way.
#[tokio::test]
async fn two_payments_in_opposite_directions_do_not_stand_in_each_others_way() {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    let narrow = |stock, foil| Tie { stock, foil, limits: [5_000, 5_000] };
    let land = Land::new(4, &users, &[narrow("ann", "bob"), narrow("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    let asked = [
        land.asks("there", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]))),
        land.asks("back", Box::new(land.signed(2, ["cat", "ann"], [5_000, 5_000]))),
    ];
    for asked in &asked {
        land.until(asked).await;
    }
    for asked in asked {
        assert!(asked.await.unwrap().is_ok());
    }
    land.calms().await;
    for tie in 0..2 {
        assert_eq!(land.balances(tie).await, [0, 0]);
    }
    for (site, name) in [(0, 1), (2, 2)] {
        let name = protocol::PaymentId::random([name; 16]);
        let parts = land.stores[site].read().await.unwrap().parts_paying(&name).await.unwrap();
        assert_eq!(parts.len(), 1, "the first attempt at site {site}");
    }
    land.assert_sound().await;
}
