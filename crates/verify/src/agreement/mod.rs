//! The referees of a lift agree: one of them, or four, of which one is dead or lies.
//!
//! The machine is `protocol::agreement`, as it ships. In `anytime.rs` anything that was said may arrive at any time,
//! which is asked what must never be; in `ends.rs` faults stop, which is asked whether all is decided.
//! `vocabulary.rs` has all that can be said, `audit.rs` what must hold, `setting.rs` by what the scenarios differ.

mod anytime;
mod audit;
mod ends;
mod machine;
mod scenes;
mod set;
mod setting;
mod tell;
mod views;
mod vocabulary;

pub(crate) use scenes::scenarios;
