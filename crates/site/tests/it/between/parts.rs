//! Payments in several parts: over several ways at once, all of them or none.

use protocol::Units;
use protocol::query::Why;
use site::{Caller, Found, MAX_TRIED_OF_ONE, Most, Query, Route, SiteError, WhyNot, WhyVoid};

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

type Asked = tokio::task::JoinHandle<Result<Found, SiteError>>;

/// The payer asks what a payment would cost, or how much there could be.
fn asks(land: &Land, milli: Option<i64>) -> Asked {
    let (user, payee) = (cuid("ann"), land.address("cat"));
    let query = match milli {
        Some(milli) => {
            let units = units(milli).try_into().unwrap();
            Query::Route { user, payee, units, hint: None }
        }
        None => Query::Most { user, payee },
    };
    let site = land.site_of("ann").clone();
    tokio::spawn(async move { site.query(&self::user("ann"), query).await })
}

/// The same, until it is answered.
async fn asked(land: &Land, milli: Option<i64>) -> Found {
    let asked = asks(land, milli);
    while !asked.is_finished() {
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    asked.await.unwrap().unwrap()
}

async fn most(land: &Land) -> Most {
    let Found::Most(most) = asked(land, None).await else { panic!("the most") };
    *most
}

async fn route(land: &Land, milli: i64) -> Route {
    let Found::Route(route) = asked(land, Some(milli)).await else { panic!("a route") };
    *route
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
    let Most { units, given, by, parts, proved } = most(&land).await;
    assert_eq!((by.len(), parts, proved), (2, 2, false));
    assert!((9_400..=9_600).contains(&units.milli()), "bob keeps a tenth of one half: {units:?}");
    assert!(given >= units && given.milli() <= 10_000);
    let quote = route(&land, 8_000).await.quote.expect("over both ways");
    assert_eq!((quote.parts, quote.tallies), (2, 4));
    let cost = quote.cost.milli();
    assert!((200..=600).contains(&cost), "{cost}");
    // As was quoted it is paid, and so is the most; more is not.
    land.pays(1, ["ann", "cat"], [8_000, quote.given.milli()]).await.unwrap();
    let much = land.pays(2, ["ann", "cat"], [8_000, 80_000]).await.unwrap_err();
    let text = much.to_string();
    assert!(matches!(much, SiteError::NoPath { .. }) && much.word() == "too_little", "{text}");
    assert!(text.contains("the payer's own tallies have no more room"), "{text}");
    let left = most(&land).await;
    land.pays(3, ["ann", "cat"], [left.units.milli(), left.given.milli()]).await.unwrap();
    let left = most(&land).await;
    assert_eq!((left.units, left.parts), (Units::ZERO, 0));
    land.calms().await;
    land.assert_sound().await;
}

/// What stands in the way is said: room between, room of the payer's own, or the price.
#[tokio::test]
async fn a_payer_is_told_whether_it_is_room_or_the_price() {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    let land = Land::new(4, &users, &[tie("ann", "bob"), narrow("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    let refused = land.pays(1, ["ann", "cat"], [8_000, 80_000]).await.unwrap_err();
    assert_eq!(refused.word(), "too_little", "{refused}");
    assert!(
        refused.to_string().contains("at most 5.000: there is no more room between"),
        "{refused}"
    );
    let told = route(&land, 8_000).await;
    assert_eq!((told.most.milli(), told.why_not), (5_000, Some(WhyNot::RoomBetween)));
    land.charge(1, protocol::Side::Stock, 1, [0, 100_000]).await;
    let refused = land.pays(2, ["ann", "cat"], [3_000, 3_001]).await.unwrap_err();
    assert_eq!(refused.word(), "no_way", "{refused}");
    assert!(refused.to_string().contains("it costs more than is to be given"), "{refused}");
    let quote = route(&land, 3_000).await.quote.expect("what it costs");
    land.pays(3, ["ann", "cat"], [3_000, quote.given.milli()]).await.unwrap();
    land.calms().await;
    land.assert_sound().await;

    let land = Land::new(4, &users, &[narrow("ann", "bob"), tie("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    let refused = land.pays(1, ["ann", "cat"], [8_000, 80_000]).await.unwrap_err();
    assert!(refused.to_string().contains("at most 5.000: the payer's own tallies"), "{refused}");
    assert_eq!(route(&land, 8_000).await.why_not, Some(WhyNot::PayersRoom));
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

/// A payer with two ways to a payee that both need the same tally beyond, and these more ways of its own.
async fn shared(more: &[(&'static str, usize)]) -> Land {
    let mut users = vec![("ann", 0), ("bob", 1), ("bea", 1), ("cat", 2)];
    let mut ties =
        vec![narrow("ann", "bob"), tie("bea", "bob"), narrow("ann", "bea"), narrow("bob", "cat")];
    for (name, site) in more {
        users.push((name, *site));
        ties.extend([narrow("ann", name), narrow(name, "cat")]);
    }
    let land = Land::new(5, &users, &ties).await;
    land.referees_at(&[4]).await;
    land
}

/// Both ways need the same tally beyond: the site there says so, and nothing is moved.
#[tokio::test]
async fn two_ways_over_one_tally_are_not_two() {
    let land = shared(&[]).await;
    let refused = land.pays(1, ["ann", "cat"], [8_000, 8_000]).await.unwrap_err();
    // Somebody said so, before any time was over.
    let SiteError::NotLifted { why } = refused else { panic!("{refused}") };
    assert!(!matches!(why, WhyVoid::Late | WhyVoid::Silent), "{why}");
    land.calms().await;
    assert_eq!(moved(&land, 4).await, [0; 4]);
    land.pays(2, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
    land.calms().await;
    land.assert_sound().await;
}

/// Where ways share what the payer's site does not see, they are not added up: neither the most nor a quote is more than goes.
#[tokio::test]
async fn two_ways_over_one_tally_are_not_told_as_two() {
    let land = shared(&[]).await;
    let told = most(&land).await;
    assert_eq!((told.units.milli(), told.given.milli()), (5_000, 5_000));
    assert_eq!((told.by.len(), told.parts, told.proved), (1, 1, false));
    let over = route(&land, 8_000).await;
    assert_eq!((&over.quote, over.why_not), (&None, Some(WhyNot::RoomBetween)));
    assert_eq!(over.most.milli(), 5_000);
    // Nothing was set aside by asking: as much as was told is quoted, and paid.
    let quote = route(&land, 5_000).await.quote.expect("what is the most");
    assert_eq!((quote.parts, quote.given.milli()), (1, 5_000));
    land.pays(1, ["ann", "cat"], [5_000, quote.given.milli()]).await.unwrap();
    land.calms().await;
    land.assert_sound().await;
}

/// Two of three ways share a tally beyond: the third takes the place of the second, for the most, a quote and the payment.
#[tokio::test]
async fn what_is_told_over_several_ways_can_be_paid() {
    let land = shared(&[("dee", 3)]).await;
    let told = most(&land).await;
    assert_eq!((told.units.milli(), told.by.len(), told.parts), (10_000, 2, 2));
    let over = route(&land, 10_001).await;
    assert_eq!((&over.quote, over.most.milli()), (&None, 10_000));
    let quote = route(&land, 8_000).await.quote.expect("over two ways");
    assert_eq!((quote.parts, quote.given.milli(), quote.cost), (2, 8_000, Units::ZERO));
    land.pays(1, ["ann", "cat"], [8_000, quote.given.milli()]).await.unwrap();
    let left = most(&land).await;
    assert_eq!(left.units.milli(), 2_000);
    land.pays(2, ["ann", "cat"], [2_000, left.given.milli()]).await.unwrap();
    land.calms().await;
    assert_eq!(most(&land).await.units, Units::ZERO);
    land.assert_sound().await;
}

/// Whoever asks again and again for what several ways carry is told to ask later: partners' sites remember so much of one
/// site's asking, and payments need it.
#[tokio::test]
async fn so_many_quotes_over_several_ways_are_laid_out_and_payments_go_on() {
    let land = diamond().await;
    // Each of the two ways is found by more than one round, and four plans are the most of a search.
    let may = MAX_TRIED_OF_ONE / 4;
    let all: Vec<_> = (0..may + 3).map(|_| asks(&land, None)).collect();
    while !all.iter().all(Asked::is_finished) {
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    let mut told = 0;
    for asked in all {
        match asked.await.unwrap() {
            Ok(Found::Most(most)) => {
                assert_eq!(most.units.milli(), 10_000);
                told += 1;
            }
            Err(SiteError::NoWay { why: Why::Busy, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, may);
    assert_eq!(route(&land, 5_000).await.quote.expect("over one way").parts, 1);
    land.pays(1, ["ann", "cat"], [8_000, 8_000]).await.unwrap();
    land.pays(2, ["cat", "ann"], [8_000, 8_000]).await.unwrap();
    land.breathe(30_000).await;
    assert_eq!(most(&land).await.units.milli(), 10_000);
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
