//! Payments where somebody charges: part upon part, each priced on top of what moves already.
//!
//! What comes in over a tally leaves its taker what all that moved before left it, and what this part needs; so the
//! charge on each tally is that for the sum, rounded once, and the parts together leave everybody whole because each
//! does. Which parts are the best is not searched through: several ways of dividing are tried, and the cheapest is taken.

use protocol::Units;

use super::flow::{Flow, Rooms};
use super::parts::units;
use super::{Cut, Payable, Plan, Planner, Request, Unpaid};
use crate::path::{
    Back, Carried, Hops, LONGEST_PATH, Leg, Limit, NOTHING, On, Path, best, declined, legs, moves,
};

/// Into how many pieces an amount is divided, each of which takes the path that is the cheapest then.
const PIECES: i64 = 4;

/// The cheapest of several plans; `free` is the one for which nobody charges, if there is one.
pub(super) fn plan(
    planner: &mut Planner,
    graph: &Hops,
    request: &Request,
    free: Result<Plan, Unpaid>,
) -> Result<Plan, Unpaid> {
    let amount = request.amount;
    let found = best(graph, Back::of(amount), [request.payee, request.payer], request.legs());
    let one = found.hops.and_then(|hops| legs(graph, &hops, &Back::of(amount)));
    let mut most = 0;
    // Where a search was given up, the one for the widest path may have a way.
    let one = one.or_else(|| {
        let wide = widest_alone(graph, request)?;
        most = wide.1;
        legs(graph, &wide.0, &Back::of(amount)).filter(|_| !found.proved)
    });
    let one = one.map(|legs| vec![Path { legs, proved: found.proved }]);
    let one_is_all = request.parts <= 1 && found.proved;
    let mut plans: Vec<Vec<Path>> = one.into_iter().collect();
    plans.extend(free.ok().map(|plan| plan.parts));
    if request.parts > 1 {
        let gratis = planner.gratis(graph, request);
        let pieces = units((amount.milli() - 1) / PIECES + 1);
        // The cheapest path is no dearer than the widest first, so that is only for where there is none.
        let ways = [(gratis, amount), (Vec::new(), pieces), (Vec::new(), amount)];
        let number = if plans.is_empty() { 3 } else { 2 };
        for (parts, piece) in ways.into_iter().take(number) {
            let best = plans.iter().map(|parts| given(parts)).min();
            let laid = lay(graph, request, parts, piece, best);
            most = most.max(laid.arrives);
            plans.extend((laid.arrives == amount.milli()).then_some(laid.parts));
        }
    }
    let few = |parts: &[Path]| u32::try_from(parts.len()).unwrap_or(u32::MAX);
    let number = plans.iter().map(|parts| few(parts)).min();
    plans.retain(|parts| few(parts) <= request.parts.max(1));
    let Some(parts) = plans.into_iter().min_by_key(|parts| (given(parts), parts.len())) else {
        return Err(match number {
            Some(parts) => Unpaid::TooManyParts { parts },
            None => planner.too_little(graph, request, most.min(amount.milli() - 1), one_is_all),
        });
    };
    let given = given(&parts);
    let proved = one_is_all || (!graph.gifts() && given == i128::from(amount.milli()));
    if given > i128::from(request.most_given.milli()) {
        let least = i64::try_from(given).map_or(Units::MAX, units);
        return Err(Unpaid::TooCostly { least, proved });
    }
    Ok(Plan { parts, proved })
}

/// The most that was found to be payable.
pub(super) fn most(planner: &mut Planner, graph: &Hops, request: &Request) -> Payable {
    let laid = lay(graph, request, Vec::new(), Units::MAX, None).arrives;
    let alone = widest_alone(graph, request).map_or(0, |(_, most)| most);
    let most = laid.max(alone);
    let (cut, room) = planner.bound(graph, request, Units::MAX);
    let proved = !graph.gifts() && room == most;
    Payable { most: units(most), cut: cut.filter(|_| proved || room > most), proved }
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

    /// A bound for what can be paid, however little is charged: the room, and where it ends.
    ///
    /// Where some pay for being used, more may go out of them than comes in; then only the payee's own tallies
    /// are a bound.
    fn bound(&mut self, graph: &Hops, request: &Request, goal: Units) -> (Option<Cut>, i64) {
        let mut flow = Flow::new(request.payer, request.payee, Rooms::All);
        let cut = self.fill(graph, &mut flow, goal.milli());
        (cut.filter(|cut| !graph.gifts() || cut.limit == Limit::Payee), flow.amount)
    }

    fn too_little(&mut self, graph: &Hops, request: &Request, most: i64, sure: bool) -> Unpaid {
        let (cut, room) = self.bound(graph, request, request.amount);
        if cut.is_none() && (request.parts <= 1 || request.legs() < LONGEST_PATH) {
            return if request.parts <= 1 && sure && request.legs() == LONGEST_PATH {
                Unpaid::TooManyParts { parts: 2 }
            } else {
                Unpaid::TooLong { most: units(most) }
            };
        }
        let proved = !graph.gifts() && cut.is_some() && room == most;
        Unpaid::TooLittle { most: units(most), cut, proved }
    }
}

/// The widest single path with all gifts, its hops from the payee back, and what it brings.
fn widest_alone(graph: &Hops, request: &Request) -> Option<(Vec<u32>, i64)> {
    let rule = On { carried: &NOTHING, gifts: true };
    let mut hops = best(graph, rule, [request.payer, request.payee], request.legs()).hops?;
    let most = moves(&rule, graph, &hops)?.last().copied()?;
    hops.reverse();
    Some((hops, most.milli()))
}

/// Parts, one upon the other.
struct Laid {
    parts: Vec<Path>,
    /// How much arrives by them, in milli-CHIPs.
    arrives: i64,
}

/// What the payer gives, in milli-CHIPs.
fn given(parts: &[Path]) -> i128 {
    parts.iter().map(|part| i128::from(part.given().milli())).sum()
}

/// Lays part upon part, each the cheapest for `piece` or what is left, or where there is none the widest.
/// Gifts are only taken where they lie on the way. Gives up when it is not cheaper than what is known.
fn lay(
    graph: &Hops,
    request: &Request,
    parts: Vec<Path>,
    piece: Units,
    known: Option<i128>,
) -> Laid {
    let mut carried = Carried::default();
    parts.iter().for_each(|part| carried.add(graph, &part.legs));
    let arrives = parts.iter().map(|part| part.arrives().milli()).sum();
    let mut laid = Laid { parts, arrives };
    for _ in 0..request.parts.saturating_add(8).min(2 * super::MOST_PARTS) {
        let left = request.amount.milli() - laid.arrives;
        if left == 0 || known.is_some_and(|known| given(&laid.parts) >= known) {
            break;
        }
        let next = cheapest(graph, request, &carried, piece.min(units(left)));
        let next = next.or_else(|| widest(graph, request, &carried, units(left)));
        let Some(legs) = next else { break };
        carried.add(graph, &legs);
        laid.add(legs);
    }
    laid
}

impl Laid {
    /// One more part, or more of one over the same hops.
    fn add(&mut self, legs: Vec<Leg>) {
        self.arrives += legs.last().map_or(0, |leg| leg.units.milli());
        let hops = |legs: &[Leg]| legs.iter().map(|leg| leg.hop).collect::<Vec<_>>();
        let way = hops(&legs);
        let Some(part) = self.parts.iter_mut().find(|part| hops(&part.legs) == way) else {
            self.parts.push(Path { legs, proved: false });
            return;
        };
        for (leg, more) in part.legs.iter_mut().zip(legs) {
            // Both fit into the room of the hop together.
            leg.units = leg.units.plus(more.units).unwrap_or(Units::MAX);
        }
    }
}

fn cheapest(graph: &Hops, request: &Request, carried: &Carried, amount: Units) -> Option<Vec<Leg>> {
    let rule = Back { carried, ..Back::of(amount) };
    let hops = declined(graph, rule, [request.payee, request.payer], request.legs())?;
    legs(graph, &hops, &rule)
}

fn widest(graph: &Hops, request: &Request, carried: &Carried, left: Units) -> Option<Vec<Leg>> {
    let rule = On { carried, gifts: true };
    let mut hops = declined(graph, rule, [request.payer, request.payee], request.legs())?;
    let most = moves(&rule, graph, &hops)?.last().copied()?;
    hops.reverse();
    legs(graph, &hops, &Back { carried, ..Back::of(most.min(left)) })
}
