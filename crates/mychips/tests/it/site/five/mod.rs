//! Five sites in a row of partners: Ann, Bob, Cat and Dan, each at a site of its own, and a fifth that decides their lifts.
//! `row.rs` sets them up; `paid.rs` one payment and what everybody sees of it, `disk.rs` what is on their disks then, `linked.rs`
//! one that its payee asked for by a link, and one that nobody decides; `killed.rs` many while sites are killed, `together.rs`
//! payments that four decide; `undone.rs` one that two sites lose; `watched.rs` one that its payer watches, and one that is refused.

mod clients;
mod disk;
mod killed;
mod linked;
mod paid;
mod row;
mod together;
mod undone;
mod watched;
