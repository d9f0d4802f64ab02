//! The classical traps, each a story of four referees, of whom one lies or is silent.

use std::collections::BTreeMap;

use protocol::agreement::{
    Ballot, Lock, Message, Phase, Proposal, Quorum, Seat, Statement, Witness,
};
use protocol::lift::Outcome::{self, Commit, Void};

use super::referee::{Said, Sig, round, vote};
use super::world::{World, said};

const ALL: &[u8] = &[0, 1, 2, 3];

/// What this referee says of a vote in its round.
fn cast(world: &World, seat: u8, ballot: Ballot) -> Option<Option<Outcome>> {
    world.at(seat).state.says().into_iter().find_map(|message| match message {
        Message::Vote { vote, .. } if vote.ballot == ballot => Some(vote.outcome),
        _ => None,
    })
}

fn proposal(seat: u8, number: u32, outcome: Outcome, backing: Option<Quorum<Sig>>) -> Said {
    let (round, backed) = (round(number), backing.as_ref().map(|backing| backing.round));
    let sign = Sig(Seat(seat), Statement::Proposal { round, outcome, backed });
    Message::Proposal(Proposal { round, outcome, backing, sign })
}

fn prevotes(by: &[u8], number: u32, outcome: Outcome) -> Quorum<Sig> {
    let statement = vote(Ballot::Prevote, number, Some(outcome));
    let votes = by.iter().map(|seat| (Seat(*seat), Sig(Seat(*seat), statement)));
    Quorum { round: round(number), outcome, votes: votes.collect::<BTreeMap<_, _>>() }
}

/// All who are there end the round without an outcome, and begin the next.
fn next_round(world: &mut World, there: &[u8]) {
    for phase in [Phase::Propose, Phase::Prevote, Phase::Precommit] {
        let late = |seat: &&u8| world.at(**seat).waits_in(phase).is_some();
        let late = there.iter().filter(late).copied().collect::<Vec<_>>();
        world.pass(&late, phase);
        world.flow(there, there);
    }
}

/// Seat 1 lies. In round 0 seats 0 and 2 prevote for commit, seat 3 for nothing, and the liar tells
/// seat 0 alone that it prevotes for commit too: seat 0 is locked, and nobody hears of it. All go on.
fn locked_in_secret() -> World {
    let mut world = World::new(4, &[1]);
    world.valid(&[0, 2], Commit);
    world.valid(&[0, 2, 3], Void);
    world.flow(&[0], &[2, 3]);
    world.pass(&[3], Phase::Propose);
    world.flow(&[2, 3], ALL);
    world.lie(1, 0, said(1, Ballot::Prevote, 0, Some(Commit))).unwrap();
    assert_eq!(world.at(0).state.lock(), Some(Lock { round: round(0), outcome: Commit }));
    let secret = |message: &Said| matches!(message, Message::Prevotes(_));
    world.letters.retain(|letter| !secret(&letter.message));
    world.flow(&[0], ALL);
    next_round(&mut world, &[0, 2, 3]);
    assert!(world.honest.values().all(|referee| referee.state.round() == round(1)));
    assert_eq!(world.at(2).state.lock(), None);
    world.lose();
    world
}

#[test]
fn a_referee_that_is_locked_prevotes_for_nothing_else() {
    let mut world = locked_in_secret();
    for seat in [0, 2, 3] {
        world.lie(1, seat, proposal(1, 1, Void, None)).unwrap();
    }
    assert_eq!(cast(&world, 0, Ballot::Prevote), Some(None), "void is valid, but seat 0 is locked");
    assert_eq!(cast(&world, 2, Ballot::Prevote), Some(Some(Void)));
}

#[test]
fn a_lock_opens_for_a_quorum_of_a_later_round() {
    let mut world = locked_in_secret();
    for seat in [0, 2, 3] {
        world.lie(1, seat, proposal(1, 1, Void, None)).unwrap();
    }
    for seat in [2, 3] {
        world.lie(1, seat, said(1, Ballot::Prevote, 1, Some(Void))).unwrap();
    }
    // Seats 2 and 3 see a quorum for void; seat 0 hears of it only by what seat 2 proposes next.
    world.flow(&[2, 3], &[2, 3]);
    assert_eq!(cast(&world, 2, Ballot::Precommit), Some(Some(Void)));
    world.letters.retain(|letter| !matches!(letter.message, Message::Prevotes(_)));
    world.flow(&[0, 2, 3], &[0, 2, 3]);
    next_round(&mut world, &[0, 2, 3]);
    assert_eq!(world.outcomes(), [Some(Void); 3]);
    assert_eq!(world.at(0).decision().unwrap().round, round(2));
}

#[test]
fn a_lock_stays_for_a_quorum_of_an_earlier_round() {
    let mut world = World::new(4, &[1, 2, 3]);
    world.valid(&[0], Void);
    let backing = prevotes(&[1, 2, 3], 3, Commit);
    world.lie(1, 0, Message::Prevotes(backing)).unwrap();
    assert_eq!(world.at(0).state.lock(), Some(Lock { round: round(3), outcome: Commit }));
    for seat in [1, 2] {
        world.lie(seat, 0, Message::Round(round(5))).unwrap();
    }
    let earlier = prevotes(&[1, 2, 3], 2, Void);
    world.lie(1, 0, proposal(1, 5, Void, Some(earlier))).unwrap();
    assert_eq!(cast(&world, 0, Ballot::Prevote), Some(None));
}

#[test]
fn a_proposer_that_knows_of_no_lock_hears_of_it_and_all_agree_on_it() {
    let mut world = locked_in_secret();
    // The liar is silent from now on: nothing is decided against the one that is locked.
    next_round(&mut world, &[0, 2, 3]);
    assert_eq!(world.round(), 2);
    world.remind(Seat(0));
    world.flow(&[0], &[2, 3]);
    world.lose();
    next_round(&mut world, &[0, 2, 3]);
    world.heal(|_| {});
    assert_eq!(world.outcomes(), [Some(Commit); 3], "seat 3 saw no evidence, and needs none");
    assert!(!world.at(3).state.has_seen(Commit));
}

#[test]
fn what_one_decided_the_others_decide_however_late_they_hear_of_it() {
    let mut world = World::new(4, &[3]);
    world.valid(&[0, 1, 2], Commit);
    world.valid(&[0, 1, 2], Void);
    world.flow(&[0], &[1, 2]);
    world.flow(&[1, 2], &[0]);
    // Seats 1 and 2 get a prevote less than seat 0, but see its quorum; its precommit is lost.
    let precommit = |message: &Said| matches!(message, Message::Vote { vote, .. } if vote.ballot == Ballot::Precommit);
    world.letters.retain(|letter| !precommit(&letter.message));
    world.flow(&[0], &[1, 2]);
    world.flow(&[1, 2], &[0]);
    assert_eq!(world.outcomes(), [Some(Commit), None, None]);
    world.lose();
    // Seat 0 is dead from now on; the liar leads the others on, and wants void.
    for seat in [1, 2] {
        world.lie(3, seat, said(3, Ballot::Precommit, 0, None)).unwrap();
    }
    let seat_0 = world.honest.remove(&Seat(0)).unwrap();
    for seat in [1, 2] {
        world.remind(Seat(seat));
    }
    world.flow(&[1, 2], &[1, 2]);
    for number in 1..=3 {
        world.pass(&[1, 2], Phase::Precommit);
        for seat in [1, 2] {
            if number == 3 {
                world.lie(3, seat, proposal(3, 3, Void, None)).unwrap();
                assert_eq!(cast(&world, seat, Ballot::Prevote), Some(None), "locked on commit");
            }
            world.lie(3, seat, said(3, Ballot::Prevote, number, Some(Void))).unwrap();
            world.lie(3, seat, said(3, Ballot::Precommit, number, Some(Void))).unwrap();
        }
        // They do not hear each other's prevotes in time.
        for phase in [Phase::Propose, Phase::Prevote] {
            for seat in [1, 2] {
                if world.at(seat).waits_in(phase).is_some() {
                    world.pass(&[seat], phase);
                }
            }
            world.letters.retain(|letter| {
                !matches!(letter.message, Message::Proposal(_) | Message::Prevotes(_))
            });
            world.flow(&[1, 2], &[1, 2]);
        }
        assert_eq!(world.outcomes(), [None, None]);
    }
    world.honest.insert(Seat(0), seat_0);
    world.heal(|_| {});
    assert_eq!(world.outcomes(), [Some(Commit); 3]);
}

#[test]
fn a_referee_that_crashes_says_the_same_again_and_nothing_else() {
    let mut world = World::new(4, &[]);
    world.valid(&[0], Commit);
    world.lose();
    world.at_mut(0).restart();
    world.valid(&[0], Void);
    assert_eq!(world.at(0).waits_in(Phase::Propose), None, "it has voted, and waits no more");
    let says = world.at_mut(0).says();
    assert_eq!(says.len(), 2);
    assert!(matches!(&says[0], Message::Proposal(p) if p.outcome == Commit));
    assert_eq!(says[1], said(0, Ballot::Prevote, 0, Some(Commit)));
}

#[test]
fn a_referee_that_crashes_is_locked_as_before() {
    let mut world = locked_in_secret();
    world.at_mut(0).restart();
    world.lie(1, 0, proposal(1, 1, Void, None)).unwrap();
    assert_eq!(cast(&world, 0, Ballot::Prevote), Some(None));
    let known = |message| matches!(message, Message::Prevotes(votes) if votes.outcome == Commit);
    assert!(world.at(0).state.says().into_iter().any(known), "and can still show why");
}

#[test]
fn commit_and_void_split_evenly_do_not_wait_for_the_dead() {
    for dead in ALL {
        for informed in 0..16_u8 {
            let mut world = World::new(4, &[*dead]);
            for seat in ALL.iter().filter(|seat| *seat != dead) {
                let commit = informed >> seat & 1 == 1;
                world.valid(&[*seat], if commit { Commit } else { Void });
            }
            world.flow(ALL, ALL);
            // The deadline has passed.
            let there = ALL.iter().filter(|seat| *seat != dead).copied().collect::<Vec<_>>();
            world.valid(&there, Void);
            let rounds = world.heal(|_| {});
            assert!(rounds <= 3, "an honest proposer is one of the next three, not {rounds}");
        }
    }
}

#[test]
fn a_vote_of_a_referee_that_votes_twice_counts_once() {
    let mut world = World::new(4, &[3]);
    world.valid(&[0, 1], Commit);
    world.flow(&[0, 1], &[0, 1]);
    let (void, commit) = [Void, Commit].map(|o| said(3, Ballot::Prevote, 0, Some(o))).into();
    world.lie(3, 0, void).unwrap();
    world.lie(3, 0, commit.clone()).unwrap();
    assert_eq!(cast(&world, 0, Ballot::Precommit), None, "two votes for commit, and one for void");
    let lie = world.lies.pop().unwrap();
    let [first, second] = [Void, Commit].map(|o| vote(Ballot::Prevote, 0, Some(o)));
    assert_eq!((lie.seat, lie.first.0, lie.second.0), (Seat(3), first, second));

    // Twice the same is no lie, and no second vote either.
    world.lie(3, 1, commit.clone()).unwrap();
    world.lie(3, 1, commit).unwrap();
    assert!(world.lies.is_empty());
    assert_eq!(cast(&world, 1, Ballot::Precommit), Some(Some(Commit)), "with seats 0, 1 and 3");
}

#[test]
fn two_proposals_of_a_round_are_a_lie_and_the_first_one_counts() {
    let mut world = World::new(4, &[0]);
    world.valid(&[1], Void);
    world.lie(0, 1, proposal(0, 0, Commit, None)).unwrap();
    world.lie(0, 1, proposal(0, 0, Void, None)).unwrap();
    assert_eq!(world.lies.len(), 1);
    assert_eq!(cast(&world, 1, Ballot::Prevote), None, "it waits for evidence for commit");
    world.valid(&[1], Commit);
    assert_eq!(cast(&world, 1, Ballot::Prevote), Some(Some(Commit)));
}

#[test]
fn a_quorum_is_shown_whole_to_one_that_was_lied_to() {
    let mut world = World::new(4, &[3]);
    world.valid(&[0, 1, 2], Commit);
    world.lie(3, 0, said(3, Ballot::Prevote, 0, None)).unwrap();
    let shown = prevotes(&[0, 1, 3], 0, Commit);
    world.lie(3, 0, Message::Prevotes(shown)).unwrap();
    assert_eq!(cast(&world, 0, Ballot::Precommit), Some(Some(Commit)));
    assert_eq!(world.lies.len(), 1, "and what shows it also shows the lie");
    let state = &world.at(0).state;
    let votes = state.says().into_iter().find_map(|message| match message {
        Message::Prevotes(votes) => Some(votes.votes),
        _ => None,
    });
    let of = |seat| Witness::Theirs(Sig(Seat(seat), vote(Ballot::Prevote, 0, Some(Commit))));
    assert_eq!(votes, Some([0, 1, 3].map(|seat| (Seat(seat), of(seat))).into()));
}
