//! Trust lines of a real network, read from a file: see `ripple.rs` for its form.

use clearing::Hop;
use protocol::Units;
use protocol::settings::{Consent, InForce, Settings};

use crate::amount::milli;
use crate::families;
pub(crate) use crate::families::Failure;
use crate::tallies::Tally;

/// The lines of a file, but those that no record holds.
pub(crate) fn read(path: &str) -> Result<Vec<Line>, Failure> {
    Ok(each(path, Line::read)?.into_iter().flatten().collect())
}

/// The payments of a file: amount in milli-CHIPs, payer and payee.
#[allow(dead_code, reason = "each example takes what it needs")]
pub(crate) fn payments(path: &str) -> Result<Vec<(Units, [u32; 2])>, Failure> {
    each(path, |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [amount, payer, payee] = words[..] else { return Err("not three words".into()) };
        let amount = milli(amount)?.ok_or("an amount that no record holds")?;
        Ok((Units::new(amount)?, [participant(payer)?, participant(payee)?]))
    })
}

/// What `read` makes of each line of a file.
fn each<T>(path: &str, read: impl Fn(&str) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
    let text = families::text(path)?;
    let lines = (1_usize..).zip(text.lines());
    let one = |(number, line): (usize, &str)| -> Result<T, Failure> {
        read(line).map_err(|error| format!("{path}, line {number}: {error}").into())
    };
    lines.map(one).collect()
}

fn participant(word: &str) -> Result<u32, Failure> {
    word.parse().map_err(|_| format!("{word} is not the number of a participant").into())
}

/// One trust line: the balance of the first of the two, and what each of them takes in at most.
pub(crate) struct Line {
    pub(crate) ends: [u32; 2],
    pub(crate) balance: i64,
    bounds: [Units; 2],
}

fn limit(text: &str) -> Result<Units, Failure> {
    Ok(milli(text)?.and_then(|milli| Units::new(milli.abs()).ok()).unwrap_or(Units::MAX))
}

impl Line {
    fn read(text: &str) -> Result<Option<Self>, Failure> {
        let mut words = text.split_whitespace();
        let mut word = || words.next().ok_or("not five words");
        let ends = [participant(word()?)?, participant(word()?)?];
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
