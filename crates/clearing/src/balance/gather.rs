//! One's own tallies brought to their targets: from where one holds too much to where one wants more.

use protocol::Units;

use super::costed::NoShift;
use super::split::Split;
use crate::{Hops, Plan, Planner, Unpaid};

/// How many plans are tried for the most that can be moved, each but the first halving what it may be:
/// it is found to within a 30,000th of what there is room for.
const TRIES: u32 = 16;

/// What somebody asks for, to come nearer to its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Who asks, and pays for it.
    pub who: u32,
    /// What is to arrive, exactly, above zero. None: as much as can be.
    pub amount: Option<Units>,
    /// The most that it lets go beside what arrives; below zero for one who would be paid for it.
    pub most_charges: Units,
}

impl Planner {
    /// The cheapest plan that is found to move an amount from the tallies on which somebody holds more
    /// than its target to those on which it holds less, any of them, within the charges that it states.
    ///
    /// No more goes out over a tally than is above its target ([`Lading::spare`]), and no more comes in
    /// than is missing ([`Lading::free`]): its balances come nearer by what it lets go and by what
    /// arrives. Otherwise as [`Planner::shift`]. Where as much as can be is asked for, it is what
    /// [`Planner::max_payable`] finds, which is the most where nobody charges; or, where that costs too
    /// much or has too many legs or parts, what up to 16 plans find by halving.
    ///
    /// [`Lading::spare`]: protocol::lading::Lading::spare
    /// [`Lading::free`]: protocol::lading::Lading::free
    ///
    /// # Errors
    /// [`NoShift`] says why not, for the amount or, where it was left open, for the least that was tried.
    pub fn gather(&mut self, graph: &Hops, gather: &Gather) -> Result<Plan, NoShift> {
        let Gather { who, amount, most_charges } = *gather;
        if who >= graph.participants() {
            return Err(Unpaid::Unknown { participant: who }.into());
        }
        let split = Split::new(graph, who, |place, whole| {
            let leaves = graph.list()[place].giver == who;
            whole.up_to(if leaves { whole.spare() } else { whole.free() })
        })?;
        match amount {
            Some(amount) => split.plan(self, amount, most_charges),
            None => most(self, &split, most_charges),
        }
    }
}

/// The plan for the largest amount for which one is found: all for which there is room, else by halving.
fn most(planner: &mut Planner, split: &Split, most_charges: Units) -> Result<Plan, NoShift> {
    let mut amount = split.most(planner)?.max(Units::SMALLEST);
    let mut found = split.plan(planner, amount, most_charges);
    if found.is_ok() {
        return found;
    }
    let (mut can, mut cannot) = (0, amount.milli());
    for _ in 1..TRIES {
        let middle = i64::midpoint(can, cannot);
        if middle == can {
            break;
        }
        amount = Units::new(middle).unwrap_or(Units::SMALLEST);
        let next = split.plan(planner, amount, most_charges);
        if next.is_ok() {
            can = middle;
        } else {
            cannot = middle;
        }
        if next.is_ok() || found.is_err() {
            found = next;
        }
    }
    found
}
