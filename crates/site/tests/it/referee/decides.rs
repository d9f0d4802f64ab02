//! What referees decide, and that it stays so.

use protocol::lift::{Evidence, Outcome};
use site::Clock as _;

use super::court::Court;

#[tokio::test]
async fn with_all_promises_a_lift_is_valid_at_one_referee_and_at_four() {
    for many in [1, 4] {
        let mut court = Court::new(many).await;
        assert_eq!(court.ask(0, None).await, None, "nothing is possible yet");
        court.ask(0, court.promises()).await;
        // Whoever collects brings them to one; it tells the others.
        assert_eq!(court.ends().await, Outcome::Commit);
        let certificate = court.ask(0, None).await.unwrap();
        assert_eq!(certificate.sign.len(), if many == 1 { 1 } else { 3 });
        assert!(matches!(certificate.evidence(), Ok(Evidence::Promises(_))));
        // It is said ever after, by whoever is left.
        court.passes_the_deadline();
        let refusal = court.refusal();
        for who in court.alive() {
            court.killed(who).await;
            let said = court.ask(who, refusal.clone()).await.unwrap();
            said.check(&court.lift).unwrap();
            assert_eq!(said.outcome, Outcome::Commit);
        }
    }
}

#[tokio::test]
async fn with_a_refusal_a_lift_is_void_and_its_deadline_is_not_waited_for() {
    for many in [1, 4] {
        let mut court = Court::new(many).await;
        court.ask(0, court.refusal()).await;
        assert_eq!(court.ends().await, Outcome::Void);
        assert!(court.world.now() < court.lift.deadline);
        // All promises come too late for what is decided.
        let promises = court.promises();
        assert_eq!(court.ask(0, promises).await.unwrap().outcome, Outcome::Void);
    }
}

#[tokio::test]
async fn asked_after_the_deadline_about_what_they_never_saw_they_decide_void_and_keep_it() {
    for many in [1, 4] {
        let mut court = Court::new(many).await;
        court.passes_the_deadline();
        // One alone is asked, and asks the others.
        court.ask(0, None).await;
        assert_eq!(court.ends().await, Outcome::Void);
        let certificate = court.ask(0, None).await.unwrap();
        assert!(certificate.late.len() > court.lift.may_lie());
        court.killed(0).await;
        let promises = court.promises();
        assert_eq!(court.ask(0, promises).await, Some(certificate));
    }
}

#[tokio::test]
async fn promises_that_come_too_late_count_no_more() {
    for many in [1, 4] {
        let mut court = Court::new(many).await;
        court.passes_the_deadline();
        for who in court.alive() {
            let promises = court.promises();
            court.ask(who, promises).await;
        }
        assert_eq!(court.ends().await, Outcome::Void);
    }
}

#[tokio::test]
async fn one_of_four_that_is_dead_keeps_nobody_waiting_for_long() {
    for dead in 0..4 {
        let mut court = Court::new(4).await;
        court.sites[dead] = None;
        let before = court.world.now();
        let promises = court.promises();
        court.ask((dead + 1) % 4, promises).await;
        assert_eq!(court.ends().await, Outcome::Commit);
        let passed = court.world.now().ms() - before.ms();
        assert!(passed < 10_000, "{passed} ms");
    }
}

/// Whoever is asked so late looks after it for a while, though it takes rounds: nobody has to ask again meanwhile.
#[tokio::test]
async fn asked_a_day_after_the_deadline_they_decide_without_one_that_is_dead() {
    for dead in 0..4 {
        let mut court = Court::new(4).await;
        court.sites[dead] = None;
        court.world.pass(25 * 3_600_000);
        for who in court.alive() {
            court.ask(who, None).await;
        }
        for _ in 0..60 {
            while !court.road.is_empty() {
                court.arrives(0, true).await;
                court.road.remove(0);
            }
            court.world.pass(500);
            court.tend().await;
        }
        for who in court.alive() {
            assert!(court.ask(who, None).await.is_some(), "{who} without {dead}");
        }
        assert_eq!(court.outcome, Some(Outcome::Void));
    }
}
