//! Known answers: splitting, taking back, balance, charges on sums, memory between questions.

use clearing::{Hop, Plan, Planner, Request, Unpaid};
use protocol::Rate;
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};

use super::check::check;
use crate::instances::Chance;
use crate::path::given::{charging, free, hops, units};

/// Tallies without charges: two participants, and what can move on and back.
pub(crate) type Line = (u32, u32, i64, i64);

pub(crate) fn lines(chance: &mut Chance) -> (u32, Vec<Line>) {
    let participants = 3 + chance.below(4);
    let mut line = || {
        let a = chance.below(participants);
        let b = (a + 1 + chance.below(participants - 1)) % participants;
        (a, b, i64::from(chance.below(30)), i64::from(chance.below(30)))
    };
    (participants, (0..2 * participants).map(|_| line()).collect())
}

pub(crate) fn both_ways(lines: &[Line]) -> Vec<Hop> {
    lines.iter().flat_map(|&(a, b, on, back)| [free(a, b, on), free(b, a, back)]).collect()
}

pub(crate) fn moved(lines: &[Line], plan: &Plan) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for (hop, units) in plan.moves() {
        let line = &mut lines[hop / 2];
        let on = if hop % 2 == 0 { units.milli() } else { -units.milli() };
        (line.2, line.3) = (line.2 - on, line.3 + on);
    }
    lines
}

fn ways(plan: &Plan) -> Vec<(Vec<usize>, i64)> {
    let way = |part: &clearing::Path| {
        (part.legs.iter().map(|leg| leg.hop).collect(), part.arrives().milli())
    };
    let mut ways: Vec<(Vec<usize>, i64)> = plan.parts.iter().map(way).collect();
    ways.sort();
    ways
}

fn plan(n: u32, list: &[Hop], amount: i64) -> Plan {
    let request = Request::new(0, n - 1, units(amount));
    let plan = Planner::default().plan(&hops(n, list), &request).expect("a plan");
    check(list, &request, &plan);
    plan
}

#[test]
fn what_one_path_cannot_carry_two_can() {
    let list = [free(0, 1, 60), free(1, 3, 60), free(0, 2, 50), free(2, 3, 50)];
    assert_eq!(ways(&plan(4, &list, 60)), [(vec![0, 1], 60)]);
    assert_eq!(ways(&plan(4, &list, 100)), [(vec![0, 1], 60), (vec![2, 3], 40)]);
    let refused = Planner::default().plan(&hops(4, &list), &Request::new(0, 3, units(111)));
    let Err(Unpaid::TooLittle { most, cut: Some(cut), .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((most, &cut.hops[..]), (units(110), &[1, 3][..]));
    let text = Planner::default().plan(&hops(4, &list), &Request::new(0, 3, units(111)));
    assert_eq!(
        text.expect_err("too much").to_string(),
        "at most 0.110 can be paid now; the limit is on the payee's own tallies"
    );
}

/// The short way over the middle would block both long ones.
fn crossed() -> Vec<Hop> {
    let ends = [(0, 1), (1, 4), (4, 5), (0, 2), (2, 3), (3, 4), (1, 6), (6, 7), (5, 8), (7, 8)];
    ends.map(|(giver, taker)| free(giver, taker, 10)).to_vec()
}

#[test]
fn what_lay_in_the_way_is_taken_back() {
    assert_eq!(plan(9, &crossed(), 20).arrives(), units(20));
}

#[test]
fn nothing_moves_both_ways_between_two() {
    let mut list = crossed();
    list.push(owed(4, 1, 50));
    let plan = plan(9, &list, 20);
    assert!(plan.moves().iter().all(|(hop, _)| *hop != 1 && *hop != 10));
}

#[test]
fn nothing_moves_both_ways_where_somebody_charges() {
    let list = [
        free(0, 1, 10),
        free(1, 2, 10),
        free(2, 3, 10),
        charging(0, 2, 20, 10_000, 0),
        free(2, 1, 10),
        charging(1, 3, 10, 0, 500_000),
    ];
    let graph = hops(4, &list);
    for amount in 1..20 {
        let request = Request::new(0, 3, units(amount));
        match Planner::default().plan(&graph, &request) {
            Ok(plan) => check(&list, &request, &plan),
            Err(refusal) => {
                assert!(matches!(refusal, Unpaid::TooLittle { .. }), "{refusal:?}");
                assert!(amount > 10, "{amount}");
            }
        }
    }
}

/// A hop over which the taker gets back what it owes, up to `most`: all of it is wanted.
fn owed(giver: u32, taker: u32, most: i64) -> Hop {
    let here = Position::new(units(-most), units(0), units(0)).expect("a position");
    let nothing = Settings::new(units(0), units(0), Rate::ZERO, Rate::ZERO).expect("settings");
    let side = || InForce::after_set(units(0), nothing, None);
    let consent = Consent { holder: side(), partner: side() };
    let hop = Hop { giver, taker, lading: Lading::inward(here, &consent) };
    assert_eq!((hop.lading.most(), hop.lading.free()), (units(most), units(most)));
    hop
}

#[test]
fn of_equally_short_ways_the_balanced_one_is_taken() {
    let list = [free(0, 1, 90), free(1, 3, 70), free(0, 2, 80), free(2, 3, 80)];
    assert_eq!(ways(&plan(4, &list, 50)), [(vec![2, 3], 50)], "the narrowest has the most room");
    let list = [free(0, 1, 90), free(1, 3, 90), free(0, 2, 60), owed(2, 3, 60)];
    assert_eq!(ways(&plan(4, &list, 50)), [(vec![2, 3], 50)], "it goes where it is wanted");
    assert_eq!(ways(&plan(4, &list, 60)), [(vec![2, 3], 60)]);
    let list = [free(0, 2, 60), owed(2, 3, 40), free(0, 1, 90), free(1, 3, 90)];
    assert_eq!(ways(&plan(4, &list, 50)), [(vec![2, 3], 50)], "not where less is wanted");
}

#[test]
fn it_makes_no_difference_where_the_searches_meet() {
    // So many lead on from those in the middle that the search goes on from the payee.
    let mut list = vec![free(0, 1, 90), free(1, 3, 70), free(0, 2, 80), free(2, 3, 80)];
    list.extend((4..9).flat_map(|leaf| [free(1, leaf, 9), free(2, leaf, 9)]));
    let request = Request::new(0, 3, units(50));
    let plan = Planner::default().plan(&hops(9, &list), &request).expect("a plan");
    assert_eq!(ways(&plan), [(vec![2, 3], 50)]);
}

#[test]
fn two_parts_pay_one_charge_on_the_sum() {
    // Both parts go over the last two hops; 10 % on 7 and 7 would round up twice, on 14 it does once.
    let list = [
        free(0, 1, 7),
        free(0, 2, 9),
        free(1, 3, 7),
        free(2, 3, 9),
        charging(3, 4, 40, 100_000, 0),
        free(4, 5, 40),
    ];
    let plan = plan(6, &list, 13);
    assert_eq!((plan.given(), plan.parts.len()), (units(15), 2));
    assert_eq!(plan.moves().iter().find(|(hop, _)| *hop == 4), Some(&(4, units(15))));
}

#[test]
fn where_one_way_charges_the_free_one_is_filled_first() {
    let list = [charging(0, 1, 90, 200_000, 0), free(1, 3, 90), free(0, 2, 40), free(2, 3, 40)];
    assert_eq!(plan(4, &list, 40).given(), units(40));
    assert_eq!(plan(4, &list, 80).given(), units(40 + 50));
}

#[test]
fn a_planner_remembers_nothing_that_matters() {
    let mut chance = Chance(5);
    let mut kept = Planner::default();
    for _ in 0..300 {
        let (n, lines) = lines(&mut chance);
        let graph = hops(n, &both_ways(&lines));
        let request = Request::new(0, n - 1, units(1 + i64::from(chance.below(60))));
        let fresh = Planner::default().plan(&graph, &request);
        assert_eq!(kept.plan(&graph, &request), fresh);
        assert_eq!(kept.plan(&graph, &request), fresh);
    }
}
