//! What both users sign to be free though nothing is decided: the lock, not the outcome, in whatever order it comes.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use protocol::chit::Entry;
use protocol::ledger::{Event, Good, Input, Ledger, MAX_FREED, Refusal};
use protocol::lift::Leg;
use protocol::{Freed, Hash, LiftId, Side, SignatureFault, TallyId, Verified};

use super::devices::{Town, key_of, public};
use super::world::{World, id, key, lifted, payment, settings};
use crate::people::{at, members};

fn leg(chit: &Good) -> (LiftId, Leg) {
    let chit = chit.chit();
    let Entry::Lift { lift, units } = chit.entry else { panic!("a lift's chit") };
    (lift, Leg { tally: chit.tally, by: chit.by, units })
}

fn set_aside(chit: &Good) -> Input {
    let (lift, leg) = leg(chit);
    Input::SetAside(lift, leg)
}

fn unsigned(by: Side, lift: LiftId) -> Freed {
    let date = at("2026-11-27T10:00:00.000Z");
    Freed { tally: members().uuid, lift, by, date, key: None, sign: None }
}

fn word(by: Side, lift: LiftId) -> Freed {
    unsigned(by, lift).signed(&key(by)).unwrap()
}

fn proved(world: &World, half: Side, word: Freed) -> Verified<Freed> {
    world.half(half).ledger.prove_freed(word).unwrap()
}

/// The holder on a side signs, and its own half takes it.
fn frees(world: &mut World, by: Side, lift: LiftId) -> Result<(), Refusal> {
    let word = proved(world, by, word(by, lift));
    world.input(by, Input::Free(word))
}

/// A half hears the word of the user on a side from its partner's agent.
fn hears(world: &mut World, half: Side, by: Side, lift: LiftId) -> Result<(), Refusal> {
    let word = proved(world, half, word(by, lift));
    world.input(half, Input::HearFreed(word))
}

fn room(world: &World) -> [i64; 2] {
    Side::BOTH.map(|side| world.half(side).ledger.room(Side::Foil).milli())
}

/// A foil that owes 500 of the 700 that the stock takes.
fn world() -> World {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    world.write(settings(Side::Stock, id(2), 700, false)).unwrap();
    world.settle();
    world
}

fn both_promise(world: &mut World, chit: &Good) -> LiftId {
    for side in Side::BOTH {
        world.input(side, set_aside(chit)).unwrap();
    }
    leg(chit).0
}

#[test]
fn with_both_words_the_room_is_back_and_with_one_it_is_not() {
    let mut world = world();
    let lift = both_promise(&mut world, &lifted(Side::Foil, 1, 150));
    assert_eq!(room(&world), [50; 2]);
    frees(&mut world, Side::Foil, lift).unwrap();
    hears(&mut world, Side::Stock, Side::Foil, lift).unwrap();
    assert_eq!(room(&world), [50; 2], "one word");
    frees(&mut world, Side::Stock, lift).unwrap();
    assert_eq!(room(&world), [200, 50], "where both are known");
    hears(&mut world, Side::Foil, Side::Stock, lift).unwrap();
    assert_eq!(room(&world), [200; 2]);
    let told = |half, by, free| world.events.contains(&(half, Event::Freed { lift, by, free }));
    for half in Side::BOTH {
        assert!(told(half, Side::Foil, false) && told(half, Side::Stock, true), "{half}");
    }
    // Nothing is kept anew for a lift that users freed.
    let again = world.decide(Side::Stock, set_aside(&lifted(Side::Foil, 1, 150))).unwrap_err();
    assert_eq!(again, Refusal::WasFreed { lift });
}

#[test]
fn what_is_decided_later_is_done_all_the_same() {
    let mut world = world();
    let chit = lifted(Side::Foil, 1, 150);
    let lift = both_promise(&mut world, &chit);
    for by in Side::BOTH {
        frees(&mut world, by, lift).unwrap();
        hears(&mut world, by.other(), by, lift).unwrap();
    }
    let other = lifted(Side::Foil, 2, 200);
    both_promise(&mut world, &other);
    world.lift(other, &Side::BOTH);
    world.lift(chit, &[Side::Stock]);
    world.settle();
    world.assert_one_ledger();
    assert_eq!(world.stock.ledger.balance_milli(), 850, "beyond the 700: that is the risk");
    for side in Side::BOTH {
        assert_eq!(world.half(side).ledger.freed().count(), 0, "it has done its work");
    }
    // A word that was late says nothing any more.
    let before = world.stock.ledger.clone();
    hears(&mut world, Side::Stock, Side::Foil, lift).unwrap();
    assert_eq!(world.stock.ledger, before);
    let late = frees(&mut world, Side::Stock, lift).unwrap_err();
    assert_eq!(late, Refusal::LiftDone { lift });
}

#[test]
fn a_void_lift_takes_the_words_with_it() {
    let mut world = world();
    let lift = both_promise(&mut world, &lifted(Side::Foil, 1, 150));
    frees(&mut world, Side::Stock, lift).unwrap();
    world.input(Side::Stock, Input::Release(lift)).unwrap();
    assert_eq!(world.stock.ledger.freed_for(&lift), None);
    assert_eq!(room(&world)[0], 200);
}

/// Whose half has promised nothing, or has forgotten it, signs once the partner's word is there.
#[test]
fn a_half_with_nothing_aside_signs_what_its_partner_asks_for_and_nothing_else() {
    let mut world = world();
    let chit = lifted(Side::Foil, 1, 150);
    let (lift, _) = leg(&chit);
    world.input(Side::Foil, set_aside(&chit)).unwrap();
    let refused = frees(&mut world, Side::Stock, lift).unwrap_err();
    assert_eq!(refused, Refusal::NothingAside { lift });
    frees(&mut world, Side::Foil, lift).unwrap();
    hears(&mut world, Side::Stock, Side::Foil, lift).unwrap();
    frees(&mut world, Side::Stock, lift).unwrap();
    hears(&mut world, Side::Foil, Side::Stock, lift).unwrap();
    assert_eq!(room(&world), [200; 2]);
}

#[test]
fn only_its_users_key_in_force_makes_a_word_good() {
    let mut world = world();
    let lift = both_promise(&mut world, &lifted(Side::Foil, 1, 150));
    let good = word(Side::Foil, lift);
    let ledger = &world.stock.ledger;
    let other = Hash::of(b"another key");
    for forged in [
        Freed { sign: None, ..good },
        Freed { by: Side::Stock, ..good },
        Freed { lift: LiftId::from_bytes([7; 32]), ..good },
        unsigned(Side::Foil, lift).signed(&key(Side::Stock)).unwrap(),
        Freed { key: Some(other), ..good }.signed(&key(Side::Foil)).unwrap(),
    ] {
        let fault = ledger.prove_freed(forged).unwrap_err();
        assert!(!matches!(fault, SignatureFault::Record(_)), "{fault}");
    }
    assert!(ledger.may_know_later(&Freed { key: Some(other), ..good }));
    assert!(!ledger.may_know_later(&good));
    let elsewhere = Freed { tally: TallyId::random([9; 16]), ..unsigned(Side::Foil, lift) };
    let elsewhere = elsewhere.signed(&key(Side::Foil)).unwrap();
    let elsewhere = proved(&world, Side::Stock, elsewhere);
    let refused = world.decide(Side::Stock, Input::HearFreed(elsewhere)).unwrap_err();
    assert!(matches!(refused, Refusal::FreedOther { .. }), "{refused}");
    let theirs = proved(&world, Side::Stock, good);
    let refused = world.decide(Side::Stock, Input::Free(theirs)).unwrap_err();
    assert!(matches!(refused, Refusal::NotHolders { .. }), "{refused}");
}

/// A user gives up the key that it has said so with, before its partner says so: that word counts no more, and is signed
/// again with the new key.
#[test]
fn a_word_that_waits_counts_only_while_its_key_is_in_force() {
    let mut town = Town::new();
    town.writes(payment(Side::Foil, id(1), 500)).unwrap();
    town.writes(settings(Side::Stock, id(2), 700, false)).unwrap();
    town.settles();
    let lift = both_promise(&mut town, &lifted(Side::Foil, 1, 150));
    for half in Side::BOTH {
        let old = proved(&town, half, word(Side::Foil, lift));
        let own = half == Side::Foil;
        town.world.input(half, if own { Input::Free(old) } else { Input::HearFreed(old) }).unwrap();
    }
    town.rekeys(Side::Foil, id(20)).unwrap();
    town.settles();
    frees(&mut town, Side::Stock, lift).unwrap();
    hears(&mut town, Side::Foil, Side::Stock, lift).unwrap();
    assert_eq!(room(&town), [50; 2], "maybe a thief said so");
    for half in Side::BOTH {
        assert_eq!(town.half(half).ledger.freed_by(&lift), [Side::Stock], "{half}");
    }
    let (new, name) = (key_of(Side::Foil, 1), public(Side::Foil, 1).name());
    let again = Freed { key: Some(name), ..unsigned(Side::Foil, lift) }.signed(&new).unwrap();
    for half in Side::BOTH {
        let again = proved(&town, half, again);
        let own = half == Side::Foil;
        let input = if own { Input::Free(again) } else { Input::HearFreed(again) };
        town.world.input(half, input).unwrap();
    }
    assert_eq!(room(&town), [200; 2]);
    // What both have said stands, whatever keys end after it.
    town.rekeys(Side::Foil, id(21)).unwrap();
    town.settles();
    frees(&mut town, Side::Stock, lift).unwrap();
    assert_eq!(town.stock.ledger.freed_by(&lift).len(), 2);
}

/// What locks nothing here gives way to what is new: what both have signed first, then what the partner only asks for.
#[test]
fn a_half_remembers_so_many_words_and_no_more() {
    let mut world = world();
    let lift = |number: usize| LiftId::from_bytes([u8::try_from(number).unwrap(); 32]);
    for number in 0..MAX_FREED {
        hears(&mut world, Side::Stock, Side::Foil, lift(number)).unwrap();
    }
    frees(&mut world, Side::Stock, lift(3)).unwrap();
    for (number, gone) in [(MAX_FREED, 3), (MAX_FREED + 1, 0)] {
        hears(&mut world, Side::Stock, Side::Foil, lift(number)).unwrap();
        let ledger = &world.stock.ledger;
        assert_eq!((ledger.freed().count(), ledger.freed_for(&lift(gone))), (MAX_FREED, None));
    }
    // Whatever its partner asks for, what is locked is freed.
    let locked = both_promise(&mut world, &lifted(Side::Foil, 1, 150));
    frees(&mut world, Side::Stock, locked).unwrap();
    for number in 50..50 + MAX_FREED {
        hears(&mut world, Side::Stock, Side::Foil, lift(number)).unwrap();
    }
    assert_eq!(world.stock.ledger.freed_by(&locked), [Side::Stock], "it does not give way");
    hears(&mut world, Side::Stock, Side::Foil, locked).unwrap();
    assert_eq!(room(&world)[0], 200);
    let ledger = &world.stock.ledger;
    let text = serde_json::to_string(ledger).unwrap();
    assert_eq!(
        &serde_json::from_str::<Ledger>(&text)
            .unwrap()
            .with_agents_of(&super::world::signed_tally()),
        ledger
    );
    let mut kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    let frees = kept["frees"].as_object_mut().unwrap();
    let one = frees.values().next().unwrap().clone();
    frees.insert(lift(99).to_string(), one);
    assert!(serde_json::from_value::<Ledger>(kept).is_err(), "more than there may be");
}

/// Each of as many lifts as may be set aside waits for the other user: one about which there is nothing is put off.
#[test]
fn what_is_locked_here_does_not_give_way_to_what_is_not() {
    let mut world = world();
    for number in 0..u64::try_from(MAX_FREED).unwrap() {
        let lift = both_promise(&mut world, &lifted(Side::Foil, number, 1));
        hears(&mut world, Side::Stock, Side::Foil, lift).unwrap();
    }
    let lift = LiftId::from_bytes([99; 32]);
    let refused = hears(&mut world, Side::Stock, Side::Foil, lift).unwrap_err();
    assert_eq!(refused, Refusal::TooManyFreed { lift });
}

/// What may happen around a lift that both halves have promised; halves by their sides.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// The user on a side signs.
    Signs(Side),
    /// A half hears the partner's word, where that was signed.
    Hears(Side),
    /// A half hears that the lift is decided.
    Decided(Side),
}

fn happens() -> impl Strategy<Value = Happens> {
    let side = prop_oneof![Just(Side::Stock), Just(Side::Foil)];
    (0..3_u8, side).prop_map(|(what, side)| match what {
        0 => Happens::Signs(side),
        1 => Happens::Hears(side),
        _ => Happens::Decided(side),
    })
}

/// Runs what happens, and everything else after that; both halves must come to the same, whatever the order was.
fn comes_to_one(steps: &[Happens], valid: bool, first_aside: bool) -> TestCaseResult {
    let mut world = world();
    let chit = lifted(Side::Foil, 1, 150);
    let (lift, _) = leg(&chit);
    // Maybe only one of the two has promised.
    let promised: &[Side] = if first_aside { &[Side::Foil] } else { &Side::BOTH };
    for side in promised {
        world.input(*side, set_aside(&chit)).unwrap();
    }
    let (mut signed, mut decided, mut both) = ([false; 2], [false; 2], [false; 2]);
    let at = |side: Side| usize::from(side == Side::Foil);
    let mut step = |world: &mut World, what: Happens| -> TestCaseResult {
        match what {
            Happens::Signs(side) if !decided[at(side)] => {
                let knows = world.half(side).ledger.freed_for(&lift).is_some();
                let done = frees(world, side, lift);
                let may = promised.contains(&side) || knows;
                prop_assert_eq!(done.is_ok(), may, "{:?}", done);
                signed[at(side)] |= done.is_ok();
            }
            // The site asks first whether all is decided: a void lift leaves nothing behind in the half.
            Happens::Hears(side) if signed[at(side.other())] && !decided[at(side)] => {
                hears(world, side, side.other(), lift).unwrap();
            }
            Happens::Decided(side) if valid => {
                world.lift(chit.clone(), &[side]);
                decided[at(side)] = true;
            }
            Happens::Decided(side) => {
                world.input(side, Input::Release(lift)).unwrap();
                decided[at(side)] = true;
            }
            _ => {}
        }
        for side in Side::BOTH {
            let ledger = &world.half(side).ledger;
            let by = ledger.freed_by(&lift);
            both[at(side)] |= by.len() == 2;
            let locked = ledger.aside_for(&lift).is_some();
            prop_assert!(!(locked && (both[at(side)] || decided[at(side)])), "it is free");
            let was = promised.contains(&side);
            prop_assert!(locked || !was || both[at(side)] || decided[at(side)], "and never before");
        }
        Ok(())
    };
    for what in steps {
        step(&mut world, *what)?;
    }
    for what in [Happens::Decided(Side::Stock), Happens::Decided(Side::Foil)] {
        step(&mut world, what)?;
    }
    world.settle();
    world.assert_one_ledger();
    let balance: i64 = if valid { 650 } else { 500 };
    prop_assert_eq!(world.stock.ledger.balance_milli(), i128::from(balance));
    prop_assert_eq!(room(&world), [700 - balance; 2]);
    for side in Side::BOTH {
        prop_assert_eq!(world.half(side).ledger.freed().count(), 0);
    }
    Ok(())
}

proptest! {
    /// Words and decisions reach the halves in any order, again and again: what a half sets aside is free with both
    /// words or a decision and not before, and in the end both halves are as if nobody had signed anything.
    #[test]
    fn whatever_comes_first_both_halves_come_to_one(
        steps in prop::collection::vec(happens(), 0..12), valid: bool, first_aside: bool,
    ) {
        comes_to_one(&steps, valid, first_aside)?;
    }
}
