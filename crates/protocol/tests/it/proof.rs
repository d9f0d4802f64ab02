//! Proofs that referees lie: whoever has one record can check it, and nothing that an honest one signs makes one.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::errand::{About, Errand};
use protocol::lift::{Certificate, Decided, Late, Outcome};
use protocol::proof::{Contradiction, Proof, ProofFault};
use protocol::{Hash, Record as _};

use crate::participant::world::{Shape, World};

fn proof(world: &World, [one, other]: [&Arc<Decided>; 2]) -> Option<Contradiction> {
    Contradiction::of(&world.lift, one, other)
}

/// As a third party has it: read from its text.
fn read(proof: Contradiction) -> Proof {
    let text = Proof::Contradiction(Box::new(proof)).to_text().unwrap();
    Proof::read(text.as_bytes()).unwrap()
}

#[test]
fn two_opposite_certificates_name_whoever_signed_both() {
    let world = World::new(Shape::Chain, 3);
    let [commit, void] = world.both();
    // In whichever order they were heard.
    let both = proof(&world, [&void, &commit]).unwrap();
    assert_eq!(Some(&both), proof(&world, [&commit, &void]).as_ref());
    assert_eq!(proof(&world, [&commit, &commit]), None, "one decision is no contradiction");
    let shown = read(both);
    assert_eq!(shown.check(), Ok(()));
    assert_eq!(shown.lift(), world.lift.id().ok());
    assert_eq!(shown.liars(), world.lift.referees.to_vec(), "a sole referee");
    assert_eq!(shown.suspects(), shown.liars());
    // Anybody may be told of it.
    let errand = Errand::read(shown.to_text().unwrap().as_bytes()).unwrap();
    assert_eq!((errand.about(), &errand), (About::Lift, &Errand::Proof(shown)));
}

#[test]
fn what_an_honest_referee_signs_is_no_contradiction() {
    let world = World::new(Shape::Chain, 3);
    let [commit, void] = world.both();
    let both = proof(&world, [&commit, &void]).unwrap();
    let certificate = |decided: &Decided| decided.certificate().clone();
    let wrong = [
        // The same decision twice.
        Contradiction { void: certificate(&commit), ..both.clone() },
        Contradiction { commit: certificate(&void), ..both.clone() },
        // The other decision, which nobody signed: with the signature of the first, or none.
        Contradiction {
            void: Certificate { sign: certificate(&commit).sign, ..certificate(&void) },
            ..both.clone()
        },
        Contradiction {
            void: Certificate { sign: List::default(), ..certificate(&void) },
            ..both.clone()
        },
        // Signed, and nothing made it possible.
        Contradiction {
            void: Certificate {
                refused: None,
                late: List::<Late, 13>::default(),
                ..certificate(&void)
            },
            ..both.clone()
        },
        // Of another lift.
        Contradiction {
            lift: protocol::Lift { nonce: Hash::of(b"another"), ..world.lift },
            ..both.clone()
        },
    ];
    for (number, wrong) in wrong.into_iter().enumerate() {
        assert!(read(wrong).check().is_err(), "{number}");
    }
    let swapped = Contradiction { commit: both.void.clone(), void: both.commit, ..both };
    assert_eq!(read(swapped).check(), Err(ProofFault::NoLie));
}

/// In a later round an honest referee may vote for the other outcome: then it is proved that more lie than may, and not who.
#[test]
fn decisions_of_different_rounds_name_nobody_for_sure() {
    let world = World::new(Shape::Chain, 3);
    let [commit, void] = world.both();
    let both = proof(&world, [&commit, &void]).unwrap();
    let void = Certificate { round: 3, ..both.void.clone() };
    let later = Contradiction { void, ..both };
    assert_eq!(later.liars(), []);
    assert_eq!(later.suspects(), world.lift.referees.to_vec());
    assert_eq!(later.commit.outcome, Outcome::Commit);
}

#[test]
fn another_record_proves_no_lie() {
    let world = World::new(Shape::Chain, 2);
    let text = world.lift.to_text().unwrap();
    assert_eq!(Proof::read(text.as_bytes()), Err(ProofFault::Kind("lift".to_owned())));
    assert!(matches!(Proof::read(b"{}"), Err(ProofFault::Kind(_))));
    assert!(matches!(Proof::read(b"{"), Err(ProofFault::Record(_))));
}
