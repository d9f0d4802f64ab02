//! How much can be paid at all, and the hops that say so: a smallest cut (Ford and Fulkerson 1956).

use protocol::Units;

use super::flow::{Flow, Rooms};
use super::parts::units;
use super::reach::Found;
use super::{Planner, Request, Unpaid};
use crate::path::{Beside, Hops, Limit, Way};

/// Hops that every way from the payer to the payee goes over, with the least room in all: for more to
/// arrive, one of them has to get more room. Where somebody charges they are full, or
/// lead to one who charges all of it, and more can also arrive where less is charged behind them.
///
/// There may be several smallest cuts. Told is the payee's own tallies where they are one; otherwise the payer's own where
/// they are one; otherwise the one nearest to the end from which the search could go no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where they are.
    pub limit: Limit,
    /// Their places in the list, ascending. Empty where no room at all leads there. Where nobody charges, their
    /// [`Lading::most`](protocol::lading::Lading::most) add up to the most that can be paid.
    pub hops: Vec<usize>,
}

/// How much can be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payable {
    /// The most that can arrive at this moment, over any number of paths of any length.
    pub most: Units,
    /// Where the room ends; none where there is more than a record can hold ([`Units::MAX`]), or where charges eat
    /// up what the room would carry.
    pub cut: Option<Cut>,
    /// Whether it is known that no more can arrive: always, where nobody charges; elsewhere, where it
    /// is all that could arrive without rounding.
    pub proved: bool,
}

impl Planner {
    /// The most that can be paid at this moment: the largest flow from payer to payee.
    ///
    /// It counts ways of any length and any number of parts; a plan for all of it may need more legs than
    /// one may have. Where somebody charges, it is the most that was found.
    ///
    /// # Errors
    /// [`Unpaid::Unknown`], [`Unpaid::ToOneself`].
    pub fn max_payable(&mut self, graph: &Hops, payer: u32, payee: u32) -> Result<Payable, Unpaid> {
        let request = Request::new(payer, payee, Units::MAX);
        self.check(graph, &request)?;
        if graph.charges() {
            return Ok(super::charged::most(self, graph, &request));
        }
        let mut flow = Flow::new(payer, payee, Rooms::All);
        let cut = self.fill(graph, &mut flow, Units::MAX.milli());
        Ok(Payable { most: units(flow.amount), cut, proved: true })
    }

    /// Sends up to `goal`; where less is possible, says where the room ends.
    pub(super) fn fill(&mut self, graph: &Hops, flow: &mut Flow, goal: i64) -> Option<Cut> {
        let (from, to) = flow.ends();
        let ends = [(Way::Back, to, Limit::Payee), (Way::On, from, Limit::Payer)];
        let rooms = ends.map(|(way, v, _)| own_room(graph, flow, way, v));
        let within = rooms.into_iter().min().and_then(|room| i64::try_from(room).ok());
        let goal_there = within.map_or(goal, |within| within.min(goal));
        // No way meets anybody twice, so this is no limit.
        let end = flow.send(graph, &mut self.reach, goal_there, u32::MAX);
        if flow.amount >= goal {
            return None;
        }
        let own = ends.into_iter().zip(rooms).find(|(_, room)| *room == i128::from(flow.amount));
        let (limit, mut hops) = match own {
            Some(((way, v, limit), _)) => (limit, places(graph.beside(way, v).iter())),
            None => {
                let stuck = if let Some(Found::Stuck(way)) = end { way } else { Way::On };
                (Limit::Between, self.leaving(graph, stuck))
            }
        };
        hops.sort_unstable();
        Some(Cut { limit, hops })
    }

    /// The hops that lead out of what the search saw from one end.
    fn leaving(&self, graph: &Hops, way: Way) -> Vec<usize> {
        let (seen, is_seen) = self.reach.seen(way);
        let beside = seen.iter().flat_map(|&v| graph.beside(way, v));
        places(beside.filter(|beside| !is_seen(beside.far)))
    }
}

fn own_room(graph: &Hops, flow: &Flow, way: Way, v: u32) -> i128 {
    graph.beside(way, v).iter().map(|beside| i128::from(flow.room(graph, way, v, beside))).sum()
}

fn places<'a>(beside: impl Iterator<Item = &'a Beside>) -> Vec<usize> {
    beside.map(|beside| beside.place as usize).collect()
}
