//! A site restored from a backup: what its halves wait for, what they refuse until then, and that in
//! the end nothing is lost and nothing doubled.

use protocol::chit::Chit;
use protocol::ledger::Waiting;
use protocol::{Cert, ChitId, SecretKey, Side, Signer, Tally};
use site::{Caller, Class, Found, Query, SiteError, Status, Wish};
use store::{NewLetter, Store};

use crate::pair::Pair;
use crate::town::{START, Town, chit_id, cuid, on_every_store, tally_id};

on_every_store!(
    two_halves_that_went_back_together_agree_at_once,
    two_halves_with_letters_between_them_find_each_other,
    what_can_be_used_once_does_not_count_any_more,
    a_tally_that_a_device_brings_back_has_both_its_halves,
    nobody_gets_a_tally_that_its_key_did_not_sign,
);

async fn status(town: &Town) -> Status {
    match town.site.query(&Caller::Administrator, Query::Status).await.unwrap() {
        Found::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

async fn waiting(town: &Town, name: &str) -> Waiting {
    town.site.tally(&cuid(name), tally_id()).await.unwrap().waiting
}

async fn two_halves_that_went_back_together_agree_at_once(store: Store) {
    let town = Town::with_tally(store.clone()).await;
    town.pay("bob", Side::Foil, 1, 5).await.unwrap();
    town.deliver().await;
    let date = START.parse().unwrap();
    let epoch = town.site.begin_epoch(date).await.unwrap();
    assert_eq!((epoch.number, epoch.halves, epoch.asking, epoch.damaged), (1, 2, 0, 0));
    let now = status(&town).await;
    assert_eq!((now.epoch, now.asking, now.unheard), (1, 0, 2));
    assert_eq!((now.went_back_to, now.letters), (Some(date), 0));
    assert_eq!(town.site.health().await.unwrap().epoch, 1);
    // Users go on at once; lifts wait until their devices were heard.
    town.pay("bob", Side::Foil, 2, 5).await.unwrap();
    town.pay("suzie", Side::Stock, 3, 1).await.unwrap();
    town.deliver().await;
    for (name, left) in [("bob", 1), ("suzie", 0)] {
        assert_eq!(waiting(&town, name).await, Waiting { partner: None, device: true });
        town.wish(name, Wish::Recover(Vec::new())).await.unwrap();
        assert!(waiting(&town, name).await.is_over());
        assert_eq!(status(&town).await.unheard, left);
    }
    assert_eq!(town.balance("suzie").await, 9);
    assert_eq!(town.site.remind().await.unwrap(), 0);
    let events = store.read().await.unwrap().events(store::Audience::Site, 0, 99).await.unwrap();
    let told = events.iter().filter(|event| event.event.kind == "restored").count();
    assert_eq!(told, 1);
    assert_eq!(town.site.begin_epoch(date).await.unwrap().number, 2);
    town.assert_sound().await;
}

async fn two_halves_with_letters_between_them_find_each_other(store: Store) {
    let town = Town::with_tally(store.clone()).await.by_post();
    town.pay("bob", Side::Foil, 1, 5).await.unwrap();
    town.pay("suzie", Side::Stock, 2, 3).await.unwrap();
    let epoch = town.site.begin_epoch(START.parse().unwrap()).await.unwrap();
    assert_eq!((epoch.halves, epoch.asking), (2, 2));
    let refused = town.pay("bob", Side::Foil, 3, 5).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Passing, "to_compare"));
    town.deliver().await;
    for name in ["suzie", "bob"] {
        assert_eq!(waiting(&town, name).await, Waiting { partner: None, device: true });
        let told = town.told(&store, name).await;
        assert!(told.iter().any(|(kind, _)| kind == "compared"), "{told:?}");
    }
    assert_eq!((town.balance("suzie").await, town.balance("bob").await), (2, -2));
    // The letters are lost: they are asked for again.
    town.pay("bob", Side::Foil, 4, 5).await.unwrap();
    town.site.begin_epoch(START.parse().unwrap()).await.unwrap();
    town.lose_letters(&store).await;
    town.deliver().await;
    assert_eq!(status(&town).await.asking, 2);
    assert_eq!(town.site.remind().await.unwrap(), 2);
    town.deliver().await;
    assert_eq!(status(&town).await.asking, 0);
    assert_eq!(town.site.remind().await.unwrap(), 0);
    assert_eq!(town.balance("suzie").await, 7);
    town.assert_sound().await;
}

async fn what_can_be_used_once_does_not_count_any_more(store: Store) {
    let town = Town::new(store.clone()).await;
    let invitation = town.invite().await;
    let epoch = town.site.begin_epoch(START.parse().unwrap()).await.unwrap();
    assert_eq!((epoch.invitations, epoch.halves, epoch.asking), (1, 1, 0));
    let answer = site::Command::Answer { invitation };
    let refused = town.ask(&crate::town::user("bob"), answer).await.unwrap_err();
    assert!(
        matches!(refused, SiteError::Invitation(_)),
        "somebody may have answered it: {refused}"
    );
    assert_eq!(town.status("suzie").await, "draft");
}

/// Anybody may write a cert in another's name, with a key of its own, and sign for both.
async fn nobody_gets_a_tally_that_its_key_did_not_sign(store: Store) {
    let town = Town::with_tally(Store::memory()).await;
    let signed = town.site.tally(&cuid("bob"), tally_id()).await.unwrap().signed.unwrap();
    let town = Town::new(store).await;
    let forger = SecretKey::ed25519(&[66; 32]);
    let mut members = signed.members().clone();
    let cert = Cert { public: forger.public_key(), sign: None, ..members.stock.cert };
    members.stock.cert = cert.signed(&forger).unwrap();
    members.sign = None;
    let forged = Tally::new(members).unwrap().signed(Side::Stock, &forger).unwrap();
    let forged = forged.signed(Side::Foil, town.key("bob")).unwrap();
    let reopen = site::Command::Reopen { tally: Box::new(forged) };
    town.ask(&crate::town::user("bob"), reopen).await.unwrap();
    town.deliver().await;
    let suzie = crate::town::user("suzie");
    assert_eq!(town.site.tallies(&suzie, None, 9).await.unwrap().len(), 0, "it is not hers");
}

/// Signed after the backup, so neither half is there: what both signed brings both back.
async fn a_tally_that_a_device_brings_back_has_both_its_halves(store: Store) {
    let town = Town::with_tally(Store::memory()).await;
    town.pay("bob", Side::Foil, 1, 5).await.unwrap();
    town.deliver().await;
    let kept = town.site.tally(&cuid("bob"), tally_id()).await.unwrap().signed.unwrap();
    let chit = town.payment("bob", Side::Foil, chit_id(1), 5);

    let town = Town::new(store).await;
    town.add("eve", protocol::cert::Type::Person).await.unwrap();
    town.site.begin_epoch(START.parse().unwrap()).await.unwrap();
    let reopen = || site::Command::Reopen { tally: Box::new(kept.clone()) };
    let stranger = town.ask(&crate::town::user("eve"), reopen()).await.unwrap_err();
    assert!(matches!(stranger, SiteError::NotAllowed { .. }), "{stranger}");
    let suzie = crate::town::user("suzie");
    town.ask(&suzie, reopen()).await.unwrap();
    let again = town.ask(&suzie, reopen()).await.unwrap_err();
    assert!(matches!(again, SiteError::TallyExists { .. }), "{again}");
    town.deliver().await;
    for name in ["suzie", "bob"] {
        assert_eq!(town.status(name).await, "open");
        assert_eq!(waiting(&town, name).await, Waiting { partner: None, device: true });
    }
    town.wish("suzie", Wish::Recover(vec![chit.clone()])).await.unwrap();
    town.deliver().await;
    town.wish("bob", Wish::Recover(vec![chit])).await.unwrap();
    town.deliver().await;
    assert_eq!((town.balance("suzie").await, town.balance("bob").await), (5, -5));
    for name in ["suzie", "bob"] {
        town.wish(name, Wish::Recover(Vec::new())).await.unwrap();
    }
    town.deliver().await;
    assert_eq!(status(&town).await.unheard, 0);
    town.assert_sound().await;
}

/// What one site lost the other has; what a user signed meanwhile under a name that it had used is
/// not taken twice.
#[tokio::test]
async fn what_was_lost_here_is_told_by_the_partners_site() {
    for at in [0, 1] {
        let mut pair = Pair::new().await;
        let first = pair.places[at].payment(chit_id(1), 7, START);
        pair.write(at, first).await.unwrap();
        pair.settle().await;
        let copy = pair.back_up(at).await;
        let lost = pair.places[at].payment(chit_id(2), 100, START);
        pair.write(at, lost).await.unwrap();
        let theirs = pair.places[1 - at].payment(chit_id(3), 20, START);
        pair.write(1 - at, theirs).await.unwrap();
        pair.settle().await;
        let before = pair.places[at].seen().await.balance_milli;

        let epoch = pair.restore(at, &copy).await;
        assert_eq!((epoch.halves, epoch.asking), (1, 1));
        assert_ne!(pair.places[at].seen().await.balance_milli, before);
        // The same payment, which the user finds gone, signed anew.
        let twice = pair.places[at].payment(chit_id(2), 100, "2026-11-23T10:00:00.000Z");
        let refused = pair.write(at, twice.clone()).await.unwrap_err();
        assert_eq!(refused.word(), "to_compare");
        pair.settle().await;
        let seen = pair.places[at].seen().await;
        assert_eq!((seen.balance_milli, seen.waiting.partner), (before, None));
        assert_eq!(pair.places[at].told("compared").await, 1);
        assert_eq!(pair.write(at, twice).await.unwrap_err().word(), "name_taken");
        pair.assert_one_ledger().await;
    }
}

/// A half that was still being negotiated when the backup was made opens when it is compared, and
/// waits until it has what the partner's has.
#[tokio::test]
async fn a_half_that_opened_since_is_opened_again_and_compared() {
    let mut pair = Pair::negotiated().await;
    let copy = pair.back_up(1).await;
    pair.accept().await;
    pair.carry_all().await;
    let paid = pair.places[1].payment(chit_id(1), 100, START);
    pair.write(1, paid.clone()).await.unwrap();
    pair.settle().await;
    let epoch = pair.restore(1, &copy).await;
    assert_eq!((epoch.halves, epoch.asking), (1, 0), "it has no ledger yet");
    // Its user accepts again what it finds on the table, and would pay again.
    pair.accept().await;
    let twice = pair.places[1].payment(chit_id(1), 100, "2026-11-23T10:00:00.000Z");
    assert_eq!(pair.write(1, twice).await.unwrap_err().word(), "to_compare");
    pair.settle().await;
    assert_eq!(pair.places[1].chits().await, [paid]);
    assert!(pair.places[1].seen().await.waiting.partner.is_none());
    pair.assert_one_ledger().await;
}

/// Random numbers from a seed: the same seed, the same run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(bound).unwrap()).unwrap()
    }
}

fn name(number: usize) -> ChitId {
    ChitId::random((u128::try_from(number + 7).unwrap() << 64).to_be_bytes())
}

/// What a user's device keeps: what it signed, and what it saw.
async fn keep(pair: &Pair, kept: &mut [Vec<Chit>; 2]) {
    for (place, kept) in pair.places.iter().zip(kept) {
        for chit in place.chits().await {
            if !kept.contains(&chit) {
                kept.push(chit);
            }
        }
    }
}

async fn schedule(seed: u64) {
    let mut random = Random(seed);
    let mut pair = Pair::new().await;
    let lost = random.below(2);
    let (backup_at, restore_at) = (random.below(12), 14 + random.below(10));
    let mut copy = pair.back_up(lost).await;
    let mut kept = [Vec::new(), Vec::new()];
    let mut signed: Vec<Chit> = Vec::new();
    let mut on_its_way: Vec<(usize, NewLetter)> = Vec::new();
    let mut counters = [0; 2];
    for moment in 0..36 {
        if moment == backup_at {
            copy = pair.back_up(lost).await;
        }
        if moment == restore_at {
            pair.restore(lost, &copy).await;
        }
        let at = random.below(2);
        match random.below(6) {
            0 | 1 => {
                let place = &pair.places[at];
                let chit = if random.below(4) == 0 {
                    counters[at] += 1;
                    place.settings(name(moment), counters[at])
                } else {
                    let milli = i64::try_from(1 + random.below(500)).unwrap();
                    place.payment(name(moment), milli, START)
                };
                match pair.write(at, chit.clone()).await {
                    Ok(_) => signed.push(chit),
                    Err(refused) => assert_eq!(refused.word(), "to_compare", "seed {seed}"),
                }
                keep(&pair, &mut kept).await;
            }
            2 => drop(pair.places[at].site.remind().await.unwrap()),
            _ => {
                on_its_way.extend(pair.take(at).await);
                if on_its_way.is_empty() {
                    continue;
                }
                let place = random.below(on_its_way.len());
                match random.below(5) {
                    0 => drop(on_its_way.swap_remove(place)),
                    1 => pair.bring(on_its_way[place].clone()).await,
                    _ => pair.bring(on_its_way.swap_remove(place)).await,
                }
            }
        }
    }
    for letter in on_its_way {
        pair.bring(letter).await;
    }
    pair.settle().await;
    for at in [0, 1] {
        assert!(pair.places[at].seen().await.waiting.partner.is_none(), "seed {seed}");
        pair.wish(at, Wish::Recover(kept[at].clone())).await.unwrap();
    }
    pair.settle().await;
    pair.assert_one_ledger().await;
    let chits = pair.places[0].chits().await;
    assert_eq!(chits.len(), signed.len(), "seed {seed}: nothing lost, nothing doubled");
    assert!(signed.iter().all(|chit| chits.contains(chit)), "seed {seed}");
    let expected: i64 = signed.iter().map(|chit| chit.effect_on(Side::Stock).milli()).sum();
    assert_eq!(pair.places[0].seen().await.balance_milli, i128::from(expected), "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sites_one_of_them_restored_in_any_order() {
    for seed in 0..40 {
        let run = tokio::spawn(schedule(seed));
        assert!(run.await.is_ok(), "schedule({seed}) fails");
    }
}
