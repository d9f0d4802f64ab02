//! Every reason for which the API does nothing, by its word and status code.

use protocol::record::Record;
use protocol::request::Body;
use serde_json::json;
use site::{Command, Query, Wish};

use crate::town::{Town, cuid, payment, request, run, settings, tally_id, word};

#[test]
fn who_asks_must_prove_it() {
    run(async {
        let town = Town::new().await;
        let ask = |bytes: Vec<u8>| town.raw("POST", "/v1/query", bytes, false);
        let told = |status, word: &str| (status, word.to_owned());
        assert_eq!(ask(request(|_| {}, "bob")).await, told(200, ""));
        assert_eq!(ask(request(|_| {}, "ann")).await, told(401, "proof"), "another's signature");
        let changed = String::from_utf8(request(|_| {}, "bob")).unwrap().replace("seen", "sees");
        assert_eq!(
            ask(changed.into_bytes()).await,
            told(401, "proof"),
            "a signature of other words"
        );
        let unsigned = {
            let text = String::from_utf8(request(|_| {}, "bob")).unwrap();
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
            value.as_object_mut().unwrap().remove("sign");
            value.to_string().into_bytes()
        };
        assert_eq!(ask(unsigned).await, told(401, "proof"), "no signature");
        let unknown = request(|request| request.cuid = cuid("eve"), "eve");
        assert_eq!(ask(unknown).await, told(404, "no_user"));
        let minutes = |minutes: i64| {
            let bytes = request(
                |request| request.date = request.date.plus_ms(minutes * 60_000).unwrap(),
                "bob",
            );
            ask(bytes)
        };
        assert_eq!(minutes(-6).await, told(401, "date"));
        assert_eq!(minutes(6).await, told(401, "date"));
        assert_eq!((minutes(-4).await.0, minutes(4).await.0), (200, 200));
        let other = protocol::AgentId::of(&protocol::Signer::public_key(
            &protocol::SecretKey::ed25519(&[8; 32]),
        ));
        let other = request(|request| request.agent = other.unwrap(), "bob");
        assert_eq!(ask(other).await, told(401, "other_site"));
    });
}

#[test]
fn only_the_right_token_makes_an_administrator() {
    run(async {
        let town = Town::new().await;
        let query = r#"{"query":"status"}"#;
        assert_eq!(town.raw("POST", "/v1/query", query, true).await.0, 200);
        assert_eq!(town.raw("GET", "/status", "", true).await.0, 200);
        assert_eq!(town.raw("GET", "/status", "", false).await, (401, "token".to_owned()));
        assert_eq!(town.raw("POST", "/v1/post", "", false).await, (401, "token".to_owned()));
        for token in [[6; 32], [0; 32]] {
            let token = api::Token::from_bytes(token);
            let other = api::Client::new(town.address, Some(token));
            assert_eq!(word(other.query(Query::Status).await), "token");
            assert_eq!(word(other.deliver().await), "token");
        }
        // Without a token it is no request of a user's either.
        assert_eq!(town.raw("POST", "/v1/query", query, false).await, (400, "body".to_owned()));
    });
}

#[test]
fn what_is_no_question_is_refused_before_anything_is_done() {
    run(async {
        let town = Town::new().await;
        let ask = |body: String| town.raw("POST", "/v1/query", body, true);
        let told = |word: &str| (400, word.to_owned());
        assert_eq!(ask("{".to_owned()).await, told("body"));
        assert_eq!(ask(String::new()).await, told("body"));
        assert_eq!(ask(r#"{"query":"nothing"}"#.to_owned()).await, told("body"));
        assert_eq!(ask(r#"{"query":"status","query":"status"}"#.to_owned()).await, told("body"));
        assert_eq!(ask(r#"{"query":"status","more":1}"#.to_owned()).await, told("body"));
        assert_eq!(ask(r#"{"query":{"users":{"limit":1.5}}}"#.to_owned()).await, told("body"));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(ask(deep).await, told("body"));
        let huge = format!(r#"{{"query":"{}"}}"#, "x".repeat(300_000));
        assert_eq!(ask(huge).await, (413, "too_large".to_owned()));
        let command = r#"{"id":"x","command":{"suspend":{"cuid":"bob","suspended":true}}}"#;
        assert_eq!(ask(command.to_owned()).await, told("body"));
        assert_eq!(town.raw("POST", "/v1/command", r#"{"query":"status"}"#, true).await.0, 400);
        let unnamed = r#"{"command":{"suspend":{"cuid":"bob","suspended":true}}}"#;
        assert_eq!(town.raw("POST", "/v1/command", unnamed, true).await, told("body"));
        let mine = request(
            |request| {
                let body = json!({ "command": "nothing" });
                request.body = Body::of(&body).unwrap();
            },
            "bob",
        );
        assert_eq!(town.raw("POST", "/v1/command", mine, false).await, told("body"));
        assert_eq!(town.raw("GET", "/nowhere", "", true).await, (404, "no_path".to_owned()));
        assert_eq!(town.raw("GET", "/v1/query", "", true).await, (405, "no_method".to_owned()));
        assert_eq!(town.raw("DELETE", "/health", "", true).await, (405, "no_method".to_owned()));
        let many = format!(r#"{{"id":"{}","command":"x"}}"#, "x".repeat(101));
        assert_eq!(town.raw("POST", "/v1/command", many, true).await.0, 400);
        // Nothing of all this was done.
        town.wish("bob", payment("bob", 1, 1_000)).await.unwrap();
    });
}

#[test]
fn what_a_site_refuses_keeps_its_word() {
    run(async {
        let town = Town::new().await;
        let status = Query::Status;
        assert_eq!(word(town.query("bob", status).await), "not_allowed");
        let others = Query::Tally { user: cuid("ann"), tally: tally_id() };
        assert_eq!(word(town.query("bob", others).await), "not_allowed");
        let suspend = |suspended| Command::Suspend { cuid: cuid("bob"), suspended };
        let another = Command::Suspend { cuid: cuid("ann"), suspended: true };
        assert_eq!(word(town.ask("bob", another).await), "not_allowed");
        assert_eq!(word(town.ask("bob", suspend(false)).await), "not_allowed");
        let unknown = protocol::TallyId::random([8; 16]);
        let none = Query::Tally { user: cuid("bob"), tally: unknown };
        assert_eq!(word(town.query("bob", none).await), "no_tally");
        let ask = Command::Tally { tally: unknown, wish: Wish::Compare };
        assert_eq!(word(town.ask("bob", ask).await), "no_tally");
        let refuse = Wish::Refuse { offer: protocol::Hash::of(b""), reason: None };
        assert_eq!(word(town.wish("bob", refuse).await), "not_now");
        // Ann's chit, brought by Bob.
        assert!(town.wish("bob", payment("ann", 9, 1_000)).await.is_err());
        let Wish::Write { mut chit, over_limit } = payment("bob", 9, 1_000) else { panic!() };
        chit.uuid = protocol::ChitId::random([10; 16]);
        assert_eq!(word(town.wish("bob", Wish::Write { chit, over_limit }).await), "signature");
        town.wish("bob", payment("bob", 1, 1_000)).await.unwrap();
        let again = town.wish("bob", payment("bob", 1, 2_000)).await;
        assert_eq!(word(again), "name_taken", "a uuid that is taken");
        assert_eq!(word(town.wish("bob", payment("bob", 2, 100_000)).await), "over_limit");
        town.wish("bob", settings("bob", 3, 2)).await.unwrap();
        assert_eq!(word(town.wish("bob", settings("bob", 4, 1)).await), "stale_settings");
        town.client.administer("suspend", suspend(true)).await.unwrap();
        assert_eq!(word(town.wish("bob", payment("bob", 5, 1_000)).await), "suspended");
        assert!(town.sees("bob").await.is_ok(), "a suspended user may look");
        town.client.administer("resume", suspend(false)).await.unwrap();
        assert_eq!(town.balance("bob").await, -1_000);
    });
}

#[test]
fn refusals_have_the_same_form_and_status() {
    run(async {
        let town = Town::new().await;
        let body = request(|_| {}, "ann");
        let (status, body) =
            town.client.send(http("POST"), "/v1/query", body, false).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 401);
        assert_eq!(
            told,
            json!({
                "error": "proof",
                "reason": "the request is not signed with the key that user bob has here"
            })
        );
        let write = |wish| {
            let body = json!({ "command": Command::Tally { tally: tally_id(), wish } });
            request(|request| request.body = Body::of(&body).unwrap(), "bob")
        };
        let over = write(payment("bob", 1, 200_000));
        let (status, word) = town.raw("POST", "/v1/command", over, false).await;
        assert_eq!((status, word.as_str()), (409, "over_limit"));
        assert!(protocol::request::Request::read(&write(payment("bob", 1, 1))).is_ok());
    });
}

fn http(method: &str) -> hyper::Method {
    method.parse().unwrap()
}
