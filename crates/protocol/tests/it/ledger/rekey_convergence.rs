//! Schedules of whatever can go wrong, with users who change their keys and a thief who has the old
//! ones: in the end both halves are one ledger, and count the same chits.

use protocol::Side;
use protocol::ledger::{Event, Input};

use super::devices::Town;
use super::world::{Half, id, payment, settings};
use crate::chance::Chance;

/// One schedule: fifty moments of trade, trouble and new keys, then peace.
fn schedule(seed: u64) -> Town {
    let mut chance = Chance(seed);
    let lossy = chance.below(2) * 250;
    let crashes = chance.below(2) * 200;
    let backups_of = chance.below(3);
    let mut town = Town::new();
    let mut backups: Vec<(Side, Half)> = Vec::new();
    let mut counters = [0; 2];
    for moment in 0..50 {
        let side = Side::BOTH[chance.below(2) as usize];
        match chance.below(12) {
            0..3 => trade(&mut town, &mut chance, side, moment, &mut counters),
            // Refused where it comes at a bad moment; the next one is better.
            3 => drop(town.rekeys(side, id(2_000 + moment))),
            4 => {
                let at = Side::BOTH[chance.below(2) as usize];
                town.steals(side, at, id(3_000 + moment), i64::from(1 + chance.below(1_000)));
            }
            5 => remind(&mut town, &mut chance, side, crashes),
            6 => backups.push((side, town.half(side).clone())),
            7 if backups_of > 0 && chance.below(4) == 0 => {
                if chance.below(3) == 0 || backups.is_empty() {
                    *town.half_mut(side) = Half::new(side);
                } else {
                    let place = chance.below(u32::try_from(backups.len()).unwrap()) as usize;
                    let (side, old) = backups[place].clone();
                    *town.half_mut(side) = old;
                }
                if backups_of == 1 {
                    // As a site does that was restored: it asks before it does anything else.
                    town.world.input(side, Input::Compare).unwrap();
                }
            }
            _ => arrive(&mut town, &mut chance, lossy, crashes),
        }
    }
    town.heals();
    town
}

fn trade(town: &mut Town, chance: &mut Chance, side: Side, moment: u64, counters: &mut [u32; 2]) {
    let name = id(1_000 + moment);
    let counter = &mut counters[usize::from(side == Side::Foil)];
    let chit = if chance.below(5) == 0 {
        *counter += 1;
        settings(side, name, *counter, chance.below(10) == 0)
    } else {
        payment(side, name, i64::from(1 + chance.below(100_000)))
    };
    // A half that went back does not know its user's key: the device waits.
    let _ = town.writes(chit);
}

fn remind(town: &mut Town, chance: &mut Chance, side: Side, crashes: u32) {
    let input = if chance.below(3) == 0 { Input::Compare } else { Input::Remind };
    town.world.input(side, input).unwrap();
    if chance.below(1000) < crashes {
        town.net.pop();
    }
}

fn arrive(town: &mut Town, chance: &mut Chance, lossy: u32, crashes: u32) {
    let Ok(on_its_way @ 1..) = u32::try_from(town.net.len()) else { return };
    let place = chance.below(on_its_way) as usize;
    if chance.below(1000) < lossy {
        let again = town.net[place].clone();
        town.net.push(again);
    }
    if chance.below(1000) < lossy {
        town.net.remove(place);
        return;
    }
    let before = town.net.len();
    town.arrives(place);
    if chance.below(1000) < crashes {
        // It crashes after the commit: what it had to say is lost.
        town.net.truncate(before - 1);
    }
}

fn check(seed: u64) -> Town {
    let town = std::panic::catch_unwind(|| {
        let town = schedule(seed);
        town.assert_sound();
        town
    });
    town.unwrap_or_else(|_| panic!("schedule {seed} fails; run `check({seed})`"))
}

/// Half of a fifth of as many schedules as there are without keys.
fn half(which: u64) {
    let most = std::env::var("LEDGER_SCHEDULES").map_or(5_000, |most| most.parse().unwrap()) / 10;
    let (mut rekeyed, mut stolen, mut voided, mut rebuilt) = (0, 0, 0, 0);
    for seed in which * most..(which + 1) * most {
        let town = check(seed);
        let of = |event: fn(&Event) -> bool| u64::from(town.events.iter().any(|(_, e)| event(e)));
        rekeyed += of(|event| matches!(event, Event::Rekeyed { .. }));
        voided += of(|event| matches!(event, Event::Voided { .. }));
        stolen += u64::from(!town.stolen.is_empty());
        rebuilt += u64::from(town.rebuilt);
    }
    // The schedules are worth their time: these things did happen.
    for (what, count) in [("rekeyed", rekeyed), ("stolen", stolen), ("voided", voided)] {
        assert!(count > most / 3, "{what}: only {count} of {most} schedules");
    }
    assert!(rebuilt < most / 5, "people had to help in {rebuilt} of {most} schedules");
}

#[test]
fn whatever_goes_wrong_both_halves_count_the_same_chits_first_half() {
    half(0);
}

#[test]
fn whatever_goes_wrong_both_halves_count_the_same_chits_second_half() {
    half(1);
}

/// Where no half goes back nobody is needed: neither a device that signs again nor people.
#[test]
fn without_restores_reminders_are_enough() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let (mut town, mut counters) = (Town::new(), [0; 2]);
        for moment in 0..40 {
            let side = Side::BOTH[chance.below(2) as usize];
            match chance.below(8) {
                0..3 => trade(&mut town, &mut chance, side, moment, &mut counters),
                3 => drop(town.rekeys(side, id(2_000 + moment))),
                4 => town.steals(side, side.other(), id(3_000 + moment), 9),
                _ => arrive(&mut town, &mut chance, 300, 100),
            }
        }
        town.net.clear();
        town.settles();
        town.assert_sound();
    }
}
