//! Where the town is seen: on a terminal one page that is drawn over itself; otherwise a line for
//! each thing that happens.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::page::{News, Scene};
use crate::failure::{self, Failure};
use crate::page::Look;

/// How often the page is drawn anew: often enough to see it live, seldom enough for a slow line.
const EVERY: Duration = Duration::from_millis(120);

/// How many rows a terminal has that shows the page.
const ROWS: u16 = 24;

/// Standard output, as the town is shown on it.
pub(crate) struct Screen {
    terminal: bool,
    /// How many lines were drawn last, to be drawn over.
    drawn: usize,
    last: Option<Instant>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        // A page that is higher than the terminal cannot be drawn over itself.
        let rows = terminal_size::terminal_size_of(io::stdout()).map(|(_, rows)| rows.0);
        let terminal = io::stdout().is_terminal() && rows.is_none_or(|rows| rows >= ROWS);
        Self { terminal, drawn: 0, last: None }
    }

    /// Notes what happened, and says it where there is no page.
    pub(crate) fn tell(&self, scene: &mut Scene, news: News) -> Result<(), Failure> {
        let line = news.told();
        scene.tell(news);
        if self.terminal { Ok(()) } else { crate::say::text(&line) }
    }

    /// Shows the page, where there is one and it is time.
    pub(crate) fn show(&mut self, scene: &Scene) -> Result<(), Failure> {
        if !self.terminal || self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return Ok(());
        }
        self.last = Some(Instant::now());
        self.draw(&scene.render(&Look::of_stdout()))
    }

    /// The last word.
    pub(crate) fn end(&mut self, scene: &Scene) -> Result<(), Failure> {
        let page = scene.render(&Look::of_stdout());
        if self.terminal { self.draw(&page) } else { crate::say::text(&page) }
    }

    fn draw(&mut self, page: &str) -> Result<(), Failure> {
        let mut text = String::with_capacity(page.len() + 200);
        if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A", self.drawn));
        }
        for line in page.lines() {
            // What is left of the old line goes.
            text.push_str(line);
            text.push_str("\x1b[K\n");
        }
        self.drawn = page.lines().count();
        let print = || {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes())?;
            stdout.flush()
        };
        failure::printed(print())
    }
}
