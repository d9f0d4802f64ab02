//! What changes cost, as a table.

use std::io::Write as _;
use std::time::Duration;

use clearing::Change;

use crate::changes::Kind;

/// What one change cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    nanos: u64,
    looks: u64,
    ways: u64,
    moved: u64,
}

impl Cost {
    pub(crate) fn add(&mut self, time: Duration, change: &Change) {
        self.nanos += u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.looks += change.looks;
        self.ways += u64::from(change.ways);
        self.moved += change.moved.len() as u64;
    }
}

/// Costs by kind of change.
#[derive(Default)]
pub(crate) struct Table {
    kinds: [Vec<Cost>; 5],
}

/// Median, 90 %, 99 %, 99.9 %, worst.
const RANKS: [usize; 5] = [500, 900, 990, 999, 1000];

impl Table {
    pub(crate) fn add(&mut self, kind: Kind, cost: Cost) {
        self.kinds[kind as usize].push(cost);
    }

    pub(crate) fn print(&self, title: &str, names: &[&str]) -> std::io::Result<()> {
        line(title)?;
        line(&format!(
            "{:<9}{:>8}  {:>54}  {:>43}  {:>31}",
            "", "", "microseconds", "participants looked at", "ways"
        ))?;
        line(&format!(
            "{:<9}{:>8}  {:>10}{:>10}{:>11}{:>11}{:>12}  {:>7}{:>9}{:>9}{:>9}{:>9}  {:>6}{:>6}{:>6}{:>6}{:>7}",
            "change",
            "number",
            "median",
            "90 %",
            "99 %",
            "99.9 %",
            "worst",
            "median",
            "90 %",
            "99 %",
            "99.9 %",
            "worst",
            "50 %",
            "90 %",
            "99 %",
            "99.9",
            "worst"
        ))?;
        for (name, costs) in names.iter().zip(&self.kinds) {
            row(name, costs)?;
        }
        row("all", &self.kinds.concat())
    }
}

fn row(name: &str, costs: &[Cost]) -> std::io::Result<()> {
    let ranked = |of: fn(&Cost) -> u64| {
        let mut values: Vec<u64> = costs.iter().map(of).collect();
        values.sort_unstable();
        let last = values.len().saturating_sub(1);
        RANKS.map(|rank| values.get((values.len() * rank / 1000).min(last)).copied().unwrap_or(0))
    };
    let (nanos, looks, ways) = (ranked(|c| c.nanos), ranked(|c| c.looks), ranked(|c| c.ways));
    let mut text = format!("{name:<9}{:>8}  ", costs.len());
    for (nanos, width) in nanos.into_iter().zip([10, 10, 11, 11, 12]) {
        text += &format!("{:>width$.1}", Duration::from_nanos(nanos).as_secs_f64() * 1e6);
    }
    text += "  ";
    for (looks, width) in looks.into_iter().zip([7, 9, 9, 9, 9]) {
        text += &format!("{looks:>width$}");
    }
    text += "  ";
    for (ways, width) in ways.into_iter().zip([6, 6, 6, 6, 7]) {
        text += &format!("{ways:>width$}");
    }
    line(&text)
}

/// One line for people.
pub(crate) fn line(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")
}

/// A share in per cent.
#[allow(clippy::cast_precision_loss, reason = "a share for people")]
pub(crate) fn percent(part: i128, whole: i128) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
