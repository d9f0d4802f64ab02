//! How much can be paid: the largest flow of the textbook, and a cut that proves it.

use clearing::{Cut, Hop, Hops, Limit, Planner, Unpaid};
use proptest::prelude::*;
use protocol::Units;

use super::flow;
use crate::instances::Chance;
use crate::path::given::{Rates, free, hops, random, units};

/// A cut is what it says: its room is `most`, nothing gets past it, and it is where it says.
pub(crate) fn check_cut(list: &[Hop], n: u32, payer: u32, payee: u32, most: Units, cut: &Cut) {
    assert!(cut.hops.windows(2).all(|pair| pair[0] < pair[1]));
    let room = |hops: &mut dyn Iterator<Item = &Hop>| -> i128 {
        hops.map(|hop| i128::from(flow::most(hop))).sum()
    };
    let most = i128::from(most.milli());
    assert_eq!(room(&mut cut.hops.iter().map(|&hop| &list[hop])), most);
    let rest = list.iter().enumerate().filter(|(place, _)| !cut.hops.contains(place));
    let rest: Vec<Hop> = rest.map(|(_, hop)| *hop).collect();
    assert_eq!(flow::largest(&rest, n, payer, payee, flow::most), 0);
    let payees = room(&mut list.iter().filter(|hop| hop.taker == payee));
    let payers = room(&mut list.iter().filter(|hop| hop.giver == payer));
    let expected = match (payees == most, payers == most) {
        (true, _) => Limit::Payee,
        (false, true) => Limit::Payer,
        (false, false) => Limit::Between,
    };
    assert_eq!(cut.limit, expected);
    match cut.limit {
        Limit::Payee => assert!(cut.hops.iter().all(|&hop| list[hop].taker == payee)),
        Limit::Payer => assert!(cut.hops.iter().all(|&hop| list[hop].giver == payer)),
        Limit::Between => {}
    }
}

/// Hops between a few, some of them as wide as an amount can be.
pub(crate) fn wide(chance: &mut Chance) -> (u32, Vec<Hop>) {
    let participants = 2 + chance.below(5);
    let mut list = Vec::new();
    for _ in 0..=chance.below(20) {
        let giver = chance.below(participants);
        let taker = (giver + 1 + chance.below(participants - 1)) % participants;
        let less = i64::from(chance.below(3));
        let most = [less, 1 << chance.below(53), Units::MAX.milli() - less];
        list.push(free(giver, taker, most[chance.below(3) as usize]));
    }
    (participants, list)
}

fn agrees(participants: u32, list: &[Hop]) -> Result<(), TestCaseError> {
    let graph = hops(participants, list);
    let mut planner = Planner::default();
    for (payer, payee) in [(0, 1), (1, 0), (0, participants - 1)] {
        if payer == payee {
            continue;
        }
        let payable = planner.max_payable(&graph, payer, payee).expect("a question");
        let largest = flow::largest(list, participants, payer, payee, flow::most);
        prop_assert_eq!(i128::from(payable.most.milli()), largest.min(Units::MAX.milli().into()));
        prop_assert!(payable.proved);
        match payable.cut {
            Some(cut) => check_cut(list, participants, payer, payee, payable.most, &cut),
            None => prop_assert_eq!(payable.most, Units::MAX),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn what_can_be_paid_is_the_largest_flow(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let (participants, list) = random(&mut chance, Rates::None, 40);
        agrees(participants, &list)?;
    }

    #[test]
    fn and_so_it_is_near_the_largest_amounts(seed in any::<u64>()) {
        let (participants, list) = wide(&mut Chance(seed));
        agrees(participants, &list)?;
    }
}

#[test]
fn of_several_smallest_cuts_the_payees_is_told_then_the_payers() {
    let told = |rooms: [i64; 3]| {
        let list: Vec<Hop> = (0..).zip(rooms).map(|(at, most)| free(at, at + 1, most)).collect();
        let graph: Hops = hops(4, &list);
        let cut = Planner::default().max_payable(&graph, 0, 3).expect("a question").cut;
        cut.map(|cut| (cut.limit, cut.hops))
    };
    assert_eq!(told([5, 5, 5]), Some((Limit::Payee, vec![2])));
    assert_eq!(told([5, 5, 6]), Some((Limit::Payer, vec![0])));
    assert_eq!(told([6, 5, 6]), Some((Limit::Between, vec![1])));
    assert_eq!(told([6, 5, 0]), Some((Limit::Payee, vec![])));
    assert_eq!(told([0, 5, 6]), Some((Limit::Payer, vec![])));
    assert_eq!(told([5, 0, 6]), Some((Limit::Between, vec![])));
    let most = Units::MAX.milli();
    assert_eq!(told([most, most, most]), None, "as much as a record holds");
}

#[test]
fn what_is_no_question_is_refused() {
    let graph = hops(2, &[free(0, 1, 9)]);
    let mut planner = Planner::default();
    assert_eq!(planner.max_payable(&graph, 0, 2), Err(Unpaid::Unknown { participant: 2 }));
    assert_eq!(planner.max_payable(&graph, 1, 1), Err(Unpaid::ToOneself));
    assert_eq!(planner.max_payable(&graph, 0, 1).expect("a question").most, units(9));
}
