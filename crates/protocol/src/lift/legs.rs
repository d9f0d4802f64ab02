//! Legs: what a lift moves over one tally. The hash tree by which a lift commits to all of them, while
//! each site sees its own, is in `tree.rs`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::chit_name;
use super::tree::{MAX_LEGS, Tree, Way};
use crate::chit::{Chit, Entry, Positive};
use crate::json::JsonError;
use crate::record::{Record, record};
use crate::side::Side;
use crate::{Hash, LiftId, TallyId, Timestamp};

/// What a lift moves over one tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Leg {
    /// The tally; nobody can guess its name.
    pub tally: TallyId,
    /// The side that gives.
    pub by: Side,
    /// How much.
    pub units: Positive,
}
record!(Leg, "leg", 1, outside: []);

impl Leg {
    /// The leaf of this leg in the tree of a lift: its hash, or with the lift's [salt](super::Lift::salt) another one in every
    /// lift, from which who does not know the tally learns nothing, also where the same leg was in a lift before.
    ///
    /// # Errors
    /// [`JsonError`] where the leg has no canonical form.
    pub fn leaf(&self, salt: Option<Hash>) -> Result<Hash, JsonError> {
        let leg = self.hash()?;
        let Some(nonce) = salt else { return Ok(leg) };
        // Already canonical: members in order, nothing to escape. A test compares.
        let text = format!(r#"{{"kind":"leaf","leg":"{leg}","nonce":"{nonce}","v":1}}"#);
        Ok(Hash::of(text.as_bytes()))
    }

    /// The chit that a lift of this name and date writes on this leg's tally.
    #[must_use]
    pub fn chit(&self, lift: LiftId, date: Timestamp) -> Chit {
        let Self { tally, by, units } = *self;
        let entry = Entry::Lift { units, lift };
        Chit { uuid: chit_name(lift, tally), tally, by, date, entry }
    }
}

/// All legs of a lift, by tally, with the tree above them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legs {
    legs: Vec<Leg>,
    /// Where the leaf of each stands in the tree.
    places: Vec<usize>,
    tree: Tree,
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
    /// The tree of these legs in a lift with this [salt](super::Lift::salt), whatever order they come in.
    ///
    /// # Errors
    /// [`LegsError`] names what is wrong with them.
    pub fn new(mut legs: Vec<Leg>, salt: Option<Hash>) -> Result<Self, LegsError> {
        legs.sort_unstable();
        let twice = legs.windows(2).find(|pair| pair[0].tally == pair[1].tally);
        if let Some(pair) = twice {
            return Err(LegsError::Twice(pair[0].tally));
        }
        let leaves = legs.iter().map(|leg| leg.leaf(salt)).collect::<Result<Vec<_>, _>>()?;
        if salt.is_none() {
            let tree = Tree::of(leaves)?;
            return Ok(Self { places: (0..legs.len()).collect(), legs, tree });
        }
        let tree = Tree::new(leaves.clone())?;
        let place = |leaf: &Hash| tree.place(leaf).unwrap_or_default();
        Ok(Self { places: leaves.iter().map(place).collect(), legs, tree })
    }

    /// The root: what the lift's record says of them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The legs, by tally.
    #[must_use]
    pub fn as_slice(&self) -> &[Leg] {
        &self.legs
    }

    /// The leg on a tally, with its way to the root.
    #[must_use]
    pub fn find(&self, tally: &TallyId) -> Option<(Leg, Way)> {
        let which = self.legs.binary_search_by(|leg| leg.tally.cmp(tally)).ok()?;
        Some((*self.legs.get(which)?, self.tree.way(*self.places.get(which)?)))
    }

    /// Every leg with its way to the root, by tally.
    pub fn with_ways(&self) -> impl Iterator<Item = (&Leg, Way)> {
        self.legs.iter().zip(&self.places).map(|(leg, place)| (leg, self.tree.way(*place)))
    }
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
    fn what_is_hashed_for_a_leaf_and_a_name_is_canonical() {
        let (nonce, tally) = (Hash::of(b"n"), TallyId::random([3; 16]));
        let units = crate::Units::new(5).expect("units").try_into().expect("more than none");
        let leg = Leg { tally, by: Side::Stock, units };
        let hash = leg.hash().expect("a hash");
        let text = format!(r#"{{"v": 1, "kind": "leaf", "nonce": "{nonce}", "leg": "{hash}"}}"#);
        assert_eq!(leg.leaf(Some(nonce)).expect("a leaf"), hash_of(&text));
        assert_eq!(leg.leaf(None).expect("a leaf"), hash);

        let lift = LiftId::from(nonce);
        let text =
            format!(r#"{{"v": 1, "kind": "lift-chit", "tally": "{tally}", "lift": "{lift}"}}"#);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash_of(&text).as_bytes()[..16]);
        assert_eq!(chit_name(lift, tally), crate::ChitId::derived(bytes));
    }
}
