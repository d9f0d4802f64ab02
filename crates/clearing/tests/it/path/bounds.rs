//! Where some pay for being used, the question can be as hard as any: the answer comes all the same,
//! is a path, and says that a better one was not ruled out.

use clearing::{Hop, Hops, MOST_NAMED, NoPath};

use super::given::{charging, free, hops, units};

/// Rings of three, each of whom pays 10 % to let go to the next; the payer reaches the first of each
/// ring with `room`, the last of each reaches the payee. Whoever goes round often enough needs little.
fn rings(number: u32, room: i64) -> (Hops, u32) {
    let payee = 3 * number + 1;
    let ring = |ring: u32| -> [Hop; 5] {
        let [a, b, c] = [1, 2, 3].map(|place| 3 * ring + place);
        let gift = |giver, taker| charging(giver, taker, 9_000, 0, -100_000);
        [free(0, a, room), gift(a, b), gift(b, c), gift(c, a), free(c, payee, 9_000)]
    };
    let list: Vec<Hop> = (0..number).flat_map(ring).collect();
    (hops(payee + 1, &list), payee)
}

/// More than can be kept off by name.
const MANY: u32 = 64;
const _: () = assert!(MANY as usize >= MOST_NAMED);

#[test]
fn a_few_rings_are_seen_through() {
    let (graph, payee) = rings(5, 9_000);
    let path = graph.cheapest(0, payee, units(1_000)).expect("a path");
    assert_eq!((path.given(), path.legs.len(), path.proved), (units(810), 4, true));
    assert!(graph.widest(0, payee).expect("a path").proved);
}

#[test]
fn a_search_that_is_given_up_says_so() {
    let (graph, payee) = rings(MANY, 9_000);
    let path = graph.cheapest(0, payee, units(1_000)).expect("a path");
    assert_eq!((path.given(), path.legs.len(), path.proved), (units(810), 4, false));
}

#[test]
fn a_refusal_by_a_search_that_was_given_up_says_so() {
    let (graph, payee) = rings(MANY, 500);
    // 810 do not move over 500; going round six times or more, it would seem so.
    let Err(NoPath::TooLittle { most, proved, .. }) = graph.cheapest(0, payee, units(1_000)) else {
        panic!("too little room");
    };
    assert!(!proved);
    // 500 and two gifts of 10 % of what goes out.
    assert_eq!(most, units(616));
    assert_eq!(graph.cheapest(0, payee, most).expect("possible").given(), units(500));
}
