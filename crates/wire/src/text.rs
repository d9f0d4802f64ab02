//! Text from elsewhere, made fit for one line of a log or a message.

/// At most so many bytes of a text, with a space in place of everything that is not printed: no
/// peer writes a line of its own into a log.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() || is_format(c) { ' ' } else { c };
    let mut line = String::with_capacity(text.len().min(most));
    for c in text.chars().map(plain) {
        if line.len() + c.len_utf8() > most {
            break;
        }
        line.push(c);
    }
    line
}

/// Line and paragraph ends beyond ASCII, and what turns the direction of writing.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_is_short_and_plain(text in any::<String>(), most in 0..40_usize) {
            let line = one_line(&text, most);
            prop_assert!(line.len() <= most);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_format(c)));
            prop_assert_eq!(one_line(&line, most), line);
        }

        #[test]
        fn plain_text_stays_as_it_is(text in "[ -~äöüß]{0,30}") {
            prop_assert_eq!(one_line(&text, 100), text);
        }
    }
}
