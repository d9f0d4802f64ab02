//! Lifts inside this site.
//!
//! * `hands.rs` the halves that a transaction has locked, and how a lift is decided and written into
//!   them (`bare.rs`);
//! * clearing: `plan.rs` what can be cleared, `clear.rs` doing it, `tend.rs` when the site does it by
//!   itself, with `standing.rs`, which holds what can be cleared while debts change;
//! * payments: `graph.rs` and `map.rs` (`own.rs`) the tallies that are remembered for them, `border.rs` those with users
//!   of other sites, `mirrored.rs` what a copy of them has to hear for searches (`crate::seek`), `route.rs` what one
//!   would cost, `pay.rs` what is asked, `line.rs` who waits, `make.rs` making it, `judge.rs` whether it
//!   may be written, `told.rs` who is told what;
//! * `part.rs` and `read.rs` what may be seen of lifts, `by.rs` what allowed them, `proof.rs` and `verify.rs` what proves them.

mod aside;
mod bare;
mod border;
mod by;
mod clear;
mod graph;
mod hands;
mod judge;
mod line;
mod make;
mod map;
mod mirrored;
mod own;
mod part;
mod pay;
mod plan;
mod proof;
mod read;
mod route;
mod standing;
mod tend;
pub(crate) mod told;
mod verify;

pub(crate) use aside::aside;
pub(crate) use border::Gate;
pub use border::MAX_GATES;
pub use by::{AllowedBy, SignedPayment, SignedSettings};
pub use clear::Cleared;
pub use graph::MAX_TALLIES;
pub(crate) use line::Line;
pub use line::MAX_PAYMENTS_WAITING;
pub(crate) use map::Map;
pub(crate) use mirrored::{Changes, MirroredTie};
pub use part::{Part, PaymentPart};
pub use pay::Paid;
pub(crate) use proof::{Proven, check_all, faults, proof_on};
pub use read::{LegLine, LiftFound, LiftLine};
pub(crate) use route::may_be_paid;
pub use route::{Most, Quote, Route, ShareOf, WhyNot};
pub(crate) use tend::Tending;
pub use tend::{Schedule, Tended};
