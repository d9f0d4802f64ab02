//! A higher revision of an open tally: its limits hold, its chits are all still there.

use protocol::ledger::{Input, Message, Refusal};
use protocol::{Side, Tally, Units, Verified};

use super::world::{World, id, payment, settings, signed};
use crate::people::{limit, members};

/// Suzie grants Bob half of what she did.
fn stricter() -> Verified<Tally> {
    let mut members = members();
    members.revision = 2.try_into().unwrap();
    members.stock.terms = limit(50_000);
    signed(members)
}

/// Three payments that both have, and on each half one that the other has not heard of.
fn traded() -> World {
    let mut world = World::new();
    for number in 0..3 {
        world.write(payment(Side::Foil, id(number), 10_000)).unwrap();
    }
    world.write(settings(Side::Stock, id(3), 1, false)).unwrap();
    world.settle();
    for (number, by) in (4..).zip(Side::BOTH) {
        world.write(payment(by, id(number), 7)).unwrap();
    }
    world.net.clear();
    world
}

#[test]
fn every_chit_stays_and_the_new_limit_holds() {
    let mut world = traded();
    for side in Side::BOTH {
        let send = world.half_mut(side).rebase(&stricter());
        world.net.extend(send.into_iter().map(|message| (side.other(), message)));
        assert_eq!(world.half(side).ledger.agreed(), 0, "nothing of the new chain is confirmed");
    }
    world.settle();
    world.assert_one_ledger();
    assert_eq!(world.foil.ledger.balance_milli(), -30_000);
    assert_eq!(world.foil.ledger.consent().holder.owe(), Units::new(50_000).unwrap());
    assert!(world.foil.ledger.set_of(Side::Stock).is_some());
    let chit = world.sign(payment(Side::Foil, id(9), 20_001));
    let refused = world.decide(Side::Foil, Input::Write { chit, over_limit: false });
    assert!(matches!(refused, Err(Refusal::OverLimit { .. })), "{refused:?}");
}

#[test]
fn whoever_takes_it_over_first_asks_and_waits_for_the_other() {
    for first in Side::BOTH {
        let mut world = traded();
        let send = world.half_mut(first).rebase(&stricter());
        assert!(matches!(send[..], [Message::Req { .. }]));
        world.net.extend(send.into_iter().map(|message| (first.other(), message)));
        for side in Side::BOTH {
            world.input(side, Input::Remind).unwrap();
        }
        let mut said = 0;
        while let Some((to, message)) = world.net.pop() {
            said += 1;
            assert!(said < 20, "they talk past each other for ever");
            let message = Input::Receive(world.checked(message));
            match world.input(to, message) {
                Ok(()) | Err(Refusal::OtherGenesis) => {}
                Err(other) => panic!("{other}"),
            }
        }
        world.half_mut(first.other()).rebase(&stricter());
        world.settle();
        world.assert_one_ledger();
    }
}

#[test]
fn a_conflict_is_not_forgotten_with_a_new_revision() {
    let mut world = World::new();
    let both = [5, 7].map(|milli| world.sign(payment(Side::Foil, id(1), milli)));
    both.iter().cloned().for_each(|chit| world.keep(chit));
    world.input(Side::Stock, Input::Recover(both.to_vec())).unwrap();
    world.settle();
    for side in Side::BOTH {
        world.half_mut(side).rebase(&stricter());
        let ledger = &world.half(side).ledger;
        assert!(ledger.position().is_none(), "still no lifts");
    }
}
