//! What a referee has to tell the others, and what it waits for; both follow from its state alone.

use super::message::{Ballot, Message, Vote, Witness};
use super::round::{Phase, Round, Timeout};
use super::said::Said;
use super::state::Agreement;

impl<S> Agreement<S> {
    /// The timeouts that are to run in this state. Those of earlier rounds and phases change nothing
    /// and may be forgotten.
    #[must_use]
    pub fn waits(&self) -> Vec<Timeout> {
        let round = self.round;
        let phases = [
            (Phase::Propose, self.phase() == Phase::Propose && self.is_awake()),
            (Phase::Prevote, self.phase() == Phase::Prevote && self.is_reached(Ballot::Prevote)),
            (Phase::Precommit, self.is_reached(Ballot::Precommit)),
        ];
        let due = phases.into_iter().filter(|(_, due)| *due && self.decision.is_none());
        due.map(|(phase, _)| Timeout { round, phase }).collect()
    }

    /// Whether there is something to decide: before any evidence no time runs.
    fn is_awake(&self) -> bool {
        self.round > Round::FIRST || self.seen.commit || self.seen.void
    }
}

impl<S: Clone> Agreement<S> {
    /// All that the other referees should hear from this one, as long as the state is what it is. Any
    /// of it may be lost, as long as it is said again.
    #[must_use]
    pub fn says(&self) -> Vec<Message<Witness<S>>> {
        if let Some(decision) = &self.decision {
            return vec![Message::Decided(decision.clone())];
        }
        let mut says = self.mine().map(|mine| self.said(mine)).unwrap_or_default();
        if says.is_empty() && self.round > Round::FIRST {
            says.push(Message::Round(self.round));
        }
        says.extend(self.backing.clone().map(Message::Prevotes));
        says
    }

    fn said(&self, mine: &Said<S>) -> Vec<Message<Witness<S>>> {
        let vote = |ballot| {
            let cast = mine.vote(ballot)?;
            let vote = Vote { ballot, round: self.round, outcome: cast.outcome };
            Some(Message::Vote { vote, sign: cast.sign.clone() })
        };
        let proposal = mine.proposal.clone().map(Message::Proposal);
        let votes = [vote(Ballot::Prevote), vote(Ballot::Precommit)];
        proposal.into_iter().chain(votes.into_iter().flatten()).collect()
    }
}
