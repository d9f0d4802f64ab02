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
