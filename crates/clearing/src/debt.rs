//! The input: who owes whom how much.

use protocol::Units;
use thiserror::Error;

/// One debt: `debtor` owes `creditor` `units`. Participants are numbered from 0.
///
/// Several debts may name the same pair, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    /// Who owes.
    pub debtor: u32,
    /// Who is owed.
    pub creditor: u32,
    /// How much, never negative.
    pub units: Units,
}

/// Why a list of debts is no graph; `debt` is its place in the list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    /// A participant's number is not below the number of participants.
    #[error("debt {debt} names participant {participant}, beyond the number of participants")]
    UnknownParticipant {
        /// Place of the debt in the list.
        debt: usize,
        /// The number it names.
        participant: u32,
    },
    /// Somebody owes themselves.
    #[error("debt {debt} is owed by a participant to itself")]
    SelfDebt {
        /// Place of the debt in the list.
        debt: usize,
    },
    /// A negative amount.
    #[error("debt {debt} is negative")]
    Negative {
        /// Place of the debt in the list.
        debt: usize,
    },
    /// More debts or participants than the engine numbers (2^30 - 1).
    #[error("more than 1073741823 debts or participants")]
    TooMany,
    /// Only where circulations are kept: more participants than are numbered there (2^26).
    #[error("more than 67108864 participants")]
    TooManyParticipants,
    /// Only where circulations are kept: more pairs that owe something than are numbered there (2^26).
    #[error("more than 67108864 pairs that owe something")]
    TooManyPairs,
    /// Only where circulations are kept: the debts of one pair add up to more than [`Units::MAX`].
    #[error("debt {debt} brings what its debtor owes its creditor beyond 9007199254740.991")]
    PairBeyond {
        /// Place in the list of the debt that is too much.
        debt: usize,
    },
}
