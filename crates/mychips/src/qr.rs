//! QR codes: on a terminal, whatever its colours, and as a picture to be printed.

use std::fmt::Write as _;

use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};

use crate::failure::Failure;

/// Black on white by numbers that no theme changes (256 colours): light on dark many a reader refuses.
const INK: &str = "\x1b[38;5;16;48;5;231m";
const PLAIN: &str = "\x1b[0m";

/// How large a square of a printed code is, in the units of the picture.
const SQUARE: u32 = 8;

/// A text as a QR code on a terminal, two squares a character: a screen has no stains, so the least correction
/// of errors will do, and the code stays small.
pub(crate) fn on_terminal(text: &str) -> Result<String, Failure> {
    let drawn = code(text, EcLevel::L)?.render::<unicode::Dense1x2>().quiet_zone(true).build();
    let mut page = String::new();
    for line in drawn.lines() {
        // Writing to a text does not fail.
        let _ = writeln!(page, "{INK}{line}{PLAIN}");
    }
    Ok(page)
}

/// A text as a QR code in SVG, for paper.
pub(crate) fn as_svg(text: &str) -> Result<String, Failure> {
    let code = code(text, EcLevel::M)?;
    let mut render = code.render::<svg::Color<'_>>();
    Ok(render.quiet_zone(true).module_dimensions(SQUARE, SQUARE).build())
}

fn code(text: &str, level: EcLevel) -> Result<QrCode, Failure> {
    QrCode::with_error_correction_level(text, level).map_err(|error| {
        let text = format!("the link is too long for a picture ({error}): hand over the link");
        Failure::refused("too_long", text)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What another program reads in squares that are dark or not.
    fn read(rows: &[Vec<bool>]) -> String {
        const LARGE: usize = 4;
        let dark = |x: usize, y: usize| rows.get(y / LARGE).and_then(|row| row.get(x / LARGE));
        let (width, height) = (rows[0].len() * LARGE, rows.len() * LARGE);
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            if dark(x, y) == Some(&true) { 0 } else { 255 }
        });
        let found = picture.detect_grids();
        assert_eq!(found.len(), 1, "one code is seen");
        found[0].decode().expect("a code that can be read").1
    }

    /// The squares of a code on a terminal: black ink on white, two rows a line.
    fn squares(page: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in page.lines() {
            let line = line.strip_prefix(INK).unwrap().strip_suffix(PLAIN).unwrap();
            for upper in [true, false] {
                rows.push(
                    line.chars()
                        .map(|c| match c {
                            ' ' => false,
                            '█' => true,
                            '▀' => upper,
                            '▄' => !upper,
                            other => panic!("{other:?}"),
                        })
                        .collect(),
                );
            }
        }
        rows
    }

    /// The squares of a code in SVG.
    fn drawn(svg: &str) -> Vec<Vec<bool>> {
        let size = |text: &str| text.parse::<usize>().unwrap() / SQUARE as usize;
        let side = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut rows = vec![vec![false; size(side)]; size(side)];
        for square in svg.split("d=\"").nth(1).unwrap().split('M').skip(1) {
            let (x, rest) = square.split_once(' ').unwrap();
            rows[size(rest.split('h').next().unwrap())][size(x)] = true;
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn another_program_reads_what_was_drawn(text in "chip://[a-z]{1,20}:[A-Za-z0-9]{52}@[a-z.]{1,60}:8421#invite/[A-Za-z0-9_/-]{66}") {
            prop_assert_eq!(&read(&squares(&on_terminal(&text).unwrap())), &text);
            prop_assert_eq!(read(&drawn(&as_svg(&text).unwrap())), text);
        }
    }

    #[test]
    fn a_usual_link_fits_on_a_terminal_and_a_text_too_long_is_told() {
        let page = on_terminal(&"chip://".repeat(24)).unwrap();
        assert!(page.lines().count() <= 30, "{}", page.lines().count());
        assert!(squares(&page).iter().all(|row| row.len() <= 60));
        assert!(on_terminal(&"x".repeat(4_000)).is_err());
    }
}
