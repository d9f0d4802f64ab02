//! Schedules of whatever can go wrong, with users who change their keys and a thief who has the old
//! ones: in the end both halves are one ledger, and count the same chits.

use protocol::ledger::{Event, How, Input};
use protocol::{Hash, SecretKey, Side};

use super::chaos::{Faults, a_side, arrive, remind, trade};
use super::devices::Town;
use super::keyed::{assert_one_verdict, next, request};
use super::world::{Half, id};
use crate::chance::Chance;

/// One schedule: fifty moments of trade, trouble and keys, then peace.
fn schedule(seed: u64) -> Town {
    let mut chance = Chance(seed);
    let lossy = chance.below(2) * 250;
    let crashes = chance.below(2) * 200;
    let faults = Faults { lost: lossy, repeated: lossy, crashes };
    let backups_of = chance.below(3);
    let mut town = Town::new();
    let mut backups: Vec<(Side, Half)> = Vec::new();
    let mut counters = [0; 2];
    for moment in 0..50 {
        let side = a_side(&mut chance);
        match chance.below(16) {
            0..3 => trade(&mut town, &mut chance, side, moment, &mut counters),
            // Refused where it comes at a bad moment; the next one is better.
            3 => drop(town.rekeys(side, id(2_000 + moment))),
            4 => {
                let at = a_side(&mut chance);
                town.steals(side, at, id(3_000 + moment), i64::from(1 + chance.below(1_000)));
            }
            5 => remind(&mut town, &mut chance, side, faults),
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
            8..11 => about_keys(&mut town, &mut chance, side, 4_000 + moment),
            _ => arrive(&mut town, &mut chance, faults),
        }
    }
    town.heals();
    town
}

/// A key ends or is lost, somebody asks, consents, objects, claims: whatever fits the half. What
/// does not is refused.
fn about_keys(town: &mut Town, chance: &mut Chance, side: Side, name: u64) {
    let own: Vec<(Hash, bool)> = {
        let ours = next(town, side);
        let open = town.half(side).ledger.requests(side);
        open.map(|open| (open.chit, open.public == ours)).collect()
    };
    let theirs: Vec<Hash> = {
        let open = town.half(side).ledger.requests(side.other());
        open.map(|open| open.chit).collect()
    };
    let name = id(name);
    match chance.below(8) {
        0 if chance.below(2) == 0 => drop(town.ends(side, name)),
        // A thief of the first key ends whatever came of it.
        0 => drop(town.ends_with(side, name, 0)),
        1 => {
            // Somebody else asks in the user's name, at either half.
            let half = town.half(side);
            if let Ok(asked) = half.ledger.to_rekey(&half.links) {
                let good = request(side, name, asked, &SecretKey::ed25519(&[77; 32]));
                town.world.keep(good.clone());
                let at = a_side(chance);
                town.world.brings(at, vec![good]);
            }
        }
        2 => drop(town.asks(side, name)),
        3 | 4 => {
            if let Some(request) = theirs.last() {
                drop(town.consents(side, name, *request));
            }
        }
        5 => {
            if let Some((request, _)) = own.iter().find(|(_, ours)| !ours) {
                drop(town.objects(side, name, *request));
            }
        }
        _ => {
            if let Some((request, _)) = own.iter().rfind(|(_, ours)| *ours) {
                drop(town.claims(side, name, *request));
            }
        }
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
    let (mut ended, mut asked, mut consented, mut objected, mut claimed) = (0, 0, 0, 0, 0);
    for seed in which * most..(which + 1) * most {
        let town = check(seed);
        let of = |event: fn(&Event) -> bool| u64::from(town.events.iter().any(|(_, e)| event(e)));
        rekeyed += of(|event| matches!(event, Event::Rekeyed { .. }));
        voided += of(|event| matches!(event, Event::Voided { .. }));
        ended += of(|event| matches!(event, Event::KeyEnded { .. }));
        asked += of(|event| matches!(event, Event::KeyAsked { .. }));
        consented += of(|event| matches!(event, Event::KeyConsented { .. }));
        objected += of(|event| matches!(event, Event::KeyObjected { .. }));
        let claims = |side| {
            let changes = town.stock.ledger.key_changes(side);
            changes.iter().filter(|change| change.how == How::Claimed).count()
        };
        claimed += u64::from(Side::BOTH.into_iter().any(|side| claims(side) > 0));
        stolen += u64::from(!town.stolen.is_empty());
        rebuilt += u64::from(town.rebuilt);
    }
    // The schedules are worth their time: these things did happen.
    println!(
        "of {most}: rekeyed {rekeyed}, stolen {stolen}, voided {voided}, ended {ended}, asked \
         {asked}, consented {consented}, objected {objected}, claimed {claimed}, rebuilt {rebuilt}"
    );
    for (what, count) in [("rekeyed", rekeyed), ("stolen", stolen), ("voided", voided)] {
        assert!(count > most / 3, "{what}: only {count} of {most} schedules");
    }
    for (what, count) in [("ended", ended), ("asked", asked), ("claimed", claimed)] {
        assert!(count > most / 5, "{what}: only {count} of {most} schedules");
    }
    for (what, count) in [("consented", consented), ("objected", objected)] {
        assert!(count > most / 20, "{what}: only {count} of {most} schedules");
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
    let faults = Faults { lost: 300, repeated: 300, crashes: 100 };
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let (mut town, mut counters) = (Town::new(), [0; 2]);
        for moment in 0..40 {
            let side = a_side(&mut chance);
            match chance.below(10) {
                0..3 => trade(&mut town, &mut chance, side, moment, &mut counters),
                3 => drop(town.rekeys(side, id(2_000 + moment))),
                4 => town.steals(side, side.other(), id(3_000 + moment), 9),
                5 | 6 => about_keys(&mut town, &mut chance, side, 4_000 + moment),
                _ => arrive(&mut town, &mut chance, faults),
            }
        }
        town.net.clear();
        town.settles();
        town.assert_one_ledger();
        assert_one_verdict(&town);
    }
}
