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

    /// The character as a byte.
    pub(crate) const fn byte(self) -> u8 {
        self.0
    }
}

/// What may part fields where nobody says, in the order of preference.
const CANDIDATES: [Separator; 4] =
    [Separator::TAB, Separator::SEMICOLON, Separator::COMMA, Separator::SPACE];

/// Finds the separator of the first row, line by line: the first of tab, semicolon, comma, space that
/// stands in it outside quotes; a comma where none does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seeker([Sought; 4]);

/// How a row looks if this is its separator.
#[derive(Clone, Copy, Debug, Default)]
struct Sought {
    place: Place,
    /// It stood outside quotes.
    seen: bool,
}

/// Where in a row it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before a field, blanks perhaps passed: only here a quote opens.
    #[default]
    Start,
    /// In a field, or after its closing quote.
    Field,
    /// Between quotes.
    Quoted,
    /// After a quote within quotes: the field's end, or half of a doubled quote.
    Quote,
}

impl Seeker {
    /// Takes one more line of the row.
    pub(super) fn feed(&mut self, line: &[u8]) {
        for (sought, candidate) in self.0.iter_mut().zip(CANDIDATES) {
            for &byte in line {
                sought.take(byte, candidate.0);
            }
        }
    }

    /// The separator; none where the row goes on, because its first field is open.
    pub(super) fn found(&self) -> Option<Separator> {
        for (sought, candidate) in self.0.iter().zip(CANDIDATES) {
            if sought.seen {
                return Some(candidate);
            }
            // No separator came before this quote: it is open whatever the separator is.
            if sought.place == Place::Quoted {
                return None;
            }
        }
        Some(Separator::COMMA)
    }
}

impl Sought {
    fn take(&mut self, byte: u8, separator: u8) {
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Quoted, _) | (Place::Quote, b'"') => Place::Quoted,
            (_, byte) if byte == separator => {
                self.seen = true;
                Place::Start
            }
            (Place::Start, b'"') => Place::Quoted,
            (Place::Start, b' ' | b'\t') => Place::Start,
            _ => Place::Field,
        };
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
