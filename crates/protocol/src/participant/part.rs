//! What a participant is in its lift, from the moment that the record is known: its key, its legs over tallies
//! with other sites, and what its own site says of them. It never changes.

use std::collections::BTreeMap;
use std::hash::{Hash as StdHash, Hasher};

use thiserror::Error;

use super::word::MAX_BRANCHES;
use crate::bounded::List;
use crate::json::JsonError;
use crate::lift::{Conditional, Leg, Legs, LegsError, Lift, LiftFault, MAX_LEGS_OF_ONE, Tree, Way};
use crate::side::Side;
use crate::{Hash, LiftId, PublicKey, TallyId};

/// A leg of a participant over a tally with another site, seen from its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    ours: Conditional,
    way: Way,
}

impl Crossing {
    /// The leg.
    #[must_use]
    pub const fn leg(&self) -> &Leg {
        &self.ours.leg
    }

    /// The way from the leg to the lift's root.
    #[must_use]
    pub const fn way(&self) -> &Way {
        &self.way
    }

    /// What this site says of it.
    #[must_use]
    pub const fn ours(&self) -> &Conditional {
        &self.ours
    }

    /// The side whose half is here.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.ours.side
    }

    /// Whether this site's user takes what the leg moves; otherwise it gives.
    #[must_use]
    pub fn takes(&self) -> bool {
        !self.ours.is_givers()
    }
}

/// What a participant is in its lift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    lift: Lift,
    id: LiftId,
    branches: List<Hash, MAX_BRANCHES>,
    key: PublicKey,
    crossings: BTreeMap<TallyId, Crossing>,
    collects: bool,
}

impl StdHash for Part {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The name is the hash of the record; with the key it says which part of which lift this is.
        self.id.hash(state);
        self.key.hash(state);
    }
}

/// Why something is no part of a lift.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PartFault {
    /// The lift breaks its own rules, or a leg is not in it.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// The branches are not those of any tree.
    #[error(transparent)]
    Legs(#[from] LegsError),
    /// The branches are another tree's.
    #[error("the branches that came with lift {0} do not lead to its root")]
    OtherTree(LiftId),
    /// The participant's key is not in the record.
    #[error("the key {0} is no participant of this lift")]
    NotParticipant(Hash),
    /// Without a leg to another site nobody else has to agree.
    #[error("a participant has at least one leg and at most {MAX_LEGS_OF_ONE}, not {0}")]
    Legless(usize),
    /// What the site says of a leg is about something else.
    #[error("what this site says of its leg on tally {0} is not of this lift and this participant")]
    OtherConditional(TallyId),
    /// A record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

impl Part {
    /// The part of the participant `key`, whose site says these things of its legs; `branches` are the leaves of the
    /// lift's tree as they came with it, `collects` whether it brings the referees what they need.
    ///
    /// # Errors
    /// [`PartFault`] names the first thing that does not fit.
    pub fn new(
        lift: Lift,
        branches: List<Hash, MAX_BRANCHES>,
        key: PublicKey,
        ours: Vec<Conditional>,
        collects: bool,
    ) -> Result<Self, PartFault> {
        lift.check()?;
        let id = lift.id()?;
        let tree = Tree::new(branches.to_vec())?;
        if tree.root() != lift.legs {
            return Err(PartFault::OtherTree(id));
        }
        if !lift.participants.contains(&key) {
            return Err(PartFault::NotParticipant(key.name()));
        }
        if ours.is_empty() || ours.len() > MAX_LEGS_OF_ONE {
            return Err(PartFault::Legless(ours.len()));
        }
        // Sorts them, and refuses two on one tally.
        Legs::new(ours.iter().map(|ours| ours.leg).collect(), lift.salt())?;
        let mut crossings = BTreeMap::new();
        for ours in ours {
            let tally = ours.leg.tally;
            if ours.lift != id || ours.key != key {
                return Err(PartFault::OtherConditional(tally));
            }
            let leaf = ours.leg.leaf(lift.salt())?;
            let place = tree.place(&leaf).ok_or(LiftFault::NotALeg { lift: id, tally })?;
            crossings.insert(tally, Crossing { way: tree.way(place), ours });
        }
        Ok(Self { lift, id, branches, key, crossings, collects })
    }

    /// The lift's record.
    #[must_use]
    pub const fn lift(&self) -> &Lift {
        &self.lift
    }

    /// The lift's name.
    #[must_use]
    pub const fn id(&self) -> LiftId {
        self.id
    }

    /// The leaves of the lift's tree.
    #[must_use]
    pub const fn branches(&self) -> &List<Hash, MAX_BRANCHES> {
        &self.branches
    }

    /// The participant's key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Its leg on a tally.
    #[must_use]
    pub fn crossing(&self, tally: &TallyId) -> Option<&Crossing> {
        self.crossings.get(tally)
    }

    /// Its legs to other sites, by tally.
    pub fn crossings(&self) -> impl Iterator<Item = &Crossing> {
        self.crossings.values()
    }

    /// Whether it brings the referees what they need.
    #[must_use]
    pub const fn collects(&self) -> bool {
        self.collects
    }
}
