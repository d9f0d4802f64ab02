//! What may move: the graph of debts, the largest circulation in it, its proof, its circles; and the cheapest
//! path for a payment.
//!
//! Pure and deterministic: the same graph gives the same answer on every machine.

mod amount;
mod certificate;
mod circles;
mod circulation;
mod debt;
mod distance;
mod network;
mod pairs;
mod path;
mod pay;
mod push;
mod search;
mod support;

pub use certificate::{CertificateFault, Proof, verify};
pub use circles::{Circle, MAX_TOLD_MEMBERS, circles};
pub use circulation::{Circulation, best_circulation};
pub use debt::{Debt, GraphError};
pub use path::{
    Hop, Hops, HopsError, LONGEST_PATH, Leg, Limit, MOST_LABELS, MOST_LOOKS, MOST_NAMED, NoPath,
    Path, Share,
};
pub use pay::{Cut, MOST_ALTERNATIVES, MOST_PARTS, Payable, Plan, Planner, Request, Unpaid};
