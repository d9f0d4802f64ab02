//! Two users negotiate a tally: Suzie invites, Bob answers, each at a site of its own.
//!
//! The machine is `protocol::negotiation`, as it ships. `world.rs` says what may happen, `audit.rs` what must hold,
//! `setting.rs` by what the scenarios differ. In `liar.rs` Bob lies.

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
