//! All states found so far, each kept once, in the order in which a search in breadth finds them.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};

use hashbrown::HashTable;

use crate::segments::Segments;

/// No state: what the first ones came from.
const NONE: u32 = u32::MAX;

/// The most states that have a number.
pub(super) const MAX_STATES: usize = u32::MAX as usize;

/// The states by their numbers, and their numbers by the states.
pub(crate) struct States<S> {
    states: Segments<S>,
    /// From which state each was found first.
    parents: Segments<u32>,
    numbers: HashTable<u32>,
    heap_bytes: usize,
}

/// The hash of a state; states with one hash are told apart by themselves.
pub(super) fn hash_of(state: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(state)
}

impl<S: Eq + Hash> States<S> {
    pub(super) const fn new() -> Self {
        let numbers = HashTable::new();
        Self { states: Segments::new(), parents: Segments::new(), numbers, heap_bytes: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn get(&self, number: u32) -> &S {
        &self.states[number]
    }

    /// From which state this one was found first; none where it is one of the first.
    pub(crate) fn parent(&self, number: u32) -> Option<u32> {
        Some(self.parents[number]).filter(|&parent| parent != NONE)
    }

    /// The number of a state, where it is known.
    pub(super) fn find(&self, hash: u64, state: &S) -> Option<u32> {
        self.numbers.find(hash, |&number| self.states[number] == *state).copied()
    }

    /// The number of a state, which is kept where it is new.
    pub(super) fn add(
        &mut self,
        hash: u64,
        state: S,
        parent: Option<u32>,
        heap_bytes: impl Fn(&S) -> usize,
    ) -> u32 {
        if let Some(known) = self.find(hash, &state) {
            return known;
        }
        // The search ends before `MAX_STATES`.
        let number = u32::try_from(self.states.len()).unwrap_or(NONE);
        self.heap_bytes += heap_bytes(&state);
        self.states.push(state);
        self.parents.push(parent.unwrap_or(NONE));
        let states = &self.states;
        self.numbers.insert_unique(hash, number, |&number| hash_of(&states[number]));
        number
    }

    /// How many steps a state is from the beginning.
    pub(super) fn depth(&self, number: u32) -> u32 {
        let (mut depth, mut at) = (0, number);
        while let Some(parent) = self.parent(at) {
            (depth, at) = (depth + 1, parent);
        }
        depth
    }

    /// Bytes that all of it takes.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.numbers.capacity() * (size_of::<u32>() + 1) * 8 / 7;
        self.states.bytes() + self.parents.bytes() + numbers + self.heap_bytes
    }
}
