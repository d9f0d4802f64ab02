//! The result as a page on a terminal.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use setoff::{Choice, Grouped, Outcome, Percent, Summary, Timing};

use crate::text::{Ink, bar, fit, paint, width};

/// Narrowest page that is laid out; a narrower terminal wraps it.
const MIN_COLUMNS: usize = 44;
/// Widest page: longer bars say no more.
const MAX_COLUMNS: usize = 96;
/// Width where nobody says.
const DEFAULT_COLUMNS: usize = 80;
/// How many beneficiaries are shown.
const BENEFICIARIES: usize = 10;
/// How many of the rows left out are shown.
const BAD_ROWS: usize = 5;
/// Where the second column of a section begins.
const INDENT: usize = 2;

/// How the page is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) columns: usize,
    pub(crate) colour: bool,
}

impl Look {
    /// What standard output can show: its width, colours on a terminal unless `NO_COLOR` is set.
    pub(crate) fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let seen = terminal_size::terminal_size_of(std::io::stdout());
        let columns = seen
            .map(|(columns, _)| usize::from(columns.0))
            .or(told)
            .unwrap_or(DEFAULT_COLUMNS)
            .clamp(MIN_COLUMNS, MAX_COLUMNS);
        Self { columns, colour: terminal && !refused }
    }
}

/// What the page tells.
pub(crate) struct Page<'a> {
    /// The result.
    pub(crate) outcome: &'a Outcome,
    /// How long it took.
    pub(crate) timing: Timing,
    /// Whether to show the proof.
    pub(crate) verified: bool,
    /// Where the files are.
    pub(crate) out: Option<String>,
}

impl Page<'_> {
    /// The page, with a line end after each line.
    pub(crate) fn render(&self, look: &Look) -> String {
        let mut sheet = Sheet { text: String::new(), look: *look };
        let summary = &self.outcome.summary;
        self.table(&mut sheet);
        debts(&mut sheet, summary);
        if summary.cleared > 0 {
            people(&mut sheet, self.outcome);
            beneficiaries(&mut sheet, self.outcome);
        }
        self.left_out(&mut sheet);
        if self.verified {
            self.proof(&mut sheet);
        }
        self.end(&mut sheet);
        sheet.text
    }

    fn table(&self, sheet: &mut Sheet) {
        let table = &self.outcome.table;
        let summary = &self.outcome.summary;
        let headline = if summary.cleared > 0 {
            format!("{} of all debt cleared", Percent(summary.cleared, summary.total))
        } else if table.debts.is_empty() {
            "No debts in this table".to_owned()
        } else if self.outcome.proof.bound > 0 {
            "Nothing to clear: no debts run in a circle so short".to_owned()
        } else {
            "Nothing to clear: no debts run in a circle".to_owned()
        };
        sheet.blank();
        sheet.line(&paint(sheet.look.colour, Ink::Bold, &headline));
        sheet.line(&format!(
            "{} · {}",
            counted(u64::from(table.participants()), "participant"),
            counted(table.debts.len() as u64, "debt"),
        ));
        if table.header {
            sheet.remark("line 1 was taken as a header");
        }
        match self.outcome.choice {
            Choice::Largest => {}
            Choice::Even => sheet.remark("relief spread as evenly as the most relief allows"),
            Choice::Short { max_hops } => sheet.remark(&format!(
                "by circles of at most {}: {} of what can be cleared",
                counted(max_hops.into(), "member"),
                Percent(self.outcome.proof.cleared, self.outcome.proof.bound)
            )),
        }
        if table.rounded > 0 {
            sheet.remark(&format!(
                "{} more than three decimal places: rounded toward zero",
                verb(table.rounded, "amount has", "amounts have")
            ));
        }
    }

    fn left_out(&self, sheet: &mut Sheet) {
        let table = &self.outcome.table;
        if table.refused == 0 {
            return;
        }
        sheet.heading(&format!("{} left out", counted(table.refused, "bad row")));
        for row in table.bad_rows.iter().take(BAD_ROWS) {
            sheet.wrapped(&row.to_string());
        }
        let more = table.refused - table.bad_rows.len().min(BAD_ROWS) as u64;
        if more > 0 {
            let listed = if self.out.is_some() { "; refused.csv lists them" } else { "" };
            sheet.remark(&format!("… and {} more{listed}", count(more)));
        }
    }

    fn proof(&self, sheet: &mut Sheet) {
        let proof = &self.outcome.proof;
        sheet.heading("Proof");
        let (cleared, bound) =
            (Grouped(proof.cleared).to_string(), Grouped(proof.bound).to_string());
        let columns = cleared.len().max(bound.len());
        sheet.line(&format!("cleared             {cleared:>columns$}"));
        sheet.line(&format!("the most there is   {bound:>columns$}"));
        sheet.wrapped(match self.outcome.choice {
            Choice::Largest | Choice::Even => {
                "Equal: no set-off of this table can clear more. Every net position is as it was."
            }
            Choice::Short { .. } => {
                "No set-off of this table can clear more than that, and longer circles can clear as \
                 much. Every net position is as it was."
            }
        });
    }

    fn end(&self, sheet: &mut Sheet) {
        sheet.blank();
        if let Some(out) = &self.out {
            sheet.line(&format!("Written to {}", paint(sheet.look.colour, Ink::Bold, out)));
            sheet.remark(&setoff::files(self.outcome).join("  "));
        }
        sheet.remark(&format!(
            "{} in all, {} of it for the search",
            seconds(self.timing.run),
            seconds(self.outcome.search_time)
        ));
    }
}

/// Debts before and after, as bars on one scale.
fn debts(sheet: &mut Sheet, summary: &Summary) {
    if summary.total == 0 {
        return;
    }
    sheet.heading("Debts");
    let rows = [
        ("before", summary.total, Ink::Dim, ""),
        ("cleared", summary.cleared, Ink::Green, ""),
        ("after", summary.left(), Ink::Dim, ""),
        ("net", summary.net, Ink::Dim, " *"),
    ];
    let amounts = rows.map(|(_, amount, ..)| Grouped(amount).to_string());
    let amount_columns = amounts.iter().map(String::len).max().unwrap_or_default();
    let bar_columns = sheet.look.columns.saturating_sub(INDENT + 9 + amount_columns + 4);
    for ((label, amount, ink, mark), text) in rows.into_iter().zip(amounts) {
        let bar = paint(sheet.look.colour, ink, &bar(amount, summary.total, bar_columns));
        sheet.line(&format!("{label:<9}{text:>amount_columns$}  {bar}{mark}"));
    }
    sheet.remark("* net positions: this much is owed whatever is set off");
}

/// How many are helped.
fn people(sheet: &mut Sheet, outcome: &Outcome) {
    let summary = &outcome.summary;
    let unhelped = summary.debtors - summary.freed_of_all - summary.freed_of_part;
    let settled = [
        (summary.freed_of_all, summary.debts_settled),
        (summary.freed_of_part, summary.debts_eased),
        (unhelped, outcome.table.debts.len() as u64 - summary.debts_settled - summary.debts_eased),
    ];
    let columns = 14;
    sheet.heading(&format!("{:<12}{:>columns$}{:>columns$}", "Freed", "participants", "debts"));
    for (label, (people, debts)) in ["entirely", "in part", "not at all"].into_iter().zip(settled) {
        sheet.line(&format!("{label:<12}{:>columns$}{:>columns$}", count(people), count(debts)));
    }
    sheet.remark(&match &outcome.circles {
        Some(circles) => {
            format!("explained by {} of debts", counted(circles.len() as u64, "circle"))
        }
        None => format!(
            "the explanation by circles is left out: it would tell more than {} members",
            count(setoff::MAX_TOLD_MEMBERS as u64)
        ),
    });
}

/// Those helped most, with bars on one scale.
fn beneficiaries(sheet: &mut Sheet, outcome: &Outcome) {
    let summary = &outcome.summary;
    let largest = summary.largest_beneficiaries(BENEFICIARIES);
    let names = &outcome.table.names;
    let rows: Vec<_> = largest
        .iter()
        .map(|&number| (names.get(number), summary.position(number)))
        .map(|(name, position)| (name, position, Grouped(position.relief()).to_string()))
        .collect();
    let Some((_, first, _)) = rows.first() else { return };
    let most = first.relief();
    let amount_columns = rows.iter().map(|(.., text)| text.len()).max().unwrap_or_default();
    let room = sheet.look.columns.saturating_sub(INDENT + amount_columns + 2 + 2 + 7);
    let longest = rows.iter().map(|(name, ..)| width(name)).max().unwrap_or_default();
    let name_columns = longest.clamp(8, (room * 3 / 5).max(8));
    let bar_columns = room.saturating_sub(name_columns).max(4);
    sheet.heading("Most relieved, and of how much of their debt");
    for (name, position, amount) in &rows {
        let name = fit(name, name_columns);
        let relief = position.relief();
        let drawn = bar(relief, most, bar_columns);
        let filled = fit(&drawn, bar_columns);
        let bar = paint(sheet.look.colour, Ink::Green, &filled);
        let share = Percent(relief, position.owes_before).to_string();
        sheet.line(&format!("{name}  {amount:>amount_columns$}  {bar} {share:>7}"));
    }
}

/// The page on its way.
struct Sheet {
    text: String,
    look: Look,
}

impl Sheet {
    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn line(&mut self, line: &str) {
        let line = format!("{:INDENT$}{line}", "");
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    fn heading(&mut self, heading: &str) {
        self.blank();
        self.line(&paint(self.look.colour, Ink::Bold, heading));
    }

    fn remark(&mut self, remark: &str) {
        for line in folded(remark, self.look.columns - INDENT) {
            self.line(&paint(self.look.colour, Ink::Dim, &line));
        }
    }

    fn wrapped(&mut self, text: &str) {
        for line in folded(text, self.look.columns - INDENT) {
            self.line(&line);
        }
    }
}

/// `text` in lines of at most `columns`, broken between words.
fn folded(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A count with its thousands grouped.
pub(crate) fn count(count: u64) -> String {
    let text = Grouped(i128::from(count) * 1000).to_string();
    text.trim_end_matches(".000").to_owned()
}

/// `1 debt`, `2 debts`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

fn verb(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
