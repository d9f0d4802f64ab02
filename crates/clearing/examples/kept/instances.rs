//! Graphs of debts to change: three families from a seed, or a file.

use std::error::Error;

use clearing::Debt;
use protocol::Units;

/// `SplitMix64`: the same seed, the same numbers.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).unwrap_or(0)
    }

    /// An amount spread over magnitudes as real ones are: near log-normal, median about 30 CHIPs, one in
    /// a hundred above 1,000.
    pub(crate) fn amount(&mut self) -> Units {
        // The sum of twelve even numbers is near normal; here with a mean of 15 halvings and a
        // standard deviation of about 2.
        let sum: u32 = (0..12).map(|_| self.below(2_000)).sum();
        let (whole, rest) = (3 + sum / 1_000, i64::from(sum % 1_000));
        let milli = (1_i64 << whole) * (1_000 + rest) / 1_000;
        Units::new(milli.max(1)).unwrap_or(Units::SMALLEST)
    }
}

/// Participants and debts of a family, or of the file at that path.
pub(crate) fn make(
    what: &str,
    participants: u32,
    chance: &mut Chance,
) -> Result<(u32, Vec<Debt>), Box<dyn Error>> {
    let debts = match what {
        "er" => even(participants, chance),
        "cl" => communities(participants, chance),
        "sf" => preferential(participants, chance),
        path => return read(path),
    };
    Ok((participants, debts))
}

fn debt(debtor: u32, creditor: u32, chance: &mut Chance) -> Debt {
    Debt { debtor, creditor, units: chance.amount() }
}

/// Somebody other than `v`.
pub(crate) fn other(v: u32, participants: u32, chance: &mut Chance) -> u32 {
    (v + 1 + chance.below(participants - 1)) % participants
}

/// Everybody owes three others, whoever they are.
fn even(participants: u32, chance: &mut Chance) -> Vec<Debt> {
    let everybody = (0..participants).flat_map(|v| [v; 3]);
    everybody.map(|v| debt(v, other(v, participants, chance), chance)).collect()
}

/// Communities of 60; of everybody's four debts 92 in 100 are owed within.
fn communities(participants: u32, chance: &mut Chance) -> Vec<Debt> {
    let row = |v: u32| {
        let first = v / 60 * 60;
        let size = 60.min(participants - first);
        let creditor = if size > 1 && chance.below(100) < 92 {
            first + other(v - first, size, chance)
        } else {
            other(v, participants, chance)
        };
        debt(v, creditor, chance)
    };
    (0..participants).flat_map(|v| [v; 4]).map(row).collect()
}

/// Everybody who comes takes up five debts, either way, with those who have many already.
fn preferential(participants: u32, chance: &mut Chance) -> Vec<Debt> {
    let mut ends = vec![0];
    let mut debts = Vec::new();
    for v in 1..participants {
        for _ in 0..5.min(v) {
            let with = ends[chance.below(u32::try_from(ends.len()).unwrap_or(u32::MAX)) as usize];
            let (debtor, creditor) = if chance.below(2) == 0 { (v, with) } else { (with, v) };
            debts.push(debt(debtor, creditor, chance));
            ends.push(with);
        }
        ends.extend([v; 5]);
    }
    debts
}

fn read(path: &str) -> Result<(u32, Vec<Debt>), Box<dyn Error>> {
    let mut debts = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let mut fields = line.split(',').map(str::trim);
        let mut field = || fields.next().ok_or_else(|| format!("three numbers, not: {line}"));
        let (debtor, creditor) = (field()?.parse()?, field()?.parse()?);
        debts.push(Debt { debtor, creditor, units: Units::new(field()?.parse()?)? });
    }
    let last = debts.iter().map(|debt| debt.debtor.max(debt.creditor)).max();
    Ok((last.map_or(0, |last| last + 1), debts))
}
