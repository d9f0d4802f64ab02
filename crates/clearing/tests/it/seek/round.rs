//! Ways round: both ends search, and what leads nowhere is asked once.

use clearing::{Limits, To, Wanted};
use protocol::query::Why;

use super::stories::both;
use super::world::{Message, Outcome, World};
use crate::instances::Chance;
use crate::path::given::charging;

/// Sites of one user each; of each pair the first is owed 50 by the second.
fn owing(pairs: &[(u32, u32)]) -> World {
    let most = pairs.iter().flat_map(|(a, b)| [*a, *b]).max().expect("some");
    let hops: Vec<_> = pairs.iter().flat_map(|(a, b)| both(charging(*a, *b, 50, 0, -1))).collect();
    World::new(hops, (0..=most as usize).collect(), Limits::default())
}

fn round(world: &World, amount: i64, chance: &[u8]) -> Wanted {
    let chance = protocol::Hash::of(chance);
    Wanted { to: To::Round, chance, ..world.wanted(0, 1, amount, amount) }
}

#[test]
fn both_ends_of_a_way_round_search_and_meet() {
    // Each is owed by the next, around eight sites; two ways lead away from each and come to nothing.
    let mut pairs: Vec<(u32, u32)> = (0..8).map(|at| (at, (at + 1) % 8)).collect();
    for at in 0..8 {
        pairs.extend([(at, 8 + 4 * at), (8 + 4 * at, 9 + 4 * at), (at, 10 + 4 * at)]);
        pairs.push((10 + 4 * at, 11 + 4 * at));
    }
    let mut world = owing(&pairs);
    let wanted = round(&world, 40, b"one");
    let outcome = world.search(wanted, 0, &mut Chance(1));
    let Outcome::Found(plans) = outcome else { panic!("{outcome:?}") };
    let way: Vec<usize> = (0..8).map(|at| 2 * at).collect();
    assert_eq!(world.unrolled(0, &plans[0]), way);
    assert_eq!(plans[0].curve.top().arrives.get().milli(), 40);
    // No question went more than half of the way on, and none of the adverts more than half of the way back.
    for (_, to, message) in &world.sent {
        match message {
            Message::Query(_) => assert!(![5, 6, 7].contains(to), "asked {to}"),
            Message::Advert(advert) => {
                assert!(advert.round && [4, 5, 6, 7].contains(to), "told {to}");
            }
            Message::Answer(_) => {}
        }
    }
}

#[test]
fn a_way_round_for_a_part_is_found_and_one_for_little_is_not() {
    let circle = |least: i64| {
        let hops = [
            both(charging(0, 1, 50, 0, -1)),
            both(charging(1, 2, least, 0, -1)),
            both(charging(2, 0, 50, 0, -1)),
        ];
        World::new(hops.concat(), vec![0, 1, 2], Limits::default())
    };
    let found = |least| {
        let mut world = circle(least);
        let wanted = round(&world, 40, b"one");
        world.search(wanted, 0, &mut Chance(1))
    };
    let Outcome::Found(plans) = found(25) else { panic!("a way for a part") };
    assert_eq!(plans[0].curve.top().arrives.get().milli(), 25, "exactly what the way carries");
    // Less than a quarter: whoever looks for less finds it.
    assert_eq!(found(9), Outcome::NotFound(Why::Nothing));
}

#[test]
fn what_leads_nowhere_is_asked_once_and_again_after_a_while() {
    // 0 is owed by 1, which is owed by 2, which nobody owes; and 0 owes 3.
    let mut world = owing(&[(0, 1), (1, 2), (3, 0)]);
    let wanted = round(&world, 40, b"one");
    let asked = |world: &mut World, wanted| {
        let before = world.queries();
        let outcome = world.search(wanted, 0, &mut Chance(1));
        assert_eq!(outcome, Outcome::NotFound(Why::Nothing));
        world.queries() - before
    };
    assert!(asked(&mut world, wanted) > 0);
    let again = round(&world, 40, b"two");
    assert_eq!(asked(&mut world, again), 0, "what is known is not asked");
    // For less it may be another thing.
    let less = round(&world, 8, b"three");
    assert!(asked(&mut world, less) > 0);
    world.wait(Limits::default().end_ms, &mut Chance(1));
    let later = round(&world, 40, b"four");
    assert!(asked(&mut world, later) > 0, "somebody may owe something new");
}

#[test]
fn who_owes_nobody_does_not_ask() {
    let mut world = owing(&[(0, 1), (1, 2), (2, 3)]);
    let wanted = round(&world, 40, b"one");
    assert_eq!(world.search(wanted, 0, &mut Chance(1)), Outcome::NotFound(Why::Nothing));
    assert_eq!(world.sent.len(), 0);
}
