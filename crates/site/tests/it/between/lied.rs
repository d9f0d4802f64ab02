//! A sole referee that decides a lift both ways: whoever sees both certificates keeps the proof and hands it on, and anybody
//! can check it.

use protocol::bounded::List;
use protocol::errand::Errand;
use protocol::lift::{Certificate, Evidence, Late, Lift, Outcome};
use protocol::proof::{Contradiction, Proof};
use protocol::{Hash, Record as _, SecretKey};
use site::{Caller, MAX_PROOFS_OF_ONE, Outgoing};

use super::paid::three;
use crate::seek::land::{Land, agent};
use crate::town::user;

/// The key of the referee, which lies.
fn referee() -> SecretKey {
    SecretKey::ed25519(&[53; 32])
}

/// The opposite of what was decided: that the lift is void, as nobody was in time.
fn void(lift: &Lift) -> Certificate {
    let id = lift.id().unwrap();
    let late = Late { lift: id, referee: agent(3), sign: None }.signed(&referee()).unwrap();
    let evidence = Evidence::Late(List::new(vec![late]).unwrap());
    Certificate::by_sole_referee(id, evidence, &referee()).unwrap()
}

/// The lift by which a payment was made.
async fn paid(land: &Land, name: u8) -> Lift {
    let paid = land.pays(name, ["ann", "cat"], [1_000, 1_000]).await.unwrap();
    land.calms().await;
    let row = land.stores[1].read().await.unwrap().lift(&paid.lift).await.unwrap().unwrap();
    Lift::read(row.record.as_bytes()).unwrap()
}

async fn shown(land: &Land, site: usize) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for lie in land.sites[site].lies(&Caller::Administrator).await.unwrap() {
        let text = land.sites[site].lie(&Caller::Administrator, lie.id).await.unwrap();
        let proof = Proof::read(text.as_bytes()).unwrap();
        assert_eq!((proof.hash(), proof.suspects()), (Ok(lie.id), lie.accused));
        proofs.push(proof);
    }
    proofs
}

#[tokio::test]
async fn who_sees_both_certificates_keeps_the_proof_and_hands_it_on() {
    let land = three().await;
    let lift = paid(&land, 1).await;
    let certificate = void(&lift);
    let before = land.balances(0).await;
    for _ in 0..2 {
        let errand = Errand::Certificate(Box::new(certificate.clone()));
        assert_eq!(land.sites[1].hear_errand(agent(3), errand).await, None);
        land.calms().await;
    }
    assert_eq!(land.balances(0).await, before, "what was decided first stays");
    for site in 0..3 {
        let proofs = shown(&land, site).await;
        assert_eq!(proofs.len(), 1, "site {site}");
        assert_eq!(proofs[0].check(), Ok(()));
        assert_eq!((proofs[0].liars(), proofs[0].lift()), (vec![agent(3)], lift.id().ok()));
        let Proof::Contradiction(both) = &proofs[0] else { panic!() };
        assert_eq!(both.void, certificate);
        assert_eq!(both.commit.outcome, Outcome::Commit);
        let heard = land.sites[site].lies(&Caller::Administrator).await.unwrap()[0].heard_from;
        assert_eq!(heard, (site != 1).then(|| agent(1)), "site {site}");
        let mut view = land.stores[site].read().await.unwrap();
        let told = view.events(store::Audience::Site, 0, 1_000).await.unwrap();
        let told = told.iter().filter(|event| event.event.kind == "referees_contradicted");
        assert_eq!(told.count(), 1, "site {site}");
    }
    assert_eq!(shown(&land, 3).await, [], "the liar is told nothing");
    land.assert_sound().await;
    // Nobody but an administrator sees it.
    assert!(land.sites[1].lies(&user("bob")).await.is_err());
}

#[tokio::test]
async fn what_proves_nothing_or_concerns_nobody_here_is_not_kept() {
    let land = three().await;
    let lift = paid(&land, 1).await;
    let kept = land.stores[1].read().await.unwrap().lift(&lift.id().unwrap()).await.unwrap();
    let commit = Certificate::read(kept.unwrap().certificate.unwrap().as_bytes()).unwrap();
    let both = |commit: Certificate, void: Certificate, lift: &Lift| {
        let both = Contradiction { lift: lift.clone(), commit, void };
        Errand::Proof(Proof::Contradiction(Box::new(both)))
    };
    let forged = Certificate { sign: commit.sign.clone(), ..void(&lift) };
    for wrong in [
        both(commit.clone(), forged, &lift),
        both(commit.clone(), commit.clone(), &lift),
        both(commit.clone(), void(&lift), &Lift { nonce: Hash::of(b"other"), ..lift.clone() }),
    ] {
        assert_eq!(land.sites[0].hear_errand(agent(1), wrong).await, None);
    }
    assert_eq!(shown(&land, 0).await, []);
    // A good one, at a site that neither accepts that referee nor takes part.
    let good = both(commit, void(&lift), &lift);
    let other = Land::new(1, &[], &[]).await;
    assert_eq!(other.sites[0].hear_errand(agent(1), good.clone()).await, None);
    assert_eq!(shown(&other, 0).await, []);
    // And where it is accepted: once, however often it is told, and never back to whoever told it.
    land.sites[0].take_errands().await.unwrap();
    for _ in 0..3 {
        assert_eq!(land.sites[0].hear_errand(agent(1), good.clone()).await, None);
    }
    assert_eq!(shown(&land, 0).await.len(), 1);
    let told: Vec<Outgoing> = land.sites[0].take_errands().await.unwrap();
    assert!(told.iter().all(|told| told.to != agent(1) && told.to != agent(3)), "{told:?}");
}

#[tokio::test]
async fn of_one_liar_few_proofs_are_kept() {
    let land = three().await;
    for name in 1..=6 {
        let lift = paid(&land, name).await;
        let errand = Errand::Certificate(Box::new(void(&lift)));
        land.sites[1].hear_errand(agent(3), errand).await;
        land.calms().await;
    }
    for site in 0..3 {
        assert_eq!(shown(&land, site).await.len(), MAX_PROOFS_OF_ONE, "site {site}");
    }
}
