//! What was done stays done: the site opened again, messages lost, a chain damaged by other hands.

use std::sync::Arc;

use protocol::cert::Type;
use protocol::{Side, TallyId};
use site::{Answer, Command, Site, SiteError};
use store::Store;

use crate::town::{Town, cuid, draft, on_every_store, user};

on_every_store! {
    lost_letters_are_said_again,
    another_agents_store_is_refused,
}

async fn lost_letters_are_said_again(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    town.pay("bob", Side::Foil, 1, 5).await.unwrap();
    town.pay("suzie", Side::Stock, 2, 3).await.unwrap();
    // Everything that waits is lost.
    let mut tx = store.begin().await.unwrap();
    let letters = tx.letters(None, 100).await.unwrap();
    let waiting: Vec<_> = letters.iter().map(|letter| letter.id).collect();
    assert!(waiting.len() >= 2, "{waiting:?}");
    tx.done(&waiting).await.unwrap();
    tx.commit().await.unwrap();
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, -3, "nothing arrived");
    assert_eq!(town.site.remind().await.unwrap(), 2, "both have something to say");
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 2);
    assert_eq!(town.site.remind().await.unwrap(), 0, "and nothing more");
    town.assert_sound().await;
}

async fn another_agents_store_is_refused(store: Store) {
    let town = Town::new(store.clone()).await.by_post();
    let other = protocol::SecretKey::ed25519(&[8; 32]);
    let other = protocol::AgentId::of(&protocol::Signer::public_key(&other)).unwrap();
    let (clock, chance) = (Arc::clone(&town.world), Arc::clone(&town.world));
    let refused = Site::open(store, other, clock, chance).await.err();
    assert!(matches!(refused, Some(SiteError::OtherKey { .. })));
}

#[tokio::test]
async fn a_site_on_sqlite_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.db");
    let store = Store::sqlite(&file).await.unwrap();
    let town = Town::with_tally(store.clone()).await.by_post();
    town.pay("bob", Side::Foil, 1, 5).await.unwrap();
    let world = Arc::clone(&town.world);
    drop(town);
    store.close().await;
    let store = Store::sqlite(&file).await.unwrap();
    let town = Town::reopened(store, world, 1_000).await.by_post();
    assert_eq!(town.balance("bob").await, -5);
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 5, "what waited in the outbox was delivered");
    town.pay("bob", Side::Foil, 2, 7).await.unwrap();
    town.deliver().await;
    assert_eq!(town.balance("suzie").await, 12);
    town.assert_sound().await;
}

/// Whoever's half is damaged waits for the administrator; the others do not.
#[tokio::test]
async fn a_damaged_half_keeps_no_other_from_being_reminded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.db");
    let store = Store::sqlite(&file).await.unwrap();
    let town = Town::with_tally(store.clone()).await.by_post();
    town.add("eve", Type::Person).await.unwrap();
    town.pay("suzie", Side::Stock, 1, 5).await.unwrap();
    town.deliver().await;
    town.pay("suzie", Side::Stock, 2, 5).await.unwrap();
    // Eve's half comes after Suzie's, and the letters of both are lost.
    let (other, expires) = (TallyId::random([70; 16]), "2026-12-01T00:00:00.000Z".parse().unwrap());
    let (side, draft) = (Side::Stock, Box::new(draft()));
    let invite = Command::Invite { tally: other, side, draft, expires };
    let Answer::Invited(invitation) = town.ask(&user("suzie"), invite).await.unwrap() else {
        panic!("no invitation")
    };
    town.ask(&user("eve"), Command::Answer { invitation }).await.unwrap();
    town.lose_letters(&store).await;
    let whose = "(select id from halves where holder = 'suzie' and balance <> 0)";
    let damage = format!("delete from links where half = {whose}");
    store::testing::run_in(&file, &damage).await.unwrap();
    let town = Town::reopened(store.clone(), Arc::clone(&town.world), 1_000).await.by_post();
    assert_eq!(town.site.remind().await.unwrap(), 1, "Eve's");
    town.deliver().await;
    let suzies = town.site.tally(&cuid("suzie"), other).await.unwrap();
    assert_eq!(suzies.partner.unwrap().chad.cuid, cuid("eve"), "her answer has arrived");
    assert!(!town.site.doctor(&mut |_| {}).await.unwrap().ok);
}

#[tokio::test]
async fn doctor_finds_what_other_hands_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.db");
    let changes = [
        ("update links set effect = effect + 1", "the row has another effect"),
        ("update links set text = replace(text, '\"units\":5,', '\"units\":6,')", "another hash"),
        ("update halves set balance = balance + 1", "the row does not follow"),
        ("delete from links", "the chain ends at 0, not at 1"),
    ];
    for (number, (sql, expected)) in changes.into_iter().enumerate() {
        let file = file.with_file_name(format!("{number}.db"));
        let store = Store::sqlite(&file).await.unwrap();
        let town = Town::with_tally(store.clone()).await.by_post();
        town.pay("bob", Side::Foil, 1, 5).await.unwrap();
        town.deliver().await;
        town.assert_sound().await;
        store::testing::run_in(&file, sql).await.unwrap();
        let doctor = town.site.doctor(&mut |_| {}).await.unwrap();
        assert!(!doctor.ok, "{sql}");
        let found = doctor.faults.iter().any(|fault| fault.what.contains(expected));
        assert!(found, "{sql}: {:?}", doctor.faults);
    }
}
