//! Proofs that agents lie: kept once, found by name, listed by date.

use protocol::{Hash, LiftId, Timestamp};
use store::{Kind, Proof, Store, StoreError};

use crate::places::{Home, everywhere};
use crate::world::{agent, at, hash};

fn proof(name: &str, kept: i64) -> Proof {
    Proof {
        id: hash(name),
        kind: "lie".to_owned(),
        lift: LiftId::from(hash("lift")),
        accused: vec![agent(1), agent(2)],
        text: format!("{{\"proof\":\"{name}\"}}"),
        heard_from: (kept > 20).then(|| agent(3)),
        at: at(kept),
    }
}

async fn add(store: &Store, proof: &Proof) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_new = tx.add_proof(proof).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn a_proof_is_kept_once_and_found(home: &Home) {
    let one = proof("one", 20);
    assert!(add(&home.store, &one).await);
    let later = Proof { at: at(99), heard_from: Some(agent(9)), ..one.clone() };
    assert!(!add(&home.store, &later).await, "it is here already");
    let mut tx = home.store.begin().await.unwrap();
    let unfit = Proof { text: "\0".to_owned(), ..proof("two", 1) };
    let error = tx.add_proof(&unfit).await.unwrap_err();
    assert!(matches!(error, StoreError::Unfit { kind: Kind::Proof, .. }), "{error}");
    drop(tx);
    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    assert_eq!(view.proof(&one.id).await.unwrap(), Some(one));
    assert_eq!(view.proof(&hash("two")).await.unwrap(), None);
}

async fn proofs_are_listed_by_date(home: &Home) {
    let all = [proof("c", 30), proof("a", 10), proof("b", 20), proof("d", 20)];
    for one in &all {
        add(&home.store, one).await;
    }
    let mut expected: Vec<&Proof> = all.iter().collect();
    expected.sort_by_key(|one| (one.at, one.id.to_string()));
    let expected: Vec<Proof> = expected.into_iter().cloned().collect();
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.proofs(None, 9).await.unwrap(), expected);
    assert_eq!(view.proofs(None, 2).await.unwrap(), expected[..2]);
    let after: Option<(Timestamp, Hash)> = Some((expected[1].at, expected[1].id));
    assert_eq!(view.proofs(after, 9).await.unwrap(), expected[2..]);
}

everywhere!(a_proof_is_kept_once_and_found, proofs_are_listed_by_date,);
