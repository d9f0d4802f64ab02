//! Lifts inside this site: what can be cleared (`plan.rs`), how a lift is made and written into all
//! its halves at once (`clear.rs`, `bare.rs`), what proves its chits afterwards (`proof.rs`), what may
//! be seen of it (`read.rs`), and when the site clears by itself (`tend.rs`).

mod bare;
mod clear;
mod plan;
mod proof;
mod read;
mod tend;

pub use clear::Cleared;
pub(crate) use proof::{Proven, check_all, faults};
pub use read::{LegLine, LiftFound, LiftLine};
pub(crate) use tend::Tending;
pub use tend::{Schedule, Tended};
