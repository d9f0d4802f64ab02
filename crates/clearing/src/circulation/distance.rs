//! The dual step: potentials are raised to the exact distances to the nearest want.
//!
//! Reduced costs are small non-negative integers, so the distances are found with buckets (Dial 1969).

use super::network::{Mark, Network};
use crate::amount::Amount;

/// Working memory of the distance searches.
#[derive(Default)]
pub(crate) struct Distances {
    /// Nodes by tentative distance; those found nearer meanwhile are skipped.
    buckets: Vec<Vec<u32>>,
}

const UNSEEN: i32 = i32::MAX;

impl Mark {
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
        for (v, &excess) in net.excess.iter().enumerate() {
            net.marks[v].farther = UNSEEN;
            if excess < A::ZERO {
                self.reach(&mut net.marks[v], v, 0);
            }
            waiting += usize::from(excess > A::ZERO);
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
                if net.marks[v].farther != here {
                    continue;
                }
                net.marks[v].settle();
                waiting -= usize::from(net.excess[v] > A::ZERO);
                self.look_back(net, v, here);
            }
            distance += 1;
        }
        // Whoever was not reached is at least as far as the last one settled.
        let farthest = i32::try_from(distance.saturating_sub(1)).unwrap_or(UNSEEN);
        for mark in &mut net.marks {
            mark.potential += if mark.is_settled() { -1 - mark.farther } else { farthest };
        }
        self.buckets.iter_mut().for_each(Vec::clear);
    }

    /// Tells everybody with an arc into `v`, which is settled at distance `here`.
    fn look_back<A: Amount>(&mut self, net: &mut Network<A>, v: usize, here: i32) {
        let to = net.marks[v].potential;
        for place in net.arcs_of(v) {
            let way = net.ways[place];
            if !way.returns() {
                continue;
            }
            let from = &mut net.marks[way.head()];
            // The twin leads here; its cost is the opposite of ours.
            let reduced = to - way.cost() - from.potential;
            debug_assert!(from.farther <= here || reduced >= 0, "reduced costs stay non-negative");
            if from.farther > here && here + reduced < from.farther {
                self.reach(from, way.head(), here + reduced);
            }
        }
    }

    fn reach(&mut self, mark: &mut Mark, v: usize, distance: i32) {
        mark.farther = distance;
        let bucket = usize::try_from(distance).unwrap_or(0);
        if bucket >= self.buckets.len() {
            self.buckets.resize_with(bucket + 1, Vec::new);
        }
        self.buckets[bucket].push(u32::try_from(v).expect("participants are numbered"));
    }
}
