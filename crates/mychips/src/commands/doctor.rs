//! `mychips doctor`: whether everything that the site keeps still holds.

use clap::Args;
use protocol::AgentId;
use serde::Serialize;

use crate::failure::Failure;
use crate::flags::Place;
use crate::progress::Progress;
use crate::say;
use crate::visit::{self, Visit};

/// Check everything that the site keeps: every hash, signature, chain and balance, and the sum.
///
/// Changes nothing. With a fault it ends with exit code 1 and names each: stop using the site then,
/// keep a copy of its data directory, and restore a backup.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  ok        whether nothing is wrong
  faults    what is wrong: holder, tally, what
  tallies   halves that were looked at
  chits     chits that were looked at, those at both halves twice
  zero_sum  the sum of the balances of tallies whose halves both are here and
            agree, in milli-CHIPs, as text: 0 where all is well
  lying_referees  referees that are accepted here though it is proved that they
            lie, or may

Exit codes:
  0  nothing is wrong    1  faults were found    2  wrong usage
  3  the site cannot be read, or is in use")]
pub(crate) struct Doctor {
    #[command(flatten)]
    place: Place,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    found: &'a site::Doctor,
    lying_referees: &'a [AgentId],
}

/// Referees that are accepted here though there is proof against them.
fn accepted_liars(visit: &Visit) -> Result<Vec<AgentId>, Failure> {
    let lies = visit.lies()?;
    let accused = |agent: &AgentId| lies.iter().any(|lie| lie.accused.contains(agent));
    let referees = visit.referees()?.into_iter().map(|accepted| accepted.agent);
    Ok(referees.filter(accused).collect())
}

pub(crate) fn run(flags: &Doctor) -> Result<(), Failure> {
    let visit = Visit::enter(&visit::data(flags.place.data.as_deref())?)?;
    let mut found = site::Doctor::begun();
    let mut after = None;
    let progress = Progress::of("looking at the store");
    loop {
        let page = visit.examine(after)?;
        after = page.next;
        found.add(page);
        progress.looked(found.tallies);
        if after.is_none() {
            break;
        }
    }
    drop(progress);
    let status = visit.status()?;
    let liars = accepted_liars(&visit)?;
    let shown = Shown { found: &found, lying_referees: &liars };
    say::either(flags.place.json, &shown, || {
        let mut page = String::new();
        for fault in &found.faults {
            page.push_str(&format!("{} {}: {}\n", fault.holder, fault.tally, fault.what));
        }
        let looked = say::counted(found.tallies, "half of a tally", "halves of tallies");
        let chits = say::counted(found.chits, "chit", "chits");
        let verdict = if found.ok { "All is well" } else { "Something is wrong" };
        page += &format!("{verdict}: {looked}, {chits} looked at; sum {}\n", found.zero_sum);
        if let (Some(date), 1..) = (status.went_back_to, status.asking) {
            let halves = say::counted(status.asking, "half has", "halves have");
            page += &format!(
                "The site was restored from the backup of {date}: {halves} still to be compared \
                 with the partner's\n"
            );
        }
        for agent in &liars {
            page += &format!(
                "Referee {agent} is accepted here, and it is proved that it lies, or may: see mychips \
                 referee lies\n"
            );
        }
        page
    })?;
    if found.ok {
        return Ok(());
    }
    let faults = say::counted(found.faults.len().max(1) as u64, "fault", "faults");
    Err(Failure::refused(
        "faults",
        format!("doctor found {faults}: stop using this site, keep a copy of it, restore a backup"),
    ))
}

impl Doctor {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
