//! Chits of lifts on a ledger: they apply to both halves alike, whatever the tally's state.

use protocol::Side;
use protocol::ledger::{Input, Refusal, Status};

use super::world::{World, id, lifted, payment, settings};

#[test]
fn both_halves_that_hear_of_a_lift_at_once_have_one_chain() {
    for by in Side::BOTH {
        for first in Side::BOTH {
            let mut world = World::new();
            world.write(payment(Side::Foil, id(1), 500)).unwrap();
            world.settle();
            world.lift(lifted(by, 1, 200), &[first, first.other()]);
            // Nothing has travelled yet, and nothing differs.
            assert_eq!(world.stock.links, world.foil.links);
            let after = if by == Side::Foil { 700 } else { 300 };
            assert_eq!(world.stock.ledger.balance_milli(), after);
            world.settle();
            world.assert_one_ledger();
        }
    }
}

#[test]
fn one_half_hears_of_a_lift_from_the_other() {
    for told in Side::BOTH {
        let mut world = World::new();
        world.lift(lifted(Side::Foil, 1, 200), &[told]);
        world.settle();
        world.assert_one_ledger();
        assert_eq!(world.stock.ledger.balance_milli(), 200);
    }
}

#[test]
fn a_lift_heard_of_twice_counts_once() {
    let mut world = World::new();
    let chit = lifted(Side::Foil, 1, 200);
    world.lift(chit.clone(), &Side::BOTH);
    world.settle();
    let before = world.clone();
    world.lift(chit, &Side::BOTH);
    assert!(world.stock == before.stock && world.foil == before.foil);
    assert!(world.net.is_empty(), "and nothing is said");
    assert_eq!(world.events.len(), before.events.len());
}

#[test]
fn a_lift_applies_to_a_tally_that_was_closed_and_brings_it_back() {
    let mut world = World::new();
    world.write(settings(Side::Stock, id(1), 1, true)).unwrap();
    world.settle();
    assert_eq!(world.foil.ledger.status(), Status::Closed);
    assert!(world.foil.ledger.position().is_none());
    world.lift(lifted(Side::Foil, 1, 200), &Side::BOTH);
    world.settle();
    world.assert_one_ledger();
    assert_eq!(world.foil.ledger.status(), Status::Closing);
}

#[test]
fn what_a_user_signed_is_not_a_lifts() {
    let world = World::new();
    let chit = world.sign(payment(Side::Foil, id(1), 500));
    let refused = world.decide(Side::Foil, Input::Lift(chit)).unwrap_err();
    assert_eq!(refused, Refusal::NotALift { chit: id(1) });
}
