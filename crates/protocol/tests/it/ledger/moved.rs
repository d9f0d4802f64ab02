//! A user's site has another agent: what its word does, in whatever order it comes, and which words do nothing.

use proptest::prelude::*;
use protocol::ledger::{Event, Input, MAX_MOVED, Refusal};
use protocol::record::Record as _;
use protocol::{AgentId, Moved, SecretKey, Side, SignatureFault, Signer, TallyId, Verified};

use super::devices::{Town, key_of};
use super::keyed::{self, about, claim, request};
use super::world::{Half, id, payment};
use crate::people::{at, members};

fn agent(seed: u8) -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[seed; 32]).public_key()).unwrap()
}

/// A word signed with the side's key of this number.
fn word(by: Side, to: u8, counter: u32, key: u8) -> Moved {
    let name = (key > 0).then(|| key_of(by, key).public_key().name());
    let moved = Moved {
        tally: members().uuid,
        by,
        agent: agent(to),
        counter: counter.try_into().unwrap(),
        date: at("2026-11-26T10:00:00.000Z"),
        head: None,
        key: name,
        sign: None,
    };
    moved.signed(&key_of(by, key)).unwrap()
}

fn hears(town: &mut Town, half: Side, word: Moved) -> Result<Result<(), Refusal>, SignatureFault> {
    let proved = town.half(half).ledger.prove_moved(word)?;
    Ok(town.world.input(half, Input::Moved(proved)))
}

#[test]
fn each_half_knows_who_speaks_for_either_user() {
    for by in Side::BOTH {
        let mut town = Town::new();
        let named = town.stock.ledger.agent(by).unwrap();
        for half in Side::BOTH {
            hears(&mut town, half, word(by, 90, 1, 0)).unwrap().unwrap();
            let ledger = &town.half(half).ledger;
            assert_eq!(ledger.agent(by), Some(agent(90)));
            assert_ne!(ledger.agent(by.other()), Some(agent(90)), "only its own user's");
            assert!(town.events.contains(&(half, Event::Moved { by, agent: agent(90) })));
            let had: Vec<_> = town.half(half).ledger.agents_had(by).collect();
            assert_eq!(had, [named, agent(90)]);
        }
        town.writes(payment(by, id(1), 500)).unwrap();
        town.settles();
        town.assert_sound();
    }
}

#[test]
fn only_the_user_with_its_key_in_force_is_believed() {
    let mut town = Town::new();
    let good = word(Side::Foil, 90, 1, 0);
    let forged = [
        Moved { agent: agent(91), ..good },
        Moved { counter: 2.try_into().unwrap(), ..good },
        Moved { sign: None, ..good },
        Moved { by: Side::Stock, ..good },
        Moved { key: Some(key_of(Side::Foil, 1).public_key().name()), ..good },
    ];
    for forged in forged {
        hears(&mut town, Side::Stock, forged).unwrap_err();
    }
    let other = Moved { tally: TallyId::random([9; 16]), ..good }.signed(&key_of(Side::Foil, 0));
    let refused = hears(&mut town, Side::Stock, other.unwrap()).unwrap();
    assert!(matches!(refused, Err(Refusal::MovedOther { .. })), "{refused:?}");
    assert_eq!(town.stock.ledger.moved(Side::Foil), None);

    // A thief with the old key is believed until the user has changed it, and overtaken then.
    hears(&mut town, Side::Stock, word(Side::Foil, 66, u32::MAX, 0)).unwrap().unwrap();
    town.rekeys(Side::Foil, id(20)).unwrap();
    town.settles();
    hears(&mut town, Side::Stock, word(Side::Foil, 66, u32::MAX, 0)).unwrap_err();
    hears(&mut town, Side::Stock, word(Side::Foil, 90, 1, 1)).unwrap().unwrap();
    assert_eq!(town.stock.ledger.agent(Side::Foil), Some(agent(90)));
}

#[test]
fn a_word_that_was_overtaken_is_refused_and_one_that_is_known_changes_nothing() {
    let mut town = Town::new();
    hears(&mut town, Side::Stock, word(Side::Foil, 90, 3, 0)).unwrap().unwrap();
    let before = town.stock.ledger.clone();
    hears(&mut town, Side::Stock, word(Side::Foil, 90, 3, 0)).unwrap().unwrap();
    assert_eq!(town.stock.ledger, before);
    for counter in 1..=3 {
        let refused = hears(&mut town, Side::Stock, word(Side::Foil, 91, counter, 0)).unwrap();
        assert_eq!(refused, Err(Refusal::StaleMove { by: Side::Foil, in_force: 3 }));
    }
    for counter in 4..40 {
        hears(&mut town, Side::Stock, word(Side::Foil, 92, counter, 0)).unwrap().unwrap();
    }
    assert_eq!(town.stock.ledger.all_moved(Side::Foil).len(), MAX_MOVED, "bounded");
    let text = serde_json::to_string(&town.stock.ledger).unwrap();
    let read: protocol::ledger::Ledger = serde_json::from_str(&text).unwrap();
    assert_eq!(read.moved(Side::Foil), town.stock.ledger.moved(Side::Foil), "kept");
}

#[test]
fn a_half_that_waits_for_its_partner_hears_who_speaks_for_it() {
    for half in Side::BOTH {
        let mut town = Town::new();
        let question = Some(protocol::Hash::from_bytes([7; 32]));
        let back = town.half(half).ledger.went_back(question);
        town.half_mut(half).ledger = back;
        for by in Side::BOTH {
            hears(&mut town, half, word(by, 90 + by as u8, 1, 0)).unwrap().unwrap();
            assert_eq!(town.half(half).ledger.agent(by), Some(agent(90 + by as u8)));
        }
        assert_eq!(town.half(half).ledger.waiting().partner, question, "it still waits");
    }
}

proptest! {
    /// Whatever words come in whatever order, doubled or not: both halves follow the same agent in the end.
    #[test]
    fn the_highest_counter_holds_at_both_halves(
        words in proptest::collection::vec((0_u8..5, 1_u32..6), 1..12),
        order in any::<prop::sample::Index>(),
    ) {
        // A user signs each counter once.
        let mut signed: Vec<Moved> = Vec::new();
        for (to, counter) in words {
            if !signed.iter().any(|word| word.counter.get() == counter) {
                signed.push(word(Side::Foil, 80 + to, counter, 0));
            }
        }
        let mut turned = signed.clone();
        turned.rotate_left(order.index(signed.len()));
        let highest = signed.iter().max_by_key(|word| word.counter).unwrap().agent;
        for words in [signed, turned] {
            let mut town = Town::new();
            for word in words {
                let _ = hears(&mut town, Side::Stock, word).unwrap();
            }
            prop_assert_eq!(town.stock.ledger.agent(Side::Foil), Some(highest));
        }
    }
}

#[test]
fn it_is_a_record_like_all_others() {
    let word = word(Side::Stock, 90, 1, 0);
    let text = word.to_text().unwrap();
    assert_eq!(Moved::read(text.as_str().as_bytes()).unwrap(), word);
    Verified::check(word, &key_of(Side::Stock, 0).public_key()).unwrap();
}

/// Somebody asks for another key in a user's name, the partner consents, and the agent in the signed tally
/// witnesses the claim: what then stands at the partner's half.
fn claimed_by_the_agent_of_before(town: &mut Town, by: Side) {
    let thief = SecretKey::ed25519(&[77; 32]);
    let asked = request(by, id(30), town.asked(by), &thief);
    let partner = by.other();
    town.world.keep(asked.clone());
    town.world.input(partner, Input::Recover(vec![asked.clone()])).unwrap();
    town.consents(partner, id(31), asked.hash()).unwrap();
    let chit = about(by, id(33), claim(asked.hash())).with_key(Some(thief.public_key().name()));
    let chit = chit.signed(&thief).unwrap().witnessed(&keyed::agent()).unwrap();
    let good = town.half(partner).ledger.prove(chit).unwrap();
    town.world.keep(good.clone());
    town.world.input(partner, Input::Recover(vec![good])).unwrap();
    town.settles();
}

#[test]
fn an_agent_of_before_witnesses_nothing_above_what_the_user_rests_on() {
    for by in Side::BOTH {
        let mut town = Town::new();
        town.writes(payment(by, id(1), 700)).unwrap();
        town.settles();
        let head = Some(town.half(by).ledger.head());
        let word = Moved { head, sign: None, ..word(by, 90, 1, 0) }.signed(&key_of(by, 0)).unwrap();
        for half in Side::BOTH {
            hears(&mut town, half, word).unwrap().unwrap();
        }
        claimed_by_the_agent_of_before(&mut town, by);
        for half in Side::BOTH {
            let now = town.half(half).ledger.key(by);
            assert_eq!(now, Some(&key_of(by, 0).public_key()), "the user has its key still");
        }
    }
}

#[test]
fn what_an_agent_witnessed_before_it_was_replaced_still_counts_at_a_rebuilt_half() {
    for by in Side::BOTH {
        for lost in Side::BOTH {
            let mut town = Town::new();
            town.writes(payment(by, id(1), 700)).unwrap();
            town.settles();
            claimed_by_the_agent_of_before(&mut town, by);
            let thief = SecretKey::ed25519(&[77; 32]);
            let claimed = Some(thief.public_key());
            assert_eq!(town.half(by).ledger.key(by).copied(), claimed);
            let (head, key) = (Some(town.half(by).ledger.head()), Some(thief.public_key().name()));
            let word =
                Moved { head, key, sign: None, ..word(by, 90, 1, 0) }.signed(&thief).unwrap();
            for half in Side::BOTH {
                hears(&mut town, half, word).unwrap().unwrap();
            }
            let before = town.half(lost).ledger.clone();
            *town.half_mut(lost) = Half::new(lost);
            town.world.input(lost, Input::Compare).unwrap();
            town.settles();
            assert_eq!(town.half(lost).ledger.key(by).copied(), claimed);
            hears(&mut town, lost, word).unwrap().unwrap();
            assert_eq!(town.half(lost).ledger.agent(by), before.agent(by));
        }
    }
}
