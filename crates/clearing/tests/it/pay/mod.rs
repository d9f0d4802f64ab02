//! Payments: the largest flow and its cut, exact plans of several parts, other ways, limits.

mod alternatives;
mod check;
mod flow;
mod least;
mod limits;
mod payable;
mod plans;
mod stories;
