//! Two lifts at once that share tallies with little room, and what else takes room: payments and invoices.
//!
//! The machines are `protocol::participant` and `protocol::ledger`, as they ship; each lift has a referee behind an
//! interface, as in `lift`, whose cast and participants these are. What a half of a tally has room for is the ledger's
//! own rule. `world.rs` says what may happen, `faults.rs` what may go wrong, `halves.rs` keeps the ledgers, `audit.rs` says what
//! must hold, `setting.rs` by what the scenarios differ.

mod audit;
mod cast;
mod faults;
mod halves;
mod places;
mod scenes;
mod setting;
mod words;
mod world;

pub(crate) use scenes::scenarios;
