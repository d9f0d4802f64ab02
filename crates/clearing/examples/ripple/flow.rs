//! The largest flow, by Dinitz's method of 1970, written without a look at the planner: it proves refusals.

use std::collections::VecDeque;

use clearing::Hop;

/// The most that flows from `from` to `to`, in milli-CHIPs.
pub(crate) fn largest(hops: &[Hop], participants: u32, from: u32, to: u32) -> i128 {
    let mut net = Net::new(hops, participants as usize);
    let mut total = 0;
    while net.levels(from as usize, to as usize) {
        net.next.copy_from_slice(&net.first[..participants as usize]);
        loop {
            let sent = net.push(from as usize, to as usize, i128::MAX);
            if sent == 0 {
                break;
            }
            total += sent;
        }
    }
    total
}

/// Arcs in pairs, each next to its opposite: arc `a` and arc `a ^ 1`.
struct Net {
    heads: Vec<usize>,
    room: Vec<i128>,
    /// Arcs by the node they leave; those of node v are `order[first[v]..first[v + 1]]`.
    order: Vec<usize>,
    first: Vec<usize>,
    next: Vec<usize>,
    level: Vec<usize>,
}

impl Net {
    fn new(hops: &[Hop], nodes: usize) -> Self {
        let (mut heads, mut room) = (Vec::new(), Vec::new());
        let mut first = vec![0; nodes + 1];
        for hop in hops {
            heads.extend([hop.taker as usize, hop.giver as usize]);
            room.extend([i128::from(hop.lading.most().milli()), 0]);
            first[hop.giver as usize + 1] += 1;
            first[hop.taker as usize + 1] += 1;
        }
        for v in 0..nodes {
            first[v + 1] += first[v];
        }
        let (mut free, mut order) = (first.clone(), vec![0; heads.len()]);
        for arc in 0..heads.len() {
            let tail = heads[arc ^ 1];
            order[free[tail]] = arc;
            free[tail] += 1;
        }
        Self { heads, room, order, first, next: vec![0; nodes], level: Vec::new() }
    }

    fn levels(&mut self, from: usize, to: usize) -> bool {
        self.level = vec![usize::MAX; self.next.len()];
        self.level[from] = 0;
        let mut waiting = VecDeque::from([from]);
        while let Some(v) = waiting.pop_front() {
            for &arc in &self.order[self.first[v]..self.first[v + 1]] {
                let head = self.heads[arc];
                if self.room[arc] > 0 && self.level[head] == usize::MAX {
                    self.level[head] = self.level[v] + 1;
                    waiting.push_back(head);
                }
            }
        }
        self.level[to] != usize::MAX
    }

    fn push(&mut self, v: usize, to: usize, most: i128) -> i128 {
        if v == to {
            return most;
        }
        while self.next[v] < self.first[v + 1] {
            let arc = self.order[self.next[v]];
            let head = self.heads[arc];
            if self.room[arc] > 0 && self.level[head] == self.level[v] + 1 {
                let sent = self.push(head, to, most.min(self.room[arc]));
                if sent > 0 {
                    self.room[arc] -= sent;
                    self.room[arc ^ 1] += sent;
                    return sent;
                }
            }
            self.next[v] += 1;
        }
        0
    }
}
