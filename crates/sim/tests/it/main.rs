//! Tests of simulated life.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod lifts;
mod market;
mod net;
mod private;
mod town;

/// The sample world's tables.
const PEOPLE: &str = include_str!("../../../../samples/quernby/people.csv");
const DEBTS: &str = include_str!("../../../../samples/quernby/debts.csv");
