//! No path needs less, none brings more: small graphs against the oracle, with every kind of charge.

use clearing::{Hop, Hops, Limit, NoPath, Path};
use proptest::prelude::*;

use super::given::{Rates, random, units};
use super::oracle;
use crate::instances::Chance;

/// A path is what it says: it leads there, nobody is on it twice, every leg has room, everybody in the
/// middle is made whole and by no leg too much, and the shares add up to the cost.
fn check_path(list: &[Hop], payer: u32, payee: u32, path: &Path) {
    let way: Vec<usize> = path.legs.iter().map(|leg| leg.hop).collect();
    let mut met = vec![payer];
    for leg in &path.legs {
        assert_eq!((leg.giver, leg.taker), (list[leg.hop].giver, list[leg.hop].taker));
        assert_eq!(met.last(), Some(&leg.giver));
        assert!(!met.contains(&leg.taker), "{met:?}");
        met.push(leg.taker);
    }
    assert_eq!(met.last(), Some(&payee));
    let moves: Vec<i64> = path.legs.iter().map(|leg| leg.units.milli()).collect();
    assert_eq!(oracle::price(list, &way, path.arrives().milli()), Some(moves));
    let shares: i64 = path.shares().iter().map(|share| share.units.milli()).sum();
    assert_eq!(shares, path.given().milli() - path.arrives().milli());
    let middle: Vec<u32> = path.shares().iter().map(|share| share.participant).collect();
    assert_eq!(middle, met[1..met.len() - 1]);
}

/// Where the oracle says that the room ends.
fn limit(list: &[Hop], payer: u32, payee: u32, amount: i64) -> Limit {
    let into = list.iter().filter(|hop| hop.taker == payee).map(|hop| hop.lading.most());
    if into.max().is_none_or(|most| most < units(amount)) {
        return Limit::Payee;
    }
    let mut beyond_payer = false;
    oracle::all_paths(list, payer, payee, &mut |way| {
        let first = list[way[0]].lading;
        // What the second participant must have; the payer's own leg brings it if it has room, however much.
        let behind = match way {
            [] | [_] => true,
            [_, rest @ ..] => oracle::price(list, rest, amount).is_some(),
        };
        beyond_payer |= behind && first.most() > units(0);
    });
    if beyond_payer { Limit::Payer } else { Limit::Between }
}

fn agrees(seed: u64, rates: Rates, size: u32) -> Result<bool, TestCaseError> {
    let mut chance = Chance(seed);
    let (participants, list) = random(&mut chance, rates, size);
    let graph = Hops::new(participants, list.clone()).expect("a graph");
    let (payer, payee) = (0, 1);
    let amount = 1 + i64::from(chance.below(size / 2));
    let most = oracle::most(&list, payer, payee);
    match graph.widest(payer, payee) {
        Ok(path) => {
            check_path(&list, payer, payee, &path);
            prop_assert!(path.proved);
            prop_assert_eq!(path.arrives().milli(), most);
        }
        Err(_) => prop_assert_eq!(most, 0),
    }
    let least = oracle::least(&list, payer, payee, amount);
    match graph.cheapest(payer, payee, units(amount)) {
        Ok(path) => {
            check_path(&list, payer, payee, &path);
            prop_assert!(path.proved);
            prop_assert_eq!(Some((path.given().milli(), path.legs.len())), least);
            prop_assert_eq!(path.arrives(), units(amount));
        }
        Err(NoPath::TooLittle { most: said, limit: at, proved }) => {
            prop_assert!(proved && least.is_none());
            prop_assert_eq!(said.milli(), most);
            prop_assert_eq!(at, limit(&list, payer, payee, amount));
        }
        Err(refusal) => {
            prop_assert_eq!(refusal, NoPath::NotConnected);
            prop_assert_eq!((least, most), (None, 0));
        }
    }
    Ok(least.is_some_and(|(_, legs)| legs > 1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn without_charges(seed in any::<u64>()) {
        agrees(seed, Rates::None, 40)?;
    }

    #[test]
    fn with_charges(seed in any::<u64>()) {
        agrees(seed, Rates::Charges, 30)?;
    }

    #[test]
    fn where_some_pay_for_being_used(seed in any::<u64>()) {
        agrees(seed, Rates::Gifts, 30)?;
    }
}

#[test]
fn the_random_graphs_are_worth_testing() {
    for (rates, expected) in [(Rates::None, 250), (Rates::Charges, 200), (Rates::Gifts, 230)] {
        let paths = (0..2_000).filter(|&seed| agrees(seed, rates, 30).expect("agrees")).count();
        assert!(paths > expected, "paths with somebody in the middle: {paths}");
    }
}
