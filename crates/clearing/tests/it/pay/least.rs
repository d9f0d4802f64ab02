//! The least that the payer gives: every flow there is, tried in whole milli-CHIPs, and the bound of a plan.

use clearing::{Hop, Planner, Request, Unpaid};
use protocol::Units;

use super::check::check;
use crate::instances::Chance;
use crate::path::given::{Rates, hops, random, units};

/// How many flows are tried in one network.
const MOST_FLOWS: i64 = 20_000;

/// The least by any flow of whole milli-CHIPs that leaves everybody whole; none where there is none, and
/// nothing where there are too many to try.
fn least(list: &[Hop], n: u32, amount: i64) -> Option<Option<i64>> {
    let useful = |hop: &&Hop| hop.lading.most() > Units::ZERO && hop.taker != 0 && hop.giver != 1;
    let list: Vec<&Hop> = list.iter().filter(useful).collect();
    let most = |hop: &Hop| hop.lading.most().milli();
    let flows = list.iter().try_fold(1_i64, |flows, hop| flows.checked_mul(most(hop) + 1))?;
    if flows > MOST_FLOWS {
        return None;
    }
    let mut best = None;
    let mut moves = vec![0; list.len()];
    loop {
        if is_whole(&list, n, &moves, amount) {
            let given = list.iter().zip(&moves).filter(|(hop, _)| hop.giver == 0);
            let given = given.map(|(_, milli)| milli).sum();
            best = Some(best.map_or(given, |best: i64| best.min(given)));
        }
        let Some(at) = (0..list.len()).find(|&at| moves[at] < most(list[at])) else { break };
        moves[..at].fill(0);
        moves[at] += 1;
    }
    Some(best)
}

fn is_whole(list: &[&Hop], n: u32, moves: &[i64], amount: i64) -> bool {
    let mut left = vec![0; n as usize];
    for (hop, &milli) in list.iter().zip(moves).filter(|(_, milli)| **milli > 0) {
        let cost = hop.lading.cost(units(milli)).expect("within");
        left[hop.giver as usize] -= milli + cost.clutch.milli();
        left[hop.taker as usize] += milli - if hop.taker == 1 { 0 } else { cost.reward.milli() };
        let against = |(other, &milli): (&&Hop, &i64)| {
            milli > 0 && (other.giver, other.taker) == (hop.taker, hop.giver)
        };
        if list.iter().zip(moves).any(against) {
            return false;
        }
    }
    left[1] == amount && left[2..].iter().all(|&left| left >= 0)
}

/// How plans compare with the least of all: as cheap, dearer, refused though there is one; and how much
/// dearer in all.
#[derive(Debug, Default)]
struct Tally {
    least: usize,
    dearer: usize,
    missed: usize,
    excess: i64,
    proved: usize,
}

fn compare(rates: Rates, size: u32, cases: u64) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..cases {
        let mut chance = Chance(seed);
        let (n, list) = random(&mut chance, rates, size);
        let amount = 1 + i64::from(chance.below(size));
        let Some(least) = least(&list, n, amount) else { continue };
        let request = Request::new(0, 1, units(amount));
        match (Planner::default().plan(&hops(n, &list), &request), least) {
            (Ok(plan), Some(least)) => {
                check(&list, &request, &plan);
                let given = plan.given().milli();
                assert!(given >= least && plan.at_least.milli() <= least, "seed {seed}: {plan:?}");
                tally.proved += usize::from(plan.proved());
                tally.excess += given - least;
                *(if given == least { &mut tally.least } else { &mut tally.dearer }) += 1;
            }
            (Err(Unpaid::TooLittle { proved, .. }), Some(least)) => {
                assert!(!proved, "seed {seed}: {least}");
                tally.missed += 1;
            }
            (Err(Unpaid::TooLittle { .. }), None) => {}
            (other, _) => panic!("seed {seed}: {other:?}, at least {least:?}"),
        }
    }
    tally
}

#[test]
fn plans_are_nearly_always_the_cheapest_there_is() {
    for size in [6, 12, 40] {
        let tally = compare(Rates::Charges, size, 4_000);
        assert!(tally.least > 500 && tally.missed == 0, "{size}: {tally:?}");
        // What is missed is what rounding takes: a milli-CHIP or two.
        assert!(tally.dearer * 200 <= tally.least, "{size}: {tally:?}");
        assert!(tally.proved * 10 >= tally.least * 9, "{size}: {tally:?}");
        assert!(tally.excess <= 2 * i64::try_from(tally.dearer).expect("few"), "{size}: {tally:?}");
    }
}

#[test]
fn where_some_pay_for_being_used_they_are_mostly() {
    let tally = compare(Rates::Gifts, 12, 4_000);
    assert!(tally.least > 500 && tally.missed * 100 <= tally.least, "{tally:?}");
    assert!(tally.dearer * 100 <= tally.least, "{tally:?}");
}

/// Without rounding nothing is cheaper than the bound; a plan is as dear as that and what rounding its legs takes.
#[test]
fn what_large_amounts_cost_beyond_the_bound_is_rounding() {
    let (mut paid, mut parts) = (0, 0);
    for seed in 0..6_000 {
        let mut chance = Chance(seed);
        let (n, list) = random(&mut chance, Rates::Low, 1_000_000);
        let request = Request::new(0, 1, units(1 + i64::from(chance.below(1_000_000))));
        let Ok(plan) = Planner::default().plan(&hops(n, &list), &request) else { continue };
        check(&list, &request, &plan);
        let legs = i64::try_from(plan.moves().len()).expect("few");
        let excess = plan.given().milli() - plan.at_least.milli();
        assert!((0..=3 * legs).contains(&excess), "seed {seed}: {excess} over {legs} legs");
        (paid, parts) = (paid + 1, parts + usize::from(plan.parts.len() > 1));
    }
    assert!(paid > 1_000 && parts > 200, "{paid}, {parts} of them in parts");
}

/// What is refused for want of room is, whoever charges how much: the flow without rounding ends there too.
#[test]
fn what_is_refused_with_proof_is_impossible() {
    let mut proved = 0;
    for seed in 0..3_000 {
        let mut chance = Chance(seed);
        let (n, list) = random(&mut chance, Rates::Charges, 6);
        let amount = 1 + i64::from(chance.below(12));
        let mut planner = Planner::default();
        let payable = planner.max_payable(&hops(n, &list), 0, 1).expect("a question");
        let most = payable.most.milli();
        match (least(&list, n, most), least(&list, n, most + 1)) {
            (Some(can), Some(more)) => {
                assert!(most == 0 || can.is_some(), "seed {seed}: {payable:?}");
                assert!(!payable.proved || more.is_none(), "seed {seed}: {payable:?}");
                proved += usize::from(payable.proved);
            }
            _ => continue,
        }
        let refused = planner.plan(&hops(n, &list), &Request::new(0, 1, units(amount)));
        if let (Err(Unpaid::TooLittle { .. }), Some(least)) = (refused, least(&list, n, amount)) {
            assert_eq!(least, None, "seed {seed}");
        }
    }
    assert!(proved > 1_000, "{proved}");
}
