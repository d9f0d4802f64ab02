//! Ties: what stands between two participants, whatever the rows were that said so.

use std::collections::BTreeMap;

use protocol::bounded::Line;
use protocol::cert::MAX_NAME_BYTES;
use protocol::{Hash, Units};
use serde::Serialize;
use setoff::{Names, Table, TrustLines};

/// How many refused rows are shown; all are counted.
const MAX_SHOWN: usize = 20;

/// All that is said of two participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie {
    /// The two, by number.
    pub(super) between: [u32; 2],
    /// What each owes the other, in the same order.
    pub(super) owes: [Units; 2],
    /// The most that each may owe the other.
    pub(super) may_owe: [Units; 2],
}

/// A row that is left out.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Refused {
    pub(super) line: u64,
    pub(super) reason: String,
}

/// A file as ties.
pub(super) struct Ties {
    pub(super) names: Names,
    /// In the order of their first row.
    pub(super) list: Vec<Tie>,
    pub(super) refused: u64,
    pub(super) refused_rows: Vec<Refused>,
    pub(super) capped: u64,
    pub(super) rounded: u64,
    places: BTreeMap<[u32; 2], usize>,
}

impl Tie {
    /// What the first owes the second, in milli-CHIPs, both ways set off against each other.
    pub(super) const fn net_milli(&self) -> i64 {
        self.owes[0].milli() - self.owes[1].milli()
    }
}

impl Ties {
    fn new(names: Names) -> Self {
        Self {
            names,
            list: Vec::new(),
            refused: 0,
            refused_rows: Vec::new(),
            capped: 0,
            rounded: 0,
            places: BTreeMap::new(),
        }
    }

    /// Of a table of debts: everybody may owe what it owes.
    pub(super) fn of_debts(table: Table) -> Self {
        let Table { names, debts, lines, bad_rows, refused, rounded, .. } = table;
        let mut ties = Self::new(names);
        (ties.refused, ties.rounded) = (refused, rounded);
        for bad in bad_rows {
            ties.refused_rows.push(Refused { line: bad.line, reason: bad.fault.to_string() });
        }
        for (debt, line) in debts.into_iter().zip(lines) {
            let owes = [debt.units, Units::ZERO];
            let between = [debt.debtor, debt.creditor];
            ties.add(Tie { between, owes, may_owe: owes }, line);
        }
        ties.finish()
    }

    /// Of trust lines.
    pub(super) fn of_lines(lines: TrustLines) -> Self {
        let mut ties = Self::new(lines.names);
        (ties.refused, ties.rounded) = (lines.refused, lines.rounded);
        ties.capped = lines.capped;
        for bad in lines.bad_lines {
            ties.refused_rows.push(Refused { line: bad.line, reason: bad.fault.to_string() });
        }
        for line in lines.lines {
            let owed = line.balance;
            let owes = [owed.max(Units::ZERO), owed.negated().max(Units::ZERO)];
            let may_owe = [line.first_may_owe, line.second_may_owe];
            ties.add(Tie { between: [line.first, line.second], owes, may_owe }, line.line);
        }
        ties.finish()
    }

    fn add(&mut self, tie: Tie, line: u64) {
        for participant in tie.between {
            let name = self.names.get(participant);
            if let Err(error) = name.parse::<Line<MAX_NAME_BYTES>>() {
                let reason = format!("the name cannot be a user's: {error}");
                return self.refuse(line, reason);
            }
        }
        let [a, b] = tie.between;
        let (key, tie) = if a <= b { ([a, b], tie) } else { ([b, a], tie.turned()) };
        let Some(&place) = self.places.get(&key) else {
            self.places.insert(key, self.list.len());
            self.list.push(tie);
            return;
        };
        let Some(known) = self.list.get_mut(place) else { return };
        let sum = |place: usize| known.owes[place].plus(tie.owes[place]);
        let (Ok(first), Ok(second)) = (sum(0), sum(1)) else {
            let reason = "with this row the pair would owe more than 9007199254740.991";
            return self.refuse(line, reason.to_owned());
        };
        known.owes = [first, second];
        for place in [0, 1] {
            let sum = known.may_owe[place].plus(tie.may_owe[place]);
            self.capped += u64::from(sum.is_err());
            known.may_owe[place] = sum.unwrap_or(Units::MAX);
        }
    }

    fn refuse(&mut self, line: u64, reason: String) {
        self.refused += 1;
        self.refused_rows.push(Refused { line, reason });
    }

    fn finish(mut self) -> Self {
        self.places = BTreeMap::new();
        self.refused_rows.sort_by_key(|row| row.line);
        self.refused_rows.truncate(MAX_SHOWN);
        self
    }

    /// How many participants have a tie.
    pub(super) fn participants(&self) -> usize {
        let mut all: Vec<u32> = self.list.iter().flat_map(|tie| tie.between).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// A name for all that is said: the same content, the same name.
    pub(super) fn content(&self) -> Hash {
        let mut text = Vec::new();
        for tie in &self.list {
            for place in [0, 1] {
                text.extend_from_slice(self.names.get(tie.between[place]).as_bytes());
                let (owes, may) = (tie.owes[place].milli(), tie.may_owe[place].milli());
                text.extend_from_slice(format!("\0{owes}\0{may}\n").as_bytes());
            }
        }
        Hash::of(&text)
    }
}

impl Tie {
    fn turned(self) -> Self {
        let turn = |[a, b]: [Units; 2]| [b, a];
        let [a, b] = self.between;
        Self { between: [b, a], owes: turn(self.owes), may_owe: turn(self.may_owe) }
    }
}
