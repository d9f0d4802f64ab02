//! One lift among two, three or four sites, in a chain or around a circle, and a referee behind an interface: it
//! decides once, whatever was made possible first. How several referees agree is another model.
//!
//! Two lifts over one tally are in `rooms`, the referees' own machine beside the sites' in `joint`.
//!
//! The machine is `protocol::participant`, as it ships. `world.rs` says what may happen, `faults.rs` what may go
//! wrong, `liar.rs` what liars do, `lie.rs` every word that they can say, made of what they know (`contents.rs`), `audit.rs`
//! what must hold, `setting.rs` by what the scenarios differ. Where sites have several participants, `together.rs` is what
//! such a site does, `ends.rs` what is known where the lift begins and ends, and `ways.rs` the scenarios.

pub(crate) mod audit;
pub(crate) mod cast;
mod contents;
mod ends;
mod faults;
mod liar;
pub(crate) mod lie;
pub(crate) mod machine;
mod scenes;
pub(crate) mod setting;
mod together;
mod ways;
mod words;
mod world;

pub(crate) use scenes::scenarios;
