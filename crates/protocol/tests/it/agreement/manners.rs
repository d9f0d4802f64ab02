//! How a referee behaves: when it begins, what it refuses, what it keeps, how it answers.

use protocol::agreement::{
    Agreement, Ballot, Effect, Input, MAX_ROUND, Message, Phase, Proposal, Quorum, Refusal, Round,
    Seat, Statement, Timeout, Vote, Witness, timeout_ms,
};
use protocol::lift::Outcome::{self, Commit, Void};

use super::liar::lie;
use super::referee::{Said, Sig, round, vote};
use super::world::{World, said};
use crate::chance::Chance;

const ALL: &[u8] = &[0, 1, 2, 3];

fn quorum(ballot: Ballot, number: u32, outcome: Outcome, by: &[u8]) -> Quorum<Sig> {
    let statement = vote(ballot, number, Some(outcome));
    let votes = by.iter().map(|seat| (Seat(*seat), Sig(Seat(*seat), statement))).collect();
    Quorum { round: round(number), outcome, votes }
}

fn proposal(number: u32, outcome: Outcome, backing: Option<Quorum<Sig>>, by: u8) -> Said {
    let (round, backed) = (round(number), backing.as_ref().map(|backing| backing.round));
    let sign = Sig(Seat(by), Statement::Proposal { round, outcome, backed });
    Message::Proposal(Proposal { round, outcome, backing, sign })
}

#[test]
fn a_sole_referee_decides_at_once() {
    for outcome in [Commit, Void] {
        let alone = Agreement::<Sig>::new(Seat(0), 1).unwrap();
        let step = alone.step(Input::Valid(outcome)).unwrap();
        let votes = [(Seat(0), Witness::Mine)].into();
        let decision = Quorum { round: Round::FIRST, outcome, votes };
        let told = Effect::Send(Message::Decided(decision.clone()));
        assert_eq!(step.effects, [told, Effect::Decided(decision.clone())]);
        assert_eq!(step.state.decision(), Some(&decision));
        assert!(step.state.waits().is_empty());
    }
}

#[test]
fn where_all_is_well_the_first_round_commits() {
    for seats in [4, 7, 10, 13] {
        let mut world = World::new(seats, &[]);
        let all = (0..u8::try_from(seats).unwrap()).collect::<Vec<_>>();
        world.valid(&all, Commit);
        world.valid(&all, Void);
        world.flow(&all, &all);
        assert_eq!(world.outcomes(), vec![Some(Commit); seats]);
        assert_eq!(world.round(), 0);
    }
}

/// What a referee does with messages, one after the other: of whom each proves a lie.
fn lies_in(state: &mut Agreement<Sig>, said: &[(u8, Said)]) -> Vec<Vec<Seat>> {
    let each = said.iter().map(|(from, message)| {
        let (from, message) = (Seat(*from), message.clone());
        let step = state.step(Input::Receive { from, message }).unwrap();
        *state = step.state;
        let liar = |effect: &Effect<Sig>| match effect {
            Effect::Equivocated(lie) => {
                assert_ne!(lie.first, lie.second);
                Some(lie.seat)
            }
            _ => None,
        };
        step.effects.iter().filter_map(liar).collect()
    });
    each.collect()
}

fn votes(ballot: Ballot, outcome: Outcome, by: u8) -> Said {
    let statement = vote(ballot, 0, Some(outcome));
    let vote = Vote { ballot, round: round(0), outcome: Some(outcome) };
    Message::Vote { vote, sign: Sig(Seat(by), statement) }
}

#[test]
fn a_vote_against_the_decision_proves_a_lie_before_it_and_after_it() {
    let mut state = Agreement::<Sig>::new(Seat(1), 4).unwrap();
    let decided = Message::Decided(quorum(Ballot::Precommit, 0, Commit, &[0, 2, 3]));
    let said = [
        (0, votes(Ballot::Precommit, Void, 0)),
        (2, votes(Ballot::Precommit, Commit, 2)),
        (2, decided),
        (0, votes(Ballot::Precommit, Void, 0)),
        (2, votes(Ballot::Precommit, Commit, 2)),
        (0, votes(Ballot::Prevote, Void, 0)),
    ];
    let (none, liar) = (vec![], vec![Seat(0)]);
    let proved = [&none, &none, &liar, &liar, &none, &none].map(Clone::clone);
    assert_eq!(lies_in(&mut state, &said), proved);
    assert!(state.decision().is_some());
}

#[test]
fn a_vote_against_those_that_are_kept_of_an_earlier_round_proves_a_lie() {
    let mut state = Agreement::<Sig>::new(Seat(1), 4).unwrap();
    let said = [
        (2, Message::Prevotes(quorum(Ballot::Prevote, 0, Commit, &[0, 2, 3]))),
        (2, Message::Round(round(1))),
        (3, Message::Round(round(1))),
        (0, votes(Ballot::Prevote, Void, 0)),
        (3, votes(Ballot::Prevote, Commit, 3)),
        (0, votes(Ballot::Precommit, Void, 0)),
    ];
    let (none, liar) = (vec![], vec![Seat(0)]);
    let proved = [&none, &none, &none, &liar, &none, &none].map(Clone::clone);
    assert_eq!(lies_in(&mut state, &said), proved);
    assert_eq!(state.round(), round(1));
}

#[test]
fn no_time_runs_before_there_is_something_to_decide() {
    let mut world = World::new(4, &[]);
    world.lie(0, 1, proposal(0, Commit, None, 0)).unwrap();
    assert!(world.at(1).state.waits().is_empty());
    assert!(world.at(1).state.says().is_empty());
    world.valid(&[1], Void);
    let timeout = Timeout { round: Round::FIRST, phase: Phase::Propose };
    assert_eq!(world.at(1).state.waits(), [timeout]);
}

#[test]
fn evidence_that_comes_after_the_proposal_is_in_time() {
    let mut world = World::new(4, &[3]);
    world.valid(&[0], Commit);
    world.flow(ALL, ALL);
    world.valid(&[1, 2], Commit);
    world.flow(ALL, ALL);
    assert_eq!(world.outcomes(), [Some(Commit); 3]);
}

#[test]
fn one_liar_in_later_rounds_moves_nobody_and_two_referees_do() {
    let mut world = World::new(4, &[2, 3]);
    world.valid(&[0], Void);
    world.lie(3, 0, Message::Round(round(MAX_ROUND))).unwrap();
    assert_eq!(world.at(0).state.round(), Round::FIRST);
    world.lie(2, 0, said(2, Ballot::Prevote, 7, Some(Void))).unwrap();
    assert_eq!(world.at(0).state.round(), round(7), "as far as two are");
    // What it was told of that round counts there.
    world.lie(1, 0, said(1, Ballot::Prevote, 7, Some(Void))).unwrap();
    world.lie(3, 0, proposal(7, Void, None, 3)).unwrap();
    assert_eq!(world.at(0).state.phase(), Phase::Precommit, "seats 0, 1 and 2 prevoted");
}

#[test]
fn the_last_round_has_no_next() {
    let mut world = World::new(4, &[1, 2, 3]);
    for seat in [1, 2, 3] {
        world.lie(seat, 0, said(seat, Ballot::Precommit, MAX_ROUND, None)).unwrap();
    }
    let timeout = Timeout { round: round(MAX_ROUND), phase: Phase::Precommit };
    assert!(world.at(0).state.waits().contains(&timeout));
    let beyond = Refusal::Round { round: MAX_ROUND + 1 };
    assert_eq!(world.input(Seat(0), Input::Timeout(timeout)), Err(beyond));
    assert_eq!(Round::try_from(MAX_ROUND + 1), Err(beyond));
    assert!(serde_json::from_str::<Round>("1000001").is_err());
}

#[test]
fn what_breaks_the_rules_is_refused_and_says_why() {
    let mut world = World::new(4, &[1, 2, 3]);
    world.valid(&[0], Void);
    let before = world.at(0).state.clone();
    let [few, few_precommits] =
        [Ballot::Prevote, Ballot::Precommit].map(|ballot| quorum(ballot, 0, Commit, &[1, 2]));
    let backing = quorum(Ballot::Prevote, 2, Void, &[1, 2, 3]);
    let nobody = quorum(Ballot::Precommit, 0, Commit, &[1, 2, 4]);
    let no_seat = Refusal::NoSeat { seat: Seat(4), seats: 4 };
    let turn = Refusal::NotProposer { seat: Seat(2), round: round(1), proposer: Seat(1) };
    let not_earlier = Refusal::NotEarlier { round: round(1), backed: round(2) };
    let other = Refusal::OtherOutcome { proposed: Commit, backed: Void };
    let too_few = Refusal::TooFew { votes: 2, quorum: 3 };
    let forged = quorum(Ballot::Prevote, 0, Commit, &[0, 1, 2]);
    let refused = [
        (4, Message::Round(round(1)), no_seat),
        (0, Message::Round(round(1)), Refusal::Own(Seat(0))),
        (2, proposal(1, Void, None, 2), turn),
        (1, proposal(1, Void, Some(backing.clone()), 1), not_earlier),
        (1, proposal(5, Commit, Some(backing), 1), other),
        (1, proposal(1, Commit, Some(few.clone()), 1), too_few),
        (1, Message::Prevotes(few), too_few),
        (1, Message::Decided(few_precommits), too_few),
        (1, Message::Decided(nobody), no_seat),
        (1, Message::Prevotes(forged), Refusal::Forgotten { round: round(0) }),
    ];
    for (from, message, refusal) in refused {
        assert_eq!(world.lie(from, 0, message), Err(refusal));
        assert!(world.at(0).state == before, "nothing happened");
    }
    for seats in [0, 2, 3, 5, 16] {
        let refused = Agreement::<Sig>::new(Seat(0), seats).unwrap_err();
        assert_eq!(refused, Refusal::Referees(seats));
    }
    assert_eq!(Agreement::<Sig>::new(Seat(4), 4).unwrap_err(), no_seat);
}

#[test]
fn a_referee_that_meets_a_vote_that_it_forgot_is_told_to_stop() {
    let mut world = World::new(4, &[]);
    world.valid(&[0, 1, 2], Commit);
    let old = world.at(1).state.clone();
    world.flow(ALL, &[0, 2, 3]);
    world.flow(&[0], &[1]);
    let prevotes = quorum(Ballot::Prevote, 0, Commit, &[0, 1, 2]);
    assert!(
        world
            .at(1)
            .state
            .step(Input::Receive { from: Seat(0), message: Message::Prevotes(prevotes.clone()) })
            .is_ok()
    );
    let input = Input::Receive { from: Seat(0), message: Message::Prevotes(prevotes) };
    assert_eq!(old.step(input).unwrap_err(), Refusal::Forgotten { round: Round::FIRST });
}

#[test]
fn whoever_has_decided_answers_all_with_the_decision() {
    let mut world = World::new(4, &[]);
    world.valid(&[0, 1, 2], Commit);
    world.flow(&[0, 1, 2], &[0, 1, 2]);
    world.lose();
    world.at_mut(0).restart();
    world.valid(&[3], Void);
    world.pass(&[3], Phase::Propose);
    world.flow(&[3], &[0]);
    world.flow(&[0], &[3]);
    assert_eq!(world.outcomes(), [Some(Commit); 4]);
    let state = &world.at(0).state;
    let message = Message::Decided(quorum(Ballot::Precommit, 4, Commit, &[1, 2, 3]));
    let quiet = state.step(Input::Receive { from: Seat(3), message }).unwrap();
    assert_eq!((&quiet.state, quiet.effects), (state, vec![]), "no answer to an answer");
    let message = Message::Decided(quorum(Ballot::Precommit, 4, Void, &[1, 2, 3]));
    let broken = state.step(Input::Receive { from: Seat(3), message }).unwrap_err();
    assert_eq!(broken, Refusal::Contradiction { decided: Commit, shown: Void });
}

#[test]
fn what_liars_say_does_not_pile_up() {
    let liars = [Seat(1), Seat(2), Seat(3)];
    for seed in 0..20 {
        let mut world = World::new(4, &[1, 2, 3]);
        world.valid(&[0], Void);
        let mut chance = Chance(seed);
        for _ in 0..2_000 {
            lie(&mut world, &liars, &mut chance);
            let letter = world.letters.pop().unwrap();
            let (from, message) = (letter.from, letter.message);
            if !matches!(message, Message::Decided(_)) {
                _ = world.at_mut(0).step(Input::Receive { from, message });
            }
            world.lose();
            let bytes = serde_json::to_string(&world.at(0).state).unwrap().len();
            assert!(bytes < 12_000, "at most two rounds of each, not {bytes} bytes");
        }
    }
}

#[test]
fn times_grow_with_the_rounds_up_to_the_longest() {
    let ms = |number| timeout_ms(round(number), 1_000, 60_000);
    assert_eq!(
        [0, 1, 2, 5, 6, 63, 64, MAX_ROUND].map(ms),
        [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000, 60_000]
    );
}

#[test]
fn states_without_signatures_are_written_and_read_too() {
    let mut state = Agreement::<()>::new(Seat(1), 4).unwrap();
    let vote = |outcome| Vote { ballot: Ballot::Prevote, round: Round::FIRST, outcome };
    for (seat, outcome) in [(0, Some(Commit)), (2, Some(Commit)), (3, None)] {
        let message = Message::Vote { vote: vote(outcome), sign: () };
        state = state.step(Input::Receive { from: Seat(seat), message }).unwrap().state;
    }
    state = state.step(Input::Valid(Void)).unwrap().state;
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<Agreement<()>>(&text).unwrap(), state);
}
