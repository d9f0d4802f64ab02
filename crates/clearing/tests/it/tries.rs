//! Whom a site looks for ways round for: large amounts first, less where that leads nowhere, and rests.

use clearing::Tries;
use protocol::Units;

fn units(milli: i64) -> Units {
    Units::new(milli).expect("an amount")
}

fn owed(all: &[(&'static str, i64)]) -> Vec<(&'static str, Units)> {
    all.iter().map(|(who, milli)| (*who, units(*milli))).collect()
}

#[test]
fn the_largest_come_first_each_once_and_no_more_than_asked_for() {
    let tries = Tries::new(units(10));
    let all = [("ann", 30), ("bob", 90), ("ann", 70), ("cat", 9), ("dan", 70)];
    let next = tries.next(owed(&all), 0, 3);
    assert_eq!(next, owed(&[("bob", 90), ("ann", 70), ("dan", 70)]));
    assert_eq!(tries.next(owed(&all), 0, 1), owed(&[("bob", 90)]));
    // Who is owed little is looked for too, when there is nobody else.
    assert_eq!(tries.next(owed(&all), 0, 9).last(), owed(&[("cat", 9)]).last());
}

#[test]
fn a_small_debt_is_looked_for_whole_or_not_at_all() {
    let mut tries = Tries::new(units(10));
    assert!(tries.led_nowhere("cat", units(9), 0, |ms| ms), "no part of it is worth looking for");
    assert_eq!(tries.next(owed(&[("cat", 9)]), 29_999, 2), []);
    assert_eq!(tries.next(owed(&[("cat", 9)]), 30_000, 2), owed(&[("cat", 9)]));
}

#[test]
fn who_was_in_others_way_rests_and_is_looked_for_with_as_much() {
    let mut tries = Tries::new(units(10));
    let ann = owed(&[("ann", 1_200)]);
    tries.led_nowhere("ann", units(1_200), 0, |ms| ms);
    tries.was_in_the_way("ann", units(75), 0, |ms| ms + 500);
    assert_eq!(tries.next(ann.clone(), 30_499, 2), []);
    assert_eq!(tries.next(ann.clone(), 30_500, 2), owed(&[("ann", 75)]));
    tries.was_in_the_way("ann", units(75), 30_500, |ms| ms);
    assert_eq!(tries.next(ann.clone(), 90_499, 2), [], "longer each time");
    assert_eq!(tries.next(ann, 90_500, 2), owed(&[("ann", 75)]));
}

#[test]
fn less_is_looked_for_where_much_led_nowhere_and_then_it_rests() {
    let mut tries = Tries::new(units(10));
    let all = [("ann", 4_800), ("bob", 400)];
    assert!(!tries.led_nowhere("ann", units(4_800), 0, |ms| ms));
    assert_eq!(tries.next(owed(&all), 0, 2), owed(&[("bob", 400), ("ann", 300)]));
    tries.led_nowhere("ann", units(300), 0, |ms| ms);
    assert_eq!(tries.next(owed(&all), 0, 2), owed(&[("bob", 400), ("ann", 18)]));
    // A part of that is too little: half a minute, then the whole again.
    assert!(tries.led_nowhere("ann", units(18), 0, |ms| ms));
    assert_eq!(tries.next(owed(&all), 29_999, 2), owed(&[("bob", 400)]));
    assert_eq!(tries.next(owed(&all), 30_000, 2), owed(&[("ann", 4_800), ("bob", 400)]));
    // Twice as long the next time; a clock that was set back wakes it.
    tries.led_nowhere("ann", units(18), 30_000, |ms| ms);
    assert_eq!(tries.next(owed(&all), 89_999, 2).len(), 1);
    assert_eq!(tries.next(owed(&all), 90_000, 2).len(), 2);
    assert_eq!(tries.next(owed(&all), -100_000, 2).len(), 2);
}

#[test]
fn who_was_cleared_for_is_looked_for_again_at_once() {
    let mut tries = Tries::new(units(10));
    tries.led_nowhere("ann", units(18), 0, |ms| ms);
    assert_eq!(tries.next(owed(&[("ann", 300)]), 1, 2), []);
    tries.found(&"ann");
    assert_eq!(tries.next(owed(&[("ann", 300)]), 1, 2).len(), 1);
}
