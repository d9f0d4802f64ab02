//! Balancing: IOUs moved toward the targets of those who hold them, for nothing or at a price.
//!
//! Clearing uses debts only. Balancing may also let somebody hold more, as far as its target, and the
//! other owe it more, where both signed that this costs nothing: `free` says how much may move so,
//! `largest` finds the circulation of it that takes holders nearest to their targets, `rounds` takes
//! that apart into circles, `certificate` checks it; `short` takes short circles one after the other.
//! One who wants more pays for it: `costed` finds the cheapest way to move an amount from one of its
//! own tallies to another, `gather` from all where it holds too much to all where it wants more, at
//! charges that it states; `split` lets it pay itself. All obey the same signatures as a payment: no
//! leg exceeds what may move, nobody in the middle is left with less than its due (protocol §6).

mod certificate;
mod components;
mod costed;
mod free;
mod gather;
mod largest;
mod rounds;
mod short;
mod split;

pub use certificate::{BalanceFault, BalanceProof, verify_balanced};
pub use costed::{NoShift, Shift};
pub use free::{BalanceLimits, Balanced, MOST_BALANCE_LOOKS, Round};
pub use gather::Gather;
