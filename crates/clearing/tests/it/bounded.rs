//! What short circles clear: valid, within the bound, and as much as trying everything finds.

use std::collections::BTreeMap;

use clearing::{
    CertificateFault, Debt, MAX_TOLD_MEMBERS, best_circulation, best_within, circles_within, verify,
};

use crate::instances::{Chance, Instance, debt, large, small};

/// Few enough looks for many instances.
const LOOKS: u64 = 1_000_000;

/// What circles of at most `most` members clear, after checking that it is what it says.
fn cleared(Instance { participants, debts }: &Instance, most: u32, what: &str) -> (i128, i128) {
    let mut found = best_within(*participants, debts, most, LOOKS).expect("a graph");
    let again = best_within(*participants, debts, most, LOOKS).expect("a graph");
    assert_eq!(found, again, "{what}: the same every time");
    let mut by_pair = BTreeMap::<(u32, u32), i128>::new();
    let mut total = 0;
    for (d, part) in debts.iter().zip(&found.cleared) {
        *by_pair.entry((d.debtor, d.creditor)).or_default() += i128::from(part.milli());
        total += i128::from(part.milli());
    }
    for circle in &found.circles {
        assert!(circle.members.len() <= most as usize && circle.units > 0, "{what}: {circle:?}");
        let mut members = circle.members.clone();
        members.sort_unstable();
        members.dedup();
        assert!(members.len() == circle.members.len() && members.len() > 1, "{what}: {circle:?}");
        for (&debtor, &creditor) in circle.members.iter().zip(circle.members.iter().cycle().skip(1))
        {
            *by_pair.entry((debtor, creditor)).or_default() -= circle.units;
        }
    }
    assert!(by_pair.values().all(|left| *left == 0), "{what}: the circles are what is cleared");
    assert!(found.circles.is_sorted_by_key(|circle| circle.members.len()), "{what}");
    assert!(total <= found.bound, "{what}: {total} is within {}", found.bound);
    // A circulation, and no larger than the largest.
    let best = best_circulation(*participants, debts, &mut |_| {}).expect("a graph");
    let most = verify(*participants, debts, &best).expect("proved").cleared;
    let given = std::mem::take(&mut found.cleared);
    let ours = clearing::Circulation { cleared: given, potentials: best.potentials };
    match verify(*participants, debts, &ours) {
        Ok(proof) => assert_eq!(proof.cleared, total, "{what}"),
        Err(CertificateFault::NotTight(proof)) => assert_eq!(proof.bound, most, "{what}"),
        Err(fault) => panic!("{what}: {fault}"),
    }
    assert!(found.bound <= most, "{what}");
    (total, found.bound)
}

#[test]
fn whatever_the_debts_the_result_is_a_packing_within_its_bound() {
    for seed in 0..1_000 {
        let instance = small(seed);
        for most in 2..6 {
            cleared(&instance, most, &format!("seed {seed}, {most} members"));
        }
    }
    for most in [2, 3, 5, 12] {
        cleared(&large(3, 300, 1_500), most, "large");
    }
}

#[test]
fn circles_of_any_length_clear_all_that_can_be_cleared() {
    for seed in 0..1_000 {
        let instance = small(seed);
        let best = best_circulation(instance.participants, &instance.debts, &mut |_| {});
        let best = best.expect("a graph").cleared;
        let best: i128 = best.iter().map(|units| i128::from(units.milli())).sum();
        let what = format!("seed {seed}");
        assert_eq!(cleared(&instance, u32::MAX, &what), (best, best), "{what}");
    }
}

#[test]
fn no_circles_clear_nothing() {
    let instance = Instance { participants: 2, debts: vec![debt(0, 1, 5), debt(1, 0, 5)] };
    assert_eq!(cleared(&instance, 0, "none"), (0, 0));
    assert_eq!(cleared(&instance, 1, "one"), (0, 0));
    assert_eq!(cleared(&instance, 2, "two"), (10, 10));
}

/// All circles of at most `most` members, as places of debts.
fn all_circles(debts: &[Debt], most: usize) -> Vec<Vec<usize>> {
    fn walk(debts: &[Debt], way: &mut Vec<usize>, most: usize, found: &mut Vec<Vec<usize>>) {
        let start = debts[way[0]].debtor;
        let here = debts[way[way.len() - 1]].creditor;
        if here == start {
            return found.push(way.clone());
        }
        for (place, next) in debts.iter().enumerate() {
            let met = way.iter().any(|&met| debts[met].debtor == next.creditor);
            let closes = next.creditor == start;
            if next.debtor == here && next.creditor >= start && way.len() < most && (closes || !met)
            {
                way.push(place);
                walk(debts, way, most, found);
                way.pop();
            }
        }
    }
    let mut found = Vec::new();
    for place in (0..debts.len()).filter(|&place| debts[place].debtor < debts[place].creditor) {
        walk(debts, &mut vec![place], most, &mut found);
    }
    found
}

/// The most that the circles from `at` on can clear, by trying every amount.
fn most_packed(circles: &[Vec<usize>], at: usize, room: &mut [i64]) -> i64 {
    let Some(circle) = circles.get(at) else { return 0 };
    let most = circle.iter().map(|&debt| room[debt]).min().unwrap_or(0);
    let length = i64::try_from(circle.len()).expect("short");
    let mut best = 0;
    for units in 0..=most {
        circle.iter().for_each(|&debt| room[debt] -= units);
        best = best.max(units * length + most_packed(circles, at + 1, room));
        circle.iter().for_each(|&debt| room[debt] += units);
    }
    best
}

#[test]
fn tiny_instances_are_packed_as_well_as_by_trying_everything() {
    let (mut packed, mut possible, mut worth, mut best) = (0, 0, 0, 0);
    for seed in 0..3_000 {
        let mut chance = Chance(seed);
        let participants = 4 + chance.below(3);
        let mut debts: Vec<Debt> = Vec::new();
        for _ in 0..7 + chance.below(7) {
            let debtor = chance.below(participants);
            let creditor = (debtor + 1 + chance.below(participants - 1)) % participants;
            if debts.iter().all(|d| (d.debtor, d.creditor) != (debtor, creditor)) {
                debts.push(debt(debtor, creditor, i64::from(1 + chance.below(2))));
            }
        }
        let most = 2 + chance.below(3);
        let circles = all_circles(&debts, most as usize);
        let mut room: Vec<i64> = debts.iter().map(|debt| debt.units.milli()).collect();
        let tried = i128::from(most_packed(&circles, 0, &mut room));
        let what = format!("seed {seed}, {most} members: {debts:?}");
        let (ours, bound) = cleared(&Instance { participants, debts }, most, &what);
        assert!(ours <= tried && tried <= bound, "{what}: {ours} {tried} {bound}");
        worth += u32::from(tried > 0 && tried < bound);
        best += u32::from(ours == tried);
        (packed, possible) = (packed + ours, possible + tried);
    }
    assert!(worth > 25, "instances where short circles cannot do all: {worth}");
    assert!(best >= 2_990, "found the best of all in {best} of 3,000");
    assert!(packed * 1_000 >= possible * 999, "{packed} of {possible}");
}

#[test]
fn a_circle_makes_room_for_a_longer_one_that_clears_more() {
    // 0 → 1 → 0 stands in the way of 0 → 1 → 2 → 3 → 0.
    let debts = vec![debt(0, 1, 5), debt(1, 0, 5), debt(1, 2, 5), debt(2, 3, 5), debt(3, 0, 5)];
    let instance = Instance { participants: 4, debts };
    assert_eq!(cleared(&instance, 3, "three").0, 10);
    assert_eq!(cleared(&instance, 4, "four").0, 20);
}

#[test]
fn an_explanation_by_short_circles_says_what_it_leaves() {
    for seed in 0..1_000 {
        let Instance { participants, debts } = small(seed);
        let best = best_circulation(participants, &debts, &mut |_| {}).expect("a graph").cleared;
        let all: i128 = best.iter().map(|units| i128::from(units.milli())).sum();
        for longest in [0, 2, 3, 4, 12] {
            let told = circles_within(participants, &debts, &best, longest, MAX_TOLD_MEMBERS);
            let told = told.expect("few");
            let length = |members: &[u32]| i128::try_from(members.len()).expect("few");
            let sum: i128 = told.circles.iter().map(|c| c.units * length(&c.members)).sum();
            assert_eq!(sum + told.left, all, "seed {seed}");
            assert!(told.circles.iter().all(|c| c.members.len() <= longest as usize));
            assert!(longest < 12 || told.left == 0, "seed {seed}: at most nine participants");
        }
    }
}
