//! Agreement among referees: real machines on a bad network, with liars among them (`chaos.rs`,
//! `adversary.rs`), the classical traps (`traps.rs`), and how one of them behaves (`manners.rs`).

mod adversary;
mod chaos;
mod liar;
mod manners;
mod referee;
mod traps;
mod trial;
mod world;
