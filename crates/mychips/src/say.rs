//! Printing: tables whose columns line up, JSON objects, amounts and names as people read them.

use std::io::{self, Write};

use protocol::{Cert, Timestamp, Units};
use serde::Serialize;
use setoff::Grouped;
use site::Summary;

use crate::failure::{self, Failure};
use crate::page::Look;
use crate::text::{Ink, fit, harmless, paint, width};

/// What parts columns.
const GAP: &str = "  ";
/// The narrowest that a column of texts is squeezed to.
const NARROWEST: usize = 12;

/// Prints a text; a line end is added where there is none.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    let print = || {
        let mut stdout = io::stdout().lock();
        write!(stdout, "{text}{end}")?;
        stdout.flush()
    };
    failure::printed(print())
}

/// Prints one JSON object.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    match serde_json::to_string(value) {
        Ok(object) => text(&object),
        Err(error) => failure::printed(Err(error.into())),
    }
}

/// Prints one or the other.
pub(crate) fn either(
    json: bool,
    object: &impl Serialize,
    words: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if json { self::json(object) } else { text(&words()) }
}

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Texts; squeezed where the page is too narrow.
    Left,
    /// Numbers.
    Right,
    /// Short words and ids, never squeezed.
    Whole,
}

/// A table on a terminal.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Set)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Set)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| harmless(&cell)).collect());
    }

    /// The table, with a line end after each line.
    pub(crate) fn render(&self, look: &Look) -> String {
        let mut widths: Vec<usize> = self.columns.iter().map(|(head, _)| width(head)).collect();
        for row in &self.rows {
            for (most, cell) in widths.iter_mut().zip(row) {
                *most = (*most).max(width(cell));
            }
        }
        self.squeeze(&mut widths, look.columns);
        let head = self.columns.iter().map(|(head, _)| (*head).to_owned()).collect::<Vec<_>>();
        let mut page = paint(look.colour, Ink::Dim, &self.line(&head, &widths)) + "\n";
        for row in &self.rows {
            page.push_str(&self.line(row, &widths));
            page.push('\n');
        }
        page
    }

    /// Takes from the widest column of texts until all fit.
    fn squeeze(&self, widths: &mut [usize], columns: usize) {
        loop {
            let all = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
            if all <= columns {
                return;
            }
            let texts = self.columns.iter().enumerate().filter(|(_, (_, set))| *set == Set::Left);
            let widest = texts.map(|(at, _)| at).max_by_key(|&at| widths[at]);
            match widest {
                Some(at) if widths[at] > NARROWEST => widths[at] -= 1,
                _ => return,
            }
        }
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, &columns), (_, set)) in cells.iter().zip(widths).zip(&self.columns) {
            let cell = match set {
                Set::Right => " ".repeat(columns.saturating_sub(width(cell))) + cell,
                Set::Left | Set::Whole => fit(cell, columns),
            };
            line.push_str(&cell);
            line.push_str(GAP);
        }
        line.trim_end().to_owned()
    }
}

/// Labels and values under each other, for one thing.
pub(crate) fn sheet(lines: &[(&str, String)]) -> String {
    let columns = lines.iter().map(|(label, _)| width(label)).max().unwrap_or_default();
    let line = |(label, value): &(&str, String)| {
        // What people wrote in several lines stays under its label.
        let value: Vec<String> = value.lines().map(harmless).collect();
        let value = value.join(&format!("\n{}{GAP}", " ".repeat(columns)));
        format!("{}{GAP}{value}\n", fit(label, columns))
    };
    lines.iter().map(line).collect()
}

/// An amount of CHIPs for people.
pub(crate) fn amount(milli: i128) -> String {
    Grouped(milli).to_string()
}

/// The same of an exact amount.
pub(crate) fn units(units: Units) -> String {
    amount(units.milli().into())
}

/// Day and minute, for tables.
pub(crate) fn minute(at: Timestamp) -> String {
    at.to_string()[..16].replace('T', " ")
}

/// The day alone.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_string()[..10].to_owned()
}

/// How a user is called, and its name at its agent: `Ann Baker (ann)`.
pub(crate) fn called(cert: &Cert) -> String {
    let name = cert.name.first().map(|name| harmless(name.as_str()));
    let name = name.unwrap_or_else(|| cert.chad.cuid.to_string());
    format!("{name} ({})", cert.chad.cuid)
}

/// The partner of a tally as a sentence calls it.
pub(crate) fn partner_name(tally: &Summary) -> String {
    tally.partner.as_ref().map_or_else(|| "nobody yet".to_owned(), called)
}

/// How the balance stands between holder and partner, as a sentence of two or more words.
pub(crate) fn standing(partner: &str, balance_milli: i128) -> String {
    match balance_milli {
        0 => format!("you and {partner} are even"),
        1.. => format!("{partner} owes you {}", amount(balance_milli)),
        _ => format!("you owe {partner} {}", amount(-balance_milli)),
    }
}

/// A number of bytes, as people read it: `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let (mut tenths, mut unit) = (u128::from(bytes) * 10, 0);
    let units = ["bytes", "kB", "MB", "GB", "TB"];
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths = tenths.div_ceil(1_000);
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} {}", units[0]),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, units[unit]),
    }
}

/// Counts a thing: `1 user`, `2 users`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", whole(count), if count == 1 { one } else { many })
}

fn whole(count: u64) -> String {
    let grouped = Grouped(i128::from(count) * 1000).to_string();
    grouped.split('.').next().unwrap_or_default().to_owned()
}
