//! Participants that lie: whatever can be made from one's own keys and what one has seen.
//!
//! A [`Craft`] says what can be read out of a thing, and what can be put together from things that are known:
//! texts, signatures over them by one's own key, messages that hold both. Signatures of others can be handed on and
//! not made: a craft has no key of theirs.

use std::collections::BTreeSet;
use std::fmt;

/// What a liar can do with what it knows.
pub trait Craft {
    /// Something that can be known: a text, a signature, a message.
    type Thing: Clone + Ord;

    /// What can be read out of a thing.
    fn apart(&self, thing: &Self::Thing) -> Vec<Self::Thing>;

    /// What can be made from all that is known. What is known already may be among it.
    fn made(&self, known: &BTreeSet<Self::Thing>) -> Vec<Self::Thing>;
}

/// A liar could make more things than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// The limit.
    pub most: usize,
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a liar could make more than {} things", self.most)
    }
}

impl std::error::Error for TooMuch {}

/// All that a liar can come to know or make from what it has seen.
///
/// # Errors
/// [`TooMuch`] where that is more than `most` things: the craft has no bound, or a small one is needed.
pub fn knows<C: Craft>(
    craft: &C,
    seen: impl IntoIterator<Item = C::Thing>,
    most: usize,
) -> Result<BTreeSet<C::Thing>, TooMuch> {
    let mut known = BTreeSet::new();
    let mut fresh: Vec<C::Thing> = seen.into_iter().collect();
    loop {
        let before = known.len();
        while let Some(thing) = fresh.pop() {
            if known.insert(thing.clone()) {
                fresh.extend(craft.apart(&thing));
            }
            if known.len() > most {
                return Err(TooMuch { most });
            }
        }
        if known.len() == before {
            return Ok(known);
        }
        fresh = craft.made(&known);
    }
}
