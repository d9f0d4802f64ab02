//! Which lifts a referee does not judge, and how little a stranger can make it keep.

use std::sync::Arc;

use protocol::SecretKey;
use protocol::errand::{Ask, Errand};
use protocol::lift::{Lift, MAX_PARTICIPANTS, MAX_REFEREES};
use site::{
    Class, Clock as _, MAX_AHEAD_MS, MAX_OF_ONE, MAX_OPEN_OF_ONE, MAX_OPEN_OF_ONE_STRANGER,
    MAX_OPEN_OF_STRANGERS, MAX_SPAN_MS, Site, SiteError, Unjudged,
};
use store::{Case, CaseCount, Store};

use super::court::{Court, agent, asker, lift, participants, promises, refusal};
use crate::town::on_every_store;

on_every_store! {
    what_strangers_leave_open_takes_nothing_from_who_is_known,
    a_partner_cannot_fill_a_referees_disk_and_others_are_heard_all_the_same,
}

/// Four referees, of whom the first keeps its cases here.
async fn court_over(store: Store) -> Court {
    Court::over(vec![store, Store::memory(), Store::memory(), Store::memory()]).await
}

/// A stranger: names cost nothing.
fn stranger(number: u64) -> protocol::AgentId {
    let mut seed = [79; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    agent(&SecretKey::ed25519(&seed))
}

/// A question about a lift that stays undecided until the other referees have spoken.
fn open(court: &Court, number: u64) -> (protocol::LiftId, Errand) {
    let lift = court.new_lift(&number.to_be_bytes());
    let ask = Ask::new(lift.clone(), Some(refusal(&lift, &participants(2)[0])));
    (lift.id().unwrap(), Errand::Ask(Box::new(ask)))
}

/// As many cases as strangers may leave open but for the last one, as they are kept.
async fn crowd(court: &Court, store: &Store) {
    let site = court.sites[0].as_ref().unwrap();
    let mut model = None;
    for number in 0..MAX_OPEN_OF_STRANGERS - 1 {
        let (who, of_one) =
            (stranger(number / MAX_OPEN_OF_ONE_STRANGER), number % MAX_OPEN_OF_ONE_STRANGER);
        if of_one == 0 {
            let (lift, errand) = open(court, number);
            site.hear_referee(who, errand).await.unwrap();
            model = store.read().await.unwrap().case(&lift).await.unwrap();
            continue;
        }
        let lift = protocol::LiftId::from(protocol::Hash::of(&number.to_be_bytes()));
        let case = Case { lift, ..model.clone().unwrap() };
        let mut tx = store.begin().await.unwrap();
        tx.add_case(&case).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Strangers leave as many cases open as all of them may; gives their lifts.
async fn fill(court: &Court) -> Vec<(protocol::AgentId, Errand)> {
    let site = court.sites[0].as_ref().unwrap();
    let mut all = Vec::new();
    for number in 0..MAX_OPEN_OF_STRANGERS {
        let who = stranger(number / MAX_OPEN_OF_ONE_STRANGER);
        let (_, errand) = open(court, number);
        site.hear_referee(who, errand.clone()).await.unwrap();
        all.push((who, errand));
    }
    all
}

/// Users here have dealings with whoever asks.
async fn is_met(store: &Store, agent: protocol::AgentId) {
    let mut tx = store.begin().await.unwrap();
    tx.set(&format!("agent:{agent}"), Some("")).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_strangers_leave_open_takes_nothing_from_who_is_known(store: Store) {
    let court = court_over(store.clone()).await;
    let site = court.sites[0].as_ref().unwrap();
    is_met(&store, asker()).await;
    // Nor the other way round: a partner's cases leave strangers their room, to the last of it.
    for number in 0..8 {
        site.hear_referee(asker(), open(&court, 10_000 + number).1).await.unwrap();
    }
    crowd(&court, &store).await;
    // The hour in which strangers bring so many new ones has passed, and all of them are undecided still.
    court.world.pass(60 * 60 * 1_000);
    site.hear_referee(stranger(98), open(&court, 20_000).1).await.unwrap();
    let error = site.hear_referee(stranger(99), open(&court, 20_001).1).await.unwrap_err();
    assert_eq!(reason(&error), Unjudged::TooMany);
    for number in 8..MAX_OPEN_OF_ONE {
        site.hear_referee(asker(), open(&court, 10_000 + number).1).await.unwrap();
    }
    let error = site.hear_referee(asker(), open(&court, 30_000).1).await.unwrap_err();
    assert_eq!(reason(&error), Unjudged::TooMany, "each of those known has its share");
}

/// All but so many of the cases that one may bring in an hour, decided, as they are kept.
async fn brought(court: &Court, store: &Store, who: protocol::AgentId, but: u64) {
    let (site, now) = (court.sites[0].as_ref().unwrap(), court.world.now());
    let (model, errand) = open(court, 1_000_000);
    site.hear_referee(who, errand).await.unwrap();
    let model = store.read().await.unwrap().case(&model).await.unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    for number in 1..MAX_OF_ONE - but {
        let lift = protocol::LiftId::from(protocol::Hash::of(&number.to_be_bytes()));
        let status = protocol::lift::Outcome::Void.word().to_owned();
        let text = "a decided one is not read".to_owned();
        let case = Case { lift, text, status, asked: now, ..model.clone() };
        tx.add_case(&case).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn a_partner_cannot_fill_a_referees_disk_and_others_are_heard_all_the_same(store: Store) {
    let court = court_over(store.clone()).await;
    let (site, another) = (court.sites[0].as_ref().unwrap(), stranger(7));
    is_met(&store, asker()).await;
    is_met(&store, another).await;
    brought(&court, &store, asker(), 2).await;
    // What comes by another program is counted within a minute; until then, what comes by this one.
    court.world.pass(60_000);
    let (_, last) = open(&court, 1);
    site.hear_referee(asker(), last.clone()).await.unwrap();
    site.hear_referee(asker(), open(&court, 2).1).await.unwrap();
    let (id, errand) = open(&court, 3);
    let error = site.hear_referee(asker(), errand.clone()).await.unwrap_err();
    assert_eq!(reason(&error), Unjudged::TooManyOfOne { agent: asker() });
    assert_eq!((error.class(), error.word()), (Class::Passing, "too_many_cases_of_one"));
    assert!(error.to_string().contains(&asker().to_string()), "{error}");
    // It is heard about what it has brought, and what it may not bring another may.
    site.hear_referee(asker(), last).await.unwrap();
    site.hear_referee(another, errand).await.unwrap();
    assert!(store.read().await.unwrap().case(&id).await.unwrap().is_some());
    // An hour later it brings more, as before.
    court.world.pass(60 * 60 * 1_000);
    site.hear_referee(asker(), open(&court, 4).1).await.unwrap();
}

/// Strangers ask again about lifts of more than a day ago, as often as they like: one about which a partner asks is gone on with.
#[tokio::test]
async fn old_cases_of_strangers_keep_nobody_elses_waiting() {
    let mut court = Court::new(4).await;
    is_met(&court.stores[0], asker()).await;
    let (lift, partners) = open(&court, 10_000);
    let strange = fill(&court).await;
    let site = court.sites[0].as_ref().unwrap();
    site.hear_referee(asker(), partners.clone()).await.unwrap();
    court.world.pass(25 * 60 * 60 * 1_000);
    // Nobody has asked about them lately, so none is waited for.
    court.killed(0).await;
    court.tend().await;
    court.road.clear();
    let site = court.sites[0].as_ref().unwrap();
    for (who, errand) in strange {
        site.hear_referee(who, errand).await.unwrap();
    }
    site.hear_referee(asker(), partners).await.unwrap();
    site.take_errands().await.unwrap();
    let mut told = false;
    for _ in 0..4 {
        court.world.pass(2_000);
        site.tend_referee(court.world.now()).await.unwrap();
        for outgoing in site.take_errands().await.unwrap() {
            let Errand::Telling(telling) = outgoing.errand else { continue };
            told |= telling.lift.id().unwrap() == lift;
        }
    }
    assert!(told, "the other referees hear again what is known of it");
}

fn reason(error: &SiteError) -> Unjudged {
    match error {
        SiteError::NotJudged { reason, .. } => *reason,
        other => panic!("{other}"),
    }
}

async fn kept(store: &Store) -> u64 {
    let now = "2000-01-01T00:00:00.000Z".parse().unwrap();
    let which = CaseCount { asked_by: asker(), deadline: now, asked: now };
    store.read().await.unwrap().count_cases(&which).await.unwrap().of_strangers
}

#[tokio::test]
async fn lifts_with_odd_dates_are_not_judged_and_leave_nothing() {
    let court = Court::new(1).await;
    let good = court.lift.clone();
    let dated = |ahead: i64, span: i64| {
        let date = court.world.now().plus_ms(ahead).unwrap();
        Lift { date, deadline: date.plus_ms(span).unwrap(), ..good.clone() }
    };
    let all = |lift: &Lift| Some(promises(lift, &participants(2)));
    let ahead = dated(MAX_AHEAD_MS + 10_000, 30_000);
    let error = court.refuses(0, &ahead, all(&ahead)).await;
    assert!(matches!(reason(&error), Unjudged::Ahead { .. }), "{error}");
    let long = dated(0, MAX_SPAN_MS + 1);
    let error = court.refuses(0, &long, all(&long)).await;
    assert_eq!(reason(&error), Unjudged::Long);
    assert_eq!((error.class(), error.word()), (Class::Refused, "not_judged"));
    // From before there was this site: whoever had its key then may have judged it.
    let old = dated(-60_000, 30_000);
    let error = court.refuses(0, &old, None).await;
    assert!(matches!(reason(&error), Unjudged::Forgotten { .. }), "{error}");
    assert_eq!((error.class(), error.word()), (Class::Refused, "referee_forgot"));
    // Others' lifts, and those that nobody has to promise.
    for lift in [
        Lift { referees: protocol::bounded::List::new(vec![asker()]).unwrap(), ..good.clone() },
        Lift { participants: protocol::bounded::List::default(), ..good.clone() },
    ] {
        let error = court.refuses(0, &lift, None).await;
        assert!(matches!(error, SiteError::Referee(_)), "{error}");
    }
    // Promises of others, or by nobody.
    let error = court.refuses(0, &good, Some(promises(&long, &participants(2)))).await;
    assert!(matches!(error, SiteError::Referee(_)), "{error}");
    assert_eq!((error.class(), error.word()), (Class::Refused, "referee"));
    assert_eq!(kept(&court.stores[0]).await, 0);
}

#[tokio::test]
async fn a_question_that_brings_nothing_is_not_kept() {
    let mut court = Court::new(4).await;
    assert_eq!(court.ask(0, None).await, None);
    assert_eq!(kept(&court.stores[0]).await, 0);
    assert!(court.road.is_empty(), "nobody is told");
    court.ask(0, court.refusal()).await;
    let told = court.road.len();
    assert_eq!((kept(&court.stores[0]).await, told), (1, 3));
    // However often it is asked, nobody is told more for that.
    for _ in 0..5 {
        court.ask(0, court.refusal()).await;
    }
    assert_eq!(court.road.len(), told);
}

#[tokio::test]
async fn one_agent_leaves_few_cases_open_and_others_are_heard_all_the_same() {
    let court = Court::new(4).await;
    let site = court.sites[0].as_ref().unwrap();
    let open = |number: u64| open(&court, number).1;
    let first = open(0);
    site.hear_referee(asker(), first.clone()).await.unwrap();
    for number in 1..MAX_OPEN_OF_ONE_STRANGER {
        site.hear_referee(asker(), open(number)).await.unwrap();
    }
    let error = site.hear_referee(asker(), open(MAX_OPEN_OF_ONE)).await.unwrap_err();
    assert_eq!(reason(&error), Unjudged::TooMany);
    assert_eq!((error.class(), error.word()), (Class::Passing, "too_many_cases"));
    // Not what it has asked about before.
    site.hear_referee(asker(), first).await.unwrap();
    let another = agent(&SecretKey::ed25519(&[78; 32]));
    site.hear_referee(another, open(MAX_OPEN_OF_ONE)).await.unwrap();
    // A day after their deadlines they count no more.
    court.world.pass(25 * 60 * 60 * 1_000);
    site.hear_referee(asker(), open(MAX_OPEN_OF_ONE + 1)).await.unwrap();
}

#[tokio::test]
async fn strangers_together_bring_few_lifts_within_an_hour_and_acquaintances_more() {
    let court = Court::new(1).await;
    let site = court.sites[0].as_ref().unwrap();
    let key = &participants(2)[0];
    let about = |number: u64| {
        let lift = court.new_lift(&number.to_be_bytes());
        Errand::Ask(Box::new(Ask::new(lift.clone(), Some(refusal(&lift, key)))))
    };
    for number in 0..site::MAX_STRANGERS {
        let seed = u8::try_from(number % 100).unwrap();
        let stranger = agent(&SecretKey::ed25519(&[seed + 100; 32]));
        site.hear_referee(stranger, about(number)).await.unwrap();
    }
    let next = site::MAX_STRANGERS;
    let error = site.hear_referee(asker(), about(next)).await.unwrap_err();
    assert_eq!(reason(&error), Unjudged::TooMany);
    // This very site asks, and one with which it has dealings.
    site.hear_referee(site.agent(), about(next)).await.unwrap();
    let mut tx = court.stores[0].begin().await.unwrap();
    tx.set(&format!("agent:{}", asker()), Some("")).await.unwrap();
    tx.commit().await.unwrap();
    site.hear_referee(asker(), about(next + 1)).await.unwrap();
    court.world.pass(60 * 60 * 1_000);
    site.hear_referee(agent(&SecretKey::ed25519(&[79; 32])), about(next + 2)).await.unwrap();
}

/// What the largest and a usual case take on the disk, as `docs` say.
#[tokio::test]
async fn a_case_takes_little_room() {
    let size = async |court: &Court| {
        let id = court.lift.id().unwrap();
        let case = court.stores[0].read().await.unwrap().case(&id).await.unwrap().unwrap();
        (case.text.len(), case.status)
    };
    let mut court = Court::new(1).await;
    court.ask(0, court.promises()).await.unwrap();
    let (usual, _) = size(&court).await;
    assert!(usual < 3_000, "{usual}");

    let mut court = Court::new(u8::try_from(MAX_REFEREES).unwrap()).await;
    let keys = participants(u8::try_from(MAX_PARTICIPANTS).unwrap());
    court.lift = lift(&court.keys, &keys, court.world.now(), b"large");
    let all = promises(&court.lift, &keys);
    court.ask(0, Some(all)).await;
    // All hear of it from the first, and it from all of them.
    for _ in 0..24 {
        court.arrives(0, false).await;
        court.road.remove(0);
    }
    court.road.retain(|(_, to, _)| *to == 0);
    for _ in 0..12 {
        court.arrives(0, false).await;
        court.road.remove(0);
    }
    let (largest, _) = size(&court).await;
    assert!((20_000..64 * 1024).contains(&largest), "{largest}");
}

#[tokio::test]
async fn a_site_without_its_key_judges_nothing() {
    let court = Court::new(1).await;
    let (clock, chance) = (Arc::clone(&court.world), Arc::clone(&court.world));
    let site = Site::open(court.stores[0].clone(), agent(&court.keys[0]), clock, chance).await;
    let site = site.unwrap();
    let ask = Ask::new(court.lift.clone(), court.promises());
    let error = site.hear_referee(asker(), Errand::Ask(Box::new(ask))).await.unwrap_err();
    assert!(matches!(error, SiteError::NoAgentKey), "{error}");
    assert_eq!(site.tend_referee(court.world.now()).await.unwrap(), 0);
}

/// Who decides with a referee what somebody known asked about is no stranger on the wire, accepted or not; whom a stranger names is.
#[tokio::test]
async fn the_other_referees_of_a_known_askers_lift_are_waited_for() {
    let store = Store::memory();
    let court = court_over(store.clone()).await;
    let site = court.sites[0].as_ref().unwrap();
    let (lift, errand) = open(&court, 1);
    let referees = court.new_lift(&1_u64.to_be_bytes()).referees;
    let others = referees.iter().filter(|other| **other != site.agent());
    site.hear_referee(stranger(1), errand.clone()).await.unwrap();
    for other in others.clone() {
        assert!(!site.sits_with(*other).await.unwrap(), "a stranger may name anybody");
    }
    is_met(&store, stranger(1)).await;
    site.hear_referee(stranger(1), errand).await.unwrap();
    for other in others {
        assert!(site.sits_with(*other).await.unwrap(), "of lift {lift}");
    }
    assert!(!site.sits_with(stranger(2)).await.unwrap());
}
