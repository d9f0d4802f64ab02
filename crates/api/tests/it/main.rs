//! What a site answers over HTTP: real sockets, a store in memory.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod any_body;
mod limits;
mod reads;
mod refusals;
mod town;
