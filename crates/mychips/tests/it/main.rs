//! What `mychips` promises to people and scripts.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod clear;
mod docs;
mod messages;
mod out;
mod refusals;
mod run;
mod simulated;
mod site;
mod verified;
