//! Canonical text: RFC 8785 (JCS) over a checked value. It is what is hashed and signed.
//! What a record leaves out of it is in `record.rs`;
//! `writer.rs` writes it.

mod writer;

use std::fmt;

use serde::Serialize;

use crate::ids::Hash;
use crate::json::{Json, JsonError, MAX_RECORD_BYTES};

/// The canonical text (RFC 8785) of a checked value: no white space, members sorted by the UTF-16
/// units of their names, whole numbers plain, as few escapes as JSON allows.
///
/// Equal values have equal texts, and nobody else can make a `CanonicalText`, so that what is
/// signed or hashed is never an odd spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalText(String);

impl CanonicalText {
    /// The canonical text of `value`, nulls included; see [`Json::without`].
    ///
    /// # Errors
    /// [`JsonError::TooLarge`] where the text is longer than a reader would take.
    pub fn of(value: &Json) -> Result<Self, JsonError> {
        let text = serde_json_canonicalizer::to_string(value.as_value())
            .map_err(|error| JsonError::Syntax { reason: error.to_string() })?;
        if text.len() > MAX_RECORD_BYTES {
            return Err(JsonError::TooLarge { bytes: text.len() });
        }
        Ok(Self(text))
    }

    /// The canonical text of anything serialisable, as a record is written: without null members,
    /// and at its top without the members named.
    ///
    /// # Errors
    /// [`JsonError`] where the value breaks a rule of [`Json`].
    pub fn written<T: Serialize + ?Sized>(value: &T, without: &[&str]) -> Result<Self, JsonError> {
        match writer::write(value, without) {
            Some(text) => Ok(Self(text)),
            None => Self::written_by_tree(value, without),
        }
    }

    /// The same over a tree of JSON: slower, and says what is wrong.
    ///
    /// # Errors
    /// As [`CanonicalText::written`].
    pub fn written_by_tree<T: Serialize + ?Sized>(
        value: &T,
        without: &[&str],
    ) -> Result<Self, JsonError> {
        Self::of(&Json::of(value)?.without(without))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its bytes in UTF-8: what is signed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// SHA-256 of its bytes.
    pub fn hash(&self) -> Hash {
        Hash::of(self.as_bytes())
    }
}

impl fmt::Display for CanonicalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
