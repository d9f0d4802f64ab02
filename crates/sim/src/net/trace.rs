//! What happened in a simulated network, as lines that people read; and a digest of all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use protocol::{ChitId, Hash, LiftId, PaymentId, TallyId};

use super::world::START_MS;

/// How many of the last lines a failure shows.
const SHOWN: usize = 40;

/// The lines, and short names for what has long ones: `t3` for a tally, `c17` for a chit, `l2` for a lift, `p4` for a
/// payment.
#[derive(Debug, Default)]
pub(super) struct Trace {
    lines: Vec<String>,
    tallies: BTreeMap<TallyId, usize>,
    chits: BTreeMap<ChitId, usize>,
    lifts: BTreeMap<LiftId, usize>,
    payments: BTreeMap<PaymentId, usize>,
}

impl Trace {
    pub(super) fn say(&mut self, now_ms: i64, who: &str, what: &str) {
        let ms = now_ms - START_MS;
        let (minutes, seconds, ms) = (ms / 60_000, ms / 1_000 % 60, ms % 1_000);
        self.lines.push(format!("{minutes:>3}:{seconds:02}.{ms:03} {who:<6} {what}"));
    }

    pub(super) fn tally(&mut self, tally: TallyId) -> String {
        let next = self.tallies.len() + 1;
        format!("t{}", self.tallies.entry(tally).or_insert(next))
    }

    pub(super) fn chit(&mut self, chit: ChitId) -> String {
        let next = self.chits.len() + 1;
        format!("c{}", self.chits.entry(chit).or_insert(next))
    }

    pub(super) fn lift(&mut self, lift: LiftId) -> String {
        let next = self.lifts.len() + 1;
        format!("l{}", self.lifts.entry(lift).or_insert(next))
    }

    pub(super) fn payment(&mut self, payment: PaymentId) -> String {
        let next = self.payments.len() + 1;
        format!("p{}", self.payments.entry(payment).or_insert(next))
    }

    pub(super) fn lift_named(&self, lift: &LiftId) -> String {
        self.lifts.get(lift).map_or_else(|| lift.to_string(), |number| format!("l{number}"))
    }

    pub(super) fn tally_named(&self, tally: &TallyId) -> Option<String> {
        self.tallies.get(tally).map(|number| format!("t{number}"))
    }

    /// A hash over all lines.
    pub(super) fn digest(&self) -> Hash {
        Hash::of(self.lines.join("\n").as_bytes())
    }

    /// All lines.
    pub(super) fn all(&self) -> String {
        self.lines.join("\n")
    }

    /// The last lines, and all that name one of these.
    pub(super) fn shown(&self, names: &[String]) -> String {
        let mut shown = String::new();
        let from = self.lines.len().saturating_sub(SHOWN);
        let (before, last) = self.lines.split_at(from);
        let names_it = |line: &&String| {
            let mut words = line.split(|letter: char| !letter.is_alphanumeric());
            words.any(|word| names.iter().any(|name| name == word))
        };
        for line in before.iter().filter(names_it) {
            let _ = writeln!(shown, "  {line}");
        }
        let _ = writeln!(shown, "  -- the last {} lines:", last.len());
        for line in last {
            let _ = writeln!(shown, "  {line}");
        }
        shown
    }
}
