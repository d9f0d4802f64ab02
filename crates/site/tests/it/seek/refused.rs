//! What is not found, and why; and what is not answered.

use protocol::bounded::List;
use protocol::errand::Errand;
use protocol::query::{Answer, Budget, Payee, Query, Said, Sought, Why, nonce};
use protocol::{ChipAddress, Hash, Side};
use site::SiteError;

use super::found::{STREET, street};
use super::land::{Land, Tie, agent, referee, tally_of};
use super::road::arrives;
use crate::town::{agent_of, cuid, units};

fn why(found: Result<Vec<site::Planned>, SiteError>) -> Why {
    match found {
        Err(SiteError::NoWay { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_tally_that_is_closed_is_no_way() {
    for (closed, by) in [(0, Side::Foil), (1, Side::Stock), (2, Side::Foil)] {
        let land = Land::new(4, &STREET[..4], &street()[..3]).await;
        assert!(land.find(["ann", "dan"], [10, 10]).await.is_ok());
        land.close(closed, by).await;
        let found = land.find(["ann", "dan"], [10, 10]).await;
        assert_eq!(why(found), Why::Nothing, "tally {closed}");
    }
}

#[tokio::test]
async fn a_tally_of_a_site_that_was_restored_is_no_way_until_partner_and_device_were_heard() {
    let land = Land::new(3, &STREET[..3], &street()[..2]).await;
    assert!(land.find(["ann", "cleo"], [10, 10]).await.is_ok());
    let backup = site::Clock::now(&*land.world);
    land.sites[1].begin_epoch(backup).await.unwrap();
    // Ann's site has what Bob's said before the backup, and asks; Bob's has no tally that may lift.
    let silent = async || {
        let strangers = land.sites[1].search_counts().strangers;
        let pass = async || land.pass_and_tend(250).await;
        let found = land.find_while(["ann", "cleo"], [10, 10], pass).await;
        assert_eq!(why(found), Why::Busy);
        assert!(land.sites[1].search_counts().strangers > strangers);
    };
    silent().await;
    // The partners have said what they know; what Bob's device knows is still to come.
    land.settle().await;
    silent().await;
    for tie in [0, 1] {
        land.wish("bob", tie, site::Wish::Recover(Vec::new())).await.unwrap();
    }
    land.settle().await;
    assert!(land.find(["ann", "cleo"], [10, 10]).await.is_ok());
}

#[tokio::test]
async fn room_that_is_used_is_no_way_and_what_is_left_is() {
    let land = Land::new(4, &STREET[..4], &street()[..3]).await;
    land.pay(1, Side::Foil, 9_990).await;
    let plans = land.find(["ann", "dan"], [25, 25]).await.unwrap();
    assert_eq!(plans[0].curve.top().arrives.get(), units(10), "so much is left");
    land.pay(1, Side::Foil, 10).await;
    assert_eq!(why(land.find(["ann", "dan"], [25, 25]).await), Why::Nothing);
    // What Cleo pays back makes room again.
    land.pay(1, Side::Stock, 25).await;
    assert!(land.find(["ann", "dan"], [25, 25]).await.is_ok());
}

#[tokio::test]
async fn nothing_found_says_why() {
    let land = Land::new(4, &STREET[..4], &street()[..3]).await;
    land.charge(1, Side::Stock, 1, [500_000, 0]).await;
    let plans = land.find(["ann", "dan"], [100, 150]).await.unwrap();
    let top = plans[0].curve.top();
    assert_eq!(
        [top.arrives.get(), top.enters.get()],
        [75, 150].map(units),
        "what that is enough for"
    );
    let site = land.sites[0].clone();
    let find = async |payer: &str, payee: ChipAddress, milli| {
        let (payer, site) = (cuid(payer), site.clone());
        let search =
            tokio::spawn(
                async move { site.find_ways(&payer, &payee, units(milli), units(9)).await },
            );
        while !search.is_finished() {
            land.carry(&mut arrives).await;
            tokio::task::yield_now().await;
        }
        search.await.unwrap()
    };
    let nobody = ChipAddress { cuid: cuid("nobody"), ..land.address("dan") };
    let refused = find("ann", nobody, 1).await.unwrap_err();
    assert!(refused.to_string().starts_with("no way to pay 0.001 to nobody:"), "{refused}");
    assert_eq!(why(Err(refused)), Why::Nothing);
    let here = ChipAddress { cuid: cuid("ann"), ..land.address("ann") };
    assert_eq!(why(find("ann", here, 1).await), Why::Nothing);
    let refused = find("zoe", land.address("dan"), 1).await;
    assert!(matches!(refused, Err(SiteError::NoUser(_))), "{refused:?}");
    let refused = find("ann", land.address("dan"), 0).await;
    assert!(matches!(refused, Err(SiteError::NoPath { .. })), "{refused:?}");
}

#[tokio::test]
async fn all_on_the_way_have_to_accept_a_referee() {
    let land = Land::new(3, &STREET[..3], &street()[..2]).await;
    let drop_and_take = async |site: usize, others: &[u8]| {
        let mut tx = land.stores[site].begin().await.unwrap();
        tx.set(&format!("referee:{}", referee()), None).await.unwrap();
        tx.commit().await.unwrap();
        for other in others {
            land.accept(site, agent_of(*other)).await;
        }
    };
    drop_and_take(1, &[40]).await;
    assert_eq!(why(land.find(["ann", "cleo"], [10, 10]).await), Why::Referees);
    land.accept(0, agent_of(40)).await;
    land.accept(0, agent_of(41)).await;
    assert_eq!(why(land.find(["ann", "cleo"], [10, 10]).await), Why::Referees, "cleo's site");
    land.accept(2, agent_of(40)).await;
    let plans = land.find(["ann", "cleo"], [10, 10]).await.unwrap();
    assert_eq!(plans[0].referees[..], [agent_of(40)]);
    drop_and_take(0, &[]).await;
    let mut tx = land.stores[0].begin().await.unwrap();
    for other in [40, 41] {
        tx.set(&format!("referee:{}", agent_of(other)), None).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(why(land.find(["ann", "cleo"], [10, 10]).await), Why::Referees, "none here");
}

#[tokio::test]
async fn an_answer_that_is_lost_ends_by_the_clock() {
    let land = Land::new(3, &STREET[..3], &street()[..2]).await;
    let site = land.sites[0].clone();
    let payee = land.address("cleo");
    let search = async move { site.find_ways(&cuid("ann"), &payee, units(10), units(10)).await };
    let search = tokio::spawn(search);
    let asked = || land.sites[0].search_counts().seeker.asked;
    while asked() == 0 {
        tokio::task::yield_now().await;
    }
    // Cleo's site never hears anything.
    let mut fate = |outgoing: &site::Outgoing| usize::from(outgoing.to != agent(2));
    land.carry(&mut fate).await;
    for _ in 0..80 {
        assert!(!search.is_finished() || asked() > 1, "not before it has gone deeper");
        land.world.pass(250);
        for site in &land.sites {
            site.tend_searches(site::Clock::now(&*land.world)).await.unwrap();
        }
        land.carry(&mut fate).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(why(search.await.unwrap()), Why::Busy);
    // A minute later nothing is remembered of it.
    land.wait(60_000).await;
    assert!(land.find(["ann", "cleo"], [10, 10]).await.is_ok());
}

#[tokio::test]
async fn what_is_doubled_or_lost_now_and_then_does_no_harm() {
    let land = Land::new(5, &STREET, &street()).await;
    let mut number = 0;
    let mut twice = |_: &site::Outgoing| {
        number += 1;
        1 + number % 2
    };
    let plans = land.find_among(["ann", "eve"], [10, 10], &mut twice).await.unwrap();
    assert_eq!(land.priced("ann", &plans[0], 10).unwrap().len(), 4);
    let counts = land.sites[1].search_counts().seeker;
    assert!(counts.refused.get(&Why::Replay) > Some(&0) || counts.strays > 0, "{counts:?}");
}

#[tokio::test]
async fn a_query_that_comes_round_is_refused() {
    let users = &STREET[..3];
    let both = |stock, foil| Tie { stock, foil, limits: [100, 100] };
    let ties = [both("ann", "bob"), both("bob", "cleo"), both("cleo", "ann")];
    let land = Land::new(3, users, &ties).await;
    let nobody = ChipAddress { cuid: cuid("zoe"), agent: agent(9), endpoint: None };
    let site = land.sites[0].clone();
    let search = async move { site.find_ways(&cuid("ann"), &nobody, units(5), units(5)).await };
    let search = tokio::spawn(search);
    while !search.is_finished() {
        land.carry(&mut arrives).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(why(search.await.unwrap()), Why::Nothing);
    let refused = land.sites[0].search_counts().seeker.refused;
    assert!(refused.get(&Why::Loop) > Some(&0), "{refused:?}");
}

fn query(tie: usize, session: &[u8]) -> Query {
    let session = Hash::of(session);
    Query {
        session,
        nonce: nonce(tally_of(tie), session, 0),
        turn: 0,
        sought: Sought::Payee(Payee::of(&cuid("cleo"), &agent(2), session)),
        amount: units(10).try_into().unwrap(),
        most: units(10).try_into().unwrap(),
        depth: 4.try_into().unwrap(),
        budget: 100.try_into().unwrap(),
        referees: List::new(vec![referee()]).unwrap(),
        trail: List::new(vec![Hash::of(b"whoever began")]).unwrap(),
    }
}

fn most(milli: i64) -> protocol::chit::Positive {
    units(milli).try_into().unwrap()
}

/// What a site says to a query.
async fn says(land: &Land, site: usize, from: protocol::AgentId, query: Query) -> Vec<Errand> {
    let asked = query.session;
    land.bring(from, agent(site), Errand::Query(Box::new(query))).await;
    let said = land.sites[site].take_errands().await.unwrap();
    let said = said.into_iter().map(|outgoing| outgoing.errand);
    // Time passes: what was asked before may be answered now as well.
    let of_it = |errand: &Errand| match errand {
        Errand::Query(query) => query.session == asked,
        Errand::Answer(answer) => answer.session == asked,
        other => panic!("{other:?}"),
    };
    said.filter(of_it).collect()
}

#[tokio::test]
async fn a_way_round_goes_on_over_what_makes_debts_smaller_and_over_nothing_else() {
    let both = |foil, stock| Tie { stock, foil, limits: [100, 100] };
    let ties = [both("ann", "bob"), both("bob", "cleo")];
    let land = Land::new(3, &STREET[..3], &ties).await;
    let round =
        |session: &[u8]| Query { sought: Sought::Circle, most: most(50), ..query(0, session) };
    let nothing = async |session: &[u8]| {
        let said = says(&land, 1, agent(0), round(session)).await;
        let [Errand::Answer(answer)] = &said[..] else { panic!("{said:?}") };
        assert_eq!(answer.said, Said::Refused(Why::Nothing));
    };
    // There is room, and nobody owes anything.
    nothing(b"one").await;
    // Bob owes Ann; Cleo owes Bob; Bob charges whoever wants to pay over him.
    land.pay(0, Side::Stock, 30).await;
    nothing(b"two").await;
    land.pay(1, Side::Stock, 20).await;
    land.charge(1, Side::Foil, 1, [0, 300_000]).await;
    let said = says(&land, 1, agent(0), round(b"three")).await;
    let [Errand::Query(on)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(on.most, most(20), "all that Cleo owes, and nobody charges");
}

#[tokio::test]
async fn strangers_are_not_answered() {
    let land = Land::new(3, &STREET[..3], &street()[..2]).await;
    // A site with no tally here at all, and one that knows the name of somebody else's.
    assert_eq!(says(&land, 1, agent_of(77), query(0, b"one")).await, []);
    assert_eq!(land.sites[1].search_counts().strangers, 1);
    // A partner's site over a tally that is not between the two.
    assert_eq!(says(&land, 1, agent(0), query(1, b"two")).await, []);
    assert_eq!(says(&land, 1, agent(2), query(0, b"two")).await, []);
    let counts = land.sites[1].search_counts();
    assert_eq!((counts.strangers, counts.seeker.strays), (1, 2));
    // A partner's.
    let said = says(&land, 1, agent(0), query(0, b"three")).await;
    let [Errand::Query(on)] = &said[..] else { panic!("{said:?}") };
    // The answer to what was never asked, and to what was asked of somebody else.
    let (used, said) = (Budget::ONE, Said::Refused(Why::Nothing));
    let stray = Answer { session: on.session, nonce: on.nonce, used, said };
    land.bring(agent(0), agent(1), Errand::Answer(Box::new(stray))).await;
    assert_eq!(land.sites[1].take_errands().await.unwrap(), []);
    // Once all that bound the two is closed, it is a stranger like any other.
    land.close(0, Side::Foil).await;
    assert_eq!(says(&land, 1, agent(0), query(0, b"four")).await, []);
    assert_eq!(land.sites[1].search_counts().strangers, 2);
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_to_come_later_and_nobody_else() {
    let both = |stock, foil| Tie { stock, foil, limits: [100, 100] };
    let users = [("ann", 0), ("bob", 1), ("cleo", 2), ("dan", 3)];
    let ties = [both("bob", "ann"), both("cleo", "bob"), both("bob", "dan")];
    let land = Land::new(4, &users, &ties).await;
    let (mut plans, mut busy) = (0, 0);
    for number in 0..1_100_u32 {
        let said = says(&land, 1, agent(0), query(0, &number.to_be_bytes())).await;
        match &said[..] {
            [Errand::Query(_), ..] => plans += 1,
            [Errand::Answer(answer)] if answer.said == Said::Refused(Why::Busy) => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(plans > 0 && busy > 0 && plans + busy == 1_100, "{plans} {busy}");
    let found = land.find(["dan", "cleo"], [10, 10]).await;
    assert!(found.is_ok(), "{found:?}");
}
