//! A short, harmless piece of somebody's input, to show in a message.

use std::fmt;

/// Longest excerpt, in characters: enough to recognise a field, short enough for one line.
const MAX_CHARS: usize = 40;

/// A piece of input made fit for a message: invalid bytes and control characters replaced, cut
/// after 40 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// The start of `bytes`, whatever they are.
    pub fn new(bytes: &[u8]) -> Self {
        // Four bytes a character at most; one more character shows whether something was cut.
        let head = &bytes[..bytes.len().min(4 * (MAX_CHARS + 1))];
        let text = String::from_utf8_lossy(head);
        let mut shown: String = text.chars().take(MAX_CHARS).map(harmless).collect();
        if text.chars().nth(MAX_CHARS).is_some() || head.len() < bytes.len() {
            shown.push('…');
        }
        Self(shown)
    }
}

/// Replaces what would steer a terminal or turn the direction of writing.
fn harmless(c: char) -> char {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns { '\u{fffd}' } else { c }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}
