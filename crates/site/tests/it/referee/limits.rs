//! Which lifts a referee does not judge, and how little a stranger can make it keep.

use std::sync::Arc;

use protocol::SecretKey;
use protocol::errand::{Ask, Errand};
use protocol::lift::{Lift, MAX_PARTICIPANTS, MAX_REFEREES};
use site::{
    Class, Clock as _, MAX_AHEAD_MS, MAX_OPEN_OF_ONE, MAX_SPAN_MS, Site, SiteError, Unjudged,
};
use store::{CaseCount, Store};

use super::court::{Court, agent, asker, lift, participants, promises, refusal};

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
    let key = &participants(2)[0];
    let open = |number: u64| {
        let lift = court.new_lift(&number.to_be_bytes());
        Errand::Ask(Box::new(Ask::new(lift.clone(), Some(refusal(&lift, key)))))
    };
    let first = open(0);
    site.hear_referee(asker(), first.clone()).await.unwrap();
    for number in 1..MAX_OPEN_OF_ONE {
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
