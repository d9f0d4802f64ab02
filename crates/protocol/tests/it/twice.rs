//! Proofs that a site contradicts itself about a lift: whoever has one record can check it, and nothing that an honest site
//! signs makes one.

use proptest::prelude::*;
use protocol::bounded::List;
use protocol::errand::{Errand, ErrandFault};
use protocol::lift::{Conditional, Leg, Promise};
use protocol::participant::{Input, Refusal};
use protocol::proof::{Proof, ProofFault, Twice};
use protocol::{AgentId, Hash, LiftId, SecretKey, Side, Signer as _, TallyId};

use crate::participant::world::{Shape, World, key};
use crate::people::positive;

fn agent() -> AgentId {
    AgentId::of(&key(2, 0).public_key()).unwrap()
}

/// What the site of that agent says of a leg that its user gives.
fn said() -> Conditional {
    let leg = Leg { tally: TallyId::random([4; 16]), by: Side::Foil, units: positive(1_000) };
    let (lift, users) = (LiftId::from(Hash::of(b"a lift")), Hash::of(b"users"));
    let own = key(1, 0).public_key();
    sign(Conditional { lift, leg, users, side: Side::Foil, key: own, anew: false, sign: None })
}

fn sign(said: Conditional) -> Conditional {
    Conditional { sign: None, ..said }.signed(&key(2, 0)).unwrap()
}

fn promise(lift: LiftId, by: &SecretKey, judged: u8) -> Promise {
    let (by_key, judged) = (by.public_key(), Hash::of(&[judged]));
    Promise { lift, by: by_key, judged, sign: None }.signed(by).unwrap()
}

/// Both promises of the participant that the site is.
fn promises() -> [Promise; 2] {
    [1, 2].map(|judged| promise(said().lift, &key(1, 0), judged))
}

fn of_promises(said: &Conditional, [one, other]: [&Promise; 2]) -> Option<Twice> {
    Twice::of(&agent(), said, [one, other])
}

/// As a third party has it: read from its text.
fn read(proof: Twice) -> Proof {
    Proof::read(Proof::Twice(Box::new(proof)).to_text().unwrap().as_bytes()).unwrap()
}

#[test]
fn who_promises_twice_is_named() {
    let (said, [one, other]) = (said(), promises());
    let [proof, turned] =
        [[&one, &other], [&other, &one]].map(|promises| of_promises(&said, promises));
    assert_eq!(proof, turned, "one lie is one record, whichever was heard first");
    let shown = read(proof.unwrap());
    assert_eq!(shown.check(), Ok(()));
    assert_eq!((shown.liars(), shown.suspects()), (vec![agent()], vec![agent()]));
    assert_eq!((shown.lift(), shown.word()), (Some(said.lift), "twice"));
    // It says what moves over a tally: agents do not tell it each other.
    let told = Errand::read(shown.to_text().unwrap().as_bytes());
    assert!(matches!(told, Err(ErrandFault::Kind(_))), "{told:?}");
}

#[test]
fn what_an_honest_site_signs_together_names_nobody() {
    let (said, [one, other]) = (said(), promises());
    let other_lift = LiftId::from(Hash::of(b"another lift"));
    for (number, wrong) in [
        // The same, said again.
        one,
        // Of another lift, or under another key, as a site that went back has.
        promise(other_lift, &key(1, 0), 2),
        promise(said.lift, &key(1, 1), 2),
        // By nobody.
        Promise { sign: None, ..other },
        Promise { sign: one.sign, ..other },
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(of_promises(&said, [&one, &wrong]), None, "promise {number}");
    }
    let wrong = [
        // As whoever takes, or has lost it, or is another agent since: whose key it is, is not proved.
        sign(Conditional { side: Side::Stock, ..said }),
        sign(Conditional { anew: true, ..said }),
        // Another participant of the same site, in this lift or in another.
        sign(Conditional { key: key(1, 1).public_key(), ..said }),
        sign(Conditional { lift: other_lift, ..said }),
        // By another agent, or by nobody.
        Conditional { sign: None, ..said }.signed(&key(2, 1)).unwrap(),
        Conditional { sign: None, ..said },
    ];
    for (number, said) in wrong.into_iter().enumerate() {
        assert_eq!(of_promises(&said, [&one, &other]), None, "conditional {number}");
    }
}

#[test]
fn a_record_says_one_lie_and_says_it_one_way() {
    let (said, [one, other]) = (said(), promises());
    let proof = of_promises(&said, [&one, &other]).unwrap();
    let (first, second) = (proof.first, proof.second);
    for wrong in [Twice { first: second, second: first, ..proof }, Twice { second: first, ..proof }]
    {
        assert_eq!(read(wrong).check(), Err(ProofFault::NoLie));
    }
    let takers = sign(Conditional { side: Side::Stock, ..said });
    let anew = sign(Conditional { anew: true, ..said });
    for conditional in [takers, anew] {
        let wrong = read(Twice { conditional, ..proof });
        assert_eq!(wrong.check(), Err(ProofFault::NotGivers));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is changed in its text, it proves nothing, or nothing else.
    #[test]
    fn a_tampered_proof_is_refused(at: prop::sample::Index, to in "[a-zA-Z0-9_\"{}:,-]") {
        let (said, [one, other]) = (said(), promises());
        let proof = of_promises(&said, [&one, &other]);
        let text = Proof::Twice(Box::new(proof.unwrap())).to_text().unwrap().to_string();
        let at = at.index(text.len());
        let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
        let stands = Proof::read(changed.as_bytes()).is_ok_and(|proof| proof.check().is_ok());
        prop_assert_eq!(stands, changed == text, "{}", changed);
    }

    /// An honest site promises each lift once under each of its keys, whatever it says of legs.
    #[test]
    fn of_whatever_an_honest_site_says_nothing_is_a_lie(
        said in prop::collection::vec((0..3_u8, 0..3_u8, 0..3_u8, 0..3_i64), 1..12),
    ) {
        let mut words = Vec::new();
        let mut promises = std::collections::BTreeMap::new();
        for (lift, tally, own, milli) in said {
            let (lift, own) = (LiftId::from(Hash::of(&[lift])), key(1, own.into()));
            let (tally, by) = (TallyId::random([tally + 1; 16]), own.public_key());
            let leg = Leg { tally, by: Side::Stock, units: positive(1_000 + milli) };
            let (users, side) = (Hash::of(b"users"), Side::Stock);
            words.push(sign(Conditional { lift, leg, users, side, key: by, anew: false, sign: None }));
            let judged = u8::try_from(milli).unwrap();
            promises.entry((lift, by)).or_insert_with(|| promise(lift, &own, judged));
        }
        for word in &words {
            for first in promises.values() {
                for second in promises.values() {
                    prop_assert_eq!(of_promises(word, [first, second]), None);
                }
            }
        }
    }
}

/// What is said anew ties no key to an agent, so nobody promises by it; of what is decided it proves the chit.
#[test]
fn what_is_said_anew_is_heard_once_it_is_decided() {
    let mut world = World::new(Shape::Chain, 3);
    let [commit, _] = world.both();
    world.tends(0, false);
    let tally = world.legs[0].2.tally;
    let word = world.sites[0].participant.word(&tally).unwrap();
    let from = AgentId::of(&world.sites[0].agent.public_key()).unwrap();
    let said = Conditional { anew: true, sign: None, ..word.conditional };
    let conditional = said.signed(&world.sites[0].agent).unwrap();
    let certificate = Some(commit.certificate().clone());
    let anew = protocol::participant::Word { conditional, ..word };
    let decided = protocol::participant::Word { certificate, ..anew.clone() };
    let heard = |word: protocol::participant::Word| {
        let heard = Box::new(word.check(&from).unwrap());
        Input::Hear { tally, heard }
    };
    let lift = world.sites[0].participant.lift();
    let participant = &world.sites[1].participant;
    assert_eq!(participant.step(heard(anew.clone())), Err(Refusal::Anew { lift }));
    assert_eq!(participant.conditional(&tally), None);
    let decided = participant.step(heard(decided)).unwrap().participant;
    assert_eq!(decided.conditional(&tally), Some(&conditional));
    let knows = participant.step(Input::Decided(commit)).unwrap().participant;
    let knows = knows.step(heard(anew)).unwrap().participant;
    assert_eq!(knows.conditional(&tally), Some(&conditional));
}

/// A participant sees it by what it hears: from the neighbour that gives to it, in a word or in a certificate.
#[test]
fn a_participant_sees_its_neighbour_contradict_itself() {
    let mut world = World::new(Shape::Chain, 3);
    let [commit, _] = world.both();
    world.tends(0, false);
    let tally = world.legs[0].2.tally;
    let word = world.sites[0].participant.word(&tally).unwrap();
    let from = AgentId::of(&world.sites[0].agent.public_key()).unwrap();
    let first = word.promises[0];
    let second = promise(first.lift, &key(1, 0), 7);
    let lying =
        protocol::participant::Word { promises: List::new(vec![second]).unwrap(), ..word.clone() };
    let both = protocol::participant::Word {
        promises: List::new(vec![first, second]).unwrap(),
        ..word.clone()
    };
    let twice = Twice::of(&from, &word.conditional, [&first, &second]);
    assert!(twice.is_some());
    let [word, lying, both] = [word, lying, both].map(|word| word.check(&from).unwrap());
    let sees = |world: &World, heard| world.sites[1].participant.heard_twice(&tally, &from, heard);
    assert_eq!([&word, &lying].map(|heard| sees(&world, heard)), [None, None], "one of them");
    assert_eq!(sees(&world, &both), twice, "both in one word");
    world.step(1, Input::Hear { tally, heard: Box::new(word.clone()) });
    assert_eq!(sees(&world, &word), None);
    assert_eq!([&lying, &both].map(|heard| sees(&world, heard)), [twice.clone(), twice.clone()]);
    let heard = &world.sites[1].participant;
    assert_eq!(heard.promised_twice(&tally, &from, &commit.certificate().promises), None);
    assert_eq!(heard.promised_twice(&tally, &from, &[second]), twice);
    // Who stands further on knows only keys, and names nobody.
    let on = world.legs[1].2.tally;
    assert_eq!(world.sites[2].participant.promised_twice(&on, &from, &[first, second]), None);
}
