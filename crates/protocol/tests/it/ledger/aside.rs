//! What promises set aside on a half: room that nothing else uses, until a chit or a refusal ends it.

use proptest::prelude::*;
use protocol::chit::Entry;
use protocol::ledger::{Good, Input, Ledger, MAX_ASIDE, Refusal, Status};
use protocol::lift::{Leg, Mode};
use protocol::{LiftId, Side, Units};

use super::world::{World, id, lifted, payment, settings};

/// The leg of a lift's chit, and the lift.
fn leg(chit: &Good) -> (LiftId, Leg) {
    let chit = chit.chit();
    let Entry::Lift { lift, units } = chit.entry else { panic!("a lift's chit") };
    (lift, Leg { tally: chit.tally, by: chit.by, units })
}

fn set_aside(chit: &Good) -> Input {
    let (lift, leg) = leg(chit);
    Input::SetAside(lift, leg)
}

fn room(world: &World, by: Side) -> [i64; 2] {
    Side::BOTH.map(|side| world.half(side).ledger.room(by).milli())
}

/// A foil that owes 500 of the 20,500 that the stock lets it owe, and a stock that takes up to 700.
fn world() -> World {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 500)).unwrap();
    world.write(settings(Side::Stock, id(2), 700, false)).unwrap();
    world.settle();
    world
}

#[test]
fn what_is_set_aside_is_room_for_nothing_else_and_makes_none_the_other_way() {
    let mut world = world();
    assert_eq!((room(&world, Side::Foil), room(&world, Side::Stock)), ([200; 2], [20_500; 2]));
    let inward = lifted(Side::Foil, 1, 150);
    for side in Side::BOTH {
        world.input(side, set_aside(&inward)).unwrap();
    }
    assert_eq!((room(&world, Side::Foil), room(&world, Side::Stock)), ([50; 2], [20_500; 2]));
    let outward = lifted(Side::Stock, 2, 20_000);
    for side in Side::BOTH {
        world.input(side, set_aside(&outward)).unwrap();
    }
    assert_eq!((room(&world, Side::Foil), room(&world, Side::Stock)), ([50; 2], [500; 2]));
    let (lift, _) = leg(&lifted(Side::Foil, 3, 51));
    let (units, most) = (Units::new(51).unwrap(), Units::new(50).unwrap());
    let refused = world.decide(Side::Stock, set_aside(&lifted(Side::Foil, 3, 51))).unwrap_err();
    assert_eq!(refused, Refusal::NoRoom { lift, units, most });
}

#[test]
fn a_clearing_moves_what_is_owed_and_is_not_set_aside_for_another() {
    let mut world = world();
    let most = |world: &World, by, mode| {
        Side::BOTH.map(|side| world.half(side).ledger.lading(by, mode).unwrap().most().milli())
    };
    // The foil owes 500: the stock gives that back, and the foil has nothing to give back.
    assert_eq!(most(&world, Side::Stock, Mode::Clearing), [500; 2]);
    assert_eq!(most(&world, Side::Foil, Mode::Clearing), [0; 2]);
    assert_eq!(most(&world, Side::Stock, Mode::Payment), room(&world, Side::Stock));
    for side in Side::BOTH {
        world.input(side, set_aside(&lifted(Side::Stock, 1, 300))).unwrap();
    }
    assert_eq!(most(&world, Side::Stock, Mode::Clearing), [200; 2]);
    assert_eq!(most(&world, Side::Foil, Mode::Clearing), [0; 2], "a promise makes no debt");
}

#[test]
fn a_lift_that_is_void_frees_its_room_and_one_that_is_valid_has_used_it() {
    let mut world = world();
    let (void, valid) = (lifted(Side::Foil, 1, 100), lifted(Side::Foil, 2, 60));
    for side in Side::BOTH {
        world.input(side, set_aside(&void)).unwrap();
        world.input(side, set_aside(&valid)).unwrap();
    }
    assert_eq!(room(&world, Side::Foil), [40; 2]);
    world.input(Side::Stock, Input::Release(leg(&void).0)).unwrap();
    world.input(Side::Foil, Input::Release(leg(&void).0)).unwrap();
    assert_eq!(room(&world, Side::Foil), [140; 2]);
    // One half hears of the decision from the other: its room is used as well.
    world.lift(valid, &[Side::Stock]);
    world.settle();
    world.assert_one_ledger();
    assert_eq!(room(&world, Side::Foil), [140; 2]);
    assert!(Side::BOTH.iter().all(|side| world.half(*side).ledger.aside().count() == 0));
}

#[test]
fn what_was_promised_applies_whatever_was_signed_since() {
    let mut world = world();
    let lift = lifted(Side::Foil, 1, 200);
    world.input(Side::Stock, set_aside(&lift)).unwrap();
    world.write(settings(Side::Stock, id(3), 701, true)).unwrap();
    world.settle();
    world.lift(lift, &[Side::Stock]);
    world.settle();
    world.assert_one_ledger();
    assert_eq!(world.stock.ledger.balance_milli(), 700);
}

#[test]
fn a_user_does_not_give_away_what_is_promised() {
    let mut world = world();
    let within = |world: &World, name: u64, milli| {
        let chit = world.sign(payment(Side::Foil, id(name), milli));
        world.decide(Side::Foil, Input::Write { chit, over_limit: false })
    };
    let Err(Refusal::OverLimit { limit, .. }) = within(&world, 3, 1_000_000_000_000) else {
        panic!("there is a limit");
    };
    world.input(Side::Foil, set_aside(&lifted(Side::Foil, 1, 200))).unwrap();
    // It owes 500 already.
    let left = limit.milli() - 500 - 200;
    within(&world, 4, left).unwrap();
    let refused = within(&world, 5, left + 1).unwrap_err();
    assert!(matches!(refused, Refusal::OverLimit { .. }), "{refused}");
}

/// Protocol §4: a closing tally is closed when its balance is zero, both heads agree, and no promise is open.
#[test]
fn a_tally_is_not_closed_while_a_promise_is_open_on_it() {
    let mut world = world();
    let (void, valid) = (lifted(Side::Stock, 1, 100), lifted(Side::Stock, 2, 40));
    for side in Side::BOTH {
        world.input(side, set_aside(&void)).unwrap();
        world.input(side, set_aside(&valid)).unwrap();
    }
    world.write(payment(Side::Stock, id(3), 500)).unwrap();
    world.write(settings(Side::Stock, id(4), 701, true)).unwrap();
    world.settle();
    let status = |world: &World| Side::BOTH.map(|side| world.half(side).ledger.status());
    assert_eq!(status(&world), [Status::Closing; 2], "at zero, with two promises open");
    for side in Side::BOTH {
        world.input(side, Input::Release(leg(&void).0)).unwrap();
    }
    assert_eq!(status(&world), [Status::Closing; 2], "one is open still");
    world.lift(valid, &Side::BOTH);
    world.settle();
    assert_eq!(status(&world), [Status::Closing; 2], "what it moved is owed");
    world.write(payment(Side::Foil, id(5), 40)).unwrap();
    world.settle();
    assert_eq!(status(&world), [Status::Closed; 2]);
}

#[test]
fn once_more_changes_nothing_and_something_else_is_refused() {
    let mut world = world();
    let (lift, leg) = leg(&lifted(Side::Foil, 1, 100));
    world.input(Side::Stock, Input::SetAside(lift, leg)).unwrap();
    let before = world.stock.ledger.clone();
    world.input(Side::Stock, Input::SetAside(lift, leg)).unwrap();
    world.input(Side::Stock, Input::Release(self::leg(&lifted(Side::Foil, 9, 1)).0)).unwrap();
    assert_eq!(world.stock.ledger, before);
    let other = Leg { by: Side::Stock, ..leg };
    let refused = world.decide(Side::Stock, Input::SetAside(lift, other)).unwrap_err();
    assert_eq!(refused, Refusal::OtherAside { lift });
    let elsewhere = Leg { tally: protocol::TallyId::random([9; 16]), ..leg };
    let refused = world.decide(Side::Stock, Input::SetAside(lift, elsewhere)).unwrap_err();
    assert!(matches!(refused, Refusal::NoSuchLeg { .. }), "{refused}");
}

#[test]
fn a_half_has_so_many_open_promises_and_no_more() {
    let mut world = World::new();
    let most = u64::try_from(MAX_ASIDE).unwrap();
    for number in 0..most {
        world.input(Side::Foil, set_aside(&lifted(Side::Foil, number, 1))).unwrap();
    }
    let one_more = lifted(Side::Foil, most, 1);
    let refused = world.decide(Side::Foil, set_aside(&one_more)).unwrap_err();
    assert_eq!(refused, Refusal::TooManyAside { lift: leg(&one_more).0 });
    let text = serde_json::to_string(&world.foil.ledger).unwrap();
    let mut kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap().aside().count(), MAX_ASIDE);
    let aside = kept["aside"].as_object_mut().unwrap();
    let (_, one) = aside.iter().next().map(|(name, one)| (name.clone(), one.clone())).unwrap();
    aside.insert(leg(&one_more).0.to_string(), one);
    assert!(serde_json::from_value::<Ledger>(kept).is_err(), "more than there may be");
}

proptest! {
    /// Whatever is set aside, freed and decided: what is left of the room is what there was, less what is open each
    /// way, and is never below nothing.
    #[test]
    fn room_is_what_is_left(steps in prop::collection::vec((0..6_u64, 0..3_u8, any::<bool>(), 1..400_i64), 1..40)) {
        let mut world = world();
        let mut open = std::collections::BTreeMap::new();
        for (number, what, foil, milli) in steps {
            let by = if foil { Side::Foil } else { Side::Stock };
            let chit = lifted(by, number, milli);
            let (lift, asked) = leg(&chit);
            match what {
                0 => {
                    let room = world.stock.ledger.room(by);
                    let done = world.input(Side::Stock, Input::SetAside(lift, asked));
                    let is_new = !open.contains_key(&lift);
                    if is_new {
                        prop_assert_eq!(done.is_ok(), asked.units.get() <= room);
                    }
                    if done.is_ok() {
                        open.insert(lift, (by, milli));
                    }
                }
                1 => {
                    world.input(Side::Stock, Input::Release(lift)).unwrap();
                    open.remove(&lift);
                }
                _ => {
                    world.lift(chit, &[Side::Stock]);
                    open.remove(&lift);
                }
            }
            let sum = |by| open.values().filter(|(side, _)| *side == by).map(|(_, milli)| milli).sum::<i64>();
            let balance = i64::try_from(world.stock.ledger.balance_milli()).unwrap();
            prop_assert_eq!(world.stock.ledger.room(Side::Foil).milli(), (700 - balance - sum(Side::Foil)).max(0));
            let aside = world.stock.ledger.aside().count();
            prop_assert_eq!(aside, open.len());
        }
    }
}
