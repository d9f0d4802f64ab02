//! Payments in several parts: over several ways at once, all of them or none.

use protocol::Units;
use site::{Caller, Found, Most, Query, Route, SiteError};

use super::fates::run;
use super::paid::tie;
use crate::seek::land::{Land, Tie, agent};
use crate::town::{cuid, units, user};

fn narrow(stock: &'static str, foil: &'static str) -> Tie {
    Tie { limits: [5_000, 5_000], ..tie(stock, foil) }
}

/// A payer and a payee with two ways between them, each over a site of its own, that carry 5,000 each; and a referee.
async fn diamond() -> Land {
    let users = [("ann", 0), ("bob", 1), ("dee", 2), ("cat", 3)];
    let ties =
        [narrow("ann", "bob"), narrow("bob", "cat"), narrow("ann", "dee"), narrow("dee", "cat")];
    let land = Land::new(5, &users, &ties).await;
    land.referees_at(&[4]).await;
    land
}

/// What went over each tally, from its stock.
async fn moved(land: &Land, ties: usize) -> Vec<i64> {
    let mut all = Vec::new();
    for number in 0..ties {
        let [stock, foil] = land.balances(number).await;
        assert_eq!(stock, -foil, "tally {number}");
        all.push(foil);
    }
    all
}

/// The payer asks what a payment would cost, or how much there could be.
async fn asked(land: &Land, milli: Option<i64>) -> Found {
    let (user, payee) = (cuid("ann"), land.address("cat"));
    let query = match milli {
        Some(milli) => {
            let units = units(milli).try_into().unwrap();
            Query::Route { user, payee, units, hint: None }
        }
        None => Query::Most { user, payee },
    };
    let site = land.site_of("ann").clone();
    let asked = tokio::spawn(async move { site.query(&self::user("ann"), query).await });
    while !asked.is_finished() {
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    asked.await.unwrap().unwrap()
}

#[tokio::test]
async fn what_no_way_carries_alone_is_paid_over_two_at_once() {
    let land = diamond().await;
    let paid = land.pays(1, ["ann", "cat"], [8_000, 8_000]).await.unwrap();
    assert_eq!((paid.units.milli(), paid.given.milli()), (8_000, 8_000));
    land.calms().await;
    let all = moved(&land, 4).await;
    assert_eq!((all[0], all[2]), (all[1], all[3]), "as much as came in went on");
    assert_eq!(all[0] + all[2], 8_000);
    assert_eq!(all[0].max(all[2]), 5_000, "the widest way first, as much as it carries");
    land.assert_sound().await;
    // One lift, and each end is told once.
    let told = land.told("cat", "lift_received").await;
    assert_eq!((told.len(), told[0]["amount"].as_i64()), (1, Some(8_000)), "{told:?}");
    assert_eq!(told[0]["legs"].as_array().map(Vec::len), Some(2));
    let told = land.told("ann", "lift_paid").await;
    assert_eq!((told.len(), told[0]["given"].as_i64()), (1, Some(8_000)), "{told:?}");
    assert_eq!(land.told("bob", "lift_passed_on").await.len(), 1);
    // It was one payment: asked for again it is told of, as it was.
    let again = land.pays(1, ["ann", "cat"], [8_000, 8_000]).await.unwrap();
    assert_eq!(again, paid);
}

#[tokio::test]
async fn the_most_and_the_parts_are_told_before_anything_is_signed() {
    let land = diamond().await;
    land.charge(1, protocol::Side::Stock, 1, [0, 100_000]).await;
    let Found::Most(most) = asked(&land, None).await else { panic!("the most") };
    let Most { units, given, by, parts, proved } = *most;
    assert_eq!((by.len(), parts, proved), (2, 2, false));
    assert!((9_400..=9_600).contains(&units.milli()), "bob keeps a tenth of one half: {units:?}");
    assert!(given >= units && given.milli() <= 10_000);
    let Found::Route(route) = asked(&land, Some(8_000)).await else { panic!("a route") };
    let Route { quote: Some(quote), why_not: None, .. } = *route else { panic!("{route:?}") };
    assert_eq!((quote.parts, quote.tallies), (2, 4));
    let cost = quote.cost.milli();
    assert!((200..=600).contains(&cost), "{cost}");
    // As was quoted it is paid, and so is the most; more is not.
    land.pays(1, ["ann", "cat"], [8_000, quote.given.milli()]).await.unwrap();
    let much = land.pays(2, ["ann", "cat"], [8_000, 80_000]).await.unwrap_err();
    assert!(matches!(much, SiteError::NoWay { .. }), "{much}");
    let Found::Most(most) = asked(&land, None).await else { panic!("the most") };
    land.pays(3, ["ann", "cat"], [most.units.milli(), most.given.milli()]).await.unwrap();
    let Found::Most(most) = asked(&land, None).await else { panic!("the most") };
    assert_eq!((most.units, most.parts), (Units::ZERO, 0));
    land.calms().await;
    land.assert_sound().await;
}

/// Two users of one site are between, each with a tally to both ends; that site takes two parts in one lift.
#[tokio::test]
async fn two_parts_go_through_one_site() {
    let users = [("ann", 0), ("bob", 1), ("bea", 1), ("cat", 2)];
    let ties =
        [narrow("ann", "bob"), narrow("bob", "cat"), narrow("ann", "bea"), narrow("bea", "cat")];
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    land.pays(1, ["ann", "cat"], [10_000, 10_000]).await.unwrap();
    land.calms().await;
    assert_eq!(moved(&land, 4).await, [5_000; 4]);
    land.assert_sound().await;
}

/// Both ways need the same tally beyond: the site there says so, and nothing is moved.
#[tokio::test]
async fn two_ways_over_one_tally_are_not_two() {
    let users = [("ann", 0), ("bob", 1), ("bea", 1), ("cat", 2)];
    let ties =
        [narrow("ann", "bob"), tie("bea", "bob"), narrow("ann", "bea"), narrow("bob", "cat")];
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    let refused = land.pays(1, ["ann", "cat"], [8_000, 8_000]).await.unwrap_err();
    assert!(matches!(refused, SiteError::NotLifted { why: Some(_) }), "{refused}");
    land.calms().await;
    assert_eq!(moved(&land, 4).await, [0; 4]);
    land.pays(2, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
    land.calms().await;
    land.assert_sound().await;
}

/// Somebody on one of the two ways may not act any more: nothing is moved on the other either, and its room is free at once.
#[tokio::test]
async fn a_part_that_is_refused_takes_the_others_with_it() {
    let land = diamond().await;
    let signed = Box::new(land.signed(1, ["ann", "cat"], [8_000, 8_000]));
    let asked = land.asks("pay", signed);
    // Laid out, and not promised yet everywhere.
    let mut begun = Vec::new();
    for _ in 0..200 {
        land.breathe(50).await;
        tokio::task::yield_now().await;
        begun = land.stores[0].read().await.unwrap().open_parts(None, 9).await.unwrap();
        if !begun.is_empty() {
            break;
        }
    }
    assert!(!begun.is_empty(), "two parts wait at the payer's site");
    let caller = Caller::Administrator;
    let out = site::Command::DropReferee { agent: agent(4) };
    land.ask(2, &caller, out).await.unwrap();
    land.until(&asked).await;
    let refused = asked.await.unwrap().unwrap_err();
    assert!(matches!(refused, SiteError::NotLifted { .. } | SiteError::NoWay { .. }), "{refused}");
    land.breathe(500).await;
    land.breathe(500).await;
    assert_eq!(moved(&land, 4).await, [0; 4]);
    land.assert_sound().await;
    // Whoever lays out lifts for nothing fills nobody's disk.
    let mut view = land.stores[2].read().await.unwrap();
    assert_eq!(view.parts_in(&begun[0].lift).await.unwrap(), [], "who refused keeps nothing of it");
}

/// Each time another site forgets all that is not kept, between two steps; then all of them at once.
#[test]
fn sites_that_are_killed_between_any_two_steps_pay_all_parts_or_none() {
    for killed in [vec![0], vec![3], vec![1, 4], vec![0, 1, 2, 3, 4]] {
        for after in 3..11 {
            run(async {
                let mut land = diamond().await;
                let signed = Box::new(land.signed(1, ["ann", "cat"], [8_000, 8_000]));
                let asked = land.asks("first", signed.clone());
                for _ in 0..after {
                    land.breathe(50).await;
                    tokio::task::yield_now().await;
                }
                for site in &killed {
                    land.restart(*site).await;
                }
                if killed.contains(&0) {
                    asked.abort();
                } else {
                    land.until(&asked).await;
                }
                let again = land.pays_as("again", signed).await;
                land.calms().await;
                let all = moved(&land, 4).await;
                assert_eq!((all[0], all[2]), (all[1], all[3]), "{killed:?} {after}");
                assert_eq!(
                    all[0] + all[2],
                    if again.is_ok() { 8_000 } else { 0 },
                    "{killed:?} {after}"
                );
                land.assert_sound().await;
            });
        }
    }
}
