//! Parts in whole milli-CHIPs, one upon the other, each priced on top of what moves already.
//!
//! What comes in over a tally leaves its taker what all that moved before left it, and what this part needs; so the
//! charge on each tally is that for the sum, rounded once, and the parts together leave everybody whole because each
//! does.

use protocol::Units;

use super::Request;
use super::parts::units;
use crate::lossy::{MOST_WAYS, Prices, Way};
use crate::path::{Back, Carried, Hops, Leg, NOTHING, On, Path, best, declined, legs, moves};

/// How often the search for a path goes farther around: from a 64th dearer than the least to half.
const AROUND: u32 = 6;

/// How often what no single path carries is halved before the widest path is taken, whatever it costs.
const HALVES: u32 = 6;

/// The widest single path with all gifts, its hops from the payee back, and what it brings.
pub(super) fn widest_alone(graph: &Hops, request: &Request) -> Option<(Vec<u32>, i64)> {
    let rule = On { carried: &NOTHING, gifts: true, most: Units::MAX };
    let mut hops = best(graph, rule, [request.payer, request.payee], request.legs()).hops?;
    let most = moves(&rule, graph, &hops)?.last().copied()?;
    hops.reverse();
    Some((hops, most.milli()))
}

/// Parts, one upon the other.
pub(super) struct Laid {
    pub(super) parts: Vec<Path>,
    /// How much arrives by them, in milli-CHIPs.
    pub(super) arrives: i64,
}

/// What the payer gives, in milli-CHIPs.
pub(super) fn given(parts: &[Path]) -> i128 {
    parts.iter().map(|part| i128::from(part.given().milli())).sum()
}

/// Lays these ways one after the other, each with as much of what is to arrive by it as fits, and what is
/// then left on the one on which it costs least.
pub(super) fn lay_ways(graph: &Hops, goal: i64, ways: &[Way]) -> Laid {
    let mut carried = Carried::default();
    let mut laid = Laid { parts: Vec::new(), arrives: 0 };
    for way in ways {
        let amount = way.arrives.min(goal - laid.arrives);
        let legs = along(graph, &carried, &way.hops, amount);
        laid.put(graph, &mut carried, legs);
    }
    while laid.arrives < goal {
        let more = |way: &Way| along(graph, &carried, &way.hops, goal - laid.arrives);
        // The most that arrives, for the least that is given.
        let worth = |legs: &Vec<Leg>| (-arriving(legs), legs.first().map(|leg| leg.units));
        let best = ways.iter().filter_map(more).min_by_key(worth);
        if best.is_none() {
            break;
        }
        laid.put(graph, &mut carried, best);
    }
    laid
}

/// The legs over these hops, from the payer on, by which so much arrives, or as much as fits.
fn along(graph: &Hops, carried: &Carried, hops: &[u32], amount: i64) -> Option<Vec<Leg>> {
    let is_open = |&hop: &u32| carried.is_open(graph.hop(hop).taker, hop);
    if amount <= 0 || !hops.iter().all(is_open) {
        return None;
    }
    let back: Vec<u32> = hops.iter().rev().copied().collect();
    let exactly = |amount| legs(graph, &back, &Back { carried, ..Back::of(units(amount)) });
    exactly(amount).or_else(|| {
        let most =
            moves(&On { carried, gifts: true, most: Units::MAX }, graph, hops)?.last()?.milli();
        exactly(most.min(amount))
    })
}

fn arriving(legs: &[Leg]) -> i64 {
    legs.last().map_or(0, |leg| leg.units.milli())
}

/// Lays part upon part, each the cheapest for `piece` or what is left, or where there is none the widest.
/// Gifts are only taken where they lie on the way. Gives up when it is not cheaper than what is known.
pub(super) fn lay(
    graph: &Hops,
    request: &Request,
    prices: Option<&Prices>,
    parts: Vec<Path>,
    piece: Units,
    known: Option<i128>,
) -> Laid {
    let mut carried = Carried::default();
    parts.iter().for_each(|part| carried.add(graph, &part.legs));
    let arrives = parts.iter().map(|part| part.arrives().milli()).sum();
    let mut laid = Laid { parts, arrives };
    for _ in 0..(request.parts as usize).saturating_add(8).min(2 * MOST_WAYS) {
        let left = request.amount.milli() - laid.arrives;
        if left <= 0 || known.is_some_and(|known| given(&laid.parts) >= known) {
            break;
        }
        let piece = piece.milli().min(left);
        // Half of what is too much for one path, and half of that, before it may be dear.
        let pieces = (0..HALVES).map(|half| units((piece >> half).max(1)));
        let next =
            pieces.filter_map(|piece| cheapest(graph, request, prices, &carried, piece)).next();
        let next = next.or_else(|| widest(graph, request, &carried, units(left)));
        let Some(legs) = next else { break };
        carried.add(graph, &legs);
        laid.add(legs);
    }
    laid
}

impl Laid {
    fn put(&mut self, graph: &Hops, carried: &mut Carried, legs: Option<Vec<Leg>>) {
        if let Some(legs) = legs {
            carried.add(graph, &legs);
            self.add(legs);
        }
    }

    /// One more part, or more of one over the same hops.
    fn add(&mut self, legs: Vec<Leg>) {
        self.arrives += arriving(&legs);
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

/// The cheapest path besides what moves already. With prices it is looked for where it is nearly as cheap as if nothing
/// moved, then farther and farther around.
fn cheapest(
    graph: &Hops,
    request: &Request,
    prices: Option<&Prices>,
    carried: &Carried,
    amount: Units,
) -> Option<Vec<Leg>> {
    let ends = [request.payee, request.payer];
    let within = |below| {
        let rule = Back { carried, prices, below, ..Back::of(amount) };
        let hops = declined(graph, rule, ends, request.legs())?;
        legs(graph, &hops, &rule)
    };
    let least =
        prices.map_or(amount.milli(), |prices| prices.least_for(request.payee, amount.milli()));
    let around = (0..AROUND).map(|step| (least >> (AROUND - step)) + (1 << (2 * step + 2)));
    let near =
        around.filter(|_| prices.is_some()).find_map(|more| within(least.saturating_add(more)));
    near.or_else(|| within(i64::MAX))
}

fn widest(graph: &Hops, request: &Request, carried: &Carried, left: Units) -> Option<Vec<Leg>> {
    let rule = On { carried, gifts: true, most: Units::MAX };
    let mut hops = declined(graph, rule, [request.payer, request.payee], request.legs())?;
    let most = moves(&rule, graph, &hops)?.last().copied()?;
    hops.reverse();
    legs(graph, &hops, &Back { carried, ..Back::of(most.min(left)) })
}
