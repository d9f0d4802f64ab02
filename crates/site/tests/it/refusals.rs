//! Every reason for which a site does nothing: named, and nothing has changed.

use protocol::cert::Type;
use protocol::chit::Chit;
use protocol::{Hash, Side, SignatureFault, TallyId, ledger};
use site::{Caller, Command, SiteError, Wish};
use store::Store;

use crate::town::{Town, chit_id, cuid, on_every_store, tally_id, units, user};

on_every_store! {
    what_only_an_administrator_may_do_and_what_not_even_it,
    users_that_are_not_or_are_already,
    forged_and_unsigned_chits,
    beyond_the_limit_and_twice,
    tallies_that_are_not_open_or_not_ones_own,
    invitations_that_are_not_good,
}

/// What is wrong with this, in words.
async fn why(town: &Town, caller: &Caller, command: Command) -> String {
    town.ask(caller, command).await.expect_err("should be refused").to_string()
}

async fn write(town: &Town, name: &str, chit: Chit) -> SiteError {
    let wish = Wish::Write { chit: Box::new(chit), over_limit: false };
    town.wish(name, wish).await.expect_err("should be refused")
}

async fn what_only_an_administrator_may_do_and_what_not_even_it(store: Store) {
    let town = Town::with_tally(store).await;
    let suspend = || Command::Suspend { cuid: cuid("bob"), suspended: true };
    let refused = why(&town, &user("suzie"), suspend()).await;
    assert_eq!(refused, "only an administrator may do this");
    let pay = Box::new(town.payment("bob", Side::Foil, chit_id(1), 5));
    let wish = Wish::Write { chit: pay, over_limit: false };
    let refused =
        why(&town, &Caller::Administrator, Command::Tally { tally: tally_id(), wish }).await;
    assert_eq!(refused, "only the user itself may do this");
}

async fn users_that_are_not_or_are_already(store: Store) {
    let town = Town::new(store).await;
    let taken = town.add("bob", Type::Person).await.unwrap_err();
    assert!(matches!(taken, SiteError::UserExists(who) if who == cuid("bob")));
    let nobody = Command::Suspend { cuid: cuid("eve"), suspended: true };
    let refused = why(&town, &Caller::Administrator, nobody).await;
    assert_eq!(refused, "no user named eve lives here; an administrator can add one");
    let mut cert = town.cert("eve", Type::Person);
    cert.name = town.cert("bob", Type::Person).name;
    let cert = Box::new(cert);
    let forged = Command::AddUser { kind: store::UserKind::Person, cert };
    let refused = why(&town, &Caller::Administrator, forged).await;
    assert!(refused.contains("does not fit the record and the key"), "{refused}");
}

async fn forged_and_unsigned_chits(store: Store) {
    let town = Town::with_tally(store).await;
    let by_eve = {
        let chit = town.payment("bob", Side::Foil, chit_id(1), 5);
        chit.signed(town.key("eve")).unwrap()
    };
    let error = write(&town, "bob", by_eve).await;
    let wrong = SignatureFault::Wrong { by: "foil" };
    assert!(matches!(&error, SiteError::Signature(fault) if *fault == wrong), "{error}");
    let mut changed = town.payment("bob", Side::Foil, chit_id(1), 5);
    changed.uuid = chit_id(2);
    assert!(matches!(write(&town, "bob", changed).await, SiteError::Signature(_)));
    let for_suzie = town.payment("bob", Side::Foil, chit_id(1), 5);
    let error = write(&town, "suzie", for_suzie).await;
    assert!(matches!(error, SiteError::Ledger(ledger::Refusal::NotByHolder { .. })), "{error}");
    assert_eq!(town.balance("bob").await, 0);
    town.assert_sound().await;
}

async fn beyond_the_limit_and_twice(store: Store) {
    let town = Town::with_tally(store).await;
    town.pay("bob", Side::Foil, 1, 100_000).await.unwrap();
    let error = town.pay("bob", Side::Foil, 2, 1).await.unwrap_err();
    let (would_owe, limit) = (units(100_001), units(100_000));
    let over = ledger::Refusal::OverLimit { chit: chit_id(2), would_owe, limit };
    assert!(matches!(&error, SiteError::Ledger(refusal) if *refusal == over), "{error}");
    let again = town.pay("bob", Side::Foil, 1, 100_000).await.unwrap_err();
    assert!(matches!(again, SiteError::Ledger(ledger::Refusal::Known { .. })), "{again}");
    let other = town.pay("bob", Side::Foil, 1, 5).await.unwrap_err();
    assert!(matches!(other, SiteError::Ledger(ledger::Refusal::NameTaken { .. })), "{other}");
}

async fn tallies_that_are_not_open_or_not_ones_own(store: Store) {
    let town = Town::new(store).await;
    let error = town.pay("bob", Side::Foil, 1, 5).await.unwrap_err();
    assert!(matches!(error, SiteError::NoTally { .. }), "{error}");
    town.invite().await;
    let error = town.pay("suzie", Side::Stock, 1, 5).await.unwrap_err();
    assert_eq!(error.to_string(), format!("tally {} is not open yet: draft", tally_id()));
    let unknown = Command::Tally { tally: TallyId::random([1; 16]), wish: Wish::Compare };
    let refused = why(&town, &user("suzie"), unknown).await;
    assert!(refused.starts_with("user suzie has no tally"), "{refused}");
}

async fn invitations_that_are_not_good(store: Store) {
    let town = Town::new(store).await.by_post();
    town.add("eve", Type::Person).await.unwrap();
    let invitation = town.invite().await;
    let mut expired = invitation.clone();
    expired.expires = crate::town::START.parse().unwrap();
    let refused = why(&town, &user("bob"), Command::Answer { invitation: expired }).await;
    assert_eq!(refused, "the invitation has expired; ask for a new one");
    // Somebody who guesses the token gets nowhere, and no half that waits for ever.
    let mut guessed = invitation.clone();
    guessed.token = Hash::from_bytes([0; 32]);
    let refused = why(&town, &user("eve"), Command::Answer { invitation: guessed }).await;
    let taken = "the invitation is not known, or was answered or taken back; ask for a new one";
    assert_eq!(refused, taken);
    assert!(town.site.tallies(&user("eve"), None, 9).await.unwrap().is_empty());
    assert_eq!(town.status("suzie").await, "draft");
    // The one who is invited still gets in; once.
    let answer = Command::Answer { invitation };
    town.ask(&user("bob"), answer.clone()).await.unwrap();
    town.deliver().await;
    assert_eq!(town.status("suzie").await, "P.draft");
    let partner = town.site.tally(&cuid("suzie"), tally_id()).await.unwrap().partner.unwrap();
    assert_eq!(partner.chad.cuid, cuid("bob"));
    let refused = why(&town, &user("bob"), answer.clone()).await;
    assert!(refused.starts_with("user bob has a tally"), "{refused}");
    assert_eq!(why(&town, &user("eve"), answer).await, taken);
}
