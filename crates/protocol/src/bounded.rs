//! Texts and lists that have a limit: whatever a peer could make grow inside a record.
//! The limits themselves stand with the records that use them.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::text::serde_as_text;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing there, or white space only: leave the member out instead, so that "none" has one
    /// spelling.
    #[error("text is empty; leave it out instead")]
    Empty,
    /// White space before or after a line, which nobody sees: "Ann " is not to be another name.
    #[error("text begins or ends with white space; take that away")]
    Around,
    /// Longer than the limit, in bytes of UTF-8.
    #[error("text of {bytes} bytes is longer than {max}")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A character that is not to be seen, or that changes how others are read: a name must not
    /// look like another name, nor a contract read like another contract.
    #[error("text holds {found:?}, which would not be seen as it is")]
    Unseen {
        /// The first such character.
        found: char,
    },
}

/// Controls, the marks that reverse the order in which a text is shown, and what leaves no trace on
/// a screen. Joiners (U+200C, U+200D) and direction marks (U+200E, U+200F, U+061C) are left to those
/// whose scripts need them, and so are the two marks that choose how an emoji looks (U+FE0E, U+FE0F).
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}')
        || matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}')
        || matches!(c, '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// What a text may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Line,
    Prose,
}

fn checked(text: &str, max: usize, kind: Kind) -> Result<(), TextError> {
    let inner = text.trim();
    if inner.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > max {
        return Err(TextError::TooLong { bytes: text.len(), max });
    }
    let line_end = |c| kind == Kind::Prose && c == '\n';
    if let Some(found) = text.chars().find(|&c| unseen(c) && !line_end(c)) {
        return Err(TextError::Unseen { found });
    }
    if kind == Kind::Line && inner.len() < text.len() {
        return Err(TextError::Around);
    }
    Ok(())
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<const MAX: usize>(String);

        impl<const MAX: usize> $name<MAX> {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<const MAX: usize> fmt::Display for $name<MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl<const MAX: usize> FromStr for $name<MAX> {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                checked(text, MAX, $kind)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl<const MAX: usize> Serialize for $name<MAX> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de, const MAX: usize> Deserialize<'de> for $name<MAX> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                checked(&text, MAX, $kind).map_err(serde::de::Error::custom)?;
                Ok(Self(text))
            }
        }
    };
}

text_type! {
    /// One line of 1 to `MAX` bytes without white space around it: a name, a title, a reference.
    Line, Kind::Line
}

text_type! {
    /// A text of 1 to `MAX` bytes that may have several lines, ended by `\n`.
    Prose, Kind::Prose
}

impl<const MAX: usize> Line<MAX> {
    /// As much of a text of any origin as is one line of 1 to `MAX` bytes: what is not to be seen becomes a
    /// space, what is too long is left out, and nothing at all becomes a dash.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        let seen = text.trim().chars().map(|c| if unseen(c) { ' ' } else { c });
        let mut line = String::new();
        for c in seen {
            if line.len() + c.len_utf8() > MAX {
                break;
            }
            line.push(c);
        }
        let line = line.trim();
        Self(if line.is_empty() { "-".to_owned() } else { line.to_owned() })
    }
}

/// A word that names a thing within a record: 1 to 32 of `a-z`, `0-9`, `_` and `-`, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(String);

/// The text is no [`Word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a word of 1 to 32 of a-z, 0-9, '_' and '-', beginning with a letter")]
pub struct WordError;

impl Word {
    /// The most bytes: enough to say what it is, short enough for a table of them.
    pub const MAX_LEN: usize = 32;

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if !starts || text.len() > Self::MAX_LEN || !text.bytes().all(inner) {
            return Err(WordError);
        }
        Ok(Self(text.to_owned()))
    }
}

serde_as_text!(Word);

/// A list of at most `MAX` items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct List<T, const MAX: usize>(Vec<T>);

/// More items than a list may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{found} items, at most {max} are allowed")]
pub struct TooMany {
    /// Items found.
    pub found: usize,
    /// Items allowed.
    pub max: usize,
}

impl<T, const MAX: usize> List<T, MAX> {
    /// A list of these items.
    ///
    /// # Errors
    /// [`TooMany`] where there are more than `MAX`.
    pub fn new(items: Vec<T>) -> Result<Self, TooMany> {
        if items.len() > MAX {
            return Err(TooMany { found: items.len(), max: MAX });
        }
        Ok(Self(items))
    }

    /// Whether there are none; a record leaves an empty list out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items that fulfil a condition, in their order.
    #[must_use]
    pub fn keep(mut self, wanted: impl FnMut(&T) -> bool) -> Self {
        self.0.retain(wanted);
        self
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
