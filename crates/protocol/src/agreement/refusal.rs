//! Why an input to an agreement is refused: nothing changed, and the reason says what was wrong.

use thiserror::Error;

use super::round::{MAX_ROUND, Round, Seat};
use crate::lift::{MAX_REFEREES, Outcome};

/// Why an input is refused. A message that is merely late or repeated is not: it changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Another number of referees than a lift may have.
    #[error("a lift has 1 referee or 3f+1 of them, at most {MAX_REFEREES}, not {0}")]
    Referees(usize),
    /// Nobody sits there.
    #[error("there is no seat {seat}; the lift has {seats} referees, counted from 0")]
    NoSeat {
        /// The seat.
        seat: Seat,
        /// How many there are.
        seats: usize,
    },
    /// A referee says nothing to itself.
    #[error("seat {0} is this referee's own; others do not speak for it")]
    Own(Seat),
    /// There is no such round.
    #[error("round {round} is beyond the last, {MAX_ROUND}")]
    Round {
        /// Its number.
        round: u32,
    },
    /// It is another referee's turn.
    #[error("seat {seat} does not propose in round {round}; seat {proposer} does")]
    NotProposer {
        /// Who proposed.
        seat: Seat,
        /// In which round.
        round: Round,
        /// Whose turn it is.
        proposer: Seat,
    },
    /// What a proposal relies on is not from an earlier round.
    #[error("a proposal of round {round} cannot rely on prevotes of round {backed}")]
    NotEarlier {
        /// The proposal's.
        round: Round,
        /// The prevotes'.
        backed: Round,
    },
    /// What a proposal relies on is for the other outcome.
    #[error("a proposal of {} cannot rely on prevotes for {}", .proposed.word(), .backed.word())]
    OtherOutcome {
        /// What is proposed.
        proposed: Outcome,
        /// What the prevotes are for.
        backed: Outcome,
    },
    /// Fewer votes than a quorum.
    #[error("{votes} votes decide nothing; {quorum} are needed")]
    TooFew {
        /// How many there are.
        votes: usize,
        /// How many there have to be.
        quorum: usize,
    },
    /// This referee signed a vote that its state knows nothing of: it went back to an older state,
    /// or its key is used elsewhere. It must sign nothing more for this lift.
    #[error("this referee signed a vote in round {round} that it has forgotten; it must stop")]
    Forgotten {
        /// The round of the vote.
        round: Round,
    },
    /// Both outcomes have a quorum: more than f referees lie, and here is the proof.
    #[error("decided to {}, but a quorum also signed {}", .decided.word(), .shown.word())]
    Contradiction {
        /// The decision.
        decided: Outcome,
        /// What was shown.
        shown: Outcome,
    },
}
