//! Why a change is refused: nothing was changed then.

use protocol::Units;
use thiserror::Error;

use crate::{CertificateFault, GraphError};

/// Why a debt cannot be what it was to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// A participant's number is not below the number of participants.
    #[error("there is no participant {participant}")]
    UnknownParticipant {
        /// The number.
        participant: u32,
    },
    /// Somebody owes themselves.
    #[error("participant {participant} cannot owe itself")]
    SelfDebt {
        /// Its number.
        participant: u32,
    },
    /// A negative amount.
    #[error("a debt of {units} is negative")]
    Negative {
        /// The amount.
        units: Units,
    },
    /// More pairs than the engine numbers (2^26).
    #[error("more than 67108864 pairs that owe something")]
    TooManyPairs,
    /// More participants than the engine numbers (2^26).
    #[error("more than 67108864 participants")]
    TooManyParticipants,
}

/// Why a circulation cannot be gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ResumeError {
    /// The debts are no graph, or too large a one.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The circulation is not proved to be the largest of these debts.
    #[error(transparent)]
    Unproved(#[from] CertificateFault),
}

/// Why a part of what is cleared cannot be taken off the debts; `leg` is a place in the list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TakeError {
    /// Less than nothing, or more than is cleared of that pair (with the legs before it).
    #[error("leg {leg} takes less than nothing, or more than is cleared")]
    NotCleared {
        /// Place of the leg in the list.
        leg: usize,
    },
    /// A participant's net position would change.
    #[error("participant {participant} would end {change} milli-CHIPs richer")]
    Unbalanced {
        /// The participant's number.
        participant: u32,
        /// By how much its net position would rise, in milli-CHIPs.
        change: i128,
    },
}
