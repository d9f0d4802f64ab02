//! A user of a site changes its key: on a tally, and its cert.

use protocol::chit::{Chit, Entry, Rekey, Written};
use protocol::{Cert, ChitId, Record, SecretKey, Side, Signer};
use site::{Answer, Caller, Command, SiteError, Wish};
use store::Store;

use crate::town::{Town, chit_id, cuid, on_every_store, tally_id, user};

on_every_store! {
    after_a_change_of_key_only_the_new_one_signs,
    a_stolen_key_is_worth_nothing_at_either_half,
    a_cert_with_another_key_needs_both_keys,
}

fn new_key(name: &str) -> SecretKey {
    SecretKey::ed25519(&[if name == "suzie" { 101 } else { 102 }; 32])
}

async fn rekey(town: &Town, name: &str, side: Side, uuid: u8) -> Result<Answer, SiteError> {
    let asked = town.site.to_rekey(&cuid(name), tally_id()).await?;
    assert_eq!(asked.key, Some(town.key(name).public_key()));
    let public = new_key(name).public_key();
    let rekey = Rekey { counter: asked.counter, head: asked.head, public, proof: None };
    let entry = Entry::Key { rekey: Box::new(rekey), written: Written::default() };
    let chit = town.payment(name, side, chit_id(uuid), 1);
    let chit = Chit { entry, ..chit }.signed(town.key(name)).unwrap();
    let chit = Box::new(chit.proved(&new_key(name)).unwrap());
    town.wish(name, Wish::Write { chit, over_limit: false }).await
}

/// Pays with the new key.
async fn pay(town: &Town, name: &str, side: Side, id: ChitId, milli: i64) {
    let key = new_key(name);
    let chit = town.payment(name, side, id, milli).with_key(Some(key.public_key().name()));
    let chit = Box::new(chit.signed(&key).unwrap());
    town.wish(name, Wish::Write { chit, over_limit: false }).await.unwrap();
}

async fn after_a_change_of_key_only_the_new_one_signs(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.pay("bob", Side::Foil, 1, 500).await.unwrap();
    town.deliver().await;
    for (name, side, uuid) in [("bob", Side::Foil, 10), ("suzie", Side::Stock, 20)] {
        rekey(&town, name, side, uuid).await.unwrap();
        let refused = town.pay(name, side, uuid + 1, 5).await.unwrap_err();
        assert_eq!(refused.word(), "old_key", "{refused}");
        pay(&town, name, side, chit_id(uuid + 2), 70).await;
        town.deliver().await;
        let seen = town.site.tally(&cuid(name), tally_id()).await.unwrap();
        assert_eq!(seen.key.unwrap().public, new_key(name).public_key());
        assert_eq!(seen.agreed, seen.chits, "the partner has it too");
    }
    assert_eq!(town.balance("suzie").await, 500);
    town.assert_sound().await;
}

async fn a_stolen_key_is_worth_nothing_at_either_half(store: Store) {
    let town = Town::with_tally(store).await.by_post();
    town.pay("suzie", Side::Stock, 1, 300).await.unwrap();
    town.deliver().await;
    // Handed in, not delivered, when Suzie gives up her key.
    town.pay("suzie", Side::Stock, 2, 40).await.unwrap();
    rekey(&town, "suzie", Side::Stock, 20).await.unwrap();
    assert_eq!(town.balance("suzie").await, -300);
    town.deliver().await;
    for name in ["suzie", "bob"] {
        // Whoever has her old key brings a chit to either half.
        let forged = town.payment("suzie", Side::Stock, chit_id(30), 9_000);
        town.wish(name, Wish::Recover(vec![forged])).await.unwrap();
        town.deliver().await;
        let history = town.site.history(&cuid(name), tally_id(), None, 10).await.unwrap();
        let void = history.iter().filter(|entry| entry.void).map(|entry| entry.link.chit.uuid);
        assert_eq!(void.collect::<Vec<_>>(), [chit_id(30), chit_id(2)]);
    }
    assert_eq!((town.balance("suzie").await, town.balance("bob").await), (-300, 300));
    // She pays again what she meant, under the same name.
    pay(&town, "suzie", Side::Stock, chit_id(2), 40).await;
    town.deliver().await;
    assert_eq!(town.balance("bob").await, 340);
    town.assert_sound().await;
    // No revision brings old keys back.
    let offer = town.offer_of("suzie", Side::Stock).await;
    let refused = town.wish("suzie", Wish::Offer(Box::new(offer))).await.unwrap_err();
    assert_eq!(refused.word(), "rekeyed", "{refused}");
}

async fn a_cert_with_another_key_needs_both_keys(store: Store) {
    let town = Town::new(store).await.by_post();
    let new = new_key("bob");
    let before = town.cert("bob", protocol::cert::Type::Person);
    let cert = Cert { public: new.public_key(), sign: None, ..before };
    let cert = cert.signed(&new).unwrap();
    let ask = |caller: Caller, cert: &Cert, by: &SecretKey| {
        let proof = cert.sign_with(by).unwrap();
        let command = Command::NewCert { cert: Box::new(cert.clone()), proof };
        let town = &town;
        async move { town.ask(&caller, command).await }
    };
    let refused = ask(user("bob"), &cert, &new).await.unwrap_err();
    assert_eq!(refused.word(), "signature", "{refused}");
    let refused = ask(user("suzie"), &cert, town.key("bob")).await.unwrap_err();
    assert_eq!(refused.word(), "not_allowed", "{refused}");
    for _ in 0..2 {
        // Asked again, as after a crash, it is done already.
        ask(user("bob"), &cert, town.key("bob")).await.unwrap();
    }
    let users = town.site.users(&Caller::Administrator, None, 10).await.unwrap();
    let bob = users.iter().find(|user| user.cuid == cuid("bob")).unwrap();
    assert_eq!(bob.cert.as_deref(), Some(cert.to_text().unwrap().as_str()));
}
