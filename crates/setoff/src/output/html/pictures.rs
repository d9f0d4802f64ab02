//! Bars: before and after, who is relieved most, how relief is spread.

use super::{Name, counted, scaled};
use crate::output::decimal::grouped;
use crate::{Grouped, Outcome, Percent, Position, Summary};

/// How many beneficiaries are drawn.
const BENEFICIARIES: usize = 15;
/// Steps of a bar's length.
const STEPS: u16 = 1000;

/// A bar in two parts, the second after the first, on a track. Drawn as a picture, not as a
/// background, so that it is printed too. The figures stand beside it in words.
fn bar(class: &str, first: (&str, i128), second: (&str, i128), whole: i128) -> String {
    let (one, two) = (scaled(first.1, whole, STEPS), scaled(second.1, whole, STEPS));
    format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {STEPS} 10\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><rect class=\"track\" width=\"{STEPS}\" height=\"10\"/>\
         <rect class=\"{}\" width=\"{one}\" height=\"10\"/>\
         <rect class=\"{}\" x=\"{one}\" width=\"{two}\" height=\"10\"/></svg>",
        first.0, second.0,
    )
}

/// One line of a picture made of bars.
fn line(label: &str, bar: &str, figure: &str) -> String {
    format!(
        "<div><dt>{label}</dt><dd class=\"num\">{figure}</dd><dd class=\"draw\">{bar}</dd></div>\n"
    )
}

/// All debts before and after, and how far any set-off could go.
pub(super) fn before_and_after(summary: &Summary) -> String {
    let total = summary.total;
    let before = bar("bar big", ("rest", total), ("rest", 0), total);
    let after = bar("bar big", ("rest", summary.left()), ("pale", summary.cleared), total);
    let net = bar("bar big", ("rest", summary.net), ("rest", 0), total);
    format!(
        "<section>\n<h2>Before and after</h2>\n<figure>\n<dl class=\"bars\">\n{}{}{}</dl>\n\
         <figcaption>The green part is gone. The last bar is what members owe on balance: that much \
         stays whatever is set off, because only a payment can change a net position. What lies \
         between runs in no circle, or only in circles that are used up.</figcaption>\n\
         </figure>\n</section>\n",
        line("Before", &before, &Grouped(total).to_string()),
        line("Now", &after, &Grouped(summary.left()).to_string()),
        line("Net", &net, &Grouped(summary.net).to_string()),
    )
}

/// Those relieved most: each bar is what the member owed, green what is gone of it.
pub(super) fn beneficiaries(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    let largest = summary.largest_beneficiaries(BENEFICIARIES);
    let positions = largest.iter().map(|&number| summary.position(number));
    let widest = positions.map(|position| position.owes_before).max().unwrap_or_default();
    let lines: String = largest
        .iter()
        .map(|&number| {
            let Position { owes_before, owes_after, .. } = summary.position(number);
            let relief = owes_before - owes_after;
            let bar = bar("bar", ("fill", relief), ("rest", owes_after), widest);
            let share = Percent(relief, owes_before);
            let figure = format!("{} <span class=\"soft\">({share})</span>", Grouped(relief));
            line(&Name(outcome.table.names.get(number)).to_string(), &bar, &figure)
        })
        .collect();
    format!(
        "<section>\n<h2>Who is relieved most</h2>\n<figure>\n<dl class=\"bars\">\n{lines}</dl>\n\
         <figcaption>The length of a bar is what the member owed before. Green is struck, grey it \
         still owes. In figures: what is struck, and how much of its debt that is.</figcaption>\n\
         </figure>\n</section>\n"
    )
}

/// How many members are freed of how much of their debt.
pub(super) fn distribution(summary: &Summary) -> String {
    const LABELS: [&str; 6] =
        ["All of it", "75 % to all", "50 to 75 %", "25 to 50 %", "Up to 25 %", "Nothing"];
    let mut members = [0u64; LABELS.len()];
    for position in summary.positions.iter().filter(|position| position.owes_before > 0) {
        let (relief, owed) = (position.relief(), position.owes_before);
        let class = match scaled(relief, owed, 4) {
            _ if relief == 0 => 5,
            4.. => 0,
            3 => 1,
            2 => 2,
            1 => 3,
            _ => 4,
        };
        members[class] += 1;
    }
    let most = i128::from(members.iter().copied().max().unwrap_or_default());
    let lines: String = LABELS
        .iter()
        .zip(members)
        .map(|(label, count)| {
            let class = if *label == "Nothing" { "rest" } else { "fill" };
            let bar = bar("bar", (class, i128::from(count)), ("rest", 0), most);
            line(label, &bar, &grouped(count))
        })
        .collect();
    format!(
        "<section>\n<h2>How relief is spread</h2>\n<figure>\n<dl class=\"bars\">\n{lines}</dl>\n\
         <figcaption>How many members are freed of how much of their debt, out of {} who owed \
         something.</figcaption>\n</figure>\n</section>\n",
        counted(summary.debtors, "member"),
    )
}
