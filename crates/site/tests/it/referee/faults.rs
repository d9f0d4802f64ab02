//! What goes wrong while referees decide: the road, crashes, liars, disks that were put back.

use protocol::agreement::{Ballot, Message, Round, Statement, Vote};
use protocol::bounded::List;
use protocol::errand::Errand;
use protocol::lift::{Lift, Outcome};
use protocol::record::Record as _;
use protocol::referee::{Lie, Ruling, Telling};
use site::{Clock as _, Site, SiteError, Unjudged};
use store::{Case, Store};

use super::court::{Court, Dice, agent, participants, promises, refusal};

/// Anything may be lost, doubled, late and out of order; any of them is killed between any two steps.
async fn story(seed: u64, many: u8) {
    let mut dice = Dice(seed);
    let mut court = Court::new(many).await;
    let mut promised = false;
    for _ in 0..dice.below(60) {
        let who = dice.below(many.into());
        match dice.below(12) {
            0 => {
                promised = true;
                let promises = court.promises();
                court.ask(who, promises).await;
            }
            1 if dice.below(3) == 0 => {
                let refusal = court.refusal();
                court.ask(who, refusal).await;
            }
            2 => _ = court.ask(who, None).await,
            3 if dice.below(6) == 0 => court.passes_the_deadline(),
            4 | 5 => court.killed(who).await,
            6 => {
                court.world.pass(700);
                court.tend().await;
            }
            7 if !court.road.is_empty() => {
                let lost = dice.below(court.road.len());
                court.road.remove(lost);
            }
            _ if !court.road.is_empty() => {
                let (which, answered) = (dice.below(court.road.len()), dice.below(3) > 0);
                court.arrives(which, answered).await;
                if dice.below(3) > 0 {
                    court.road.remove(which);
                }
            }
            _ => {}
        }
    }
    let before = court.outcome;
    if before.is_none() {
        court.passes_the_deadline();
    }
    let outcome = court.ends().await;
    assert!(before.is_none_or(|before| before == outcome), "seed {seed}");
    assert!(outcome == Outcome::Void || promised, "seed {seed}");
    for who in court.alive() {
        assert_eq!(court.told(who, "referee_lied").await, [""; 0], "seed {seed}: nobody lied");
        assert_eq!(court.told(who, "referee_forgot").await, [""; 0], "seed {seed}: nobody forgot");
    }
}

#[tokio::test]
async fn killed_between_any_two_steps_a_sole_referee_has_one_outcome() {
    for seed in 0..60 {
        story(seed, 1).await;
    }
}

#[tokio::test]
async fn killed_between_any_two_steps_four_referees_have_one_outcome() {
    for seed in 0..30 {
        story(seed, 4).await;
    }
}

#[tokio::test]
async fn killed_before_every_step_they_still_agree() {
    let mut court = Court::new(4).await;
    let (commit, void) = (court.promises(), court.refusal());
    court.ask(0, commit).await;
    court.ask(2, void).await;
    for _ in 0..200 {
        while !court.road.is_empty() {
            for who in 0..4 {
                court.killed(who).await;
            }
            court.arrives(0, true).await;
            court.road.remove(0);
        }
        court.world.pass(5_000);
        court.tend().await;
        if court.ask(1, None).await.is_some() {
            break;
        }
    }
    court.ends().await;
}

/// Nobody asks any more; what was lost is told again, and after a restart too.
#[tokio::test]
async fn what_was_lost_is_told_again_until_all_have_decided() {
    for restarted in [false, true] {
        let mut court = Court::new(4).await;
        court.ask(0, court.promises()).await;
        court.road.clear();
        for _ in 0..20 {
            court.world.pass(500);
            if restarted {
                court.killed(0).await;
            }
            court.tend().await;
            while !court.road.is_empty() {
                court.arrives(0, true).await;
                court.road.remove(0);
            }
        }
        assert!(court.world.now() < court.lift.deadline);
        let id = court.lift.id().unwrap();
        for store in &court.stores {
            let case = store.read().await.unwrap().case(&id).await.unwrap().unwrap();
            assert_eq!(case.status, Outcome::Commit.word());
        }
        // Then all is still.
        court.world.pass(700_000);
        court.tend().await;
        assert!(court.road.is_empty());
    }
}

/// The liar on the last seat votes for what was proposed towards one half, and against it towards the other.
#[tokio::test]
async fn one_that_says_the_opposite_to_two_halves_is_named_with_proof() {
    let mut court = Court::new(4).await;
    let liar = 3;
    court.sites[liar] = None;
    let (id, me) = (court.lift.id().unwrap(), agent(&court.keys[liar]));
    let votes = |outcome| {
        let vote = Vote { ballot: Ballot::Prevote, round: Round::FIRST, outcome: Some(outcome) };
        let ruling = Ruling { lift: id, statement: Statement::Vote(vote) };
        let sign = ruling.sign_with(&court.keys[liar]).unwrap();
        Errand::Telling(Box::new(Telling {
            lift: court.lift.clone(),
            messages: List::new(vec![Message::Vote { vote, sign }]).unwrap(),
            promises: List::default(),
            refused: None,
            late: List::default(),
        }))
    };
    let (commit, void) = (votes(Outcome::Commit), votes(Outcome::Void));
    let promises = court.promises();
    court.ask(0, promises).await;
    court.hears(2, me, void.clone()).await;
    court.hears(0, me, commit.clone()).await;
    court.hears(1, me, commit.clone()).await;
    while !court.road.is_empty() {
        court.arrives(0, true).await;
        court.road.remove(0);
        // It goes on lying, to everybody.
        for who in 0..3 {
            court.hears(who, me, void.clone()).await;
            court.hears(who, me, commit.clone()).await;
        }
    }
    court.ends().await;
    let mut named = 0;
    for who in 0..3 {
        let told = court.told(who, "referee_lied").await;
        assert!(told.len() <= 1, "each is named once: {told:?}");
        for text in told {
            let lie = Lie::read(text.as_bytes()).unwrap();
            lie.check().unwrap();
            assert_eq!((lie.referee, lie.lift), (me, id));
            // It proves nothing of anybody else.
            assert!(Lie { referee: agent(&court.keys[who]), ..lie.clone() }.check().is_err());
            assert!(Lie { second: lie.first, ..lie }.check().is_err());
            named += 1;
        }
    }
    assert_eq!(named, 3, "all have seen both");
}

#[tokio::test]
async fn a_sole_referee_on_an_older_disk_says_nothing_new_of_lifts_from_before() {
    let mut court = Court::new(1).await;
    let before = court.stores[0].copy_in_memory().unwrap();
    court.ask(0, court.promises()).await.unwrap();
    let after = court.stores[0].copy_in_memory().unwrap();
    court.world.pass(1_000);
    court.restored(0, before).await;
    for past in [false, true] {
        if past {
            court.passes_the_deadline();
        }
        for evidence in [court.refusal(), court.promises(), None] {
            let error = court.refuses(0, &court.lift, evidence).await;
            let forgot =
                matches!(error, SiteError::NotJudged { reason: Unjudged::Forgotten { .. }, .. });
            assert!(forgot && error.to_string().contains("restored from a backup"), "{error}");
        }
    }
    // What it kept it says; and what is proposed later it judges.
    court.restored(0, after).await;
    assert_eq!(court.ask(0, court.refusal()).await.unwrap().outcome, Outcome::Commit);
    court.world.pass(site::MAX_AHEAD_MS + 1_000);
    (court.lift, court.outcome) = (court.new_lift(b"later"), None);
    assert_eq!(court.ask(0, court.refusal()).await.unwrap().outcome, Outcome::Void);
}

#[tokio::test]
async fn a_referee_that_lost_its_store_and_kept_its_key_says_nothing_of_lifts_from_before() {
    let mut court = Court::new(1).await;
    // Its date is a little ahead of the referee's clock, and so after the new store is founded.
    let date = court.world.now().plus_ms(60_000).unwrap();
    court.lift = Lift { date, deadline: date.plus_ms(30_000).unwrap(), ..court.lift.clone() };
    court.ask(0, court.promises()).await.unwrap();
    let store = Store::memory();
    Site::past_is_lost(&store, court.world.now(), &*court.world).await.unwrap();
    court.sites[0] = None;
    court.stores[0] = store;
    court.reopened(0).await;
    let error = court.refuses(0, &court.lift, court.refusal()).await;
    let forgot = matches!(error, SiteError::NotJudged { reason: Unjudged::Forgotten { .. }, .. });
    assert!(forgot, "{error}");
}

#[tokio::test]
async fn one_of_four_on_an_older_disk_votes_no_more_and_learns_what_the_others_decide() {
    let mut court = Court::new(4).await;
    // Seat 1 has kept that it was asked, not what it voted since.
    court.ask(1, court.refusal()).await;
    court.road.clear();
    let before = court.stores[1].copy_in_memory().unwrap();
    court.ask(0, court.promises()).await;
    while !court.road.is_empty() {
        court.arrives(0, false).await;
        court.road.remove(0);
    }
    court.restored(1, before.copy_in_memory().unwrap()).await;
    for _ in 0..3 {
        court.ask(1, court.promises()).await;
        court.world.pass(2_000);
        court.tend().await;
        let told = court.road.iter().filter(|(from, ..)| *from == agent(&court.keys[1]));
        for (_, _, errand) in told {
            let Errand::Telling(telling) = errand else { panic!("{errand:?}") };
            assert!(telling.messages.is_empty() && telling.late.is_empty(), "{telling:?}");
        }
    }
    court.ends().await;
}

#[tokio::test]
async fn two_programs_at_one_database_decide_once() {
    let cluster = store::testing::Cluster::shared().unwrap();
    let database = cluster.database().await.unwrap();
    let mut court = Court::over(vec![Store::postgres(&database).await.unwrap()]).await;
    let here = court.sites[0].clone().unwrap();
    court.stores[0] = Store::postgres(&database).await.unwrap();
    court.killed(0).await;
    let there = court.sites[0].clone().unwrap();
    for number in 0..20_u8 {
        let lift = court.new_lift(&[number]);
        let (keys, id) = (participants(2), lift.id().unwrap());
        let ask = |evidence| {
            Errand::Ask(Box::new(protocol::errand::Ask::new(lift.clone(), Some(evidence))))
        };
        let stranger = super::court::asker();
        let (one, other) = tokio::join!(
            here.hear_referee(stranger, ask(promises(&lift, &keys))),
            there.hear_referee(stranger, ask(refusal(&lift, &keys[0]))),
        );
        let outcome = |answer: Result<Option<Errand>, SiteError>| match answer {
            Ok(Some(Errand::Certificate(certificate))) => {
                certificate.check(&lift).unwrap();
                certificate.outcome
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome(one), outcome(other), "lift {number}");
        let kept = court.stores[0].read().await.unwrap().case(&id).await.unwrap().unwrap();
        assert_ne!(kept.status, Case::OPEN);
    }
}
