//! A payment that is asked for once more after its site went back, where clocks were wrong, or the site is another agent since:
//! it is made once.

use protocol::lift::Authorisation;
use protocol::{AgentId, SecretKey, Signer as _};
use site::{Site, SiteError};
use std::sync::Arc;

use super::fates::run;
use super::paid::three;
use crate::seek::land::{Land, agent, key};

const HOUR_MS: i64 = 3_600_000;

/// What ann's device signs, as its clock has it, which is so far ahead.
fn signed_ahead(land: &Land, ahead_ms: i64) -> Box<Authorisation> {
    let signed = land.signed(1, ["ann", "cat"], [5_000, 5_000]);
    let date = signed.date.plus_ms(ahead_ms).unwrap();
    let expires = signed.expires.plus_ms(ahead_ms).unwrap();
    Box::new(Authorisation { date, expires, sign: None, ..signed }.signed(&key("ann")).unwrap())
}

/// Ann pays, and her site and the payee's go back to before; the backup was made as ann's site says, which is so far ahead.
async fn went_back(land: &mut Land, signed: &Authorisation, ahead_ms: i64) -> protocol::LiftId {
    let [payers, payees] = [0, 2].map(|at| land.stores[at].copy_in_memory().unwrap());
    let date = land.now();
    let paid = land.pays_by(Box::new(signed.clone())).await.unwrap();
    land.calms().await;
    for (at, before, ahead_ms) in [(0, payers, ahead_ms), (2, payees, 0)] {
        land.stores[at] = before;
        land.restart(at).await;
        land.sites[at].begin_epoch(date.plus_ms(ahead_ms).unwrap()).await.unwrap();
    }
    paid.lift
}

async fn hears_all(land: &Land) {
    land.calms().await;
    for (tie, name) in [(0, "ann"), (1, "cat")] {
        land.has_no_more(name, tie).await;
    }
    land.calms().await;
}

/// What she signed seems to be of after her site was restored: once the lift has come back, she is told of it.
#[test]
fn a_device_whose_clock_is_ahead_does_not_pay_twice_what_has_come_back() {
    run(async {
        let mut land = three().await;
        let signed = signed_ahead(&land, HOUR_MS);
        let lift = went_back(&mut land, &signed, 0).await;
        hears_all(&land).await;
        let again = land.pays_as("again", signed).await.unwrap();
        assert_eq!(again.lift, lift);
        land.calms().await;
        assert_eq!(land.balances(0).await, [-5_000, 5_000], "it is made once");
        land.assert_sound().await;
    });
}

/// The site's clock was ahead when it was restored, and is right again: what it may have lost is waited for as ever.
#[test]
fn a_site_whose_clock_was_ahead_when_it_was_restored_waits_for_what_it_lost() {
    run(async {
        let mut land = three().await;
        let signed = signed_ahead(&land, 0);
        let lift = went_back(&mut land, &signed, 3 * HOUR_MS).await;
        let early = land.pays_as("early", signed.clone()).await.unwrap_err();
        assert!(matches!(early, SiteError::PaymentToCompare(_)), "{early}");
        hears_all(&land).await;
        assert_eq!(land.pays_as("again", signed).await.unwrap().lift, lift);
        land.calms().await;
        assert_eq!(land.balances(0).await, [-5_000, 5_000], "it is made once");
    });
}

/// A site that was lost with its agent's key, and set up anew for its users as another agent, has forgotten what they paid as well.
#[test]
fn a_site_that_was_another_agent_waits_for_what_that_one_paid() {
    run(async {
        let mut land = three().await;
        let signed = signed_ahead(&land, 0);
        let new = SecretKey::ed25519(&[91; 32]);
        let now = AgentId::of(&new.public_key()).unwrap();
        let store = land.stores[0].copy_in_memory().unwrap();
        land.pays_by(signed.clone()).await.unwrap();
        Site::replace_agent(&store, now).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.set("former-agents", None).await.unwrap();
        tx.commit().await.unwrap();
        Site::was_agent(&store, agent(0), true, land.now()).await.unwrap();
        let (clock, chance) = (Arc::clone(&land.world), Arc::clone(&land.world));
        let opened = Site::open(store.clone(), now, clock, chance).await.unwrap();
        land.sites[0] = opened.signing_with(Arc::new(new)).unwrap();
        land.stores[0] = store;
        land.sites[0].take_errands().await.unwrap();
        let asked = land.pays_as("again", signed).await.unwrap_err();
        assert!(matches!(asked, SiteError::PaymentToCompare(_)), "{asked}");
    });
}
