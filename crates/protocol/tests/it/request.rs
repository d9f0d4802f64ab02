//! Requests: read strictly, signed as a whole.

use proptest::prelude::*;
use protocol::record::Record;
use protocol::request::{Body, Request};
use protocol::{AgentId, JsonError, SecretKey, SignatureFault, Signer, Verified};
use serde_json::{Value, json};

fn agent(seed: u8) -> AgentId {
    AgentId::of(&SecretKey::ed25519(&[seed; 32]).public_key()).unwrap()
}

fn request(body: &Value) -> Request {
    Request {
        agent: agent(9),
        cuid: "ann".parse().unwrap(),
        id: "pay-17".parse().unwrap(),
        date: "2026-11-22T09:00:00.000Z".parse().unwrap(),
        body: Body::of(body).unwrap(),
        sign: None,
    }
}

#[test]
fn a_request_has_one_text() {
    let text = request(&json!({ "query": { "user": { "user": "ann" } }, "none": null }));
    let text = text.canonical().unwrap().to_string();
    assert_eq!(
        text,
        format!(
            concat!(
                r#"{{"agent":"{}","body":{{"query":{{"user":{{"user":"ann"}}}}}},"cuid":"ann","#,
                r#""date":"2026-11-22T09:00:00.000Z","id":"pay-17","kind":"request","v":1}}"#
            ),
            agent(9)
        )
    );
}

#[test]
fn every_member_is_signed() {
    let key = SecretKey::p256(&[3; 32]).unwrap();
    let signed = request(&json!({ "query": "contracts" })).signed(&key).unwrap();
    let public = key.public_key();
    assert!(Verified::check(signed.clone(), &public).is_ok());
    let wrong = SignatureFault::Wrong { by: "the user" };
    let later = "2026-11-22T09:00:00.001Z".parse().unwrap();
    for other in [
        Request { agent: agent(8), ..signed.clone() },
        Request { cuid: "bob".parse().unwrap(), ..signed.clone() },
        Request { id: "pay-18".parse().unwrap(), ..signed.clone() },
        Request { date: later, ..signed.clone() },
        Request { body: Body::of(&json!({ "query": "status" })).unwrap(), ..signed.clone() },
    ] {
        assert_eq!(Verified::check(other, &public), Err(wrong.clone()));
    }
    let other = SecretKey::p256(&[4; 32]).unwrap().public_key();
    assert_eq!(Verified::check(signed.clone(), &other), Err(wrong));
    let none = Request { sign: None, ..signed };
    let missing = SignatureFault::Missing { by: "the user" };
    assert_eq!(Verified::check(none, &public), Err(missing));
}

#[test]
fn what_is_no_request_is_refused() {
    let good = request(&json!({ "query": "contracts" })).to_text().unwrap().to_string();
    assert!(Request::read(good.as_bytes()).is_ok());
    for (from, to) in [
        (r#""kind":"request""#, r#""kind":"chit""#),
        (r#""v":1"#, r#""v":2"#),
        (r#"{"query":"contracts"}"#, r#""contracts""#),
        (r#"{"query":"contracts"}"#, r#"{"query":1.5}"#),
        (r#""id":"pay-17""#, r#""id":"""#),
        (r#""cuid":"ann""#, r#""cuid":"Ann!""#),
        (r#""cuid":"ann""#, r#""cuid":"ann","more":1"#),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(Request::read(bad.as_bytes()).is_err(), "{bad}");
    }
    let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
    let bad = good.replace(r#"{"query":"contracts"}"#, &deep);
    assert!(matches!(Request::read(bad.as_bytes()), Err(JsonError::TooDeep { .. })));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z \"\\\\é]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_asked_is_read_as_it_was_written(
        members in prop::collection::btree_map("[a-z]{1,3}", value(), 0..4)
    ) {
        let written = request(&Value::Object(members.into_iter().collect()));
        let text = written.to_text().unwrap();
        let read = Request::read(text.as_bytes()).unwrap();
        prop_assert_eq!(read.canonical().unwrap(), written.canonical().unwrap());
        prop_assert_eq!(read, written);
    }

    #[test]
    fn any_bytes_give_a_request_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Request::read(&bytes);
    }
}
