//! The debts that a circulation touches, as a graph that shrinks while circles are taken out of it.

use crate::amount::Amount;
use crate::pairs::{Pair, Pairs};

/// What is still to be explained, pair by pair.
pub(crate) struct Support<A> {
    pairs: Vec<Pair<A>>,
    out_of: Lists,
    into: Lists,
}

/// For every participant a list of pairs; pairs with nothing left are dropped when met.
struct Lists {
    first: Vec<u32>,
    len: Vec<u32>,
    pairs: Vec<u32>,
}

/// Which way along the debts a search looks.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// From debtor to creditor.
    Down,
    /// From creditor to debtor.
    Up,
}

impl<A: Amount> Support<A> {
    pub(crate) fn new(participants: u32, pairs: Pairs<A>) -> Self {
        let pairs = pairs.list;
        let out_of = Lists::new(participants, &pairs, |pair| pair.debtor);
        let into = Lists::new(participants, &pairs, |pair| pair.creditor);
        Self { pairs, out_of, into }
    }

    /// How many pairs there are, explained ones included.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.pairs.len()).expect("fewer pairs than debts")
    }

    /// What is left of a pair.
    pub(crate) fn left(&self, pair: u32) -> A {
        self.pairs[pair as usize].units
    }

    /// Debtor and creditor of a pair.
    pub(crate) fn ends(&self, pair: u32) -> (u32, u32) {
        let Pair { debtor, creditor, .. } = self.pairs[pair as usize];
        (debtor, creditor)
    }

    /// Takes `units` off a pair.
    pub(crate) fn take(&mut self, pair: u32, units: A) {
        self.pairs[pair as usize].units -= units;
    }

    /// How many pairs leave `v` the given way, those already explained but not yet met included.
    pub(crate) fn degree(&self, way: Way, v: u32) -> u32 {
        match way {
            Way::Down => self.out_of.len[v as usize],
            Way::Up => self.into.len[v as usize],
        }
    }

    /// The pair at `place` in the list of `v` the given way, with the participant it leads to.
    pub(crate) fn step(&mut self, way: Way, v: u32, place: u32) -> Option<(u32, u32)> {
        let lists = match way {
            Way::Down => &mut self.out_of,
            Way::Up => &mut self.into,
        };
        let pairs = &self.pairs;
        let pair = lists.get(v, place, |pair| pairs[pair as usize].units > A::ZERO)?;
        let (debtor, creditor) = self.ends(pair);
        Some((pair, if matches!(way, Way::Down) { creditor } else { debtor }))
    }
}

impl Lists {
    fn new<A: Amount>(participants: u32, pairs: &[Pair<A>], of: impl Fn(&Pair<A>) -> u32) -> Self {
        let n = participants as usize;
        let mut first = vec![0_u32; n + 1];
        for pair in pairs {
            first[of(pair) as usize + 1] += 1;
        }
        for v in 0..n {
            first[v + 1] += first[v];
        }
        let mut lists = Self { first, len: vec![0; n], pairs: vec![0; pairs.len()] };
        for (place, pair) in (0..).zip(pairs) {
            let v = of(pair) as usize;
            lists.pairs[(lists.first[v] + lists.len[v]) as usize] = place;
            lists.len[v] += 1;
        }
        lists
    }

    /// The pair at `place` of the list of `v`, after dropping those there that are not `alive`.
    fn get(&mut self, v: u32, place: u32, alive: impl Fn(u32) -> bool) -> Option<u32> {
        let (first, len) = (self.first[v as usize], &mut self.len[v as usize]);
        while place < *len {
            let pair = self.pairs[(first + place) as usize];
            if alive(pair) {
                return Some(pair);
            }
            *len -= 1;
            self.pairs[(first + place) as usize] = self.pairs[(first + *len) as usize];
        }
        None
    }
}
