//! Bodies whatever they are: refused as the sender's fault, with a word, and the site goes on.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use protocol::request::Body;
use serde_json::{Value, json};

use crate::town::{Town, agent, request, run, tally_id};

/// How many bodies of each kind are sent.
const BODIES: usize = 64;

fn value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "query", "command", "id", "tally", "user", "write", "chit", "wish", "limit", "status",
        "clear",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        Just(json!(tally_id())),
        Just(json!(agent())),
    ];
    leaf.prop_recursive(4, 16, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn no_body_is_the_sites_own_fault() {
    run(async {
        let town = Town::new().await;
        let mut runner = TestRunner::deterministic();
        let bytes = prop::collection::vec(any::<u8>(), 0..200);
        for number in 0..BODIES {
            let value = value().new_tree(&mut runner).unwrap().current();
            let bytes = bytes.new_tree(&mut runner).unwrap().current();
            let name = format!("any-{number}");
            let plain = json!({ "id": name, "command": value }).to_string().into_bytes();
            let asked = json!({ "query": value }).to_string().into_bytes();
            // What a user signed may be anything too.
            let signed = match Body::of(&value) {
                Ok(body) => request(|request| request.body = body, "bob"),
                Err(_) => request(|request| request.body = Body::of(&json!({})).unwrap(), "bob"),
            };
            let bodies = [bytes, value.to_string().into_bytes(), plain, asked, signed];
            for (body, path) in bodies
                .iter()
                .flat_map(|body| [(body, "/v1/command"), (body, "/v1/query"), (body, "/v1/post")])
            {
                for proved in [false, true] {
                    let (status, word) = town.raw("POST", path, body.clone(), proved).await;
                    let what = String::from_utf8_lossy(body);
                    let good = status == 200 && word.is_empty();
                    let refused = (400..500).contains(&status) && !word.is_empty();
                    assert!(good || refused, "{path}: {status} {word} for {what}");
                }
            }
        }
        assert_eq!(town.raw("GET", "/status", "", true).await.0, 200);
        assert_eq!(town.balance("bob").await, 0);
    });
}
