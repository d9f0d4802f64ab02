//! The hash tree by which a lift commits to all of its legs, while each site sees its own. What stands in
//! a leaf is in `legs.rs`.

use serde::{Deserialize, Serialize};

use super::{Leg, LegsError};
use crate::Hash;
use crate::bounded::List;
use crate::json::JsonError;

/// The most legs of one lift: far more tallies than any one transaction should touch.
pub const MAX_LEGS: usize = 1 << 24;

/// The most turns of a way: those of the largest tree.
pub const MAX_TURNS: usize = 24;

/// One step from a leaf to the root: the hash that stands beside, and on which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// It stands to the left.
    Left(Hash),
    /// It stands to the right.
    Right(Hash),
}

/// The way from a leaf to the root: what shows that a leg is in a lift to somebody who does not know
/// the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Way(List<Turn, MAX_TURNS>);

impl Way {
    /// The root to which this way leads from a leg, in a lift with this [salt](super::Lift::salt).
    ///
    /// # Errors
    /// [`JsonError`] where the leg has no canonical form.
    pub fn root(&self, leg: &Leg, salt: Option<Hash>) -> Result<Hash, JsonError> {
        Ok(self.0.iter().fold(leg.leaf(salt)?, |below, turn| match turn {
            Turn::Left(beside) => node(*beside, below),
            Turn::Right(beside) => node(below, *beside),
        }))
    }

    /// This way, and then the way on from where it ends: for a tree that is one leaf of another.
    ///
    /// # Errors
    /// [`LegsError::TooMany`] where no tree is as high.
    pub fn then(&self, on: &Self) -> Result<Self, LegsError> {
        let turns = self.0.iter().chain(on.0.iter()).copied().collect::<Vec<_>>();
        List::new(turns).map(Self).map_err(|_| LegsError::TooMany(MAX_LEGS))
    }

    /// The turns, from the leaf on.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.0
    }
}

/// The tree over some leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Hashes level by level, the leaves first, the root last and alone.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree of these leaves in their order as hashes, whatever order they come in: nobody has to know the legs to
    /// build it.
    ///
    /// # Errors
    /// [`LegsError::None`]; [`LegsError::TooMany`].
    pub fn new(mut leaves: Vec<Hash>) -> Result<Self, LegsError> {
        leaves.sort_unstable();
        Self::of(leaves)
    }

    /// The tree of these leaves in the order that they come in.
    pub(super) fn of(leaves: Vec<Hash>) -> Result<Self, LegsError> {
        if leaves.len() > MAX_LEGS {
            return Err(LegsError::TooMany(leaves.len()));
        }
        if leaves.is_empty() {
            return Err(LegsError::None);
        }
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let above = below.chunks(2).map(|pair| match *pair {
                [left, right] => node(left, right),
                // The last one of an odd number goes up as it is.
                ref alone => alone[0],
            });
            levels.push(above.collect());
        }
        Ok(Self { levels })
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or(Hash::of(b""))
    }

    /// Where a leaf stands.
    #[must_use]
    pub fn place(&self, leaf: &Hash) -> Option<usize> {
        self.levels.first()?.binary_search(leaf).ok()
    }

    /// The way from the leaf at a place to the root.
    #[must_use]
    pub fn way(&self, mut place: usize) -> Way {
        let mut turns = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            let (beside, left) =
                if place % 2 == 1 { (place - 1, true) } else { (place + 1, false) };
            if let Some(&beside) = level.get(beside) {
                turns.push(if left { Turn::Left(beside) } else { Turn::Right(beside) });
            }
            place /= 2;
        }
        // Never more turns than the largest tree has.
        Way(List::new(turns).unwrap_or_default())
    }
}

/// The hash above two others.
fn node(left: Hash, right: Hash) -> Hash {
    // Already canonical: members in order, nothing to escape. A test compares.
    let text = format!(r#"{{"kind":"legs","left":"{left}","right":"{right}","v":1}}"#);
    Hash::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::CanonicalText;
    use crate::json;

    #[test]
    fn what_is_hashed_for_a_node_is_canonical() {
        let (left, right) = (Hash::of(b"l"), Hash::of(b"r"));
        let text = format!(r#"{{"v": 1, "kind": "legs", "right": "{right}", "left": "{left}"}}"#);
        let value = json::parse(text.as_bytes()).expect("a value");
        assert_eq!(node(left, right), CanonicalText::of(&value).expect("a text").hash());
    }
}
