//! `mychips status`: the site at a glance.

use std::collections::BTreeMap;

use clap::Args;
use protocol::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::flags::Place;
use crate::say;
use crate::visit::{self, Visit};

/// Show the site at a glance: users, halves of tallies by status, what is owed.
///
/// A tally between two users of this site has two halves here.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  agent, data   who the site is and where it lives
  former        the agents that it was before
  users         how many it hosts
  halves        halves of tallies by status
  chits         kept, those at both halves twice
  waiting       letters on their way
  owed          what users of this site are owed, in milli-CHIPs, as text
  zero_sum      the sum of all balances, as text: 0 where both halves of every
                tally are here and have the same chits
  epoch         how often the site was restored from a backup
  went_back_to  when the last such backup was made, or null
  asking        halves that wait for their partners' to say what got lost here,
                and take no payment of their users before
  unheard       halves that take no part in lifts before their users' devices
                were heard")]
pub(crate) struct Status {
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Glance {
    agent: String,
    former: Vec<String>,
    data: String,
    users: u64,
    halves: BTreeMap<String, u64>,
    chits: u64,
    waiting: u64,
    owed: String,
    zero_sum: String,
    epoch: u64,
    went_back_to: Option<Timestamp>,
    asking: u64,
    unheard: u64,
}

pub(crate) fn run(flags: &Status) -> Result<(), Failure> {
    let visit = Visit::enter(&visit::data(flags.place.data.as_deref())?)?;
    let status = visit.status()?;
    let glance = Glance {
        agent: status.agent.to_string(),
        former: status.former.iter().map(ToString::to_string).collect(),
        data: visit.folder().display().to_string(),
        users: status.users,
        halves: status.halves.clone(),
        chits: status.chits,
        waiting: status.letters,
        owed: status.owed.to_string(),
        zero_sum: status.balance.to_string(),
        epoch: status.epoch,
        went_back_to: status.went_back_to,
        asking: status.asking,
        unheard: status.unheard,
    };
    say::either(flags.place.json, &glance, || {
        let halves: Vec<String> =
            glance.halves.iter().map(|(status, count)| format!("{count} {status}")).collect();
        let halves = if halves.is_empty() { "none".to_owned() } else { halves.join(", ") };
        let mut lines = vec![
            ("Agent", glance.agent.clone()),
            ("Data", glance.data.clone()),
            ("Users", glance.users.to_string()),
            ("Halves of tallies", halves),
            ("Chits", glance.chits.to_string()),
            ("Letters waiting", glance.waiting.to_string()),
            ("Owed to users here", say::amount(status.owed)),
            ("Sum of all balances", say::amount(status.balance)),
        ];
        for agent in glance.former.iter().rev() {
            lines.insert(1, ("Agent before", agent.clone()));
        }
        if let Some(date) = glance.went_back_to {
            let epoch = format!("{}: restored from the backup of {date}", glance.epoch);
            lines.push(("Epoch", epoch));
        }
        if glance.asking > 0 {
            let halves = say::counted(glance.asking, "half", "halves");
            lines.push(("To be compared", format!("{halves} with the partner's")));
        }
        if glance.unheard > 0 {
            let halves = say::counted(glance.unheard, "half", "halves");
            lines.push(("Devices not heard", format!("{halves}, which lifts leave out")));
        }
        say::sheet(&lines)
    })
}

impl Status {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
