//! What the crate promises.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod chance;
mod liars;
mod limits;
mod memos;
mod oracle;
mod protocols;
mod scenes;
mod table;
