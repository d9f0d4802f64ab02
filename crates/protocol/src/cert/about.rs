//! What a user tells about itself in its cert: names, ways to reach it, places, identity.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Timestamp;
use crate::bounded::{Line, List, Word};
use crate::text::serde_as_text;

/// The most names: legal, usual, former, trade names.
pub const MAX_NAMES: usize = 8;
/// The most bytes of a name, of a person or a place: the longest legal names fit twice.
pub const MAX_NAME_BYTES: usize = 200;
/// The most ways to reach a user: a card, not a directory.
pub const MAX_CONNECTS: usize = 16;
/// The most places: a firm with more has a web site.
pub const MAX_PLACES: usize = 8;
/// The most bytes of an address: an e-mail address may have 320, a web link somewhat more.
pub const MAX_ADDRESS_BYTES: usize = 500;

/// What kind of user a cert is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// A human being.
    Person,
    /// A firm, a club, a public body: whatever can owe and is not a human being.
    Organisation,
}

type NameList = List<Line<MAX_NAME_BYTES>, MAX_NAMES>;

/// The names of a user, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "NameList")]
pub struct Names(NameList);

/// A cert must say at least one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a cert needs at least one name")]
pub struct NoName;

impl TryFrom<NameList> for Names {
    type Error = NoName;

    fn try_from(names: NameList) -> Result<Self, NoName> {
        if names.is_empty() { Err(NoName) } else { Ok(Self(names)) }
    }
}

impl From<Names> for NameList {
    fn from(names: Names) -> Self {
        names.0
    }
}

impl Deref for Names {
    type Target = [Line<MAX_NAME_BYTES>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A way to reach a user outside the network.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// How: `email`, `phone`, `web`, …
    pub media: Word,
    /// The address or number there.
    pub address: Line<MAX_ADDRESS_BYTES>,
}

/// A place where a user lives or does business.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What it is to the user: `home`, `mail`, `work`, …
    pub r#type: Word,
    /// Street and number, or what stands in their place.
    pub address: Option<Line<MAX_ADDRESS_BYTES>>,
    /// Town or village.
    pub city: Option<Line<MAX_NAME_BYTES>>,
    /// State, province or region.
    pub state: Option<Line<MAX_NAME_BYTES>>,
    /// Postal code.
    pub post: Option<Line<MAX_NAME_BYTES>>,
    /// Country.
    pub country: Option<Country>,
}

/// By what a user can be told from others of its name; left out of a record where it tells nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// By a state's number for it.
    pub state: Option<StateId>,
    /// By its birth or foundation.
    #[serde(default, skip_serializing_if = "Birth::is_empty")]
    pub birth: Birth,
}

impl Identity {
    /// Whether it tells nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A state's number for a user: a passport, tax or company number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateId {
    /// Whose number it is.
    pub country: Country,
    /// What number it is: `passport`, `tax`, `company`, …
    pub media: Word,
    /// The number.
    pub id: Line<MAX_NAME_BYTES>,
}

/// The birth of a person, the foundation of an organisation; left out where it tells nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Birth {
    /// The name then.
    pub name: Option<Line<MAX_NAME_BYTES>>,
    /// The day.
    pub date: Option<Day>,
    /// Where.
    pub place: Option<Line<MAX_NAME_BYTES>>,
}

impl Birth {
    /// Whether it tells nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A country by its two capital letters (ISO 3166-1 alpha-2); whether there is one is not checked,
/// as countries come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([char; 2]);

/// The text is no [`Country`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a country is two capital letters, like AT")]
pub struct CountryError;

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let mut letters = text.chars().filter(char::is_ascii_uppercase);
        match (text.len(), letters.next(), letters.next()) {
            (2, Some(first), Some(second)) => Ok(Self([first, second])),
            _ => Err(CountryError),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_iter(self.0))
    }
}

/// A day of the calendar, `YYYY-MM-DD`, without a time zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(String);

/// The text is no [`Day`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a day like 1972-03-31")]
pub struct DayError;

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        // A day is good where its midnight is.
        match format!("{text}T00:00:00.000Z").parse::<Timestamp>() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(DayError),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(Country, Day);
