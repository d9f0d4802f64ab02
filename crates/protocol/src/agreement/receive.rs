//! What a referee does with another's message: checks it against the rules, and keeps what counts.

use std::cmp::Ordering;

use super::message::{Ballot, Message, Proposal, Quorum, Statement, Vote, Witness};
use super::refusal::Refusal;
use super::round::{Round, Seat};
use super::said::{Cast, Heard, Said};
use super::state::Agreement;
use super::step::Equivocation;

impl<S: Clone> Agreement<S> {
    pub(super) fn receive(
        &mut self,
        from: Seat,
        message: Message<S>,
        lies: &mut Vec<Equivocation<S>>,
    ) -> Result<(), Refusal> {
        self.check_other(from)?;
        match message {
            // That it is there is all that it says.
            Message::Round(round) => _ = self.place(from, round),
            Message::Proposal(proposal) => {
                self.check_proposal(from, &proposal)?;
                if let Some(backing) = &proposal.backing {
                    self.learn(backing, lies)?;
                }
                lies.extend(self.hear_proposal(from, proposal));
            }
            Message::Vote { vote, sign } => lies.extend(self.hear_vote(from, vote, sign)),
            Message::Prevotes(votes) => {
                self.check_quorum(&votes)?;
                self.learn(&votes, lies)?;
            }
            Message::Decided(votes) => {
                self.check_quorum(&votes)?;
                lies.extend(self.against_heard(&votes));
                self.decide(theirs(votes));
            }
        }
        Ok(())
    }

    pub(super) fn check_other(&self, from: Seat) -> Result<(), Refusal> {
        self.check_seat(from)?;
        if from == self.me { Err(Refusal::Own(from)) } else { Ok(()) }
    }

    fn check_seat(&self, seat: Seat) -> Result<(), Refusal> {
        let seats = self.heard.len();
        if seat.index() < seats { Ok(()) } else { Err(Refusal::NoSeat { seat, seats }) }
    }

    pub(super) fn check_quorum(&self, votes: &Quorum<S>) -> Result<(), Refusal> {
        votes.votes.keys().try_for_each(|seat| self.check_seat(*seat))?;
        let (votes, quorum) = (votes.votes.len(), self.quorum());
        if votes >= quorum { Ok(()) } else { Err(Refusal::TooFew { votes, quorum }) }
    }

    fn check_proposal(&self, seat: Seat, proposal: &Proposal<S>) -> Result<(), Refusal> {
        let (round, proposer) = (proposal.round, self.proposer(proposal.round));
        if seat != proposer {
            return Err(Refusal::NotProposer { seat, round, proposer });
        }
        let Some(backing) = &proposal.backing else { return Ok(()) };
        if backing.round >= round {
            return Err(Refusal::NotEarlier { round, backed: backing.round });
        }
        if backing.outcome != proposal.outcome {
            let (proposed, backed) = (proposal.outcome, backing.outcome);
            return Err(Refusal::OtherOutcome { proposed, backed });
        }
        self.check_quorum(backing)
    }

    /// Hears each of the prevotes, and keeps them together: a referee that voted twice may have been
    /// heard otherwise before, and they prove what they prove all the same.
    fn learn(&mut self, votes: &Quorum<S>, lies: &mut Vec<Equivocation<S>>) -> Result<(), Refusal> {
        let vote =
            Vote { ballot: Ballot::Prevote, round: votes.round, outcome: Some(votes.outcome) };
        let me = self.me;
        if votes.votes.contains_key(&me) {
            self.check_remembered(vote)?;
        }
        for (seat, sign) in votes.votes.iter().filter(|(seat, _)| **seat != me) {
            lies.extend(self.hear_vote(*seat, vote, sign.clone()));
        }
        if self.backing.as_ref().is_none_or(|backing| backing.round < votes.round) {
            self.backing = Some(theirs(votes.clone()));
        }
        Ok(())
    }

    /// Whether this referee knows of a vote of its own; it need not, of an earlier round.
    fn check_remembered(&self, vote: Vote) -> Result<(), Refusal> {
        let mine = self.mine().and_then(|mine| mine.vote(vote.ballot));
        let known = match vote.round.cmp(&self.round) {
            Ordering::Less => true,
            Ordering::Equal => mine.is_some_and(|cast| cast.outcome == vote.outcome),
            Ordering::Greater => false,
        };
        if known { Ok(()) } else { Err(Refusal::Forgotten { round: vote.round }) }
    }

    fn hear_vote(&mut self, seat: Seat, vote: Vote, sign: S) -> Option<Equivocation<S>> {
        let Vote { ballot, round, outcome } = vote;
        let kept = self.against_kept(seat, vote, &sign);
        let Some(place) = self.place(seat, round).map(|said| said.vote_mut(ballot)) else {
            return kept;
        };
        match place {
            None => {
                *place = Some(Cast { outcome, sign: Witness::Theirs(sign) });
                kept
            }
            Some(first) => contradicts(seat, first, vote, &sign),
        }
    }

    /// What a vote contradicts of the quorum that is kept, whatever round this referee is in.
    pub(super) fn against_kept(&self, seat: Seat, vote: Vote, sign: &S) -> Option<Equivocation<S>> {
        let kept = match vote.ballot {
            Ballot::Prevote => self.backing.as_ref()?,
            Ballot::Precommit => self.decision.as_ref()?,
        };
        let first = kept.votes.get(&seat).filter(|_| kept.round == vote.round)?;
        let before = kept.statement(vote.ballot);
        contradiction(seat, (before, first), (Statement::Vote(vote), sign.clone()))
    }

    /// What the votes for a decision contradict of all that was heard in their round.
    fn against_heard(&self, decided: &Quorum<S>) -> Vec<Equivocation<S>> {
        let (round, outcome) = (decided.round, Some(decided.outcome));
        let vote = Vote { ballot: Ballot::Precommit, round, outcome };
        let said = |heard: &Heard<S>| match &heard.ahead {
            _ if round == self.round => heard.now.precommit.clone(),
            Some((ahead, said)) if *ahead == round => said.precommit.clone(),
            _ => None,
        };
        let of_seat = |(seat, sign): (&Seat, &S)| {
            let first = self.heard.get(seat.index()).and_then(said)?;
            contradicts(*seat, &first, vote, sign)
        };
        decided.votes.iter().filter_map(of_seat).collect()
    }

    fn hear_proposal(&mut self, seat: Seat, proposal: Proposal<S>) -> Option<Equivocation<S>> {
        let statement = proposal.statement();
        let place = &mut self.place(seat, proposal.round)?.proposal;
        match place {
            None => {
                let Proposal { round, outcome, backing, sign } = proposal;
                let (backing, sign) = (backing.map(theirs), Witness::Theirs(sign));
                *place = Some(Proposal { round, outcome, backing, sign });
                None
            }
            Some(first) => {
                let before = (first.statement(), &first.sign);
                contradiction(seat, before, (statement, proposal.sign))
            }
        }
    }

    /// Where to write what another referee says in a round; nowhere if that comes too late to count.
    fn place(&mut self, seat: Seat, round: Round) -> Option<&mut Said<S>> {
        let heard = self.heard.get_mut(seat.index())?;
        match round.cmp(&self.round) {
            Ordering::Less => None,
            Ordering::Equal => Some(&mut heard.now),
            Ordering::Greater => heard.ahead_in(round),
        }
    }
}

fn theirs<S>(votes: Quorum<S>) -> Quorum<Witness<S>> {
    let Quorum { round, outcome, votes } = votes;
    let votes = votes.into_iter().map(|(seat, sign)| (seat, Witness::Theirs(sign))).collect();
    Quorum { round, outcome, votes }
}

/// The proof that a vote contradicts the one that was heard before it, in the same round, unless they are the same.
fn contradicts<S: Clone>(
    seat: Seat,
    first: &Cast<S>,
    vote: Vote,
    sign: &S,
) -> Option<Equivocation<S>> {
    let before = Statement::Vote(Vote { outcome: first.outcome, ..vote });
    contradiction(seat, (before, &first.sign), (Statement::Vote(vote), sign.clone()))
}

/// The proof that two statements contradict each other, unless they are the same.
fn contradiction<S: Clone>(
    seat: Seat,
    (first, sign): (Statement, &Witness<S>),
    second: (Statement, S),
) -> Option<Equivocation<S>> {
    match sign {
        Witness::Theirs(sign) if first != second.0 => {
            Some(Equivocation { seat, first: (first, sign.clone()), second })
        }
        _ => None,
    }
}
