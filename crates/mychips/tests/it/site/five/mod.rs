//! Five sites in a row of partners: Ann, Bob, Cat and Dan, each at a site of its own, and a fifth that decides their lifts.
//! `row.rs` sets them up; `paid.rs` one payment and what everybody sees of it, `killed.rs` many while sites are killed.

mod clients;
mod killed;
mod paid;
mod row;
