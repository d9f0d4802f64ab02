//! Agreement among referees: real machines on a bad network, with liars among them (`chaos.rs`), and
//! the classical traps (`traps.rs`).

mod chaos;
mod liar;
mod manners;
mod referee;
mod traps;
mod world;
