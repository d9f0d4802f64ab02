//! One lift among two, three or four sites, in a chain or around a circle, and a referee behind an interface: it
//! decides once, whatever was made possible first. How several referees agree is another model.
//!
//! Not here: rooms, so two lifts over one tally; the referee's own machine; records other than the true ones.
//!
//! The machine is `protocol::participant`, as it ships. `world.rs` says what may happen, `faults.rs` what may go
//! wrong, `liar.rs` what liars do, `audit.rs` what must hold, `setting.rs` by what the scenarios differ.

mod audit;
mod cast;
mod faults;
mod liar;
mod machine;
mod scenes;
mod setting;
mod words;
mod world;

pub(crate) use scenes::scenarios;
