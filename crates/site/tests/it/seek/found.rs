//! What is found, at which cost, and what it costs later.

use protocol::query::Why;
use protocol::{Hash, Side};
use site::{Caller, CommandId, Intake, SiteError};

use super::land::{Land, Tie, tally_of};
use crate::town::{cuid, units};

/// Each at a site of its own; each lets the one before owe it.
pub(super) const STREET: [(&str, usize); 5] =
    [("ann", 0), ("bob", 1), ("cleo", 2), ("dan", 3), ("eve", 4)];

pub(super) fn street() -> Vec<Tie> {
    let tie = |pair: &[(&'static str, usize)]| Tie {
        stock: pair[1].0,
        foil: pair[0].0,
        limits: [10_000, 0],
    };
    STREET.windows(2).map(tie).collect()
}

/// The least that has to come in so that `due` is left after a charge on all of it.
fn least(due: i64, ppm: i64) -> i64 {
    (due..).find(|come| come - (come * ppm + 999_999) / 1_000_000 >= due).unwrap()
}

#[tokio::test]
async fn a_payee_farther_and_farther_away_is_found_at_the_exact_cost() {
    let land = Land::new(5, &STREET, &street()).await;
    // Bob, Cleo and Dan charge for what they take in.
    let charges = [70_000, 31_000, 5_500];
    for (tie, ppm) in charges.into_iter().enumerate() {
        land.charge(tie, Side::Stock, 1, [ppm, 0]).await;
    }
    for sites in 1..=4 {
        let payee = STREET[sites].0;
        let plans = land.find(["ann", payee], [1_234, 5_000]).await.unwrap();
        let [plan] = &plans[..] else { panic!("{plans:?}") };
        let mut moves = vec![1_234];
        for ppm in charges[..sites - 1].iter().rev() {
            moves.insert(0, least(moves[0], i64::from(*ppm)));
        }
        let top = plan.curve.top();
        assert_eq!(top.arrives.get(), units(1_234));
        assert_eq!(top.enters.get(), units(moves[0]), "{sites} sites away");
        assert_eq!(usize::from(plan.sites), sites);
        let way = (0..).map(tally_of).zip(moves).map(|(tally, moves)| (tally, Side::Foil, moves));
        let way: Vec<_> = way.collect();
        assert_eq!(land.priced("ann", plan, 1_234), Some(way), "{sites} sites away");
        // What is less costs less, at every site.
        let quarter = plan.curve.points()[0];
        let legs = land.priced("ann", plan, quarter.arrives.get().milli()).unwrap();
        assert_eq!(legs[0].2, quarter.enters.get().milli());
    }
}

#[tokio::test]
async fn a_way_through_a_site_goes_over_its_users_and_makes_them_whole() {
    // Ann pays Zoe over Bob, Bea and Ben, who are neighbours at one site.
    let users = [("ann", 0), ("bob", 1), ("bea", 1), ("ben", 1), ("zoe", 2)];
    let tie = |foil, stock| Tie { stock, foil, limits: [500, 0] };
    let ties = [tie("ann", "bob"), tie("bob", "bea"), tie("bea", "ben"), tie("ben", "zoe")];
    let land = Land::new(3, &users, &ties).await;
    land.charge(1, Side::Stock, 1, [100_000, 0]).await;
    land.charge(3, Side::Foil, 1, [0, 50_000]).await;
    let plans = land.find(["ann", "zoe"], [100, 500]).await.unwrap();
    let parts = land.parts("ann", &plans[0]);
    let legs: Vec<usize> = parts.iter().map(|(_, part)| part.way.len()).collect();
    assert_eq!(legs, [1, 4, 1], "the tallies between sites are on both sides' ways");
    // Ben lets 100 go for a twentieth of it; Bea keeps a tenth of what comes in.
    let moves: Vec<i64> =
        land.priced("ann", &plans[0], 100).unwrap().iter().map(|leg| leg.2).collect();
    assert_eq!(moves, [least(105, 100_000), least(105, 100_000), 105, 100]);
    assert_eq!(plans[0].curve.top().enters.get(), units(moves[0]));
}

#[tokio::test]
async fn what_was_found_is_priced_anew_or_refused_when_tallies_change() {
    let land = Land::new(3, &STREET[..3], &street()[..2]).await;
    let plans = land.find(["ann", "cleo"], [1_000, 5_000]).await.unwrap();
    let given = |milli| land.priced("ann", &plans[0], milli).map(|legs| legs[0].2);
    assert_eq!(given(1_000), Some(1_000));
    land.charge(0, Side::Stock, 1, [100_000, 0]).await;
    assert_eq!(given(1_000), Some(least(1_000, 100_000)), "bob charges now");
    land.pay(1, Side::Foil, 9_500).await;
    assert_eq!(given(1_000), None, "bob owes cleo more than there was room for besides");
    assert_eq!(given(500), Some(least(500, 100_000)));
    land.pay(1, Side::Foil, 500).await;
    land.close(1, Side::Stock).await;
    assert_eq!(given(1), None);
}

#[tokio::test]
async fn a_graph_that_is_made_anew_knows_no_plans_of_before() {
    let land = Land::new(3, &STREET[..3], &street()[..2]).await;
    let plans = land.find(["ann", "cleo"], [10, 10]).await.unwrap();
    let (.., token) = plans[0].on.unwrap();
    assert!(land.sites[1].plan(&token).is_some());
    for (number, site) in land.sites.iter().enumerate() {
        let id = CommandId::new(&format!("nothing new {number}")).unwrap();
        assert!(site.take_in(&Caller::Administrator, &id, Intake::default()).await.unwrap());
    }
    let again = land.find(["ann", "cleo"], [10, 10]).await.unwrap();
    assert_eq!(land.sites[1].plan(&token), None, "its numbers mean nothing any more");
    assert_eq!(land.priced("ann", &again[0], 10).unwrap().len(), 2);
}

#[tokio::test]
async fn plans_are_forgotten_in_time_and_a_site_that_restarts_has_forgotten_all() {
    let mut land = Land::new(3, &STREET[..3], &street()[..2]).await;
    let plans = land.find(["ann", "cleo"], [10, 10]).await.unwrap();
    let (.., token) = plans[0].on.unwrap();
    assert!(land.sites[1].plan(&token).is_some() && land.sites[1].search_counts().plans > 0);
    land.wait(31_000).await;
    assert_eq!(land.sites[1].plan(&token), None);
    assert_eq!(land.sites[1].search_counts().plans, 0);
    // Nothing is open any more, so nothing is ticked.
    let plans = land.find(["ann", "cleo"], [10, 10]).await.unwrap();
    let (.., token) = plans[0].on.unwrap();
    land.sites[1] = land.opened(1, land.stores[1].clone()).await;
    assert_eq!(land.sites[1].plan(&token), None);
    land.find(["ann", "cleo"], [10, 10]).await.unwrap();
}

#[tokio::test]
async fn a_payee_that_advertises_is_found_without_asking_far() {
    let land = Land::new(5, &STREET, &street()).await;
    let chance = Hash::of(b"from the invoice");
    let amount = units(100).try_into().unwrap();
    land.site_of("eve").advertise(&cuid("eve"), amount, chance).await.unwrap();
    land.carry(&mut super::road::arrives).await;
    let site = land.site_of("ann").clone();
    let payee = land.address("eve");
    let search = tokio::spawn(async move {
        site.find_advertised(&cuid("ann"), &payee, units(100), units(100), chance).await
    });
    while !search.is_finished() {
        land.carry(&mut super::road::arrives).await;
        tokio::task::yield_now().await;
    }
    let plans = search.await.unwrap().unwrap();
    assert_eq!(land.priced("ann", &plans[0], 100).unwrap().len(), 4);
    assert_eq!(plans[0].sites, 4);
    let asked: u64 = land.sites.iter().map(|site| site.search_counts().seeker.asked).sum();
    // Without adverts it takes rounds of one, two and four tallies.
    assert!(asked < 4, "{asked}");
}

#[tokio::test]
async fn a_tally_with_another_site_is_a_dead_end_for_payments_here() {
    // Both know Zoe elsewhere, and not each other.
    let users = [("bob", 0), ("bea", 0), ("zoe", 1)];
    let ties = [
        Tie { stock: "zoe", foil: "bob", limits: [500, 500] },
        Tie { stock: "bea", foil: "zoe", limits: [500, 500] },
    ];
    let land = Land::new(2, &users, &ties).await;
    let route = async |payee: &str| {
        let query = site::Query::Route {
            user: cuid("bob"),
            payee: land.address(payee),
            units: units(10).try_into().unwrap(),
            hint: None,
        };
        land.sites[0].query(&Caller::User(cuid("bob")), query).await
    };
    let site::Found::Route(route) = route("bea").await.unwrap() else { panic!("a route") };
    assert_eq!(route.why_not, Some(site::WhyNot::NotConnected));
    let refused = land.find(["bob", "bea"], [10, 10]).await.unwrap_err();
    assert!(matches!(refused, SiteError::NoWay { why: Why::Nothing, .. }), "{refused}");
}
