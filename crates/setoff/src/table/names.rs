//! Participants' names, each kept once and numbered from 0.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::RowFault;

/// Longest name in bytes of UTF-8; longer is a sign of a broken file, not of a firm.
pub const MAX_NAME_BYTES: usize = 1024;
/// Most participants: the engine numbers them in 31 bits.
pub const MAX_PARTICIPANTS: u32 = (1 << 31) - 1;

/// All names, one text after the other.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of a participant; empty for a number that nobody has.
    pub fn get(&self, participant: u32) -> &str {
        let place = participant as usize;
        let start = if place == 0 { Some(&0) } else { self.ends.get(place - 1) };
        match (start, self.ends.get(place)) {
            (Some(&start), Some(&end)) => &self.text[start..end],
            _ => "",
        }
    }
}

/// Numbers names in the order of their first coming. Hashing is seeded, so that no file can be
/// made to slow it down.
#[derive(Default)]
pub(crate) struct Interner {
    names: Names,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Interner {
    /// The number of `name`, old or new; `None` where there are too many.
    pub(crate) fn number(&mut self, name: &str) -> Option<u32> {
        let Self { names, index, hasher } = self;
        let hash = hasher.hash_one(name);
        if let Some(&number) = index.find(hash, |&number| names.get(number) == name) {
            return Some(number);
        }
        let number = names.len();
        if number >= MAX_PARTICIPANTS {
            return None;
        }
        names.text.push_str(name);
        names.ends.push(names.text.len());
        index.insert_unique(hash, number, |&number| hasher.hash_one(names.get(number)));
        Some(number)
    }

    pub(crate) fn finish(self) -> Names {
        self.names
    }
}

/// The name in a field, without the white space around it.
pub(crate) fn checked<'a>(field: &'a [u8], column: &'static str) -> Result<&'a str, RowFault> {
    let name = std::str::from_utf8(field).map_err(|_| RowFault::NotUtf8)?.trim();
    if name.is_empty() {
        return Err(RowFault::EmptyName { column });
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(RowFault::LongName { column });
    }
    if name.contains('\0') {
        return Err(RowFault::Nul);
    }
    if let Some(code) = invisible(name) {
        return Err(RowFault::Invisible { column, code });
    }
    Ok(name)
}

/// The first character of a name that is never seen, wherever it is shown.
fn invisible(name: &str) -> Option<&'static str> {
    if name.is_ascii() {
        return None;
    }
    name.chars().find_map(|c| match c {
        '\u{ad}' => Some("U+00AD"),
        '\u{200b}' => Some("U+200B"),
        '\u{2060}' => Some("U+2060"),
        '\u{feff}' => Some("U+FEFF"),
        _ => None,
    })
}
