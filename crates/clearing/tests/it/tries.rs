//! Whom a site looks for ways round for: large amounts first, less where that leads nowhere, and rests.

use clearing::{Stands, Tries};
use protocol::Units;

fn units(milli: i64) -> Units {
    Units::new(milli).expect("an amount")
}

fn with(all: &[(&'static str, i64)]) -> Vec<(&'static str, Units)> {
    all.iter().map(|(who, milli)| (*who, units(*milli))).collect()
}

/// Each is owed so much by one, and owes a thousand.
fn owed(all: &[(&'static str, i64)]) -> Vec<(&'static str, Stands)> {
    let stands = |milli| Stands { most: units(milli), owed: units(milli), owes: units(1_000) };
    all.iter().map(|(who, milli)| (*who, stands(*milli))).collect()
}

#[test]
fn the_largest_come_first_and_no_more_than_asked_for() {
    let mut tries = Tries::new(units(10));
    let all = [("bob", 90), ("ann", 70), ("cat", 9), ("dan", 70)];
    let next = tries.next(owed(&all), 0, 3);
    assert_eq!(next, with(&[("bob", 90), ("ann", 70), ("dan", 70)]));
    assert_eq!(tries.next(owed(&all), 0, 1), with(&[("bob", 90)]));
    // Who is owed little is looked for too, when there is nobody else.
    assert_eq!(tries.next(owed(&all), 0, 9).last(), with(&[("cat", 9)]).last());
}

#[test]
fn a_small_debt_is_looked_for_whole_or_not_at_all() {
    let mut tries = Tries::new(units(10));
    assert!(tries.led_nowhere(&"cat", units(9), 0, |ms| ms), "no part of it is worth looking for");
    assert_eq!(tries.next(owed(&[("cat", 9)]), 29_999, 2), []);
    assert_eq!(tries.next(owed(&[("cat", 9)]), 30_000, 2), with(&[("cat", 9)]));
}

#[test]
fn who_was_in_others_way_rests_and_is_looked_for_with_as_much() {
    let mut tries = Tries::new(units(10));
    let ann = owed(&[("ann", 1_200)]);
    tries.led_nowhere(&"ann", units(1_200), 0, |ms| ms);
    tries.was_in_the_way(&"ann", units(75), 0, |ms| ms + 500);
    assert_eq!(tries.next(ann.clone(), 30_499, 2), []);
    assert_eq!(tries.next(ann.clone(), 30_500, 2), with(&[("ann", 75)]));
    tries.was_in_the_way(&"ann", units(75), 30_500, |ms| ms);
    assert_eq!(tries.next(ann.clone(), 90_499, 2), [], "longer each time");
    assert_eq!(tries.next(ann, 90_500, 2), with(&[("ann", 75)]));
}

#[test]
fn less_is_looked_for_where_much_led_nowhere_and_then_it_rests() {
    let mut tries = Tries::new(units(10));
    let all = [("ann", 4_800), ("bob", 400)];
    assert!(!tries.led_nowhere(&"ann", units(4_800), 0, |ms| ms));
    assert_eq!(tries.next(owed(&all), 0, 2), with(&[("bob", 400), ("ann", 300)]));
    tries.led_nowhere(&"ann", units(300), 0, |ms| ms);
    assert_eq!(tries.next(owed(&all), 0, 2), with(&[("bob", 400), ("ann", 18)]));
    // A part of that is too little: half a minute, then the whole again.
    assert!(tries.led_nowhere(&"ann", units(18), 0, |ms| ms));
    assert_eq!(tries.next(owed(&all), 29_999, 2), with(&[("bob", 400)]));
    assert_eq!(tries.next(owed(&all), 30_000, 2), with(&[("ann", 4_800), ("bob", 400)]));
    // Twice as long the next time; a clock that was set back wakes it.
    tries.led_nowhere(&"ann", units(18), 30_000, |ms| ms);
    assert_eq!(tries.next(owed(&all), 89_999, 2).len(), 1);
    assert_eq!(tries.next(owed(&all), 90_000, 2).len(), 2);
    assert_eq!(tries.next(owed(&all), -100_000, 2).len(), 2);
}

/// A search follows ways that carry a quarter of its amount: at the end no way is left out that carries as much as is worth it.
#[test]
fn before_it_rests_it_is_looked_for_whatever_is_worth_it() {
    let mut tries = Tries::new(units(10));
    assert!(!tries.led_nowhere(&"ann", units(120), 0, |ms| ms), "30 and more was followed");
    assert_eq!(tries.next(owed(&[("ann", 120)]), 0, 1), with(&[("ann", 40)]));
    assert!(tries.led_nowhere(&"ann", units(40), 0, |ms| ms), "10 and more was");
    assert_eq!(tries.next(owed(&[("ann", 120)]), 0, 1), []);
}

#[test]
fn who_was_cleared_for_is_looked_for_again_at_once() {
    let mut tries = Tries::new(units(10));
    tries.led_nowhere(&"ann", units(18), 0, |ms| ms);
    assert_eq!(tries.next(owed(&[("ann", 300)]), 1, 2), []);
    tries.found(&"ann");
    assert_eq!(tries.next(owed(&[("ann", 300)]), 1, 2).len(), 1);
}

/// Ann is looked for whole, and in every part, in vain.
fn in_vain(tries: &mut Tries<&'static str>, stands: Stands, now_ms: i64) {
    loop {
        let next = tries.next([("ann", stands)], now_ms, 1);
        let [(_, units)] = next[..] else { panic!("{next:?}") };
        if tries.led_nowhere(&"ann", units, now_ms, |ms| ms) {
            return;
        }
    }
}

const HOUR_MS: i64 = 3_600_000;

/// How Ann stands, who is owed so much and owes so much.
fn ann(owed: i64, owes: i64) -> Stands {
    Stands { most: units(owed), owed: units(owed), owes: units(owes) }
}

/// Ann has been looked for in vain so often that she rests for six hours from now on.
fn rests_long(stands: Stands) -> (Tries<&'static str>, i64) {
    let (mut tries, mut now_ms) = (Tries::new(units(10)), 0);
    for _ in 0..12 {
        now_ms += 6 * HOUR_MS;
        in_vain(&mut tries, stands, now_ms);
    }
    (tries, now_ms)
}

#[test]
fn a_new_debt_wakes_whoever_rests_and_as_much_is_looked_for() {
    for (now, news) in [(ann(5_000, 1_300), 300), (ann(5_200, 1_000), 200)] {
        let (mut tries, at_ms) = rests_long(ann(5_000, 1_000));
        let mut next = |stands, after_ms| tries.next([("ann", stands)], at_ms + after_ms, 1);
        assert_eq!(next(ann(5_000, 1_000), HOUR_MS), [], "nothing is new");
        assert_eq!(next(ann(4_000, 900), 2 * HOUR_MS), [], "nor where a debt became smaller");
        assert_eq!(next(ann(5_000, 1_000), 2 * HOUR_MS + 1).len(), 1, "it has come back");
        let (mut tries, at_ms) = rests_long(ann(5_000, 1_000));
        let mut next = |after_ms| tries.next([("ann", now)], at_ms + after_ms, 1);
        // A sixteenth of six hours.
        assert_eq!(next(60_000), [], "not at once, if it was looked for just now");
        assert_eq!(next(6 * HOUR_MS / 16 - 1), []);
        assert_eq!(next(6 * HOUR_MS / 16), with(&[("ann", news)]));
    }
}

/// However often debts come: who is found nothing for is looked for a sixteenth of its rest later at the soonest, and as a
/// whole when it would have been without them.
#[test]
fn who_has_new_debts_all_the_time_is_not_looked_for_all_the_time() {
    let (mut tries, at_ms) = rests_long(ann(5_000, 1_000));
    let (mut looked, mut owes) = (0, 1_000);
    for minute in 1..360 {
        owes += 11;
        let now_ms = at_ms + minute * 60_000;
        let Some((_, units)) = tries.next([("ann", ann(5_000, owes))], now_ms, 1).pop() else {
            continue;
        };
        looked += 1;
        assert!(units.milli() < 5_000, "only what is new");
        tries.led_nowhere(&"ann", units, now_ms, |ms| ms);
    }
    assert!((15..=2 * 16).contains(&looked), "{looked} times in six hours");
    let next = tries.next([("ann", ann(5_000, owes))], at_ms + 6 * HOUR_MS, 1);
    assert_eq!(next, with(&[("ann", 5_000)]));
}

/// Two that stood in each other's way are not woken by the same debt, or they would be there again.
#[test]
fn who_was_in_others_way_is_not_woken() {
    let (mut tries, at_ms) = rests_long(ann(5_000, 1_000));
    let at_ms = at_ms + 6 * HOUR_MS;
    assert_eq!(tries.next([("ann", ann(5_000, 1_000))], at_ms, 1).len(), 1);
    tries.was_in_the_way(&"ann", units(5_000), at_ms, |ms| ms);
    assert_eq!(tries.next([("ann", ann(5_000, 9_000))], at_ms + 5 * HOUR_MS, 1), []);
    assert_eq!(tries.next([("ann", ann(5_000, 9_000))], at_ms + 6 * HOUR_MS, 1).len(), 1);
}

/// What is found once in a while does not make its user be looked for as often as at the beginning.
#[test]
fn who_is_found_for_now_and_then_rests_as_long_as_it_did_in_between() {
    let (mut tries, at_ms) = rests_long(ann(5_000, 1_000));
    let found = |tries: &mut Tries<&'static str>, at_ms: i64, stands| {
        assert_eq!(tries.next([("ann", stands)], at_ms, 1).len(), 1, "at {at_ms}");
        tries.found(&"ann");
    };
    let at_ms = at_ms + 6 * HOUR_MS;
    found(&mut tries, at_ms, ann(5_000, 1_000));
    let left = ann(4_500, 500);
    in_vain(&mut tries, left, at_ms + 1);
    assert_eq!(tries.next([("ann", left)], at_ms + 6 * HOUR_MS, 1), []);
    // More and more often, the more often something is found.
    let mut at_ms = at_ms + 1 + 6 * HOUR_MS;
    for _ in 0..4 {
        found(&mut tries, at_ms, left);
    }
    in_vain(&mut tries, left, at_ms);
    at_ms += 6 * HOUR_MS / 8;
    assert_eq!(tries.next([("ann", left)], at_ms - 1, 1), []);
    assert_eq!(tries.next([("ann", left)], at_ms, 1).len(), 1);
}
