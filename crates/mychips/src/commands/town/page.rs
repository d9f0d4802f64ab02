//! The living town as a page on a terminal: where its debts stand, what was bought, what was lifted.

use std::collections::VecDeque;

use protocol::Units;
use setoff::{Grouped, Percent};

use crate::page::{Look, count, counted};
use crate::text::{Ink, bar, fit, paint, width};

/// How many lines of news are shown.
const NEWS: usize = 9;

/// How many readings of what is owed are kept: as many as the widest page shows.
const READINGS: usize = 60;

/// Where labels end.
const LABEL: usize = 16;

/// Where amounts end.
const AMOUNT: usize = 14;

/// What is known of a town at some moment.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Its name.
    pub(crate) name: String,
    /// How many neighbours and tallies it has.
    pub(crate) neighbours: usize,
    pub(crate) tallies: usize,
    /// What is owed in all, in milli-CHIPs.
    pub(crate) owed_milli: i128,
    /// What was cleared so far, all lifts together, and by how many.
    pub(crate) cleared_milli: i128,
    pub(crate) lifts: u64,
    /// Purchases since the start, and wishes that nobody granted credit for.
    pub(crate) purchases: u64,
    pub(crate) wishes: u64,
    /// Lines to say where to look.
    pub(crate) hints: Vec<String>,
    readings: VecDeque<i128>,
    news: VecDeque<News>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody bought something.
    Bought { buyer: String, seller: String, what: String, units: Units },
    /// Somebody would have liked to, beyond its credit.
    Wished { buyer: String, seller: String, what: String, units: Units },
    /// A lift cleared debts.
    Lifted {
        milli: i128,
        /// What was owed before.
        of_milli: i128,
        tallies: u64,
    },
}

impl Scene {
    pub(crate) fn new(name: &str, neighbours: usize, tallies: usize) -> Self {
        Self {
            name: name.to_owned(),
            neighbours,
            tallies,
            owed_milli: 0,
            cleared_milli: 0,
            lifts: 0,
            purchases: 0,
            wishes: 0,
            hints: Vec::new(),
            readings: VecDeque::new(),
            news: VecDeque::new(),
        }
    }

    /// Notes what is owed now.
    pub(crate) fn read(&mut self, owed_milli: i128) {
        self.owed_milli = owed_milli;
        self.readings.push_back(owed_milli);
        if self.readings.len() > READINGS {
            self.readings.pop_front();
        }
    }

    /// Notes what happened.
    pub(crate) fn tell(&mut self, news: News) {
        match &news {
            News::Bought { .. } => self.purchases += 1,
            News::Wished { .. } => self.wishes += 1,
            News::Lifted { milli, .. } => {
                self.lifts += 1;
                self.cleared_milli += milli;
            }
        }
        self.news.push_front(news);
        self.news.truncate(NEWS);
    }

    /// The page: always the same number of lines for the same hints, so that the next one can be
    /// written over it.
    pub(crate) fn render(&self, look: &Look) -> String {
        let mut page = String::new();
        let mut line = |text: &str| {
            page.push_str(text.trim_end());
            page.push('\n');
        };
        let title =
            format!("{}, {} neighbours on {} tallies", self.name, self.neighbours, self.tallies);
        line(&paint(look.colour, Ink::Bold, &fit(&title, look.columns)));
        line("");
        let graph = look.columns.saturating_sub(2 + LABEL + AMOUNT + 2);
        line(&self.figure("owed now", self.owed_milli, &self.curve(graph), Ink::Dim, look));
        let ever = self.cleared_milli + self.owed_milli.max(0);
        let share = bar(self.cleared_milli, ever, graph.min(READINGS));
        line(&self.figure("cleared so far", self.cleared_milli, &share, Ink::Green, look));
        let remark = |text: &str| paint(look.colour, Ink::Dim, &fit(text, look.columns));
        line(&remark(&format!(
            "  {}, {} refused as beyond a limit, {}",
            counted(self.purchases, "purchase"),
            count(self.wishes),
            counted(self.lifts, "lift"),
        )));
        line("");
        for place in 0..NEWS {
            line(&self.news.get(place).map_or_else(String::new, |news| news.line(look)));
        }
        line("");
        for hint in &self.hints {
            line(&remark(&format!("  {hint}")));
        }
        page
    }

    fn figure(&self, label: &str, milli: i128, picture: &str, ink: Ink, look: &Look) -> String {
        let amount = Grouped(milli).to_string();
        let picture = paint(look.colour, ink, picture);
        format!("  {label:<LABEL$}{amount:>AMOUNT$}  {picture}")
    }

    /// What was owed over time, the newest on the right.
    fn curve(&self, columns: usize) -> String {
        const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let most = self.readings.iter().copied().max().unwrap_or(0).max(1);
        let shown = self.readings.len().saturating_sub(columns);
        let step = |&owed: &i128| {
            let step = crate::text::scaled(owed, most, STEPS.len() - 1);
            STEPS.get(step).copied().unwrap_or('█')
        };
        self.readings.iter().skip(shown).map(step).collect()
    }
}

impl News {
    /// One line of a page.
    fn line(&self, look: &Look) -> String {
        let (text, milli) = self.words();
        let amount = Grouped(milli).to_string();
        let columns = look.columns.saturating_sub(2 + 2 + width(&amount));
        let text = fit(&text, columns);
        match self {
            Self::Bought { .. } => format!("  {text}  {amount}"),
            Self::Wished { .. } => paint(look.colour, Ink::Dim, &format!("  {text}  {amount}")),
            Self::Lifted { .. } => paint(look.colour, Ink::Green, &format!("  {text}  {amount}")),
        }
    }

    /// As a line of a log.
    pub(crate) fn told(&self) -> String {
        let (text, milli) = self.words();
        format!("{text}: {}", Grouped(milli))
    }

    fn words(&self) -> (String, i128) {
        match self {
            Self::Bought { buyer, seller, what, units } => {
                (format!("{buyer} owes {seller} for {what}"), units.milli().into())
            }
            Self::Wished { buyer, seller, what, units } => {
                (format!("{buyer} would owe {seller} too much for {what}"), units.milli().into())
            }
            Self::Lifted { milli, of_milli, tallies } => {
                let share = Percent(*milli, *of_milli);
                let over = if *tallies == 1 {
                    "1 tally".to_owned()
                } else {
                    format!("{} tallies", count(*tallies))
                };
                (format!("A lift over {over} cleared {share} of all debt"), *milli)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_lines_whatever_happened() {
        let look = Look { columns: 80, colour: false };
        let mut scene = Scene::new("Quernby", 48, 152);
        scene.hints = vec!["Ctrl-C ends it; a second start goes on from here".to_owned()];
        let empty = scene.render(&look);
        let units = Units::new(18_600).unwrap();
        for number in 0..30 {
            let (buyer, seller) = ("Weir Mill".to_owned(), "Hearth Bakery".to_owned());
            let what = format!("bread {number}");
            scene.tell(News::Bought { buyer, seller, what, units });
            scene.read(1_000_000 + 50_000 * number);
        }
        scene.read(700_000);
        scene.tell(News::Lifted { milli: 1_750_000, of_milli: 2_450_000, tallies: 84 });
        let (buyer, seller) = ("Tomás Reyes".to_owned(), "文记面馆".to_owned());
        let what = "a very long list of things ".repeat(5);
        scene.tell(News::Wished { buyer, seller, what, units });
        let full = scene.render(&look);
        assert_eq!(full.lines().count(), empty.lines().count());
        assert!(full.lines().all(|line| width(line) <= 80), "{full}");
        insta::assert_snapshot!(full);
        let narrow = scene.render(&Look { columns: 44, colour: false });
        assert!(narrow.lines().all(|line| width(line) <= 44), "{narrow}");
    }
}
