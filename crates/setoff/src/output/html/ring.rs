//! The members in a ring with their debts as lines, before and after; for small tables.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write;

use super::{Escaped, shortened};
use crate::Outcome;

/// Most lines drawn: the largest debts; beyond that a picture is a blot.
const MAX_LINES: usize = 600;
/// Longest name in the picture, in characters.
const MAX_LABEL_CHARS: usize = 16;
/// Half the side of the picture.
const HALF: f64 = 395.0;
/// Distance of the members from the middle; names stand outside.
const RADIUS: f64 = 200.0;
/// Width of the thickest line.
const THICKEST: f64 = 15.0;

/// All debts from one member to another.
#[derive(Clone, Copy, Default)]
struct Line {
    before: i128,
    cleared: i128,
}

/// Two rings side by side: the debts before, with what is struck in green, and what is left.
pub(super) fn rings(outcome: &Outcome) -> String {
    let mut lines: BTreeMap<(u32, u32), Line> = BTreeMap::new();
    for (debt, cleared) in outcome.table.debts.iter().zip(&outcome.cleared) {
        let line = lines.entry((debt.debtor, debt.creditor)).or_default();
        line.before += i128::from(debt.units.milli());
        line.cleared += i128::from(cleared.milli());
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(pair, line)| (std::cmp::Reverse(line.before), *pair));
    lines.truncate(MAX_LINES);
    let widest = lines.first().map_or(1, |(_, line)| line.before);
    let mut before = String::new();
    let mut after = String::new();
    // Thin lines last, so that they lie on top; green over grey.
    for ((from, to), line) in lines.iter().rev() {
        let path = path(outcome, *from, *to);
        let left = line.before - line.cleared;
        let stroke = |class: &str, units: i128| {
            if units <= 0 {
                return String::new();
            }
            let width = thickness(units, widest);
            format!("<path class=\"{class}\" stroke-width=\"{width:.1}\" d=\"{path}\"/>")
        };
        before.push_str(&stroke("stay", left));
        before.push_str(&stroke("gone", line.cleared));
        after.push_str(&stroke("stay", left));
    }
    let members = members(outcome);
    let figure = |heading: &str, words: &str, lines: &str| {
        format!(
            "<div><h3>{heading}</h3><svg class=\"ring\" viewBox=\"{0} {0} {1} {1}\" role=\"img\" \
             aria-label=\"{words}\">{lines}{members}</svg></div>\n",
            -HALF,
            2.0 * HALF,
        )
    };
    format!(
        "<section>\n<h2>The debts as a picture</h2>\n<figure>\n<div class=\"rings\">\n{}{}</div>\n\
         <figcaption>Every line is what one member owes another, thicker for more. On the left green \
         is what was struck, on the right is what is left. Where there is no room for names, \
         members have their numbers from the table below.</figcaption>\n</figure>\n</section>\n",
        figure(
            "Before",
            "Members in a ring, all debts as lines, the struck part in green.",
            &before
        ),
        figure("Now", "The same ring with the debts that are left: fewer and thinner.", &after),
    )
}

/// Dots, names for wide pages, numbers for narrow ones.
fn members(outcome: &Outcome) -> String {
    let mut drawing = String::new();
    for (place, number) in super::lists::in_order(outcome, usize::MAX).into_iter().enumerate() {
        let name = outcome.table.names.get(number);
        let angle = angle(outcome, number);
        let (x, y) = at(angle, RADIUS);
        let _ = write!(drawing, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>");
        let degrees = angle.to_degrees();
        let left = angle.cos() < 0.0;
        let (turn, anchor) = if left { (degrees + 180.0, "end") } else { (degrees, "start") };
        let (x, y) = at(angle, RADIUS + 12.0);
        let _ = write!(
            drawing,
            "<text class=\"names\" text-anchor=\"{anchor}\" dominant-baseline=\"central\" \
             transform=\"translate({x:.1} {y:.1}) rotate({turn:.1})\">{}</text>",
            Escaped(&shortened(name, MAX_LABEL_CHARS)),
        );
        let (x, y) = at(angle, RADIUS + 28.0);
        let _ = write!(
            drawing,
            "<text class=\"few\" text-anchor=\"middle\" dominant-baseline=\"central\" \
             x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            place + 1,
        );
    }
    drawing
}

/// A curve between two members, bent toward the middle, and a little to one side, so that debts
/// both ways do not cover each other.
fn path(outcome: &Outcome, from: u32, to: u32) -> String {
    let (x1, y1) = at(angle(outcome, from), RADIUS - 5.0);
    let (x2, y2) = at(angle(outcome, to), RADIUS - 5.0);
    let (middle_x, middle_y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
    let (side_x, side_y) = ((y2 - y1) * 0.07, (x1 - x2) * 0.07);
    let (x, y) = (middle_x * 0.35 + side_x, middle_y * 0.35 + side_y);
    format!("M{x1:.1} {y1:.1}Q{x:.1} {y:.1} {x2:.1} {y2:.1}")
}

/// Where a member stands in the ring: in the order of the table, from the top.
fn angle(outcome: &Outcome, number: u32) -> f64 {
    TAU * f64::from(number) / f64::from(outcome.table.participants().max(1)) - TAU / 4.0
}

fn at(angle: f64, radius: f64) -> (f64, f64) {
    (radius * angle.cos(), radius * angle.sin())
}

/// Lines grow with the amount; the thinnest can still be seen.
fn thickness(units: i128, widest: i128) -> f64 {
    (crate::summary::share(units, widest) * THICKEST).max(0.8)
}
