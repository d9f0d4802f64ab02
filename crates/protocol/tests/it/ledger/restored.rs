//! A half that was restored from a backup: what it takes before its partner's half has answered, and
//! that nothing is moved, doubled or lost, whatever is still on its way from before.

use protocol::chit::Chit;
use protocol::ledger::{Event, Head, Input, Message, Refusal, Waiting};
use protocol::{Hash, Side};

use super::world::{Half, World, id, lifted, payment, resigned, settings};
use crate::chance::Chance;
use crate::people::at;

fn question(number: u8) -> Hash {
    Hash::from_bytes([number; 32])
}

/// The half is again as it was, and knows it.
fn restore(world: &mut World, side: Side, old: Half, asked: u8) {
    *world.half_mut(side) = old;
    let half = world.half_mut(side);
    half.ledger = half.ledger.went_back(Some(question(asked)));
}

fn waits(world: &World, side: Side) -> Waiting {
    world.half(side).ledger.waiting()
}

/// A payment of that name that was signed at another time.
fn again(by: Side, name: u64, milli: i64) -> Chit {
    let date = at("2026-11-23T10:00:00.000Z");
    resigned(Chit { date, ..payment(by, id(name), milli) })
}

fn refused(world: &World, side: Side, input: Input) -> Refusal {
    world.decide(side, input).unwrap_err()
}

/// Some trade, a backup of a half, more trade; all of it arrived.
fn traded(side: Side) -> (World, Half) {
    let mut world = World::new();
    let mut old = None;
    for number in 0..8 {
        if number == 4 {
            old = Some(world.half(side).clone());
        }
        world.write(payment(Side::BOTH[usize::from(number % 2 == 0)], id(number), 5)).unwrap();
        world.settle();
    }
    (world, old.unwrap())
}

#[test]
fn until_the_partner_has_answered_the_holder_signs_nothing_and_a_foil_links_nothing() {
    for side in Side::BOTH {
        let (mut world, old) = traded(side);
        restore(&mut world, side, old, 1);
        let before = world.half(side).links.clone();
        // A name that is free here and taken there would be paid twice.
        let lost = world.half(side.other()).links.iter().rev().find(|link| link.chit.by == side);
        let name = lost.unwrap().chit.uuid;
        let twice = resigned(Chit { uuid: name, ..again(side, 0, 5) });
        for chit in [twice.clone(), payment(side, id(50), 1), settings(side, id(51), 1, false)] {
            let chit = world.sign(chit);
            let write = Input::Write { chit: chit.clone(), over_limit: true };
            let to_compare = Refusal::ToCompare { chit: chit.chit().uuid };
            assert_eq!(refused(&world, side, write), to_compare);
            if side == Side::Foil {
                let brought = Input::Recover(vec![chit.clone()]);
                assert_eq!(refused(&world, side, brought), to_compare, "not in this place");
            }
        }
        if side == Side::Foil {
            let lift = Input::Lift(lifted(side, 9, 3));
            assert!(matches!(refused(&world, side, lift), Refusal::ToCompare { .. }));
        }
        assert_eq!(world.half(side).links, before);
        world.settle();
        assert_eq!(waits(&world, side), Waiting { partner: None, device: true });
        assert!(world.events.contains(&(side, Event::Compared)));
        let write = |world: &World, chit: Chit| {
            let chit = world.sign(chit);
            world.decide(side, Input::Write { chit, over_limit: true })
        };
        assert_eq!(write(&world, twice).unwrap_err(), Refusal::NameTaken { chit: name });
        assert!(write(&world, payment(side, id(50), 1)).is_ok());
        world.assert_one_ledger();
    }
}

#[test]
fn lifts_wait_for_the_partner_and_for_the_device() {
    let lifts = |world: &World, side| world.half(side).ledger.position().is_some();
    for side in Side::BOTH {
        let (mut world, old) = traded(side);
        restore(&mut world, side, old, 1);
        assert!(!lifts(&world, side) && lifts(&world, side.other()));
        world.settle();
        assert!(!lifts(&world, side), "the device may know of settings that got lost");
        world.input(side, Input::Recover(Vec::new())).unwrap();
        assert!(lifts(&world, side));
        assert!(waits(&world, side).is_over());
        // Both went back together: there is nobody to ask.
        let half = world.half_mut(side);
        half.ledger = half.ledger.went_back(None);
        assert!(!lifts(&world, side));
        let pay = world.sign(payment(side, id(77), 1));
        world.input(side, Input::Write { chit: pay, over_limit: true }).unwrap();
        world.input(side, Input::Lift(lifted(side, 9, 3))).unwrap();
        assert!(!lifts(&world, side), "a lift is no word of the device");
        world.input(side, Input::Recover(Vec::new())).unwrap();
        assert!(lifts(&world, side));
    }
}

#[test]
fn a_question_that_the_partner_lost_with_its_answer_is_asked_again() {
    for side in Side::BOTH {
        let (mut world, old) = traded(side);
        let others = world.half(side.other()).clone();
        restore(&mut world, side, old, 1);
        world.input(side, Input::Remind).unwrap();
        world.deliver(0);
        // The answer was never sent: the partner's half goes back to before it was asked.
        world.net.clear();
        restore(&mut world, side.other(), others, 2);
        world.input(side.other(), Input::Remind).unwrap();
        // Nobody reminds anybody from here on.
        while !world.net.is_empty() {
            world.deliver(0);
        }
        for half in Side::BOTH {
            assert_eq!(waits(&world, half), Waiting { partner: None, device: true }, "{half}");
        }
        world.assert_one_ledger();
    }
}

#[test]
fn only_an_answer_to_its_own_question_ends_the_waiting() {
    for side in Side::BOTH {
        let (mut world, old) = traded(side);
        restore(&mut world, side, old.clone(), 1);
        world.input(side, Input::Remind).unwrap();
        let [(to, ask)] = &world.net[..] else { panic!("{:?}", world.net) };
        assert!(*to == side.other() && matches!(ask, Message::Ask { .. }), "{ask:?}");
        world.deliver(0);
        // The answer is late: meanwhile the site was restored again.
        let late = world.net.pop().unwrap();
        restore(&mut world, side, old.clone(), 2);
        world.net.push(late);
        world.deliver(0);
        assert_eq!(waits(&world, side).partner, Some(question(2)));
        if side == Side::Foil {
            assert_eq!(world.foil.links, old.links, "and it is not linked");
        }
        // Whatever else the partner says is no answer either, if it is no order.
        world.input(side.other(), Input::Compare).unwrap();
        world.deliver(0);
        assert_eq!(waits(&world, side).partner, Some(question(2)));
        world.settle();
        assert_eq!(waits(&world, side).partner, None);
        world.assert_one_ledger();
    }
}

#[test]
fn a_long_answer_is_asked_for_until_its_end() {
    for side in Side::BOTH {
        let mut world = World::new();
        let old = world.half(side).clone();
        for number in 0..100 {
            world.write(payment(Side::BOTH[usize::from(number % 3 == 0)], id(number), 5)).unwrap();
        }
        world.settle();
        let before = world.half(side).links.clone();
        restore(&mut world, side, old, 1);
        world.input(side, Input::Remind).unwrap();
        let mut answers = 0;
        while !world.net.is_empty() {
            if matches!(world.net[0].1, Message::Tell { .. }) {
                assert!(waits(&world, side).partner.is_some());
                answers += 1;
            }
            world.deliver(0);
        }
        assert!((4..8).contains(&answers), "100 chits, 32 in a message: {answers}");
        assert_eq!(waits(&world, side).partner, None, "with no reminder");
        assert_eq!(world.half(side).links, before, "the very same chain");
    }
}

#[test]
fn an_answer_from_a_place_that_is_not_there_is_none() {
    for side in Side::BOTH {
        let (mut world, old) = traded(side);
        restore(&mut world, side, old, 1);
        let nowhere = Head { index: 3, hash: Hash::of(b"nowhere") };
        let (chits, question) = (Vec::new(), question(1));
        let tell = Message::Tell { question, base: nowhere, chits, head: nowhere };
        let step = world.decide(side, Input::Receive(tell)).unwrap();
        assert!(matches!(step.send[..], [Message::Ask { .. }]), "{:?}", step.send);
        assert_eq!(step.ledger, world.half(side).ledger);
    }
}

/// One schedule: trade, a backup, trade; one half goes back, and what is on its way from before
/// arrives or not. The user pays again what it finds gone.
fn schedule(seed: u64) -> (World, bool) {
    let mut chance = Chance(seed);
    let side = Side::BOTH[chance.below(2) as usize];
    let (backup_at, restore_at) = (chance.below(25), 25 + chance.below(15));
    let mut world = World::new();
    let mut old = world.half(side).clone();
    let (mut fixed, mut repeated) = (Vec::new(), Vec::new());
    let (mut counters, mut early) = ([0; 2], false);
    for moment in 0..60 {
        if moment == backup_at {
            old = world.half(side).clone();
        }
        if moment == restore_at {
            let stock = &world.stock;
            fixed = stock.links[..usize::try_from(stock.ledger.agreed()).unwrap()].to_vec();
            let theirs = world.half(side.other()).links.iter();
            let lost = theirs.filter(|link| link.chit.by == side && !old.links.contains(link));
            repeated = lost.map(|link| link.chit.clone()).collect();
            restore(&mut world, side, old.clone(), 1);
        }
        let by = Side::BOTH[chance.below(2) as usize];
        match chance.below(8) {
            0..2 => {
                let counter = &mut counters[usize::from(by == Side::Foil)];
                let chit = if chance.below(4) == 0 {
                    *counter += 1;
                    settings(by, id(1_000 + u64::from(moment)), *counter, false)
                } else {
                    payment(by, id(1_000 + u64::from(moment)), i64::from(1 + chance.below(500)))
                };
                early |= world.write(chit).is_err();
            }
            2 => world.input(by, Input::Remind).unwrap(),
            3 if !repeated.is_empty() => {
                let place = chance.below(u32::try_from(repeated.len()).unwrap()) as usize;
                let date = at("2026-11-24T10:00:00.000Z");
                let twice = resigned(Chit { date, ..repeated[place].clone() });
                assert!(world.write(twice).is_err(), "paid or set twice under one name");
            }
            _ => {
                let Ok(on_its_way @ 1..) = u32::try_from(world.net.len()) else { continue };
                let place = chance.below(on_its_way) as usize;
                match chance.below(5) {
                    0 => drop(world.net.remove(place)),
                    1 => world.net.push(world.net[place].clone()),
                    _ => world.deliver(place),
                }
            }
        }
    }
    world.settle();
    for side in Side::BOTH {
        assert_eq!(waits(&world, side).partner, None, "asked until it was answered");
        let own = world.signed.values().filter(|good| good.chit().by == side).cloned().collect();
        world.input(side, Input::Recover(own)).unwrap();
        world.input(side, Input::Recover(Vec::new())).unwrap();
    }
    world.settle();
    assert_eq!(world.stock.links[..fixed.len()], fixed[..], "what both had agreed on is not moved");
    assert!(Side::BOTH.iter().all(|side| waits(&world, *side).is_over()));
    assert_eq!(world.stock.ledger.conflicts(), 0);
    world.assert_one_ledger();
    (world, early)
}

#[test]
fn whatever_arrives_late_nothing_is_moved_doubled_or_lost() {
    let (mut early, mut many) = (0, 0);
    for seed in 0..600 {
        let done = std::panic::catch_unwind(|| schedule(seed));
        let (world, waited) = done.unwrap_or_else(|_| panic!("schedule {seed} fails"));
        early += u64::from(waited);
        many += world.stock.links.len();
    }
    assert!(early > 100, "somebody wanted to write too early in {early} schedules only");
    assert!(many > 4_500, "{many} chits in all");
}
