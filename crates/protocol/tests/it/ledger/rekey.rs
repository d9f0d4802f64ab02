//! A user changes its key: what it accepted stays, what a thief signs later is void at both halves.

use protocol::chit::{Chit, Entry, Rekey};
use protocol::ledger::{Event, Input, Message, Refusal, Stop};
use protocol::{Side, SignatureFault, Signer};

use super::devices::{Town, key_of, public, rekey};
use super::keyed::{about, end};
use super::world::{Half, id, payment, settings, signed};
use crate::people::{at, limit, members};

/// Three payments by each side, which both halves have.
fn traded() -> Town {
    let mut town = Town::new();
    for number in 0..3 {
        town.writes(payment(Side::Foil, id(number), 10_000)).unwrap();
        town.writes(payment(Side::Stock, id(10 + number), 1_000)).unwrap();
    }
    town.settles();
    town
}

#[test]
fn what_was_agreed_stays_and_later_chits_need_the_new_key() {
    for side in Side::BOTH {
        let mut town = traded();
        town.rekeys(side, id(20)).unwrap();
        assert_eq!(town.half(side).ledger.key(side), Some(&public(side, 1)), "in force at once");
        town.writes(payment(side, id(21), 5)).unwrap();
        town.settles();
        town.assert_sound();
        let sum = 27_000 + if side == Side::Foil { 5 } else { -5 };
        assert_eq!(town.stock.ledger.balance_milli(), sum);
        let old = town.world.sign(payment(side, id(22), 5));
        let refused = town.world.input(side, Input::Write { chit: old, over_limit: true });
        assert_eq!(refused, Err(Refusal::OldKey { chit: id(22) }));
        for half in Side::BOTH {
            let told = Event::Rekeyed { by: side, public: public(side, 1) };
            assert!(town.events.contains(&(half, told)));
        }
    }
}

#[test]
fn what_a_thief_signed_before_stays_and_what_it_signs_later_is_void_at_both_halves() {
    for by in Side::BOTH {
        for at in Side::BOTH {
            let mut town = traded();
            town.steals(by, by, id(30), 700);
            town.settles();
            town.rekeys(by, id(20)).unwrap();
            town.settles();
            town.steals(by, at, id(31), 9_000);
            town.settles();
            town.assert_sound();
            let balance = 27_000 + if by == Side::Foil { 700 } else { -700 };
            assert_eq!(town.stock.ledger.balance_milli(), balance);
            let voided = Event::Voided { chit: id(31), by };
            for half in Side::BOTH {
                assert!(town.events.contains(&(half, voided)), "{half} is told");
            }
        }
    }
}

#[test]
fn what_the_partner_had_not_confirmed_is_void_until_it_is_signed_again() {
    let mut town = traded();
    town.writes(settings(Side::Stock, id(40), 1, false)).unwrap();
    town.settles();
    // On their way when Suzie finds her key stolen: her settings and a payment.
    town.writes(settings(Side::Stock, id(41), 2, false)).unwrap();
    town.writes(payment(Side::Stock, id(42), 300)).unwrap();
    town.rekeys(Side::Stock, id(20)).unwrap();
    assert_eq!(town.stock.ledger.set_of(Side::Stock).unwrap().counter.get(), 1, "the one before");
    town.settles();
    town.assert_sound();
    assert_eq!(town.foil.ledger.balance_milli(), -27_000);
    let again = payment(Side::Stock, id(42), 300);
    assert_eq!(town.writes(again.clone()), Ok(()), "with another key it is another text");
    town.writes(settings(Side::Stock, id(43), 2, false)).unwrap();
    town.settles();
    town.assert_sound();
    assert_eq!(town.foil.ledger.balance_milli(), -26_700);
    assert_eq!(town.foil.ledger.conflicts(), 0, "a void chit is no rival");
    assert_eq!(town.writes(again), Err(Refusal::Known { chit: id(42) }));
}

#[test]
fn both_change_keys_at_once_and_more_than_once() {
    let mut town = traded();
    for round in 0..4 {
        for side in Side::BOTH {
            town.writes(payment(side, id(100 + round * 10 + side as u64), 50)).unwrap();
            town.rekeys(side, id(200 + round * 10 + side as u64)).unwrap();
        }
        town.settles();
        town.assert_sound();
    }
    assert_eq!(town.number(Side::Stock), 4);
}

#[test]
fn a_lost_half_is_rebuilt_with_all_its_keys() {
    for lost in Side::BOTH {
        let mut town = traded();
        for side in Side::BOTH {
            town.rekeys(side, id(20 + side as u64)).unwrap();
            town.writes(payment(side, id(30 + side as u64), 7)).unwrap();
            town.settles();
        }
        let before = town.half(lost).ledger.clone();
        *town.half_mut(lost) = Half::new(lost);
        town.world.input(lost, Input::Compare).unwrap();
        town.settles();
        town.assert_sound();
        assert_eq!(town.half(lost).ledger, before);
    }
}

#[test]
fn a_change_of_key_that_does_not_fit_is_refused_and_says_why() {
    let mut town = traded();
    let refused = |town: &Town, chit| {
        let good = town.foil.ledger.prove(chit).unwrap();
        let write = Input::Write { chit: good, over_limit: false };
        town.world.decide(Side::Foil, write).map(|_| ()).unwrap_err()
    };
    let right = town.change(Side::Foil, id(20), 1).unwrap();
    let Entry::Key { rekey: fits, .. } = right.entry.clone() else { panic!("{right:?}") };
    let with = |change: Rekey, new: u8| {
        let chit = Town::signed_with(rekey(Side::Foil, id(20), change), 0);
        chit.proved(&key_of(Side::Foil, new)).unwrap()
    };
    let counter = 2.try_into().unwrap();
    let late = with(Rekey { counter, ..*fits }, 1);
    assert_eq!(refused(&town, late), Refusal::StaleKey { next: 1 });
    let head = town.foil.links[3].head;
    let below = with(Rekey { head, ..*fits }, 1);
    assert_eq!(refused(&town, below), Refusal::OtherHead { index: 6 }, "below what is agreed");
    let same = with(Rekey { public: public(Side::Foil, 0), ..*fits }, 0);
    assert_eq!(refused(&town, same), Refusal::KeyUsed);
    // Without the new key, or the old one, it is nobody's.
    let mut unproved = right.clone();
    if let Entry::Key { rekey, .. } = &mut unproved.entry {
        rekey.proof = None;
    }
    let missing = SignatureFault::Missing { by: "the new key" };
    assert_eq!(town.foil.ledger.prove(unproved), Err(missing));
    let stranger = right.clone().signed(&key_of(Side::Foil, 9)).unwrap();
    assert_eq!(town.foil.ledger.prove(stranger), Err(SignatureFault::Wrong { by: "foil" }));
    assert!(right.proved(&key_of(Side::Foil, 2)).is_err());

    town.writes(settings(Side::Foil, id(50), 1, true)).unwrap();
    town.settles();
    town.rekeys(Side::Stock, id(21)).expect("a closing tally may be rekeyed");
    let again = town.change(Side::Stock, id(22), 2);
    assert_eq!(again, Err(Refusal::KeyOnItsWay), "the partner has not heard of the first");
}

#[test]
fn a_closed_tally_keeps_its_keys() {
    let mut town = Town::new();
    town.writes(settings(Side::Foil, id(1), 1, true)).unwrap();
    town.settles();
    assert_eq!(town.rekeys(Side::Foil, id(2)), Err(Refusal::Closed { chit: id(2) }));
}

#[test]
fn of_two_changes_with_one_counter_the_first_in_the_foils_order_counts() {
    // The thief was quicker: the user's own change does nothing, and both halves say so.
    let mut town = traded();
    let (thief, user) = (town.change(Side::Stock, id(20), 7), town.change(Side::Stock, id(21), 1));
    for chit in [thief, user] {
        let good = town.stock.ledger.prove(chit.unwrap()).unwrap();
        town.world.keep(good.clone());
        town.world.input(Side::Stock, Input::Recover(vec![good])).unwrap();
    }
    town.settles();
    town.assert_one_ledger();
    for half in Side::BOTH {
        assert_eq!(town.half(half).ledger.key(Side::Stock), Some(&public(Side::Stock, 7)));
        let told = Event::Voided { chit: id(21), by: Side::Stock };
        assert!(town.events.contains(&(half, told)));
    }
}

/// The foil lies, and has Suzie's old key: it orders a chit of its own making before her change.
#[test]
fn no_order_undoes_a_change_of_key() {
    let mut town = traded();
    town.rekeys(Side::Stock, id(20)).unwrap();
    town.settles();
    let before = town.stock.clone();
    let forged = town.world.sign(payment(Side::Stock, id(66), 50_000));
    let base = town.stock.links[3].head;
    let mut chits = vec![forged];
    let rest = town.stock.links[4..].iter().map(|link| link.chit.clone());
    chits.extend(rest.map(|chit| town.stock.ledger.prove(chit).unwrap()));
    let tally = town.stock.ledger.tally();
    let head = chits.iter().fold(base, |head, good| head.then(tally, good.hash()));
    let lie = Input::Receive(Message::Upd { base, chits, head });
    assert_eq!(town.world.input(Side::Stock, lie), Err(Refusal::Parted { index: 6 }));
    assert!(town.stock == before);
}

#[test]
fn a_revision_never_changes_keys_nor_follows_a_change_of_key() {
    let town = traded();
    let mut other = members();
    other.revision = 2.try_into().unwrap();
    other.foil.terms = limit(5);
    let same_keys = signed(other.clone());
    town.foil.ledger.rebase(&same_keys, &town.foil.links).expect("same keys, other terms");
    // Another key for Bob, in a revision that both signed.
    let new = key_of(Side::Foil, 1);
    other.foil.cert.public = new.public_key();
    other.foil.cert = other.foil.cert.clone().signed(&new).unwrap();
    other.stock.cert = same_keys.members().stock.cert.clone();
    let tally = protocol::Tally::new(other).unwrap();
    let tally = tally.signed(Side::Stock, &key_of(Side::Stock, 0)).unwrap();
    let tally = tally.signed(Side::Foil, &new).unwrap();
    let tally = protocol::Verified::check(tally, &()).unwrap();
    for side in Side::BOTH {
        let half = town.half(side);
        let refused = half.ledger.rebase(&tally, &half.links);
        assert_eq!(refused, Err(Stop::Refused(Refusal::OtherKeys)));
    }
    let mut town = town;
    town.rekeys(Side::Foil, id(20)).unwrap();
    town.settles();
    for tally in [&same_keys, &tally] {
        let half = &town.stock;
        let refused = half.ledger.rebase(tally, &half.links);
        assert_eq!(refused, Err(Stop::Refused(Refusal::OtherKeys)));
    }
}

#[test]
fn more_owed_or_less_over_a_void_chit_moves_what_lifts_may_plan_with() {
    let mut town = traded();
    town.rekeys(Side::Foil, id(20)).unwrap();
    town.settles();
    let room = |town: &Town| town.stock.ledger.position().unwrap();
    let before = room(&town);
    town.steals(Side::Foil, Side::Stock, id(31), 60_000);
    town.settles();
    assert_eq!(room(&town), before);
    assert_eq!(at("2026-11-22T12:00:00.000Z"), town.foil.links[6].chit.date);
}

/// Whichever way it comes to its own half: what both have is not called back by a change of key.
#[test]
fn no_device_calls_back_what_both_halves_have() {
    for side in Side::BOTH {
        let town = traded();
        let genesis = Town::new().stock.ledger.head();
        let (counter, public) = (1.try_into().unwrap(), public(side, 1));
        let change = Rekey { counter, head: genesis, public, proof: None };
        let change = Town::signed_with(rekey(side, id(20), change), 0);
        let change = change.proved(&key_of(side, 1)).unwrap();
        let end = Town::signed_with(about(side, id(21), end(genesis)), 0);
        for chit in [change, end] {
            let good = town.half(side).ledger.prove(chit).unwrap();
            let index = town.half(side).ledger.agreed();
            let refused = town.world.decide(side, Input::Recover(vec![good])).unwrap_err();
            assert_eq!(refused, Refusal::OtherHead { index });
        }
    }
}

/// Both halves are gone: a change of key counts at its place, after what was paid before it.
#[test]
fn what_a_device_brings_back_stays_in_its_order() {
    for side in Side::BOTH {
        let mut town = Town::new();
        town.writes(payment(side, id(1), 500)).unwrap();
        town.settles();
        town.rekeys(side, id(2)).unwrap();
        town.settles();
        town.writes(payment(side, id(3), 70)).unwrap();
        town.settles();
        let (balance, key) = (town.stock.ledger.balance_milli(), public(side, 1));
        let own: Vec<Chit> = town.stock.links[..].iter().map(|link| link.chit.clone()).collect();
        for half in Side::BOTH {
            *town.half_mut(half) = Half::new(half);
        }
        let good = town.half(side).ledger.prove_all(own.clone()).unwrap();
        assert_eq!(good.iter().map(|good| good.chit().clone()).collect::<Vec<_>>(), own);
        town.world.brings(side, good);
        town.settles();
        for half in Side::BOTH {
            assert_eq!(town.half(half).ledger.key(side), Some(&key), "the change counts");
            assert_eq!(town.stock.ledger.balance_milli(), balance, "and the payment after it");
        }
        // A chit comes after the one that brings its key, whatever the order.
        let mixed = vec![own[2].clone(), own[0].clone(), own[1].clone()];
        let good = Half::new(side).ledger.prove_all(mixed).unwrap();
        let names: Vec<_> = good.iter().map(|good| good.chit().uuid).collect();
        assert_eq!(names, [id(2), id(3), id(1)]);
    }
}

/// What a device still has to bring may be by the key that would go.
#[test]
fn after_a_restore_no_key_changes_before_a_device_was_heard_to_the_end() {
    for side in Side::BOTH {
        let mut town = traded();
        let lost = town.world.sign(payment(side, id(30), 5));
        town.world.keep(lost.clone());
        let restored = town.half(side).ledger.went_back(None);
        town.half_mut(side).ledger = restored;
        let unheard = Err(Refusal::DeviceUnheard { chit: id(20) });
        assert_eq!(town.rekeys(side, id(20)), unheard);
        town.world.input(side, Input::Recover(vec![lost])).unwrap();
        assert_eq!(town.rekeys(side, id(20)), unheard, "there may be more");
        town.world.input(side, Input::Recover(Vec::new())).unwrap();
        town.settles();
        town.rekeys(side, id(20)).unwrap();
        town.settles();
        town.assert_sound();
    }
}

/// A question of the foil's comes late, and the stock changes its key before the answer to its own has come: what it
/// had acknowledged is not called back.
#[test]
fn a_late_question_takes_back_no_acknowledgement() {
    let mut town = traded();
    town.world.input(Side::Foil, Input::Compare).unwrap();
    let late = town.net.pop().unwrap();
    assert!(matches!(late, (Side::Stock, Message::Req { .. })), "{late:?}");
    town.writes(payment(Side::Stock, id(50), 4_000)).unwrap();
    town.settles();
    let before = town.foil.ledger.balance_milli();
    let agreed = town.stock.ledger.agreed();
    town.net.push(late);
    town.arrives(0);
    assert!(town.stock.ledger.agreed() < agreed, "what the question shows is all that is known");
    town.rekeys(Side::Stock, id(51)).unwrap();
    town.settles();
    town.assert_sound();
    assert_eq!(town.foil.ledger.balance_milli(), before, "Suzie's payment counts still");
    assert!(!town.events.iter().any(|(_, event)| matches!(event, Event::Voided { .. })));
}
