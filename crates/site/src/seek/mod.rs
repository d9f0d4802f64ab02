//! Searches without a map (protocol §7, "Discovery"): how this site finds ways for its users' payments to other sites,
//! and helps other sites find theirs. What is done with a question is decided in `clearing::Seeker`, which is pure.
//!
//! * `state.rs` all that is remembered: the machine, the copy of the graph that it reads (`mirror.rs`), who waits;
//!   `turn.rs` one step of it, one at a time, off the runtime's workers, `waits.rs` who waits for that;
//! * `hear.rs` what other sites say, and what time ends; `find.rs` what users here look for, and the payee's end;
//! * `planned.rs` a plan by the names of its tallies; `referees.rs` who may decide; `steady.rs` the machine's clock;
//!   `counts.rs` what an administrator sees; `meet.rs` links that ask for a payment, by which both ends search.
//!
//! Nothing of it is kept: after a restart, searches under way are lost, and whoever still wants a way asks again.

mod counts;
mod find;
mod hear;
mod meet;
mod mirror;
mod planned;
mod referees;
mod state;
mod steady;
mod turn;
mod waits;

pub use counts::SearchCounts;
pub(crate) use meet::Met;
pub use meet::{Hint, MAX_MET, MAX_MET_OF_ONE, MAX_MET_OF_ONE_AGENT};
pub use planned::Planned;
pub(crate) use state::Seeking;
pub use waits::MAX_SEARCHES_WAITING;
