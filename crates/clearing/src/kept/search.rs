//! The cheapest way for value from one participant to another in the residual network, and the
//! potentials that say so.
//!
//! Dijkstra's method over reduced costs from both ends at once, whichever has looked at less so far;
//! reduced costs are small whole numbers: Dial's buckets. Only who lies nearer than the radius that an
//! end has reached gets a new potential.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::residual::{Residual, UNSEEN};

/// Distances below this have a bucket each; what is farther waits in a heap.
const NEAR: usize = 64;

/// Who is to be looked at next, by distance.
#[derive(Clone, Default)]
struct Queue {
    near: Vec<Vec<u32>>,
    /// The bucket at hand and how far it was read.
    level: usize,
    next: usize,
    far: BinaryHeap<Reverse<(i32, u32)>>,
}

/// The search from one end.
#[derive(Clone, Default)]
struct Side {
    queue: Queue,
    /// Whoever was looked at, nearest first.
    settled: Vec<u32>,
    /// How many arcs were looked at.
    work: usize,
}

/// Working memory of searches, wiped by counting them.
#[derive(Clone, Default)]
pub(super) struct Search {
    /// Of the search at hand.
    pub(super) number: u32,
    sides: [Side; 2],
    /// No way as long as this, or longer, is looked for.
    limit: i32,
    /// Whether there is a way shorter than the bound.
    met: bool,
    /// Participants looked at since this was set to 0.
    pub(super) looks: u64,
}

impl Search {
    /// Looks for the cheapest way for value `from` one `to` another that costs less than `bound`, and
    /// gives potentials by which it costs nothing; where there is none, potentials by which every way
    /// costs `bound` less than before, and no less than nothing. Says whether there is such a way.
    pub(super) fn cheapest(&mut self, net: &mut Residual, from: u32, to: u32, bound: i32) -> bool {
        self.start(net, from, to, bound);
        loop {
            let [ahead, behind] = self.sides.each_mut().map(|side| side.queue.nearest());
            if ahead.saturating_add(behind) >= self.limit {
                self.looks += self.sides.iter().map(|side| side.settled.len() as u64).sum::<u64>();
                self.shift(net, ahead, behind);
                return self.met;
            }
            if self.sides[0].work <= self.sides[1].work {
                self.settle::<false>(net);
            } else {
                self.settle::<true>(net);
            }
        }
    }

    fn start(&mut self, net: &mut Residual, from: u32, to: u32, bound: i32) {
        if self.number == u32::MAX {
            net.nodes.iter_mut().for_each(|node| node.search = 0);
            self.number = 0;
        }
        self.number += 1;
        (self.limit, self.met) = (bound, false);
        for (side, v) in [from, to].into_iter().enumerate() {
            let node = &mut net.nodes[v as usize];
            (node.search, node.labels) = (self.number, [UNSEEN; 2]);
            node.labels[side] = 0;
            self.sides[side].start(v);
        }
    }

    /// Looks at the arcs of the nearest one that this side has not looked at.
    fn settle<const BACK: bool>(&mut self, net: &mut Residual) {
        let (side, other) = (usize::from(BACK), usize::from(!BACK));
        let at = &mut self.sides[side];
        let Some((here, v)) = at.queue.pop() else { return };
        let node = net.nodes[v as usize];
        if node.labels[side] != here {
            return; // reached by a cheaper way since
        }
        at.settled.push(v);
        at.work += node.arcs.len as usize + 1;
        for half in net.lists.of(node.arcs) {
            if !half.open::<BACK>() {
                continue;
            }
            let head = &mut net.nodes[half.head as usize];
            let along = node.potential - head.potential - half.gain();
            let reduced = if BACK { -along } else { along };
            debug_assert!(reduced >= 0, "reduced costs are never negative");
            let distance = here.saturating_add(reduced);
            if distance >= self.limit {
                continue;
            }
            if head.search != self.number {
                (head.search, head.labels) = (self.number, [UNSEEN; 2]);
            }
            if distance >= head.labels[side] {
                continue;
            }
            head.labels[side] = distance;
            at.queue.push(distance, half.head);
            let whole = distance.saturating_add(head.labels[other]);
            if whole < self.limit {
                (self.limit, self.met) = (whole, true);
            }
        }
    }

    /// Gives the nearer ones at each end new potentials, on the side of fewer if there is a choice.
    /// `ahead` and `behind`: how far each end has looked at everybody.
    fn shift(&self, net: &mut Residual, ahead: i32, behind: i32) {
        let count = |side: usize, radius: i32| {
            let near = |v: &u32| net.nodes[*v as usize].labels[side] < radius;
            self.sides[side].settled.partition_point(near)
        };
        let choices = [ahead.min(self.limit), self.limit - behind.min(self.limit)];
        let costs = choices.map(|radius| count(0, radius) + count(1, self.limit - radius));
        let radius = choices[usize::from(costs[1] < costs[0])];
        for (side, radius, sign) in [(0, radius, -1), (1, self.limit - radius, 1)] {
            for &v in &self.sides[side].settled {
                let left = radius - net.nodes[v as usize].labels[side];
                if left <= 0 {
                    break;
                }
                net.shift(v, sign * left);
            }
        }
    }
}

impl Side {
    fn start(&mut self, v: u32) {
        self.settled.clear();
        self.work = 0;
        self.queue.clear();
        self.queue.push(0, v);
    }
}

impl Queue {
    fn clear(&mut self) {
        self.near.iter_mut().for_each(Vec::clear);
        self.far.clear();
        (self.level, self.next) = (0, 0);
        self.near.resize_with(NEAR, Vec::new);
    }

    fn push(&mut self, distance: i32, v: u32) {
        match usize::try_from(distance).ok().and_then(|level| self.near.get_mut(level)) {
            Some(bucket) => bucket.push(v),
            None => self.far.push(Reverse((distance, v))),
        }
    }

    /// How far the next one is, or was when it was put in.
    fn nearest(&mut self) -> i32 {
        while self.near.get(self.level).is_some_and(|bucket| bucket.len() == self.next) {
            (self.level, self.next) = (self.level + 1, 0);
        }
        if self.level < self.near.len() {
            return i32::try_from(self.level).unwrap_or(UNSEEN);
        }
        self.far.peek().map_or(UNSEEN, |Reverse((distance, _))| *distance)
    }

    fn pop(&mut self) -> Option<(i32, u32)> {
        let distance = self.nearest();
        let Some(bucket) = self.near.get(self.level) else {
            return self.far.pop().map(|Reverse(next)| next);
        };
        self.next += 1;
        Some((distance, bucket[self.next - 1]))
    }
}
