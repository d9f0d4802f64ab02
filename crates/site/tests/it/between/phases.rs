//! What a payer is told of a payment to another site: how far it has come while it waits, why an attempt came to nothing, and
//! who has yet to decide.

use protocol::{AgentId, PaymentId};
use serde_json::{Value, json};
use site::{Attempt, Caller, Command, Found, Making, OpenLift, Phase, Query, SiteError, WhyVoid};

use super::freed::undecided;
use super::paid::three;
use super::run::Asked;
use crate::seek::land::{Land, agent};
use crate::town::{units, user};

impl Land {
    /// The payments that are being made, as a caller sees them at its own site.
    async fn making(&self, site: usize, caller: &Caller) -> Vec<Making> {
        let query = Query::Making { user: None, limit: 9 };
        match self.sites[site].query(caller, query).await.unwrap() {
            Found::Making(making) => making,
            other => panic!("{other:?}"),
        }
    }

    async fn open_at(&self, site: usize, caller: &Caller) -> Vec<OpenLift> {
        let query = Query::OpenLifts { user: None, limit: 9 };
        match self.sites[site].query(caller, query).await.unwrap() {
            Found::OpenLifts(open) => open,
            other => panic!("{other:?}"),
        }
    }

    /// How far ann's payment comes until it is over or `ends`: each phase with its attempt, once for each time.
    async fn followed(&self, asked: &Asked, ends: impl Fn(&Making) -> bool) -> Vec<Followed> {
        let mut seen: Vec<Followed> = Vec::new();
        for _ in 0..4_000 {
            let all = self.making(0, &user("ann")).await;
            assert!(all.len() < 2, "one payment is seen once: {all:?}");
            for making in &all {
                let Attempt { number, before } = making.attempt.unwrap();
                if seen.last() != Some(&(making.phase, number, before)) {
                    seen.push((making.phase, number, before));
                }
            }
            if asked.is_finished() || all.first().is_some_and(&ends) {
                return seen;
            }
            self.breathe(50).await;
            tokio::task::yield_now().await;
        }
        panic!("it never ends: {seen:?}");
    }
}

type Followed = (Phase, u32, Option<WhyVoid>);

/// What of an event is always the same.
fn told_of(events: &[Value]) -> Vec<(&Value, &Value, &Value)> {
    events.iter().map(|told| (&told["amount"], &told["attempt"], &told["reason"])).collect()
}

#[tokio::test]
async fn whoever_waits_sees_how_far_a_payment_has_come_and_nobody_else_does() {
    let land = three().await;
    let signed = land.signed(1, ["ann", "cat"], [5_000, 5_000]);
    let begun = land.now();
    let asked = land.asks("pay", Box::new(signed.clone()));
    let before = land.followed(&asked, |making| making.phase == Phase::Searching).await;
    assert_eq!(before, [(Phase::Searching, 1, None)]);
    let searching = land.making(0, &user("ann")).await.remove(0);
    let whole = (searching.payment, searching.payee, searching.units.milli());
    assert_eq!(whole, (PaymentId::random([1; 16]), signed.payee.clone(), 5_000));
    assert!((begun..=land.now()).contains(&searching.since), "{}", searching.since);
    assert_eq!((searching.lift, searching.tallies, searching.unanswered), (None, None, vec![]));

    let phases = land.followed(&asked, |making| making.phase == Phase::Promised).await;
    let phases: Vec<_> = phases.into_iter().map(|(phase, ..)| phase).collect();
    let expected = [Phase::Searching, Phase::LayingOut, Phase::Begun, Phase::Promised];
    let mut rest = expected.iter();
    assert!(phases.iter().all(|phase| rest.any(|one| one == phase)), "in their order: {phases:?}");
    assert!(phases.contains(&Phase::LayingOut), "{phases:?}");
    let promised = land.making(0, &user("ann")).await.remove(0);
    assert_eq!((promised.tallies, promised.parts), (Some(2), Some(1)));
    assert_eq!(promised.unanswered, [agent(3)], "its referee has yet to decide");
    assert!(promised.since > begun && promised.lift.is_some(), "{promised:?}");
    // An administrator sees it too; those between see a lift, and nothing of the payment.
    assert_eq!(land.making(0, &Caller::Administrator).await, std::slice::from_ref(&promised));
    land.until(&asked).await;
    for (site, caller) in [(1, user("bob")), (1, Caller::Administrator), (2, user("cat"))] {
        assert_eq!(land.making(site, &caller).await, []);
        for open in land.open_at(site, &caller).await {
            assert_eq!((open.attempt, open.payer, open.payee), (None, None, None));
        }
    }
    asked.await.unwrap().unwrap();
    assert_eq!(land.making(0, &user("ann")).await, []);
}

/// The payee's site trusts the referee with less than it comes to: it refuses once all others have promised.
#[tokio::test]
async fn a_payment_that_is_void_after_a_refusal_tells_its_payer_what_was_said() {
    let land = three().await;
    let most = Some(units(3_000));
    let accept = Command::AcceptReferee { agent: agent(3), endpoint: None, most };
    land.ask(2, &Caller::Administrator, accept).await.unwrap();
    let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
    let phases = land.followed(&asked, |_| false).await;
    let refused = asked.await.unwrap().unwrap_err();
    assert!(matches!(refused, SiteError::NotLifted { why: WhyVoid::Referees }), "{refused}");
    assert!(refused.to_string().contains("does not accept its referees"), "{refused}");
    // What comes after an attempt says why that came to nothing.
    assert!(phases.contains(&(Phase::Promised, 1, None)), "{phases:?}");
    assert!(phases.contains(&(Phase::Promised, 2, Some(WhyVoid::Referees))), "{phases:?}");
    land.calms().await;
    let told = land.told("ann", "lift_void").await;
    let [five, why] = [json!(5_000), json!("referees")];
    let numbers = [json!(1), json!(2), json!(3)];
    let expected: Vec<_> = numbers.iter().map(|number| (&five, number, &why)).collect();
    assert_eq!(told_of(&told), expected, "each attempt once: {told:?}");
    let payment = PaymentId::random([1; 16]).to_string();
    for told in &told {
        let payee = told["payee"].as_str().unwrap();
        assert!(told["payment"] == payment.as_str() && payee.contains("cat"), "{told}");
    }
    for name in ["bob", "cat"] {
        assert_eq!(land.told(name, "lift_void").await, [json!(null); 0], "only the payer is told");
    }
    assert_eq!(land.balances(0).await, [0, 0]);
    land.assert_sound().await;
}

/// The payee's site is gone once the others have promised: nobody refuses, and time decides.
#[tokio::test]
async fn a_payment_that_is_void_by_its_deadline_says_so() {
    let mut land = three().await;
    let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
    land.followed(&asked, |making| making.phase == Phase::Promised).await;
    land.gone.insert(agent(2));
    let open = land.open_at(0, &user("ann")).await.remove(0);
    assert_eq!((open.why, open.attempt), (None, Some(Attempt { number: 1, before: None })));
    assert!(open.since >= open.date && open.since < open.deadline, "{open:?}");
    let phases = land.followed(&asked, |_| false).await;
    assert!(land.now() > open.deadline, "nobody said no before");
    let refused = asked.await.unwrap().unwrap_err();
    assert!(matches!(refused, SiteError::NotLifted { why: WhyVoid::Late }), "{refused}");
    assert!(refused.to_string().contains("its deadline passed"), "{refused}");
    let second = phases.iter().filter(|(_, number, _)| *number == 2);
    assert!(second.clone().count() > 0, "it is tried again: {phases:?}");
    assert!(second.clone().all(|(.., before)| *before == Some(WhyVoid::Late)), "{phases:?}");
    let told = land.told("ann", "lift_void").await;
    let [five, one, late] = [json!(5_000), json!(1), json!("late")];
    assert_eq!(told_of(&told), [(&five, &one, &late)], "{told:?}");
    assert_eq!(told[0]["lift"], open.lift.to_string());
    land.gone.clear();
    land.calms().await;
    assert_eq!(land.balances(0).await, [0, 0]);
    land.assert_sound().await;
}

/// A payment that nobody decides says whose word is missing, and whether that one was reached.
#[tokio::test]
async fn a_payment_that_is_not_decided_names_the_referees_that_have_not_answered() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
    land.until(&asked).await;
    let error = asked.await.unwrap().unwrap_err();
    let SiteError::Undecided { unanswered, .. } = &error else { panic!("{error}") };
    assert_eq!(*unanswered, [agent(3)]);
    assert!(error.to_string().contains(&format!("referee {} has not", agent(3))), "{error}");
    // Nobody waits any more, and it is seen all the same.
    let silent = |making: &[Making]| -> [Vec<AgentId>; 2] {
        let one = making.first().unwrap();
        [one.unanswered.clone(), one.unreached.clone()]
    };
    let making = land.making(0, &user("ann")).await;
    assert_eq!(silent(&making), [vec![agent(3)], vec![]], "{making:?}");
    for (arrived, unreached) in [(false, vec![agent(3)]), (true, vec![])] {
        land.sites[0].errand_went(agent(3), arrived);
        let making = land.making(0, &user("ann")).await;
        assert_eq!(silent(&making), [vec![agent(3)], unreached]);
    }
    land.gone.clear();
    land.calms().await;
    assert_eq!(land.making(0, &user("ann")).await, []);
    land.assert_sound().await;
}

/// Which attempt a lift is, its site remembers over a restart: then nobody waits for it any more.
#[tokio::test]
async fn a_site_that_starts_again_still_says_which_attempt_a_lift_is() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    undecided(&land, 1, 5_000).await;
    land.restart(0).await;
    let making = land.making(0, &user("ann")).await.remove(0);
    let attempt = Some(Attempt { number: 1, before: None });
    assert_eq!((making.phase, making.attempt), (Phase::Promised, attempt));
    assert_eq!((making.tallies, making.units.milli()), (None, 5_000));
}
