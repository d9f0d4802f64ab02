//! The payer's own limits: legs, parts, what it gives; and questions that are none.

use clearing::{LONGEST_PATH, Planner, Request, Unpaid};
use proptest::prelude::*;
use protocol::Units;

use super::check::check;
use crate::instances::Chance;
use crate::path::given::{Rates, charging, free, hops, random, units};
use crate::path::oracle;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_goes_beyond_a_limit(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let rates = [Rates::None, Rates::Charges, Rates::Gifts][chance.below(3) as usize];
        let (participants, list) = random(&mut chance, rates, 30);
        let graph = hops(participants, &list);
        let amount = 1 + i64::from(chance.below(30));
        let request = Request {
            longest: chance.below(5),
            parts: chance.below(4),
            most_given: units(amount + i64::from(chance.below(12)) - 4),
            ..Request::new(0, 1, units(amount))
        };
        let mut planner = Planner::default();
        let found = planner.plan(&graph, &request);
        if let Ok(plan) = &found {
            check(&list, &request, plan);
        }
        // One path within all the limits is always found, and refusals by a limit are about that limit.
        let mut single = false;
        let mut cheap = i64::MAX;
        oracle::all_paths(&list, 0, 1, &mut |way| {
            if way.len() <= request.longest as usize
                && let Some(moves) = oracle::price(&list, way, amount)
            {
                cheap = cheap.min(moves[0]);
                single |= moves[0] <= request.most_given.milli();
            }
        });
        match found {
            Ok(_) => {}
            Err(refusal) if single => prop_assert!(false, "{refusal:?}"),
            Err(Unpaid::TooCostly { least, .. }) => {
                prop_assert!(least > request.most_given);
                prop_assert!(least.milli() <= cheap);
            }
            Err(Unpaid::TooLong { most }) => prop_assert!(most < request.amount),
            Err(Unpaid::TooManyParts { parts }) => prop_assert!(parts > request.parts.max(1)),
            Err(Unpaid::TooLittle { most, .. }) => prop_assert!(most < request.amount),
            Err(refusal) => prop_assert!(false, "{refusal:?}"),
        }
    }
}

#[test]
fn every_limit_has_its_refusal() {
    let list = [free(0, 1, 60), free(1, 3, 60), free(0, 2, 50), free(2, 3, 50)];
    let graph = hops(4, &list);
    let mut planner = Planner::default();
    let ask = Request::new(0, 3, units(100));
    assert_eq!(
        planner.plan(&graph, &Request { parts: 1, ..ask }),
        Err(Unpaid::TooManyParts { parts: 2 })
    );
    assert_eq!(
        planner.plan(&graph, &Request { longest: 1, ..ask }),
        Err(Unpaid::TooLong { most: Units::ZERO })
    );
    assert_eq!(
        planner.plan(&graph, &Request { most_given: units(99), ..ask }),
        Err(Unpaid::TooCostly { least: units(100), at_least: units(100) })
    );
    let dear = hops(3, &[charging(0, 1, 90, 500_000, 0), free(1, 2, 90)]);
    let ask = Request { most_given: units(79), ..Request::new(0, 2, units(40)) };
    let refused = planner.plan(&dear, &ask).expect_err("too dear");
    assert_eq!(refused, Unpaid::TooCostly { least: units(80), at_least: units(80) });
    assert_eq!(refused.to_string(), "it can be paid, but the payer has to give 0.080");
}

#[test]
fn a_long_way_is_payable_in_the_sense_of_a_flow_and_too_long_for_a_plan() {
    let length = LONGEST_PATH + 1;
    let list: Vec<_> = (0..length).map(|at| free(at, at + 1, 9)).collect();
    let graph = hops(length + 1, &list);
    let mut planner = Planner::default();
    assert_eq!(planner.max_payable(&graph, 0, length).expect("a question").most, units(9));
    let refused = planner.plan(&graph, &Request::new(0, length, units(5)));
    assert_eq!(refused, Err(Unpaid::TooLong { most: Units::ZERO }));
}

#[test]
fn what_is_no_question_is_refused() {
    let graph = hops(2, &[free(0, 1, 9)]);
    let mut planner = Planner::default();
    let mut ask = |payer, payee, amount| {
        planner.plan(&graph, &Request::new(payer, payee, units(amount))).expect_err("no question")
    };
    assert_eq!(ask(0, 2, 1), Unpaid::Unknown { participant: 2 });
    assert_eq!(ask(1, 1, 1), Unpaid::ToOneself);
    assert_eq!(ask(0, 1, 0), Unpaid::NothingToPay { amount: Units::ZERO });
    assert_eq!(ask(0, 1, -5), Unpaid::NothingToPay { amount: units(-5) });
}

#[test]
fn nobody_gives_more_than_an_amount_can_be_over_several_tallies_either() {
    let most = Units::MAX.milli();
    let half = |v| [charging(0, v, most, 500_000, 0), free(v, 1, most)];
    let list: Vec<_> = [half(2), half(3)].concat();
    let request = Request::new(0, 1, units(most - 9));
    let refused = Planner::default().plan(&hops(4, &list), &request).expect_err("twice the most");
    assert_eq!(refused, Unpaid::TooCostly { least: Units::MAX, at_least: Units::MAX });
}

/// Twenty ways of two legs, each of which carries 100; the first leg charges.
fn twenty_ways(reward: i32) -> Vec<clearing::Hop> {
    let way = |v| [charging(0, v, 100, reward, 0), free(v, 1, 100)];
    (2..22).flat_map(way).collect()
}

#[test]
fn a_limit_on_parts_is_told_as_that_whoever_charges() {
    let unrelated = charging(22, 23, 9, 10_000, 0);
    let free_ways = [twenty_ways(0), vec![unrelated]].concat();
    for (list, needed) in [(twenty_ways(10_000), 20), (free_ways, 19)] {
        let graph = hops(24, &list);
        for parts in [1, 2, 3, 11, 12] {
            let request = Request { parts, ..Request::new(0, 1, units(1_900)) };
            let refused = Planner::default().plan(&graph, &request).expect_err("too many parts");
            let Unpaid::TooManyParts { parts: told } = refused else { panic!("{refused:?}") };
            assert!(told == needed || (parts == 1 && told == 2), "{told}");
        }
        assert!(Planner::default().plan(&graph, &Request::new(0, 1, units(1_900))).is_ok());
    }
}

#[test]
fn what_rounding_takes_is_not_the_fault_of_a_limit() {
    // Each way loses one to rounding: 18 arrive, and no more.
    let way = |v| [charging(0, v, 10, 1, 0), free(v, 1, 10)];
    let graph = hops(4, &[way(2), way(3)].concat());
    for (parts, longest) in [(64, 12), (1, 12), (64, 2)] {
        let request = Request { parts, longest, ..Request::new(0, 1, units(19)) };
        let refused = Planner::default().plan(&graph, &request).expect_err("too little");
        assert!(matches!(refused, Unpaid::TooLittle { cut: None, .. }), "{refused:?}");
    }
}

#[test]
fn how_much_can_be_paid_has_no_limit_on_legs_or_parts() {
    let length = LONGEST_PATH + 1;
    let mut list: Vec<_> = (0..length).map(|at| free(at, at + 1, 9)).collect();
    list.push(charging(length + 1, length + 2, 9, 10_000, 0));
    let graph = hops(length + 3, &list);
    let payable = Planner::default().max_payable(&graph, 0, length).expect("a question");
    assert_eq!((payable.most, payable.proved), (units(9), true));

    let way = |v| [charging(0, v, 100, 10_000, 0), free(v, 1, 100)];
    let list: Vec<_> = (2..202).flat_map(way).collect();
    let payable = Planner::default().max_payable(&hops(202, &list), 0, 1).expect("a question");
    assert_eq!((payable.most, payable.proved), (units(200 * 99), true));

    let part = Units::MAX.milli() / 10 * 6;
    let way = |v| [charging(0, v, part, 1, 0), free(v, 1, part)];
    let payable = Planner::default().max_payable(&hops(4, &[way(2), way(3)].concat()), 0, 1);
    let payable = payable.expect("a question");
    assert_eq!((payable.most, payable.proved), (Units::MAX, true));
}

#[test]
fn charges_beyond_all_sense_are_reckoned_with_too() {
    let most = Units::MAX.milli();
    let chain = |ends: &[u32]| -> Vec<clearing::Hop> {
        ends.windows(2).map(|two| free(two[0], two[1], most)).collect()
    };
    let mut list = vec![
        charging(0, 2, most, 999_100, 0),
        charging(2, 3, 2_000_000_000_000, 999_999, 1_000_000),
        charging(3, 4, 1_000_000, 999_999, 1_000_000),
        free(4, 1, most),
        charging(0, 5, most, 999_100, 0),
    ];
    list.extend(chain(&[5, 6, 7, 4]));
    list.extend(chain(&[2, 8, 9, 10, 11, 12, 1]));
    let graph = hops(13, &list);
    let mut planner = Planner::default();
    let payable = planner.max_payable(&graph, 0, 1).expect("a question");
    assert!(payable.most > Units::ZERO);
    let request = Request::new(0, 1, payable.most);
    if let Ok(plan) = planner.plan(&graph, &request) {
        check(&list, &request, &plan);
    }
}
