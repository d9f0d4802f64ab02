//! Letters: one of each matter waits, none takes another's place; whatever comes twice, late or out
//! of order, the two halves end alike.

use protocol::negotiation::Message as Negotiated;
use protocol::note::{Body, Note};
use protocol::{ChipAddress, ChitId, Side, invoice};
use site::{SiteError, Standing, Wish};
use store::{NewLetter, Store};

use crate::invoices::{asks, taken_back};
use crate::pair::Pair;
use crate::town::{Town, agent, chit_id, cuid, on_every_store, tally_id};

on_every_store! {
    no_letter_takes_the_place_of_one_that_has_to_be_heard,
    an_agreement_and_a_new_offer_wait_side_by_side,
    an_answer_that_is_refused_does_not_use_up_the_invitation,
    an_answer_that_is_refused_for_good_is_over,
    versions_that_come_twice_and_in_any_order_end_alike,
    nobody_fills_the_outbox_with_answers,
}

async fn no_letter_takes_the_place_of_one_that_has_to_be_heard(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    for name in 1..=3 {
        town.ask_for(asks(name, 1, 100)).await.unwrap();
    }
    town.ask_for(asks(2, 2, 200)).await.unwrap();
    let waiting = store.read().await.unwrap().letters(None, 99).await.unwrap();
    assert_eq!(waiting.len(), 3, "one for each invoice, in its latest version");
    town.deliver().await;
    let open = |revision| (revision, Standing::Open);
    assert_eq!(town.stand("bob").await, [open(1), open(2), open(1)]);
    for name in [1, 3] {
        town.refuses(name, 1, "no").await.unwrap();
    }
    town.deliver().await;
    let refused = (1, Standing::Refused);
    assert_eq!(town.stand("suzie").await, [refused, open(2), refused]);
    assert_eq!(town.site.remind().await.unwrap(), 0);
}

async fn an_agreement_and_a_new_offer_wait_side_by_side(store: Store) {
    let town = Town::new(store).await.by_post();
    let invitation = town.invite().await;
    town.ask(&crate::town::user("bob"), site::Command::Answer { invitation }).await.unwrap();
    town.deliver().await;
    let offer = Box::new(town.offer_of("suzie", Side::Stock).await);
    town.wish("suzie", Wish::Offer(offer)).await.unwrap();
    town.deliver().await;
    // Bob accepts, and before Suzie hears of it he offers something else.
    let accepted = Box::new(town.accepted("bob", Side::Foil).await);
    town.wish("bob", Wish::Accept(accepted)).await.unwrap();
    let mut draft = crate::town::draft();
    draft.memo = Some("and pears".parse().unwrap());
    let next = town.site.to_offer(&cuid("bob"), tally_id(), draft).await.unwrap();
    let next = Box::new(next.signed(Side::Foil, town.key("bob")).unwrap());
    town.wish("bob", Wish::Offer(next)).await.unwrap();
    town.deliver().await;
    let suzie = town.site.tally(&cuid("suzie"), tally_id()).await.unwrap();
    assert_eq!(suzie.status, "open", "the agreement arrived");
    assert_eq!(suzie.signed.unwrap().members().revision.get(), 1);
    assert_eq!(suzie.offer.unwrap().0.members().revision.get(), 2, "and so did the offer");
    assert_eq!(town.site.remind().await.unwrap(), 0, "with no need of a reminder");
}

async fn an_answer_that_is_refused_does_not_use_up_the_invitation(store: Store) {
    let town = Town::new(store.clone()).await.by_post();
    let invitation = town.invite().await;
    town.ask(&crate::town::user("bob"), site::Command::Answer { invitation }).await.unwrap();
    let good = take(&store).await;
    // The token is right, the name in the cert is not what Bob signed.
    let mut spoilt = good.clone();
    spoilt[0].message = good[0].message.replace("[\"bob\"]", "[\"bib\"]");
    assert_ne!(spoilt, good);
    put(&store, &spoilt, 0).await;
    assert_eq!(town.site.post().await.unwrap().refused, 1);
    assert_eq!(town.status("suzie").await, "draft");
    put(&store, &good, 1).await;
    town.deliver().await;
    assert_eq!(town.status("suzie").await, "P.draft");
    put(&store, &good, 2).await;
    town.deliver().await;
    assert_eq!(town.status("suzie").await, "P.draft", "and it counts once");
}

/// The invitation is taken back while the answer is on its way.
async fn an_answer_that_is_refused_for_good_is_over(store: Store) {
    let town = Town::new(store.clone()).await.by_post();
    let invitation = town.invite().await;
    let name = store.read().await.unwrap().invites(&cuid("suzie")).await.unwrap()[0].token;
    town.ask(&crate::town::user("bob"), site::Command::Answer { invitation }).await.unwrap();
    assert_eq!(town.status("bob").await, "P.draft");
    let take_back = site::Command::TakeBack { invitation: name };
    town.ask(&crate::town::user("suzie"), take_back).await.unwrap();
    // However often it is time to say again what was not confirmed.
    for _ in 0..3 {
        town.deliver().await;
        assert_eq!(town.site.remind().await.unwrap(), 0, "nothing is said for ever");
    }
    assert_eq!(town.status("bob").await, "void");
    let told = town.told(&store, "bob").await;
    let void = |(kind, text): &&(String, String)| kind == "status" && text.contains("void");
    assert_eq!(told.iter().filter(void).count(), 1, "{told:?}");
    let told = store.read().await.unwrap().events(store::Audience::Site, 0, 99).await.unwrap();
    let refused = told.iter().filter(|told| told.event.kind == "note_refused");
    let reasons: Vec<&str> = refused.map(|told| told.event.text.as_str()).collect();
    assert!(reasons.len() == 1 && reasons[0].contains("taken back"), "{reasons:?}");
}

/// The letters that wait, taken out of the outbox.
async fn take(store: &Store) -> Vec<NewLetter> {
    let mut tx = store.begin().await.unwrap();
    let letters = tx.letters(None, 99).await.unwrap();
    let ids: Vec<_> = letters.iter().map(|letter| letter.id).collect();
    tx.done(&ids).await.unwrap();
    tx.commit().await.unwrap();
    letters.into_iter().map(|letter| letter.letter).collect()
}

async fn put(store: &Store, letters: &[NewLetter], begin: usize) {
    let letters = letters
        .iter()
        .zip(begin..)
        .map(|(letter, number)| NewLetter { key: format!("again {number}"), ..letter.clone() });
    let letters: Vec<_> = letters.collect();
    let mut tx = store.begin().await.unwrap();
    tx.post(&letters).await.unwrap();
    tx.commit().await.unwrap();
}

async fn versions_that_come_twice_and_in_any_order_end_alike(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (order, name) in orders.into_iter().zip(1_u8..) {
        let mut letters = Vec::new();
        for version in [asks(name, 1, 100), asks(name, 2, 200), taken_back(name, 3)] {
            town.ask_for(version).await.unwrap();
            letters.extend(take(&store).await);
        }
        assert_eq!(letters.len(), 3);
        let mixed: Vec<_> = order.iter().chain(&order).map(|at| letters[*at].clone()).collect();
        put(&store, &mixed, 0).await;
        town.deliver().await;
        for who in ["suzie", "bob"] {
            let stands = *town.stand(who).await.last().unwrap();
            assert_eq!(stands, (3, Standing::Withdrawn), "{who} after {order:?}");
        }
    }
    // A payment and what it pays, the payment first, each twice.
    for name in [20, 21] {
        town.ask_for(asks(name, 1, 300)).await.unwrap();
        let asked = take(&store).await;
        put(&store, &asked, 0).await;
        town.deliver().await;
        town.pays(&asks(name, 1, 300)).await.unwrap();
        let mut paid = take(&store).await;
        paid.extend(asked);
        put(&store, &[paid.clone(), paid].concat(), 0).await;
        town.deliver().await;
    }
    for who in ["suzie", "bob"] {
        let paid = (1, Standing::Paid { as_asked: true });
        assert_eq!(town.stand(who).await[6..], [paid, paid], "{who}");
    }
    assert_eq!((town.balance("suzie").await, town.balance("bob").await), (600, -600));
    assert_eq!(town.site.remind().await.unwrap(), 0);
    town.assert_sound().await;
}

/// Each refusal of something that never was wants an answer of its own.
async fn nobody_fills_the_outbox_with_answers(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    let from = ChipAddress { cuid: cuid("bob"), agent: agent(), endpoint: None };
    let letter = |number: u64| {
        let chit = ChitId::random((u128::from(number) << 64).to_be_bytes());
        let revision = 1.try_into().unwrap();
        let body = Body::Invoice(invoice::Message::Refused { chit, revision, reason: None });
        let (to, key) = (cuid("suzie"), body.key());
        let note =
            Note { tally: tally_id(), from: from.clone(), to, token: None, moved: None, body };
        let message = protocol::Record::to_text(&note).unwrap().to_string();
        NewLetter { half: None, to: agent(), key, message, at: crate::town::START.parse().unwrap() }
    };
    let letters: Vec<_> = (0..640).map(letter).collect();
    let mut tx = store.begin().await.unwrap();
    tx.post(&letters).await.unwrap();
    tx.commit().await.unwrap();
    // All are taken before any answer is sent.
    for _ in 0..10 {
        town.site.post().await.unwrap();
    }
    let mut view = store.read().await.unwrap();
    let halves = view.halves_of_tallies(&[tally_id()]).await.unwrap();
    let suzie = halves.iter().find(|half| half.holder == cuid("suzie")).unwrap();
    assert_eq!(view.waiting(suzie.id).await.unwrap(), 512);
    drop(view);
    // What has to be said is still said.
    town.pay("suzie", Side::Stock, 1, 5).await.unwrap();
    town.deliver().await;
    assert_eq!(town.balance("bob").await, 5);
}

#[test]
fn what_waits_is_named_by_its_matter() {
    let [one, two] = [chit_id(1), chit_id(2)];
    let revision = 1.try_into().unwrap();
    let received = |chit| Body::Invoice(invoice::Message::Received { chit, revision });
    let refused = |chit| Body::Invoice(invoice::Message::Refused { chit, revision, reason: None });
    let bodies = [received(one), received(two), refused(one), refused(two)];
    let mut keys: Vec<_> = bodies.iter().map(Body::key).collect();
    assert!(bodies.iter().all(Body::is_one_of_many));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
    let ask = Body::Negotiation(Negotiated::Ask);
    assert!(!ask.is_one_of_many() && !Body::Invoice(invoice::Message::Ask).is_one_of_many());
    assert_ne!(ask.key(), Body::Invoice(invoice::Message::Ask).key());
}

#[tokio::test]
async fn an_invoice_before_the_tally_is_open_is_refused() {
    let town = Town::new(Store::memory()).await.by_post();
    town.invite().await;
    let error = town.ask_for(asks(1, 1, 5)).await.unwrap_err();
    assert!(matches!(error, SiteError::NotOpen { .. }), "{error}");
}

/// An offer that comes a second time leaves the half as it is kept, and nobody counts a change.
#[tokio::test]
async fn a_word_that_comes_twice_writes_nothing() {
    let mut pair = Pair::negotiated().await;
    pair.offer().await;
    let letters = pair.take(0).await;
    let kept = async || {
        let mut view = pair.places[1].store.read().await.unwrap();
        let half = view.half_of(&cuid("bob"), &tally_id()).await.unwrap().unwrap();
        let negotiation = view.negotiations(&[half.id]).await.unwrap();
        (half, negotiation)
    };
    let before = kept().await;
    for letter in letters.clone() {
        pair.bring(letter).await;
    }
    let taken = kept().await;
    assert_ne!(taken, before, "the first time it is news");
    for letter in letters {
        pair.bring(letter).await;
    }
    assert_eq!(kept().await, taken);
}
