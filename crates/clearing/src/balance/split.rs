//! The graph in which one who pays itself does not meet itself: it gives as before, and takes as one more.

use protocol::Units;
use protocol::lading::Lading;

use super::costed::NoShift;
use crate::path::{Beside, Way};
use crate::{Hop, Hops, Plan, Planner, Request, Unpaid};

pub(super) struct Split {
    graph: Hops,
    who: u32,
    arrival: u32,
}

impl Split {
    /// What may move over a hop out of `who` or into it is for `lading` to say, by its place.
    pub(super) fn new(
        graph: &Hops,
        who: u32,
        lading: impl Fn(usize, &Lading) -> Lading,
    ) -> Result<Self, NoShift> {
        let mut graph = graph.clone();
        // Only the number of participants can be too large: then there is no room for one more.
        let participant = graph.participants();
        let arrival = graph.join().map_err(|_| Unpaid::Unknown { participant })?;
        for way in [Way::On, Way::Back] {
            let places: Vec<u32> =
                graph.beside(way, who).iter().map(|Beside { place, .. }| *place).collect();
            for place in places {
                let Hop { giver, taker, lading: whole } = *graph.hop(place);
                let taker = if way == Way::On { taker } else { arrival };
                let place = place as usize;
                let put = graph.put(place, Hop { giver, taker, lading: lading(place, &whole) });
                assert_eq!(put, Ok(()), "a hop of the graph");
            }
        }
        Ok(Self { graph, who, arrival })
    }

    /// The most that can come round, charges or not, as far as it was found.
    pub(super) fn most(&self, planner: &mut Planner) -> Result<Units, NoShift> {
        Ok(planner.max_payable(&self.graph, self.who, self.arrival)?.most)
    }

    /// The cheapest plan for exactly `amount` to come round, for at most `most_charges`.
    pub(super) fn plan(
        &self,
        planner: &mut Planner,
        amount: Units,
        most_charges: Units,
    ) -> Result<Plan, NoShift> {
        let most_given = amount.milli() + most_charges.milli();
        let most_given = Units::new(most_given).unwrap_or(Units::MAX);
        let request = Request { most_given, ..Request::new(self.who, self.arrival, amount) };
        let mut plan = match planner.plan(&self.graph, &request) {
            Ok(plan) => plan,
            Err(Unpaid::TooCostly { least, .. }) => {
                // Two amounts above zero differ by an amount.
                let charges = Units::new(least.milli() - amount.milli()).unwrap_or(Units::MAX);
                return Err(NoShift::TooDear { charges, most: most_charges });
            }
            Err(why) => return Err(why.into()),
        };
        for part in &mut plan.parts {
            if let Some(leg) = part.legs.last_mut() {
                leg.taker = self.who;
            }
        }
        Ok(plan)
    }
}
