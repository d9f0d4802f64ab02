//! Text on a terminal: widths as they are seen, colours where they are wanted, bars.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Colours and weights of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Headings and the figures that matter.
    Bold,
    /// What is cleared.
    Green,
    /// What is left, and remarks.
    Dim,
}

/// Dresses `text` where `colour` is on.
pub(crate) fn paint(colour: bool, ink: Ink, text: &str) -> String {
    let code = match ink {
        Ink::Bold => "1",
        Ink::Green => "32",
        Ink::Dim => "2",
    };
    if colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// How many columns `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in exactly `columns`: filled with spaces or cut with an ellipsis, never through the
/// middle of what is seen as one character.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let text = harmless(text);
    if width(&text) <= columns {
        return pad(text, columns);
    }
    let mut kept = String::new();
    for piece in text.graphemes(true) {
        // The width of the whole: pieces may join into something narrower or wider.
        if width(&kept) + width(piece) + 1 > columns {
            break;
        }
        kept.push_str(piece);
    }
    if columns > 0 {
        kept.push('…');
    }
    pad(kept, columns)
}

fn pad(mut text: String, columns: usize) -> String {
    let missing = columns.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Without what would steer a terminal or turn the direction of writing.
pub(crate) fn harmless(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// A bar of `columns` for `part` of `whole`, drawn in eighths of a column; something is seen of
/// every positive part.
pub(crate) fn bar(part: i128, whole: i128, columns: usize) -> String {
    let eighths = scaled(part, whole, columns * 8);
    let eighths = if part > 0 { eighths.max(1) } else { eighths };
    let mut bar = "█".repeat(eighths / 8);
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    bar.push_str(rest[eighths % 8]);
    bar
}

/// `part` of `whole` on a scale of `steps`, rounded down.
pub(crate) fn scaled(part: i128, whole: i128, steps: usize) -> usize {
    let Ok(scale) = i128::try_from(steps) else { return 0 };
    let (part, whole) = (part.clamp(0, whole.max(0)), whole.max(1));
    // Sums stay far below 2^96, so the product fits.
    part.checked_mul(scale).map_or(0, |steps| usize::try_from(steps / whole).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_by_what_is_seen() {
        assert_eq!(fit("Ann", 5), "Ann  ");
        assert_eq!(fit("Annabel", 5), "Anna…");
        assert_eq!(fit("東京都千代田区", 7), "東京都…");
        assert_eq!(fit("東京都千代田区", 8), "東京都… ");
        assert_eq!(width(&fit("👩‍🌾👩‍🌾👩‍🌾👩‍🌾", 6)), 6);
        assert_eq!(fit("A\x1b[31mB\n", 9), "A\u{fffd}[31mB\u{fffd} ");
        assert_eq!(fit("Ann", 0), "");
    }

    #[test]
    fn bars_show_every_positive_part() {
        assert_eq!(bar(1, 2, 4), "██");
        assert_eq!(bar(1, 1_000_000, 4), "▏");
        assert_eq!(bar(0, 0, 4), "");
        assert_eq!(bar(3, 3, 4), "████");
    }
}
