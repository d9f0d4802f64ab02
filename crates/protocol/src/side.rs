//! `Side`: which half of a tally is meant; and pairs of things of which each side has one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two halves of a tally, and the user who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The vendor's: normally owed value.
    Stock,
    /// The client's: normally owes value; its half decides the order of chits.
    Foil,
}

impl Side {
    /// Both, stock first.
    pub const BOTH: [Self; 2] = [Self::Stock, Self::Foil];

    /// The partner's side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Stock => Self::Foil,
            Self::Foil => Self::Stock,
        }
    }

    /// The word in records and messages: `stock` or `foil`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Foil => "foil",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Two things of one type, one for each side: never a pair whose order one must remember.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Sides<T> {
    /// The stock's.
    pub stock: T,
    /// The foil's.
    pub foil: T,
}

impl<T> Sides<T> {
    /// That of one side.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::Stock => &self.stock,
            Side::Foil => &self.foil,
        }
    }

    /// That of one side, to change.
    pub const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Stock => &mut self.stock,
            Side::Foil => &mut self.foil,
        }
    }
}
