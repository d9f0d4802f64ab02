//! Thousands of schedules of whatever can go wrong; when it stops, both halves are one ledger.

use protocol::Side;
use protocol::ledger::{Event, Input, Message};

use super::chaos::{self, Faults, a_side};
use super::devices::Town;
use super::world::{Half, World, id, payment, settings};
use crate::chance::Chance;

/// What may go wrong in a schedule besides its network and its machines.
struct Trouble {
    faults: Faults,
    old_backups: u32,
    lost_halves: u32,
    /// A user who signs two chits under one name, and shows each half another.
    two_faced: bool,
}

impl Trouble {
    fn any(chance: &mut Chance) -> Self {
        let some = |chance: &mut Chance, most| if chance.below(2) == 0 { 0 } else { most };
        Self {
            faults: Faults {
                lost: some(chance, 300),
                repeated: some(chance, 300),
                crashes: some(chance, 200),
            },
            old_backups: some(chance, 60),
            lost_halves: some(chance, 25),
            two_faced: chance.below(4) == 0,
        }
    }
}

/// One schedule: fifty moments of trade and trouble, then peace.
fn schedule(seed: u64) -> World {
    let mut chance = Chance(seed);
    let trouble = Trouble::any(&mut chance);
    let mut town = Town::new();
    let mut backups: Vec<(Side, Half)> =
        Side::BOTH.map(|side| (side, town.half(side).clone())).to_vec();
    let mut counters = [0; 2];
    for moment in 0..50 {
        let side = a_side(&mut chance);
        match chance.below(10) {
            0..3 => trade(&mut town, &mut chance, side, moment, &mut counters),
            3 => chaos::remind(&mut town, &mut chance, side, trouble.faults),
            4 => backups.push((side, town.half(side).clone())),
            5 => {
                let place = chance.below(u32::try_from(backups.len()).unwrap()) as usize;
                let (side, old) = backups[place].clone();
                if chance.below(1000) < trouble.old_backups * 10 {
                    *town.half_mut(side) = old;
                } else if chance.below(1000) < trouble.lost_halves * 10 {
                    *town.half_mut(side) = Half::new(side);
                }
            }
            _ => chaos::arrive(&mut town, &mut chance, trouble.faults),
        }
    }
    if trouble.two_faced {
        be_two_faced(&mut town, &mut chance);
    }
    town.heal();
    town.world
}

fn trade(town: &mut Town, chance: &mut Chance, side: Side, moment: u64, counters: &mut [u32; 2]) {
    if chance.below(5) == 0 {
        chaos::lift(town, chance, side, moment);
    } else {
        chaos::trade(town, chance, side, moment, counters);
    }
}

/// Somebody signs two different payments under one name and shows each half one of them.
fn be_two_faced(world: &mut World, chance: &mut Chance) {
    let by = Side::BOTH[chance.below(2) as usize];
    for (half, milli) in [(Side::Stock, 7), (Side::Foil, 9_000)] {
        let chit = world.sign(payment(by, id(9_999), milli));
        world.keep(chit.clone());
        world.input(half, Input::Recover(vec![chit])).unwrap();
    }
}

fn check(seed: u64) -> World {
    let world = std::panic::catch_unwind(|| {
        let world = schedule(seed);
        world.assert_one_ledger();
        world
    });
    world.unwrap_or_else(|_| panic!("schedule {seed} fails; run `check({seed})`"))
}

/// A quarter of 5,000 schedules, or of as many as `LEDGER_SCHEDULES` asks for.
fn quarter(which: u64) {
    let most = std::env::var("LEDGER_SCHEDULES").map_or(5_000, |most| most.parse().unwrap()) / 4;
    let (mut reordered, mut conflicts, mut closing, mut lifts, mut chits) = (0, 0, 0, 0, 0);
    for seed in which * most..(which + 1) * most {
        let world = check(seed);
        chits += world.signed.len();
        lifts += u64::from(world.signed.values().any(|good| good.chit().written().is_none()));
        conflicts += u64::from(world.stock.ledger.conflicts() > 0);
        closing += u64::from(world.events.iter().any(|(_, e)| matches!(e, Event::Status(_))));
        reordered += u64::from(world.reordered);
    }
    // The schedules are worth their time: these things did happen.
    let all =
        [("conflicts", conflicts), ("closings", closing), ("orders", reordered), ("lifts", lifts)];
    for (what, count) in all {
        assert!(count > most / 50, "{what}: only {count} of {most} schedules");
    }
    assert!(chits > 5 * usize::try_from(most).unwrap(), "{chits} chits");
}

#[test]
fn whatever_goes_wrong_the_halves_become_one_first_quarter() {
    quarter(0);
}

#[test]
fn whatever_goes_wrong_the_halves_become_one_second_quarter() {
    quarter(1);
}

#[test]
fn whatever_goes_wrong_the_halves_become_one_third_quarter() {
    quarter(2);
}

#[test]
fn whatever_goes_wrong_the_halves_become_one_last_quarter() {
    quarter(3);
}

#[test]
fn without_losses_nobody_needs_to_compare() {
    for seed in 0..500 {
        let mut chance = Chance(seed);
        let mut world = World::new();
        for number in 0..20 {
            let side = Side::BOTH[chance.below(2) as usize];
            world.write(payment(side, id(number), 1 + i64::from(chance.below(50)))).unwrap();
            while chance.below(3) > 0 && !world.net.is_empty() {
                let place = chance.below(u32::try_from(world.net.len()).unwrap());
                world.deliver(place as usize);
            }
        }
        world.settle();
        world.assert_one_ledger();
    }
}

#[test]
fn a_lost_half_is_rebuilt_from_the_partners_copy_alone() {
    for lost in Side::BOTH {
        let mut world = World::new();
        for number in 0..100 {
            let side = Side::BOTH[usize::from(number % 3 == 0)];
            world.write(payment(side, id(number), 5)).unwrap();
        }
        world.settle();
        let before = world.half(lost).links.clone();
        *world.half_mut(lost) = Half::new(lost);
        world.input(lost, Input::Compare).unwrap();
        world.settle();
        world.assert_one_ledger();
        assert_eq!(world.half(lost).links, before, "the very same chain");
    }
}

#[test]
fn a_foil_that_went_back_and_did_not_notice_is_told_by_the_next_exchange() {
    let mut world = World::new();
    let write = |world: &mut World, number| {
        world.write(payment(Side::Foil, id(number), 5)).unwrap();
        world.settle();
    };
    write(&mut world, 0);
    let old = world.foil.clone();
    write(&mut world, 1);
    write(&mut world, 2);
    world.foil = old;
    write(&mut world, 3);
    world.assert_one_ledger();
}

#[test]
fn a_foil_that_went_back_is_told_whoever_speaks_first() {
    let write = |world: &mut World, by, number| {
        world.write(payment(by, id(number), 5)).unwrap();
    };
    let mut world = World::new();
    write(&mut world, Side::Foil, 0);
    let unconfirmed = world.foil.clone();
    world.settle();
    let confirmed = world.foil.clone();
    write(&mut world, Side::Foil, 1);
    world.settle();
    // The stock pays, on a base that the foil has no more: it asks, and needs no reminder.
    world.foil = confirmed;
    write(&mut world, Side::Stock, 2);
    while !world.net.is_empty() {
        world.deliver(0);
    }
    world.assert_one_ledger();
    // The foil says again what the stock has had for long: that is no news, but a sign.
    world.foil = unconfirmed;
    world.input(Side::Foil, Input::Remind).unwrap();
    world.settle();
    world.assert_one_ledger();
}

#[test]
fn two_halves_that_are_one_find_it_out_with_a_question_and_an_answer() {
    let mut world = World::new();
    for number in 0..5 {
        world.write(payment(Side::Foil, id(number), 5)).unwrap();
    }
    world.settle();
    for side in Side::BOTH {
        world.input(side, Input::Compare).unwrap();
        let mut messages = 0;
        while !world.net.is_empty() {
            messages += 1;
            world.deliver(0);
        }
        // Only a stock still says what it takes an answer for.
        let most = if side == Side::Stock { 3 } else { 2 };
        assert_eq!(messages, most, "asked by the {side}");
    }
}

#[test]
fn a_question_about_a_long_chain_is_short() {
    let mut world = World::new();
    for number in 0..200 {
        world.write(payment(Side::Foil, id(number), 5)).unwrap();
    }
    world.net.clear();
    world.input(Side::Foil, Input::Compare).unwrap();
    let Some((_, Message::Req { locator })) = world.net.pop() else { panic!("no question") };
    let places: Vec<_> = locator.iter().map(|head| head.index).collect();
    assert_eq!(places, [200, 199, 197, 193, 185, 169, 137, 73, 0]);
}

#[test]
fn a_quiet_exchange_takes_three_messages_a_chit_at_most() {
    for by in Side::BOTH {
        let mut world = World::new();
        let mut messages = 0;
        for number in 0..10 {
            world.write(payment(by, id(number), 5)).unwrap();
            while !world.net.is_empty() {
                messages += 1;
                world.deliver(0);
            }
        }
        world.assert_one_ledger();
        assert!(messages <= 30, "{messages} messages for 10 chits by the {by}");
    }
}

/// Nothing but reminders, however much is lost or repeated: comparing is for what went back.
#[test]
fn where_no_half_goes_back_reminders_are_enough() {
    for seed in 0..500 {
        let mut chance = Chance(seed);
        let faults = Faults { lost: 400, repeated: 400, crashes: 200 };
        let (mut town, mut counters) = (Town::new(), [0; 2]);
        for moment in 0..40 {
            let side = a_side(&mut chance);
            match chance.below(6) {
                0..2 => trade(&mut town, &mut chance, side, moment, &mut counters),
                2 => town.input(side, Input::Remind).unwrap(),
                _ => chaos::arrive(&mut town, &mut chance, faults),
            }
        }
        town.net.clear();
        town.settle();
        town.assert_one_ledger();
    }
}

#[test]
fn two_long_tails_become_one_without_a_flood_of_messages() {
    let mut world = World::new();
    let each = 640;
    for number in 0..2 * each {
        let side = Side::BOTH[usize::from(number % 2 == 0)];
        world.write(payment(side, id(number), 5)).unwrap();
        world.net.clear();
    }
    for side in Side::BOTH {
        world.input(side, Input::Remind).unwrap();
    }
    let mut messages = 0;
    while !world.net.is_empty() {
        messages += 1;
        world.deliver(0);
    }
    world.assert_one_ledger();
    let full = 2 * each / 32;
    assert!(messages <= 6 * full, "{messages} messages for {full} full ones");
}

#[test]
fn what_is_repeated_or_late_leaves_a_closed_tally_closed() {
    let mut world = World::new();
    let mut said = Vec::new();
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    world.write(payment(Side::Stock, id(2), 500)).unwrap();
    world.write(settings(Side::Stock, id(3), 1, true)).unwrap();
    while !world.net.is_empty() {
        said.push(world.net[0].clone());
        world.deliver(0);
    }
    let (before, events) = (world.clone(), world.events.len());
    for message in said {
        world.net.push(message);
        world.settle();
        assert!(world.stock == before.stock && world.foil == before.foil);
    }
    assert_eq!(world.events.len(), events, "and nobody is told anything");
}
