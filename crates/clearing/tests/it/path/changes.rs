//! A graph that changed hop by hop answers as one that was made at once.

use clearing::{Hop, Hops, HopsError};
use proptest::prelude::*;
use protocol::Units;
use protocol::lading::Lading;

use super::given::{Rates, free, hops, random, units};
use crate::instances::Chance;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_there_before_leaves_no_trace(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let kinds = [Rates::None, Rates::Charges, Rates::Gifts];
        let rates = kinds[chance.below(3) as usize];
        let (participants, list) = random(&mut chance, rates, 40);
        let mut changed = Hops::default();
        for number in 0..participants {
            prop_assert_eq!(changed.join(), Ok(number));
        }
        // Other hops first, many of them closed, over and over; the right ones at last, in any order.
        for round in 0..3 {
            for place in 0..list.len() {
                let other = list[chance.below(u32::try_from(list.len()).unwrap()) as usize];
                let lading = if chance.below(2) == 0 { Lading::NONE } else { other.lading };
                if round == 0 || chance.below(2) == 0 {
                    prop_assert_eq!(changed.put(place, Hop { lading, ..other }), Ok(()));
                }
            }
        }
        let mut places: Vec<usize> = (0..list.len()).collect();
        for at in (1..places.len()).rev() {
            places.swap(at, chance.below(u32::try_from(at + 1).unwrap()) as usize);
        }
        for place in places {
            prop_assert_eq!(changed.put(place, list[place]), Ok(()));
        }
        let made = hops(participants, &list);
        prop_assert_eq!(changed.list(), made.list());
        let amount = units(1 + i64::from(chance.below(20)));
        prop_assert_eq!(changed.cheapest(0, 1, amount), made.cheapest(0, 1, amount));
        prop_assert_eq!(changed.widest(0, 1), made.widest(0, 1));
        for giver in 0..participants {
            prop_assert!(changed.leaving(giver).eq(made.leaving(giver)));
        }
    }

    #[test]
    fn along_its_own_hops_a_path_costs_the_same(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (participants, list) = random(&mut chance, Rates::Gifts, 40);
        let graph = hops(participants, &list);
        let amount = units(1 + i64::from(chance.below(20)));
        if let Ok(path) = graph.cheapest(0, 1, amount) {
            let way: Vec<usize> = path.legs.iter().map(|leg| leg.hop).collect();
            let again = graph.along(&way, amount).expect("the same path");
            prop_assert_eq!(again.legs, path.legs);
        }
    }
}

#[test]
fn only_a_path_is_gone_along() {
    let list = [free(0, 1, 10), free(1, 2, 5), free(2, 0, 10), free(2, 3, 10)];
    let graph = hops(4, &list);
    let given = |way: &[usize], amount| graph.along(way, units(amount)).map(|path| path.given());
    assert_eq!(given(&[0, 1, 3], 5), Some(units(5)));
    assert_eq!(given(&[0, 1, 3], 6), None, "too little room");
    assert_eq!(given(&[0, 3], 1), None, "they do not follow each other");
    assert_eq!(given(&[0, 1, 2], 1), None, "somebody twice");
    assert_eq!(given(&[0, 4], 1), None, "no such hop");
    assert_eq!(given(&[], 1), None);
    assert_eq!(given(&[0], 0), None);
    let long: Vec<Hop> = (0..13).map(|at| free(at, at + 1, 9)).collect();
    let graph = hops(14, &long);
    let way: Vec<usize> = (0..13).collect();
    assert!(graph.along(&way[..12], Units::SMALLEST).is_some());
    assert!(graph.along(&way, Units::SMALLEST).is_none());
}

#[test]
fn what_is_no_hop_changes_nothing() {
    let mut graph = hops(2, &[free(0, 1, 10)]);
    let unknown = HopsError::UnknownParticipant { hop: 0, participant: 2 };
    assert_eq!(graph.put(0, free(0, 2, 1)), Err(unknown));
    assert_eq!(graph.put(1, free(1, 1, 1)), Err(HopsError::SelfHop { hop: 1 }));
    assert_eq!(graph.put(3, free(1, 0, 1)), Err(HopsError::TooMany), "beyond the next");
    assert_eq!(graph.list(), [free(0, 1, 10)]);
    assert_eq!(graph.cheapest(0, 1, units(10)).expect("a path").given(), units(10));
}
