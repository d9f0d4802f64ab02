//! Agents that talk: real sockets on this machine's loopback, real keys, and peers that misbehave.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod crowd;
mod dead;
mod ends;
mod faults;
mod hello;
mod line;
mod moves;
mod names;
mod notes;
mod relays;
mod rough;
mod rules;
mod sites;
mod versions;
