//! Balancing: IOUs moved toward the targets of those who hold them, for nothing or at a price.
//!
//! Clearing uses debts only. Balancing may also let somebody hold more, as far as its target, and the
//! other owe it more, where both signed that this costs nothing: `free` finds circles of such legs.
//! One who wants more pays for it: `costed` finds the cheapest way to move an amount from one of its
//! own tallies to another, at charges that it states. Both obey the same signatures as a payment: no
//! leg exceeds what may move, nobody in the middle is left with less than its due (protocol §6).

mod costed;
mod free;

pub use costed::NoShift;
pub use free::{Balanced, MOST_BALANCE_LOOKS, Round};
