//! The words that name refusals to programs: each is said for its reason, by what a user, a device or
//! another site does at the door. A word that no test names is found by the last test here.

use std::collections::BTreeSet;

use protocol::cert::Type;
use protocol::chit::{Entry, Written};
use protocol::invoice::{Invoice, MAX_OPEN_INVOICES};
use protocol::note::{Body, Note};
use protocol::query::Why;
use protocol::{ChipAddress, Hash, SecretKey, Side, TallyId, Units, ledger};
use site::{Answer, Caller, Class, Command, SiteError, Wish};
use store::{NewLetter, Store, UserKind};

use crate::invoices::{asks, taken_back};
use crate::town::{START, Town, agent, chit_id, cuid, draft, tally_id, user};

/// A refusal in its class and word, and its sentence.
fn said(refused: Result<Answer, SiteError>, class: Class, word: &str, sentence: &str) {
    let error = refused.expect_err("should be refused");
    assert_eq!((error.class(), error.word()), (class, word), "{error}");
    assert!(error.to_string().contains(sentence), "{error}");
}

#[tokio::test]
async fn who_may_do_what() {
    let town = Town::with_tally(Store::memory()).await;
    let suspend = |name| Command::Suspend { cuid: cuid(name), suspended: true };
    let refused = town.ask(&user("bob"), suspend("suzie")).await;
    said(refused, Class::NotAllowed, "not_allowed", "only an administrator may do this");
    let refused = town.ask(&Caller::Administrator, suspend("eve")).await;
    said(refused, Class::NotFound, "no_user", "no user named eve lives here");
    said(town.add("bob", Type::Person).await, Class::Conflict, "user_exists", "lives here already");
    let mut cert = town.cert("eve", Type::Person);
    cert.chad.agent =
        protocol::AgentId::of(&protocol::Signer::public_key(&SecretKey::ed25519(&[77; 32])))
            .unwrap();
    let cert = Box::new(cert.signed(town.key("eve")).unwrap());
    let add = Command::AddUser { kind: UserKind::Person, cert };
    let refused = town.ask(&Caller::Administrator, add).await;
    said(refused, Class::Refused, "other_site", "but this site is");
    town.ask(&Caller::Administrator, suspend("bob")).await.unwrap();
    let refused = town.pay("bob", Side::Foil, 1, 1).await;
    said(refused, Class::NotAllowed, "suspended", "user bob is suspended");
}

#[tokio::test]
async fn tallies_and_offers() {
    let town = Town::new(Store::memory()).await;
    let refused = town.pay("bob", Side::Foil, 1, 1).await;
    said(refused, Class::NotFound, "no_tally", "user bob has no tally");
    let invitation = town.invite().await;
    let again = Command::Invite {
        tally: tally_id(),
        side: Side::Stock,
        draft: Box::new(draft()),
        expires: "2026-12-01T00:00:00.000Z".parse().unwrap(),
    };
    let refused = town.ask(&user("suzie"), again).await;
    said(refused, Class::Conflict, "tally_exists", "has a tally");
    let refused = town.pay("suzie", Side::Stock, 1, 1).await;
    said(refused, Class::Conflict, "not_open", "is not open yet: draft");
    let nobody = town.site.to_offer(&cuid("suzie"), tally_id(), draft()).await;
    let nobody = nobody.map(|_| Answer::Done);
    said(nobody, Class::Conflict, "no_partner", "nobody has answered the invitation");
    let mut own = invitation.clone();
    own.tally = Some(TallyId::random([9; 16]));
    let refused = town.ask(&user("suzie"), Command::Answer { invitation: own }).await;
    said(refused, Class::Refused, "same_user", "two users with two keys");
    let mut late = invitation.clone();
    late.expires = START.parse().unwrap();
    let refused = town.ask(&user("bob"), Command::Answer { invitation: late }).await;
    said(refused, Class::Refused, "invitation", "has expired");

    town.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
    town.deliver().await;
    let refused = town.wish("bob", Wish::Withdraw { offer: Hash::of(b"none") }).await;
    said(refused, Class::Conflict, "not_now", "no offer of yours to take back");
    let mut short = draft();
    short.expires = Some("2026-11-22T12:00:00.000Z".parse().unwrap());
    let offer = town.site.to_offer(&cuid("suzie"), tally_id(), short).await.unwrap();
    let offer = offer.signed(Side::Stock, town.key("suzie")).unwrap();
    town.wish("suzie", Wish::Offer(Box::new(offer))).await.unwrap();
    town.deliver().await;
    let mut members =
        town.site.to_offer(&cuid("suzie"), tally_id(), draft()).await.unwrap().into_members();
    members.revision = 1.try_into().unwrap();
    let again = protocol::Tally::new(members).unwrap();
    let again = Box::new(again.signed(Side::Stock, town.key("suzie")).unwrap());
    let refused = town.wish("suzie", Wish::Offer(again)).await;
    said(refused, Class::Conflict, "negotiation", "the next revision is 2, not 1");
    let other = Wish::Refuse { offer: Hash::of(b"another"), reason: None };
    let refused = town.wish("bob", other).await;
    said(refused, Class::Conflict, "not_on_table", "is not on the table");
    let accepted = Box::new(town.accepted("bob", Side::Foil).await);
    town.world.pass(24 * 3_600_000);
    let refused = town.wish("bob", Wish::Accept(accepted)).await;
    said(refused, Class::Conflict, "expired", "could be accepted until");
}

#[tokio::test]
async fn offers_that_cannot_be_written() {
    let store = Store::memory();
    let town = Town::with_tally(store.clone()).await;
    let suzie = cuid("suzie");
    let mut over = draft();
    over.expires = Some("2026-11-22T08:00:00.000Z".parse().unwrap());
    let refused = town.site.to_offer(&suzie, tally_id(), over).await.map(|_| Answer::Done);
    said(refused, Class::Refused, "negotiation", "which is not after its date");
    // Bob's site sends an offer with the last revision that there is.
    let mut members =
        town.site.to_offer(&cuid("bob"), tally_id(), draft()).await.unwrap().into_members();
    members.revision = u32::MAX.try_into().unwrap();
    let last = protocol::Tally::new(members).unwrap();
    let last = last.signed(Side::Foil, town.key("bob")).unwrap();
    let body = Body::Negotiation(protocol::negotiation::Message::Tally(Box::new(last)));
    let from = ChipAddress { cuid: cuid("bob"), agent: agent(), endpoint: None };
    let (key, to) = (body.key(), suzie.clone());
    let note = Note { tally: tally_id(), from, to, token: None, moved: None, body };
    let message = protocol::Record::to_text(&note).unwrap().to_string();
    let at = START.parse().unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.post(&[NewLetter { half: None, to: agent(), key, message, at }]).await.unwrap();
    tx.commit().await.unwrap();
    town.deliver().await;
    assert!(town.site.tally(&suzie, tally_id()).await.unwrap().offer.is_some());
    let refused = town.site.to_offer(&suzie, tally_id(), draft()).await.map(|_| Answer::Done);
    said(refused, Class::Refused, "negotiation", "has used up its revisions");
}

#[tokio::test]
async fn chits() {
    let town = Town::with_tally(Store::memory()).await;
    let write = async |name, chit, over_limit| {
        town.wish(name, Wish::Write { chit: Box::new(chit), over_limit }).await
    };
    let forged = town.payment("eve", Side::Foil, chit_id(1), 5);
    let refused = write("bob", forged, false).await;
    said(refused, Class::Refused, "signature", "signature of foil does not fit");
    let theirs = town.payment("bob", Side::Foil, chit_id(1), 5);
    let refused = write("suzie", theirs, false).await;
    said(refused, Class::Refused, "ledger", "the holder of this half is the stock");
    let refused = town.pay("bob", Side::Foil, 1, 100_001).await;
    said(refused, Class::Conflict, "over_limit", "beyond the limit of 100.000");
    let most = Units::MAX.milli();
    write("bob", town.payment("bob", Side::Foil, chit_id(2), most), true).await.unwrap();
    let more = town.payment("bob", Side::Foil, chit_id(3), 1);
    let refused = write("bob", more, true).await;
    said(refused, Class::Refused, "out_of_range", "beyond 9007199254740.991");
    let refused = town.pay("bob", Side::Foil, 2, 1).await;
    said(refused, Class::Conflict, "name_taken", "another chit is already named");
    write("suzie", town.payment("suzie", Side::Stock, chit_id(4), most), true).await.unwrap();
    town.deliver().await;

    write("bob", town.close("bob", Side::Foil, chit_id(5)), false).await.unwrap();
    let stale = town.close("bob", Side::Foil, chit_id(6));
    let refused = write("bob", stale, false).await;
    said(refused, Class::Conflict, "stale_settings", "counter 1; sign these with a higher one");
    let refused = town.pay("bob", Side::Foil, 7, 1).await;
    said(refused, Class::Conflict, "closing", "and the tally is closing");
    town.deliver().await;
    assert_eq!(town.status("bob").await, "close");
    let mut again = town.close("bob", Side::Foil, chit_id(8));
    if let Entry::Set { set, written } = &mut again.entry {
        (set.close, set.counter) = (false, 2.try_into().unwrap());
        *written = Written::default();
    }
    let refused = write("bob", again.signed(town.key("bob")).unwrap(), false).await;
    said(refused, Class::Conflict, "closed", "agree on a new tally");
}

#[tokio::test]
async fn invoices() {
    let town = Town::with_tally(Store::memory()).await;
    said(town.refuses(1, 1, "").await, Class::NotFound, "no_invoice", "no open invoice");
    let refused = town.ask_for(asks(1, 2, 5)).await;
    said(refused, Class::Conflict, "invoice", "the next version of invoice");
    town.pay("bob", Side::Foil, 2, 1).await.unwrap();
    town.deliver().await;
    let refused = town.ask_for(asks(2, 1, 5)).await;
    said(refused, Class::Conflict, "name_taken", "ask under a new name");
    for name in [1, 3, 4] {
        town.ask_for(asks(name, 1, 5)).await.unwrap();
    }
    town.deliver().await;
    let refused = town.pays(&asks(1, 1, 6)).await;
    said(refused, Class::Conflict, "not_as_asked", "asks for, 0.005");
    said(town.refuses(1, 2, "").await, Class::Conflict, "changed", "look at version 1");
    town.refuses(1, 1, "").await.unwrap();
    said(town.refuses(1, 1, "").await, Class::Conflict, "refused", "wait for another version");
    town.pays(&asks(3, 1, 5)).await.unwrap();
    said(town.refuses(3, 1, "").await, Class::Conflict, "paid", "nothing about it can change");
    town.ask_for(taken_back(4, 2)).await.unwrap();
    town.deliver().await;
    said(town.refuses(4, 2, "").await, Class::Conflict, "withdrawn", "there is nothing to pay");
    for number in 3..MAX_OPEN_INVOICES {
        let name = (u128::try_from(number).unwrap() << 64).to_be_bytes();
        let uuid = protocol::ChitId::random(name);
        town.ask_for(Invoice { uuid, ..asks(0, 1, 1) }).await.unwrap();
    }
    let refused = town.ask_for(asks(9, 1, 1)).await;
    said(refused, Class::Conflict, "too_many_invoices", "let some be paid or expire");
    town.world.pass(8 * 24 * 3_600_000);
    said(town.ask_for(asks(9, 1, 1)).await, Class::Conflict, "expired", "ask for a new one");
}

/// What another site may send: told with its reason, and nothing changes.
#[tokio::test]
async fn notes_that_are_not_good_are_told_with_their_reason() {
    let store = Store::memory();
    let town = Town::with_tally(store.clone()).await;
    let eve = ChipAddress { cuid: cuid("eve"), agent: agent(), endpoint: None };
    let bob = ChipAddress { cuid: cuid("bob"), ..eve.clone() };
    let req = Body::Ledger(ledger::Message::Req { locator: Vec::new() });
    let from = |from: &ChipAddress, to: &str, tally, body: &Body| {
        let (to, body, from) = (cuid(to), body.clone(), from.clone());
        let note = Note { tally, from, to, token: None, moved: None, body };
        protocol::Record::to_text(&note).unwrap().to_string()
    };
    let long = Body::Ledger(ledger::Message::Req {
        locator: vec![ledger::Head { index: 0, hash: Hash::of(b"") }; 65],
    });
    let forged = town.payment("eve", Side::Foil, chit_id(1), 5);
    let head = ledger::Head { index: 0, hash: Hash::of(b"") };
    let forged = Body::Ledger(ledger::Message::Upd { base: head, chits: vec![forged], head });
    let other = TallyId::random([3; 16]);
    let elsewhere = ledger::Message::Ack { head };
    let asked = asks(1, 1, 5).signed(town.key("bob")).unwrap();
    let asked = Body::Invoice(protocol::invoice::Message::Invoice(Box::new(asked)));
    let bad = [
        ("{", "line 1"),
        (r#"{"kind":"note","v":1}"#, "missing"),
        (&"[".repeat(20_000), "deep"),
        (&from(&eve, "suzie", tally_id(), &req), "is not with eve:"),
        (&from(&bob, "suzie", other, &req), "user suzie has no tally"),
        (&from(&bob, "eve", tally_id(), &req), "user eve has no tally"),
        (&from(&bob, "suzie", tally_id(), &long), "fit into a message"),
        (&from(&bob, "suzie", tally_id(), &forged), "signature of foil does not fit"),
        (&from(&bob, "suzie", tally_id(), &asked), "signature of stock does not fit"),
        (&from(&bob, "suzie", tally_id(), &req), "begins with another signed tally"),
        (&from(&bob, "suzie", tally_id(), &Body::Ledger(elsewhere)), "does not send this"),
    ];
    for (text, expected) in bad {
        let letter = NewLetter {
            half: None,
            to: agent(),
            key: "bad".to_owned(),
            message: text.to_owned(),
            at: START.parse().unwrap(),
        };
        let mut tx = store.begin().await.unwrap();
        tx.post(&[letter]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(town.site.post().await.unwrap().refused, 1, "{expected}");
        let mut view = store.read().await.unwrap();
        let last = view.last_event().await.unwrap();
        let events = view.events(store::Audience::Site, last - 1, 1).await.unwrap();
        let event = &events.last().unwrap().event;
        assert_eq!((event.kind.as_str(), &event.user), ("note_refused", &None));
        assert!(event.text.contains(expected), "{expected}: {}", event.text);
    }
    let (tally, from) = (tally_id(), "eve".to_owned());
    let not_partner = SiteError::NotPartner { tally, from };
    assert_eq!((not_partner.class(), not_partner.word()), (Class::NotAllowed, "not_partner"));
    let record = protocol::Record::read(b"{")
        .map(|_: Note| Answer::Done)
        .map(|_| Answer::Done)
        .map_err(SiteError::from);
    said(record, Class::Refused, "record", "line 1");
    assert_eq!((town.balance("suzie").await, town.seen("suzie").await.len()), (0, 0));
    town.assert_sound().await;
}

#[tokio::test]
async fn a_damaged_state_or_answer_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.db");
    let store = Store::sqlite(&file).await.unwrap();
    let town = Town::with_tally(store.clone()).await;
    town.ask_for(asks(1, 1, 5)).await.unwrap();
    store::testing::run_in(&file, "UPDATE invoices SET text = '{}'").await.unwrap();
    let refused = town.pay("suzie", Side::Stock, 1, 5).await;
    said(refused, Class::Fault, "damaged", "an invoice: missing field");
    let doctor = town.site.doctor(&mut |_| {}).await.unwrap();
    assert!(doctor.faults.iter().any(|fault| fault.what.contains("invoice")), "{doctor:?}");
    store::testing::run_in(&file, "UPDATE negotiations SET text = '{}'").await.unwrap();
    let seen = town.site.tally(&cuid("bob"), tally_id()).await.map(|_| Answer::Done);
    said(seen, Class::Fault, "damaged", "cannot be read");
    store::testing::run_in(&file, "UPDATE results SET text = '1'").await.unwrap();
    let id = site::CommandId::new("test-0").unwrap();
    let add = Command::Suspend { cuid: cuid("bob"), suspended: false };
    let again = town.site.command(&Caller::Administrator, &id, add).await;
    said(again, Class::Fault, "damaged", "the answer that was kept");
}

#[tokio::test]
async fn a_crowd_is_told_to_come_again_and_a_closed_store_too() {
    let store = Store::memory();
    let town = Town::new(store.clone()).await;
    // Whoever serves waits for this one, and all others behind it.
    let busy = store.begin().await.unwrap();
    let mut waiting = Vec::new();
    for number in 0..4_100 {
        let (site, id) = (town.site.clone(), format!("crowd {number}"));
        waiting.push(tokio::spawn(async move {
            let id = site::CommandId::new(&id).unwrap();
            let command = Command::Suspend { cuid: cuid("bob"), suspended: false };
            site.command(&Caller::Administrator, &id, command).await
        }));
    }
    tokio::task::yield_now().await;
    drop(busy);
    let (mut done, mut refused) = (0, 0);
    for task in waiting {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(error) => {
                said(Err(error), Class::Passing, "busy", "ask again in a moment");
                refused += 1;
            }
        }
    }
    assert!(done >= 4_000 && refused > 0, "{done} done, {refused} refused");

    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("site.db")).await.unwrap();
    let town = Town::new(store.clone()).await;
    store.close().await;
    let gone = town.add("eve", Type::Person).await;
    said(gone, Class::Passing, "store", "");
}

/// Those that the tests of lifts and of keys bring about through the door, and those that only a fault
/// of this program or damaged rows could: what programs are told is fixed here for all of them.
#[test]
fn of_lifts_and_keys() {
    use protocol::ledger::Refusal as Ledger;
    use protocol::lift::LiftFault;
    use protocol::negotiation::Refusal as Negotiation;
    use protocol::participant;
    let (lift, tally) = (protocol::LiftId::from_bytes([7; 32]), tally_id());
    let no_way =
        |why| SiteError::NoWay { payee: "bob:elsewhere".to_owned(), units: Units::ZERO, why };
    let other = protocol::LiftId::from_bytes([8; 32]);
    let of_another = LiftFault::OtherLift { named: other, lift };
    let expected: [(SiteError, Class, &str); 17] = [
        (SiteError::PathMoved { tries: 8 }, Class::Passing, "path_moved"),
        (no_way(Why::Nothing), Class::Conflict, "no_way"),
        (no_way(Why::Busy), Class::Passing, "no_way_yet"),
        (SiteError::NoAgentKey, Class::Fault, "agent_key"),
        (SiteError::NoLift(lift), Class::NotFound, "no_lift"),
        (SiteError::LiftExists(lift), Class::Conflict, "lift_exists"),
        (SiteError::NoProof(Hash::of(b"a lie")), Class::NotFound, "no_proof"),
        (LiftFault::NotALeg { lift, tally }.into(), Class::Refused, "lift"),
        (participant::Refusal::NotSaid { lift }.into(), Class::Refused, "part"),
        (participant::WordFault::Lift(of_another).into(), Class::Refused, "part"),
        (SiteError::Unproved { reason: "more".to_owned() }, Class::Fault, "unproved"),
        (Ledger::StaleKey { next: 2 }.into(), Class::Conflict, "stale_key"),
        (Ledger::OtherHead { index: 2 }.into(), Class::Conflict, "stale_key"),
        (Ledger::KeyOnItsWay.into(), Class::Passing, "key_on_its_way"),
        (Ledger::KeyUsed.into(), Class::Refused, "key_used"),
        (Ledger::Parted { index: 2 }.into(), Class::Conflict, "parted"),
        (Negotiation::OfferOut { tally }.into(), Class::Conflict, "offer_out"),
    ];
    for (error, class, word) in expected {
        assert!(error.to_string().len() > 20 && !error.to_string().contains("  "), "{error}");
        said(Err(error), class, word, "");
    }
}

/// A word that is added is told to programs from then on: some test names it.
#[test]
fn every_word_is_in_a_test() {
    let words: BTreeSet<&str> = include_str!("../../src/refusal.rs")
        .split("Class::")
        .filter_map(|part| part.split_once(", \"")?.1.split_once('"'))
        .map(|(word, _)| word)
        .collect();
    assert!(words.len() > 35, "{words:?}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let tests = read_all(&folder);
    let named = |word: &&str| tests.iter().any(|test| test.contains(&format!("\"{word}\"")));
    let missing: Vec<_> = words.iter().filter(|word| !named(word)).collect();
    assert!(missing.is_empty(), "no test of this crate names these refusals: {missing:?}");
}

/// What is in all files of a folder and its folders.
fn read_all(folder: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(read_all(&path));
        } else {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    texts
}
