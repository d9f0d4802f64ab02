//! Other ways to pay: the cheapest paths one after the other, each unlike those before.
//!
//! Yen's method of 1971 with Lawler's division of 1972, from the payee back: the next best path leaves one that is
//! known at one of its participants, agrees with it from there to the payee, and does not go on as any known one does.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Units;

use super::{Plan, Planner, Request, Unpaid};
use crate::path::{Back, Carried, Hops, Path, best, legs};

/// The most alternatives that are looked for.
pub const MOST_ALTERNATIVES: usize = 32;

/// A path as it is compared: what the payer gives, in milli-CHIPs, and its hops from the payee back.
type Way = (i64, usize, Vec<u32>);

impl Planner {
    /// Up to `number` different plans (at most [`MOST_ALTERNATIVES`]), by what the payer gives, then by the
    /// legs of the longest part, then by the number of parts.
    ///
    /// They are the plan that [`Planner::plan`] finds and the cheapest single paths; where nobody pays for
    /// being used, no single path that was left out is cheaper than one that is told.
    ///
    /// # Errors
    /// [`Unpaid`] where there is no plan at all.
    pub fn alternatives(
        &mut self,
        graph: &Hops,
        request: &Request,
        number: usize,
    ) -> Result<Vec<Plan>, Unpaid> {
        let number = number.min(MOST_ALTERNATIVES);
        let first = self.plan(graph, request)?;
        let mut plans = paths(graph, request, first.at_least, number);
        let way = |plan: &Plan| -> Vec<Vec<usize>> {
            let hops = |part: &Path| part.legs.iter().map(|leg| leg.hop).collect();
            plan.parts.iter().map(hops).collect()
        };
        if plans.iter().all(|plan| way(plan) != way(&first)) {
            plans.insert(0, first);
        }
        plans.sort_by_key(|plan| (plan.given(), plan.longest(), plan.parts.len()));
        plans.truncate(number);
        Ok(plans)
    }
}

/// The cheapest single paths within the limits.
fn paths(graph: &Hops, request: &Request, at_least: Units, number: usize) -> Vec<Plan> {
    let ends = [request.payee, request.payer];
    let among = |shut: BTreeSet<u32>, only: BTreeMap<u32, u32>| -> Option<(Way, bool)> {
        let carried = Carried::among(shut, only);
        let rule = Back { carried: &carried, ..Back::of(request.amount) };
        let found = best(graph, rule, ends, request.legs());
        let hops = found.hops?;
        let given = legs(graph, &hops, &Back::of(request.amount))?.first()?.units;
        let within = given <= request.most_given;
        within.then_some(((given.milli(), hops.len(), hops), found.proved))
    };
    let (mut told, mut waiting): (Vec<Way>, BTreeSet<Way>) = (Vec::new(), BTreeSet::new());
    let first = among(BTreeSet::new(), BTreeMap::new());
    let proved = first.as_ref().is_some_and(|(_, proved)| *proved);
    waiting.extend(first.map(|(way, _)| way));
    while told.len() < number {
        let Some(way) = waiting.pop_first() else { break };
        let hops = way.2.clone();
        told.push(way);
        let mut only = BTreeMap::new();
        for (at, &hop) in hops.iter().enumerate() {
            let same = told.iter().filter(|(_, _, other)| other.get(..at) == hops.get(..at));
            let shut = same.filter_map(|(_, _, other)| other.get(at)).copied().collect();
            waiting.extend(among(shut, only.clone()).map(|(way, _)| way));
            only.insert(graph.hop(hop).taker, hop);
        }
    }
    let plan = |(at, (_, _, hops)): (usize, Way)| {
        let legs = legs(graph, &hops, &Back::of(request.amount))?;
        // That no path needs less is known of the first.
        Some(Plan { parts: vec![Path { legs, proved: at == 0 && proved }], at_least })
    };
    told.into_iter().enumerate().filter_map(plan).collect()
}
