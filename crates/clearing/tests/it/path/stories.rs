//! Known answers: who is paid over whom, what it costs, and every refusal.

use clearing::{Hops, HopsError, LONGEST_PATH, Limit, NoPath, Share};
use protocol::Units;

use super::given::{charging, free, hops, units};

fn moved(found: Result<clearing::Path, NoPath>) -> Vec<(usize, i64)> {
    let path = found.expect("a path");
    path.legs.iter().map(|leg| (leg.hop, leg.units.milli())).collect()
}

#[test]
fn the_shortest_of_paths_that_cost_the_same() {
    let graph =
        hops(4, &[free(0, 1, 9), free(1, 3, 9), free(0, 2, 9), free(2, 1, 9), free(0, 3, 4)]);
    assert_eq!(moved(graph.cheapest(0, 3, units(4))), [(4, 4)]);
    assert_eq!(moved(graph.cheapest(0, 3, units(5))), [(0, 5), (1, 5)]);
}

#[test]
fn a_longer_path_where_it_is_cheaper() {
    let graph = hops(
        4,
        &[
            free(0, 1, 1_000),
            charging(1, 3, 1_000, 0, 20_000),
            free(1, 2, 1_000),
            charging(2, 3, 1_000, 0, 10_000),
        ],
    );
    let path = graph.cheapest(0, 3, units(500)).expect("a path");
    assert_eq!((path.given(), path.arrives(), path.proved), (units(505), units(500), true));
    let nothing_and_five =
        [(1, 0), (2, 5)].map(|(participant, milli)| Share { participant, units: units(milli) });
    assert_eq!(path.shares(), nothing_and_five);
}

#[test]
fn reward_and_clutch_of_one_in_the_middle_are_each_rounded_once() {
    // 1 % of what comes in, 2 % of what goes out: 100 and 2 must be left after 1 % of 104, rounded up.
    let graph = hops(3, &[charging(0, 1, 900, 10_000, 0), charging(1, 2, 900, 0, 20_000)]);
    assert_eq!(moved(graph.cheapest(0, 2, units(100))), [(0, 104), (1, 100)]);
}

#[test]
fn the_payers_clutch_and_the_payees_reward_are_not_charged() {
    let graph = hops(2, &[charging(0, 1, 900, 10_000, 20_000)]);
    assert_eq!(moved(graph.cheapest(0, 1, units(900))), [(0, 900)]);
}

#[test]
fn charges_need_room_as_well() {
    let graph = hops(3, &[free(0, 1, 100), charging(1, 2, 100, 0, 100_000)]);
    assert_eq!(moved(graph.cheapest(0, 2, units(90))), [(0, 99), (1, 90)]);
    let refused = graph.cheapest(0, 2, units(91)).expect_err("100.1 do not move over 100");
    assert_eq!(refused, NoPath::TooLittle { most: units(90), limit: Limit::Payer, proved: true });
    assert_eq!(moved(graph.widest(0, 2)), [(0, 99), (1, 90)]);
}

#[test]
fn who_pays_for_being_used_makes_it_cheaper() {
    let graph = hops(
        4,
        &[free(0, 1, 900), free(1, 3, 900), free(0, 2, 900), charging(2, 3, 900, 0, -100_000)],
    );
    let path = graph.cheapest(0, 3, units(500)).expect("a path");
    assert_eq!(path.given(), units(450));
    assert_eq!(path.shares(), [Share { participant: 2, units: units(-50) }]);
}

#[test]
fn nobody_gives_twice_however_often_one_goes_round() {
    // Each round 1 → 2 → 3 → 1 would make it cheaper by three gifts.
    let gift = |giver, taker| charging(giver, taker, 900, 0, -100_000);
    let graph = hops(5, &[free(0, 1, 900), gift(1, 2), gift(2, 3), gift(3, 1), free(1, 4, 900)]);
    let path = graph.cheapest(0, 4, units(500)).expect("a path");
    assert_eq!((path.given(), path.legs.len(), path.proved), (units(500), 2, true));
}

#[test]
fn a_path_as_long_as_allowed_and_one_longer() {
    let row = |legs: u32| {
        let list: Vec<_> = (0..legs).map(|v| charging(v, v + 1, 900, 0, 1_000)).collect();
        hops(legs + 1, &list).cheapest(0, legs, units(100))
    };
    assert_eq!(
        row(LONGEST_PATH).expect("a path").given(),
        units(100 + i64::from(LONGEST_PATH) - 1)
    );
    assert_eq!(row(LONGEST_PATH + 1), Err(NoPath::TooFar { legs: LONGEST_PATH + 1 }));
}

#[test]
fn the_refusal_says_where_the_room_ends() {
    let refused = |a, b, c| {
        let graph = hops(4, &[free(0, 1, a), free(1, 2, b), free(2, 3, c)]);
        graph.cheapest(0, 3, units(50)).expect_err("no room")
    };
    let too_little = |most, limit| NoPath::TooLittle { most: units(most), limit, proved: true };
    assert_eq!(refused(90, 90, 40), too_little(40, Limit::Payee));
    assert_eq!(refused(30, 90, 90), too_little(30, Limit::Payer));
    assert_eq!(refused(90, 20, 90), too_little(20, Limit::Between));
    assert_eq!(refused(30, 20, 90), too_little(20, Limit::Between));
    assert_eq!(refused(30, 20, 40), too_little(20, Limit::Payee));
    assert_eq!(refused(90, 0, 90), NoPath::NotConnected);
    assert_eq!(
        refused(30, 90, 90).to_string(),
        "at most 0.030 can be paid over one path now; the limit is on the payer's own tallies"
    );
}

#[test]
fn one_who_keeps_everything_lets_nothing_through() {
    let graph = hops(3, &[charging(0, 1, 90, 1_000_000, 0), free(1, 2, 90)]);
    let refused = NoPath::TooLittle { most: Units::ZERO, limit: Limit::Payer, proved: true };
    assert_eq!(graph.cheapest(0, 2, units(1)), Err(refused));
}

#[test]
fn amounts_as_large_as_there_are() {
    let most = Units::MAX.milli();
    let graph = hops(3, &[free(0, 1, most), free(1, 2, most)]);
    assert_eq!(moved(graph.cheapest(0, 2, Units::MAX)), [(0, most), (1, most)]);
    let graph = hops(3, &[free(0, 1, most), charging(1, 2, most, 0, 1_000_000)]);
    assert_eq!(moved(graph.widest(0, 2)), [(0, most - 1), (1, (most - 1) / 2)]);
}

#[test]
fn what_is_no_question_is_refused() {
    let graph = hops(2, &[free(0, 1, 9)]);
    assert_eq!(graph.cheapest(0, 2, units(1)), Err(NoPath::Unknown { participant: 2 }));
    assert_eq!(graph.widest(7, 1), Err(NoPath::Unknown { participant: 7 }));
    assert_eq!(graph.cheapest(1, 1, units(1)), Err(NoPath::ToOneself));
    for amount in [units(0), units(-5)] {
        assert_eq!(graph.cheapest(0, 1, amount), Err(NoPath::NothingToPay { amount }));
    }
    assert_eq!(graph.cheapest(1, 0, units(1)), Err(NoPath::NotConnected));
    assert_eq!(hops(2, &[]).widest(0, 1), Err(NoPath::NotConnected));
}

#[test]
fn what_is_no_graph_is_refused_with_its_place() {
    let refused = |list: &[clearing::Hop]| Hops::new(2, list.to_vec()).expect_err("no graph");
    let good = free(0, 1, 9);
    assert_eq!(
        refused(&[good, free(2, 0, 1)]),
        HopsError::UnknownParticipant { hop: 1, participant: 2 }
    );
    assert_eq!(refused(&[good, good, free(1, 1, 1)]), HopsError::SelfHop { hop: 2 });
}
