//! The conformance suite: what every store must do, asked of memory, SQLite and PostgreSQL alike;
//! then what is special to each.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod places;
mod world;

mod alike;
mod cases;
mod chain;
mod copies;
mod crash;
mod events;
mod halves;
mod isolation;
mod keepsakes;
mod marks;
mod opening;
mod outbox;
mod postgres;
mod proofs;
mod users;
mod views;
