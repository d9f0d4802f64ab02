//! One lift with its real referees: the sites' machines and the referees' in one world.
//!
//! The machines are `protocol::participant` and `protocol::referee`, which gathers evidence and agrees by
//! `protocol::agreement`, as they ship; certificates are those that the referees' machine makes. `bench.rs` runs the referees,
//! `world.rs` says what may happen, `faults.rs` what may go wrong, `audit.rs` what must hold, `setting.rs` by what the scenarios differ.

mod audit;
mod bench;
mod faults;
mod scenes;
mod setting;
mod words;
mod world;

pub(crate) use scenes::scenarios;
