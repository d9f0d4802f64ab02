//! Random graphs through random changes, huge amounts included: the largest after every one.

use clearing::{Circulation, DynamicCirculation, ResumeError};
use proptest::prelude::*;
use protocol::Units;

use super::run::{Run, pair};
use crate::instances::{Chance, Instance, large, small};
use crate::oracle::most_by_cancelling;

/// What the instance starts from, if no pair of it owes more than fits.
fn start(Instance { participants, debts }: &Instance) -> Option<Run> {
    DynamicCirculation::new(*participants, debts).ok().map(Run::of)
}

/// An amount near what is owed, at an end of the range, or anywhere.
fn amount(chance: &mut Chance, owed: i64) -> i64 {
    let most = Units::MAX.milli();
    match chance.below(8) {
        0 | 1 => 0,
        2 => owed.saturating_add(1 + i64::from(chance.below(4))).min(most),
        3 => owed / 2,
        4 => most - i64::from(chance.below(3)),
        5 => 1_i64 << chance.below(53),
        _ => spread(chance, 12),
    }
}

/// Below 2^`magnitudes`, as often of one magnitude as of another.
fn spread(chance: &mut Chance, magnitudes: u32) -> i64 {
    let magnitude = 1 + chance.below(magnitudes);
    i64::from(chance.below(1 << magnitude))
}

fn random_change(run: &mut Run, chance: &mut Chance) {
    if chance.below(12) == 0 {
        let joined = run.kept.join().expect("room");
        assert_eq!(joined + 1, run.kept.participants());
    }
    let known: Vec<_> = run.debts.keys().copied().collect();
    let (debtor, creditor) = if known.is_empty() || chance.below(3) == 0 {
        pair(chance, run.kept.participants())
    } else {
        let count = u32::try_from(known.len()).expect("few");
        known[chance.below(count) as usize]
    };
    let owed = run.kept.owed(debtor, creditor).milli();
    let milli = amount(chance, owed);
    run.set_and_check(debtor, creditor, milli);
}

#[test]
fn after_every_change_of_a_small_graph_nothing_clears_more() {
    let (mut ran, mut cleared) = (0, 0);
    for seed in 0..800 {
        let instance = small(seed);
        let Some(mut run) = start(&instance) else { continue };
        run.check();
        let mut chance = Chance(!seed);
        for _ in 0..30 {
            random_change(&mut run, &mut chance);
            cleared += u32::from(run.kept.total_cleared() > 0);
        }
        let most = most_by_cancelling(run.kept.participants(), &run.kept.debts());
        assert_eq!(run.kept.total_cleared(), most, "seed {seed}");
        ran += 1;
    }
    assert!(ran > 500 && cleared > 5_000, "worth testing: {ran} {cleared}");
}

#[test]
fn two_thousand_changes_among_two_thousand_leave_it_the_largest() {
    let instance = large(11, 2_000, 7_000);
    let mut run = start(&instance).expect("debts");
    let mut chance = Chance(5);
    let (mut looks, mut ways) = (0, 0);
    for step in 1..=2_000 {
        let known: Vec<_> = run.debts.keys().copied().collect();
        let (debtor, creditor) = if chance.below(4) == 0 {
            pair(&mut chance, 2_000)
        } else {
            known[chance.below(u32::try_from(known.len()).expect("few")) as usize]
        };
        let milli = spread(&mut chance, 24) * i64::from(chance.below(2));
        let change = run.set(debtor, creditor, milli);
        (looks, ways) = (looks + change.looks, ways + u64::from(change.ways));
        if step % 100 == 0 {
            run.check();
        }
    }
    assert!(ways > 1_000, "something was moved: {ways}");
    assert!(looks < 2_000 * 2_000, "less than everybody was looked at for each change: {looks}");
}

#[test]
fn growing_from_nothing_and_shrinking_to_nothing() {
    let instance = large(3, 120, 500);
    let mut run = Run::empty(0);
    (0..120).for_each(|v| assert_eq!(run.kept.join(), Ok(v)));
    for d in &instance.debts {
        run.set_and_check(d.debtor, d.creditor, d.units.milli());
    }
    assert!(run.kept.total_cleared() > 0);
    let mut chance = Chance(9);
    while let Some(last) = u32::try_from(run.debts.len()).expect("few").checked_sub(1) {
        let place = chance.below(last + 1) as usize;
        let (debtor, creditor) = *run.debts.keys().nth(place).expect("there");
        run.set_and_check(debtor, creditor, 0);
    }
    assert_eq!((run.kept.total_owed(), run.kept.total_cleared()), (0, 0));
    assert_eq!(run.kept.iter().count(), 0);
}

/// Potentials prove the same when everybody's in one component are moved together: as far as they go.
#[test]
fn potentials_that_drifted_to_the_ends_of_their_range_are_gone_on_with() {
    for seed in 0..200 {
        let Instance { participants, debts } = large(seed, 12, 30);
        let mut debts: Vec<_> = debts;
        let apart = debts.clone().into_iter().map(|mut d| {
            (d.debtor, d.creditor) = (d.debtor + participants, d.creditor + participants);
            d
        });
        debts.extend(apart);
        let best =
            clearing::best_circulation(participants * 2, &debts, &mut |_| {}).expect("debts");
        let Circulation { cleared, mut potentials } = best;
        for (v, potential) in potentials.iter_mut().enumerate() {
            *potential += if v < participants as usize { i32::MIN + 50 } else { i32::MAX - 50 };
        }
        let drifted = Circulation { cleared, potentials };
        let kept = DynamicCirculation::resume(participants * 2, &debts, &drifted).expect("proved");
        let mut run = Run::of(kept);
        run.check();
        let mut chance = Chance(seed);
        for _ in 0..20 {
            let (debtor, creditor) = pair(&mut chance, participants * 2);
            run.set_and_check(debtor, creditor, i64::from(chance.below(2_000)));
        }
    }
}

#[test]
fn what_was_kept_is_gone_on_with_and_what_is_not_the_largest_is_not() {
    let instance = large(2, 200, 900);
    let kept = start(&instance).expect("debts").kept;
    let (debts, mut circulation) = (kept.debts(), kept.circulation());
    let resumed = DynamicCirculation::resume(200, &debts, &circulation).expect("proved");
    assert_eq!((resumed.debts(), resumed.circulation()), (debts.clone(), circulation.clone()));
    circulation.cleared.fill(Units::ZERO);
    let refused = DynamicCirculation::resume(200, &debts, &circulation);
    assert!(matches!(refused.err(), Some(ResumeError::Unproved(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The same changes give the same circulation; in another order, one that clears as much. Whichever
    /// way a graph came about, its optimum is kept.
    #[test]
    fn the_order_of_changes_does_not_change_how_much_is_cleared(
        changes in proptest::collection::vec((0_u32..7, 1_u32..7, 0_i64..40), 1..40),
        rotation in 0_usize..40,
    ) {
        let mut last = std::collections::BTreeMap::new();
        let pairs = changes.iter().map(|&(u, step, milli)| ((u, (u + step) % 7), milli));
        let (mut one, mut same) = (Run::empty(7), Run::empty(7));
        for ((u, v), milli) in pairs {
            prop_assert_eq!(one.set_and_check(u, v, milli), same.set(u, v, milli));
            last.insert((u, v), milli);
        }
        prop_assert_eq!(one.kept.circulation(), same.kept.circulation());
        let mut ends: Vec<_> = last.into_iter().collect();
        let by = rotation % ends.len();
        ends.rotate_left(by);
        let mut other = Run::empty(7);
        for ((u, v), milli) in ends {
            other.set_and_check(u, v, milli);
        }
        prop_assert_eq!(one.kept.debts(), other.kept.debts());
        prop_assert_eq!(one.kept.total_cleared(), other.kept.total_cleared());
    }
}
