//! Legs: what a lift moves over one tally; and the hash tree by which a lift commits to all of them,
//! while each site sees its own.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::chit_name;
use crate::bounded::List;
use crate::chit::{Chit, Entry, Positive};
use crate::json::JsonError;
use crate::record::{Record, record};
use crate::side::Side;
use crate::{Hash, LiftId, TallyId, Timestamp};

/// The most legs of one lift: far more tallies than any one transaction should touch.
pub const MAX_LEGS: usize = 1 << 24;

/// The most turns of a way: those of the largest tree.
pub const MAX_TURNS: usize = 24;

/// What a lift moves over one tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Leg {
    /// The tally; nobody can guess its name, so a leaf's hash tells nothing.
    pub tally: TallyId,
    /// The side that gives.
    pub by: Side,
    /// How much.
    pub units: Positive,
}
record!(Leg, "leg", 1, outside: []);

impl Leg {
    /// The chit that a lift of this name and date writes on this leg's tally.
    #[must_use]
    pub fn chit(&self, lift: LiftId, date: Timestamp) -> Chit {
        let Self { tally, by, units } = *self;
        let entry = Entry::Lift { units, lift };
        Chit { uuid: chit_name(lift, tally), tally, by, date, entry }
    }
}

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
    /// The root to which this way leads from a leg.
    ///
    /// # Errors
    /// [`JsonError`] where the leg has no canonical form.
    pub fn root(&self, leg: &Leg) -> Result<Hash, JsonError> {
        Ok(self.0.iter().fold(leg.hash()?, |below, turn| match turn {
            Turn::Left(beside) => node(*beside, below),
            Turn::Right(beside) => node(below, *beside),
        }))
    }

    /// The turns, from the leaf on.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.0
    }
}

/// All legs of a lift, by tally, with the tree above them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legs {
    legs: Vec<Leg>,
    /// Hashes level by level, the leaves first, the root last and alone.
    levels: Vec<Vec<Hash>>,
}

/// Why some legs are not those of a lift.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LegsError {
    /// None at all.
    #[error("a lift has at least one leg")]
    None,
    /// More than [`MAX_LEGS`].
    #[error("a lift has at most {MAX_LEGS} legs, not {0}")]
    TooMany(usize),
    /// Two on one tally: a lift writes one chit there.
    #[error("tally {0} has two legs; a lift has one a tally")]
    Twice(TallyId),
    /// A leg has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

impl Legs {
    /// The tree of these legs, whatever order they come in.
    ///
    /// # Errors
    /// [`LegsError`] names what is wrong with them.
    pub fn new(mut legs: Vec<Leg>) -> Result<Self, LegsError> {
        if legs.len() > MAX_LEGS {
            return Err(LegsError::TooMany(legs.len()));
        }
        legs.sort_unstable();
        let twice = legs.windows(2).find(|pair| pair[0].tally == pair[1].tally);
        if let Some(pair) = twice {
            return Err(LegsError::Twice(pair[0].tally));
        }
        let leaves = legs.iter().map(Record::hash).collect::<Result<Vec<_>, _>>()?;
        let mut levels = vec![leaves];
        loop {
            let below = levels.last().map_or(&[][..], Vec::as_slice);
            if below.is_empty() {
                return Err(LegsError::None);
            }
            if below.len() == 1 {
                return Ok(Self { legs, levels });
            }
            let above = below.chunks(2).map(|pair| match *pair {
                [left, right] => node(left, right),
                // The last one of an odd number goes up as it is.
                ref alone => alone[0],
            });
            levels.push(above.collect());
        }
    }

    /// The root: what the lift's record says of them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or(Hash::of(b""))
    }

    /// The legs, by tally.
    #[must_use]
    pub fn as_slice(&self) -> &[Leg] {
        &self.legs
    }

    /// The leg on a tally, with its way to the root.
    #[must_use]
    pub fn find(&self, tally: &TallyId) -> Option<(Leg, Way)> {
        let place = self.legs.binary_search_by(|leg| leg.tally.cmp(tally)).ok()?;
        Some((*self.legs.get(place)?, self.way(place)))
    }

    /// Every leg with its way to the root, by tally.
    pub fn with_ways(&self) -> impl Iterator<Item = (&Leg, Way)> {
        self.legs.iter().enumerate().map(|(place, leg)| (leg, self.way(place)))
    }

    fn way(&self, mut place: usize) -> Way {
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

    fn hash_of(text: &str) -> Hash {
        CanonicalText::of(&json::parse(text.as_bytes()).expect("a value")).expect("a text").hash()
    }

    #[test]
    fn what_is_hashed_for_a_node_and_a_name_is_canonical() {
        let (left, right) = (Hash::of(b"l"), Hash::of(b"r"));
        let text = format!(r#"{{"v": 1, "kind": "legs", "right": "{right}", "left": "{left}"}}"#);
        assert_eq!(node(left, right), hash_of(&text));

        let (lift, tally) = (LiftId::from(left), TallyId::random([3; 16]));
        let text =
            format!(r#"{{"v": 1, "kind": "lift-chit", "tally": "{tally}", "lift": "{lift}"}}"#);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash_of(&text).as_bytes()[..16]);
        assert_eq!(chit_name(lift, tally), crate::ChitId::derived(bytes));
    }
}
