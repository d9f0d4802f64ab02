//! What a unit is worth at everybody: the search for the cheapest way with what is sent already.
//!
//! From the payer on, a price is what the payer gives for a unit there; prices only grow along hops,
//! and the search takes whoever is cheapest next (Dijkstra 1959). Sending less over a hop makes a
//! step back along which a price may fall; the prices of the searches before bound by how much, so
//! nothing is looked at that cannot lead to a cheaper way (Hart, Nilsson and Raphael 1968).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Lossy;
use super::pieces::WHOLE;
use crate::path::{Beside, Hops, Way};

/// The price of the payer's own unit: prices are told in so many parts.
pub(super) const ONE: u64 = 1 << 40;

/// Prices beyond this, a thousand for one, are not told apart.
const DEAREST: u64 = ONE << 10;

/// A step back has to make a price better by one part in 2^32: less is what rounding does.
const BETTER: u32 = 32;

/// How often everybody may be looked at in one search, on average. Where nothing moves yet it is once; more
/// than a few times never happened.
const MOST_LOOKS_EACH: usize = 16;

/// A step from one participant to the next: over a hop, or back over what was sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) place: u32,
    pub(super) back: bool,
}

const NOWHERE: Step = Step { place: u32::MAX, back: false };

/// What is known of a participant.
#[derive(Clone, Copy)]
struct Label {
    /// The search that saw it last.
    search: u32,
    /// The flow for which `before` counts.
    flow: u32,
    price: u64,
    legs: u32,
    by: Step,
    /// Its price after the searches before.
    before: u64,
    /// Its price before anything moved.
    first: u64,
}

const UNSEEN: Label =
    Label { search: 0, flow: 0, price: 0, legs: 0, by: NOWHERE, before: 0, first: 0 };

/// The prices, and the memory of the searches.
#[derive(Default)]
pub(crate) struct Prices {
    labels: Vec<Label>,
    number: u32,
    flow: u32,
    /// Everybody seen in the last search, and since the flow began.
    seen: Vec<u32>,
    ever_seen: Vec<u32>,
    /// Those to look at: the least price at the target by way of them, as the searches before know it; their legs.
    waiting: BinaryHeap<Reverse<(u64, u32, u32)>>,
    start: u32,
    target: u32,
    /// The target's price after the searches before: that of everybody not seen in them as well.
    before: u64,
    /// The target's price before anything moved, once that is known, and of everybody not seen then.
    first: Option<u64>,
    /// The target's price now, once it is reached.
    now: Option<u64>,
    /// The way found last, until it is used.
    pub(super) steps: Option<Vec<Step>>,
    /// How many participants the search may still look at.
    left: usize,
}

impl Prices {
    /// Forgets the prices of another flow, and searches for the first way of this one.
    pub(crate) fn begin(&mut self, flow: &Lossy<'_>) {
        let (graph, [start, target]) = (flow.graph, flow.ends);
        if self.number > u32::MAX / 2 {
            *self = Self::default();
        }
        self.labels.resize(graph.participants() as usize, UNSEEN);
        self.flow += 1;
        self.ever_seen.clear();
        (self.start, self.target, self.before) = (start, target, ONE);
        (self.first, self.now) = (None, None);
        self.search(flow);
    }

    /// Searches for the steps of the cheapest way from payer to payee; of equals one with few legs.
    pub(super) fn search(&mut self, flow: &Lossy<'_>) {
        self.remember();
        self.number += 1;
        self.seen.clear();
        self.waiting.clear();
        self.now = None;
        self.left = MOST_LOOKS_EACH * (self.labels.len() + MOST_LOOKS_EACH);
        self.see(self.start, ONE, 0, NOWHERE);
        while let Some(Reverse((least, legs, v))) = self.waiting.pop() {
            let &Label { price, .. } = &self.labels[v as usize];
            if self.now.is_some_and(|now| now <= least) || self.left == 0 {
                break;
            }
            // A better label came after this one.
            if self.least(v, price) < least || self.labels[v as usize].legs != legs {
                continue;
            }
            self.left -= 1;
            self.look_on(flow, v, price, legs + 1);
            if flow.touches(v) {
                self.look_back(flow, v, price, legs + 1);
            }
        }
        self.steps = self.now.and_then(|_| self.trace(flow.graph));
    }

    fn look_on(&mut self, flow: &Lossy<'_>, v: u32, price: u64, legs: u32) {
        let touched = flow.touches(v);
        for beside in flow.graph.beside(Way::On, v) {
            if beside.far == self.start {
                continue;
            }
            let (cost, left) = if touched {
                let Some(piece) = flow.next(beside.place) else { continue };
                piece.rates(false)
            } else {
                self.first_rates(beside, v)
            };
            if left > 0 {
                self.see(
                    beside.far,
                    times(price, cost, left, false),
                    legs,
                    Step { place: beside.place, back: false },
                );
            }
        }
    }

    /// What the first unit costs over a hop on which nothing moves.
    fn first_rates(&self, beside: &Beside, v: u32) -> (i64, i64) {
        let clutch = if v == self.start { 0 } else { i64::from(beside.clutch) };
        let reward = if beside.wanted > 0 || beside.far == self.target { 0 } else { beside.reward };
        (WHOLE + clutch, WHOLE - i64::from(reward))
    }

    fn look_back(&mut self, flow: &Lossy<'_>, v: u32, price: u64, legs: u32) {
        // A price that was cut short going on would fall too far going back.
        if price >= DEAREST {
            return;
        }
        for place in flow.sent_into(v) {
            let hop = flow.graph.hop(place);
            if hop.giver == self.start {
                continue;
            }
            let Some(piece) = flow.last(place) else { continue };
            let (left, cost) = piece.rates(true);
            let lower = times(price, left, cost, true);
            let known = &self.labels[hop.giver as usize];
            if known.search == self.number && lower + (lower >> BETTER) >= known.price {
                continue;
            }
            self.see(hop.giver, lower, legs, Step { place, back: true });
        }
    }

    /// Notes a price if it is better than what is known.
    fn see(&mut self, v: u32, price: u64, legs: u32, by: Step) {
        let price = price.min(DEAREST);
        let label = &mut self.labels[v as usize];
        if label.search == self.number {
            if (label.price, label.legs) <= (price, legs) {
                return;
            }
        } else {
            label.search = self.number;
            self.seen.push(v);
            if label.flow != self.flow {
                (label.flow, label.before) = (self.flow, self.before);
                label.first = self.first.unwrap_or(0);
                self.ever_seen.push(v);
            }
        }
        (label.price, label.legs, label.by) = (price, legs, by);
        if v == self.target {
            self.now = Some(price);
            return;
        }
        let least = self.least(v, price);
        if self.now.is_none_or(|now| least < now) {
            self.waiting.push(Reverse((least, legs, v)));
        }
    }

    /// The least price at the target for a way over `v` at this price: from there it grows at least as it
    /// did in the searches before.
    fn least(&self, v: u32, price: u64) -> u64 {
        let before = self.labels[v as usize].before;
        if before == self.before {
            return price;
        }
        let least = u128::from(price) * u128::from(self.before) / u128::from(before);
        u64::try_from(least).unwrap_or(u64::MAX)
    }

    /// What the last search found becomes what the next one knows.
    fn remember(&mut self) {
        let Some(now) = self.now else { return };
        for at in 0..self.ever_seen.len() {
            let v = self.ever_seen[at];
            let price = self.price(v);
            let label = &mut self.labels[v as usize];
            label.before = price;
            if self.first.is_none() {
                label.first = price;
            }
        }
        self.before = now;
        self.first.get_or_insert(now);
    }

    /// The price of a participant after the last search, in parts of [`ONE`]; where the target was not
    /// reached, the most there is for whoever was not reached either.
    pub(crate) fn price(&self, v: u32) -> u64 {
        let label = &self.labels[v as usize];
        let seen = if label.search == self.number { label.price } else { u64::MAX };
        let Some(now) = self.now else { return seen.min(DEAREST) };
        let before = self.before(v);
        let scaled = u128::from(before) * u128::from(now) / u128::from(self.before);
        u64::try_from(scaled).unwrap_or(u64::MAX).min(seen).clamp(1, DEAREST)
    }

    /// What the payer gives at least for so many milli-CHIPs at a participant, over whatever way, once a search
    /// has reached the target.
    pub(crate) fn least_for(&self, v: u32, milli: i64) -> i64 {
        let label = &self.labels[v as usize];
        let price = match self.first {
            None => self.price(v),
            Some(_) if label.flow == self.flow => label.first,
            Some(first) => first,
        };
        let milli = u128::from(milli.unsigned_abs());
        i64::try_from((u128::from(price) * milli).div_ceil(u128::from(ONE))).unwrap_or(i64::MAX)
    }

    /// The price of a participant after the search before the last one.
    pub(super) fn before(&self, v: u32) -> u64 {
        let label = &self.labels[v as usize];
        if label.flow == self.flow { label.before } else { self.before }
    }

    /// Everybody whose price may be below the target's.
    pub(super) fn cheap(&self) -> &[u32] {
        &self.ever_seen
    }

    /// Everybody the last search saw.
    pub(crate) fn seen(&self) -> &[u32] {
        &self.seen
    }

    /// Whether the last search saw a participant.
    pub(crate) fn is_seen(&self, v: u32) -> bool {
        self.labels[v as usize].search == self.number
    }

    /// Whether some search of this flow has reached the target.
    pub(crate) const fn know(&self) -> bool {
        self.first.is_some() || self.now.is_some()
    }

    /// Whether the last search found the target.
    pub(crate) const fn reached(&self) -> bool {
        self.now.is_some()
    }

    /// The hops of the way that was found when the prices began, from the target back.
    pub(crate) fn first_way(&self) -> Option<Vec<u32>> {
        let steps = self.steps.iter().flatten();
        Some(steps.map(|step| step.place).rev().collect())
            .filter(|hops: &Vec<u32>| !hops.is_empty())
    }

    /// The steps by which the target was reached; none if rounding, or a price that was cut short, made a circle of them.
    fn trace(&self, graph: &Hops) -> Option<Vec<Step>> {
        let (mut steps, mut v) = (Vec::new(), self.target);
        while v != self.start {
            let by = self.labels[v as usize].by;
            let hop = graph.hop(by.place);
            v = if by.back { hop.taker } else { hop.giver };
            steps.push(by);
            if steps.len() > self.seen.len() {
                return None;
            }
        }
        steps.reverse();
        Some(steps)
    }
}

/// `price * rate / parts`, rounded down or up: on hops down, so that no hop is a bargain at these
/// prices; on steps back up, so that going on and back gains nothing.
fn times(price: u64, rate: i64, parts: i64, up: bool) -> u64 {
    if rate == parts {
        return price;
    }
    let product = u128::from(price) * u128::from(rate.unsigned_abs());
    let parts = u128::from(parts.unsigned_abs());
    let times = if up { product.div_ceil(parts) } else { product / parts };
    u64::try_from(times).unwrap_or(u64::MAX)
}
