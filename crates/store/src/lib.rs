//! What a site keeps: one interface, three implementations (memory, SQLite, PostgreSQL).
//!
//! The store keeps rows and knows no rule of the protocol. Whoever decides something loads rows in
//! a transaction ([`Store::begin`]), decides, and commits rows, letters to send ([`NewLetter`]) and
//! events to show ([`NewEvent`]) together, or not at all ([`Tx::commit`]). Reading alone
//! ([`Store::read`]) waits for no writer and makes none wait.
//!
//! * `rows/` what is kept, as types; `view.rs` what can be asked; `tx.rs` what can be changed;
//! * `marks.rs` what becomes of letters on their way, which need not wait for the disk;
//! * `store.rs` opening, closing, checking, backup; `error.rs` what can go wrong, and what to do;
//! * `memory/` the implementation for simulation; `sql/` that over SQLite and PostgreSQL, its
//!   numbered schemas in `schema/`; `dictionary/` the words that people see for tables and columns;
//! * `testing.rs` (feature `testing`) a private PostgreSQL cluster for tests.

mod error;
mod marks;
mod memory;
mod rows;
mod sql;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod view;

pub use error::{Kind, StoreError};
pub use marks::Marks;
pub use rows::{
    Audience, Case, CaseCount, CaseCounts, Claim, CommandResult, Contract, Derived, Event, Founded,
    Half, HalfFilter, HalfId, HalfRow, Invite, InvoiceRow, LegAt, LegSum, Letter, LetterId, Lift,
    LiftLeg, LiftPart, LinkRow, Meta, Negotiation, NewEvent, NewHalf, NewLetter, Payment, Proof,
    Restored, Totals, User, UserKind, UserStatus, Whom, Word,
};
pub use sql::{Loaded, SCHEMA};
pub use store::{Place, Store, StoreKind};
pub use tx::{Committed, Tx};
pub use view::View;
