//! What users of the set-off tool rely on: what is read, what is refused, what is written.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod files;
mod packed;
mod report;
mod result;
mod table;
mod trust;
