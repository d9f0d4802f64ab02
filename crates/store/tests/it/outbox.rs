//! The outbox: kept with the change that caused it, in order for each half, lost with no sender.

use store::{Claim, Kind, Letter, LetterId, NewLetter, Store, StoreError, Whom};

use crate::places::{Home, everywhere};
use crate::world::{agent, at, letter, two_halves};

async fn post(store: &Store, letters: &[NewLetter]) {
    let mut tx = store.begin().await.unwrap();
    tx.post(letters).await.unwrap();
    tx.commit().await.unwrap();
}

/// Claims what is due at `now`, for ten; gives the keys.
async fn claim(store: &Store, owner: &str, now: i64, limit: u32) -> Vec<Letter> {
    let owner = owner.to_owned();
    let to = Whom::AllBut(vec![agent(200)]);
    let claim = Claim { owner, to, now: at(now), lease: at(now + 10), limit };
    let mut tx = store.begin().await.unwrap();
    let letters = tx.claim(&claim).await.unwrap();
    tx.commit().await.unwrap();
    letters
}

fn keys(letters: &[Letter]) -> Vec<&str> {
    letters.iter().map(|letter| letter.letter.key.as_str()).collect()
}

fn ids(letters: &[Letter]) -> Vec<LetterId> {
    letters.iter().map(|letter| letter.id).collect()
}

async fn survives_and_goes_out_in_order(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let posted = [
        letter(Some(anne.id), "c", 0),
        letter(None, "b", 0),
        letter(Some(anne.id), "a", 0),
        letter(None, "later", 99),
    ];
    post(&home.store, &posted).await;
    let store = home.reopened().await;
    assert_eq!(store.read().await.unwrap().next_due().await.unwrap(), Some(at(0)));
    let taken = claim(&store, "one", 5, 10).await;
    assert_eq!(keys(&taken), ["c", "b", "a"]);
    assert_eq!(taken[0].letter, posted[0]);
    assert_eq!((taken[0].attempts, taken[0].due), (1, at(15)));
    assert_eq!(store.read().await.unwrap().next_due().await.unwrap(), Some(at(15)));

    let mut tx = store.begin().await.unwrap();
    tx.done(&ids(&taken)).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = store.read().await.unwrap();
    assert_eq!(keys(&view.letters(None, 10).await.unwrap()), ["later"]);
    assert_eq!(view.totals().await.unwrap().letters, 1);
}

async fn a_newer_letter_replaces_one_that_waits(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let newer = NewLetter { message: "newer".to_owned(), ..letter(Some(anne.id), "head", 0) };
    post(&home.store, &[letter(Some(anne.id), "head", 0), letter(Some(anne.id), "chit", 0)]).await;
    let old = claim(&home.store, "one", 0, 1).await;
    let other = NewLetter { to: agent(2), ..letter(Some(anne.id), "head", 0) };
    let free = letter(None, "head", 0);
    post(&home.store, &[newer.clone(), letter(Some(bert.id), "head", 0), other, free]).await;

    // Whoever sent the old one may say so late: the new one stays.
    let mut tx = home.store.begin().await.unwrap();
    tx.done(&ids(&old)).await.unwrap();
    tx.failed("one", &ids(&old), at(500)).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let waiting = view.letters(None, 10).await.unwrap();
    assert_eq!(keys(&waiting), ["chit", "head", "head", "head", "head"]);
    assert_eq!((&waiting[1].letter, waiting[1].attempts), (&newer, 1), "tried once in this name");
    assert_eq!(waiting[1].owner, None);

    // Within one list, too, the last one counts.
    let last = NewLetter { message: "last".to_owned(), ..newer.clone() };
    post(&home.store, &[newer, letter(None, "x", 0), last.clone()]).await;
    let mut view = home.store.read().await.unwrap();
    let waiting = view.letters(None, 10).await.unwrap();
    assert_eq!(keys(&waiting), ["chit", "head", "head", "head", "x", "head"]);
    assert_eq!(waiting[5].letter, last);
}

async fn a_half_waits_for_its_first_letter(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let of = |half, key: &str| letter(Some(half), key, 0);
    post(&home.store, &[of(anne.id, "a1"), of(bert.id, "b1"), of(anne.id, "a2")]).await;
    let first = claim(&home.store, "one", 0, 1).await;
    assert_eq!(keys(&first), ["a1"]);
    // Anne's second waits while somebody has her first.
    let second = claim(&home.store, "two", 1, 10).await;
    assert_eq!(keys(&second), ["b1"]);
    let mut tx = home.store.begin().await.unwrap();
    tx.failed("one", &ids(&first), at(100)).await.unwrap();
    tx.done(&ids(&second)).await.unwrap();
    tx.commit().await.unwrap();
    // It could not be delivered: both wait for the next attempt, then go in order.
    assert_eq!(keys(&claim(&home.store, "two", 99, 10).await), [""; 0]);
    assert_eq!(keys(&claim(&home.store, "two", 100, 10).await), ["a1", "a2"]);
}

async fn behind_a_letter_that_stands_alone_none_waits(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let of = |key: &str| letter(Some(anne.id), key, 0);
    post(&home.store, &[of("alone:a1"), of("a2")]).await;
    assert_eq!(keys(&claim(&home.store, "one", 0, 1).await), ["alone:a1"]);
    let second = claim(&home.store, "two", 1, 10).await;
    assert_eq!(keys(&second), ["a2"]);
    // It waits for those before it as any other does.
    post(&home.store, &[of("alone:a3")]).await;
    assert_eq!(keys(&claim(&home.store, "two", 2, 10).await), [""; 0]);
}

async fn a_lease_that_ends_is_taken_over(home: &Home) {
    post(&home.store, &[letter(None, "a", 0)]).await;
    assert_eq!(keys(&claim(&home.store, "one", 0, 9).await), ["a"]);
    assert_eq!(keys(&claim(&home.store, "two", 9, 9).await), [""; 0]);
    let taken = claim(&home.store, "two", 10, 9).await;
    assert_eq!((keys(&taken), taken[0].attempts), (vec!["a"], 2));
    // The first wakes up and says that it failed: that is no longer its business.
    let mut tx = home.store.begin().await.unwrap();
    tx.failed("one", &ids(&taken), at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let kept = view.letters(None, 9).await.unwrap();
    assert_eq!(kept, taken);
    assert_eq!(kept[0].owner.as_deref(), Some("two"));
}

async fn an_agent_that_is_back_is_served_at_once(home: &Home) {
    let other = NewLetter { to: agent(2), ..letter(None, "other", 50) };
    post(&home.store, &[letter(None, "late", 50), other, letter(None, "held", 0)]).await;
    assert_eq!(keys(&claim(&home.store, "one", 0, 9).await), ["held"]);
    let mut tx = home.store.begin().await.unwrap();
    tx.hasten(&agent(1), at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(keys(&claim(&home.store, "two", 1, 9).await), ["late"]);
}

async fn what_a_program_that_ended_had_claimed_is_due_again(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let all = [letter(Some(anne.id), "first", 0), letter(Some(anne.id), "second", 0)];
    post(&home.store, &all).await;
    post(&home.store, &[letter(None, "late", 50)]).await;
    assert_eq!(keys(&claim(&home.store, "dead", 0, 1).await), ["first"]);
    assert_eq!(keys(&claim(&home.store, "next", 1, 9).await), [""; 0], "in order");
    let mut tx = home.store.begin().await.unwrap();
    tx.release(at(1)).await.unwrap();
    // It is nobody's now.
    let first = tx.letters(None, 1).await.unwrap()[0].id;
    tx.failed("dead", &[first], at(40)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(keys(&claim(&home.store, "next", 1, 9).await), ["first", "second"]);
}

async fn what_waits_longer_than_anything_may_is_due_again(home: &Home) {
    post(&home.store, &[letter(None, "soon", 40), letter(None, "never", 5_000)]).await;
    post(&home.store, &[letter(None, "held", 0)]).await;
    assert_eq!(keys(&claim(&home.store, "ahead", 0, 9).await), ["held"]);
    let mut tx = home.store.begin().await.unwrap();
    tx.recall(at(100), at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(keys(&claim(&home.store, "next", 1, 9).await), ["never"]);
    assert_eq!(keys(&claim(&home.store, "later", 40, 9).await), ["soon", "never", "held"]);
}

/// Another agent speaks for the partner: what waits goes to it at once, and no name is there twice.
async fn letters_follow_a_partner_to_its_agent(home: &Home) {
    let [anne, bert] = two_halves(&home.store).await;
    let to = |agent, half, key, text: &str| NewLetter {
        to: agent,
        message: text.to_owned(),
        ..letter(Some(half), key, 0)
    };
    let (old, new) = (agent(2), agent(3));
    let before = [to(old, anne.id, "head", "old"), to(old, anne.id, "ask", "old")];
    post(&home.store, &before).await;
    let owner = claim(&home.store, "one", 0, 9).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.failed("one", &ids(&owner), at(900)).await.unwrap();
    tx.commit().await.unwrap();
    let other = [to(new, anne.id, "head", "new"), to(old, bert.id, "head", "another half's")];
    post(&home.store, &other).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.readdress(anne.id, &new, at(5)).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let all = store.read().await.unwrap().letters(None, 10).await.unwrap();
    let of = |to, key: &str| {
        let mut found = all.iter().filter(|l| l.letter.to == to && l.letter.key == key);
        let letter = found.next().unwrap();
        assert!(found.next().is_none());
        (letter.letter.message.clone(), letter.attempts)
    };
    assert_eq!(all.len(), 3);
    assert_eq!(of(new, "head"), ("new".to_owned(), 0), "what was said later");
    assert_eq!(of(new, "ask"), ("old".to_owned(), 0), "as if it had not been tried");
    assert_eq!(of(old, "head"), ("another half's".to_owned(), 0));
    assert!(all.iter().all(|letter| letter.due <= at(5)), "{all:?}");
    // A letter of that name to it can be posted still, in the place of the one that is there.
    post(&store, &[to(new, anne.id, "ask", "newest")]).await;
    let all = store.read().await.unwrap().letters(None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().any(|l| l.letter.message == "newest"));
}

/// The site has another agent: what its halves say to each other is for that one.
async fn letters_of_a_site_follow_its_agent(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let mut tx = home.store.begin().await.unwrap();
    let error = tx.replace_agent(&agent(7)).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { kind: Kind::Setting, .. }), "{error}");
    drop(tx);
    let mut tx = home.store.begin().await.unwrap();
    tx.found(&store::Founded { agent: agent(1), at: at(0) }).await.unwrap();
    tx.commit().await.unwrap();
    let abroad = NewLetter { to: agent(2), ..letter(Some(anne.id), "abroad", 0) };
    let here = NewLetter { to: agent(1), ..letter(Some(anne.id), "here", 0) };
    post(&home.store, &[abroad, here]).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.replace_agent(&agent(7)).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    let founded = view.meta().await.unwrap().founded.unwrap();
    assert_eq!((founded.agent, founded.at), (agent(7), at(0)));
    let all = view.letters(None, 10).await.unwrap();
    let to: Vec<_> = all.iter().map(|l| (l.letter.key.as_str(), l.letter.to)).collect();
    assert_eq!(to, [("abroad", agent(2)), ("here", agent(7))]);
}

async fn what_is_said_again_does_not_wait_less(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    post(&home.store, &[letter(Some(anne.id), "head", 0)]).await;
    let first = claim(&home.store, "one", 0, 9).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.failed("one", &ids(&first), at(50)).await.unwrap();
    tx.commit().await.unwrap();
    let newer = NewLetter { message: "newer".to_owned(), ..letter(Some(anne.id), "head", 5) };
    post(&home.store, &[newer]).await;
    assert_eq!(keys(&claim(&home.store, "one", 49, 9).await), [""; 0]);
    let again = claim(&home.store, "one", 50, 9).await;
    assert_eq!((again[0].letter.message.as_str(), again[0].attempts), ("newer", 2));
    // Until its agent is back.
    let mut tx = home.store.begin().await.unwrap();
    tx.failed("one", &ids(&again), at(500)).await.unwrap();
    tx.hasten(&agent(1), at(51)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&home.store, "one", 51, 9).await[0].attempts, 1);
}

async fn each_sender_takes_what_it_can_bring(home: &Home) {
    let [anne, _] = two_halves(&home.store).await;
    let abroad = NewLetter { to: agent(2), ..letter(Some(anne.id), "abroad", 0) };
    post(&home.store, &[letter(Some(anne.id), "here", 0), abroad, letter(None, "free", 0)]).await;
    let take = async |to, now| {
        let claim = Claim { owner: "one".to_owned(), to, now: at(now), lease: at(9), limit: 9 };
        let mut tx = home.store.begin().await.unwrap();
        let letters = tx.claim(&claim).await.unwrap();
        tx.commit().await.unwrap();
        letters
    };
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.waiting_for(&Whom::AllBut(vec![agent(1)])).await.unwrap(), 1);
    assert_eq!(view.waiting_for(&Whom::Only(agent(1))).await.unwrap(), 2);
    drop(view);
    assert_eq!(keys(&take(Whom::AllBut(vec![agent(1)]), 0).await), ["abroad"]);
    assert_eq!(keys(&take(Whom::AllBut(vec![agent(1)]), 0).await), [""; 0]);
    assert_eq!(keys(&take(Whom::Only(agent(1)), 0).await), ["here", "free"]);
}

async fn letters_come_in_pages(home: &Home) {
    let letters: Vec<_> = (0..150).map(|n| letter(None, &format!("{n:03}"), 0)).collect();
    post(&home.store, &letters).await;
    let mut view = home.store.read().await.unwrap();
    let first = view.letters(None, 100).await.unwrap();
    let rest = view.letters(first.last().map(|letter| letter.id), 100).await.unwrap();
    let all = [first, rest].concat();
    assert_eq!(all.iter().map(|l| l.letter.clone()).collect::<Vec<_>>(), letters);
    drop(view);
    assert_eq!(claim(&home.store, "one", 0, 140).await.len(), 140);
    assert_eq!(claim(&home.store, "one", 0, 140).await.len(), 10);
}

async fn a_half_must_be_known(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.post(&[letter(None, "a", 0)]).await.unwrap();
    tx.commit().await.unwrap();
    // Not even 0 is a half, though a letter of no half waits under the same key.
    for half in [5, 0] {
        let mut tx = home.store.begin().await.unwrap();
        let error = tx.post(&[letter(Some(store::HalfId::new(half)), "a", 0)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Missing { kind: Kind::Letter, .. }), "{error}");
    }
}

everywhere!(
    survives_and_goes_out_in_order,
    a_newer_letter_replaces_one_that_waits,
    a_half_waits_for_its_first_letter,
    behind_a_letter_that_stands_alone_none_waits,
    a_lease_that_ends_is_taken_over,
    what_a_program_that_ended_had_claimed_is_due_again,
    what_waits_longer_than_anything_may_is_due_again,
    an_agent_that_is_back_is_served_at_once,
    what_is_said_again_does_not_wait_less,
    each_sender_takes_what_it_can_bring,
    letters_follow_a_partner_to_its_agent,
    letters_of_a_site_follow_its_agent,
    letters_come_in_pages,
    a_half_must_be_known,
);
