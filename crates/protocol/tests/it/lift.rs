//! Lifts: their legs and tree, their certificates, and what is proved by both together.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::bounded::List;
use protocol::chit::Entry;
use protocol::ledger::Good;
use protocol::lift::{
    Certificate, Committed, Evidence, Late, Leg, Legs, LegsError, LiftFault, Mode, Outcome,
    Promise, Reason, Refused, Tree, Vote, Way,
};
use protocol::record::Record;
use protocol::{
    AgentId, ChitId, Hash, Lift, LiftId, SecretKey, Side, Signer as _, TallyId, Timestamp,
};

use crate::people::{any_leg, at, positive};

fn referee(number: u8) -> SecretKey {
    SecretKey::ed25519(&[number; 32])
}

fn agent(number: u8) -> AgentId {
    AgentId::of(&referee(number).public_key()).unwrap()
}

fn nonce() -> Hash {
    Hash::of(b"nonce")
}

/// A clearing over these legs that so many referees decide, with their numbers in order of id.
fn lift(root: Hash, referees: u8) -> (Lift, Vec<u8>) {
    let mut numbers: Vec<u8> = (1..=referees).collect();
    numbers.sort_by_key(|&number| agent(number));
    let agents = numbers.iter().map(|&number| agent(number)).collect();
    let date = at("2026-11-22T12:00:00.000Z");
    let lift = Lift {
        nonce: nonce(),
        mode: Mode::Clearing,
        date,
        deadline: date,
        legs: root,
        participants: List::default(),
        referees: List::new(agents).unwrap(),
        quorum: Lift::quorum_of(referees.into()).unwrap_or(0),
        payment: None,
    };
    (lift, numbers)
}

fn votes(certificate: &Certificate, numbers: &[u8]) -> Certificate {
    let vote = |&number: &u8| Vote {
        referee: agent(number),
        sign: certificate.sign_with(&referee(number)).unwrap(),
    };
    let sign = List::new(numbers.iter().map(vote).collect()).unwrap();
    Certificate { sign, ..certificate.clone() }
}

/// The word of these referees that the deadline has passed.
fn late(lift: &Lift, numbers: &[u8]) -> Evidence {
    let word = |&number: &u8| {
        let late = Late { lift: lift.id().unwrap(), referee: agent(number), sign: None };
        late.signed(&referee(number)).unwrap()
    };
    Evidence::Late(List::new(numbers.iter().map(word).collect()).unwrap())
}

/// The key of a participant, by its number.
fn participant(number: u8) -> SecretKey {
    SecretKey::ed25519(&[number + 100; 32])
}

/// A lift among these participants, in the order of their keys, and that order.
fn among(referees: u8, participants: u8) -> (Lift, Vec<u8>, Vec<u8>) {
    let (lift, numbers) = lift(Hash::of(b"legs"), referees);
    let mut order: Vec<u8> = (0..participants).collect();
    order.sort_by_key(|&number| participant(number).public_key());
    let keys = order.iter().map(|&number| participant(number).public_key()).collect();
    (Lift { participants: List::new(keys).unwrap(), ..lift }, numbers, order)
}

fn promise(lift: &Lift, number: u8) -> Promise {
    let (key, lift) = (participant(number), lift.id().unwrap());
    let judged = Hash::of(b"judged");
    Promise { lift, by: key.public_key(), judged, sign: None }.signed(&key).unwrap()
}

fn promises(lift: &Lift, numbers: &[u8]) -> Evidence {
    let promises = numbers.iter().map(|&number| promise(lift, number));
    Evidence::Promises(List::new(promises.collect()).unwrap())
}

fn refused(lift: &Lift, number: u8) -> Refused {
    let (key, lift) = (participant(number), lift.id().unwrap());
    let refused = Refused { lift, by: key.public_key(), reason: Reason::Room, sign: None };
    refused.signed(&key).unwrap()
}

fn leg(tally: u8, by: Side, milli: i64) -> Leg {
    Leg { tally: TallyId::random([tally; 16]), by, units: positive(milli) }
}

fn any_legs(most: usize) -> impl Strategy<Value = Legs> {
    vec(any_leg(), 1..=most)
        .prop_filter_map("two legs on one tally", |legs| Legs::new(legs, None).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_leg_finds_its_way_to_the_root_and_no_other_does(
        legs in any_legs(40), other in any_leg(), which in any::<prop::sample::Index>(),
    ) {
        for (leg, way) in legs.with_ways() {
            prop_assert_eq!(way.root(leg, None).unwrap(), legs.root());
            prop_assert_eq!(legs.find(&leg.tally), Some((*leg, way.clone())));
            prop_assert_ne!(way.root(&other, None).unwrap(), legs.root());
        }
        let (leg, way) = legs.find(&which.get(legs.as_slice()).tally).unwrap();
        let more = Leg { units: positive(leg.units.get().milli() % 1_000 + 2_000_000), ..leg };
        let turned = Leg { by: leg.by.other(), ..leg };
        for changed in [more, turned] {
            prop_assert!(changed == leg || way.root(&changed, None).unwrap() != legs.root());
        }
        // A way that is cut short or goes on leads somewhere else, so a node is no leaf.
        for turns in 0..way.turns().len() {
            let cut = serde_json::to_value(&way.turns()[..turns]).unwrap();
            let cut: Way = serde_json::from_value(cut).unwrap();
            prop_assert_ne!(cut.root(&leg, None).unwrap(), legs.root());
        }
    }

    #[test]
    fn the_tree_does_not_depend_on_the_order_of_the_legs(legs in vec(any_leg(), 1..20)) {
        let mut turned = legs.clone();
        turned.reverse();
        for salt in [None, Some(nonce())] {
            prop_assert_eq!(Legs::new(legs.clone(), salt), Legs::new(turned.clone(), salt));
        }
    }

    #[test]
    fn a_legs_chit_is_a_function_of_lift_and_leg(
        leg in any_leg(), id in any::<[u8; 32]>(), other in any::<[u8; 32]>(),
    ) {
        let (id, other) = (LiftId::from_bytes(id), LiftId::from_bytes(other));
        let date = at("2026-11-22T12:00:00.000Z");
        let chit = leg.chit(id, date);
        prop_assert_eq!(&chit, &leg.chit(id, date));
        prop_assert_eq!(chit.tally, leg.tally);
        prop_assert_eq!(chit.by, leg.by);
        prop_assert_eq!(&chit.entry, &Entry::Lift { units: leg.units, lift: id });
        prop_assert_eq!(chit.effect_on(leg.by), leg.units.get().negated());
        prop_assert!(id == other || leg.chit(other, date).uuid != chit.uuid);
    }

    #[test]
    fn a_certificate_with_any_bit_changed_proves_nothing(
        byte in 0_usize..64, bit in 0_u8..8, legs in any_legs(4),
    ) {
        let (lift, numbers) = lift(legs.root(), 1);
        let unsigned = Certificate::unsigned(lift.id().unwrap(), Evidence::of_one_site(), 0);
        let good = votes(&unsigned, &numbers);
        prop_assert!(Committed::check(lift.clone(), &good).is_ok());
        let mut bytes = *good.sign[0].sign.as_bytes();
        bytes[byte] ^= 1 << bit;
        let sign = protocol::Signature::from_bytes(bytes);
        let sign = List::new(vec![Vote { sign, ..good.sign[0] }]).unwrap();
        let fault = Committed::check(lift, &Certificate { sign, ..good }).unwrap_err();
        prop_assert!(matches!(fault, LiftFault::Signature(_)), "{}", fault);
    }
}

#[test]
fn what_is_proved_is_good_and_nothing_else_is() {
    let legs = vec![leg(1, Side::Stock, 5), leg(2, Side::Foil, 5), leg(3, Side::Foil, 5)];
    let legs = Legs::new(legs, None).unwrap();
    let (lift, numbers) = lift(legs.root(), 1);
    let id = lift.id().unwrap();
    let certificate = votes(&Certificate::unsigned(id, Evidence::of_one_site(), 0), &numbers);
    let committed = Committed::check(lift.clone(), &certificate).unwrap();
    for (leg, way) in legs.with_ways() {
        let good = Good::of_lift(&committed, leg, &way).unwrap();
        assert_eq!(*good.chit(), leg.chit(id, lift.date));
        assert_eq!(good.hash(), good.chit().hash().unwrap());
        let more = Leg { units: positive(6), ..*leg };
        let fault = Good::of_lift(&committed, &more, &way).unwrap_err();
        assert_eq!(fault, LiftFault::NotALeg { lift: id, tally: leg.tally });
    }

    let void = votes(&Certificate::unsigned(id, late(&lift, &numbers), 0), &numbers);
    assert_eq!(void.check(&lift), Ok(()));
    assert_eq!(Committed::check(lift.clone(), &void), Err(LiftFault::Void(id)));
    // A signature under the one decision is none under the other.
    let turned = Certificate { outcome: Outcome::Commit, late: List::default(), ..void };
    assert!(matches!(turned.check(&lift), Err(LiftFault::Signature(_))));
    // The decision about another lift says nothing about this one.
    let other = Lift { nonce: Hash::of(b"another"), ..lift };
    let named = LiftFault::OtherLift { named: id, lift: other.id().unwrap() };
    assert_eq!(Committed::check(other, &certificate), Err(named));
}

#[test]
fn a_decision_needs_its_quorum_of_its_own_referees_each_once() {
    for referees in [1, 4, 7, 10, 13] {
        let (lift, numbers) = lift(Hash::of(b"legs"), referees);
        let quorum = usize::try_from(lift.quorum).unwrap();
        let unsigned = Certificate::unsigned(lift.id().unwrap(), Evidence::of_one_site(), 0);
        for many in 0..=numbers.len() {
            let found = votes(&unsigned, &numbers[..many]).check(&lift);
            let few = LiftFault::TooFew { votes: many, quorum: lift.quorum };
            assert_eq!(found, if many < quorum { Err(few) } else { Ok(()) });
        }
        let mut twice = numbers[..quorum].to_vec();
        twice.insert(0, numbers[0]);
        if twice.len() <= usize::from(referees) {
            let fault = votes(&unsigned, &twice).check(&lift);
            assert_eq!(fault, Err(LiftFault::Order { member: "votes" }));
        }
        let stranger = votes(&unsigned, &[99]).check(&lift);
        assert_eq!(stranger, Err(LiftFault::NotReferee(agent(99))));
    }
}

#[test]
fn a_lift_is_valid_only_with_the_promise_of_every_participant() {
    let (lift, numbers, order) = among(4, 3);
    let id = lift.id().unwrap();
    let decided = |evidence| {
        let signed = votes(&Certificate::unsigned(id, evidence, 2), &numbers);
        Committed::check(lift.clone(), &signed).map(|_| ())
    };
    assert_eq!(decided(promises(&lift, &order)), Ok(()));
    // However many referees sign: without one of them, with a stranger's, in another order, with none.
    let few = LiftFault::Promises { promises: 2, participants: 3 };
    assert_eq!(decided(promises(&lift, &order[..2])), Err(few));
    let other = LiftFault::Promises { promises: 3, participants: 3 };
    assert_eq!(decided(promises(&lift, &[order[0], order[1], 9])), Err(other.clone()));
    assert_eq!(decided(promises(&lift, &[order[1], order[0], order[2]])), Err(other));
    let none = LiftFault::Promises { promises: 0, participants: 3 };
    assert_eq!(decided(Evidence::of_one_site()), Err(none));
    // What was promised in another lift, or was signed by somebody else, is no promise.
    let another = Lift { nonce: Hash::of(b"another"), ..lift.clone() };
    let fault = LiftFault::OtherLift { named: another.id().unwrap(), lift: id };
    assert_eq!(decided(promises(&another, &order)), Err(fault));
    let mut forged = [0, 1, 2].map(|place| promise(&lift, order[place]));
    forged[1].sign = forged[0].sign;
    let forged = Evidence::Promises(List::new(forged.to_vec()).unwrap());
    assert!(matches!(decided(forged), Err(LiftFault::Signature(_))));
}

#[test]
fn a_lift_is_void_only_with_a_refusal_or_with_more_late_referees_than_may_lie() {
    let (lift, numbers, order) = among(4, 3);
    let id = lift.id().unwrap();
    let decided = |evidence| votes(&Certificate::unsigned(id, evidence, 0), &numbers).check(&lift);
    assert_eq!(decided(Evidence::Refused(refused(&lift, order[1]))), Ok(()));
    let stranger = refused(&lift, 9);
    let fault = LiftFault::NotParticipant(stranger.by.name());
    assert_eq!(decided(Evidence::Refused(stranger)), Err(fault));
    let forged = Refused { by: participant(order[0]).public_key(), ..refused(&lift, order[1]) };
    assert!(matches!(decided(Evidence::Refused(forged)), Err(LiftFault::Signature(_))));
    // Another reason than the one that was signed.
    let forged = Refused { reason: Reason::Payment, ..refused(&lift, order[1]) };
    assert!(matches!(decided(Evidence::Refused(forged)), Err(LiftFault::Signature(_))));

    assert_eq!(lift.may_lie(), 1);
    assert_eq!(decided(late(&lift, &numbers[2..])), Ok(()));
    let few = LiftFault::TooFewLate { late: 1, needed: 2 };
    assert_eq!(decided(late(&lift, &numbers[..1])), Err(few));
    let twice = LiftFault::Order { member: "words of referees" };
    assert_eq!(decided(late(&lift, &[numbers[0], numbers[0]])), Err(twice));
    let stranger = [numbers[0], 99].map(|number| (agent(number), number));
    let mut stranger = stranger.to_vec();
    stranger.sort_unstable();
    let stranger: Vec<u8> = stranger.into_iter().map(|(_, number)| number).collect();
    assert_eq!(decided(late(&lift, &stranger)), Err(LiftFault::NotReferee(agent(99))));
}

#[test]
fn what_makes_one_decision_possible_makes_no_other() {
    let (lift, numbers, order) = among(1, 2);
    let id = lift.id().unwrap();
    let signed = |certificate: Certificate| votes(&certificate, &numbers).check(&lift);
    let commit = Certificate::unsigned(id, promises(&lift, &order), 0);
    let void = Certificate::unsigned(id, Evidence::Refused(refused(&lift, order[0])), 0);
    let late = Certificate::unsigned(id, late(&lift, &numbers), 0);
    for good in [&commit, &void, &late] {
        assert_eq!(signed(good.clone()), Ok(()));
        let outcome = if good.outcome == Outcome::Commit { Outcome::Void } else { Outcome::Commit };
        assert!(matches!(
            signed(Certificate { outcome, ..good.clone() }),
            Err(LiftFault::Evidence { .. } | LiftFault::Promises { .. })
        ));
    }
    let fault = |outcome| Err(LiftFault::Evidence { outcome });
    let both = Certificate { refused: void.refused, ..commit.clone() };
    assert_eq!(signed(both), fault("commit"));
    let both = Certificate { late: late.late.clone(), ..commit.clone() };
    assert_eq!(signed(both), fault("commit"));
    let both = Certificate { promises: commit.promises, ..void.clone() };
    assert_eq!(signed(both), fault("void"));
    let both = Certificate { late: late.late, ..void.clone() };
    assert_eq!(signed(both), fault("void"));
    assert_eq!(signed(Certificate { refused: None, ..void }), fault("void"));
}

#[test]
fn one_leg_has_another_leaf_in_every_lift() {
    let leg = leg(1, Side::Stock, 5);
    let leaves = [b"one", b"two"].map(|nonce| leg.leaf(Some(Hash::of(nonce))).unwrap());
    assert_ne!(leaves[0], leaves[1]);
    assert!(leaves.iter().all(|leaf| *leaf != leg.hash().unwrap()));
}

#[test]
fn who_knows_the_leaves_only_builds_the_same_tree() {
    let legs = (1..8).map(|tally| leg(tally, Side::Stock, 5)).collect::<Vec<_>>();
    let leaves = legs.iter().rev().map(|leg| leg.leaf(Some(nonce())).unwrap()).collect();
    let (legs, tree) = (Legs::new(legs, Some(nonce())).unwrap(), Tree::new(leaves).unwrap());
    assert_eq!(tree.root(), legs.root());
    for (leg, way) in legs.with_ways() {
        assert_eq!(tree.way(tree.place(&leg.leaf(Some(nonce())).unwrap()).unwrap()), way);
    }
}

#[test]
fn a_lift_that_breaks_its_own_rules_is_never_decided() {
    let (good, numbers) = lift(Hash::of(b"legs"), 4);
    let refused = |lift: Lift, reason: &str| {
        assert_eq!(lift.check().unwrap_err().to_string(), reason);
        // However many of its referees sign.
        let unsigned = Certificate::unsigned(lift.id().unwrap(), Evidence::of_one_site(), 0);
        assert!(Committed::check(lift, &votes(&unsigned, &numbers)).is_err());
    };
    assert_eq!(good.check(), Ok(()));
    let earlier = good.date.plus_ms(-1).unwrap();
    refused(
        Lift { quorum: 1, ..good.clone() },
        "a lift with 4 referees is decided by 3 of them, not by 1",
    );
    refused(lift(good.legs, 3).0, "a lift has 1 referee or 3f+1 of them (4, 7, 10, 13), not 3");
    refused(
        Lift { referees: List::default(), ..good.clone() },
        "a lift has 1 referee or 3f+1 of them (4, 7, 10, 13), not 0",
    );
    let mut turned = good.referees.to_vec();
    turned.reverse();
    refused(
        Lift { referees: List::new(turned).unwrap(), ..good.clone() },
        "referees are not in order, each once",
    );
    let twice = vec![referee(1).public_key(); 2];
    refused(
        Lift { participants: List::new(twice).unwrap(), ..good.clone() },
        "participants are not in order, each once",
    );
    refused(
        Lift { deadline: earlier, ..good.clone() },
        "the deadline 2026-11-22T11:59:59.999Z is before the date 2026-11-22T12:00:00.000Z",
    );
    let payment = "a payment names the payer's authorisation, and nothing else does";
    refused(Lift { mode: Mode::Payment, ..good.clone() }, payment);
    refused(Lift { payment: Some(Hash::of(b"")), ..good }, payment);
}

#[test]
fn legs_are_one_a_tally_and_at_least_one() {
    assert_eq!(Legs::new(vec![], None), Err(LegsError::None));
    let twice = vec![leg(1, Side::Stock, 5), leg(2, Side::Stock, 5), leg(1, Side::Foil, 6)];
    assert_eq!(Legs::new(twice, None), Err(LegsError::Twice(TallyId::random([1; 16]))));
    let one = Legs::new(vec![leg(1, Side::Stock, 5)], None).unwrap();
    assert_eq!(one.root(), leg(1, Side::Stock, 5).hash().unwrap());
    assert_eq!(one.find(&TallyId::random([2; 16])), None);
}

#[test]
fn a_chits_name_is_derived_not_drawn() {
    let chit = leg(1, Side::Stock, 5).chit(LiftId::from_bytes([0; 32]), Timestamp::MIN);
    let version = chit.uuid.as_bytes()[6] >> 4;
    assert_eq!(version, 8);
    assert_ne!(chit.uuid, ChitId::derived([0; 16]));
}
