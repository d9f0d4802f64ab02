//! Errands, by chance: what one agent sends another besides notes, and how each is told from the others.

use std::cmp::Ordering;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use protocol::bounded::List;
use protocol::errand::{
    About, Ask, Compose, Composed, Drawn, Errand, ErrandFault, Expect, Expected, Laid, Meet,
};
use protocol::lift::{Authorisation, Evidence, Leg, Legs, Reason, Tree};
use protocol::proof::Proof;
use protocol::{AgentId, Hash, PayNumber, Record, SecretKey, Signer as _, TallyId, Timestamp};

use crate::lift_records::{any_promise, any_refused};
use crate::people::{
    any_authorisation, any_certificate, any_chit, any_contradiction, any_leg, any_lift, hash, list,
    positive,
};
use crate::query::{any_advert, any_answer, any_query};
use crate::some::{self, secret_key};

pub(crate) fn any_ask() -> impl Strategy<Value = Ask> {
    let evidence = prop_oneof![
        vec(any_promise(), 1..3).prop_map(|promises| Evidence::Promises(list(promises))),
        any_refused().prop_map(Evidence::Refused),
    ];
    (any_lift(), option::of(evidence)).prop_map(|(lift, evidence)| Ask::new(lift, evidence))
}

pub(crate) fn any_compose() -> impl Strategy<Value = Compose> {
    (hash(), hash(), 1..1_i64 << 53, 1..1_i64 << 53).prop_map(|(token, nonce, amount, most)| {
        Compose { token, nonce, amount: positive(amount), most: positive(most) }
    })
}

pub(crate) fn any_expect() -> impl Strategy<Value = Expect> {
    (hash(), hash()).prop_map(|(nonce, payment)| Expect { nonce, payment })
}

pub(crate) fn any_expected() -> impl Strategy<Value = Expected> {
    (hash(), hash(), vec(secret_key(), 0..4), secret_key()).prop_map(
        |(nonce, payment, keys, agent)| {
            let keys = list(keys.iter().map(protocol::Signer::public_key).collect());
            Expected { nonce, payment, keys, sign: None }.signed(&agent).unwrap()
        },
    )
}

pub(crate) fn any_meet() -> impl Strategy<Value = Meet> {
    let expires = (0..1_i64 << 42).prop_map(|ms| Timestamp::from_ms(ms).unwrap());
    (some::cuid(), 1..1_i64 << 53, expires, hash(), any::<u8>()).prop_map(
        |(payee, units, expires, number, attempt)| {
            let number = PayNumber::of(&number);
            Meet { payee, units: positive(units), expires, number, attempt }
        },
    )
}

fn any_laid() -> impl Strategy<Value = Laid> {
    let keys = vec(secret_key(), 1..4);
    (1..1_i64 << 53, keys, btree_set(hash(), 1..4)).prop_map(|(enters, keys, branches)| {
        let mut keys: Vec<_> = keys.iter().map(protocol::Signer::public_key).collect();
        keys.sort_unstable();
        keys.dedup();
        Laid {
            enters: positive(enters),
            participants: list(keys),
            branches: list(branches.into_iter().collect()),
        }
    })
}

pub(crate) fn any_composed() -> impl Strategy<Value = Composed> {
    let refused = any_refused().prop_map(|refused| Drawn::Refused(refused.reason));
    let drawn = prop_oneof![any_laid().prop_map(Drawn::Laid), refused];
    (hash(), hash(), drawn).prop_map(|(token, nonce, drawn)| Composed { token, nonce, drawn })
}

/// A record read as an errand is that errand, is about what its kind is about, and is written as the record is.
fn is_read<R: Record + Clone>(
    record: &R,
    errand: impl Fn(Box<R>) -> Errand,
    about: About,
) -> TestCaseResult {
    let text = record.to_text().unwrap();
    let read = Errand::read(text.as_bytes()).map_err(|e| TestCaseError::fail(e.to_string()))?;
    prop_assert_eq!(&read, &errand(Box::new(record.clone())));
    prop_assert_eq!((read.about(), read.word()), (about, R::KIND));
    prop_assert_eq!(read.to_text().unwrap(), text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The word of the payee's site is for one nonce and one payment, and for lifts that one of its keys takes part in.
    #[test]
    fn what_is_expected_is_said_of_one_lift_only(
        lift in any_lift(), expected in any_expected(), at: prop::sample::Index, other in hash(),
    ) {
        prop_assume!(!lift.participants.is_empty());
        let key = lift.participants[at.index(lift.participants.len())];
        let lift = protocol::Lift { payment: Some(expected.payment), ..lift };
        let lift = protocol::Lift { nonce: expected.nonce, ..lift };
        prop_assert!(!expected.takes_part(&lift), "by keys that are not in it");
        let said = Expected { keys: list(vec![key]), ..expected };
        prop_assert!(said.takes_part(&lift));
        let others = [
            protocol::Lift { nonce: other, ..lift.clone() },
            protocol::Lift { payment: Some(other), ..lift.clone() },
            protocol::Lift { payment: None, ..lift },
        ];
        prop_assert!(others.iter().all(|other| !said.takes_part(other)));
    }

    /// Nobody but the payee's own agent says where a payment ends.
    #[test]
    fn what_is_expected_is_proved_by_the_payees_agent_alone(
        lift in any_lift(), expected in any_expected(), at: prop::sample::Index,
        [payee, other] in any::<[[u8; 32]; 2]>(),
    ) {
        prop_assume!(!lift.participants.is_empty() && payee != other);
        let key = lift.participants[at.index(lift.participants.len())];
        let (nonce, payment) = (expected.nonce, Some(expected.payment));
        let lift = protocol::Lift { nonce, payment, ..lift };
        let [payee, other] = [payee, other].map(|seed| SecretKey::ed25519(&seed));
        let agent = AgentId::of(&payee.public_key()).unwrap();
        let said = |keys, by| Expected { keys: list(keys), ..expected.clone() }.signed(by).unwrap();
        prop_assert!(said(vec![key], &payee).proves_part(&lift, &agent));
        prop_assert!(!said(vec![key], &other).proves_part(&lift, &agent));
        prop_assert!(!said(vec![], &payee).proves_part(&lift, &agent));
    }

    /// What a payer signed is compared with all legs together.
    #[test]
    fn what_was_signed_is_for_all_parts_together(
        signed in any_authorisation(), legs in vec(any_leg(), 2..9), milli in vec(1..1_000_i64, 9),
    ) {
        let units = milli.iter().map(|milli| positive(*milli));
        let legs: Vec<Leg> = legs.into_iter().zip(units).map(|(leg, units)| Leg { units, ..leg }).collect();
        let sum = positive(milli.iter().take(legs.len()).sum());
        let signed = Authorisation { units: sum, most: sum, ..signed };
        let (less, more) = (&legs[1..], legs.iter().chain(&legs[..1]));
        prop_assert!(signed.allows(&legs) && signed.allows(less) && !signed.allows(more.clone()));
        let compared = [signed.compare(less), signed.compare(&legs), signed.compare(more)];
        prop_assert_eq!(compared, [Ordering::Less, Ordering::Equal, Ordering::Greater]);
    }

    #[test]
    fn each_errand_of_ways_is_read_as_what_it_is(
        query in any_query(), answer in any_answer(), advert in any_advert(),
        compose in any_compose(), composed in any_composed(),
    ) {
        is_read(&query, Errand::Query, About::Ways)?;
        is_read(&answer, Errand::Answer, About::Ways)?;
        is_read(&advert, Errand::Advert, About::Ways)?;
        is_read(&compose, Errand::Compose, About::Ways)?;
        is_read(&composed, Errand::Composed, About::Ways)?;
    }

    #[test]
    fn each_errand_about_a_lift_is_read_as_what_it_is(
        ask in any_ask(), authorisation in any_authorisation(), certificate in any_certificate(),
        lift in any_lift(), promises in vec(any_promise(), 0..3), refused in option::of(any_refused()),
        meet in any_meet(), expect in any_expect(), expected in any_expected(), both in any_contradiction(),
    ) {
        let telling = protocol::referee::Telling {
            lift, messages: List::default(), promises: list(promises), refused, late: List::default(),
        };
        is_read(&ask, Errand::Ask, About::Lift)?;
        is_read(&authorisation, Errand::Authorisation, About::Lift)?;
        is_read(&certificate, Errand::Certificate, About::Lift)?;
        is_read(&telling, Errand::Telling, About::Lift)?;
        is_read(&meet, Errand::Meet, About::Lift)?;
        is_read(&expect, Errand::Expect, About::Lift)?;
        is_read(&expected, Errand::Expected, About::Lift)?;
        let proof = |both| Errand::Proof(Proof::Contradiction(both));
        is_read(&both, proof, About::Lift)?;
    }

    /// What changes a half is never sent as an errand, which is answered by nobody who keeps anything.
    #[test]
    fn other_records_are_no_errands(chit in any_chit(), promise in any_promise()) {
        for (text, kind) in [(chit.to_text(), "chit"), (promise.to_text(), "promise")] {
            let read = Errand::read(text.unwrap().as_bytes());
            prop_assert_eq!(read, Err(ErrandFault::Kind(kind.to_owned())));
        }
    }

    #[test]
    fn any_bytes_give_an_errand_or_a_reason(bytes in vec(any::<u8>(), 0..200)) {
        if let Err(fault) = Errand::read(&bytes) {
            prop_assert!(!fault.to_string().is_empty());
        }
    }

    /// What a question brings is what was known; a refusal is enough, whatever else is there.
    #[test]
    fn a_question_brings_what_is_known(ask in any_ask(), refused in any_refused()) {
        let again = Ask::new(ask.lift.clone(), ask.evidence());
        prop_assert_eq!(&again, &ask);
        let both = Ask { refused: Some(refused), ..ask };
        prop_assert_eq!(both.evidence(), Some(Evidence::Refused(refused)));
    }

    #[test]
    fn keys_and_leaves_are_in_order_each_once_and_never_none(laid in any_laid()) {
        prop_assert!(laid.is_in_order());
        let none = Laid { participants: List::default(), ..laid.clone() };
        prop_assert!(!none.is_in_order());
        let none = Laid { branches: List::default(), ..laid.clone() };
        prop_assert!(!none.is_in_order());
        let twice = [laid.branches.to_vec(), vec![laid.branches[laid.branches.len() - 1]]].concat();
        let twice = Laid { branches: list(twice), ..laid.clone() };
        prop_assert!(!twice.is_in_order());
        let keys = [laid.participants.to_vec(), vec![laid.participants[0]]].concat();
        let twice = Laid { participants: list(keys), ..laid };
        prop_assert!(!twice.is_in_order());
    }

    /// A leg inside a site, whose tree is one leaf of its lift's, is in the lift by both ways together.
    #[test]
    fn a_tree_in_a_tree_is_one_way(
        legs in vec(any_leg(), 1..12), others in vec(hash(), 0..12), salt in hash(),
    ) {
        let mut legs = legs;
        for (number, leg) in legs.iter_mut().enumerate() {
            leg.tally = TallyId::random([u8::try_from(number).unwrap(); 16]);
        }
        let inner = Legs::new(legs, Some(salt)).unwrap();
        let outer = Tree::new([others, vec![inner.root()]].concat()).unwrap();
        let on = outer.way(outer.place(&inner.root()).unwrap());
        for (leg, way) in inner.with_ways() {
            let whole = way.then(&on).unwrap();
            prop_assert_eq!(whole.root(leg, Some(salt)).unwrap(), outer.root());
            prop_assert_eq!(whole.turns().len(), way.turns().len() + on.turns().len());
        }
    }
}

#[test]
fn a_way_is_no_longer_than_the_highest_tree() {
    let way = |turns: usize| {
        let turns = vec![serde_json::json!({ "left": Hash::of(b"beside") }); turns];
        serde_json::from_value::<protocol::lift::Way>(serde_json::Value::from(turns)).unwrap()
    };
    assert_eq!(way(12).then(&way(12)).unwrap().turns().len(), protocol::lift::MAX_TURNS);
    assert!(way(12).then(&way(13)).is_err());
}

#[test]
fn what_is_answered_says_why_not_in_the_words_of_refusals() {
    let (token, nonce) = (Hash::of(b"token"), Hash::of(b"nonce"));
    let text = |drawn| Composed { token, nonce, drawn }.to_text().unwrap().to_string();
    assert!(text(Drawn::Refused(Reason::Busy)).contains(r#""drawn":{"refused":"busy"}"#));
    let other = text(Drawn::Refused(Reason::Busy)).replace("busy", "idle");
    assert!(Composed::read(other.as_bytes()).is_err());
    // Nothing arrives, or nothing may come in: no question.
    let compose = Compose { token, nonce, amount: positive(1), most: positive(2) };
    let none = compose.to_text().unwrap().as_str().replace(r#""amount":1"#, r#""amount":0"#);
    assert!(Compose::read(none.as_bytes()).is_err());
}
