//! Why a payment cannot be made: too little room and where it ends, or one of the payer's own limits.

use protocol::Units;
use thiserror::Error;

use super::Cut;

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unpaid {
    /// A participant's number is not below the number of participants.
    #[error("there is no participant {participant}")]
    Unknown {
        /// The number.
        participant: u32,
    },
    /// Payer and payee are the same.
    #[error("nobody pays themselves")]
    ToOneself,
    /// Not above zero.
    #[error("{amount} is nothing to pay")]
    NothingToPay {
        /// The amount asked for.
        amount: Units,
    },
    /// Less can be paid, whatever the limits of the request.
    #[error("at most {most} can be paid now{}", place(cut.as_ref()))]
    TooLittle {
        /// The most that can be paid over any number of paths at this moment.
        most: Units,
        /// Where the room ends; none where charges eat up what the room would carry.
        cut: Option<Cut>,
        /// Whether it is known that no more can be paid: always, where nobody charges. That so much as was
        /// asked for cannot is known wherever there is a cut.
        proved: bool,
    },
    /// There is room, but no plan was found with so few legs a part.
    #[error("there is room, but not over so few tallies one after the other")]
    TooLong {
        /// What was found to be payable with so few.
        most: Units,
    },
    /// There is room, but no plan was found with so few parts.
    #[error("there is room, but it takes {parts} parts")]
    TooManyParts {
        /// How many parts the plan had that was found; two where that is only known to be the least.
        parts: u32,
    },
    /// It can be paid, but the payer would have to give more than it is ready to.
    #[error("it can be paid, but the payer has to give {least}")]
    TooCostly {
        /// The least that was found to be needed from the payer.
        least: Units,
        /// What is needed at least, whatever the plan, as [`Plan::at_least`](super::Plan::at_least).
        at_least: Units,
    },
}

fn place(cut: Option<&Cut>) -> String {
    cut.map_or_else(String::new, |cut| format!("; the limit is {}", cut.limit))
}
