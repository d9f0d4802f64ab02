//! A market: neighbours, their habits, and what somebody buys next.
//!
//! A habit is a debt of the sample world seen as a custom: who owed a mill for flour buys flour
//! there. Neighbours who have given more than they took buy more, those who took more buy less, as
//! people do; so nobody's debts grow for ever.

use std::collections::BTreeMap;

use fastrand::Rng;
use protocol::{Cuid, Units};
use store::UserKind;
use thiserror::Error;

/// The smallest coin that neighbours haggle about, in milli-CHIPs.
const COIN_MILLI: i64 = 50;

/// What a neighbour may be short of or have in hand, in milli-CHIPs, before it changes its ways: a
/// month's wages in the sample world.
const MONTH_MILLI: i128 = 150_000;

/// A person or firm of the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name at the site.
    pub cuid: Cuid,
    /// Its name as it writes it.
    pub name: String,
    /// What it is.
    pub kind: UserKind,
    /// What it does, for people.
    pub does: String,
}

/// Something that one neighbour buys from another, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habit {
    /// Who buys; its place among the neighbours.
    pub buyer: usize,
    /// Who sells.
    pub seller: usize,
    /// What.
    pub what: String,
    /// What it costs at most.
    pub usual: Units,
}

/// What somebody wants to buy now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Which habit; its place among the habits.
    pub habit: usize,
    /// What is asked for it; above zero.
    pub units: Units,
}

/// Neighbours and their habits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    neighbours: Vec<Neighbour>,
    habits: Vec<Habit>,
}

/// Why tables are no market.
#[derive(Debug, Error)]
pub enum MarketError {
    /// The table is no CSV, or lacks a column.
    #[error("line {line}: {reason}")]
    Row {
        /// The line, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
    /// Nobody buys anything.
    #[error("the tables hold no habit: nobody would ever buy anything")]
    Empty,
}

impl Market {
    /// A market from the two tables of the sample world: people (`cuid, name, site, type, does`)
    /// and debts (`debtor, creditor, amount, note`) by the people's names.
    ///
    /// # Errors
    /// [`MarketError`] names the line.
    pub fn read(people: &str, debts: &str) -> Result<Self, MarketError> {
        let mut neighbours = Vec::new();
        let mut places = BTreeMap::new();
        for row in rows(people) {
            let (line, [cuid, name, _, kind, does]) = row?;
            let cuid = cuid.parse().map_err(|error| at(line, &error))?;
            let kind = match kind.as_str() {
                "organisation" => UserKind::Organisation,
                "person" => UserKind::Person,
                _ => return Err(at(line, &format!("no type of user is called {kind:?}"))),
            };
            if places.insert(name.clone(), neighbours.len()).is_some() {
                return Err(at(line, &format!("{name} is there twice")));
            }
            neighbours.push(Neighbour { cuid, name, kind, does });
        }
        let mut habits = Vec::new();
        for row in rows(debts) {
            let (line, [buyer, seller, usual, note]) = row?;
            let known = |name: &str| places.get(name).copied();
            let unknown = |name| at(line, &format!("nobody is called {name:?}"));
            let buyer = known(&buyer).ok_or_else(|| unknown(&buyer))?;
            let seller = known(&seller).ok_or_else(|| unknown(&seller))?;
            let usual: Units = usual.parse().map_err(|error| at(line, &error))?;
            if usual.milli() < COIN_MILLI || buyer == seller {
                return Err(at(line, &"a habit costs something, and is between two"));
            }
            habits.push(Habit { buyer, seller, what: without_month(&note), usual });
        }
        if habits.is_empty() { Err(MarketError::Empty) } else { Ok(Self { neighbours, habits }) }
    }

    /// The neighbours.
    #[must_use]
    pub fn neighbours(&self) -> &[Neighbour] {
        &self.neighbours
    }

    /// The habits; never empty.
    #[must_use]
    pub fn habits(&self) -> &[Habit] {
        &self.habits
    }

    /// The habit at a place.
    #[must_use]
    pub fn habit(&self, at: usize) -> Option<&Habit> {
        self.habits.get(at)
    }

    /// Who bought what next, given each neighbour's net position in milli-CHIPs (positive: it is
    /// owed more than it owes; one that is not there counts as even).
    #[must_use]
    pub fn next(&self, nets_milli: &[i128], dice: &mut Rng) -> Purchase {
        let net = |place: usize| nets_milli.get(place).copied().unwrap_or(0);
        let weight = |habit: &Habit| willing(net(habit.buyer));
        let all: u64 = self.habits.iter().map(weight).sum();
        let mut drawn = dice.u64(..all.max(1));
        let mut chosen = 0;
        for (place, habit) in self.habits.iter().enumerate() {
            chosen = place;
            match drawn.checked_sub(weight(habit)) {
                Some(left) => drawn = left,
                None => break,
            }
        }
        let usual = self.habits.get(chosen).map_or(COIN_MILLI, |habit| habit.usual.milli());
        // A quarter of a month's bill to all of it, in whole coins.
        let coins = (usual * dice.i64(25..=100) / 100 / COIN_MILLI).max(1);
        Purchase { habit: chosen, units: Units::new(coins * COIN_MILLI).unwrap_or(Units::ZERO) }
    }
}

/// How readily a neighbour buys, by its net position.
const fn willing(net_milli: i128) -> u64 {
    if net_milli >= MONTH_MILLI {
        16
    } else if net_milli >= 0 {
        6
    } else if net_milli > -MONTH_MILLI {
        3
    } else {
        1
    }
}

/// `flour, October` is bought in November too.
fn without_month(note: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    match note.rsplit_once(", ") {
        Some((what, month)) if MONTHS.contains(&month) => what.to_owned(),
        _ => note.to_owned(),
    }
}

fn rows<const N: usize>(
    table: &str,
) -> impl Iterator<Item = Result<(u64, [String; N]), MarketError>> {
    let reader = csv::ReaderBuilder::new().has_headers(true).from_reader(table.as_bytes());
    reader.into_records().map(|row| {
        let row = row.map_err(|error| at(line_of(error.position()), &error))?;
        let line = line_of(row.position());
        let cells: Vec<String> = row.iter().take(N).map(str::to_owned).collect();
        let cells = cells.try_into().map_err(|_| at(line, &format!("fewer than {N} columns")))?;
        Ok((line, cells))
    })
}

fn line_of(position: Option<&csv::Position>) -> u64 {
    position.map_or(0, csv::Position::line)
}

fn at(line: u64, reason: &dyn ToString) -> MarketError {
    MarketError::Row { line, reason: reason.to_string() }
}
