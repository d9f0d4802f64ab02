//! An exported tally proves itself; whatever is changed in it is found and named.

use std::sync::OnceLock;

use proptest::prelude::*;
use protocol::bounded::List;
use protocol::chit::{Entry, Written};
use protocol::export::{
    ExportFault, LiftProof, MAX_EXPORT_BYTES, TallyExport, ToExport, USER_KIND, UserExport, VERSION,
};
use protocol::ledger::{Ack, Good, Head, Link, MAX_MOVED};
use protocol::lift::{
    Certificate, Committed, Conditional, Evidence, Leg, Legs, LiftFault, Mode, Promise,
};
use protocol::record::Record;
use protocol::{AgentId, Hash, Lift, Moved, SecretKey, Side, Signer, Units};

use crate::ledger::world::{World, id, key, payment, resigned, settings, signed_tally};
use crate::people::{at, members, positive};

fn agent_key() -> SecretKey {
    SecretKey::ed25519(&[9; 32])
}

fn agent() -> AgentId {
    AgentId::of(&agent_key().public_key()).unwrap()
}

/// A lift of 3 over the tally, with what proves it there, among three legs.
fn lifted() -> LiftProof {
    decided_by(&agent_key())
}

fn decided_by(key: &SecretKey) -> LiftProof {
    let (record, legs) = drawn_up(key, Vec::new());
    let id = record.id().unwrap();
    let certificate = Certificate::by_sole_referee(id, Evidence::of_one_site(), key).unwrap();
    let (leg, way) = legs.find(&members().uuid).unwrap();
    LiftProof { record, certificate, leg, way, giver: None, branches: List::default() }
}

/// The record of a lift with this referee and these participants, and its legs.
fn drawn_up(referee: &SecretKey, participants: Vec<protocol::PublicKey>) -> (Lift, Legs) {
    let other = |byte| protocol::TallyId::random([byte; 16]);
    let leg = |tally| Leg { tally, by: Side::Stock, units: positive(3) };
    let legs = vec![leg(other(1)), leg(members().uuid), leg(other(250))];
    let date = at("2026-11-22T12:00:00.000Z");
    let record = Lift {
        nonce: Hash::of(b"nonce"),
        mode: Mode::Clearing,
        date,
        deadline: date,
        legs: Hash::of(b"not yet"),
        participants: List::new(participants).unwrap(),
        referees: List::new(vec![AgentId::of(&referee.public_key()).unwrap()]).unwrap(),
        quorum: 1,
        payment: None,
    };
    let legs = Legs::new(legs, record.salt()).unwrap();
    (Lift { legs: legs.root(), ..record }, legs)
}

/// The chit, whoever decided the lift.
fn undoubted(proof: &LiftProof) -> Good {
    let committed = Committed::check(proof.record.clone(), &proof.certificate).unwrap();
    Good::of_lift(&committed, &proof.leg, &proof.way).unwrap()
}

/// The same lift between two sites, which both promised, decided by a stranger.
fn promised(giver: impl FnOnce(Conditional) -> Conditional) -> LiftProof {
    promised_before(&SecretKey::ed25519(&[99; 32]), giver)
}

/// The same, decided by this referee.
fn promised_before(
    referee: &SecretKey,
    giver: impl FnOnce(Conditional) -> Conditional,
) -> LiftProof {
    let participants = [[21; 32], [22; 32]];
    let mut keys = participants.map(|seed| SecretKey::ed25519(&seed));
    keys.sort_by_key(Signer::public_key);
    let (record, legs) = drawn_up(referee, keys.iter().map(Signer::public_key).collect());
    let (leg, way) = legs.find(&members().uuid).unwrap();
    let lift = record.id().unwrap();
    let promise = |key: &SecretKey| {
        let judged = Hash::of(b"judged");
        Promise { lift, by: key.public_key(), judged, sign: None }.signed(key).unwrap()
    };
    let promises = Evidence::Promises(List::new(keys.iter().map(promise).collect()).unwrap());
    let certificate = Certificate::by_sole_referee(lift, promises, referee).unwrap();
    let key = keys[0].public_key();
    let users = World::new().half(leg.by).ledger.users();
    let said = giver(Conditional { lift, leg, users, side: leg.by, key, anew: false, sign: None });
    LiftProof { record, certificate, leg, way, giver: Some(said), branches: List::default() }
}

fn to_export(side: Side) -> ToExport {
    lifted_by(side, lifted())
}

fn lifted_by(side: Side, proof: LiftProof) -> ToExport {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 10)).unwrap();
    world.write(settings(Side::Stock, id(2), 1, false)).unwrap();
    world.write(payment(Side::Stock, id(3), 2)).unwrap();
    world.lift(undoubted(&proof), &Side::BOTH);
    world.settle();
    let half = world.half(side);
    let (tally, head) = (signed_tally(), half.ledger.head());
    let mut word = Ack { tally: half.ledger.tally(), head, sign: None };
    word.sign = Some(word.sign_with(&agent_key()).unwrap());
    ToExport {
        date: at("2026-11-23T00:00:00.000Z"),
        agent: agent(),
        side,
        tally: (*tally).clone(),
        contract: None,
        links: half.links.clone(),
        lifts: vec![proof],
        moved: Vec::new(),
        word: Some(word),
    }
}

/// What the user on a side said about its agent: that it is the one of this seed.
fn moved(side: Side, seed: u8, counter: u32) -> Moved {
    let agent = AgentId::of(&SecretKey::ed25519(&[seed; 32]).public_key()).unwrap();
    let (tally, date) = (signed_tally().members().uuid, at("2026-11-23T00:00:00.000Z"));
    let counter = counter.try_into().unwrap();
    let moved = Moved { tally, by: side, agent, counter, date, head: None, key: None, sign: None };
    moved.signed(&key(side)).unwrap()
}

#[test]
fn an_agent_that_the_tally_does_not_name_needs_its_users_word() {
    for side in Side::BOTH {
        let head = to_export(side).links.last().map(|link| link.head);
        let new = Moved { head, ..moved(side, 77, 1) }.signed(&key(side)).unwrap();
        let by = |moved| ToExport { agent: new.agent, word: None, moved, ..to_export(side) };
        let export = by(vec![new]).export().unwrap();
        let text = serde_json::to_string(&export).unwrap();
        let checked = TallyExport::read(text.as_bytes()).unwrap().check().unwrap();
        assert_eq!(checked.unproved, [], "the agent of before counts up to the head");
        assert_eq!(by(Vec::new()).export(), Err(ExportFault::Agent(new.agent)));
        let other = Moved { head, ..moved(side.other(), 77, 1) };
        let other = other.signed(&key(side.other())).unwrap();
        assert_eq!(by(vec![other]).export(), Err(ExportFault::Agent(new.agent)));
        let forged = Moved { counter: 9.try_into().unwrap(), ..new };
        assert!(matches!(by(vec![forged]).export(), Err(ExportFault::Signature(_))));
        // Of a lift above the head that the word rests on, the agent of before proves nothing any more.
        if by(Vec::new()).lifts[0].leg.by == side {
            // It is taken along all the same: whoever owes by it could forbid that else.
            let is_lifted = |link: &&Link| matches!(link.chit.entry, Entry::Lift { .. });
            let chit = export.links.iter().find(is_lifted).unwrap().chit.uuid;
            for counters in [1..=1, 1..=MAX_MOVED, 1..=MAX_MOVED + 1] {
                let words =
                    counters.map(|counter| moved(side, 77, u32::try_from(counter).unwrap()));
                let export = by(words.collect()).export().unwrap();
                let checked = export.check().unwrap();
                assert_eq!((checked.unproved, checked.half.balance_milli().abs()), (vec![chit], 5));
            }
            // That excuses no lift that a stranger decided.
            let stranger = decided_by(&SecretKey::ed25519(&[99; 32]));
            let of_stranger = stranger.record.id().unwrap();
            let made_up = ToExport { moved: vec![moved(side, 77, 1)], ..lifted_by(side, stranger) };
            assert_eq!(made_up.export(), Err(ExportFault::Referee(of_stranger)));
        } else {
            assert_eq!(export.check().unwrap().unproved, []);
        }
    }
}

/// Whoever writes an export alone makes up nothing: neither a key by a word for an agent that witnessed it, nor a lift
/// by an agent that such a key named.
#[test]
fn a_word_proves_no_key_that_would_prove_it() {
    for side in Side::BOTH {
        let thief = SecretKey::ed25519(&[77; 32]);
        let named = AgentId::of(&SecretKey::ed25519(&[78; 32]).public_key()).unwrap();
        let mut export = to_export(side);
        let lost = super::ledger::keyed::lost(
            1,
            Head { index: 0, hash: signed_tally().hash().unwrap() },
            &thief,
        );
        let asks = super::ledger::keyed::about(side, id(60), lost).signed(&thief).unwrap();
        let head = export.links.last().unwrap().head;
        let (tally, chit_hash) = (signed_tally().members().uuid, asks.hash().unwrap());
        export.links.push(Link { head: head.then(tally, chit_hash), chit_hash, chit: asks });
        let key = Some(thief.public_key().name());
        let word = Moved { agent: named, key, sign: None, ..moved(side, 77, 1) };
        export.moved = vec![word.signed(&thief).unwrap()];
        export.agent = named;
        export.word = None;
        let made_up = export.export();
        assert!(matches!(made_up, Err(ExportFault::Signature(_))), "{made_up:?}");
    }
}

#[test]
fn it_proves_itself_after_a_journey_as_text() {
    for (side, balance) in [(Side::Stock, 5), (Side::Foil, -5)] {
        let export = to_export(side).export().unwrap();
        assert_eq!((export.balance, export.head.index), (Units::new(balance).unwrap(), 4));
        assert!(export.word.is_some());
        let text = serde_json::to_string_pretty(&export).unwrap();
        let read = TallyExport::read(text.as_bytes()).unwrap();
        assert_eq!(read, export);
        let half = read.check().unwrap().half;
        assert_eq!((half.side(), half.balance_milli()), (side, i128::from(balance)));
        assert_eq!(half.set_of(Side::Stock).unwrap().counter.get(), 1);
    }
    // A word for another chain says nothing about this one.
    let mut shorter = to_export(Side::Stock);
    shorter.links.pop();
    assert_eq!(shorter.export().unwrap().word, None);
}

#[test]
fn whatever_is_changed_is_named() {
    let export = || to_export(Side::Foil).export().unwrap();
    let with = |change: &dyn Fn(&mut TallyExport)| {
        let mut export = export();
        change(&mut export);
        export.check().unwrap_err()
    };
    let kind = with(&|export| export.v = 2);
    assert!(matches!(kind, ExportFault::Kind { v: 2, .. }), "{kind}");
    let missing = with(&|export| drop(export.links.remove(1)));
    assert_eq!(missing, ExportFault::Link(3));
    let cut = with(&|export| drop(export.links.pop()));
    assert_eq!(cut, ExportFault::Head { found: 3 });
    let unproved = with(&|export| export.lifts.clear());
    assert!(matches!(unproved, ExportFault::NoProof { .. }), "{unproved}");
    let dearer = with(&|export| export.lifts[0].leg.units = positive(4));
    assert!(matches!(dearer, ExportFault::Lift(_)), "{dearer}");
    let richer = with(&|export| export.balance = Units::new(-4).unwrap());
    assert_eq!(richer, ExportFault::Balance { found: -5, said: -4 });
    let head = Head { index: 4, hash: Hash::of(b"elsewhere") };
    let word = with(&|export| export.word.as_mut().unwrap().head = head);
    assert!(matches!(word, ExportFault::Signature(_)), "{word}");
    let turned = with(&|export| export.side = Side::Stock);
    assert_eq!(turned, ExportFault::Balance { found: 5, said: -5 });
    let nobody = with(&|export| {
        export.agent = AgentId::of(&key(Side::Foil).public_key()).unwrap();
    });
    assert!(matches!(nobody, ExportFault::Agent(_)), "{nobody}");
    let other = with(&|export| {
        export.contract = Some(contract());
    });
    assert_eq!(other, ExportFault::Contract);
}

/// A certificate is worth what its referees are: anybody can be the referee of a lift of its own.
#[test]
fn a_lift_that_a_stranger_decided_proves_nothing() {
    let stranger = SecretKey::ed25519(&[99; 32]);
    let proof = decided_by(&stranger);
    let lift = proof.record.id().unwrap();
    let fault = lifted_by(Side::Foil, proof).export().unwrap_err();
    assert_eq!(fault, ExportFault::Referee(lift));
}

/// What both sites have promised, any referee may decide; the giver's site must have said that it is a leg.
#[test]
fn a_lift_between_sites_is_proved_by_the_givers_word_for_its_leg() {
    let export = |proof: LiftProof| lifted_by(Side::Foil, proof).export();
    let agent = agent_key();
    let good = promised(|said| said.signed(&agent).unwrap());
    let lift = good.record.id().unwrap();
    assert!(export(good.clone()).is_ok());
    let without = LiftProof { giver: None, ..good.clone() };
    assert_eq!(export(without).unwrap_err(), ExportFault::Referee(lift));

    let tally = good.leg.tally;
    let not_givers = ExportFault::Lift(LiftFault::NotGivers { lift, tally });
    let takers =
        promised(|said| Conditional { side: said.side.other(), ..said }.signed(&agent).unwrap());
    assert_eq!(export(takers).unwrap_err(), not_givers);
    let other_leg = promised(|said| {
        let leg = Leg { units: positive(4), ..said.leg };
        Conditional { leg, ..said }.signed(&agent).unwrap()
    });
    assert_eq!(export(other_leg).unwrap_err(), not_givers);
    // Of the tally of others, of the same name.
    let others =
        promised(|said| Conditional { users: Hash::of(b"others"), ..said }.signed(&agent).unwrap());
    assert_eq!(export(others).unwrap_err(), not_givers);
    let other_lift = promised(|said| {
        Conditional { lift: protocol::LiftId::from_bytes([1; 32]), ..said }.signed(&agent).unwrap()
    });
    assert_eq!(export(other_lift).unwrap_err(), not_givers);
    // In the name of a participant that did not promise it.
    let nobody = SecretKey::ed25519(&[23; 32]).public_key();
    let stranger = promised(|said| Conditional { key: nobody, ..said }.signed(&agent).unwrap());
    let fault = ExportFault::Lift(LiftFault::NotParticipant(nobody.name()));
    assert_eq!(export(stranger).unwrap_err(), fault);
    // Its agent was the referee of what others promised, and never spoke of this leg.
    let referee = LiftProof { giver: None, ..promised_before(&agent, |said| said) };
    let named = referee.record.id().unwrap();
    assert_eq!(export(referee).unwrap_err(), ExportFault::Referee(named));
    // Signed by another agent, or by nobody.
    let forged = promised(|said| said.signed(&SecretKey::ed25519(&[99; 32])).unwrap());
    assert!(matches!(export(forged), Err(ExportFault::Lift(LiftFault::Signature(_)))));
    let unsigned = promised(|said| said);
    assert!(matches!(export(unsigned), Err(ExportFault::Lift(LiftFault::Signature(_)))));

    // By an agent that the giver gave up, by a word that does not rest on it: whether it spoke before, nobody can tell.
    let by = good.leg.by;
    let unproved = |proof: &LiftProof, words: u32| {
        let words = (1..=words).map(|counter| moved(by, 77, counter)).collect();
        let export = ToExport { moved: words, ..lifted_by(Side::Foil, proof.clone()) }.export();
        export.map(|export| export.check().unwrap().unproved.len())
    };
    assert_eq!(unproved(&good, 0), Ok(0));
    assert_eq!(unproved(&good, 1), Ok(1));
    let never = promised(|said| said.signed(&SecretKey::ed25519(&[99; 32])).unwrap());
    assert!(unproved(&never, 1).is_err(), "an agent that it never had");
    let most = u32::try_from(MAX_MOVED).unwrap();
    assert_eq!(unproved(&never, most), Ok(1), "which it had is forgotten");
    let elsewhere = promised(|said| {
        Conditional { lift: protocol::LiftId::from_bytes([1; 32]), ..said }.signed(&agent).unwrap()
    });
    assert!(unproved(&elsewhere, most).is_err(), "it says nothing of this lift");
}

fn contract() -> protocol::Contract {
    let contract = protocol::Contract {
        host: "quernby.example".parse().unwrap(),
        name: "other".parse().unwrap(),
        version: std::num::NonZeroU32::MIN,
        language: "en".parse().unwrap(),
        top: true,
        published: None,
        title: "Another".parse().unwrap(),
        text: None,
        tag: None,
        sections: List::default(),
        rid: None,
    };
    contract.seal().unwrap().into_inner()
}

/// Chained anew by somebody who wants it so: the signatures are still those of other words.
#[test]
fn a_chain_that_was_forged_whole_has_not_the_signatures() {
    let mut forged = to_export(Side::Foil);
    let mut head = Head { index: 0, hash: forged.tally.hash().unwrap() };
    for link in &mut forged.links {
        if let Entry::Tran { units, .. } = &mut link.chit.entry {
            *units = positive(9);
        }
        let chit_hash = link.chit.hash().unwrap();
        head = head.then(link.chit.tally, chit_hash);
        *link = Link { head, chit_hash, chit: link.chit.clone() };
    }
    let fault = forged.export().unwrap_err();
    assert!(matches!(fault, ExportFault::Signature(_)), "{fault}");
    // Signed by the wrong one of the two.
    let mut forged = to_export(Side::Foil);
    let stolen = forged.links[0].chit.clone();
    let mut stolen = protocol::Chit { by: Side::Stock, ..stolen };
    if let Entry::Tran { written, .. } = &mut stolen.entry {
        *written = Written::default();
    }
    let chit = protocol::Chit { by: Side::Foil, ..resigned(stolen) };
    let start = Head { index: 0, hash: forged.tally.hash().unwrap() };
    let chit_hash = chit.hash().unwrap();
    forged.links = vec![Link { head: start.then(chit.tally, chit_hash), chit_hash, chit }];
    forged.lifts.clear();
    assert!(matches!(forged.export().unwrap_err(), ExportFault::Signature(_)));
}

#[test]
fn a_proof_is_used_once_and_none_is_to_spare() {
    let spare = lifted_by(Side::Foil, lifted());
    let lift = spare.lifts[0].record.id().unwrap();
    let mut unlinked = spare.clone();
    let lifted = |link: &Link| matches!(link.chit.entry, Entry::Lift { .. });
    unlinked.links.truncate(unlinked.links.iter().position(lifted).unwrap());
    assert_eq!(unlinked.export().unwrap_err(), ExportFault::SpareProof(lift));
    let mut twice = spare;
    twice.lifts.push(twice.lifts[0].clone());
    assert_eq!(twice.export().unwrap_err(), ExportFault::SpareProof(lift));
}

/// The text with one place changed by hand.
fn with(export: &TallyExport, from: &str, to: &str) -> Result<TallyExport, ExportFault> {
    let text = serde_json::to_string(export).unwrap();
    assert!(text.contains(from), "{from}: {text}");
    TallyExport::read(text.replacen(from, to, 1).as_bytes())
}

#[test]
fn an_export_is_read_in_its_one_spelling_only() {
    let export = to_export(Side::Foil).export().unwrap();
    let text = serde_json::to_string_pretty(&export).unwrap();
    assert_eq!(TallyExport::read(text.as_bytes()).unwrap(), export);
    let refused = |from: &str, to: &str, why: &str| {
        let fault = with(&export, from, to).unwrap_err();
        assert!(matches!(&fault, ExportFault::Text(text) if text.contains(why)), "{why}: {fault}");
    };
    let chit = r#""chit":{"kind":"chit","v":1,"#;
    refused(chit, &format!(r#"{chit}"by":"stock","#), "by: named twice in one object");
    let lift = r#""record":{"kind":"lift","v":1,"#;
    refused(lift, &format!(r#"{lift}"participants":[],"#), "not in its one spelling");
    let head = serde_json::to_string(&export.word.as_ref().unwrap().head).unwrap();
    let Head { index, hash } = export.head;
    let word = format!(r#""tally":"{}","head":{head}"#, export.tally.members().uuid);
    refused(&word, &word.replace(&head, &format!(r#"[{index},"{hash}"]"#)), "a list stands for");
    refused(r#""side":"#, r#""side":"foil","side":"#, "duplicate field `side`");
    let long = vec![b' '; MAX_EXPORT_BYTES + 1];
    let bytes = long.len();
    assert_eq!(UserExport::read(&long).unwrap_err(), ExportFault::TooLarge { bytes });
}

#[test]
fn a_users_cert_is_of_the_site_and_has_a_key_of_its_side() {
    let tally = to_export(Side::Foil).export().unwrap();
    let cert = tally.tally.party(Side::Foil).cert.clone();
    let (kind, date, agent) = (USER_KIND.to_owned(), tally.date, tally.agent);
    let user = UserExport { kind, v: VERSION, date, agent, cert, tallies: vec![tally] };
    assert!(user.cert_signs(&user.check().unwrap()));
    let stranger = AgentId::of(&key(Side::Stock).public_key()).unwrap();
    let elsewhere = UserExport { agent: stranger, ..user.clone() };
    assert_eq!(elsewhere.check().unwrap_err(), ExportFault::Agent(stranger));
    let alone = UserExport { agent: stranger, tallies: vec![], ..user.clone() };
    assert_eq!(alone.check().unwrap_err(), ExportFault::Agent(stranger));
    // Somebody's own cert under the user's name.
    let thief = SecretKey::ed25519(&[77; 32]);
    let mut cert = user.cert.clone();
    (cert.public, cert.sign) = (thief.public_key(), None);
    let cert = cert.signed(&thief).unwrap();
    let stolen = UserExport { cert, ..user };
    assert!(!stolen.cert_signs(&stolen.check().unwrap()));
    // Nothing says so where there is no tally either.
    let alone = UserExport { tallies: vec![], ..stolen };
    assert!(!alone.cert_signs(&alone.check().unwrap()));
}

#[test]
fn a_users_export_holds_its_own_tallies_once() {
    let tally = to_export(Side::Foil).export().unwrap();
    let cert = tally.tally.party(Side::Foil).cert.clone();
    let (date, agent) = (tally.date, tally.agent);
    let export = |cert, tallies| UserExport {
        kind: USER_KIND.to_owned(),
        v: VERSION,
        date,
        agent,
        cert,
        tallies,
    };
    assert_eq!(export(cert.clone(), vec![tally.clone()]).check().unwrap().len(), 1);
    let uuid = tally.tally.members().uuid;
    let twice = export(cert, vec![tally.clone(), tally.clone()]).check();
    assert_eq!(twice.unwrap_err(), ExportFault::Tally(uuid));
    let partner = tally.tally.party(Side::Stock).cert.clone();
    let of_another = export(partner, vec![tally]).check();
    assert_eq!(of_another.unwrap_err(), ExportFault::Tally(uuid));
}

proptest! {
    /// Whatever byte is changed: it is found, or what the export proves is the same. Its date is proved by
    /// nobody, and its spelling may be another one.
    #[test]
    fn a_changed_byte_is_found(place: proptest::sample::Index, byte: u8) {
        static TEXT: OnceLock<(TallyExport, Vec<u8>)> = OnceLock::new();
        let (export, text) = TEXT.get_or_init(|| {
            let export = to_export(Side::Foil).export().unwrap();
            let text = serde_json::to_vec_pretty(&export).unwrap();
            (export, text)
        });
        let mut text = text.clone();
        let place = place.index(text.len());
        text[place] = byte;
        if let Ok(read) = TallyExport::read(&text) && read.check().is_ok() {
            prop_assert_eq!(TallyExport { date: export.date, ..read }, export.clone());
        }
    }
}
