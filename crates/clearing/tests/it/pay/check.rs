//! What every plan has to be, judged from the ladings alone.

use std::collections::{BTreeMap, BTreeSet};

use clearing::{Hop, Plan, Request};

use crate::path::given::units;

/// The plan leads from payer to payee, within the limits, exactly the amount arrives, no tally carries too much or
/// both ways, and everybody in the middle is left whole by the charges on the sums.
pub(crate) fn check(list: &[Hop], request: &Request, plan: &Plan) {
    assert!(!plan.parts.is_empty() && plan.parts.len() <= request.parts.max(1) as usize);
    let mut ways = BTreeSet::new();
    for part in &plan.parts {
        let mut met = vec![request.payer];
        for leg in &part.legs {
            assert_eq!((leg.giver, leg.taker), (list[leg.hop].giver, list[leg.hop].taker));
            assert_eq!(met.last(), Some(&leg.giver));
            assert!(!met.contains(&leg.taker), "{met:?}");
            assert!(leg.units > units(0));
            met.push(leg.taker);
        }
        assert_eq!(met.last(), Some(&request.payee));
        assert!(part.legs.len() <= request.longest.min(clearing::LONGEST_PATH) as usize);
        assert!(ways.insert(part.legs.iter().map(|leg| leg.hop).collect::<Vec<_>>()), "twice");
    }
    let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
    for leg in plan.parts.iter().flat_map(|part| &part.legs) {
        *sums.entry(leg.hop).or_default() += leg.units.milli();
    }
    let told: Vec<(usize, i64)> =
        plan.moves().into_iter().map(|(hop, units)| (hop, units.milli())).collect();
    assert_eq!(told, sums.iter().map(|(&hop, &milli)| (hop, milli)).collect::<Vec<_>>());
    let ends: BTreeSet<(u32, u32)> =
        sums.keys().map(|&hop| (list[hop].giver, list[hop].taker)).collect();
    assert!(ends.iter().all(|&(giver, taker)| !ends.contains(&(taker, giver))), "both ways");
    check_charges(list, request, plan, &sums);
}

fn check_charges(list: &[Hop], request: &Request, plan: &Plan, sums: &BTreeMap<usize, i64>) {
    let mut left: BTreeMap<u32, i128> = BTreeMap::new();
    let (mut given, mut arrives) = (0_i128, 0_i128);
    for (&hop, &milli) in sums {
        let Hop { giver, taker, lading } = list[hop];
        assert!(milli <= lading.most().milli(), "hop {hop} carries {milli}");
        let cost = lading.cost(units(milli)).expect("within the most");
        if giver == request.payer {
            given += i128::from(milli);
        } else {
            *left.entry(giver).or_default() -= i128::from(milli + cost.clutch.milli());
        }
        if taker == request.payee {
            arrives += i128::from(milli);
        } else {
            *left.entry(taker).or_default() += i128::from(milli - cost.reward.milli());
        }
    }
    assert!(left.values().all(|&left| left >= 0), "somebody is not whole: {left:?}");
    assert_eq!(arrives, i128::from(request.amount.milli()));
    assert_eq!(arrives, i128::from(plan.arrives().milli()));
    assert_eq!(given, i128::from(plan.given().milli()));
    assert!(plan.given() <= request.most_given);
}
