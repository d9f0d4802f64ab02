//! The report: one page of HTML that needs nothing else, to hand to the members.
//!
//! Pictures are drawn in `pictures`, the ring of members in `ring`, tables and lists in `lists`.
//! The same result gives the same page, byte for byte: no date, no running time.

mod lists;
mod pictures;
mod ring;
mod style;

use std::fmt;

use super::decimal::grouped;
use crate::{Choice, Grouped, Outcome, Percent};

/// Most participants that are drawn one by one.
const MAX_DRAWN: u32 = 60;
/// Fewest participants for whom a distribution says more than the table itself.
const MIN_DISTRIBUTED: u64 = 8;
/// Longest name on the page, in characters; the CSV files have all of it.
const MAX_NAME_CHARS: usize = 80;

/// The report on a result; `title` names the table it comes from.
///
/// The page is bounded whatever the table: below a megabyte.
pub fn report(outcome: &Outcome, title: &str) -> String {
    let mut page = String::with_capacity(1 << 16);
    let mut sections = vec![opening(outcome, title), what_happened(outcome)];
    if outcome.summary.cleared > 0 {
        sections.push(pictures::before_and_after(&outcome.summary));
        if outcome.table.participants() <= MAX_DRAWN {
            sections.push(ring::rings(outcome));
        }
        sections.push(pictures::beneficiaries(outcome));
        if outcome.summary.debtors >= MIN_DISTRIBUTED {
            sections.push(pictures::distribution(&outcome.summary));
        }
        sections.push(lists::circles(outcome));
    }
    if !outcome.table.debts.is_empty() {
        sections.push(lists::positions(outcome));
    }
    sections.push(lists::left_out(&outcome.table));
    sections.push(lists::how_to_check(outcome));
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_str(&format!("<title>Set-off: {}</title>\n", Escaped(title)));
    page.push_str(&format!("<style>{}</style>\n</head>\n<body>\n<main>\n", style::STYLE));
    for section in sections.iter().filter(|section| !section.is_empty()) {
        page.push_str(section);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn opening(outcome: &Outcome, title: &str) -> String {
    let (table, summary) = (&outcome.table, &outcome.summary);
    let helped = summary.freed_of_all + summary.freed_of_part;
    let debts = table.debts.len() as u64;
    let left = debts - summary.debts_settled;
    let in_debts = |number| format!("in {}", counted(number, "debt"));
    let headline = if summary.cleared > 0 {
        format!("{} of debt gone, and no money moved", Grouped(summary.cleared))
    } else {
        "Nothing to set off".to_owned()
    };
    format!(
        "<header>\n<p class=\"soft\">Set-off of debts · {}</p>\n<h1>{headline}</h1>\n</header>\n\
         <dl class=\"tiles\">\n\
         <div class=\"main\">{}</div>\n<div>{}</div>\n<div>{}</div>\n<div>{}</div>\n</dl>\n",
        Escaped(title),
        tile("Cleared", &Percent(summary.cleared, summary.total).to_string(), "of all debt"),
        tile("Owed before", &Grouped(summary.total).to_string(), &in_debts(debts)),
        tile("Owed now", &Grouped(summary.left()).to_string(), &in_debts(left)),
        tile(
            "Relieved",
            &format!("{} of {}", grouped(helped), grouped(summary.debtors)),
            "members who owed something"
        ),
    )
}

/// One of the large figures, in smaller letters the longer it is.
fn tile(label: &str, figure: &str, remark: &str) -> String {
    let class = match figure.len() {
        0..=10 => "",
        11..=16 => " class=\"long\"",
        _ => " class=\"longer\"",
    };
    format!("<dt>{label}</dt><dd{class}>{figure}<small>{remark}</small></dd>")
}

fn what_happened(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    if summary.cleared == 0 {
        return "<section>\n<h2>What happened</h2>\n<p class=\"lead\">A set-off cancels debts that run \
                in a circle: one member owes a second, the second a third, and the last the first \
                again. In this table no debts run in a circle, so there is nothing to set off, and \
                everything stays as it was.</p>\n</section>\n"
            .to_owned();
    }
    let how = match outcome.choice {
        Choice::Largest => "as much as possible".to_owned(),
        Choice::Even => {
            "as much as possible, from debts in shares as equal as that allows,".to_owned()
        }
        Choice::Short { max_hops } => format!(
            "what circles of at most {} can, {} of what all circles could,",
            counted(max_hops.into(), "member"),
            Percent(outcome.proof.cleared, outcome.proof.bound)
        ),
    };
    let entirely = match summary.freed_of_all {
        0 => String::new(),
        1 => " One of them now owes nothing at all.".to_owned(),
        many => format!(" {} of them now owe nothing at all.", grouped(many)),
    };
    format!(
        "<section>\n<h2>What happened</h2>\n\
         <p class=\"lead\">Debts often run in circles: one member owes a second, the second a third, \
         and the last owes the first again. Everybody in such a circle can strike the same sum from \
         what it owes and from what it is owed. Nobody has to pay anything for that.</p>\n\
         <p>All {} of {} were looked at together, and {how} was struck: {} of {} \
         ({}). {} less than before.{entirely}</p>\n\
         <p><strong>Nobody is worse off.</strong> Whatever a member no longer owes, it is no longer \
         owed either, to the last thousandth. The difference between the two, its net position, is \
         exactly what it was. No new debt was made, and nobody has a new debtor or a new \
         creditor.</p>\n</section>\n",
        counted(outcome.table.debts.len() as u64, "debt"),
        counted(u64::from(outcome.table.participants()), "member"),
        Grouped(summary.cleared),
        Grouped(summary.total),
        Percent(summary.cleared, summary.total),
        match summary.freed_of_all + summary.freed_of_part {
            1 => "One member owes".to_owned(),
            many => format!("{} members owe", grouped(many)),
        },
    )
}

/// `1 debt`, `2 debts`.
fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// `part` of `whole` on a scale of so many steps, rounded down.
fn scaled(part: i128, whole: i128, steps: u16) -> i128 {
    part.max(0).saturating_mul(i128::from(steps)) / whole.max(1)
}

/// A name made fit for HTML: cut, escaped, kept from turning the writing around it.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<bdi>{}</bdi>", Escaped(&shortened(self.0, MAX_NAME_CHARS)))
    }
}

/// The first characters of a name, with an ellipsis where there are more.
fn shortened(name: &str, most: usize) -> String {
    match name.char_indices().nth(most) {
        None => name.to_owned(),
        Some(_) => name.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Text made fit for HTML, in elements and in attributes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            '\n' | '\r' | '\t' => f.write_str(" "),
            c if c.is_control() => f.write_str("\u{fffd}"),
            c => write!(f, "{c}"),
        })
    }
}
