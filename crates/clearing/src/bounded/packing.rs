//! Circles packed into debts: how much each clears, and what room each debt still has.

use std::collections::BTreeMap;

use crate::Circle;
use crate::pairs::{Pair, Pairs};

/// No circle.
const NONE: u32 = u32::MAX;

/// A set of circles with amounts, within the debts.
pub(super) struct Packing {
    /// The pairs, sorted by debtor; `units` is the room that is left.
    pairs: Vec<Pair<i128>>,
    /// Where each debtor's pairs begin; one more entry ends the last.
    first: Vec<u32>,
    circles: Vec<Packed>,
    /// The place of each circle by its pairs, the lowest first.
    known: BTreeMap<Vec<u32>, u32>,
    /// The circles over each pair.
    over: Vec<Vec<u32>>,
    /// A shortest circle over each pair.
    shortest: Vec<u32>,
    /// What all circles clear.
    total: i128,
    /// Circles with the units added to each, since the last [`Packing::begin`].
    changes: Vec<(u32, i128)>,
}

struct Packed {
    pairs: Vec<u32>,
    units: i128,
}

impl Packing {
    pub(super) fn new(participants: u32, pairs: &Pairs<i128>) -> Self {
        let mut first = vec![0_u32; participants as usize + 1];
        for pair in &pairs.list {
            first[pair.debtor as usize + 1] += 1;
        }
        for v in 1..first.len() {
            first[v] += first[v - 1];
        }
        let count = pairs.list.len();
        Self {
            pairs: pairs.list.clone(),
            first,
            circles: Vec::new(),
            known: BTreeMap::new(),
            over: vec![Vec::new(); count],
            shortest: vec![NONE; count],
            total: 0,
            changes: Vec::new(),
        }
    }

    /// How many pairs there are.
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The pairs of a debtor.
    pub(super) fn of_debtor(&self, debtor: u32) -> std::ops::Range<u32> {
        self.first[debtor as usize]..self.first[debtor as usize + 1]
    }

    /// Debtor and creditor of a pair.
    pub(super) fn ends(&self, pair: u32) -> (u32, u32) {
        let Pair { debtor, creditor, .. } = self.pairs[pair as usize];
        (debtor, creditor)
    }

    /// What is left of a pair.
    pub(super) fn room(&self, pair: u32) -> i128 {
        self.pairs[pair as usize].units
    }

    /// The pairs with room.
    pub(super) fn roomy(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.pairs).filter(|(_, pair)| pair.units > 0).map(|(place, _)| place)
    }

    /// What a unit over a pair takes away elsewhere: nothing while it has room, else the length of
    /// the shortest circle over it. None where it has neither: no debt at all.
    pub(super) fn price(&self, pair: u32) -> Option<u32> {
        if self.room(pair) > 0 {
            return Some(0);
        }
        let circle = self.circles.get(self.shortest[pair as usize] as usize)?;
        u32::try_from(circle.pairs.len()).ok()
    }

    /// What all circles clear.
    pub(super) const fn total(&self) -> i128 {
        self.total
    }

    /// Forgets how to undo what was done.
    pub(super) fn begin(&mut self) {
        self.changes.clear();
    }

    /// Undoes what was done since the last [`Packing::begin`].
    pub(super) fn undo(&mut self) {
        for (number, units) in std::mem::take(&mut self.changes).into_iter().rev() {
            self.change(number, -units);
        }
        self.changes.clear();
    }

    /// Takes out circles over what the two of a pair owe, at most `most`, and returns the pairs that
    /// have more room now.
    pub(super) fn clear_around(&mut self, pair: u32, most: usize) -> Vec<u32> {
        let (debtor, creditor) = self.ends(pair);
        let mut out = Vec::new();
        for pair in self.of_debtor(debtor).chain(self.of_debtor(creditor)) {
            out.extend_from_slice(&self.over[pair as usize]);
        }
        out.sort_unstable();
        out.dedup();
        out.truncate(most);
        let mut freed = Vec::new();
        for number in out {
            self.change(number, -self.circles[number as usize].units);
            freed.extend_from_slice(&self.circles[number as usize].pairs);
        }
        freed.sort_unstable();
        freed.dedup();
        freed
    }

    /// The pairs with what is left of them.
    pub(super) fn left(&self, of: &Pairs<i128>) -> Pairs<i128> {
        Pairs { list: self.pairs.clone(), of_debt: of.of_debt.clone() }
    }

    /// What is cleared of each pair of the `whole` ones.
    pub(super) fn cleared(&self, whole: &Pairs<i128>) -> Vec<i128> {
        whole.list.iter().zip(&self.pairs).map(|(whole, left)| whole.units - left.units).collect()
    }

    /// The circles as they are told.
    pub(super) fn circles(&self) -> Vec<Circle> {
        let packed = self.circles.iter().filter(|circle| circle.units > 0);
        packed
            .map(|circle| {
                let mut members: Vec<_> =
                    circle.pairs.iter().map(|&pair| self.ends(pair).0).collect();
                let lowest = (0..members.len()).min_by_key(|&at| members[at]).unwrap_or(0);
                members.rotate_left(lowest);
                Circle { members, units: circle.units }
            })
            .collect()
    }

    /// Packs `units` more round a circle of pairs, in the order of owing, which have room for them.
    pub(super) fn add(&mut self, circle: &[u32], units: i128) {
        let mut pairs = circle.to_vec();
        let lowest = (0..pairs.len()).min_by_key(|&at| pairs[at]).unwrap_or(0);
        pairs.rotate_left(lowest);
        let number = if let Some(&number) = self.known.get(&pairs) {
            number
        } else {
            // Bounded by the looks that found them, far below 32 bits.
            let number = u32::try_from(self.circles.len()).unwrap_or(NONE);
            self.known.insert(pairs.clone(), number);
            self.circles.push(Packed { pairs, units: 0 });
            number
        };
        self.change(number, units);
    }

    /// Packs as much round a circle as its pairs have room for, or can have from the shortest circle
    /// over each that has none. Returns the pairs with more room than before.
    pub(super) fn swap_in(&mut self, circle: &[u32]) -> Vec<u32> {
        let mut out = Vec::new();
        let mut units = i128::MAX;
        for &pair in circle {
            if self.room(pair) > 0 {
                units = units.min(self.room(pair));
            } else {
                let blocking = self.shortest[pair as usize];
                units = units.min(self.circles[blocking as usize].units);
                out.push(blocking);
            }
        }
        out.sort_unstable();
        out.dedup();
        let mut freed = Vec::new();
        for number in out {
            self.change(number, -units);
            freed.extend_from_slice(&self.circles[number as usize].pairs);
        }
        self.add(circle, units);
        freed.retain(|&pair| self.room(pair) > 0);
        freed
    }

    /// Adds units to a circle, or takes them out where they are negative.
    fn change(&mut self, number: u32, units: i128) {
        self.changes.push((number, units));
        let Packed { pairs, units: left } = &mut self.circles[number as usize];
        let (is_new, pairs) = (*left == 0, std::mem::take(pairs));
        *left += units;
        let is_gone = *left == 0;
        self.total += units * i128::try_from(pairs.len()).unwrap_or(i128::MAX);
        for &pair in &pairs {
            let place = pair as usize;
            self.pairs[place].units -= units;
            debug_assert!(self.room(pair) >= 0, "within the debt");
            if is_gone {
                self.over[place].retain(|&other| other != number);
                if self.shortest[place] == number {
                    self.shortest[place] = self.shortest_over(pair);
                }
            } else if is_new {
                self.over[place].push(number);
                let shortest = self.shortest[place];
                if pairs.len() < self.length(shortest) {
                    self.shortest[place] = number;
                }
            }
        }
        self.circles[number as usize].pairs = pairs;
    }

    fn shortest_over(&self, pair: u32) -> u32 {
        let over = self.over[pair as usize].iter().copied();
        over.min_by_key(|&number| self.length(number)).unwrap_or(NONE)
    }

    /// How many members a circle has; more than any for none.
    fn length(&self, number: u32) -> usize {
        self.circles.get(number as usize).map_or(usize::MAX, |circle| circle.pairs.len())
    }
}
