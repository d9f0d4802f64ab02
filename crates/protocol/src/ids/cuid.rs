//! `Cuid`: a user's name at its agent, like the part before `@` in an e-mail address.
//! The agent's own name is in `agent.rs`; the whole address in `crate::address`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::serde_as_text;

/// A user's name at its agent: 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter
/// or a digit.
///
/// Small letters only, so that two names never differ by case; nothing that an address, a link or a
/// file name would have to escape. A name is unique at its agent only: see [`crate::ChipAddress`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cuid(String);

/// Why a text is no CUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CuidError {
    /// Nothing there.
    #[error("user name is empty")]
    Empty,
    /// More than [`Cuid::MAX_LEN`] characters.
    #[error("user name is longer than 64 characters")]
    TooLong,
    /// Begins with `.`, `_` or `-`.
    #[error("user name must begin with a small letter or a digit")]
    Start,
    /// Holds something else than small letters, digits, `.`, `_` and `-`.
    #[error("user name holds {found:?}; only a-z, 0-9, '.', '_' and '-' are allowed")]
    Character {
        /// The first character that does not belong.
        found: char,
    },
}

impl Cuid {
    /// The most characters: as many as the part before `@` in an e-mail address may have.
    pub const MAX_LEN: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Cuid {
    type Err = CuidError;

    fn from_str(text: &str) -> Result<Self, CuidError> {
        if text.len() > Self::MAX_LEN {
            return Err(CuidError::TooLong);
        }
        let letter_or_digit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let allowed = |c: char| letter_or_digit(c) || matches!(c, '.' | '_' | '-');
        if let Some(found) = text.chars().find(|&c| !allowed(c)) {
            return Err(CuidError::Character { found });
        }
        match text.chars().next() {
            None => Err(CuidError::Empty),
            Some(first) if !letter_or_digit(first) => Err(CuidError::Start),
            Some(_) => Ok(Self(text.to_owned())),
        }
    }
}

serde_as_text!(Cuid);
