//! What referees say to each other, and what of it they sign.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::round::{Round, Seat};
use crate::lift::Outcome;

/// Which of the two votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ballot {
    /// On the proposal.
    Prevote,
    /// On deciding. For an outcome it is a vote in the lift's certificate.
    Precommit,
}

/// A vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// Which.
    pub ballot: Ballot,
    /// In which round.
    pub round: Round,
    /// For which outcome; for none in this round (`nil` in the paper).
    pub outcome: Option<Outcome>,
}

/// What a referee signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Statement {
    /// It proposes an outcome.
    Proposal {
        /// In which round.
        round: Round,
        /// What.
        outcome: Outcome,
        /// The earlier round in which a quorum prevoted for it, where it relies on one.
        backed: Option<Round>,
    },
    /// It votes.
    Vote(Vote),
}

/// Votes of one kind, for one outcome in one round, by as many referees as a decision needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum<S> {
    /// The round.
    pub round: Round,
    /// The outcome.
    pub outcome: Outcome,
    /// Who voted, with their signatures.
    pub votes: BTreeMap<Seat, S>,
}

/// A signature that a referee holds: another's, or its own, which it makes once the state is durable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Witness<S> {
    /// To be signed by the referee that holds the state.
    Mine,
    /// Received.
    Theirs(S),
}

/// A proposal with what it relies on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal<S> {
    /// The round.
    pub round: Round,
    /// What is proposed.
    pub outcome: Outcome,
    /// Prevotes for it in an earlier round, which let a referee vote for it that is locked on the
    /// other outcome, or has seen no evidence for this one.
    pub backing: Option<Quorum<S>>,
    /// The signature under its [statement](Proposal::statement).
    pub sign: S,
}

/// What one referee tells another. `S` is a signature: one that was checked on its way in, a
/// [`Witness`] on its way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message<S> {
    /// "I am in this round", from one that has said nothing else in it.
    Round(Round),
    /// A proposal.
    Proposal(Proposal<S>),
    /// A vote.
    Vote {
        /// The vote.
        vote: Vote,
        /// The signature under it.
        sign: S,
    },
    /// The prevotes for an outcome that the sender knows from the highest round.
    Prevotes(Quorum<S>),
    /// The decision: the precommits for it.
    Decided(Quorum<S>),
}

impl<S> Proposal<S> {
    /// What the proposer signs.
    #[must_use]
    pub fn statement(&self) -> Statement {
        let backed = self.backing.as_ref().map(|backing| backing.round);
        Statement::Proposal { round: self.round, outcome: self.outcome, backed }
    }
}

impl<S> Quorum<S> {
    /// What each of these referees signed.
    #[must_use]
    pub const fn statement(&self, ballot: Ballot) -> Statement {
        Statement::Vote(Vote { ballot, round: self.round, outcome: Some(self.outcome) })
    }

    /// The same votes with every signature made, checked, or whatever else `each` does to it.
    ///
    /// # Errors
    /// What `each` gives.
    pub fn try_map<T, E>(
        self,
        ballot: Ballot,
        each: &mut impl FnMut(Seat, Statement, S) -> Result<T, E>,
    ) -> Result<Quorum<T>, E> {
        let statement = self.statement(ballot);
        let Self { round, outcome, votes } = self;
        let votes = votes.into_iter().map(|(seat, sign)| Ok((seat, each(seat, statement, sign)?)));
        Ok(Quorum { round, outcome, votes: votes.collect::<Result<_, E>>()? })
    }
}

impl<S> Message<S> {
    /// The same message with every signature in it made, checked, or whatever else `each` does to
    /// it; `each` is told by whom and under what.
    ///
    /// # Errors
    /// What `each` gives.
    pub fn try_map<T, E>(
        self,
        from: Seat,
        mut each: impl FnMut(Seat, Statement, S) -> Result<T, E>,
    ) -> Result<Message<T>, E> {
        Ok(match self {
            Self::Round(round) => Message::Round(round),
            Self::Proposal(proposal) => {
                let statement = proposal.statement();
                let Proposal { round, outcome, backing, sign } = proposal;
                let backing = backing.map(|votes| votes.try_map(Ballot::Prevote, &mut each));
                let (backing, sign) = (backing.transpose()?, each(from, statement, sign)?);
                Message::Proposal(Proposal { round, outcome, backing, sign })
            }
            Self::Vote { vote, sign } => {
                Message::Vote { vote, sign: each(from, Statement::Vote(vote), sign)? }
            }
            Self::Prevotes(votes) => Message::Prevotes(votes.try_map(Ballot::Prevote, &mut each)?),
            Self::Decided(votes) => Message::Decided(votes.try_map(Ballot::Precommit, &mut each)?),
        })
    }
}
