//! What is kept, as types. Texts are opaque to the store; dates are milliseconds in UTC.

mod case;
mod event;
mod fit;
mod half;
mod invoice;
mod letter;
mod lift;
mod link;
mod part;
mod payment;
mod proof;
mod site;
mod user;

pub use case::{Case, CaseCount, CaseCounts};
pub use event::{Audience, CommandResult, Event, NewEvent};
pub(crate) use fit::{Fit, Setting, fit, which};
pub use half::{Derived, Half, HalfFilter, HalfId, HalfRow, Negotiation, NewHalf, Restored};
pub use invoice::InvoiceRow;
pub use letter::{Claim, Letter, LetterId, NewLetter, Whom};
pub use lift::{LegAt, LegSum, Lift, LiftLeg};
pub use link::LinkRow;
pub use part::LiftPart;
pub use payment::Payment;
pub use proof::Proof;
pub use site::{Contract, Founded, Invite, Meta, Totals, Word};
pub(crate) use user::word;
pub use user::{User, UserKind, UserStatus};

/// A number that the store gave out: a type of its own for each kind of row.
macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// From its number.
            #[must_use]
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// Its number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
pub(crate) use number_type;
