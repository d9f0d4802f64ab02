//! The search for a circle that clears more than what has to make room for it.
//!
//! A walk of so many steps from a pair's creditor back to its debtor, layer by layer as Bellman and Ford
//! do. A step gains the unit that it clears, and loses the length of the circle that makes room for it,
//! where there is none. A walk that meets somebody twice is several circles, and what it gains is the sum
//! of what they gain; so one of them gains as well.

use super::packing::Packing;

/// The search and its memory, wiped by counting searches.
pub(super) struct Swaps {
    most_members: u32,
    /// How many pairs may still be looked at.
    looks: u64,
    number: u32,
    /// For each participant the search that came by last, and how few steps lead from it back.
    back: Vec<(u32, u32)>,
    /// The same, and the most that a walk to it has gained so far.
    best: Vec<(u32, i64)>,
    /// Where each creditor's pairs begin in `into`.
    first: Vec<u32>,
    into: Vec<u32>,
    labels: Vec<Label>,
}

/// One end of one walk.
struct Label {
    node: u32,
    gain: i64,
    pair: u32,
    from: u32,
}

impl Swaps {
    pub(super) fn new(participants: u32, packing: &Packing, most_members: u32, looks: u64) -> Self {
        let n = participants as usize;
        let mut first = vec![0_u32; n + 1];
        let pairs = u32::try_from(packing.len()).expect("fewer pairs than debts");
        let open = || (0..pairs).filter(|&pair| packing.price(pair).is_some());
        for pair in open() {
            first[packing.ends(pair).1 as usize + 1] += 1;
        }
        for v in 0..n {
            first[v + 1] += first[v];
        }
        let (mut next, mut into) = (first.clone(), vec![0; first[n] as usize]);
        for pair in open() {
            let slot = &mut next[packing.ends(pair).1 as usize];
            into[*slot as usize] = pair;
            *slot += 1;
        }
        let (back, best) = (vec![(0, 0); n], vec![(0, 0); n]);
        Self { most_members, looks, number: 0, back, best, first, into, labels: Vec::new() }
    }

    /// Whether it has looked at as much as it may.
    pub(super) fn exhausted(&self) -> bool {
        self.looks == 0
    }

    /// Counts work done elsewhere.
    pub(super) fn count(&mut self, pairs: usize) {
        self.looks = self.looks.saturating_sub(pairs as u64 + 1);
    }

    /// A circle over `pair`, as pairs in the order of owing, that clears more than the circles that
    /// have to make room for it; or a circle met on the way that does.
    pub(super) fn better_circle(&mut self, packing: &Packing, pair: u32) -> Option<Vec<u32>> {
        if self.most_members < 2 {
            return None;
        }
        let (debtor, creditor) = packing.ends(pair);
        self.number += 1;
        self.look_back(packing, debtor);
        self.labels.clear();
        self.labels.push(Label { node: creditor, gain: 1, pair, from: u32::MAX });
        let (mut layer, mut found) = (0..1, None::<(i64, usize, u32)>);
        for members in 2..=self.most_members {
            for at in layer.clone() {
                let gains = found.map_or(0, |(gains, ..)| gains);
                if let Some(end) = self.expand(packing, at, members, debtor, gains) {
                    found = Some(end);
                }
            }
            layer = layer.end..self.labels.len();
            if layer.is_empty() || self.looks == 0 {
                break;
            }
        }
        let (_, at, last) = found?;
        best_part(packing, &self.trace(at, last))
    }

    /// Counts the steps back to `debtor`, up to half the members.
    fn look_back(&mut self, packing: &Packing, debtor: u32) {
        let (mut frontier, mut next) = (vec![debtor], Vec::new());
        self.back[debtor as usize] = (self.number, 0);
        for steps in 1..=self.most_members / 2 {
            for &v in &frontier {
                let places = self.first[v as usize] as usize..self.first[v as usize + 1] as usize;
                self.looks = self.looks.saturating_sub(places.len() as u64);
                for &pair in &self.into[places] {
                    let from = packing.ends(pair).0;
                    if self.back[from as usize].0 != self.number {
                        self.back[from as usize] = (self.number, steps);
                        next.push(from);
                    }
                }
            }
            std::mem::swap(&mut frontier, &mut next);
            next.clear();
            if frontier.is_empty() {
                break;
            }
        }
    }

    /// Takes one more step from a label, to the `members`-th one; says if that closes a circle that
    /// gains more than `gains`: what it gains, the label, the pair that closes it.
    fn expand(
        &mut self,
        packing: &Packing,
        at: usize,
        members: u32,
        debtor: u32,
        gains: i64,
    ) -> Option<(i64, usize, u32)> {
        let Label { node, gain, .. } = self.labels[at];
        if self.best[node as usize].0 == self.number && self.best[node as usize].1 > gain {
            return None; // a better walk came by since
        }
        let (mut found, mut gains) = (None, gains);
        let pairs = packing.of_debtor(node);
        self.looks = self.looks.saturating_sub(pairs.len() as u64);
        let steps_left = self.most_members - members;
        for pair in pairs {
            let Some(price) = packing.price(pair) else { continue };
            let (gain, to) = (gain + 1 - i64::from(price), packing.ends(pair).1);
            if to == debtor {
                if gain > gains {
                    (found, gains) = (Some((gain, at, pair)), gain);
                }
                continue;
            }
            let back = match self.back[to as usize] {
                (number, steps) if number == self.number => steps,
                _ => self.most_members / 2 + 1,
            };
            let known = self.best[to as usize];
            let is_better = known.0 != self.number || known.1 < gain;
            if back > steps_left || !is_better || gain + i64::from(steps_left) <= 0 {
                continue;
            }
            self.best[to as usize] = (self.number, gain);
            let from = u32::try_from(at).unwrap_or(u32::MAX);
            self.labels.push(Label { node: to, gain, pair, from });
        }
        found
    }

    fn trace(&self, at: usize, last: u32) -> Vec<u32> {
        let mut pairs = vec![last];
        let mut label = self.labels.get(at);
        while let Some(here) = label {
            pairs.push(here.pair);
            label = self.labels.get(here.from as usize);
        }
        pairs.reverse();
        pairs
    }
}

/// The circle of a closed walk that gains the most.
fn best_part(packing: &Packing, walk: &[u32]) -> Option<Vec<u32>> {
    let (mut open, mut parts) = (Vec::<u32>::new(), Vec::new());
    for &pair in walk {
        open.push(pair);
        let to = packing.ends(pair).1;
        if let Some(start) = open.iter().position(|&met| packing.ends(met).0 == to) {
            parts.push(open.split_off(start));
        }
    }
    let gain = |part: &Vec<u32>| {
        let price = |&pair: &u32| packing.price(pair).map_or(i64::MAX / 64, i64::from);
        part.iter().map(|pair| 1 - price(pair)).sum::<i64>()
    };
    parts.into_iter().filter(|part| gain(part) > 0).max_by_key(gain)
}
