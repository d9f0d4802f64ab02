//! For every participant the list of the pairs it owes or is owed by.

use crate::pairs::Pair;

/// Places of pairs, side by side for each participant, in the order of the pairs.
pub(crate) struct Lists {
    first: Vec<u32>,
    pairs: Vec<u32>,
}

impl Lists {
    /// Lists each pair under the participant that `of` names.
    pub(crate) fn new<A>(participants: u32, pairs: &[Pair<A>], of: fn(&Pair<A>) -> u32) -> Self {
        let n = participants as usize;
        let mut first = vec![0_u32; n + 1];
        for pair in pairs {
            first[of(pair) as usize + 1] += 1;
        }
        for v in 0..n {
            first[v + 1] += first[v];
        }
        let mut next = first.clone();
        let mut places = vec![0; pairs.len()];
        for (place, pair) in (0..).zip(pairs) {
            let slot = &mut next[of(pair) as usize];
            places[*slot as usize] = place;
            *slot += 1;
        }
        Self { first, pairs: places }
    }

    /// The list of a participant.
    pub(crate) fn of(&self, v: u32) -> &[u32] {
        &self.pairs[self.range(v as usize)]
    }

    /// The list of a participant, to be put in another order.
    pub(crate) fn of_mut(&mut self, v: u32) -> &mut [u32] {
        let range = self.range(v as usize);
        &mut self.pairs[range]
    }

    /// How long the list of a participant is.
    pub(crate) fn len_of(&self, v: usize) -> u32 {
        self.first[v + 1] - self.first[v]
    }

    fn range(&self, v: usize) -> std::ops::Range<usize> {
        self.first[v] as usize..self.first[v + 1] as usize
    }
}
