//! An amount moved from one of somebody's tallies to another, at a price that it states.
//!
//! The one who asks for it pays itself: out over one tally, in over another. So it is planned as a
//! payment is, over as many ways as it needs, priced leg by leg with one rounding a tally, from where it
//! arrives back.

use protocol::Units;
use protocol::lading::Lading;
use thiserror::Error;

use super::split::Split;
use crate::{Hops, Plan, Planner, Unpaid};

/// What is to be moved from one tally of one participant to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The hop over which the participant lets go.
    pub out: usize,
    /// The hop over which it takes in.
    pub into: usize,
    /// What is to arrive, exactly; above zero.
    pub amount: Units,
    /// The most that it lets go beside that; below zero for one who would be paid for it.
    pub most_charges: Units,
}

/// Why nothing is moved from one's tallies to others of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoShift {
    /// A place is not below the number of hops.
    #[error("there is no hop {hop}")]
    UnknownHop {
        /// The place.
        hop: usize,
    },
    /// One hop does not leave the participant whom the other reaches.
    #[error("the two are not tallies of one participant, the first out of it, the second into it")]
    NotOnesOwn,
    /// Both are with the same partner: nothing would come round.
    #[error("both tallies are with the same partner")]
    OnePartner,
    /// There is no way round for so much. The payer and the payee are the one who asked.
    #[error("no way round: {0}")]
    NoWay(#[from] Unpaid),
    /// It costs more than was stated.
    #[error("the cheapest way costs {charges}, and at most {most} was stated")]
    TooDear {
        /// The charges of the cheapest way found.
        charges: Units,
        /// What was stated.
        most: Units,
    },
}

impl Planner {
    /// The cheapest plan that is found for a participant to have exactly an amount arrive over one of its
    /// tallies and let go what it takes for that over another, within the charges that it states.
    ///
    /// Every part begins and ends with that participant; nobody else is in a part twice. The
    /// participant's own clutch and reward are not charged. [`Plan::given`] less [`Plan::arrives`] is
    /// what it costs, below zero where others pay for it. Takes as long as copying the graph, besides
    /// the search.
    ///
    /// # Errors
    /// [`NoShift`] says why not.
    pub fn shift(&mut self, graph: &Hops, shift: &Shift) -> Result<Plan, NoShift> {
        let Shift { out, into, amount, most_charges } = *shift;
        let hop = |hop: usize| graph.list().get(hop).copied().ok_or(NoShift::UnknownHop { hop });
        let (first, last) = (hop(out)?, hop(into)?);
        if last.taker != first.giver {
            return Err(NoShift::NotOnesOwn);
        }
        if first.taker == last.giver {
            return Err(NoShift::OnePartner);
        }
        let open = |place: usize| place == out || place == into;
        let lading = |place, whole: &Lading| if open(place) { *whole } else { Lading::NONE };
        Split::new(graph, first.giver, lading)?.plan(self, amount, most_charges)
    }
}
