//! Sites on both sides of a tally go back to before a lift: neither can tell the other of it, and users' devices prove it.

use protocol::export::LiftProof;
use protocol::{Hash, SecretKey, Side, Verified};
use site::{Class, Command, SiteError, Wish};

use super::fates::run;
use super::freed::undecided;
use super::paid::chain;
use crate::seek::land::{Land, agent, tally_of};
use crate::town::{cuid, user};

/// What a user's device keeps of the last lift on a tally.
async fn kept(land: &Land, name: &str, tie: usize) -> LiftProof {
    let site = land.site_of(name);
    let history = site.history(&cuid(name), tally_of(tie), None, 9).await.unwrap();
    let protocol::chit::Entry::Lift { lift, .. } = history[0].link.chit.entry else {
        panic!("no lift: {:?}", history[0].link.chit)
    };
    site.proof_on(&cuid(name), tally_of(tie), lift).await.unwrap()
}

async fn proves(land: &Land, name: &str, tie: usize, proof: LiftProof) -> Result<(), SiteError> {
    let wish = Wish::Prove(Box::new(proof));
    let command = Command::Tally { tally: tally_of(tie), wish };
    land.ask(land.at[name], &user(name), command).await.map(|_| ())
}

/// These sites go back to what they were at the copy.
async fn go_back(
    land: &mut Land,
    lost: &[usize],
    copies: Vec<store::Store>,
    date: protocol::Timestamp,
) {
    for (site, copy) in lost.iter().zip(copies) {
        land.stores[*site] = copy;
        land.restart(*site).await;
        land.sites[*site].begin_epoch(date).await.unwrap();
    }
    land.calms().await;
}

#[test]
fn a_lift_that_both_sites_of_a_tally_lost_is_proved_by_either_users_device() {
    for (lost, devices) in [
        (vec![0, 1], vec![("abe", 1), ("ann", 0), ("bea", 2)]),
        (vec![0, 1], vec![("bob", 1), ("abe", 0), ("bob", 2)]),
        (vec![0, 1, 2], vec![("abe", 1), ("cat", 3), ("ann", 0), ("bob", 2), ("cyd", 4)]),
    ] {
        run(async move {
            let mut land = chain().await;
            land.pays(1, ["ann", "cyd"], [1_000, 1_000]).await.unwrap();
            land.calms().await;
            let copy = |site: &usize| land.stores[*site].copy_in_memory().unwrap();
            let (copies, date) = (lost.iter().map(copy).collect(), land.now());
            land.pays(2, ["ann", "cyd"], [5_000, 5_000]).await.unwrap();
            land.calms().await;
            let mut proofs = Vec::new();
            for (name, tie) in &devices {
                proofs.push((*name, *tie, kept(&land, name, *tie).await));
            }
            go_back(&mut land, &lost, copies, date).await;
            assert_eq!(land.balances(1).await, [-1_000, 1_000], "{lost:?}");
            for (name, tie, proof) in proofs.clone() {
                proves(&land, name, tie, proof).await.unwrap();
                land.calms().await;
            }
            for (tie, both) in
                [["ann", "abe"], ["abe", "bob"], ["bob", "bea"], ["bea", "cat"], ["cat", "cyd"]]
                    .iter()
                    .enumerate()
            {
                for name in both {
                    if lost.contains(&land.at[name]) {
                        land.has_no_more(name, tie).await;
                    }
                }
            }
            land.calms().await;
            for tie in 0..5 {
                assert_eq!(land.balances(tie).await, [-6_000, 6_000], "{lost:?} {tie}");
            }
            land.assert_sound().await;
            // Proved once more it changes nothing.
            for (name, tie, proof) in proofs {
                proves(&land, name, tie, proof).await.unwrap();
            }
            land.calms().await;
            assert_eq!(land.balances(2).await, [-6_000, 6_000]);
            land.assert_sound().await;
            land.pays(3, ["ann", "cyd"], [500, 500]).await.unwrap();
        });
    }
}

/// The payer gave to somebody at its own site, who gave it on. Of that only the second comes back by a partner; until the payer's
/// device has brought the first it is not sure that it has paid, and it pays no second time.
#[test]
fn a_payment_whose_first_leg_is_lost_is_not_made_twice() {
    run(async {
        let mut land = chain().await;
        let (copies, date) = (vec![land.stores[0].copy_in_memory().unwrap()], land.now());
        let signed = Box::new(land.signed(1, ["ann", "cyd"], [5_000, 5_000]));
        let paid = land.pays_by(signed.clone()).await.unwrap();
        land.calms().await;
        let proof = kept(&land, "ann", 0).await;
        go_back(&mut land, &[0], copies, date).await;
        for (name, tie) in [("ann", 0), ("abe", 0), ("abe", 1)] {
            land.has_no_more(name, tie).await;
        }
        land.calms().await;
        assert_eq!([land.balances(0).await, land.balances(1).await], [[0, 0], [-5_000, 5_000]]);
        let early = land.pays_as("early", signed.clone()).await.unwrap_err();
        assert!(matches!(early, SiteError::PaymentToCompare(_)), "{early}");
        proves(&land, "ann", 0, proof).await.unwrap();
        land.calms().await;
        let again = land.pays_as("again", signed).await.unwrap();
        assert_eq!((again.lift, again.given.milli()), (paid.lift, 5_000));
        land.calms().await;
        assert_eq!([land.balances(0).await, land.balances(1).await], [[-5_000, 5_000]; 2]);
        land.assert_sound().await;
    });
}

#[test]
fn what_does_not_prove_a_lift_is_refused_and_changes_nothing() {
    run(async {
        let mut land = chain().await;
        let copies: Vec<_> =
            [0, 1].iter().map(|site| land.stores[*site].copy_in_memory().unwrap()).collect();
        let date = land.now();
        land.pays(1, ["ann", "cyd"], [5_000, 5_000]).await.unwrap();
        land.calms().await;
        let crossing = kept(&land, "abe", 1).await;
        let inner = kept(&land, "ann", 0).await;
        go_back(&mut land, &[0, 1], copies, date).await;
        let giver = crossing.giver.unwrap();
        let thief = SecretKey::ed25519(&[9; 32]);
        let signed = |said: protocol::lift::Conditional| {
            Some(protocol::lift::Conditional { sign: None, ..said }.signed(&thief).unwrap())
        };
        let turned = Side::Stock;
        let of_others = protocol::lift::Conditional { users: Hash::of(b"others"), ..giver };
        let of_others = of_others.signed(&SecretKey::ed25519(&[50; 32])).unwrap();
        let bad = [
            // Not signed by the giver's site.
            (1, LiftProof { giver: signed(giver), ..crossing.clone() }),
            (1, LiftProof { giver: None, ..crossing.clone() }),
            // Said by the taker's.
            (
                1,
                LiftProof {
                    giver: signed(protocol::lift::Conditional { side: turned, ..giver }),
                    ..crossing.clone()
                },
            ),
            // Really said by the giver's, but of a tally that others gave the same name.
            (1, LiftProof { giver: Some(of_others), ..crossing.clone() }),
            // Of another tally, or another leg.
            (0, crossing.clone()),
            (1, LiftProof { leg: inner.leg, ..crossing.clone() }),
            (1, LiftProof { way: inner.way.clone(), ..crossing.clone() }),
            // Without what it takes to tell the other site.
            (1, LiftProof { branches: Default::default(), ..crossing.clone() }),
        ];
        for (place, (tie, proof)) in bad.into_iter().enumerate() {
            let refused = proves(&land, "abe", tie, proof).await.unwrap_err();
            assert_ne!(refused.class(), Class::Store, "{place}: {refused}");
        }
        // Among users here only once a leg to another site is known.
        let refused = proves(&land, "ann", 0, inner.clone()).await.unwrap_err();
        assert!(matches!(refused, SiteError::NoLift(_)), "{refused}");
        land.calms().await;
        for tie in 0..2 {
            assert_eq!(land.balances(tie).await, [0, 0]);
        }
        proves(&land, "abe", 1, crossing).await.unwrap();
        proves(&land, "ann", 0, inner).await.unwrap();
        land.calms().await;
        for tie in 0..2 {
            assert_eq!(land.balances(tie).await, [-5_000, 5_000]);
        }
    });
}

/// What an agent of before said of a lift whose time was not over while the site was it may be a thief's work, also where an
/// own device has seen it: whoever gives says whether it is so.
#[test]
fn a_lift_of_an_agent_of_before_is_proved_once_the_giver_says_that_it_gave() {
    run(async {
        let mut land = chain().await;
        let copies: Vec<_> =
            [0, 1].iter().map(|site| land.stores[*site].copy_in_memory().unwrap()).collect();
        let date = land.now();
        land.pays(1, ["ann", "cyd"], [5_000, 5_000]).await.unwrap();
        land.calms().await;
        let crossing = kept(&land, "abe", 1).await;
        let inner = kept(&land, "ann", 0).await;
        go_back(&mut land, &[0, 1], copies, date).await;
        land.has_another_agent(0).await;
        let (lift, units) = (crossing.record.id().unwrap(), crossing.leg.units.get());
        for (gives, device, tie, proof) in [("abe", "abe", 1, crossing), ("ann", "abe", 0, inner)] {
            proves(&land, device, tie, proof.clone()).await.unwrap();
            land.sites[0].tend_lifts(land.now()).await.unwrap();
            let seen = land.sites[0].tally(&cuid(gives), tally_of(tie)).await.unwrap();
            let asked: Vec<_> = seen.claimed.iter().map(|one| (one.lift, one.units)).collect();
            assert_eq!((asked, seen.balance_milli), (vec![(lift, units)], 0), "{gives}");
            land.wish(gives, tie, Wish::Give { lift, units }).await.unwrap();
            let seen = land.sites[0].tally(&cuid(gives), tally_of(tie)).await.unwrap();
            assert_eq!(seen.claimed, [], "{gives}");
            // What is there already nobody is asked about.
            proves(&land, device, tie, proof).await.unwrap();
            let seen = land.sites[0].tally(&cuid(gives), tally_of(tie)).await.unwrap();
            assert_eq!(seen.claimed, [], "{gives}");
        }
        land.sites[0].tend_lifts(land.now()).await.unwrap();
        for (tie, stands) in [(0, [-5_000, 5_000]), (1, [-5_000, 0])] {
            assert_eq!(land.balances(tie).await, stands, "{tie}");
        }
        let examined = land.sites[0].doctor(&mut |_| ()).await.unwrap();
        assert!(examined.faults.is_empty(), "{:?}", examined.faults);
        // What is kept of it now is the word of the agent that the site is.
        for (name, tie) in [("ann", 0), ("abe", 0), ("abe", 1)] {
            let giver = kept(&land, name, tie).await.giver.unwrap();
            assert!(Verified::check(giver, &land.sites[0].agent()).is_ok(), "{name} {tie}");
            // Others may have the key that it names.
            assert!(giver.anew, "{name} {tie}");
        }
    });
}

/// Whoever is shown it, without any site, can check the chit of a leg between two users of one site too.
#[test]
fn each_leg_of_a_lift_is_proved_to_strangers() {
    run(async {
        let land = chain().await;
        land.pays(1, ["ann", "cyd"], [5_000, 5_000]).await.unwrap();
        land.calms().await;
        for (name, tie) in [("ann", 0), ("abe", 0), ("abe", 1), ("bob", 1), ("bea", 2), ("cyd", 4)]
        {
            let proof = kept(&land, name, tie).await;
            let seen = land.site_of(name).tally(&cuid(name), tally_of(tie)).await.unwrap();
            let signed = Verified::check(seen.signed.unwrap(), &()).unwrap();
            let ledger = protocol::ledger::Ledger::open(&signed, seen.side).unwrap();
            let good = proof.check(&ledger, |_| false).unwrap();
            assert_eq!(good.chit().effect_on(seen.side).milli().abs(), 5_000, "{name} {tie}");
            // Of a leg inside one site its agent says so only now.
            let anew = proof.giver.is_some_and(|giver| giver.anew);
            assert!(anew == (tie == 0) || tie > 1, "{name} {tie}");
        }
    });
}

/// All sites went back to when they had promised, and the referee is gone: one device has what was decided.
#[test]
fn what_sites_promised_and_a_device_saw_decided_is_decided() {
    run(async {
        let mut land = chain().await;
        land.mute.insert(agent(3));
        undecided(&land, 1, 5_000).await;
        let copy = |site: usize| land.stores[site].copy_in_memory().unwrap();
        let (copies, date) = ([0, 1, 2].map(copy).into(), land.now());
        land.mute.clear();
        land.calms().await;
        assert_eq!(land.balances(3).await, [-5_000, 5_000]);
        let proof = kept(&land, "bea", 2).await;
        let crossing = kept(&land, "bea", 3).await;
        land.gone.insert(agent(3));
        go_back(&mut land, &[0, 1, 2], copies, date).await;
        for tie in 0..4 {
            assert_eq!(land.balances(tie).await, [0, 0], "{tie}");
        }
        proves(&land, "bea", 3, crossing).await.unwrap();
        proves(&land, "bea", 2, proof).await.unwrap();
        land.calms().await;
        for name in ["ann", "abe", "bob", "bea", "cat"] {
            for tie in 0..4 {
                if [land.ties[tie].stock, land.ties[tie].foil].contains(&name) {
                    land.has_no_more(name, tie).await;
                }
            }
        }
        land.calms().await;
        for tie in 0..4 {
            assert_eq!(land.balances(tie).await, [-5_000, 5_000], "{tie}");
        }
        land.assert_sound().await;
    });
}
