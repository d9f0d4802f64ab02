//! The debts that a circulation touches, as a graph that shrinks while circles are taken out of it.

use crate::amount::Amount;
use crate::lists::Lists;
use crate::pairs::{Pair, Pairs};

/// What is still to be explained, pair by pair.
pub(crate) struct Support<A> {
    pairs: Vec<Pair<A>>,
    out_of: Shrinking,
    into: Shrinking,
}

/// The list of each participant, from which pairs with nothing left are dropped when met.
struct Shrinking {
    lists: Lists,
    len: Vec<u32>,
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
        let out_of = Shrinking::new(participants, &pairs, |pair| pair.debtor);
        let into = Shrinking::new(participants, &pairs, |pair| pair.creditor);
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

impl Shrinking {
    fn new<A>(participants: u32, pairs: &[Pair<A>], of: fn(&Pair<A>) -> u32) -> Self {
        let lists = Lists::new(participants, pairs, of);
        let len = (0..participants as usize).map(|v| lists.len_of(v)).collect();
        Self { lists, len }
    }

    /// The pair at `place` of the list of `v`, after dropping those there that are not `alive`.
    fn get(&mut self, v: u32, place: u32, alive: impl Fn(u32) -> bool) -> Option<u32> {
        let (pairs, len) = (self.lists.of_mut(v), &mut self.len[v as usize]);
        while place < *len {
            let pair = pairs[place as usize];
            if alive(pair) {
                return Some(pair);
            }
            *len -= 1;
            pairs[place as usize] = pairs[*len as usize];
        }
        None
    }
}
