//! Reads as values: what each caller may see, and that questions, answers and commands are the same
//! after a way as JSON.

use protocol::cert::Type;
use protocol::record::Record;
use protocol::request::{Body, Request};
use protocol::{Side, Verified};
use serde::Serialize;
use serde::de::DeserializeOwned;
use site::{Caller, Class, Command, Found, MAX_ROWS, Query, Site, SiteError, Wish};
use store::{Store, UserKind};

use crate::town::{Town, chit_id, cuid, draft, on_every_store, tally_id, user};

on_every_store! {
    each_caller_sees_what_is_its_own,
    answers_are_the_same_after_a_way_as_json,
    a_period_opens_with_what_was_before,
    pages_of_doctor_add_up,
    a_request_proves_who_asks,
}

/// Every question about a user's rows.
fn about(name: &str) -> Vec<Query> {
    let (user, tally) = (cuid(name), tally_id());
    let [from, until] =
        ["2026-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z"].map(|date| date.parse().unwrap());
    let all = (None, None, None, 10);
    vec![
        Query::User { user: user.clone() },
        Query::Tallies {
            user: Some(user.clone()),
            status: all.0,
            partner: all.1,
            after: all.2,
            limit: all.3,
        },
        Query::Tally { user: user.clone(), tally },
        Query::History { user: user.clone(), tally, before: None, limit: 10 },
        Query::Period { user: user.clone(), tally, from, until, after: 0, limit: 10 },
        Query::Governing { user: user.clone(), tally },
        Query::Invoices { user: user.clone(), tally },
        Query::ToOffer { user, tally, draft: Box::new(draft()) },
    ]
}

fn of_the_site() -> [Query; 3] {
    [
        Query::Status,
        Query::Users { after: None, limit: MAX_ROWS },
        Query::Doctor { after: None, limit: 10 },
    ]
}

async fn each_caller_sees_what_is_its_own(store: Store) {
    let town = Town::with_tally(store).await;
    town.add("eve", Type::Person).await.unwrap();
    for query in about("bob") {
        let own = town.site.query(&user("bob"), query.clone()).await.unwrap();
        let all = town.site.query(&Caller::Administrator, query.clone()).await.unwrap();
        // What is to be signed has the date of its making.
        if !matches!(query, Query::ToOffer { .. }) {
            assert_eq!(own, all, "{query:?}");
        }
        let other = town.site.query(&user("eve"), query.clone()).await;
        assert!(matches!(other, Err(SiteError::NotAllowed { .. })), "{query:?}: {other:?}");
    }
    for query in of_the_site() {
        assert!(town.site.query(&Caller::Administrator, query.clone()).await.is_ok());
        let other = town.site.query(&user("bob"), query.clone()).await;
        assert!(matches!(other, Err(SiteError::NotAllowed { .. })), "{query:?}: {other:?}");
    }
    let all = |caller| {
        let query =
            Query::Tallies { user: None, status: None, partner: None, after: None, limit: 10 };
        let site = town.site.clone();
        async move {
            let Found::Tallies(found) = site.query(&caller, query).await.unwrap() else {
                panic!("another answer")
            };
            found.len()
        }
    };
    assert_eq!(all(Caller::Administrator).await, 2, "both halves");
    assert_eq!((all(user("bob")).await, all(user("eve")).await), (1, 0));
    assert!(town.site.query(&user("eve"), Query::Contracts).await.is_ok());
}

#[track_caller]
fn same<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
}

async fn answers_are_the_same_after_a_way_as_json(store: Store) {
    let town = Town::with_tally(store).await;
    town.pay("bob", Side::Foil, 1, 5_000).await.unwrap();
    town.deliver().await;
    let offer = town.site.to_offer(&cuid("bob"), tally_id(), draft()).await.unwrap();
    let offer = offer.signed(Side::Foil, town.key("bob")).unwrap();
    town.wish("bob", Wish::Offer(Box::new(offer))).await.unwrap();
    let mut queries = about("bob");
    queries.extend(of_the_site());
    queries.push(Query::Contracts);
    for query in queries {
        same(&query);
        same(&town.site.query(&Caller::Administrator, query).await.unwrap());
    }
}

async fn a_period_opens_with_what_was_before(store: Store) {
    let town = Town::with_tally(store).await;
    for number in 1..=3 {
        town.pay("bob", Side::Foil, number, 1_000).await.unwrap();
    }
    let date = "2026-11-22T10:00:00.000Z".parse::<protocol::Timestamp>().unwrap();
    let later = date.plus_ms(1).unwrap();
    let ask = |from, until, after| {
        let (user, tally, site) = (cuid("bob"), tally_id(), town.site.clone());
        async move {
            let query = Query::Period { user, tally, from, until, after, limit: 2 };
            match site.query(&Caller::Administrator, query).await.unwrap() {
                Found::Period { opening, entries } => (opening, entries.len()),
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(ask(date, later, 0).await, (0, 2));
    assert_eq!(ask(date, later, 2).await, (0, 1));
    let end = later.plus_ms(1).unwrap();
    assert_eq!(ask(later, end, 0).await, (-3_000, 0));
}

async fn pages_of_doctor_add_up(store: Store) {
    let town = Town::with_tally(store).await;
    town.pay("bob", Side::Foil, 1, 5_000).await.unwrap();
    town.deliver().await;
    let whole = town.site.doctor(&mut |_| {}).await.unwrap();
    let mut parts = site::Doctor::begun();
    let mut after = None;
    loop {
        let page = page(&town.site, after).await;
        after = page.next;
        parts.add(page);
        if after.is_none() {
            break;
        }
        // A payment between two pages is no fault.
        town.pay("bob", Side::Foil, 2, 7_000).await.ok();
        town.deliver().await;
    }
    assert_eq!((whole.ok, whole.tallies, whole.zero_sum.as_str()), (true, 2, "0"));
    assert_eq!((parts.ok, parts.tallies, parts.zero_sum.as_str()), (true, 2, "0"), "{parts:?}");
}

async fn a_request_proves_who_asks(store: Store) {
    let town = Town::new(store).await;
    let good = Request {
        agent: crate::town::agent(),
        cuid: cuid("bob"),
        id: "look".parse().unwrap(),
        date: crate::town::START.parse().unwrap(),
        body: Body::of(&serde_json::json!({ "query": "contracts" })).unwrap(),
        sign: None,
    };
    let signed = |request: Request, name| request.signed(town.key(name)).unwrap();
    let known = town.site.caller(&signed(good.clone(), "bob")).await.unwrap();
    assert_eq!(known, user("bob"));
    let minutes = |minutes: i64| good.date.plus_ms(minutes * 60_000).unwrap();
    let other = protocol::SecretKey::ed25519(&[8; 32]);
    let other = protocol::AgentId::of(&protocol::Signer::public_key(&other)).unwrap();
    for (request, class, word) in [
        (signed(good.clone(), "eve"), Class::Unproved, "proof"),
        (good.clone(), Class::Unproved, "proof"),
        (signed(Request { date: minutes(6), ..good.clone() }, "bob"), Class::Unproved, "date"),
        (signed(Request { date: minutes(-6), ..good.clone() }, "bob"), Class::Unproved, "date"),
        (signed(Request { agent: other, ..good.clone() }, "bob"), Class::Unproved, "other_site"),
        (signed(Request { cuid: cuid("eve"), ..good.clone() }, "eve"), Class::NotFound, "no_user"),
    ] {
        let refused = town.site.caller(&request).await.unwrap_err();
        assert_eq!((refused.class(), refused.word()), (class, word), "{refused}");
    }
}

async fn page(site: &Site, after: Option<i64>) -> site::Examined {
    let query = Query::Doctor { after, limit: 1 };
    match site.query(&Caller::Administrator, query).await.unwrap() {
        Found::Doctor(page) => page,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn commands_are_the_same_after_a_way_as_json_and_prove_nothing_by_it() {
    let town = Town::with_tally(Store::memory()).await;
    let cert = Box::new(town.cert("bob", Type::Person));
    same(&Command::AddUser { kind: UserKind::Person, cert });
    same(&Command::Suspend { cuid: cuid("bob"), suspended: true });
    let mut chit = town.payment("bob", Side::Foil, chit_id(9), 5);
    let write = |chit| {
        let wish = Wish::Write { chit: Box::new(chit), over_limit: false };
        Command::Tally { tally: tally_id(), wish }
    };
    same(&write(chit.clone()));
    same(&Command::Tally { tally: tally_id(), wish: Wish::Recover(vec![chit.clone()]) });
    same(&Command::Tally { tally: tally_id(), wish: Wish::Compare });
    // What was read from JSON is as unproved as what its writer sent.
    let protocol::chit::Entry::Tran { units, .. } = &mut chit.entry else { panic!("a payment") };
    *units = crate::town::units(6).try_into().unwrap();
    let text = serde_json::to_string(&write(chit)).unwrap();
    let forged: Command = serde_json::from_str(&text).unwrap();
    let refused = town.ask(&user("bob"), forged).await.unwrap_err();
    assert!(matches!(refused, SiteError::Signature(_)), "{refused}");
    let contract = include_str!("../../../../contracts/plain-tally.en.json");
    let mut contract = protocol::Contract::read(contract.as_bytes()).unwrap();
    let add = |contract| Command::AddContract { contract: Box::new(contract) };
    same(&add(contract.clone()));
    assert!(Verified::check(contract.clone(), &()).is_ok());
    contract.title = "Another".parse().unwrap();
    let refused = town.ask(&Caller::Administrator, add(contract)).await.unwrap_err();
    assert!(matches!(refused, SiteError::Signature(_)), "{refused}");
}

#[test]
fn unknown_members_and_questions_are_refused() {
    for text in [
        r#""nothing""#,
        r#"{"status":{}}"#,
        r#"{"user":{}}"#,
        r#"{"user":{"user":"bob","more":1}}"#,
        r#"{"history":{"user":"bob","tally":"x","limit":1}}"#,
        r#"{"users":{"limit":-1}}"#,
    ] {
        assert!(serde_json::from_str::<Query>(text).is_err(), "{text}");
    }
    assert!(serde_json::from_str::<Query>(r#"{"users":{"limit":1}}"#).is_ok());
    assert!(serde_json::from_str::<Query>(r#""status""#).is_ok());
}
