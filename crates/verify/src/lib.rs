//! Exhaustive checking: worlds of a few participants around the shipping state machines, explored whole.
//!
//! A [`Model`] is explored by [`explore()`]: every state that can be reached is seen once, whatever must always
//! hold is asked in each, and whether every fair run ends is asked of all of them together ([`liveness`]). A
//! [`Scenario`] is a model with a name and what is expected of it; [`scenarios`] are those that `mychips verify`
//! runs. No file here repeats a rule of the protocol: the machines are those of the crate `protocol`, run once for
//! each different input ([`memo`]), with real keys and signatures.
//!
//! Nothing here reads a clock, a file or a terminal.

mod agreement;
pub mod explore;
mod graph;
mod joint;
pub mod liar;
mod lift;
pub mod liveness;
pub mod memo;
pub mod model;
mod negotiation;
mod parallel;
mod people;
pub mod queue;
pub mod report;
mod rooms;
pub mod scenario;
mod segments;
mod trace;
pub mod traps;

pub use explore::{Limits, Watch, explore};
pub use model::{Broken, Kind, Model};
pub use report::{Counts, Line, Report, Trace, Verdict};
pub use scenario::{Scenario, scenarios};
