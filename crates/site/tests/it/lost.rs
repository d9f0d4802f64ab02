//! Keys that end, and keys that are lost: the user at the site, its partner, and who would like to be
//! the user.

use std::sync::Arc;

use protocol::chit::{Chit, DEFAULT_WAIT_DAYS, Entry, Lost, Wait, Written};
use protocol::record::Record;
use protocol::request::{Body, Request};
use protocol::{Cert, Hash, SecretKey, Side, Signer};
use site::{Answer, Caller, Class, Command, KeyAsked, Query, SiteError, Wish};
use store::Store;

use crate::town::{Town, agent, chit_id, cuid, on_every_store, tally_id, user};

on_every_store! {
    a_lost_key_is_replaced_with_the_partners_consent_and_in_time,
    whoever_has_the_key_from_before_may_look_and_object_and_nothing_else,
    the_time_goes_on_over_a_restart_and_nobody_else_can_say_that_it_has_passed,
    a_user_without_a_key_signs_nothing_and_comes_back,
    after_a_restore_the_time_begins_anew,
    who_is_suspended_may_still_stop_things,
}

const DAY_MS: i64 = 24 * 3_600_000;

fn new_key() -> SecretKey {
    SecretKey::ed25519(&[101; 32])
}

async fn town(store: Store) -> Town {
    let mut town = Town::with_tally(store).await;
    town.site = town.site.signing_with(Arc::new(SecretKey::ed25519(&[9; 32]))).unwrap();
    town
}

/// Suzie's new cert, as the administrator takes it.
async fn readmit(town: &Town, key: &SecretKey) -> Result<Answer, SiteError> {
    let before = town.cert("suzie", protocol::cert::Type::Organisation);
    let cert = Cert { public: key.public_key(), sign: None, ..before };
    let cert = Box::new(cert.signed(key).unwrap());
    town.ask(&Caller::Administrator, Command::Readmit { cert }).await
}

/// A chit about keys, by this key; `first` says whether it is the one in the signed tally.
fn about(by: Side, uuid: u8, entry: Entry, key: &SecretKey, first: bool) -> Chit {
    let date = "2026-11-22T08:30:00.000Z".parse().unwrap();
    let chit = Chit { uuid: chit_id(uuid), tally: tally_id(), by, date, entry };
    chit.with_key((!first).then(|| key.public_key().name())).signed(key).unwrap()
}

fn written() -> Written {
    Written::default()
}

fn write(chit: Chit) -> Wish {
    Wish::Write { chit: Box::new(chit), over_limit: false }
}

async fn asks(town: &Town, uuid: u8) -> Result<Answer, SiteError> {
    let asked = town.site.to_rekey(&cuid("suzie"), tally_id()).await?;
    let (counter, head) = (asked.counter, asked.head);
    let lost = Lost { counter, head, public: new_key().public_key(), wait: Wait::default() };
    let entry = Entry::Lost { lost: Box::new(lost), written: written() };
    town.wish("suzie", write(about(Side::Stock, uuid, entry, &new_key(), true))).await
}

async fn asked(town: &Town, name: &str) -> Vec<KeyAsked> {
    town.site.tally(&cuid(name), tally_id()).await.unwrap().key_asked
}

async fn consents(town: &Town, uuid: u8, request: Hash) -> Result<Answer, SiteError> {
    let entry = Entry::Consent { request, written: written() };
    town.wish("bob", write(about(Side::Foil, uuid, entry, town.key("bob"), true))).await
}

async fn claims(town: &Town, uuid: u8, request: Hash) -> Result<Answer, SiteError> {
    let entry = Entry::Claim { request, witness: None, written: written() };
    town.wish("suzie", write(about(Side::Stock, uuid, entry, &new_key(), false))).await
}

fn objection(town: &Town, uuid: u8, request: Hash) -> Command {
    let entry = Entry::Object { request, written: written() };
    let wish = write(about(Side::Stock, uuid, entry, town.key("suzie"), true));
    Command::Tally { tally: tally_id(), wish }
}

/// Who the site takes for the sender of a request that this key signs in Suzie's name.
async fn caller(town: &Town, key: &SecretKey) -> Result<Caller, SiteError> {
    let request = Request {
        agent: agent(),
        cuid: cuid("suzie"),
        id: "x".parse().unwrap(),
        date: site::Clock::now(&*town.world),
        body: Body::of(&serde_json::json!({})).unwrap(),
        sign: None,
    };
    town.site.caller(&request.signed(key).unwrap()).await
}

/// Suzie's key is lost; Bob has consented to another one.
async fn consented(store: Store) -> (Town, Hash) {
    let town = town(store).await;
    town.pay("bob", Side::Foil, 1, 500).await.unwrap();
    town.deliver().await;
    readmit(&town, &new_key()).await.unwrap();
    asks(&town, 20).await.unwrap();
    town.deliver().await;
    let request = asked(&town, "bob").await[0].request;
    consents(&town, 21, request).await.unwrap();
    town.deliver().await;
    (town, request)
}

async fn a_lost_key_is_replaced_with_the_partners_consent_and_in_time(store: Store) {
    let (town, request) = consented(store.clone()).await;
    for name in ["suzie", "bob"] {
        let all = asked(&town, name).await;
        let [one] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((one.by, one.public), (Side::Stock, new_key().public_key()));
        let from = one.from.expect("a time").ms() - site::Clock::now(&*town.world).ms();
        let days = i64::from(DEFAULT_WAIT_DAYS);
        assert!((days - 1) * DAY_MS < from && from <= days * DAY_MS, "{name}: {from} ms");
        let told = town.told(&store, name).await;
        let told = |kind: &str| told.iter().any(|(found, _)| found == kind);
        assert!(told("key_asked") && told("key_consented"), "{name} is told");
    }
    let refused = claims(&town, 22, request).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Conflict, "waiting"), "{refused}");
    let refused = consents(&town, 23, request).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Conflict, "consented"), "{refused}");
    town.world.pass(i64::from(DEFAULT_WAIT_DAYS) * DAY_MS);
    claims(&town, 24, request).await.unwrap();
    town.deliver().await;
    for name in ["suzie", "bob"] {
        assert_eq!(asked(&town, name).await, []);
    }
    let seen = town.site.tally(&cuid("suzie"), tally_id()).await.unwrap();
    assert_eq!(seen.key.unwrap().public, new_key().public_key());
    assert_eq!(seen.agreed, seen.chits, "Bob has it too");
    let refused = town.pay("suzie", Side::Stock, 25, 5).await.unwrap_err();
    assert_eq!(refused.word(), "old_key", "{refused}");
    let chit = town.payment("suzie", Side::Stock, chit_id(26), 70);
    let chit = chit.with_key(Some(new_key().public_key().name())).signed(&new_key()).unwrap();
    town.wish("suzie", write(chit)).await.unwrap();
    town.deliver().await;
    assert_eq!(town.balance("bob").await, -430);
    town.assert_sound().await;
    // No tally has the old key any more, and the site does not know it.
    assert_eq!(caller(&town, &new_key()).await.unwrap(), user("suzie"));
    let refused = caller(&town, town.key("suzie")).await.unwrap_err();
    assert_eq!(refused.word(), "proof", "{refused}");
}

async fn whoever_has_the_key_from_before_may_look_and_object_and_nothing_else(store: Store) {
    let (town, request) = consented(store).await;
    let former = caller(&town, town.key("suzie")).await.unwrap();
    assert_eq!(former, Caller::Former(cuid("suzie")));
    let query = |query| town.site.query(&former, query);
    let (own, tally) = (cuid("suzie"), tally_id());
    query(Query::Tally { user: own.clone(), tally }).await.unwrap();
    for forbidden in [
        Query::Status,
        Query::Tally { user: cuid("bob"), tally },
        Query::History { user: own.clone(), tally, before: None, limit: 10 },
        Query::Governing { user: own, tally },
    ] {
        let refused = query(forbidden.clone()).await.unwrap_err();
        assert_eq!(refused.word(), "not_allowed", "{forbidden:?}");
    }
    let pays = write(town.payment("suzie", Side::Stock, chit_id(30), 5));
    for wish in [pays, Wish::Compare] {
        let command = Command::Tally { tally, wish };
        let refused = town.ask(&former, command).await.unwrap_err();
        assert_eq!(refused.word(), "not_allowed", "{refused}");
    }
    let suspend = Command::Suspend { cuid: cuid("suzie"), suspended: true };
    assert_eq!(town.ask(&former, suspend).await.unwrap_err().word(), "not_allowed");
    // A stranger is nobody; nor does its signature do as an objection.
    let stranger = SecretKey::ed25519(&[66; 32]);
    assert_eq!(caller(&town, &stranger).await.unwrap_err().word(), "proof");

    town.ask(&former, objection(&town, 31, request)).await.unwrap();
    town.deliver().await;
    town.world.pass(30 * DAY_MS);
    let refused = claims(&town, 32, request).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::NotFound, "no_request"), "{refused}");
    let refused = consents(&town, 33, request).await.unwrap_err();
    assert_eq!(refused.word(), "no_request", "{refused}");
    assert_eq!(caller(&town, town.key("suzie")).await.unwrap(), former, "it is in force still");
    // The administrator was deceived: Suzie is readmitted with the key that she has.
    readmit(&town, town.key("suzie")).await.unwrap();
    town.pay("suzie", Side::Stock, 34, 5).await.unwrap();
    assert_eq!(caller(&town, &new_key()).await.unwrap_err().word(), "proof", "it was nothing");
    town.deliver().await;
    town.assert_sound().await;
}

async fn the_time_goes_on_over_a_restart_and_nobody_else_can_say_that_it_has_passed(store: Store) {
    let (town, request) = consented(store.clone()).await;
    town.world.pass(10 * DAY_MS);
    let mut again = Town::reopened(store, Arc::clone(&town.world), 1_000).await;
    assert_eq!(claims(&again, 40, request).await.unwrap_err().word(), "waiting");
    again.world.pass(4 * DAY_MS);
    let refused = claims(&again, 41, request).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Fault, "agent_key"), "{refused}");
    // A claim that somebody else witnessed is none, whoever brings it.
    let entry = Entry::Claim { request, witness: None, written: written() };
    let forged = about(Side::Stock, 42, entry, &new_key(), false);
    let forged = forged.witnessed(again.key("bob")).unwrap();
    for name in ["suzie", "bob"] {
        let refused = again.wish(name, Wish::Recover(vec![forged.clone()])).await.unwrap_err();
        assert_eq!(refused.word(), "signature", "{refused}");
    }
    again.site = again.site.signing_with(Arc::new(SecretKey::ed25519(&[9; 32]))).unwrap();
    claims(&again, 43, request).await.unwrap();
    again.deliver().await;
    again.assert_sound().await;
}

async fn a_user_without_a_key_signs_nothing_and_comes_back(store: Store) {
    let town = town(store).await;
    town.pay("bob", Side::Foil, 1, 500).await.unwrap();
    town.deliver().await;
    let head = town.site.to_end(&cuid("suzie"), tally_id()).await.unwrap();
    let entry = Entry::End { head, written: written() };
    let end = about(Side::Stock, 50, entry, town.key("suzie"), true);
    town.wish("suzie", write(end)).await.unwrap();
    town.deliver().await;
    let suspend = |suspended| Command::Suspend { cuid: cuid("suzie"), suspended };
    let refused = town.pay("suzie", Side::Stock, 51, 5).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Conflict, "key_ended"), "{refused}");
    town.ask(&user("suzie"), suspend(true)).await.unwrap();
    let refused = town.ask(&user("suzie"), suspend(false)).await.unwrap_err();
    assert_eq!(refused.word(), "not_allowed", "only an administrator lets it act again");
    for name in ["suzie", "bob"] {
        let seen = town.site.tally(&cuid(name), tally_id()).await.unwrap();
        assert_eq!((seen.key_ended, seen.status.as_str()), (vec![Side::Stock], "open"));
    }
    town.pay("bob", Side::Foil, 52, 20).await.unwrap();
    town.deliver().await;
    assert_eq!(asks(&town, 53).await.unwrap_err().word(), "suspended");

    let same = readmit(&town, town.key("suzie")).await.unwrap_err();
    assert_eq!((same.class(), same.word()), (Class::Conflict, "same_key"), "{same}");
    readmit(&town, &new_key()).await.unwrap();
    assert_eq!(caller(&town, town.key("suzie")).await.unwrap_err().word(), "proof", "it ended");
    asks(&town, 54).await.unwrap();
    town.deliver().await;
    let request = asked(&town, "suzie").await[0].request;
    let early = claims(&town, 55, request).await.unwrap_err();
    assert_eq!((early.class(), early.word()), (Class::Conflict, "not_consented"), "{early}");
    consents(&town, 56, request).await.unwrap();
    town.deliver().await;
    town.world.pass(i64::from(DEFAULT_WAIT_DAYS) * DAY_MS);
    claims(&town, 57, request).await.unwrap();
    town.deliver().await;
    let seen = town.site.tally(&cuid("bob"), tally_id()).await.unwrap();
    assert_eq!((seen.key_ended, seen.balance_milli), (Vec::new(), -520));
    town.assert_sound().await;
}

/// An objection may have been lost with the rest.
async fn after_a_restore_the_time_begins_anew(store: Store) {
    let (town, request) = consented(store).await;
    town.world.pass(13 * DAY_MS);
    town.site.begin_epoch(crate::town::START.parse().unwrap()).await.unwrap();
    town.deliver().await;
    town.world.pass(30 * DAY_MS);
    let refused = claims(&town, 60, request).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Conflict, "device_unheard"), "{refused}");
    town.wish("suzie", Wish::Recover(Vec::new())).await.unwrap();
    town.deliver().await;
    assert_eq!(claims(&town, 61, request).await.unwrap_err().word(), "waiting");
    town.world.pass(13 * DAY_MS);
    assert_eq!(claims(&town, 62, request).await.unwrap_err().word(), "waiting");
    town.world.pass(DAY_MS);
    claims(&town, 63, request).await.unwrap();
    town.deliver().await;
    town.assert_sound().await;
}

/// A thief who is taken for the user would have nobody stop it.
async fn who_is_suspended_may_still_stop_things(store: Store) {
    let (town, request) = consented(store).await;
    let suspend = || Command::Suspend { cuid: cuid("suzie"), suspended: true };
    let refused = town.ask(&user("suzie"), suspend()).await.unwrap_err();
    assert_eq!(refused.word(), "not_allowed", "a key of hers can still be used: {refused}");
    town.ask(&Caller::Administrator, suspend()).await.unwrap();
    let former = caller(&town, town.key("suzie")).await.unwrap();
    town.ask(&former, objection(&town, 31, request)).await.unwrap();
    town.deliver().await;
    town.world.pass(30 * DAY_MS);
    let resumed = Command::Suspend { cuid: cuid("suzie"), suspended: false };
    town.ask(&Caller::Administrator, resumed).await.unwrap();
    assert_eq!(claims(&town, 32, request).await.unwrap_err().word(), "no_request");
    town.assert_sound().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_named() {
    let town = town(Store::memory()).await;
    let said = |refused: SiteError, class, word: &str| {
        assert_eq!((refused.class(), refused.word()), (class, word), "{refused}");
    };
    let nobody = user("suzie");
    let cert = Box::new(town.cert("suzie", protocol::cert::Type::Organisation));
    let refused = town.ask(&nobody, Command::Readmit { cert }).await.unwrap_err();
    said(refused, Class::NotAllowed, "not_allowed");
    readmit(&town, &new_key()).await.unwrap();
    asks(&town, 20).await.unwrap();
    // A payment by the lost key, from a device that nobody thought of.
    town.pay("suzie", Side::Stock, 21, 5).await.unwrap();
    town.deliver().await;
    let request = asked(&town, "bob").await[0].request;
    said(consents(&town, 22, request).await.unwrap_err(), Class::Conflict, "later_chit");
    let early = town.payment("suzie", Side::Stock, chit_id(23), 70);
    let early = early.with_key(Some(new_key().public_key().name())).signed(&new_key()).unwrap();
    let refused = town.wish("suzie", write(early)).await.unwrap_err();
    said(refused, Class::Conflict, "key_not_yet");
    for uuid in 30..45 {
        asks(&town, uuid).await.unwrap();
    }
    said(asks(&town, 46).await.unwrap_err(), Class::Refused, "too_many_requests");
    let text = town.cert("bob", protocol::cert::Type::Person).to_text().unwrap();
    let other = Cert::read(text.as_bytes()).unwrap();
    let other = Cert { chad: protocol::ChipAddress { cuid: cuid("eve"), ..other.chad }, ..other };
    let cert = Box::new(other.signed(town.key("bob")).unwrap());
    let refused = town.ask(&Caller::Administrator, Command::Readmit { cert }).await.unwrap_err();
    said(refused, Class::NotFound, "no_user");
}
