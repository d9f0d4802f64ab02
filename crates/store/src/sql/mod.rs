//! The store over SQLite and PostgreSQL: one text of SQL for both, with few words of difference.
//!
//! `sqlite.rs`, `postgres.rs` connections and what is checked of them; `schema.rs` the numbered
//! schemas; `copy.rs` copies of a whole store; `conn.rs`, `value.rs`, `fault.rs` statements, cells and errors of both; `table.rs`, `tables.rs` how rows
//! lie in tables; `read.rs`, `write.rs`, `outbox.rs` what can be done.

mod case;
mod conn;
pub(crate) mod copy;
mod fault;
mod lift;
mod outbox;
pub(crate) mod postgres;
mod proof;
mod read;
mod schema;
pub(crate) mod sqlite;
mod table;
mod tables;
mod value;
mod write;

pub(crate) use self::conn::Hand;
pub use self::copy::Loaded;
pub use self::schema::SCHEMA;
pub(crate) use self::schema::words;
