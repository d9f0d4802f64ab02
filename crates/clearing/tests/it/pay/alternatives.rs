//! Other ways to pay: all different, all right, the cheapest first, none left out.

use std::collections::BTreeSet;

use clearing::{Hop, Planner, Request, Unpaid};
use proptest::prelude::*;

use super::check::check;
use crate::instances::Chance;
use crate::path::given::{Rates, free, hops, random, units};
use crate::path::oracle;

/// What every single path needs from the payer, and its legs, the cheapest first.
fn all(list: &[Hop], request: &Request) -> Vec<(i64, usize)> {
    let mut all = Vec::new();
    oracle::all_paths(list, request.payer, request.payee, &mut |way| {
        let moves = oracle::price(list, way, request.amount.milli());
        all.extend(moves.map(|moves| (moves[0], way.len())));
    });
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_cheapest_first_and_none_twice(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let rates = [Rates::None, Rates::Charges, Rates::Gifts][chance.below(3) as usize];
        let (participants, list) = random(&mut chance, rates, 40);
        let graph = hops(participants, &list);
        let request = Request::new(0, 1, units(1 + i64::from(chance.below(20))));
        let number = 1 + chance.below(6) as usize;
        let mut planner = Planner::default();
        let Ok(plans) = planner.alternatives(&graph, &request, number) else {
            prop_assert!(planner.plan(&graph, &request).is_err());
            return Ok(());
        };
        prop_assert!(!plans.is_empty() && plans.len() <= number);
        let mut ways = BTreeSet::new();
        for plan in &plans {
            check(&list, &request, plan);
            prop_assert!(ways.insert(plan.moves()), "told twice");
        }
        prop_assert!(plans.windows(2).all(|pair| pair[0].given() <= pair[1].given()));
        // No path is left out for a dearer one.
        let known = all(&list, &request);
        let singles: Vec<(i64, usize)> = plans.iter().filter(|plan| plan.parts.len() == 1)
            .map(|plan| (plan.given().milli(), plan.parts[0].legs.len())).collect();
        if rates != Rates::Gifts {
            prop_assert_eq!(&singles[..], &known[..singles.len()]);
        }
        prop_assert!(plans.len() == number || singles.len() == known.len());
    }
}

#[test]
fn a_plan_of_several_parts_is_an_alternative_where_no_path_is() {
    let list = [free(0, 1, 60), free(1, 3, 60), free(0, 2, 50), free(2, 3, 50)];
    let graph = hops(4, &list);
    let mut planner = Planner::default();
    let mut told = |amount, number| {
        let plans = planner.alternatives(&graph, &Request::new(0, 3, units(amount)), number)?;
        Ok(plans.iter().map(|plan| plan.parts.len()).collect::<Vec<_>>())
    };
    assert_eq!(told(50, 5), Ok(vec![1, 1]));
    assert_eq!(told(50, 1), Ok(vec![1]));
    assert_eq!(told(60, 5), Ok(vec![1]));
    assert_eq!(told(100, 5), Ok(vec![2]));
    assert!(matches!(told(111, 5), Err(Unpaid::TooLittle { .. })));
}
