//! Progress on standard error, only where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use setoff::Stage;

use crate::text::fit;

/// How often the picture moves.
const TICK: Duration = Duration::from_millis(120);

/// How wide a terminal is of which nobody knows.
const USUAL_COLUMNS: usize = 80;

/// The columns that a line needs beside what it says: the spinner, and how long it has taken.
const BESIDE: usize = 8;

/// One line that says what is being done; gone when dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts with reading; silent where standard error is no terminal.
    pub(crate) fn new() -> Self {
        Self::of("reading the table")
    }

    /// Whether anybody sees it.
    pub(crate) fn is_seen() -> bool {
        std::io::stderr().is_terminal()
    }

    /// The same of something else.
    pub(crate) fn of(what: &'static str) -> Self {
        if !Self::is_seen() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Shows how far the work is.
    pub(crate) fn show(&self, stage: Stage) {
        match stage {
            Stage::Searching(thousandths) => {
                if thousandths == 0
                    && let Ok(style) = ProgressStyle::with_template(
                        "{spinner} {msg} {bar:30} {percent:>3} % {elapsed}",
                    )
                {
                    self.bar.set_style(style);
                    self.bar.set_message("searching the largest set-off");
                }
                self.bar.set_position(u64::from(thousandths));
            }
            Stage::Spreading => self.bar.set_message("spreading relief evenly"),
            Stage::Packing => self.bar.set_message("packing short circles"),
            Stage::Checking => self.bar.set_message("checking the proof"),
            Stage::Explaining => self.bar.set_message("taking it apart into circles"),
        }
    }

    /// Says how many halves of tallies were looked at.
    pub(crate) fn looked(&self, tallies: u64) {
        self.bar.set_message(format!("{tallies} halves of tallies looked at"));
    }

    /// Says how many of so many things are done.
    pub(crate) fn count(&self, what: &'static str, done: usize, all: usize) {
        if done == 0
            && let Ok(style) =
                ProgressStyle::with_template("{spinner} {msg} {bar:30} {pos}/{len} {elapsed}")
        {
            self.bar.set_style(style);
            self.bar.set_length(all as u64);
            self.bar.set_message(what);
        }
        self.bar.set_position(done as u64);
    }

    /// Says what is being done.
    pub(crate) fn says(&self, what: String) {
        self.bar.set_message(what);
    }

    /// Says what is being done, cut to the width of the terminal.
    pub(crate) fn says_fitting(&self, what: &str) {
        let columns = terminal_size::terminal_size_of(std::io::stderr());
        let columns = columns.map_or(USUAL_COLUMNS, |(columns, _)| usize::from(columns.0));
        let what = fit(what, columns.saturating_sub(BESIDE));
        self.bar.set_message(what.trim_end().to_owned());
    }

    /// Leaves a line above, which stays.
    pub(crate) fn leaves(&self, line: &str) {
        self.bar.println(line);
    }

    /// Says that files are being written.
    pub(crate) fn writing(&self) {
        self.bar.set_message("writing the files");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
