//! Whatever is asked of a site as JSON, and whatever one answers: it is read and written the same, or
//! refused with a reason. The examples are the seeds of the fuzz targets, so those stay good too.

use proptest::prelude::*;
use protocol::{Json, JsonError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use site::{Answer, Command, Found, Invitation, Query};

#[path = "../../../protocol/examples/seeds/made.rs"]
#[allow(dead_code, reason = "texts for other readers stand there too")]
mod made;

/// The examples for a target of `fuzz/`.
fn examples(target: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/records.json");
    let records: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let record = |name: &str| {
        let found = records["records"].as_array()?.iter().find(|entry| entry["name"] == name)?;
        serde_json::from_str(found["record"].as_str()?).ok()
    };
    let all = made::seeds(&record).unwrap();
    all.into_iter().find(|(name, _)| *name == target).unwrap().1
}

/// Whether it is one of these; then it is written as something that is read the same.
fn is<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(value: &Json) -> bool {
    let read = match value.read::<T>() {
        Ok(read) => read,
        Err(JsonError::Shape { reason, .. }) => {
            assert!(!reason.is_empty());
            return false;
        }
        Err(other) => panic!("{other}"),
    };
    let text = serde_json::to_vec(&read).unwrap();
    assert_eq!(protocol::json::parse(&text).unwrap().read::<T>().as_ref(), Ok(&read));
    true
}

fn is_asked_or_answered(value: &Json) -> bool {
    [is::<Command>(value), is::<Query>(value), is::<Answer>(value), is::<Found>(value)]
        .contains(&true)
}

fn is_invitation(bytes: &[u8]) -> bool {
    let Ok(invitation) = Invitation::read(bytes) else { return false };
    let text = invitation.to_text().unwrap();
    assert_eq!(Invitation::read(text.as_bytes()).as_ref(), Ok(&invitation));
    let mirrored = Invitation { draft: invitation.mirrored(), ..invitation.clone() };
    assert_eq!(mirrored.mirrored(), invitation.draft);
    true
}

#[test]
fn every_example_is_read() {
    for example in examples("asked") {
        assert!(is_asked_or_answered(&Json::of(&example).unwrap()), "{example}");
    }
    for example in examples("invitation") {
        assert!(is_invitation(example.to_string().as_bytes()), "{example}");
    }
}

/// A value that may stand where another was expected.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("\u{202e}evil")),
        any::<i32>().prop_map(Value::from),
        Just(json!((1_i64 << 53) - 1)),
        Just(json!("x".repeat(40_000))),
        Just(json!(vec![json!({}); 1_000])),
    ]
}

/// Every place inside a value, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, v)| places(v, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

fn spoilt(target: &str) -> impl Strategy<Value = Value> {
    let examples = prop::sample::select(examples(target));
    let more = prop::option::of(prop::sample::select(vec!["x", "kind", "tally", "limit"]));
    (examples, any::<prop::sample::Index>(), odd(), more).prop_map(|(mut value, at, odd, more)| {
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let at: &String = at.get(&all);
        let place = value.pointer_mut(at).unwrap();
        match (place, more) {
            (Value::Object(members), Some(name)) => drop(members.insert(name.to_owned(), odd)),
            (place, _) => *place = odd,
        }
        value
    })
}

proptest! {
    #[test]
    fn what_was_spoilt_is_read_or_refused(value in spoilt("asked")) {
        is_asked_or_answered(&Json::of(&value).unwrap());
    }

    #[test]
    fn a_spoilt_invitation_is_read_or_refused(value in spoilt("invitation")) {
        is_invitation(value.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_an_invitation_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!Invitation::read(&bytes).unwrap_err().to_string().is_empty());
    }
}
