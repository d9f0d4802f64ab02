//! What is made once and then known by its number: records, halves of tallies, steps of machines.
//!
//! A state of a model holds numbers in place of whole halves and messages, so that it is small and quickly
//! compared; a machine runs, and a signature is made and checked, once for each different input. Which number
//! something gets depends on which thread comes first: it names the thing within one run, and orders nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// Things of one type, each kept once and named by a number.
#[derive(Debug)]
pub struct Interned<T>(RwLock<Kept<T>>);

#[derive(Debug)]
struct Kept<T> {
    things: Vec<Arc<T>>,
    numbers: HashMap<Arc<T>, u32>,
}

impl<T: Eq + Hash> Interned<T> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self(RwLock::new(Kept { things: Vec::new(), numbers: HashMap::new() }))
    }

    /// The number of a thing; the same for the same thing.
    pub fn number(&self, thing: T) -> u32 {
        if let Some(number) = self.find(&thing) {
            return number;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Kept { things, numbers } = &mut *kept;
        // As many as there is memory for, which is fewer.
        let next = u32::try_from(things.len()).unwrap_or(u32::MAX);
        match numbers.entry(Arc::new(thing)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                things.push(free.key().clone());
                *free.insert(next)
            }
        }
    }

    /// The number of a thing, where it has one.
    pub fn find(&self, thing: &T) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).numbers.get(thing).copied()
    }

    /// The thing with a number.
    ///
    /// # Panics
    /// Where no thing has the number: it is from another run.
    pub fn get(&self, number: u32) -> Arc<T> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.things[number as usize].clone()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).things.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Eq + Hash> Default for Interned<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// How many locks share the keys of a memo.
const LOCKS: usize = 16;

/// What follows from a key, found out once: a record that was signed or checked, a step of a machine.
#[derive(Debug)]
pub struct Memo<K, V>([RwLock<HashMap<K, V>>; LOCKS]);

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }

    /// What follows from `key`; `find` says it where nobody asked before, perhaps in two threads at once.
    pub fn get(&self, key: K, find: impl FnOnce(&K) -> V) -> V {
        let lock = &self.0[lock_of(&key)];
        if let Some(known) = lock.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let value = find(&key);
        let mut known = lock.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert(value).clone()
    }
}

impl<K: Eq + Hash, V: Clone> Default for Memo<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

fn lock_of(key: &impl Hash) -> usize {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    usize::try_from(hash % LOCKS as u64).unwrap_or(0)
}
