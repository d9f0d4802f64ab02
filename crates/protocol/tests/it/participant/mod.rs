//! Participants of a lift: whatever is lost, late, repeated or refused, all end alike, and nobody is left locked.

pub(crate) mod world;

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::lift::Outcome;
use protocol::participant::{Event, Input, PartFault, Participant, Refusal, Want, WordFault};
use protocol::{AgentId, Signer as _, Verified};

use world::{Shape, World, key};

/// What may happen, with whom.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Says(usize, bool),
    Hears(usize),
    Tends(usize, bool),
    Waits(usize),
    Late,
}

fn any_happening(refusals: u32) -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => (0..8_usize, any::<bool>()).prop_map(|(leg, giver)| Happens::Says(leg, giver)),
        12 => any::<usize>().prop_map(Happens::Hears),
        8 => (0..8_usize, prop::bool::weighted(f64::from(refusals) / 100.0))
            .prop_map(|(site, refuses)| Happens::Tends(site, refuses)),
        1 => (0..8_usize).prop_map(Happens::Waits),
        1 => Just(Happens::Late),
    ]
}

fn any_shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Circle), Just(Shape::Chain)]
}

fn live(world: &mut World, story: &[Happens]) {
    for &happens in story {
        match happens {
            Happens::Says(leg, giver) => world.says(leg % world.legs.len(), giver),
            Happens::Hears(which) => world.hears(which),
            Happens::Tends(site, refuses) => world.tends(site % world.sites.len(), refuses),
            Happens::Waits(site) => {
                world.step(site % world.sites.len(), Input::Wait);
            }
            Happens::Late => world.is_late = true,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_all_end_alike_and_nobody_stays_locked(
        shape in any_shape(), many in 3..6_usize, story in vec(any_happening(10), 0..80),
    ) {
        let mut world = World::new(shape, many);
        live(&mut world, &story);
        world.ends(None);
        let outcomes: Vec<_> = world.sites.iter().map(|site| site.participant.outcome()).collect();
        let decided = world.decided.as_ref().map(|decided| decided.outcome());
        prop_assert!(decided.is_some());
        prop_assert!(outcomes.iter().all(|outcome| *outcome == decided), "{outcomes:?}");
        prop_assert!(world.sites.iter().all(|site| !site.participant.is_locked()));
    }

    #[test]
    fn a_site_that_is_gone_for_good_leaves_nobody_locked(
        shape in any_shape(), many in 3..6_usize, gone in 0..8_usize,
        story in vec(any_happening(0), 0..60),
    ) {
        let mut world = World::new(shape, many);
        live(&mut world, &story);
        let gone = gone % many;
        world.ends(Some(gone));
        for (number, site) in world.sites.iter().enumerate().filter(|(number, _)| *number != gone) {
            prop_assert!(!site.participant.is_locked(), "site {number}");
        }
    }
}

/// How many words it takes where nothing is lost.
fn undisturbed(shape: Shape, many: usize) -> World {
    let mut world = World::new(shape, many);
    for leg in 0..world.legs.len() {
        // Promises where it may, then says so to whom it gives: one word a leg.
        world.tends(leg, false);
        world.says(leg, true);
        world.hears(leg);
    }
    world
}

#[test]
fn one_word_a_leg_brings_all_promises_to_whoever_collects() {
    for many in 2..6 {
        let mut world = undisturbed(Shape::Chain, many);
        let last = many - 1;
        world.tends(last, false);
        assert!(matches!(world.sites[last].participant.wants(), Some(Want::Ask(Some(_)))));
        world.tends(last, false);
        assert_eq!(world.sites[last].participant.outcome(), Some(Outcome::Commit));

        // Around a circle: whoever proposed it promises when it comes back.
        let mut world = undisturbed(Shape::Circle, many);
        assert_eq!(world.sites[0].participant.wants(), Some(Want::Judge), "{many}");
        world.tends(0, false);
        if many > 2 {
            assert!(world.sites[0].participant.promise().is_some());
        }
    }
}

#[test]
fn nobody_promises_before_those_who_will_owe_have_said_so() {
    let mut world = World::new(Shape::Chain, 3);
    assert_eq!(world.sites[1].participant.wants(), None);
    let promise = Verified::check(world.promise(1), &()).unwrap();
    let refused = world.sites[1].participant.step(Input::Promise(promise)).unwrap_err();
    assert_eq!(refused, Refusal::NotSaid { lift: world.lift.id().unwrap() });
    // The one who will be owed says nothing that helps.
    world.says(1, false);
    world.hears(0);
    assert_eq!(world.sites[1].participant.wants(), None);
    world.says(0, true);
    world.hears(1);
    assert_eq!(world.sites[1].participant.wants(), Some(Want::Judge));
}

#[test]
fn what_was_promised_is_refused_no_more_and_what_was_refused_is_not_promised() {
    let mut world = World::new(Shape::Chain, 2);
    let lift = world.lift.id().unwrap();
    let promise = Verified::check(world.promise(0), &()).unwrap();
    let refusal = Verified::check(world.refusal(0), &()).unwrap();
    let events = world.step(0, Input::Promise(promise.clone()));
    assert_eq!(events, [Event::Promised]);
    let participant = &world.sites[0].participant;
    assert!(participant.is_locked());
    let fault = participant.step(Input::Refuse(refusal.clone())).unwrap_err();
    assert_eq!(fault, Refusal::HasPromised { lift });
    assert_eq!(world.step(0, Input::Promise(promise.clone())), [], "twice is once");

    let mut world = World::new(Shape::Chain, 2);
    assert_eq!(world.step(0, Input::Refuse(refusal)), [Event::Refused(world.refusal(0))]);
    let fault = world.sites[0].participant.step(Input::Promise(promise)).unwrap_err();
    assert_eq!(fault, Refusal::WasRefused { lift });
    // Nobody else speaks with its key.
    let others = Verified::check(world.promise(1), &()).unwrap();
    let fault = world.sites[0].participant.step(Input::Promise(others)).unwrap_err();
    assert_eq!(fault, Refusal::NotOurs { lift });
}

#[test]
fn a_promise_ends_with_a_certificate_and_never_by_itself() {
    let mut world = undisturbed(Shape::Chain, 3);
    world.is_late = true;
    for _ in 0..3 {
        world.step(0, Input::Wait);
        assert!(world.sites[0].participant.is_locked());
    }
    assert_eq!(world.sites[0].participant.wants(), Some(Want::Ask(None)));
    world.tends(0, false);
    assert_eq!(world.sites[0].participant.outcome(), Some(Outcome::Void));
    assert!(!world.sites[0].participant.is_locked());
}

#[test]
fn another_attempt_of_a_payment_waits_for_what_may_still_be_valid() {
    let asked =
        |participant: &Participant| (participant.may_be_valid(), participant.came_to_nothing());
    let fresh = World::new(Shape::Chain, 2);
    assert_eq!(
        asked(&fresh.sites[0].participant),
        (false, false),
        "nothing was promised, and nothing is over"
    );
    let [commit, void] = fresh.both();
    let mut promised = World::new(Shape::Chain, 2);
    promised.step(0, Input::Promise(Verified::check(promised.promise(0), &()).unwrap()));
    let promised = &promised.sites[0].participant;
    assert_eq!(asked(promised), (true, false));
    for (decided, then) in [(commit, (true, false)), (void, (false, true))] {
        let step = promised.step(Input::Decided(decided)).unwrap();
        assert_eq!(asked(&step.participant), then);
    }
    let mut refused = World::new(Shape::Chain, 2);
    refused.step(0, Input::Refuse(Verified::check(refused.refusal(0), &()).unwrap()));
    assert_eq!(
        asked(&refused.sites[0].participant),
        (false, true),
        "without its promise there is no lift"
    );
}

#[test]
fn a_promise_that_its_own_site_has_lost_still_holds() {
    let world = undisturbed(Shape::Circle, 3);
    // Site 0 went back to before it promised; its promise comes back to it around the circle.
    let mut restored = World::new(Shape::Circle, 3);
    for (number, site) in world.sites.into_iter().enumerate().skip(1) {
        restored.sites[number] = site;
    }
    restored.tends(2, false);
    restored.says(2, true);
    restored.hears(0);
    restored.tends(0, false);
    let promise = restored.promise(0);
    restored.says(0, true);
    restored.hears(1);
    let again = World::new(Shape::Circle, 3);
    restored.sites[0].participant = again.sites.into_iter().next().unwrap().participant;
    for leg in [1, 2] {
        restored.says(leg, true);
        restored.hears(1 + leg);
    }
    assert_eq!(restored.sites[0].participant.promise(), Some(&promise));
    assert!(restored.sites[0].participant.is_locked());
}

#[test]
fn two_opposite_certificates_are_kept_as_proof_and_the_first_stays() {
    let mut world = World::new(Shape::Chain, 2);
    let [commit, void] = world.both();
    let participant = world.sites[1].participant.clone();
    let step = participant.step(Input::Decided(Arc::clone(&void))).unwrap();
    assert_eq!(step.events, [Event::Decided(Outcome::Void)]);
    let step = step.participant.step(Input::Decided(Arc::clone(&commit))).unwrap();
    assert_eq!(step.events, [Event::Contradicted]);
    assert_eq!(step.participant.outcome(), Some(Outcome::Void));
    let proof = step.participant.contradiction().unwrap();
    assert_eq!((proof.0, proof.1), (&*void, &*commit));
    // The same again is nothing new.
    assert_eq!(step.participant.step(Input::Decided(commit)).unwrap().events, []);
    world.ends(None);
}

#[test]
fn a_neighbour_speaks_of_the_leg_that_is_known_as_one_participant_and_for_its_own_side() {
    let world = World::new(Shape::Chain, 3);
    let lift = world.lift.id().unwrap();
    let tally = world.legs[0].2.tally;
    let agent = &world.sites[0].agent;
    let id = AgentId::of(&agent.public_key()).unwrap();
    let good = world.sites[0].participant.word(&tally).unwrap();
    let hears = |word: protocol::participant::Word| {
        let heard = word.check(&id).unwrap();
        world.sites[1].participant.step(Input::Hear { tally, heard: Box::new(heard) })
    };
    let step = hears(good.clone()).unwrap();
    let with = |change: &dyn Fn(&mut protocol::lift::Conditional)| {
        let mut word = good.clone();
        change(&mut word.conditional);
        word.conditional = word.conditional.signed(agent).unwrap();
        word
    };
    let more = with(&|said| said.leg.units = crate::people::positive(7));
    assert_eq!(hears(more).unwrap_err(), Refusal::OtherLeg { lift, tally });
    let other_side = with(&|said| said.side = said.side.other());
    assert_eq!(hears(other_side).unwrap_err(), Refusal::OtherLeg { lift, tally });
    let of_others = with(&|said| said.users = protocol::Hash::of(b"others"));
    assert_eq!(hears(of_others).unwrap_err(), Refusal::OtherLeg { lift, tally });
    let as_us = with(&|said| said.key = key(1, 1).public_key());
    assert_eq!(hears(as_us).unwrap_err(), Refusal::OtherKey { lift, tally });
    // As one participant first, as another later.
    let as_another = with(&|said| said.key = key(1, 2).public_key()).check(&id).unwrap();
    let input = Input::Hear { tally, heard: Box::new(as_another) };
    assert_eq!(step.participant.step(input).unwrap_err(), Refusal::OtherKey { lift, tally });

    // Unsigned, or by a key that is none of the lift's.
    let mut forged = good.clone();
    forged.conditional.sign = None;
    assert!(matches!(forged.check(&id), Err(WordFault::Signature(_))));
    let stranger = with(&|said| said.key = key(8, 8).public_key());
    assert!(matches!(stranger.check(&id), Err(WordFault::Lift(_))));
    let other = world.sites[2].participant.word(&world.legs[1].2.tally).unwrap();
    assert!(matches!(other.check(&id), Err(WordFault::Signature(_))), "another agent");
}

#[test]
fn a_part_is_of_its_lift_whole_and_of_its_own_participant() {
    let world = World::new(Shape::Chain, 3);
    let part = world.sites[1].participant.part().clone();
    let ours: Vec<_> = part.crossings().map(|crossing| *crossing.ours()).collect();
    let made = |ours: &[protocol::lift::Conditional], lift: &protocol::Lift, key| {
        let branches = part.branches().clone();
        protocol::participant::Part::new(lift.clone(), branches, key, ours.to_vec(), false)
    };
    assert!(made(&ours, part.lift(), *part.key()).is_ok());
    let other = protocol::Lift { legs: protocol::Hash::of(b"other"), ..part.lift().clone() };
    assert!(matches!(made(&ours, &other, *part.key()), Err(PartFault::OtherTree(_))));
    let stranger = key(8, 8).public_key();
    assert!(matches!(made(&ours, part.lift(), stranger), Err(PartFault::NotParticipant(_))));
    assert_eq!(made(&[], part.lift(), *part.key()), Err(PartFault::Legless(0)));
    let neighbour = key(1, 0).public_key();
    assert!(matches!(made(&ours, part.lift(), neighbour), Err(PartFault::OtherConditional(_))));
    let mut more = ours.clone();
    more[0].leg.units = crate::people::positive(7);
    assert!(matches!(made(&more, part.lift(), *part.key()), Err(PartFault::Lift(_))));
    let twice = [ours[0], ours[0]];
    assert!(matches!(made(&twice, part.lift(), *part.key()), Err(PartFault::Legs(_))));
}
