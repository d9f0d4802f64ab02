//! One's own tallies brought to their targets: from where one holds too much to where one wants more.

use protocol::Units;

use super::costed::NoShift;
use super::split::Split;
use crate::{Hops, Payable, Plan, Planner, Unpaid};

/// How many plans are tried for the most that can be moved: each but the first halves what it may be.
const TRIES: u32 = 40;

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
    /// arrives. Otherwise as [`Planner::shift`]. Where as much as can be is asked for, up to 40 plans are
    /// tried; where nobody charges, and neither the length of a path nor the number of parts is what
    /// limits it, it is the most.
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

/// The plan for the largest amount for which one is found, by halving.
fn most(planner: &mut Planner, split: &Split, most_charges: Units) -> Result<Plan, NoShift> {
    // What was found to have room first; then between what can be moved and the least that cannot.
    let Payable { most, proved, .. } = split.most(planner)?;
    let (mut can, most_of_all) = (0, if proved { most.milli() } else { split.room() });
    let (mut amount, mut cannot) = (most.max(Units::SMALLEST), most_of_all.max(1) + 1);
    let mut found = None;
    for _ in 0..TRIES {
        let next = split.plan(planner, amount, most_charges);
        if next.is_ok() {
            can = amount.milli();
        } else {
            cannot = amount.milli();
        }
        if next.is_ok() || !matches!(found, Some(Ok(_))) {
            found = Some(next);
        }
        let middle = i64::midpoint(can, cannot);
        if middle == can {
            break;
        }
        amount = Units::new(middle).unwrap_or(Units::MAX);
    }
    found.unwrap_or(Err(Unpaid::NothingToPay { amount }.into()))
}
