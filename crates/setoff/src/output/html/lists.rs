//! Lists and tables of the report: circles, members, rows left out, how to check.

use std::fmt::Write;

use clearing::{Circle, MAX_TOLD_MEMBERS};

use super::{Escaped, Name, counted};
use crate::output::decimal::{Grouped, grouped};
use crate::{Choice, Outcome, Table};

/// How many circles are told.
const CIRCLES: usize = 8;
/// Longest circle that is told member by member.
const TOLD_MEMBERS: usize = 8;
/// Most members in the table; `positions.csv` has all.
const MAX_ROWS: usize = 500;
/// Most bad rows that are named.
const MAX_BAD_ROWS: usize = 20;

/// The participants in the order in which the report lists them: most relieved first, then as in the
/// table.
pub(super) fn in_order(outcome: &Outcome, most: usize) -> Vec<u32> {
    let summary = &outcome.summary;
    let mut order = summary.largest_beneficiaries(most);
    let unrelieved = (0..).zip(&summary.positions).filter(|(_, p)| p.relief() == 0);
    order.extend(unrelieved.map(|(number, _)| number).take(most - order.len()));
    order
}

/// The circles that clear the most, in words.
pub(super) fn circles(outcome: &Outcome) -> String {
    let weight = |circle: &Circle| circle.units.saturating_mul(circle.members.len() as i128);
    let Some(circles) = &outcome.circles else {
        return format!(
            "<section>\n<h2>The circles</h2>\n<p>The circles that make up this set-off are left out: \
             listed one by one, they would have more than {} members. What was struck from each debt \
             is in <code>setoff.csv</code>, exact as always, and so is the proof below.</p>\n\
             </section>\n",
            grouped(MAX_TOLD_MEMBERS as u64)
        );
    };
    let mut largest: Vec<&Circle> = circles.iter().collect();
    largest.sort_by_key(|circle| std::cmp::Reverse(weight(circle)));
    largest.truncate(CIRCLES);
    let items: String = largest.iter().map(|circle| item(outcome, circle)).collect();
    format!(
        "<section>\n<h2>The largest circles</h2>\n\
         <p>The whole set-off is {}. Along a circle the same sum is struck from every debt. \
         <code>circles.csv</code> lists them all.</p>\n<ul class=\"circles\">\n{items}</ul>\n\
         </section>\n",
        match circles.len() {
            1 => "one circle of debts".to_owned(),
            many => format!("{} of debts, put together", counted(many as u64, "circle")),
        },
    )
}

fn item(outcome: &Outcome, circle: &Circle) -> String {
    let name = |member: &u32| Name(outcome.table.names.get(*member)).to_string();
    let members = &circle.members;
    let mut words = String::new();
    let Some((first, rest)) = members.split_first() else { return words };
    let _ = write!(words, "{} owes ", name(first));
    let told = if members.len() > TOLD_MEMBERS { TOLD_MEMBERS - 1 } else { members.len() } - 1;
    for member in &rest[..told] {
        let _ = write!(words, "{}, who owes ", name(member));
    }
    if told < rest.len() {
        let _ =
            write!(words, "… {} … who owes ", counted((rest.len() - told) as u64, "more member"));
    }
    let _ = write!(words, "{}.", name(first));
    format!(
        "<li>{}<span>{words} <strong>{}</strong> struck from each.</span></li>\n",
        drawing(members.len()),
        Grouped(circle.units)
    )
}

/// A small ring with a dot for each member, for up to a dozen.
fn drawing(members: usize) -> String {
    let dots: String = (0..members.min(12))
        .map(|dot| {
            let dots = f64::from(u16::try_from(members.min(12)).unwrap_or(12));
            let angle = std::f64::consts::TAU
                * (f64::from(u16::try_from(dot).unwrap_or_default()) / dots - 0.25);
            let (x, y) = (20.0 * angle.cos(), 20.0 * angle.sin());
            format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>")
        })
        .collect();
    format!(
        "<svg viewBox=\"-27 -27 54 54\" aria-hidden=\"true\">\
         <path d=\"M0-20A20 20 0 1 1 -.01-20Z\"/>{dots}</svg>"
    )
}

/// What each member owes and is owed, before and after.
pub(super) fn positions(outcome: &Outcome) -> String {
    let all = outcome.table.participants() as usize;
    let mut rows = String::new();
    for (place, number) in in_order(outcome, MAX_ROWS).into_iter().enumerate() {
        let position = outcome.summary.position(number);
        let relief = position.relief();
        let class = if relief > 0 { " class=\"good\"" } else { "" };
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td{class}>{}</td>\
             <td>{}</td><td>{}</td><td>{}</td></tr>",
            place + 1,
            Name(outcome.table.names.get(number)),
            Grouped(position.owes_before),
            Grouped(position.owed_before),
            Grouped(relief),
            Grouped(position.owes_after),
            Grouped(position.owed_after),
            Grouped(position.net_after()),
        );
    }
    let which = if all > MAX_ROWS {
        format!(
            "The {} members with the most relief, of {}; positions.csv has them all.",
            grouped(MAX_ROWS as u64),
            grouped(all as u64)
        )
    } else {
        "All members, the most relieved first.".to_owned()
    };
    format!(
        "<section>\n<h2 id=\"members\">Member by member</h2>\n\
         <div class=\"wide\" role=\"region\" aria-labelledby=\"members\" tabindex=\"0\">\n<table>\n\
         <caption>{which} A net position is what a member is owed less what it owes; it is the same \
         before and after.</caption>\n<thead><tr><th scope=\"col\">No.</th>\
         <th scope=\"col\" class=\"name\">Member</th><th scope=\"col\">Owed others</th>\
         <th scope=\"col\">Was owed</th><th scope=\"col\">Struck from both</th>\
         <th scope=\"col\">Owes now</th><th scope=\"col\">Is owed now</th><th scope=\"col\">Net</th>\
         </tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n</section>\n"
    )
}

/// What of the table is not in the result, and what was rounded.
pub(super) fn left_out(table: &Table) -> String {
    if table.refused == 0 && table.rounded == 0 {
        return String::new();
    }
    let mut words = String::new();
    if table.rounded > 0 {
        let _ = writeln!(
            words,
            "<p>{} written with more than three decimal places and rounded toward zero.</p>",
            match table.rounded {
                1 => "One amount was".to_owned(),
                many => format!("{} amounts were", grouped(many)),
            }
        );
    }
    if table.refused > 0 {
        let shown = table.bad_rows.iter().take(MAX_BAD_ROWS);
        let rows: String =
            shown.map(|row| format!("<li>{}</li>\n", Escaped(&row.to_string()))).collect();
        let more = table.refused - table.bad_rows.len().min(MAX_BAD_ROWS) as u64;
        let more = match more {
            0 => String::new(),
            more => {
                format!("<li>and {} more; <code>refused.csv</code> has them</li>\n", grouped(more))
            }
        };
        let _ = writeln!(
            words,
            "<p>{} no debt and left out:</p>\n<ul>\n{rows}{more}</ul>",
            match table.refused {
                1 => "One row is".to_owned(),
                many => format!("{} rows are", grouped(many)),
            }
        );
    }
    format!("<section>\n<h2>About the table</h2>\n{words}</section>\n")
}

/// Why one may believe it, and how to look oneself.
pub(super) fn how_to_check(outcome: &Outcome) -> String {
    let proof = &outcome.proof;
    let claim = match outcome.choice {
        Choice::Largest | Choice::Even => "That nothing more could be struck has a proof",
        Choice::Short { .. } => "How much more longer circles could strike has a proof",
    };
    let circles = match outcome.circles {
        Some(_) => "<dt><code>circles.csv</code></dt><dd>all circles, debt by debt</dd>\n",
        None => "",
    };
    format!(
        "<section>\n<h2>How to check it</h2>\n\
         <p>Any member can check its own lines with pencil and paper, and anybody the whole:</p>\n\
         <ol>\n\
         <li>In <code>setoff.csv</code> every debt stands with what was struck from it: never more \
         than the debt.</li>\n\
         <li>Add up, for one member, what was struck from its debts and what was struck from its \
         claims: the two sums are equal. That is what keeps its net position.</li>\n\
         <li>{claim}. <code>positions.csv</code> gives every \
         member a small whole number, its potential. Multiply each debt by one plus its creditor's \
         potential less its debtor's, count nothing where that is below zero, and add up. Around a \
         circle the differences cancel out, so no set-off of these debts can exceed this sum. It is \
         <strong>{}</strong>, and <strong>{}</strong> was struck. A separate part of the program \
         checked this before the report was written.</li>\n</ol>\n\
         <p>These files belong to the report:</p>\n<dl class=\"files\">\n\
         <dt><code>setoff.csv</code></dt><dd>each debt, what was struck, what is left</dd>\n\
         <dt><code>residual.csv</code></dt><dd>the debts that are left, as a table for the next \
         set-off</dd>\n\
         <dt><code>positions.csv</code></dt><dd>each member's debts and claims, before and after</dd>\n\
         {circles}<dt><code>refused.csv</code></dt><dd>the rows that were left out, and why</dd>\n</dl>\n\
         </section>\n",
        Grouped(proof.bound),
        Grouped(proof.cleared),
    )
}
