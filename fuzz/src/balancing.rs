//! What balancing has to be, judged from the ladings alone.

use std::collections::BTreeMap;

use clearing::{Balanced, Hops, Plan};
use protocol::Units;

/// Rounds of which each gains at its turn, together within what is free of any charge.
pub fn rounds_hold(graph: &Hops, balanced: &Balanced) {
    let mut moved: BTreeMap<usize, i64> = BTreeMap::new();
    let mut nearer = 0;
    for round in &balanced.rounds {
        let before = nearer;
        for (leg, next) in round.legs.iter().zip(round.legs.iter().cycle().skip(1)) {
            let hop = graph.list()[leg.hop];
            assert_eq!((hop.giver, hop.taker, leg.taker), (leg.giver, leg.taker, next.giver));
            assert!(leg.units > Units::ZERO && leg.units == next.units);
            let moved = moved.entry(leg.hop).or_default();
            let spare = hop.lading.spare().milli();
            nearer -= 2 * i128::from(spare.min(*moved));
            *moved += leg.units.milli();
            nearer += 2 * i128::from(spare.min(*moved));
            assert!(*moved <= hop.lading.free().milli());
            let clutch = hop.lading.clutch().due(hop.lading.free());
            assert_eq!(clutch, Units::ZERO);
        }
        assert!(nearer > before);
    }
    assert_eq!(nearer, balanced.nearer);
}

/// Exactly what arrives comes round for no more than was stated; everybody in the middle is whole.
/// `most` says how much may move over a hop of the one who asked.
pub fn comes_round(
    graph: &Hops,
    who: u32,
    plan: &Plan,
    most_charges: Units,
    most: impl Fn(usize) -> Units,
) {
    let (mut given, mut arrives) = (0, 0);
    let mut left: BTreeMap<u32, i128> = BTreeMap::new();
    for part in &plan.parts {
        assert!(part.legs.windows(2).all(|legs| legs[0].taker == legs[1].giver));
        assert_eq!((part.legs[0].giver, part.legs.last().map(|leg| leg.taker)), (who, Some(who)));
    }
    for (place, units) in plan.moves() {
        let hop = graph.list()[place];
        let milli = i128::from(units.milli());
        let cost = hop.lading.cost(units).expect("within the most");
        if hop.giver == who {
            given += milli;
        } else {
            *left.entry(hop.giver).or_default() -= milli + i128::from(cost.clutch.milli());
        }
        if hop.taker == who {
            arrives += milli;
        } else {
            *left.entry(hop.taker).or_default() += milli - i128::from(cost.reward.milli());
        }
        assert!((hop.giver != who && hop.taker != who) || units <= most(place));
    }
    assert!(left.values().all(|&left| left >= 0));
    assert_eq!((given, arrives), (plan.given().milli().into(), plan.arrives().milli().into()));
    assert!(given - arrives <= most_charges.milli().into());
}
