//! An open tally from the first chit to the close, as its two users see it.

use protocol::Side;
use protocol::lading::Lading;
use protocol::ledger::{Event, Good, Head, Input, Message, Refusal, Status};
use protocol::settings::Consent;
use protocol::{ChitId, Record as _, Units};

use super::world::{World, id, payment, settings, signed_tally};

fn units(milli: i64) -> Units {
    Units::new(milli).unwrap()
}

#[test]
fn a_payment_is_owed_by_one_and_owned_by_the_other() {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 12_500)).unwrap();
    assert_eq!(world.foil.ledger.balance_milli(), -12_500, "good at once for the signer");
    assert_eq!(world.stock.ledger.balance_milli(), 0, "the partner has not heard of it");
    world.settle();
    world.assert_one_ledger();
    assert_eq!(world.stock.ledger.balance_milli(), 12_500);
    let told = (Side::Stock, Event::Linked { chit: id(1), effect: units(12_500) });
    assert!(world.events.contains(&told));
}

/// Bob may owe Suzie 100.000; she may owe him 20.000.
#[test]
fn a_payment_beyond_the_limit_needs_to_be_meant() {
    let mut world = World::new();
    let write = |world: &mut World, name: ChitId, milli: i64, over_limit: bool| {
        let chit = world.sign(payment(Side::Foil, name, milli));
        world.keep(chit.clone());
        world.input(Side::Foil, Input::Write { chit, over_limit })
    };
    write(&mut world, id(1), 100_000, false).unwrap();
    let (would_owe, limit) = (units(100_001), units(100_000));
    let refused = Refusal::OverLimit { chit: id(2), would_owe, limit };
    assert_eq!(write(&mut world, id(2), 1, false), Err(refused));
    write(&mut world, id(2), 1, true).unwrap();
    world.settle();
    world.assert_one_ledger();
    assert!(world.events.contains(&(Side::Stock, Event::OverLimit { chit: id(2) })), "and marked");
    assert!(!world.events.contains(&(Side::Stock, Event::OverLimit { chit: id(1) })));
    // What the partner gives back makes room again.
    world.write(payment(Side::Stock, id(3), 60_000)).unwrap();
    world.settle();
    write(&mut world, id(4), 59_999, false).unwrap();
}

#[test]
fn the_highest_counter_is_in_force_whatever_arrives_last() {
    let mut world = World::new();
    world.write(settings(Side::Foil, id(1), 1, false)).unwrap();
    world.write(settings(Side::Foil, id(2), 2, false)).unwrap();
    world.net.reverse();
    world.settle();
    world.assert_one_ledger();
    for side in Side::BOTH {
        let consent = world.half(side).ledger.consent();
        let bobs = if side == Side::Foil { consent.holder } else { consent.partner };
        assert_eq!(bobs.settings().target(), units(2));
    }
    let stale = world.write(settings(Side::Foil, id(3), 2, false));
    assert_eq!(stale, Err(Refusal::StaleSettings { in_force: 2 }));
}

/// Suzie lets Bob owe 100.000, Bob lets her owe 20.000: who may what must never be swapped.
#[test]
fn what_each_may_owe_and_takes_follows_from_the_tally_and_its_settings() {
    let mut world = World::new();
    let suzies_view = |world: &World| {
        let Consent { holder, partner } = world.stock.ledger.consent();
        [holder, partner].map(|of| (of.settings().bound().milli(), of.owe().milli()))
    };
    assert_eq!(suzies_view(&world), [(100_000, 20_000), (20_000, 100_000)]);
    world.write(settings(Side::Foil, id(1), 3, false)).unwrap();
    world.settle();
    assert_eq!(suzies_view(&world), [(100_000, 20_000), (3, 100_000)]);
    world.write(settings(Side::Stock, id(2), 4, false)).unwrap();
    world.settle();
    assert_eq!(suzies_view(&world), [(4, 20_000), (3, 100_000)]);
    world.assert_one_ledger();
}

#[test]
fn a_closing_tally_takes_only_what_brings_it_to_zero_and_then_closes() {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    world.write(settings(Side::Stock, id(2), 1, true)).unwrap();
    world.settle();
    for side in Side::BOTH {
        assert_eq!(world.half(side).ledger.status(), Status::Closing);
    }
    let refused = |chit| Err(Refusal::Closing { chit });
    assert_eq!(world.write(payment(Side::Foil, id(3), 1)), refused(id(3)));
    assert_eq!(world.write(payment(Side::Stock, id(4), 501)), refused(id(4)), "past zero");
    world.write(payment(Side::Stock, id(5), 500)).unwrap();
    assert_eq!(world.stock.ledger.status(), Status::Closing, "until the partner has it too");
    world.settle();
    world.assert_one_ledger();
    for side in Side::BOTH {
        assert_eq!(world.half(side).ledger.status(), Status::Closed);
        assert!(world.half(side).ledger.position().is_none());
        assert!(world.events.contains(&(side, Event::Status(Status::Closed))));
    }
}

/// Otherwise a partner could fill its site's memory with news, two small questions at a time.
#[test]
fn that_a_partner_asks_about_a_closed_tally_is_no_news() {
    for side in Side::BOTH {
        let mut world = World::new();
        world.write(settings(side, id(1), 1, true)).unwrap();
        world.settle();
        world.events.clear();
        for _ in 0..3 {
            let genesis = Head { index: 0, hash: signed_tally().hash().unwrap() };
            let again = Message::Req { locator: vec![genesis] };
            world.input(side, Input::Receive(again)).unwrap();
            assert_eq!(world.half(side).ledger.status(), Status::Closing, "it may lack all");
            world.settle();
            assert_eq!(world.half(side).ledger.status(), Status::Closed);
        }
        assert_eq!(world.events, []);
    }
}

#[test]
fn a_good_chit_that_turns_up_later_reopens_a_closed_tally() {
    let mut world = World::new();
    // Bob pays while Suzie closes; his chit is slow.
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    let slow = std::mem::take(&mut world.net);
    world.write(settings(Side::Stock, id(2), 1, true)).unwrap();
    world.net.clear();
    world.net = slow;
    world.settle();
    world.assert_one_ledger();
    assert_eq!(world.stock.ledger.status(), Status::Closing);
    assert_eq!(world.stock.ledger.balance_milli(), 500);
}

#[test]
fn closing_can_be_taken_back_until_it_is_done() {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    world.write(settings(Side::Stock, id(2), 1, true)).unwrap();
    world.settle();
    world.write(settings(Side::Stock, id(3), 2, false)).unwrap();
    world.settle();
    assert_eq!(world.foil.ledger.status(), Status::Open);
    world.write(payment(Side::Foil, id(4), 1)).unwrap();
}

#[test]
fn two_good_chits_of_one_name_both_count_and_stop_lifting() {
    let mut world = World::new();
    let mut show = |half, milli| -> Good {
        let chit = world.sign(payment(Side::Foil, id(1), milli));
        world.keep(chit.clone());
        world.input(half, Input::Recover(vec![chit.clone()])).unwrap();
        chit
    };
    let (to_bob, to_suzie) = (show(Side::Foil, 5), show(Side::Stock, 7));
    assert!(world.stock.ledger.position().is_some());
    world.settle();
    world.assert_one_ledger();
    for side in Side::BOTH {
        let ledger = &world.half(side).ledger;
        assert_eq!(ledger.conflicts(), 1);
        assert_eq!(ledger.balance_milli().abs(), 12, "who signed both owes both");
        assert!(ledger.position().is_none(), "no lift until people looked");
    }
    let (first, second) = (to_suzie.hash(), to_bob.hash());
    let told = Event::Conflict { chit: id(1), first, second };
    assert!(world.events.contains(&(Side::Stock, told)), "the evidence names both");
    world.write(payment(Side::Foil, id(2), 1)).expect("later chits go on");
}

#[test]
fn lifts_over_a_closing_tally_move_it_toward_zero_and_no_further() {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    world.write(settings(Side::Stock, id(2), 700, false)).unwrap();
    world.settle();
    let room = |world: &World, side| {
        let ledger = &world.half(side).ledger;
        let (position, consent) = (ledger.position().unwrap(), ledger.consent());
        let inward = Lading::inward(position, &consent).most().milli();
        (inward, Lading::outward(position, &consent).most().milli())
    };
    assert_eq!(room(&world, Side::Stock), (200, 20_500), "open: up to bound and limit");
    world.write(settings(Side::Foil, id(3), 1, true)).unwrap();
    world.settle();
    assert_eq!(room(&world, Side::Stock), (0, 500));
    assert_eq!(room(&world, Side::Foil), (500, 0));
    let suzies = world.stock.ledger.consent().holder;
    assert_eq!(suzies.settings().target(), units(700), "what she signed stands");
}

#[test]
fn a_closed_tally_is_not_opened_again_by_its_users() {
    let mut world = World::new();
    world.write(settings(Side::Foil, id(1), 1, true)).unwrap();
    world.settle();
    assert_eq!(world.foil.ledger.status(), Status::Closed);
    let refused = |chit| Err(Refusal::Closed { chit });
    assert_eq!(world.write(settings(Side::Foil, id(2), 2, false)), refused(id(2)));
    assert_eq!(world.write(settings(Side::Stock, id(3), 1, false)), refused(id(3)));
    let paid = world.write(payment(Side::Foil, id(4), 1));
    assert_eq!(paid, Err(Refusal::Closing { chit: id(4) }));
    world.write(settings(Side::Stock, id(5), 1, true)).expect("the other one agrees in writing");
}

#[test]
fn whoever_is_owed_more_than_a_record_holds_can_still_give_back() {
    let mut world = World::new();
    for number in 0..3 {
        // As no honest site lets Bob sign.
        let chit = world.sign(payment(Side::Foil, id(number), Units::MAX.milli()));
        world.keep(chit.clone());
        world.input(Side::Stock, Input::Recover(vec![chit])).unwrap();
    }
    let owed = 3 * i128::from(Units::MAX.milli());
    assert_eq!(world.stock.ledger.balance_milli(), owed);
    assert!(world.stock.ledger.position().is_none(), "lifts stay away");
    world.write(payment(Side::Stock, id(9), 5)).unwrap();
    assert_eq!(world.stock.ledger.balance_milli(), owed - 5);
    world.settle();
    world.assert_one_ledger();
}

#[test]
fn a_device_that_repeats_the_second_chit_of_a_name_is_told_that_it_is_there() {
    let mut world = World::new();
    let both = [5, 7].map(|milli| world.sign(payment(Side::Foil, id(1), milli)));
    world.input(Side::Foil, Input::Recover(both.to_vec())).unwrap();
    for chit in both {
        let again = world.decide(Side::Foil, Input::Write { chit, over_limit: true });
        assert_eq!(again.err(), Some(Refusal::Known { chit: id(1) }), "nobody signs it anew");
    }
}
