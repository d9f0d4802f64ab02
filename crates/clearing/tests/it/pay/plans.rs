//! Plans on thousands of small networks: exact, whole, cheapest where that is said, refused only with proof.

use clearing::{Hop, Limit, Planner, Request, Unpaid};
use proptest::prelude::*;
use protocol::Units;

use super::{check::check, flow, payable};
use crate::instances::Chance;
use crate::path::given::{Rates, charging, hops, random, units};
use crate::path::oracle;

/// Where nobody charges: a plan if and only if the room is there.
fn free_of_charge(participants: u32, list: &[Hop], amount: Units) -> Result<usize, TestCaseError> {
    let graph = hops(participants, list);
    let mut planner = Planner::default();
    let request = Request::new(0, 1, amount);
    let largest = flow::largest(list, participants, 0, 1, flow::most);
    match planner.plan(&graph, &request) {
        Ok(plan) => {
            check(list, &request, &plan);
            prop_assert!(plan.proved() && plan.given() == amount);
            let single = oracle::least(list, 0, 1, amount.milli());
            let legs = plan.parts[0].legs.len();
            match single {
                Some((_, fewest)) => prop_assert_eq!((plan.parts.len(), legs), (1, fewest)),
                None => prop_assert!(plan.parts.len() > 1),
            }
            Ok(plan.parts.len())
        }
        Err(Unpaid::TooLittle { most, cut: Some(cut), proved }) => {
            prop_assert!(proved && most < amount);
            prop_assert_eq!(i128::from(most.milli()), largest);
            payable::check_cut(list, participants, 0, 1, most, &cut);
            Ok(0)
        }
        other => Err(TestCaseError::fail(format!("{other:?}"))),
    }
}

/// Where some charge: what is found is right, and no dearer than the cheapest single path.
fn charged(seed: u64, rates: Rates) -> Result<usize, TestCaseError> {
    let mut chance = Chance(seed);
    let (participants, list) = random(&mut chance, rates, 30);
    let graph = hops(participants, &list);
    let amount = 1 + i64::from(chance.below(30));
    let request = Request::new(0, 1, units(amount));
    let mut planner = Planner::default();
    let payable = planner.max_payable(&graph, 0, 1).expect("a question");
    let single = oracle::least(&list, 0, 1, amount);
    let room = flow::largest(&list, participants, 0, 1, flow::most);
    if rates != Rates::Gifts {
        prop_assert!(i128::from(payable.most.milli()) <= room);
    }
    prop_assert!(payable.most.milli() >= oracle::most(&list, 0, 1));
    match planner.plan(&graph, &request) {
        Ok(plan) => {
            check(&list, &request, &plan);
            if let Some((given, _)) = single {
                prop_assert!(plan.given().milli() <= given);
            }
            prop_assert!(plan.at_least <= plan.given());
            prop_assert!(rates == Rates::Gifts || plan.at_least >= request.amount);
            Ok(plan.parts.len())
        }
        Err(Unpaid::TooLittle { most, cut, proved }) => {
            prop_assert!(single.is_none() && most.milli() < amount);
            match cut {
                Some(cut) => {
                    let room: i64 = cut.hops.iter().map(|&hop| flow::most(&list[hop])).sum();
                    prop_assert!(room >= most.milli());
                    let is_in = |(place, _): &(usize, &Hop)| cut.hops.contains(place);
                    let rest: Vec<Hop> = list
                        .iter()
                        .enumerate()
                        .filter(|hop| !is_in(hop))
                        .map(|hop| *hop.1)
                        .collect();
                    prop_assert_eq!(flow::largest(&rest, participants, 0, 1, flow::most), 0);
                    let payees = |hop: &(usize, &Hop)| hop.1.taker == 1 && flow::most(hop.1) > 0;
                    let all_payees = list.iter().enumerate().filter(payees).all(|hop| is_in(&hop));
                    prop_assert_eq!(cut.limit == Limit::Payee, all_payees);
                }
                None => prop_assert!(!proved),
            }
            Ok(0)
        }
        other => Err(TestCaseError::fail(format!("{other:?}"))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn without_charges_all_that_the_room_allows_can_be_paid(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (participants, list) = random(&mut chance, Rates::None, 40);
        free_of_charge(participants, &list, units(1 + i64::from(chance.below(60))))?;
    }

    #[test]
    fn near_the_largest_amounts_too(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (participants, list) = payable::wide(&mut chance);
        let less = i64::from(chance.below(3));
        let amount = [1 + less, 1 << chance.below(53), Units::MAX.milli() - less];
        let amount = units(amount[chance.below(3) as usize]);
        let graph = hops(participants, &list);
        let request = Request::new(0, 1, amount);
        let largest = flow::largest(&list, participants, 0, 1, flow::most);
        match Planner::default().plan(&graph, &request) {
            Ok(plan) => check(&list, &request, &plan),
            Err(refusal) => {
                prop_assert!(largest < i128::from(amount.milli()), "{refusal:?}");
            }
        }
    }

    #[test]
    fn near_the_largest_amounts_where_somebody_charges(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (participants, mut list) = payable::wide(&mut chance);
        for hop in &mut list {
            let most = hop.lading.most().milli();
            let mut rate = || [0, 1, 10_000, 999_999, 1_000_000][chance.below(5) as usize];
            *hop = charging(hop.giver, hop.taker, most, rate(), rate());
        }
        let less = i64::from(chance.below(3));
        let amount = [1 + less, 1 << chance.below(53), Units::MAX.milli() - less];
        let request = Request::new(0, 1, units(amount[chance.below(3) as usize]));
        let graph = hops(participants, &list);
        let mut planner = Planner::default();
        let most = planner.max_payable(&graph, 0, 1).expect("a question").most;
        match planner.plan(&graph, &request) {
            Ok(plan) => {
                check(&list, &request, &plan);
                prop_assert!(plan.at_least >= request.amount);
            }
            Err(Unpaid::TooLittle { proved, .. }) => {
                prop_assert!(!proved || most < request.amount);
            }
            Err(Unpaid::TooCostly { least, .. }) => prop_assert_eq!(least, Units::MAX),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn with_charges(seed in any::<u64>()) {
        charged(seed, Rates::Charges)?;
    }

    #[test]
    fn within_limits_on_parts_and_legs(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let rates = [Rates::Charges, Rates::Gifts, Rates::Low][chance.below(3) as usize];
        let (participants, list) = random(&mut chance, rates, 30);
        let request = Request {
            parts: 1 + chance.below(3),
            longest: 2 + chance.below(4),
            ..Request::new(0, 1, units(1 + i64::from(chance.below(30))))
        };
        if let Ok(plan) = Planner::default().plan(&hops(participants, &list), &request) {
            check(&list, &request, &plan);
        }
    }

    #[test]
    fn where_some_pay_for_being_used(seed in any::<u64>()) {
        charged(seed, Rates::Gifts)?;
    }

    /// Cut capacities only know what everybody is owed in all (Dandekar, Goel, Govindan and Post 2011).
    #[test]
    fn which_way_was_taken_changes_nothing_about_what_can_be_paid_next(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (participants, lines) = super::stories::lines(&mut chance);
        let list = super::stories::both_ways(&lines);
        let graph = hops(participants, &list);
        let mut planner = Planner::default();
        let request = Request::new(0, 1, units(1 + i64::from(chance.below(30))));
        let Ok(ways) = planner.alternatives(&graph, &request, 4) else { return Ok(()) };
        let mut after = ways.iter().map(|plan| {
            let list = super::stories::both_ways(&super::stories::moved(&lines, plan));
            let graph = hops(participants, &list);
            let pairs = (0..participants).flat_map(|a| (0..participants).map(move |b| (a, b)));
            let pairs = pairs.filter(|(a, b)| a != b);
            let most = |(a, b)| planner.max_payable(&graph, a, b).expect("a question").most;
            pairs.map(most).collect::<Vec<_>>()
        });
        let first = after.next();
        prop_assert!(after.all(|most| Some(most) == first));
    }
}

#[test]
fn the_random_networks_are_worth_testing() {
    let in_parts =
        |rates| (0..2_000).filter(|&seed| charged(seed, rates).expect("right") > 1).count();
    assert!(in_parts(Rates::Charges) > 60);
    assert!(in_parts(Rates::Gifts) > 60);
    let free = |seed| {
        let mut chance = Chance(seed);
        let (participants, list) = random(&mut chance, Rates::None, 40);
        free_of_charge(participants, &list, units(1 + i64::from(chance.below(60)))).expect("right")
    };
    let parts: Vec<usize> = (0..2_000).map(free).collect();
    assert!(parts.iter().filter(|&&parts| parts > 1).count() > 100);
    assert!(parts.iter().filter(|&&parts| parts == 0).count() > 100);
}
