//! Circles of debts through several sites clear by themselves.

use protocol::Side;
use site::{Found, LiftFound, Part, Query, Site};

use super::paid::tie;
use crate::seek::land::{Land, tally_of};
use crate::town::user;

/// A circle: each site's user owes the next one's, by these amounts.
pub(super) async fn circle(owes: &[i64]) -> Land {
    let names = ["ann", "bob", "cat", "dan", "eve"];
    let many = owes.len();
    let users: Vec<(&'static str, usize)> = (0..many).map(|at| (names[at], at)).collect();
    let ties: Vec<_> = (0..many).map(|at| tie(names[at], names[(at + 1) % many])).collect();
    let land = Land::new(many + 1, &users, &ties).await;
    land.referees_at(&[many]).await;
    for (at, milli) in owes.iter().enumerate() {
        // The foil owes the stock; below zero, the other way round.
        let by = if *milli < 0 { Side::Stock } else { Side::Foil };
        land.pay(at, by, milli.abs()).await;
    }
    land
}

/// A site looks once for what it could clear.
async fn clears(land: &Land, site: usize) -> usize {
    let site: Site = land.sites[site].clone();
    let asked = tokio::spawn(async move { site.clear_around().await });
    for _ in 0..4_000 {
        if asked.is_finished() {
            break;
        }
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    asked.await.unwrap().unwrap().len()
}

#[tokio::test]
async fn a_circle_through_three_sites_clears_by_as_much_as_its_smallest_debt() {
    let land = circle(&[5_000, 3_000, 4_000]).await;
    assert_eq!(land.balances(0).await, [5_000, -5_000]);
    assert_eq!(clears(&land, 0).await, 1);
    land.calms().await;
    assert_eq!(land.balances(0).await, [2_000, -2_000]);
    assert_eq!(land.balances(1).await, [0, 0]);
    assert_eq!(land.balances(2).await, [1_000, -1_000]);
    land.assert_sound().await;
    assert_eq!(clears(&land, 0).await, 0, "there is nothing more");
    land.assert_sound().await;
}

/// The lift that a user of a land was told of, once, and what it sees of it.
async fn cleared(land: &Land, name: &str) -> (serde_json::Value, LiftFound) {
    let told = land.told(name, "lift_cleared").await;
    let [told] = &told[..] else { panic!("{name} once: {told:?}") };
    let lift = told["lift"].as_str().unwrap().parse().unwrap();
    let query = Query::Lift { lift, user: None, after: None, limit: 9 };
    match land.site_of(name).query(&user(name), query).await.unwrap() {
        Found::Lift(found) => (told.clone(), *found),
        other => panic!("{other:?}"),
    }
}

/// Who proposed it has two parts of one tally each, as the others have one of two; all are told the same.
#[tokio::test]
async fn everybody_in_a_circle_through_sites_is_told_that_it_was_cleared_and_by_what() {
    let land = circle(&[5_000, 3_000, 4_000]).await;
    land.charge(0, Side::Stock, 1, [0, 0]).await;
    land.charge(1, Side::Foil, 1, [0, 0]).await;
    land.charge(1, Side::Foil, 2, [0, 0]).await;
    land.calms().await;
    assert_eq!(clears(&land, 0).await, 1);
    land.calms().await;
    // What is signed later allowed nothing of it.
    land.charge(0, Side::Stock, 2, [0, 0]).await;
    land.calms().await;
    // Each with its two tallies, its own counter and its partner's.
    let settings = [
        ("ann", [(0, [1, 0]), (2, [0, 0])]),
        ("bob", [(0, [0, 1]), (1, [0, 2])]),
        ("cat", [(1, [2, 0]), (2, [0, 0])]),
    ];
    for (name, ties) in settings {
        let (told, found) = cleared(&land, name).await;
        assert_eq!((&told["cleared"], &told["tallies"]), (&3_000.into(), &2.into()), "{told}");
        assert_eq!((found.line.part, found.legs.len()), (Part::Cleared, 2), "{name}");
        let kinds = ["lift_passed_on", "lift_paid", "lift_received"];
        for kind in kinds {
            assert_eq!(land.told(name, kind).await, [0; 0], "{name} paid nobody");
        }
        for (tie, counters) in ties {
            let tally = tally_of(tie);
            let legs = told["legs"].as_array().unwrap();
            let leg = legs.iter().find(|leg| leg["tally"] == tally.to_string()).unwrap();
            let told = [&leg["settings"], &leg["partner_settings"]];
            assert_eq!(told.map(|told| told.as_u64().unwrap()), counters.map(u64::from), "{name}");
            let leg = found.legs.iter().find(|leg| leg.tally == tally).unwrap();
            let by = [&leg.allowed_by.holder, &leg.allowed_by.partner];
            let shown = by.map(|signed| signed.as_ref().unwrap());
            assert_eq!(shown.map(|signed| signed.counter), counters, "{name}");
            assert_eq!(shown.map(|signed| signed.date.is_some()), counters.map(|it| it > 0));
            assert_eq!(leg.allowed_by.authorisation, None);
        }
    }
}

#[tokio::test]
async fn a_longer_circle_clears_from_whichever_site_looks_first() {
    for first in [0, 2, 4] {
        let land = circle(&[5_000, 6_000, 7_000, 8_000, 9_000]).await;
        assert_eq!(clears(&land, first).await, 1, "from {first}");
        land.calms().await;
        for (tie, left) in [0, 1_000, 2_000, 3_000, 4_000].into_iter().enumerate() {
            assert_eq!(land.balances(tie).await, [left, -left]);
        }
        land.assert_sound().await;
    }
}

/// Uma is owed twelve by Vic at another site, and the way back is six narrow ones of two each: no one of them is worth looking for
/// with twelve.
#[tokio::test]
async fn a_debt_clears_over_many_ways_that_are_each_much_narrower() {
    let between = ["ann", "cat", "dan", "eve", "fay", "gus"];
    let users: Vec<(&'static str, usize)> = [("uma", 0), ("bob", 0), ("vic", 1)]
        .into_iter()
        .chain(between.map(|name| (name, 0)))
        .collect();
    let mut ties = vec![tie("uma", "vic"), tie("vic", "bob")];
    for name in between {
        ties.extend([tie("bob", name), tie(name, "uma")]);
    }
    let land = Land::new(3, &users, &ties).await;
    land.referees_at(&[2]).await;
    // Each foil owes its stock.
    for at in 0..ties.len() {
        land.pay(at, Side::Foil, if at < 2 { 12_000 } else { 2_000 }).await;
    }
    for _ in 0..20 {
        clears(&land, 0).await;
        land.calms().await;
    }
    for at in 0..ties.len() {
        assert_eq!(land.balances(at).await, [0, 0], "tally {at}");
    }
    land.assert_sound().await;
}

#[tokio::test]
async fn where_no_way_leads_round_nothing_moves() {
    let land = circle(&[5_000, -3_000, 4_000]).await;
    for site in 0..3 {
        assert_eq!(clears(&land, site).await, 0);
    }
    land.calms().await;
    assert_eq!(land.balances(0).await, [5_000, -5_000]);
    land.assert_sound().await;
}

#[tokio::test]
async fn a_way_round_may_come_back_over_somebody_at_the_same_site() {
    let users = [("ann", 0), ("amy", 0), ("bob", 1)];
    let ties = [("ann", "bob", 5_000), ("amy", "ann", 4_000), ("bob", "amy", 3_000)];
    let land = Land::new(3, &users, &ties.map(|(from, to, _)| tie(from, to))).await;
    land.referees_at(&[2]).await;
    for (at, (_, _, milli)) in ties.iter().enumerate() {
        land.pay(at, Side::Foil, *milli).await;
    }
    assert_eq!(clears(&land, 0).await, 1, "for ann, who owes amy alone");
    land.calms().await;
    for (tie, left) in [2_000, 1_000, 0].into_iter().enumerate() {
        assert_eq!(land.balances(tie).await, [left, -left]);
    }
    land.assert_sound().await;
}

/// Who is owed for long and owes nobody is not looked for, and so does not rest when a debt of its own closes the circle.
#[tokio::test]
async fn whoever_begins_to_owe_is_looked_for_at_once() {
    let names = ["ann", "bob", "cat"];
    let users: Vec<(&'static str, usize)> = (0..3).map(|at| (names[at], at)).collect();
    let ties: Vec<_> = (0..3).map(|at| tie(names[at], names[(at + 1) % 3])).collect();
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    land.pay(0, Side::Foil, 5_000).await;
    land.pay(1, Side::Foil, 3_000).await;
    // Whoever was looked for so often in vain would rest for four hours, longer than a payment takes here.
    for _ in 0..10 {
        land.breathe(6 * 3_600_000).await;
        assert_eq!(clears(&land, 0).await, 0);
    }
    land.pay(2, Side::Foil, 4_000).await;
    assert_eq!(clears(&land, 0).await, 1);
    land.calms().await;
    assert_eq!(land.balances(1).await, [0, 0]);
    land.assert_sound().await;
}

/// Who owes and was looked for in vain rests for hours; a new debt of its own that closes a circle wakes it long before.
#[tokio::test]
async fn whoever_was_looked_for_in_vain_is_woken_by_a_debt_that_closes_a_circle() {
    let users = [("ann", 0), ("bob", 1), ("cat", 2), ("dan", 1)];
    let ties = [tie("ann", "bob"), tie("bob", "cat"), tie("cat", "ann"), tie("dan", "ann")];
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    land.pay(0, Side::Foil, 5_000).await;
    land.pay(1, Side::Foil, 3_000).await;
    // Nobody owes dan's debtors anything.
    land.pay(3, Side::Foil, 2_000).await;
    let asked = || land.sites[0].search_counts().seeker.asked;
    for _ in 0..12 {
        land.breathe(10 * 3_600_000).await;
        for _ in 0..3 {
            assert_eq!(clears(&land, 0).await, 0);
        }
    }
    assert!(asked() > 0, "she was looked for");
    // A payment takes some time here, and she rests for six hours at least.
    land.pay(2, Side::Foil, 4_000).await;
    let owes_since = land.now();
    while clears(&land, 0).await == 0 {
        let waited_ms = land.now().ms() - owes_since.ms();
        assert!(waited_ms < 3_600_000, "she still rests");
        land.breathe(60_000).await;
    }
    land.calms().await;
    assert_eq!(land.balances(1).await, [0, 0]);
    assert_eq!(land.balances(2).await, [1_000, -1_000]);
    land.assert_sound().await;
}

/// Lifts of several sites over one circle stand in each other's way: those that fail free their room at once, and who
/// comes again at another time finishes it.
#[tokio::test]
async fn sites_that_clear_the_same_circle_at_once_do_not_lock_each_other() {
    let land = circle(&[5_000, 3_000, 4_000]).await;
    // Each rests twice as long every time, and draws how long exactly.
    for _ in 0..400 {
        let asked: Vec<_> = (0..3)
            .map(|site| {
                let site: Site = land.sites[site].clone();
                tokio::spawn(async move { site.clear_around().await })
            })
            .collect();
        for _ in 0..4_000 {
            if asked.iter().all(tokio::task::JoinHandle::is_finished) {
                break;
            }
            land.breathe(50).await;
            tokio::task::yield_now().await;
        }
        for asked in asked {
            asked.await.unwrap().unwrap();
        }
        if land.balances(1).await == [0, 0] {
            break;
        }
        // As long as somebody rests at most after it failed a few times.
        land.breathe(60_000).await;
    }
    land.calms().await;
    assert_eq!(land.balances(1).await, [0, 0]);
    assert_eq!(land.balances(0).await, [2_000, -2_000]);
    land.assert_sound().await;
}

#[tokio::test]
async fn all_ways_round_for_all_users_of_a_site_are_lifted_at_once() {
    // Two circles through ann, one through amy at the same site, over a tally that ann's go over too.
    let users = [("ann", 0), ("amy", 0), ("bob", 1), ("cat", 2), ("dan", 1), ("eve", 2)];
    let ties = [
        ("ann", "bob", 5_000),
        ("bob", "cat", 6_000),
        ("cat", "ann", 4_000),
        ("ann", "dan", 6_000),
        ("dan", "eve", 5_000),
        ("eve", "ann", 7_000),
        ("amy", "bob", 2_000),
        ("cat", "amy", 2_000),
    ];
    let land = Land::new(4, &users, &ties.map(|(from, to, _)| tie(from, to))).await;
    land.referees_at(&[3]).await;
    for (at, (_, _, milli)) in ties.iter().enumerate() {
        land.pay(at, Side::Foil, *milli).await;
    }
    assert_eq!(clears(&land, 0).await, 3);
    land.calms().await;
    let mut left = Vec::new();
    for tie in 0..ties.len() {
        left.push(land.balances(tie).await[0]);
    }
    assert_eq!(left, [1_000, 0, 0, 1_000, 0, 2_000, 0, 0]);
    land.assert_sound().await;
}
