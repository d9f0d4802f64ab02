//! Trust lines of a real network, read from a file: see `ripple.rs` for its form.

use std::error::Error;

use clearing::Hop;
use protocol::Units;
use protocol::settings::{Consent, InForce, Settings};

use crate::tallies::Tally;

pub(crate) type Failure = Box<dyn Error>;

/// The lines of a file, but those that no record holds.
pub(crate) fn read(text: &str) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.extend(Line::read(line)?);
    }
    Ok(lines)
}

/// One trust line: the balance of the first of the two, and what each of them takes in at most.
pub(crate) struct Line {
    pub(crate) ends: [u32; 2],
    pub(crate) balance: i64,
    bounds: [Units; 2],
}

/// A decimal in milli, rounded toward zero; none where no record holds it.
pub(crate) fn milli(text: &str) -> Result<Option<i64>, Failure> {
    let value: f64 = text.parse()?;
    let scaled = (value * 1_000.0).trunc();
    #[allow(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    let largest = Units::MAX.milli() as f64;
    #[allow(clippy::cast_possible_truncation, reason = "within the range of an amount")]
    Ok((scaled.abs() <= largest).then_some(scaled as i64))
}

fn limit(text: &str) -> Result<Units, Failure> {
    Ok(milli(text)?.and_then(|milli| Units::new(milli.abs()).ok()).unwrap_or(Units::MAX))
}

impl Line {
    fn read(text: &str) -> Result<Option<Self>, Failure> {
        let mut words = text.split_whitespace();
        let mut word = || words.next().ok_or("five words a line");
        let ends = [word()?.parse()?, word()?.parse()?];
        let (lo, w, hi) = (word()?, word()?, word()?);
        let bounds = [limit(lo)?, limit(hi)?];
        Ok(milli(w)?.map(|w| Self { ends, balance: -w, bounds }))
    }

    /// The tally that it is, held by the first.
    pub(crate) fn tally(&self) -> Result<Tally, Failure> {
        let side = |owe: Units, bound: Units| -> Result<InForce, Failure> {
            let zero = protocol::Rate::ZERO;
            let settings = Settings::new(Units::ZERO, bound, zero, zero)?;
            Ok(InForce::after_set(owe, settings, None))
        };
        let [a, b] = self.bounds;
        let consent = Consent { holder: side(b, a)?, partner: side(a, b)? };
        Ok(Tally { ends: self.ends, balance: Units::new(self.balance)?, consent })
    }

    /// The two hops: from the second to the first, and back.
    #[allow(dead_code, reason = "each example takes what it needs")]
    pub(crate) fn hops(&self) -> Result<[Hop; 2], Failure> {
        self.tally()?.hops()
    }
}
