//! Keys that end without another one, keys that were lost, and whoever would like to have them.

use protocol::chit::Wait;
use protocol::ledger::{Event, Good, How, Input, Message, Refusal};
use protocol::{SecretKey, Side, SignatureFault, Signer};

use super::devices::{Town, public};
use super::keyed::{about, assert_one_verdict, claim, consent, next, object, request};
use super::world::{Half, id, payment, settings};

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

fn is_well(town: &Town) {
    town.assert_one_ledger();
    assert_one_verdict(town);
}

fn can_lift(town: &Town) -> bool {
    let room = |side| town.half(side).ledger.position();
    let rooms = Side::BOTH.map(|side| room(side).is_some());
    assert_eq!(rooms[0], rooms[1], "both halves say the same");
    rooms[0]
}

#[test]
fn a_key_that_ended_signs_nothing_more_and_the_partner_goes_on() {
    for side in Side::BOTH {
        let mut town = traded();
        town.writes(settings(side, id(40), 1, false)).unwrap();
        town.settles();
        assert!(can_lift(&town));
        town.ends(side, id(20)).unwrap();
        town.settles();
        is_well(&town);
        for half in Side::BOTH {
            assert_eq!(town.half(half).ledger.key(side), None);
            assert!(town.events.contains(&(half, Event::KeyEnded { by: side })));
        }
        assert!(!can_lift(&town), "nobody could take back what the key had signed");
        assert_eq!(town.writes(payment(side, id(21), 5)), Err(Refusal::KeyEnded));
        let set = town.writes(settings(side, id(22), 2, false));
        assert_eq!(set, Err(Refusal::KeyEnded));
        assert_eq!(town.rekeys(side, id(23)), Err(Refusal::KeyEnded));
        // Whoever has it brings a payment to either half: it is void.
        for (at, name) in [(side, 24), (side.other(), 25)] {
            town.steals(side, at, id(name), 9_000);
            town.settles();
            assert!(town.events.contains(&(at, Event::Voided { chit: id(name), by: side })));
        }
        // The partner pays, and wants other settings.
        town.writes(payment(side.other(), id(26), 300)).unwrap();
        town.writes(settings(side.other(), id(27), 1, false)).unwrap();
        town.settles();
        is_well(&town);
        let sum = 27_000 + if side == Side::Foil { -300 } else { 300 };
        assert_eq!(town.stock.ledger.balance_milli(), sum);
    }
}

#[test]
fn after_an_end_the_partner_consents_to_another_key_and_trade_goes_on() {
    for side in Side::BOTH {
        let mut town = traded();
        town.ends(side, id(20)).unwrap();
        town.settles();
        town.replaces(side, 30);
        is_well(&town);
        assert_eq!(town.stock.ledger.key(side), Some(&public(side, 1)));
        assert!(can_lift(&town));
        town.writes(payment(side, id(40), 7)).unwrap();
        town.settles();
        is_well(&town);
        let sum = 27_000 + if side == Side::Foil { 7 } else { -7 };
        assert_eq!(town.stock.ledger.balance_milli(), sum);
        let changes = town.stock.ledger.key_changes(side);
        assert_eq!(changes.iter().map(|c| c.how).collect::<Vec<_>>(), [How::Ended, How::Claimed]);
    }
}

#[test]
fn a_lost_key_is_replaced_once_the_partner_consented_and_the_site_waited() {
    for side in Side::BOTH {
        let mut town = traded();
        let asked = town.asks(side, id(30)).unwrap();
        town.settles();
        let claimed = town.claims(side, id(31), asked);
        assert_eq!(claimed, Err(Refusal::NotConsented));
        town.consents(side.other(), id(32), asked).unwrap();
        town.settles();
        is_well(&town);
        for half in Side::BOTH {
            let ledger = &town.half(half).ledger;
            assert_eq!(ledger.pending(side).unwrap().public, next(&town, side));
            assert_eq!(ledger.key(side), Some(&public(side, 0)), "not in force yet");
            for event in [
                Event::KeyAsked { by: side, request: asked, public: next(&town, side) },
                Event::KeyConsented { by: side, request: asked, wait: Wait::default() },
            ] {
                assert!(town.events.contains(&(half, event)), "{half}: {event:?}");
            }
        }
        assert!(can_lift(&town), "what was signed holds while it is waited");
        // The key signs nothing before it is claimed.
        let early = Town::signed_with(payment(side, id(33), 5), 1);
        let early = town.half(side).ledger.prove(early).unwrap();
        let early = town.world.decide(side, Input::Write { chit: early, over_limit: true });
        assert_eq!(early.map(|_| ()), Err(Refusal::KeyNotYet { chit: id(33) }));
        town.claims(side, id(34), asked).unwrap();
        town.settles();
        is_well(&town);
        for half in Side::BOTH {
            let told = Event::Rekeyed { by: side, public: public(side, 1) };
            assert!(town.events.contains(&(half, told)));
        }
        // Whoever finds the old one can do nothing with it.
        town.steals(side, side.other(), id(35), 9_000);
        town.settles();
        town.writes(payment(side, id(36), 5)).unwrap();
        town.settles();
        is_well(&town);
        let sum = 27_000 + if side == Side::Foil { 5 } else { -5 };
        assert_eq!(town.stock.ledger.balance_milli(), sum);
    }
}

#[test]
fn whoever_has_the_old_key_objects_and_nothing_comes_of_the_request() {
    for side in Side::BOTH {
        for consented in [false, true] {
            let mut town = traded();
            let asked = town.asks(side, id(30)).unwrap();
            town.settles();
            if consented {
                town.consents(side.other(), id(31), asked).unwrap();
                town.settles();
            }
            town.objects(side, id(32), asked).unwrap();
            town.settles();
            is_well(&town);
            let over = Err(Refusal::NoRequest { request: asked });
            assert_eq!(town.claims(side, id(33), asked), over);
            assert_eq!(town.consents(side.other(), id(34), asked), over);
            assert_eq!(town.objects(side, id(35), asked), over);
            for half in Side::BOTH {
                let told = Event::KeyObjected { by: side, request: asked };
                assert!(town.events.contains(&(half, told)));
            }
            // The key was not lost after all, and works.
            town.writes(payment(side, id(36), 5)).unwrap();
            town.settles();
            is_well(&town);
            assert_eq!(town.number(side), 0);
        }
    }
}

/// Without the old key and without the partner, nobody gets anywhere.
#[test]
fn a_thief_without_the_old_key_and_without_the_partner_gets_nothing() {
    for side in Side::BOTH {
        let mut town = traded();
        let thief = SecretKey::ed25519(&[77; 32]);
        let asked = request(side, id(30), town.asked(side), &thief);
        let asked = town.hands_in(asked).unwrap();
        town.settles();
        let with = |entry| {
            let chit = about(side, id(31), entry).with_key(Some(thief.public_key().name()));
            chit.signed(&thief).unwrap()
        };
        let good = |chit| town.half(side).ledger.prove(chit);
        // It cannot consent in the partner's name, nor claim without that.
        let consents = about(side.other(), id(32), consent(asked)).signed(&thief).unwrap();
        assert!(matches!(good(consents), Err(SignatureFault::Wrong { .. })));
        let claimed = good(with(claim(asked)).witnessed(&super::keyed::agent()).unwrap()).unwrap();
        let claimed = Input::Write { chit: claimed, over_limit: false };
        let claimed = town.world.decide(side, claimed).map(|_| ());
        assert_eq!(claimed, Err(Refusal::NotConsented));
        // It cannot end the key, nor object for its user.
        let ended = good(with(super::keyed::end(town.stock.links[5].head))).unwrap();
        let ended = town.world.decide(side, Input::Write { chit: ended, over_limit: false });
        assert_eq!(ended.map(|_| ()), Err(Refusal::KeyNotYet { chit: id(31) }));
        let objects = good(with(object(asked))).unwrap();
        let objects = town.world.decide(side, Input::Write { chit: objects, over_limit: false });
        assert_eq!(objects.map(|_| ()), Err(Refusal::KeyNotYet { chit: id(31) }));
        town.writes(payment(side, id(33), 5)).unwrap();
        town.settles();
        is_well(&town);
    }
}

/// The partner works together with whoever asked. It needs the word of the user's own site that the
/// time has passed, and cannot make it; so no order of theirs brings the key in, objection or not.
#[test]
fn a_colluding_partner_cannot_take_over_before_the_users_own_site_has_waited() {
    for side in Side::BOTH {
        for objected in [false, true] {
            let mut town = traded();
            let thief = SecretKey::ed25519(&[77; 32]);
            let asked = request(side, id(30), town.asked(side), &thief);
            let partner = side.other();
            town.world.keep(asked.clone());
            town.world.input(partner, Input::Recover(vec![asked.clone()])).unwrap();
            town.consents(partner, id(31), asked.hash()).unwrap();
            town.settles();
            if objected {
                town.objects(side, id(32), asked.hash()).unwrap();
            }
            let forged = about(side, id(33), claim(asked.hash()));
            let forged = forged.with_key(Some(thief.public_key().name())).signed(&thief).unwrap();
            let lies = [
                forged.clone(),
                forged.clone().witnessed(&thief).unwrap(),
                forged.witnessed(&super::devices::key_of(partner, 0)).unwrap(),
            ];
            for (number, lie) in lies.into_iter().enumerate() {
                let base = town.half(side).ledger.head();
                let lie = Message::Upd { base, chits: vec![lie], head: base };
                let fault = town.half(side).ledger.prove_message(lie).unwrap_err();
                let by = "the user's site";
                let fits = [SignatureFault::Missing { by }, SignatureFault::Wrong { by }];
                assert_eq!(fault, fits[usize::from(number > 0)]);
            }
            town.settles();
            is_well(&town);
            assert_eq!(town.half(side).ledger.key(side), Some(&public(side, 0)));
            let request = asked.hash();
            let told = Event::KeyConsented { by: side, request, wait: Wait::default() };
            assert!(town.events.contains(&(side, told)), "not silently");
        }
    }
}

/// The thief was quicker, and changed the key to one of its own. The user has the old key: it cannot
/// take the tally back with it, but end it, and go on with the partner's consent.
#[test]
fn an_end_by_the_old_key_beats_a_thief_who_changed_it_first() {
    for side in Side::BOTH {
        let mut town = traded();
        let stolen = town.change(side, id(20), 7).unwrap();
        let stolen = town.half(side).ledger.prove(stolen).unwrap();
        town.hands_in(stolen).unwrap();
        town.settles();
        let theirs = Town::signed_with(payment(side, id(21), 400), 7);
        let theirs = town.half(side).ledger.prove(theirs).unwrap();
        town.hands_in(theirs).unwrap();
        town.settles();
        let own = town.writes(payment(side, id(22), 5));
        assert_eq!(own, Err(Refusal::OldKey { chit: id(22) }));
        assert!(matches!(town.rekeys(side, id(23)), Err(Refusal::OldKey { .. })));
        town.ends_with(side, id(24), 0).unwrap();
        town.settles();
        is_well(&town);
        for half in Side::BOTH {
            assert_eq!(town.half(half).ledger.key(side), None);
        }
        // What both halves had stays; the thief's later payments are void.
        let late = Town::signed_with(payment(side, id(25), 9_000), 7);
        let late = town.half(side).ledger.prove(late).unwrap();
        town.world.keep(late.clone());
        town.world.input(side.other(), Input::Recover(vec![late])).unwrap();
        town.settles();
        let sum = 27_000 + if side == Side::Foil { 400 } else { -400 };
        assert_eq!(town.stock.ledger.balance_milli(), sum);
        // Nobody can object any more: neither the thief with its key, nor with the old one.
        let asked = town.asks(side, id(26)).unwrap();
        town.settles();
        for number in [0, 7] {
            let objects = Town::signed_with(about(side, id(27), object(asked)), number);
            let objects = town.half(side).ledger.prove(objects).unwrap();
            let objects = Input::Write { chit: objects, over_limit: false };
            let refused = town.world.decide(side, objects).map(|_| ());
            assert_eq!(refused, Err(Refusal::KeyEnded));
        }
        town.consents(side.other(), id(28), asked).unwrap();
        town.settles();
        town.claims(side, id(29), asked).unwrap();
        town.settles();
        is_well(&town);
        assert_eq!(town.stock.ledger.key(side), Some(&public(side, 1)));
        // From a claim on no key from before ends anything.
        let again = about(side, id(50), super::keyed::end(town.half(side).ledger.head()));
        let again = town.half(side).ledger.prove(Town::signed_with(again, 0)).unwrap();
        let again = town.world.decide(side, Input::Write { chit: again, over_limit: false });
        assert_eq!(again.map(|_| ()), Err(Refusal::OldKey { chit: id(50) }));
    }
}

#[test]
fn an_end_and_a_change_by_one_key_leave_none_whichever_is_first() {
    for side in Side::BOTH {
        for end_first in [false, true] {
            let mut town = traded();
            let change = town.change(side, id(20), 7).unwrap();
            let change = town.half(side).ledger.prove(change).unwrap();
            let head = town.half(side).ledger.to_end(&town.half(side).links).unwrap();
            let end = Town::signed_with(about(side, id(21), super::keyed::end(head)), 0);
            let end = town.half(side).ledger.prove(end).unwrap();
            let both = if end_first { vec![end, change] } else { vec![change, end] };
            for good in both {
                town.world.keep(good.clone());
                town.world.input(side, Input::Recover(vec![good])).unwrap();
            }
            town.settles();
            is_well(&town);
            assert_eq!(town.stock.ledger.key(side), None);
        }
    }
}

#[test]
fn a_change_of_key_or_an_end_is_an_objection() {
    for side in Side::BOTH {
        for ends in [false, true] {
            let mut town = traded();
            let asked = request(side, id(30), town.asked(side), &SecretKey::ed25519(&[77; 32]));
            let asked = town.hands_in(asked).unwrap();
            town.settles();
            town.consents(side.other(), id(31), asked).unwrap();
            town.settles();
            if ends {
                town.ends(side, id(32)).unwrap();
            } else {
                town.rekeys(side, id(32)).unwrap();
            }
            town.settles();
            is_well(&town);
            assert_eq!(town.stock.ledger.pending(side), None);
            let refused = town.consents(side.other(), id(33), asked);
            assert_eq!(refused, Err(Refusal::NoRequest { request: asked }));
        }
    }
}

#[test]
fn a_later_consent_takes_the_place_of_an_earlier_one() {
    for side in Side::BOTH {
        let mut town = traded();
        let other = request(side, id(30), town.asked(side), &SecretKey::ed25519(&[77; 32]));
        let first = town.hands_in(other).unwrap();
        let second = town.asks(side, id(31)).unwrap();
        town.settles();
        let partner = side.other();
        town.consents(partner, id(32), first).unwrap();
        town.settles();
        assert_eq!(town.stock.ledger.pending(side).unwrap().chit, first);
        town.consents(partner, id(33), second).unwrap();
        town.settles();
        is_well(&town);
        assert_eq!(town.stock.ledger.pending(side).unwrap().chit, second);
        assert_eq!(town.consents(partner, id(34), second), Err(Refusal::Consented));
        town.claims(side, id(35), second).unwrap();
        town.settles();
        is_well(&town);
    }
}

#[test]
fn nobody_consents_to_a_request_that_makes_void_what_it_has() {
    for side in Side::BOTH {
        let mut town = traded();
        let asked = town.asks(side, id(30)).unwrap();
        // The old key turns up for a moment.
        town.writes(payment(side, id(31), 5)).unwrap();
        town.settles();
        let partner = side.other();
        let refused = town.consents(partner, id(32), asked);
        assert_eq!(refused, Err(Refusal::Later { chit: id(31) }));
        let again = town.asks(side, id(33)).unwrap();
        town.settles();
        town.consents(partner, id(34), again).unwrap();
        town.settles();
        town.claims(side, id(35), again).unwrap();
        town.settles();
        is_well(&town);
        let sum = 27_000 + if side == Side::Foil { 5 } else { -5 };
        assert_eq!(town.stock.ledger.balance_milli(), sum, "and it counts still");
    }
}

#[test]
fn a_consent_by_a_key_that_was_stolen_ends_with_that_key() {
    for side in Side::BOTH {
        let mut town = traded();
        let asked = town.asks(side, id(30)).unwrap();
        town.settles();
        // Whoever has the partner's key consents; the partner accepts nothing from then on.
        let partner = side.other();
        let change = town.change(partner, id(31), 1).unwrap();
        town.consents(partner, id(32), asked).unwrap();
        town.settles();
        let change = town.half(partner).ledger.prove(change).unwrap();
        town.world.keep(change.clone());
        town.world.brings(partner, vec![change]);
        town.settles();
        is_well(&town);
        assert_eq!(town.stock.ledger.pending(side), None);
        assert_eq!(town.claims(side, id(33), asked), Err(Refusal::NotConsented));
        town.set_number(partner, 1);
        town.consents(partner, id(34), asked).unwrap();
        town.settles();
        town.claims(side, id(35), asked).unwrap();
        town.settles();
        is_well(&town);
    }
}

#[test]
fn a_lost_half_is_rebuilt_in_the_middle_of_it() {
    for side in Side::BOTH {
        for lost in Side::BOTH {
            let mut town = traded();
            let rebuilt = |town: &mut Town| {
                let before = town.half(lost).ledger.clone();
                *town.half_mut(lost) = Half::new(lost);
                town.world.input(lost, Input::Compare).unwrap();
                town.settles();
                is_well(town);
                assert_eq!(town.half(lost).ledger, before);
            };
            let asked = town.asks(side, id(30)).unwrap();
            town.settles();
            rebuilt(&mut town);
            town.consents(side.other(), id(31), asked).unwrap();
            town.settles();
            rebuilt(&mut town);
            town.claims(side, id(32), asked).unwrap();
            town.settles();
            rebuilt(&mut town);
            town.ends(side, id(33)).unwrap();
            town.settles();
            rebuilt(&mut town);
        }
    }
}

#[test]
fn a_user_asks_only_so_often_and_a_closed_tally_takes_no_request() {
    let mut town = traded();
    for number in 0..protocol::ledger::MAX_OWN_REQUESTS {
        town.asks(Side::Stock, id(100 + number as u64)).unwrap();
    }
    let refused = town.asks(Side::Stock, id(200));
    assert_eq!(refused, Err(Refusal::TooManyRequests));
    // Whoever asks in another's name fills up that number only, and not the one of its keys.
    town.settles();
    let mut all: Vec<Good> = Vec::new();
    for number in 0..protocol::ledger::MAX_REQUESTS {
        let asked = town.asked(Side::Stock);
        all.push(request(Side::Stock, id(300 + number as u64), asked, &key(number)));
    }
    for good in all {
        let _ = town.world.input(Side::Foil, Input::Recover(vec![good.clone()])).map(|()| {
            town.world.keep(good);
        });
    }
    town.settles();
    town.rekeys(Side::Stock, id(400)).unwrap();
    town.settles();
    is_well(&town);

    let mut town = Town::new();
    town.writes(settings(Side::Foil, id(1), 1, true)).unwrap();
    town.settles();
    assert_eq!(town.asks(Side::Foil, id(2)), Err(Refusal::Closed { chit: id(2) }));
    assert_eq!(town.ends(Side::Foil, id(3)), Err(Refusal::Closed { chit: id(3) }));
}

fn key(number: usize) -> SecretKey {
    let mut bytes = [200; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    SecretKey::ed25519(&bytes)
}

/// After a restore an objection may be with the partner still, or with a device of the user's.
#[test]
fn a_half_that_went_back_takes_no_claim_before_it_has_heard_what_it_lost() {
    for side in Side::BOTH {
        let mut town = traded();
        let asked = town.asks(side, id(30)).unwrap();
        town.settles();
        town.consents(side.other(), id(31), asked).unwrap();
        town.settles();
        let old = town.half(side).clone();
        town.objects(side, id(32), asked).unwrap();
        town.settles();
        *town.half_mut(side) = old;
        let question = protocol::Hash::of(b"question");
        let restored = town.half(side).ledger.went_back(Some(question));
        town.half_mut(side).ledger = restored;
        let to_compare = Err(Refusal::ToCompare { chit: id(33) });
        assert_eq!(town.claims(side, id(33), asked), to_compare, "the partner was not heard");
        town.world.input(side, Input::Compare).unwrap();
        town.settles();
        let over = Err(Refusal::NoRequest { request: asked });
        let unheard = Err(Refusal::DeviceUnheard { chit: id(33) });
        assert_eq!(town.claims(side, id(33), asked), unheard, "nor was the device");
        town.world.input(side, Input::Recover(Vec::new())).unwrap();
        assert_eq!(town.claims(side, id(33), asked), over);
        is_well(&town);
    }
}

/// The old key works while it is waited: what it pays then is not taken back by the claim.
#[test]
fn a_claim_that_would_make_a_payment_void_is_refused() {
    for side in Side::BOTH {
        let mut town = traded();
        let asked = town.asks(side, id(30)).unwrap();
        town.settles();
        town.consents(side.other(), id(31), asked).unwrap();
        town.settles();
        town.writes(payment(side, id(32), 5)).unwrap();
        town.settles();
        let later = Err(Refusal::Later { chit: id(32) });
        assert_eq!(town.claims(side, id(33), asked), later);
        let again = town.asks(side, id(34)).unwrap();
        town.settles();
        town.consents(side.other(), id(35), again).unwrap();
        town.settles();
        town.claims(side, id(36), again).unwrap();
        town.settles();
        is_well(&town);
        let sum = 27_000 + if side == Side::Foil { 5 } else { -5 };
        assert_eq!(town.stock.ledger.balance_milli(), sum);
    }
}

/// The user claims by one request while its partner consents to another: neither half had heard of
/// the other, and whichever is ordered first, they stay one.
#[test]
fn a_claim_and_another_consent_at_the_same_time_part_nobody() {
    for side in Side::BOTH {
        let mut town = traded();
        let asked = town.asks(side, id(30)).unwrap();
        town.settles();
        town.consents(side.other(), id(31), asked).unwrap();
        town.settles();
        let other = request(side, id(32), town.asked(side), &SecretKey::ed25519(&[77; 32]));
        let other = town.hands_in(other).unwrap();
        town.settles();
        town.claims(side, id(33), asked).unwrap();
        town.consents(side.other(), id(34), other).unwrap();
        town.settles();
        is_well(&town);
        for half in Side::BOTH {
            assert_eq!(town.half(half).ledger.key(side), Some(&public(side, 1)));
        }
    }
}
