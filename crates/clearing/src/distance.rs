//! Potentials: how far every participant is from the nearest want, in debts that must remain.

use crate::amount::Amount;
use crate::network::Network;

const UNSEEN: i32 = i32::MAX;

/// Buckets of nodes by distance, kept between rounds to save their memory.
#[derive(Default)]
pub(crate) struct Distances {
    buckets: Vec<Vec<u32>>,
    found: Vec<i32>,
}

impl Distances {
    /// Lowers no reduced cost below zero and raises potentials so that from every node with excess
    /// a way of reduced cost zero leads to a want.
    ///
    /// Dijkstra's method over reduced costs, which are small whole numbers: Dial's buckets.
    pub(crate) fn raise_potentials<A: Amount>(&mut self, net: &mut Network<A>) {
        self.found.clear();
        self.found.resize(net.nodes.len(), UNSEEN);
        let mut waiting = 0_usize;
        for (v, node) in (0..).zip(&net.nodes) {
            if node.excess < A::ZERO {
                self.reach(v, 0);
            } else if node.excess > A::ZERO {
                waiting += 1;
            }
        }
        let mut distance = 0;
        while waiting > 0 && distance < self.buckets.len() {
            while let Some(v) = self.buckets[distance].pop() {
                let here = i32::try_from(distance).unwrap_or(UNSEEN);
                if self.found[v as usize] != here {
                    continue; // reached by a shorter way since
                }
                self.found[v as usize] = -1 - here; // settled
                waiting -= usize::from(net.nodes[v as usize].excess > A::ZERO);
                self.look_back(net, v, here);
            }
            distance += 1;
        }
        // Whoever was not reached is at least as far as the last one settled.
        let farthest = i32::try_from(distance.saturating_sub(1)).unwrap_or(UNSEEN);
        for (node, &found) in net.nodes.iter_mut().zip(&self.found) {
            node.potential += if found < 0 { -1 - found } else { farthest };
        }
        self.buckets.iter_mut().for_each(Vec::clear);
    }

    /// Tells everybody with an arc into `v`, which is settled at distance `here`.
    fn look_back<A: Amount>(&mut self, net: &Network<A>, v: u32, here: i32) {
        let to = net.nodes[v as usize].potential;
        for place in net.arcs_of(v) {
            let arc = net.arcs[place as usize];
            let known = self.found[arc.head as usize];
            if known <= here || net.arcs[arc.twin as usize].residual == A::ZERO {
                continue;
            }
            // The twin leads here; its cost is the opposite of ours.
            let reduced = to - net.cost(v, place) - net.nodes[arc.head as usize].potential;
            debug_assert!(reduced >= 0, "reduced costs stay non-negative");
            if here + reduced < known {
                self.reach(arc.head, here + reduced);
            }
        }
    }

    fn reach(&mut self, v: u32, distance: i32) {
        self.found[v as usize] = distance;
        let bucket = usize::try_from(distance).unwrap_or(0);
        if bucket >= self.buckets.len() {
            self.buckets.resize_with(bucket + 1, Vec::new);
        }
        self.buckets[bucket].push(v);
    }
}
