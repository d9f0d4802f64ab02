//! What parts the fields of a row, and how it is found.

use std::str::FromStr;

use thiserror::Error;

/// What parts the fields of a row: one ASCII character.
///
/// Spaces part fields in runs, so that aligned columns can be read; every other separator counts
/// each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separator(u8);

/// A text that names no separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "give one character such as ',' ';' '|', or the word tab, space, comma or semicolon; \
     letters, digits, quotes, '.' and '-' cannot part fields"
)]
pub struct SeparatorError;

impl Separator {
    /// A tab.
    pub const TAB: Self = Self(b'\t');
    /// A semicolon.
    pub const SEMICOLON: Self = Self(b';');
    /// A comma.
    pub const COMMA: Self = Self(b',');
    /// Spaces.
    pub const SPACE: Self = Self(b' ');

    /// The first of tab, semicolon, comma, space that the line holds outside quotes; a comma where
    /// it holds none.
    pub fn of_line(line: &[u8]) -> Self {
        let mut quoted = false;
        let mut seen = [false; 4];
        let candidates = [Self::TAB, Self::SEMICOLON, Self::COMMA, Self::SPACE];
        for &byte in line {
            quoted ^= byte == b'"';
            if !quoted && let Some(place) = candidates.iter().position(|c| c.0 == byte) {
                seen[place] = true;
            }
        }
        let first = candidates.iter().zip(seen).find(|(_, seen)| *seen);
        first.map_or(Self::COMMA, |(candidate, _)| *candidate)
    }

    /// The character as a byte.
    pub(crate) const fn byte(self) -> u8 {
        self.0
    }
}

impl FromStr for Separator {
    type Err = SeparatorError;

    fn from_str(text: &str) -> Result<Self, SeparatorError> {
        match text {
            "tab" | "\\t" | "\t" => return Ok(Self::TAB),
            "space" => return Ok(Self::SPACE),
            "comma" => return Ok(Self::COMMA),
            "semicolon" => return Ok(Self::SEMICOLON),
            _ => {}
        }
        match text.as_bytes() {
            &[byte]
                if byte == b' ' || (byte.is_ascii_punctuation() && !b"\".-".contains(&byte)) =>
            {
                Ok(Self(byte))
            }
            _ => Err(SeparatorError),
        }
    }
}
