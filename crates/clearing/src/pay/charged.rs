//! Payments where somebody charges: the cheapest flow as if nothing were rounded, made whole.
//!
//! To the last milli-CHIP the least is as hard to find as which pipes to open where each costs something: a
//! charge that is rounded up costs the same for one unit as for many. So the flow without rounding is
//! taken, which is found fast and tells what no plan can beat; its ways are laid in whole milli-CHIPs, part
//! upon part, and `improve` wins back what rounding took. One path alone is found exactly, and taken where
//! it is cheaper.

use protocol::Units;

use super::flow::{Flow, Rooms};
use super::improve::improve;
use super::laid::{Laid, given, lay, lay_ways, widest_alone};
use super::parts::units;
use super::{Cut, Payable, Plan, Planner, Request, Unpaid};
use crate::lossy::{self, Lossy, MOST_WAYS, Prices, ways};
use crate::path::{Back, Hops, LONGEST_PATH, Limit, Path, Way, best, legs};

/// Into how many pieces an amount is divided where some pay for being used, each of which takes the path that
/// is the cheapest then.
const PIECES: i64 = 4;

/// The cheapest of several plans; `free` is the one for which nobody charges, if there is one.
pub(super) fn plan(
    planner: &mut Planner,
    graph: &Hops,
    request: &Request,
    free: Result<Plan, Unpaid>,
) -> Result<Plan, Unpaid> {
    let (amount, ends) = (request.amount, [request.payer, request.payee]);
    let mut found = Found::new(graph, request);
    let mut flow = Lossy::new(graph, ends);
    planner.prices.begin(&flow);
    if planner.prices.reached() {
        found.bound(lossy::least_given(graph, &planner.prices, ends, amount));
    }
    match free {
        Ok(plan) => found.offer(plan.parts),
        Err(Unpaid::TooManyParts { parts }) => found.fewest = Some(parts),
        Err(Unpaid::TooLong { most } | Unpaid::TooLittle { most, .. }) => found.most = most.milli(),
        Err(_) => {}
    }
    found.one_path(planner);
    if !found.is_best() && flow.fill(&mut planner.prices, amount.milli()) {
        found.bound(lossy::least_given(graph, &planner.prices, ends, amount));
    }
    if !found.is_best() {
        found.flow(&flow, &planner.prices);
    }
    if graph.gifts() && request.parts > 1 {
        found.pieces(planner);
    }
    // Over several tallies a payer might give more than an amount can be.
    let too_costly = found.given() > i128::from(request.most_given.milli());
    match found.plan() {
        Some(plan) if too_costly => {
            Err(Unpaid::TooCostly { least: plan.given(), at_least: plan.at_least })
        }
        Some(plan) => Ok(plan),
        None => Err(planner.refuse(&found, &flow)),
    }
}

/// What was found so far for a request.
struct Found<'a> {
    graph: &'a Hops,
    request: &'a Request,
    /// The cheapest plan within the limit on parts.
    best: Option<Vec<Path>>,
    /// What the payer gives at least.
    at_least: Units,
    /// The fewest parts of a plan beyond that limit.
    fewest: Option<u32>,
    /// The most that was seen to arrive, in milli-CHIPs.
    most: i64,
    /// Whether the cheapest single path is known.
    one_proved: bool,
}

impl<'a> Found<'a> {
    fn new(graph: &'a Hops, request: &'a Request) -> Self {
        let at_least = if graph.gifts() { Units::ZERO } else { request.amount };
        Self { graph, request, best: None, at_least, fewest: None, most: 0, one_proved: false }
    }

    fn bound(&mut self, at_least: Units) {
        self.at_least = self.at_least.max(at_least);
    }

    fn given(&self) -> i128 {
        self.best.as_ref().map_or(i128::MAX, |parts| given(parts))
    }

    fn is_best(&self) -> bool {
        self.given() <= i128::from(self.at_least.milli())
    }

    /// Takes a plan if it is cheaper than the one that is known, or as cheap in fewer parts.
    fn offer(&mut self, parts: Vec<Path>) {
        let number = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        if number > self.request.parts.max(1) {
            self.fewest = Some(self.fewest.map_or(number, |fewest| fewest.min(number)));
        } else if self
            .best
            .as_ref()
            .is_none_or(|best| (given(&parts), parts.len()) < (given(best), best.len()))
        {
            self.best = Some(parts);
        }
    }

    /// The cheapest single path, exactly.
    fn one_path(&mut self, planner: &Planner) {
        let Self { graph, request, .. } = *self;
        let amount = request.amount;
        if let Some(first) = planner.prices.first_way() {
            let short = first.len() <= request.legs() as usize;
            let legs = legs(graph, &first, &Back::of(amount)).filter(|_| short);
            legs.into_iter().for_each(|legs| self.offer(vec![Path { legs, proved: false }]));
        }
        if self.is_best() {
            return;
        }
        let one = self.best.as_ref().filter(|parts| parts.len() == 1);
        let below = one.and_then(|parts| i64::try_from(given(parts)).ok()).unwrap_or(i64::MAX);
        let prices = planner.prices.reached().then_some(&planner.prices);
        let rule = Back { prices, below, ..Back::of(amount) };
        let search = best(graph, rule, [request.payee, request.payer], request.legs());
        let hops = search.hops.or_else(|| {
            // Where the search was given up, the widest path may have a way.
            let (wide, most) = (!search.proved).then(|| widest_alone(graph, request))??;
            self.most = self.most.max(most);
            Some(wide)
        });
        let legs = hops.and_then(|hops| legs(graph, &hops, &Back::of(amount)));
        if let Some(legs) = legs {
            self.offer(vec![Path { legs, proved: false }]);
        }
        self.one_proved = search.proved;
        if request.parts <= 1 && search.proved {
            let given = i64::try_from(self.given()).map_or(Units::MAX, units);
            self.bound(given);
        }
    }

    /// The flow without rounding, in whole milli-CHIPs.
    fn flow(&mut self, flow: &Lossy<'_>, prices: &Prices) {
        let Self { graph, request, .. } = *self;
        let prices = Some(prices).filter(|prices| prices.know());
        let goal = request.amount.milli();
        let laid = of_flow(graph, request, prices, flow);
        self.most = self.most.max(laid.arrives);
        if laid.arrives == goal {
            self.offer(laid.parts);
        }
        if let Some(best) = self.best.clone() {
            self.offer(improve(graph, request, prices, best, self.at_least));
        }
    }

    /// Piece upon piece where some pay for being used, which the flow does not know.
    fn pieces(&mut self, planner: &mut Planner) {
        let Self { graph, request, .. } = *self;
        let gratis = planner.gratis(graph, request);
        let piece = units((request.amount.milli() - 1) / PIECES + 1);
        let ways = [(gratis, request.amount), (Vec::new(), piece), (Vec::new(), request.amount)];
        for (parts, piece) in ways {
            let known = self.best.as_ref().map(|parts| given(parts));
            let laid = lay(graph, request, None, parts, piece, known);
            self.most = self.most.max(laid.arrives);
            if laid.arrives == request.amount.milli() {
                self.offer(laid.parts);
            }
        }
    }

    fn plan(&mut self) -> Option<Plan> {
        let is_best = self.is_best();
        let mut parts = self.best.take()?;
        if let [one] = &mut parts[..] {
            one.proved |= is_best || self.one_proved;
        }
        Some(Plan { parts, at_least: self.at_least })
    }
}

/// The flow in whole milli-CHIPs, within the limits of the request, and what rounding and the limits left
/// of it laid over what is the cheapest then.
fn of_flow(graph: &Hops, request: &Request, prices: Option<&Prices>, flow: &Lossy<'_>) -> Laid {
    let number = (request.parts.max(1) as usize).min(MOST_WAYS);
    let laid = lay_ways(graph, request.amount.milli(), &ways(flow, request.legs(), number));
    lay(graph, request, prices, laid.parts, request.amount, None)
}

/// The most that was found to be payable.
pub(super) fn most(planner: &mut Planner, graph: &Hops, request: &Request) -> Payable {
    let mut flow = Lossy::new(graph, [request.payer, request.payee]);
    planner.prices.begin(&flow);
    let all = Units::MAX.milli();
    flow.fill(&mut planner.prices, all);
    let parts = lay_ways(graph, all, &ways(&flow, u32::MAX, MOST_WAYS)).parts;
    let laid = lay(graph, request, None, parts, Units::MAX, None).arrives;
    let alone = widest_alone(graph, request).map_or(0, |(_, most)| most);
    let mut gratis = Flow::new(request.payer, request.payee, Rooms::Gratis);
    planner.fill(graph, &mut gratis, all);
    let most = laid.max(alone).max(gratis.amount);
    let (cut, room) = planner.bound(graph, &flow, Units::MAX);
    let proved = room.milli() == most;
    Payable { most: units(most), cut, proved }
}

impl Planner {
    /// As many parts as nobody charges for, within the request's limits.
    fn gratis(&mut self, graph: &Hops, request: &Request) -> Vec<Path> {
        let mut flow = Flow::new(request.payer, request.payee, Rooms::Gratis);
        self.fill(graph, &mut flow, request.amount.milli());
        let amount = units(flow.amount);
        let parts = super::parts::split(graph, &Request { amount, ..*request }, &flow);
        parts.unwrap_or_default()
    }

    /// A bound for what can arrive at all, and where the room ends if that is below `goal`.
    ///
    /// Where some pay for being used, more may go out of them than comes in; then only the payee's own tallies
    /// are a bound.
    fn bound(&mut self, graph: &Hops, flow: &Lossy<'_>, goal: Units) -> (Option<Cut>, Units) {
        let ends @ [payer, payee] = flow.ends();
        if !graph.gifts() {
            if self.prices.reached() {
                return (None, Units::MAX);
            }
            let most = lossy::most_arriving(graph, &self.prices, ends);
            return (Some(self.full(graph, flow)).filter(|_| most < goal), most);
        }
        let mut flow = Flow::new(payer, payee, Rooms::All);
        let cut = self.fill(graph, &mut flow, goal.milli());
        match cut.filter(|cut| cut.limit == Limit::Payee) {
            Some(cut) => (Some(cut), units(flow.amount)),
            None => (None, Units::MAX),
        }
    }

    /// The hops that are full where the ways of a flow ended.
    fn full(&self, graph: &Hops, flow: &Lossy<'_>) -> Cut {
        let [payer, payee] = flow.ends();
        let own = [(Way::Back, payee, Limit::Payee), (Way::On, payer, Limit::Payer)];
        let places = |way, v| graph.beside(way, v).iter().map(|beside| beside.place);
        let is_full =
            |&(way, v, _): &(Way, u32, Limit)| places(way, v).all(|hop| flow.is_full(hop));
        let (limit, hops): (Limit, Vec<u32>) = match own.into_iter().find(is_full) {
            Some((way, v, limit)) => (limit, places(way, v).collect()),
            None => {
                let beside = self.prices.seen().iter().flat_map(|&v| graph.beside(Way::On, v));
                let out = beside.filter(|beside| !self.prices.is_seen(beside.far));
                (Limit::Between, out.map(|beside| beside.place).collect())
            }
        };
        let mut hops: Vec<usize> = hops.into_iter().map(|hop| hop as usize).collect();
        hops.sort_unstable();
        Cut { limit, hops }
    }

    /// Why nothing was found.
    fn refuse(&mut self, found: &Found<'_>, flow: &Lossy<'_>) -> Unpaid {
        let Found { graph, request, .. } = *found;
        if let Some(parts) = found.fewest {
            return Unpaid::TooManyParts { parts };
        }
        let most = units(found.most.min(request.amount.milli() - 1));
        let (cut, room) = self.bound(graph, flow, request.amount);
        if cut.is_some() {
            return Unpaid::TooLittle { most, cut, proved: room == most };
        }
        // There is room if nothing is rounded: which of the limits is in the way?
        let prices = Some(&self.prices).filter(|prices| prices.know());
        let any_parts = Request { parts: u32::MAX, ..*request };
        let any_legs = Request { longest: LONGEST_PATH, ..any_parts };
        let lay = |request| {
            let laid = of_flow(graph, request, prices, flow);
            (laid.arrives == request.amount.milli()).then_some(laid.parts)
        };
        if let Some(parts) = lay(&any_parts) {
            return Unpaid::TooManyParts { parts: u32::try_from(parts.len()).unwrap_or(u32::MAX) };
        }
        let longer = |way: &lossy::Way| way.hops.len() > LONGEST_PATH as usize;
        if (request.legs() < LONGEST_PATH && lay(&any_legs).is_some())
            || ways(flow, u32::MAX, MOST_WAYS).iter().any(longer)
        {
            return Unpaid::TooLong { most };
        }
        Unpaid::TooLittle { most, cut: None, proved: false }
    }
}
