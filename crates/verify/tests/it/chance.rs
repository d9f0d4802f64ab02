//! Small tables with known answers about ends: what is fair, and what chance does.

use verify::Kind::{Chance, Fair, May};
use verify::liveness::{DEADLOCK, LIVELOCK, NO_WAY};

use crate::table::{Table, broken, explored, trace};

fn verdict(table: &Table) -> Option<&'static str> {
    broken(&explored(table))
}

#[test]
fn a_cycle_that_only_unfair_schedules_take_is_none() {
    // 0 <-> 1 by class 0, while class 1 could end it from both.
    let both =
        Table::new(&[&[(Fair(0), 1), (Fair(1), 2)], &[(Fair(0), 0), (Fair(1), 2)], &[]], &[2]);
    assert_eq!(verdict(&both), None);
    // Only from 0: class 1 has no step at 1, so it is not owed one.
    let one = Table::new(&[&[(Fair(0), 1), (Fair(1), 2)], &[(Fair(0), 0)], &[]], &[2]);
    assert_eq!(verdict(&one), Some(LIVELOCK));
    assert_eq!(trace(&explored(&one)), (vec!["0".into()], vec!["1".into(), "0".into()]));
    // Nobody owes what may happen.
    let may = Table::new(&[&[(Fair(0), 1), (May, 2)], &[(Fair(0), 0), (May, 2)], &[]], &[2]);
    assert_eq!(verdict(&may), Some(NO_WAY));
}

#[test]
fn one_class_with_two_ways_may_choose_one_for_ever() {
    let fair = Table::new(&[&[(Fair(0), 0), (Fair(0), 1)], &[]], &[1]);
    assert_eq!(verdict(&fair), Some(LIVELOCK));
    let chance = Table::new(&[&[(Chance(0), 0), (Chance(0), 1)], &[]], &[1]);
    assert_eq!(verdict(&chance), None);
}

#[test]
fn a_die_that_another_class_can_leave_aside_ends_nothing() {
    // Class 1 goes round for ever, and the die at 1, owed only there, need not be thrown.
    let aside = [&[(Fair(1), 1)][..], &[(Fair(1), 0), (Chance(0), 1), (Chance(0), 2)], &[]];
    assert_eq!(verdict(&Table::new(&aside, &[2])), Some(LIVELOCK));
    // Where it can be thrown at both, it is owed, and ends it.
    let owed = [
        &[(Fair(1), 1), (Chance(0), 0), (Chance(0), 2)][..],
        &[(Fair(1), 0), (Chance(0), 1), (Chance(0), 2)],
        &[],
    ];
    assert_eq!(verdict(&Table::new(&owed, &[2])), None);
}

#[test]
fn a_die_all_of_whose_sides_stay_is_no_way_out() {
    // 0 throws for 1 or 2, both go back; at 2 class 1 could end it, and is not owed.
    let table = [
        &[(Chance(0), 1), (Chance(0), 2)][..],
        &[(Fair(2), 0)],
        &[(Fair(2), 0), (Fair(1), 3)],
        &[],
    ];
    let report = explored(&Table::new(&table, &[3]));
    assert_eq!(broken(&report), Some(LIVELOCK));
    // A die behind a die: once the second leads out, the first does too.
    let behind = [
        &[(Chance(0), 1), (Chance(0), 2)][..],
        &[(Fair(2), 0)],
        &[(Chance(1), 0), (Chance(1), 3)],
        &[],
    ];
    assert_eq!(verdict(&Table::new(&behind, &[3])), None);
}

#[test]
fn what_passes_the_end_by_is_found_though_its_component_has_one() {
    // 0 -> 1 -> 0 for ever, though 0 -> 2 -> 0 goes through the end.
    let table =
        Table::new(&[&[(Fair(0), 1), (Fair(1), 2)], &[(Fair(0), 0)], &[(Fair(0), 0)]], &[2]);
    assert_eq!(verdict(&table), Some(LIVELOCK));
}

#[test]
fn no_step_left_and_no_way_left_are_told_apart_from_going_round() {
    let dead = Table::new(&[&[(Fair(0), 1), (May, 2)], &[], &[]], &[1]);
    let report = explored(&dead);
    assert_eq!(broken(&report), Some(DEADLOCK));
    assert_eq!(trace(&report).0, ["0", "2"]);
    let lost =
        Table::new(&[&[(Fair(0), 1), (May, 2)], &[], &[(Fair(0), 3)], &[(Fair(1), 2)]], &[1]);
    let report = explored(&lost);
    assert_eq!(broken(&report), Some(NO_WAY));
    assert_eq!(trace(&report), (vec!["0".into(), "2".into()], vec!["3".into(), "2".into()]));
    // What may only begin with a fault is a counterexample all the same, and nothing where it cannot.
    let sound = Table::new(&[&[(Fair(0), 1)], &[], &[(Fair(0), 2)]], &[1]);
    assert_eq!(explored(&sound).counts.states, 2);
    assert_eq!(verdict(&sound), None);
}
