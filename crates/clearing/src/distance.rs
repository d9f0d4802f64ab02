//! The dual step: potentials are raised to the exact distances to the nearest want.
//!
//! Reduced costs are small non-negative integers, so the distances are found with buckets (Dial 1969).

use crate::amount::Amount;
use crate::network::{Network, Node};

/// Working memory of the distance searches.
#[derive(Default)]
pub(crate) struct Distances {
    /// Nodes by tentative distance; those found nearer meanwhile are skipped.
    buckets: Vec<Vec<u32>>,
}

const UNSEEN: i32 = i32::MAX;

impl<A> Node<A> {
    /// Whether the last search settled this node: from here a want can be reached at reduced cost zero.
    pub(crate) const fn is_settled(&self) -> bool {
        self.farther < 0
    }

    /// Tentative distances are kept as they are, settled ones below zero.
    const fn settle(&mut self) {
        self.farther = -1 - self.farther;
    }
}

impl Distances {
    /// Adds to each potential the distance, in reduced costs, to the nearest want, as far as there
    /// is excess; afterwards reduced costs are non-negative and excess has ways of reduced cost zero.
    pub(crate) fn raise_potentials<A: Amount>(&mut self, net: &mut Network<A>) {
        let mut waiting = 0;
        for v in 0..net.nodes.len() {
            net.nodes[v].farther = UNSEEN;
            if net.nodes[v].excess < A::ZERO {
                self.reach(net, v, 0);
            }
            waiting += usize::from(net.nodes[v].excess > A::ZERO);
        }
        let mut distance = 0;
        while waiting > 0 && distance < self.buckets.len() {
            let here = i32::try_from(distance).unwrap_or(UNSEEN);
            let mut next = 0;
            while let Some(&v) = self.buckets[distance].get(next)
                && waiting > 0
            {
                next += 1;
                let v = v as usize;
                if net.nodes[v].farther != here {
                    continue;
                }
                net.nodes[v].settle();
                waiting -= usize::from(net.nodes[v].excess > A::ZERO);
                self.look_back(net, v, here);
            }
            distance += 1;
        }
        // Whoever was not reached is at least as far as the last one settled.
        let farthest = i32::try_from(distance.saturating_sub(1)).unwrap_or(UNSEEN);
        for node in &mut net.nodes {
            node.potential += if node.is_settled() { -1 - node.farther } else { farthest };
        }
        self.buckets.iter_mut().for_each(Vec::clear);
    }

    /// Tells everybody with an arc into `v`, which is settled at distance `here`.
    fn look_back<A: Amount>(&mut self, net: &mut Network<A>, v: usize, here: i32) {
        let to = net.nodes[v].potential;
        for place in net.arcs_of(v) {
            let arc = net.arcs[place];
            let from = net.nodes[arc.head()];
            // The twin leads here; its cost is the opposite of ours.
            let reduced = to - arc.cost() - from.potential;
            if from.farther <= here
                || here + reduced >= from.farther
                || net.arcs[arc.twin as usize].residual == A::ZERO
            {
                continue;
            }
            debug_assert!(reduced >= 0, "reduced costs stay non-negative");
            self.reach(net, arc.head(), here + reduced);
        }
    }

    fn reach<A: Amount>(&mut self, net: &mut Network<A>, v: usize, distance: i32) {
        net.nodes[v].farther = distance;
        let bucket = usize::try_from(distance).unwrap_or(0);
        if bucket >= self.buckets.len() {
            self.buckets.resize_with(bucket + 1, Vec::new);
        }
        self.buckets[bucket].push(u32::try_from(v).expect("participants are numbered"));
    }
}
