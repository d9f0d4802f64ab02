//! What came of it, as tables for people and as points for pictures.
#![allow(clippy::cast_precision_loss, reason = "shares and means for people")]

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use crate::Known;
use crate::clear::{Cleared, MOST_MESSAGES};
use crate::divided::What;
use crate::lines::Failure;
use crate::pay::{Paid, Seen};

pub(crate) fn percent(part: i128, whole: i128) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn mean(sum: f64, of: usize) -> f64 {
    sum / of.max(1) as f64
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

pub(crate) fn clearing_head(members: u32) -> Result<(), Failure> {
    say(&format!(
        "what is cleared, in percent of the most that can be: by circles of at most {members} members with a map; \
         without a map inside sites, and in all, until nothing is found or {MOST_MESSAGES} messages a debt were said"
    ))?;
    say(
        "messages and bytes: each query and answer as it is sent; a lift's compose, composed, words (two a leg), question and",
    )?;
    say(
        "certificate as signed records of as many participants; not the lines' own acknowledgements, nor the tallies' chains",
    )?;
    say(&format!(
        "{:<20} {:>5} {:<9} {:>8} {:>7} {:>7} {:>7} {:>6} {:>5} {:>8} {:>6} {:>7} {:>8} {:>7} {:>8} {:>7} {:>8} {:>7}",
        "debts",
        "sites",
        "division",
        "between%",
        "inside%",
        "all%",
        "/short%",
        "lifts",
        "legs",
        "searches",
        "rounds",
        "msg/d",
        "search/d",
        "lift/d",
        "bytes/d",
        "msg/C",
        "bytes/C",
        "s"
    ))
}

pub(crate) fn known(known: &Known) -> Result<(), Failure> {
    let [whole, short] = known.times.map(|time| time.as_secs_f64());
    say(&format!(
        "{:<20} with a map: {} debts, most {:.0} CHIPs ({whole:.2} s); short circles {:.1} %, more than {:.1} % impossible ({short:.2} s)",
        known.name,
        known.debts,
        known.best as f64 / 1_000.0,
        percent(known.short, known.best),
        percent(known.bound, known.best)
    ))
}

pub(crate) fn cleared(
    known: &Known,
    sites: u32,
    division: &str,
    cleared: &Cleared,
) -> Result<(), Failure> {
    let share = |part: i128| percent(part, known.best);
    let debts = known.debts as f64;
    let (all, bytes) = (cleared.said.messages() as f64, cleared.said.bytes() as f64);
    let search = cleared.said.searching() as f64;
    let chips = cleared.all as f64 / 1_000.0;
    say(&format!(
        "{:<20} {sites:>5} {division:<9} {:>8.1} {:>7.1} {:>7.1} {:>7.1} {:>6} {:>5.1} {:>8} {:>6} {:>7.2} {:>8.2} {:>7.2} {:>8.0} {:>7.3} {:>8.0} {:>7.1}",
        known.name,
        100.0 * cleared.between as f64 / cleared.tallies.max(1) as f64,
        share(cleared.inside),
        share(cleared.all),
        percent(cleared.all, known.short),
        cleared.lifts,
        mean(cleared.legs as f64, cleared.lifts),
        cleared.searches,
        cleared.rounds,
        all / debts,
        search / debts,
        (all - search) / debts,
        bytes / debts,
        all / chips.max(1.0),
        bytes / chips.max(1.0),
        cleared.time.as_secs_f64()
    ))
}

pub(crate) fn payments_head(name: &str, many: usize, known: &Paid) -> Result<(), Failure> {
    let share = percent(known.made as i128, many as i128);
    say(&format!(
        "{name}: {many} payments, one after the other; with a map {} are made over one path ({share:.2} %), over {:.2} tallies, \
         for {:.2} % more than arrives, in {:.3} ms",
        known.made,
        mean(known.legs as f64, known.made),
        cost(known),
        1e3 * mean(known.time.as_secs_f64(), many)
    ))?;
    say(
        "both: of those made with a map, how many are made without one; inside: between users of one site; messages and bytes",
    )?;
    say(
        "as above, of all payments; a lift counts as much as one that clears, and the payer's word to the payee's site",
    )?;
    say(&format!(
        "{:>5} {:<9} {:>8} {:>7} {:>7} {:>7} {:>7} {:>8} {:>9} {:>9} {:>7} {:>7} {:>7} {:>6} {:>6} {:>7} {:>7}",
        "sites",
        "division",
        "between%",
        "made%",
        "/map%",
        "both%",
        "inside%",
        "of them%",
        "queries",
        "adverts",
        "msg/p",
        "bytes/p",
        "depth",
        "most",
        "legs",
        "cost%",
        "ms/p"
    ))
}

fn cost(paid: &Paid) -> f64 {
    percent(paid.given - paid.arrived, paid.arrived)
}

pub(crate) fn paid(
    sites: u32,
    division: &str,
    (known, with): &(Paid, Vec<bool>),
    (seen, without): &(Seen, Vec<bool>),
) -> Result<(), Failure> {
    let many = with.len();
    let share = |part: usize, of: usize| percent(part as i128, of as i128);
    let both = with.iter().zip(without).filter(|(with, without)| **with && **without).count();
    let depth: usize = seen.depths.iter().sum();
    say(&format!(
        "{sites:>5} {division:<9} {:>8.1} {:>7.2} {:>7.2} {:>7.2} {:>7.1} {:>8.1} {:>9.1} {:>9.1} {:>7.1} {:>7.0} {:>7.2} {:>6} {:>6.2} {:>7.2} {:>7.2}",
        share(seen.between, seen.tallies),
        share(seen.paid.made, many),
        share(seen.paid.made, known.made),
        share(both, known.made),
        share(seen.inside[0], many),
        share(seen.inside[1], seen.inside[0]),
        mean(seen.said.of(What::Query) as f64, many),
        mean(seen.said.of(What::Advert) as f64, many),
        mean(seen.said.messages() as f64, many),
        mean(seen.said.bytes() as f64, many),
        mean(depth as f64, seen.depths.len()),
        seen.depths.iter().max().copied().unwrap_or(0),
        mean(seen.paid.legs as f64, seen.paid.made),
        cost(&seen.paid),
        1e3 * mean(seen.paid.time.as_secs_f64(), many)
    ))
}

/// The points of a picture, in a file.
pub(crate) struct Points(File);

impl Points {
    pub(crate) fn new(path: PathBuf) -> Result<Self, Failure> {
        Ok(Self(File::create(path)?))
    }

    pub(crate) fn add(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.0, "{line}")?)
    }

    /// Of messages a debt and the share of the most that is cleared, where the share has grown.
    pub(crate) fn curve(
        &mut self,
        known: &Known,
        sites: u32,
        division: &str,
        cleared: &Cleared,
    ) -> Result<(), Failure> {
        let mut told = -1.0;
        let last = cleared.curve.len().saturating_sub(1);
        for (place, (said, all)) in cleared.curve.iter().enumerate() {
            let share = percent(*all, known.best);
            if share - told >= 0.2 || place == last {
                told = share;
                let messages = *said as f64 / known.debts as f64;
                self.add(&format!(
                    "curve {} {sites} {division} {messages:.3} {share:.2}",
                    known.name
                ))?;
            }
        }
        Ok(())
    }

    /// Of what was made: inside sites, and over so many tallies between sites.
    pub(crate) fn depths(
        &mut self,
        name: &str,
        sites: u32,
        division: &str,
        many: usize,
        seen: &Seen,
    ) -> Result<(), Failure> {
        let share = |part: usize| percent(part as i128, many as i128);
        self.add(&format!("depth {name} {sites} {division} 0 {:.2}", share(seen.inside[1])))?;
        for depth in 1..=seen.depths.iter().max().copied().unwrap_or(0) {
            let such = seen.depths.iter().filter(|d| **d == depth).count();
            self.add(&format!("depth {name} {sites} {division} {depth} {:.2}", share(such)))?;
        }
        Ok(())
    }
}
