//! Simulated life on real sites: neighbours with habits, who buy from each other and owe each other,
//! through the very door that people use.
//!
//! * `market.rs` who is there and who buys what from whom: pure, from tables and dice;
//! * `town.rs` a market at a site: its users, their tallies, their purchases as signed chits;
//! * `net/` networks of sites under a virtual clock, where anything fails.

mod market;
pub mod net;
mod town;

pub use market::{Habit, Market, MarketError, Neighbour, Purchase};
pub use town::{Deal, Town, TownError};
