//! What can be cleared: the graph of debts, the largest circulation in it, its proof, its circles.
//!
//! Pure and deterministic: the same debts give the same answer on every machine.

mod amount;
mod certificate;
mod circles;
mod circulation;
mod debt;
mod distance;
mod network;
mod pairs;
mod push;
mod search;
mod support;

pub use certificate::{CertificateFault, Proof, verify};
pub use circles::{Circle, circles};
pub use circulation::{Circulation, best_circulation};
pub use debt::{Debt, GraphError};
