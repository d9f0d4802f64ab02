//! Families of random debts, the same for every run of a seed; or debts from a file (`file.rs`).
#![allow(clippy::float_arithmetic, reason = "log-normal amounts")]
#![allow(dead_code, reason = "each example takes what it needs")]

mod file;

use std::error::Error;

use clearing::Debt;
use protocol::Units;

#[allow(unused_imports, reason = "each example takes what it needs")]
pub(crate) use file::{read, table, text};

pub(crate) type Failure = Box<dyn Error>;

/// The families by name.
pub(crate) const FAMILIES: [&str; 3] = ["er", "cl", "sf"];

/// `SplitMix64`: the same seed, the same debts.
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
        u32::try_from(self.next() % u64::from(bound.max(1))).unwrap_or(0)
    }

    /// Above 0, at most 1.
    fn part(&mut self) -> f64 {
        f64::from(self.below(1 << 30) + 1) / f64::from(1 << 30)
    }

    /// Milli-CHIPs: log-normal, median 20 CHIPs, sigma 2, at most 10,000 CHIPs (Box and Muller).
    #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
    pub(crate) fn amount(&mut self) -> i64 {
        let normal = (-2.0 * self.part().ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos();
        (20_000.0 * (2.0 * normal).exp()).clamp(1.0, 10_000_000.0) as i64
    }
}

/// The family and the participants that a word like `cl-10000` stands for; none where it is the name of a file.
pub(crate) fn named(word: &str) -> Option<(&str, u32)> {
    let (family, participants) = word.split_once('-')?;
    FAMILIES.contains(&family).then_some((family, participants.parse().ok()?))
}

/// Debts of one family.
pub(crate) fn debts(family: &str, n: u32, seed: u64) -> Result<Vec<Debt>, Failure> {
    let mut chance = Chance(seed);
    let mut debts = Vec::new();
    let mut met: Vec<u32> = (0..n.min(6)).collect();
    for debtor in 0..n {
        let each = match family {
            "er" => 3,
            "cl" => 4,
            _ => 5,
        };
        for _ in 0..each {
            let other = match family {
                "er" => chance.below(n),
                "cl" if chance.below(100) < 92 => {
                    let from = debtor / 60 * 60;
                    from + chance.below((n - from).min(60))
                }
                "cl" => chance.below(n),
                _ => met[chance.below(u32::try_from(met.len())?) as usize],
            };
            if other == debtor {
                continue;
            }
            let turned = family == "sf" && chance.below(2) == 0;
            let (debtor, creditor) = if turned { (other, debtor) } else { (debtor, other) };
            debts.push(Debt { debtor, creditor, units: Units::new(chance.amount())? });
            met.extend([debtor, creditor]);
        }
    }
    Ok(debts)
}

/// Calls `tell` with the name, the participants and the debts of what the arguments ask for: all families of
/// so many participants, or a file.
pub(crate) fn each(
    mut tell: impl FnMut(&str, u32, &[Debt]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for argument in std::env::args().skip(1) {
        if let Ok(participants) = argument.parse() {
            for family in FAMILIES {
                let debts = debts(family, participants, 1)?;
                tell(&format!("{family} {participants}"), participants, &debts)?;
            }
        } else {
            let (participants, debts) = read(&argument)?;
            tell("file", participants, &debts)?;
        }
    }
    Ok(())
}
