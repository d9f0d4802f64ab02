//! What liars say: anything that is well formed, to anybody, with all signatures they ever saw.

use protocol::agreement::{Ballot, Message, Proposal, Quorum, Round, Seat, Statement, Vote};
use protocol::lift::Outcome;

use super::referee::{Said, Sig, round};
use super::world::{Letter, World};
use crate::chance::Chance;

/// One of the liars tells one referee something.
pub(super) fn lie(world: &mut World, liars: &[Seat], chance: &mut Chance) {
    let Some(&from) = pick(liars, chance) else { return };
    let honest = world.honest.keys().copied().collect::<Vec<_>>();
    let Some(&to) = pick(&honest, chance) else { return };
    let at = some_round(world, to, chance);
    let message = any(world, liars, (from, at), chance);
    world.letters.push(Letter { from, to, message });
}

fn pick<'a, T>(from: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    let bound = u32::try_from(from.len()).unwrap();
    (bound > 0).then(|| &from[usize::try_from(chance.below(bound)).unwrap()])
}

fn any(world: &World, liars: &[Seat], (from, at): (Seat, Round), chance: &mut Chance) -> Said {
    let outcome = if chance.below(2) == 0 { Outcome::Commit } else { Outcome::Void };
    match chance.below(16) {
        0 => Message::Round(at),
        1..=3 => {
            let seats = u32::try_from(world.seats).unwrap();
            let turn = world.round() / seats * seats + u32::from(from.0);
            let later = if chance.below(4) == 0 { seats } else { 0 };
            proposal(world, liars, (from, round(turn + later)), chance)
        }
        4..=5 => Message::Prevotes(collect(world, liars, Ballot::Prevote, at, outcome)),
        6 => Message::Decided(collect(world, liars, Ballot::Precommit, at, outcome)),
        kind => {
            let ballot = if kind % 2 == 0 { Ballot::Prevote } else { Ballot::Precommit };
            let outcome = (chance.below(4) > 0).then_some(outcome);
            let vote = Vote { ballot, round: at, outcome };
            Message::Vote { vote, sign: Sig(from, Statement::Vote(vote)) }
        }
    }
}

/// Mostly the one that the referee is in to whom they speak.
fn some_round(world: &World, to: Seat, chance: &mut Chance) -> Round {
    match chance.below(16) {
        0 => round(chance.below(world.round() + 3)),
        1 => round(999),
        _ => world.at(to.0).state.round(),
    }
}

/// A proposal in the round that somebody is in, where it is this liar's turn.
pub(super) fn propose_to(
    world: &World,
    liars: &[Seat],
    from: Seat,
    to: Seat,
    chance: &mut Chance,
) -> Option<Said> {
    let state = &world.at(to.0).state;
    let turn = state.proposer(state.round()) == from;
    turn.then(|| proposal(world, liars, (from, state.round()), chance))
}

fn proposal(world: &World, liars: &[Seat], (from, at): (Seat, Round), chance: &mut Chance) -> Said {
    let outcome = if chance.below(2) == 0 { Outcome::Commit } else { Outcome::Void };
    let before = round(chance.below(at.get() + 1));
    let backing = (chance.below(2) == 0)
        .then(|| collect(world, liars, Ballot::Prevote, before, outcome))
        .filter(|backing| backing.votes.len() > 2 * world.lying());
    let backed = backing.as_ref().map(|backing| backing.round);
    let sign = Sig(from, Statement::Proposal { round: at, outcome, backed });
    Message::Proposal(Proposal { round: at, outcome, backing, sign })
}

/// All votes of a kind that the liars know of, and their own.
fn collect(
    world: &World,
    liars: &[Seat],
    ballot: Ballot,
    round: Round,
    outcome: Outcome,
) -> Quorum<Sig> {
    let statement = Statement::Vote(Vote { ballot, round, outcome: Some(outcome) });
    let seats = (0..).map(Seat).take(world.seats);
    let signs = seats.map(|seat| Sig(seat, statement));
    let known = signs.filter(|sign| liars.contains(&sign.0) || world.seen.contains(sign));
    Quorum { round, outcome, votes: known.map(|sign| (sign.0, sign)).collect() }
}
