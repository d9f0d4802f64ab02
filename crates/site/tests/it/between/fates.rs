//! Whatever is lost, doubled or forgotten: a payment is made once or not at all, at every site alike, and nothing stays
//! locked.

use proptest::prelude::*;
use protocol::Record as _;
use protocol::errand::Errand;
use protocol::lift::Certificate;
use protocol::query::Why;
use site::{Caller, Command, SiteError};

use super::paid::{three, tie};
use crate::seek::land::{Land, agent};

/// Each time another site forgets all that is not kept, between two steps; then all of them at once.
#[test]
fn sites_that_are_killed_between_any_two_steps_pay_once_or_not_at_all() {
    for killed in [vec![0], vec![1], vec![2], vec![3], vec![0, 1, 2, 3]] {
        for after in 0..12 {
            run(async {
                let mut land = three().await;
                let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
                let asked = land.asks("first", signed.clone());
                for _ in 0..after {
                    land.breathe(50).await;
                    tokio::task::yield_now().await;
                }
                for site in &killed {
                    land.restart(*site).await;
                }
                if killed.contains(&0) {
                    // Whoever waited for that site waits no more.
                    asked.abort();
                } else {
                    land.until(&asked).await;
                }
                // Whoever does not know what became of it asks again.
                let again = land.pays_as("again", signed).await;
                land.calms().await;
                let paid = land.balances(0).await == [-5_000, 5_000];
                assert_eq!(land.balances(1).await, land.balances(0).await, "{killed:?} {after}");
                if paid {
                    assert!(again.is_ok(), "{killed:?} {after}: {again:?}");
                } else {
                    assert_eq!(land.balances(0).await, [0, 0], "{killed:?} {after}");
                    let refusal = again.unwrap_err();
                    let honest =
                        matches!(refusal, SiteError::NotLifted { .. } | SiteError::NoWay { .. });
                    assert!(honest, "{killed:?} {after}: {refusal}");
                }
                land.assert_sound().await;
            });
        }
    }
}

pub(super) fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(story)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Errands and letters are lost, and errands come twice: sometimes nothing is paid, never half of it.
    #[test]
    fn whatever_is_lost_or_doubled_it_is_paid_at_all_sites_or_at_none(seed: u64, lost in 0..45_u64) {
        run(async move {
            let land = three().await;
            land.lose(seed, lost);
            let mut paid = 0;
            for name in 1..4 {
                match land.pays(name, ["ann", "cat"], [5_000, 5_000]).await {
                    Ok(_) => paid += 5_000,
                    Err(SiteError::Undecided { .. }) => {
                        land.lose(seed, 0);
                        land.calms().await;
                        paid = -i64::from(name);
                        break;
                    }
                    Err(refusal) => assert!(
                        matches!(refusal, SiteError::NotLifted { .. } | SiteError::NoWay { .. }),
                        "{refusal}"
                    ),
                }
            }
            land.lose(seed, 0);
            land.calms().await;
            let [ann, _] = land.balances(0).await;
            assert_eq!(land.balances(1).await, land.balances(0).await);
            if paid >= 0 {
                assert_eq!(-ann, paid);
            }
            land.assert_sound().await;
        });
    }
}

/// The site between is restored from a backup of before: both partners tell it what it lost, and prove it.
#[test]
fn a_site_that_lost_a_lift_hears_of_it_from_its_neighbours() {
    for lost in 0..3 {
        run(async move {
            let mut land = three().await;
            land.pays(1, ["ann", "cat"], [1_000, 1_000]).await.unwrap();
            land.calms().await;
            let before = land.stores[lost].copy_in_memory().unwrap();
            let date = land.now();
            land.pays(2, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
            land.calms().await;
            land.stores[lost] = before;
            land.restart(lost).await;
            land.sites[lost].begin_epoch(date).await.unwrap();
            land.calms().await;
            for (tie, name) in [(0, "ann"), (0, "bob"), (1, "bob"), (1, "cat")] {
                if land.at[name] == lost {
                    land.has_no_more(name, tie).await;
                }
            }
            land.calms().await;
            assert_eq!(land.balances(0).await, [-6_000, 6_000], "site {lost}");
            assert_eq!(land.balances(1).await, [-6_000, 6_000], "site {lost}");
            land.assert_sound().await;
            // And its tallies lift again.
            land.pays(3, ["ann", "cat"], [500, 500]).await.unwrap();
        });
    }
}

/// The payer's site is restored from a backup of before, the payee's site forgets the payment, as one that lies would, and the
/// payer asks for it once more: it is told of the lift that comes back, and nothing more is given.
#[test]
fn a_payment_that_the_payers_site_lost_is_not_made_twice() {
    run(async move {
        let mut land = three().await;
        let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
        let [payers, payees] = [0, 2].map(|at| land.stores[at].copy_in_memory().unwrap());
        let (date, only_payers) = (land.now(), land.signed(2, ["ann", "cat"], [5_000, 5_000]));
        let paid = land.pays_by(signed.clone()).await.unwrap();
        land.calms().await;
        for (at, before) in [(0, payers), (2, payees)] {
            land.stores[at] = before;
            land.restart(at).await;
            land.sites[at].begin_epoch(date).await.unwrap();
        }
        // Before it has come back, and before its tallies have all.
        let early = land.pays_as("early", signed.clone()).await.unwrap_err();
        assert!(matches!(early, SiteError::PaymentToCompare(_)), "{early}");
        land.calms().await;
        for (tie, name) in [(0, "ann"), (1, "cat")] {
            land.has_no_more(name, tie).await;
        }
        land.calms().await;
        assert_eq!(land.balances(0).await, [-5_000, 5_000]);
        let again = land.pays_as("again", signed.clone()).await.unwrap();
        assert_eq!((again.lift, again.units), (paid.lift, paid.units));
        land.calms().await;
        assert_eq!(land.balances(0).await, [-5_000, 5_000], "it is made once");
        // One that was signed then and never made may be signed anew once all is sure.
        let late = land.pays_as("late", Box::new(only_payers)).await.unwrap_err();
        assert!(matches!(late, SiteError::AuthorisationExpired { .. }), "{late}");
        land.pays(2, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
        land.calms().await;
        assert_eq!(land.balances(0).await, [-10_000, 10_000]);
        land.assert_sound().await;
    });
}

/// Two sites that have both refused a lift, or of which one forgot it, do not tell each other so for ever, though nobody
/// decides it.
#[test]
fn what_nobody_decides_is_not_talked_about_for_ever() {
    for forgets in [None, Some(0), Some(1), Some(2)] {
        for after in 2..12 {
            run(async move {
                let mut land = three().await;
                land.gone.insert(agent(3));
                let (blank, date) =
                    (forgets.map(|at| land.stores[at].copy_in_memory().unwrap()), land.now());
                let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
                let _asked = land.asks("pay", signed);
                for _ in 0..after {
                    land.breathe(50).await;
                    tokio::task::yield_now().await;
                }
                if let (Some(at), Some(blank)) = (forgets, blank) {
                    land.stores[at] = blank;
                    land.restart(at).await;
                    land.sites[at].begin_epoch(date).await.unwrap();
                }
                land.calms().await;
                for store in &land.stores {
                    let letters = store.read().await.unwrap().letters(None, 8).await.unwrap();
                    assert_eq!(letters.len(), 0, "{forgets:?} {after}: {letters:?}");
                }
            });
        }
    }
}

/// A referee that says nothing is dropped, as one that lies would be: what was promised under it only it can decide.
#[test]
fn a_referee_that_is_dropped_decides_what_was_promised_under_it() {
    run(async {
        let mut land = three().await;
        land.mute.insert(agent(3));
        let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
        let asked = land.asks("pay", signed);
        for _ in 0..40 {
            land.breathe(50).await;
            tokio::task::yield_now().await;
        }
        let mut open = 0;
        for site in 0..3 {
            open +=
                land.stores[site].read().await.unwrap().open_parts(None, 9).await.unwrap().len();
            let drop = Command::DropReferee { agent: agent(3) };
            land.ask(site, &Caller::Administrator, drop).await.unwrap();
        }
        assert_eq!(open, 3, "all have promised");
        land.mute.clear();
        land.calms().await;
        for store in &land.stores[..3] {
            assert_eq!(store.read().await.unwrap().open_parts(None, 9).await.unwrap(), []);
        }
        assert_eq!(land.balances(0).await, land.balances(1).await);
        land.assert_sound().await;
        asked.abort();
    });
}

/// The payer's site is restored from a backup made while it paid, and hears the decision before its half, which orders the
/// chain, has compared. Whoever asks then is told that it has paid once its tally says so, and not before.
#[test]
fn a_payer_is_told_that_it_has_paid_only_once_its_tally_says_so() {
    let mut lacked = 0;
    for after in 0..12 {
        lacked += u32::from(run(async move {
            let users = [("ann", 0), ("bob", 1), ("cat", 2)];
            let mut land = Land::new(4, &users, &[tie("bob", "ann"), tie("bob", "cat")]).await;
            land.referees_at(&[3]).await;
            let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
            let asked = land.asks("first", signed.clone());
            for _ in 0..after {
                land.breathe(50).await;
                tokio::task::yield_now().await;
            }
            let (before, date) = (land.stores[0].copy_in_memory().unwrap(), land.now());
            land.until(&asked).await;
            land.calms().await;
            land.stores[0] = before;
            land.restart(0).await;
            land.sites[0].begin_epoch(date).await.unwrap();

            let row = land.stores[1].read().await.unwrap().lifts(None, 2).await.unwrap().remove(0);
            let certificate = Certificate::read(row.certificate.unwrap().as_bytes()).unwrap();
            let shown = Errand::Certificate(Box::new(certificate));
            land.sites[0].hear_errand(agent(3), shown).await;
            land.sites[0].tend_lifts(land.now()).await.unwrap();
            let known = land.stores[0].read().await.unwrap().lifts(None, 2).await.unwrap();
            let again = land.asks("again", signed);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let is_done = land.balances(0).await[1] == -5_000;
            let is_told = again.is_finished() && again.await.unwrap().is_ok();
            assert!(is_done || !is_told, "{after}");
            land.has_no_more("ann", 0).await;
            land.calms().await;
            assert_eq!(land.balances(0).await, [5_000, -5_000], "{after}");
            land.assert_sound().await;
            !known.is_empty() && !is_done
        }));
    }
    assert!(lacked > 0, "its tally never lacked what was decided");
}

/// A referee that was just restored says nothing of what it may have judged: for two minutes no lift is proposed under it through
/// its own tallies, so that nothing is locked that it would not decide; another one is taken where there is one.
#[test]
fn a_referee_that_was_just_restored_locks_nothing_that_it_would_not_decide() {
    // The payer's site, the site between, and the payee's.
    for alone in 0..3 {
        run(async move {
            let users = [("ann", 0), ("bob", 1), ("cat", 2)];
            let mut land = Land::new(4, &users, &[tie("ann", "bob"), tie("bob", "cat")]).await;
            land.referees_at(&[alone]).await;
            land.restart(alone).await;
            land.sites[alone].begin_epoch(land.now()).await.unwrap();
            let halves = [(0, "ann"), (0, "bob"), (1, "bob"), (1, "cat")];
            for (tie, name) in halves.into_iter().filter(|(_, name)| land.at[name] == alone) {
                land.has_no_more(name, tie).await;
            }
            for _ in 0..20 {
                land.breathe(50).await;
            }
            let refusal = land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap_err();
            let says_so = matches!(&refusal, SiteError::NoWay { why: Why::Referees, .. });
            assert!(says_so, "site {alone}: {refusal}");
            for (tie, name) in halves {
                assert_eq!(land.locked(name, tie).await, [0; 0], "site {alone}: {name} {tie}");
            }

            land.referees_at(&[alone, 3]).await;
            land.pays(2, ["ann", "cat"], [1_000, 1_000]).await.unwrap();
            for site in 0..4 {
                land.drop_referee(site, agent(3)).await;
            }
            land.world.pass(120_000);
            land.pays(3, ["ann", "cat"], [500, 500]).await.unwrap();
            assert_eq!(land.balances(0).await, [-1_500, 1_500], "site {alone}");
            assert_eq!(land.balances(1).await, [-1_500, 1_500], "site {alone}");
            land.assert_sound().await;
        });
    }
}
