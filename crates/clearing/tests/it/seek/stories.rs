//! Searches that can be followed by hand.

use clearing::{Hop, Limits};
use protocol::{Hash, Units};

use super::world::{Message, Outcome, World};
use crate::instances::Chance;
use crate::path::given::{charging, free};

fn units(milli: i64) -> Units {
    Units::new(milli).expect("an amount")
}

/// A tally in one direction only; the other way nothing moves.
pub(super) fn both(hop: Hop) -> [Hop; 2] {
    let back = Hop { giver: hop.taker, taker: hop.giver, lading: protocol::Lading::NONE };
    [hop, back]
}

/// 0 at the first site pays 3 at the third; 1 and 2 at the second charge a tenth each, of what they take in.
#[test]
fn a_payment_is_found_over_three_sites() {
    let hops = [
        both(charging(0, 1, 100, 100_000, 0)),
        both(charging(1, 2, 100, 100_000, 0)),
        both(free(2, 3, 60)),
    ];
    let mut world = World::new(hops.concat(), vec![0, 1, 1, 2], Limits::default());
    let wanted = world.wanted(0, 3, 40, 100);
    let outcome = world.search(wanted, 0, &mut Chance(1));
    let Outcome::Found(plans) = outcome else { panic!("{outcome:?}") };
    let [plan] = &plans[..] else { panic!("{plans:?}") };
    // 2 passes on 40 and takes in 45, of which 5 are its own; 1 takes in 50.
    let points = plan.curve.points().iter();
    let points: Vec<_> = points.map(|p| [p.arrives.get(), p.enters.get()]).collect();
    let expected = [[10, 14], [20, 26], [30, 38], [40, 50]];
    assert_eq!(points, expected.map(|point| point.map(units)));
    assert_eq!(plan.sites, 2);
    assert_eq!(world.unrolled(0, plan), [0, 2, 4]);
    // One tally deep: the second site says that it would have to go on. Two: it asks the third.
    assert_eq!((world.queries(), world.sent.len()), (3, 6));
}

/// What a narrow place before leaves is all that is asked for behind it.
#[test]
fn what_can_come_in_is_told_and_no_more_is_answered() {
    let hops = [both(free(0, 1, 30)), both(charging(1, 2, 100, 0, 250_000)), both(free(2, 3, 60))];
    let mut world = World::new(hops.concat(), vec![0, 1, 2, 3], Limits::default());
    let wanted = world.wanted(0, 3, 40, 100);
    let outcome = world.search(wanted, 0, &mut Chance(1));
    let Outcome::Found(plans) = outcome else { panic!("{outcome:?}") };
    // Of the 30, 1 keeps a quarter of what it lets go.
    let top = plans[0].curve.top();
    assert_eq!([top.arrives.get(), top.enters.get()], [units(24), units(30)]);
    let most = world.sent.iter().filter_map(|(_, to, message)| match message {
        Message::Query(query) => Some((*to, query.most.get())),
        Message::Answer(_) | Message::Advert(_) => None,
    });
    let most: Vec<_> = most.collect();
    assert!(most.contains(&(1, units(30))) && most.contains(&(3, units(24))), "{most:?}");
}

#[test]
fn what_came_of_searches_is_forgotten_one_after_the_other() {
    let hops: Vec<Hop> =
        [(0, 1), (1, 2)].iter().flat_map(|&(a, b)| both(free(a, b, 100))).collect();
    let mut world = World::new(hops, vec![0, 1, 2], Limits::default());
    let keep_ms = Limits::default().keep_ms;
    let mut tokens = Vec::new();
    for number in 0..3 {
        let mut wanted = world.wanted(0, 2, 10, 10);
        wanted.chance = Hash::of(&[number]);
        let outcome = world.search(wanted, 0, &mut Chance(1));
        let Outcome::Found(plans) = outcome else { panic!("{outcome:?}") };
        tokens.push(plans[0].on.expect("it goes on").1);
        world.wait(keep_ms / 4, &mut Chance(1));
    }
    // Each plan is known for as long as it was promised, and no longer, whatever else comes and goes.
    for forgotten in 0..=3 {
        let known = tokens.iter().map(|token| world.sites[1].seeker.plan(token).is_some());
        let expected = (0..3).map(|place| place >= forgotten);
        assert!(known.eq(expected), "after {forgotten} should be forgotten");
        let idle = world.sites.iter().all(|site| site.seeker.is_idle());
        assert_eq!(idle, forgotten == 3);
        world.wait(keep_ms / 4, &mut Chance(1));
    }
}
