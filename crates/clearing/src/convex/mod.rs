//! Circulations with the least sum of convex costs, and the prices that prove it.
//!
//! Each unit more on an edge costs as much as the one before or more; what it costs is told by
//! [`Costs`]. `scaling` solves it by cost scaling, `reprice` helps it, `exact` turns its prices, which
//! are right to within less than one, into whole ones that are right; `whole` holds the integers.

mod exact;
mod reprice;
mod scaling;
mod whole;

pub(crate) use scaling::{least, priced};
pub(crate) use whole::Whole;

/// What units cost: integers, never less for the next one of an edge than for the one before.
pub(crate) trait Costs {
    /// By how much epsilon, within which prices are right, shrinks each time: above one.
    const SHRINK: i64;

    /// No cost is farther from zero than this; at least one.
    fn largest(&self) -> i128;

    /// No number is farther from zero that is met while the costs of an edge of `most` are told.
    fn widest(&self, most: i128) -> i128;

    /// The cost of the `unit`-th unit, from 1 to `most`, of the edge at this place.
    fn cost<W: Whole>(&self, edge: usize, unit: W, most: W) -> W;

    /// How many units of the edge at this place, which has `most`, cost no more than `cost` each.
    fn units<W: Whole>(&self, edge: usize, cost: W, most: W) -> W;
}

/// An edge on which the flow is free from zero to `most`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) most: i128,
    pub(crate) flow: i128,
}
