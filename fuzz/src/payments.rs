//! What a plan of a payment and a cut have to be, judged from the ladings alone.

use std::collections::BTreeMap;

use clearing::{Cut, Hops, Plan, Request};
use protocol::{Rate, Units};

/// The room of a cut is no less than what can be paid, and the same where that is proved and nobody charges.
pub fn cut_bounds(graph: &Hops, cut: &Cut, most: Units, proved: bool) {
    let room = |&hop: &usize| i128::from(graph.list()[hop].lading.most().milli());
    let room: i128 = cut.hops.iter().map(room).sum();
    assert!(room >= most.milli().into());
    let charges = graph.list().iter().any(|hop| {
        let (reward, clutch) = (hop.lading.reward().rate(), hop.lading.clutch().rate());
        reward != Rate::ZERO || clutch != Rate::ZERO
    });
    assert!(!proved || charges || room == most.milli().into());
}

/// Exactly the amount arrives within the limits, no tally carries too much or both ways, all are whole.
pub fn plan_holds(graph: &Hops, request: &Request, plan: &Plan) {
    assert!(plan.parts.len() <= request.parts.max(1) as usize && plan.longest() > 0);
    assert!(plan.longest() <= request.longest as usize);
    let mut left: BTreeMap<u32, i128> = BTreeMap::new();
    let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
    for part in &plan.parts {
        let ends = part.legs.windows(2).all(|legs| legs[0].taker == legs[1].giver);
        assert!(ends && part.legs[0].giver == request.payer);
        for leg in &part.legs {
            *sums.entry(leg.hop).or_default() += leg.units.milli();
        }
    }
    let (mut given, mut arrives) = (0, 0);
    for (&hop, &milli) in &sums {
        let hop = graph.list()[hop];
        let against = sums.keys().map(|&other| graph.list()[other]);
        assert!(against.into_iter().all(|o| (o.giver, o.taker) != (hop.taker, hop.giver)));
        let cost = hop.lading.cost(Units::new(milli).expect("an amount")).expect("within the most");
        if hop.giver == request.payer {
            given += i128::from(milli);
        } else {
            *left.entry(hop.giver).or_default() -= i128::from(milli + cost.clutch.milli());
        }
        if hop.taker == request.payee {
            arrives += i128::from(milli);
        } else {
            *left.entry(hop.taker).or_default() += i128::from(milli - cost.reward.milli());
        }
    }
    assert!(left.values().all(|&left| left >= 0));
    assert_eq!(arrives, request.amount.milli().into());
    assert_eq!(given, plan.given().milli().into());
    assert!(plan.at_least <= plan.given() && plan.given() <= request.most_given);
}
