//! Improvement of a packing: swaps while they gain, then neighbourhoods packed anew.
//!
//! Large neighbourhood search (Shaw 1998): some circles near a debt with room are taken out, what
//! they leave is packed again in another order, and the outcome is kept unless it clears less. The
//! order is drawn from a fixed seed, so it is the same every time.

use std::collections::VecDeque;

use super::packing::Packing;
use super::swap::Swaps;

/// Fewest circles that are taken out at once, and how many more it can be.
const TAKEN_OUT: (usize, usize) = (5, 40);

/// So many times as many neighbourhoods as there are debts with room may be packed anew without gain,
/// at least [`FEWEST_TRIES`]; then it is enough.
const TRIES: u64 = 10;
const FEWEST_TRIES: u64 = 200;

/// A gain of less than this part of all is none, for how long it goes on.
const WORTHWHILE: i128 = 10_000;

/// Improves a packing until nothing more is found, or `looks` are used up; says whether the former.
pub(super) fn improve(
    packing: &mut Packing,
    participants: u32,
    most_members: u32,
    looks: u64,
) -> bool {
    let mut swaps = Swaps::new(participants, packing, most_members, looks);
    let mut queue = Queue::new(packing.len());
    queue.extend(packing.roomy());
    settle(packing, &mut swaps, &mut queue);
    let roomy: Vec<u32> = packing.roomy().collect();
    let patience = (roomy.len() as u64 * TRIES).max(FEWEST_TRIES);
    let (mut chance, mut idle, mut reached) = (Chance(1), 0, packing.total());
    while !roomy.is_empty() && idle < patience {
        if swaps.exhausted() {
            return false;
        }
        let before = packing.total();
        packing.begin();
        let pair = roomy[chance.below(roomy.len())];
        let mut freed = packing.clear_around(pair, TAKEN_OUT.0 + chance.below(TAKEN_OUT.1));
        for last in (1..freed.len()).rev() {
            freed.swap(last, chance.below(last + 1));
        }
        swaps.count(freed.len());
        queue.extend(std::iter::once(pair).chain(freed));
        settle(packing, &mut swaps, &mut queue);
        if packing.total() < before {
            packing.undo();
        }
        let is_better = packing.total() > reached + reached / WORTHWHILE;
        (reached, idle) = if is_better { (packing.total(), 0) } else { (reached, idle + 1) };
    }
    true
}

/// Swaps circles in while one clears more than those that make room for it. Amounts of many magnitudes
/// can make that go on for a very long time with less and less gain: such swaps are counted.
fn settle(packing: &mut Packing, swaps: &mut Swaps, queue: &mut Queue) {
    let mut small = 0;
    while let Some(pair) = queue.next() {
        while packing.room(pair) > 0 && !swaps.exhausted() && small <= packing.len() {
            let Some(circle) = swaps.better_circle(packing, pair) else { break };
            let before = packing.total();
            queue.extend(packing.swap_in(&circle));
            small += usize::from(packing.total() - before < before / WORTHWHILE);
        }
    }
}

/// Pairs whose room is to be looked at, each once.
struct Queue {
    waiting: VecDeque<u32>,
    queued: Vec<bool>,
}

impl Queue {
    fn new(pairs: usize) -> Self {
        Self { waiting: VecDeque::new(), queued: vec![false; pairs] }
    }

    fn extend(&mut self, pairs: impl IntoIterator<Item = u32>) {
        for pair in pairs {
            if !std::mem::replace(&mut self.queued[pair as usize], true) {
                self.waiting.push_back(pair);
            }
        }
    }

    fn next(&mut self) -> Option<u32> {
        let pair = self.waiting.pop_front()?;
        self.queued[pair as usize] = false;
        Some(pair)
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014) from a fixed seed: the same order every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // Less than the bound, which is a usize.
        usize::try_from((z ^ (z >> 31)) % (bound.max(1) as u64)).unwrap_or(0)
    }
}
