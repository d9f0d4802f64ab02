//! `mychips referee`: whom this site accepts as referees of lifts between sites.

use std::str::FromStr;

use clap::{Args, Subcommand};
use protocol::address::Endpoint;
use protocol::{AgentId, Units};
use serde::Serialize;
use site::Command;

use crate::failure::Failure;
use crate::flags::Place;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};

/// Whom this site accepts as referees of lifts between sites.
///
/// A lift between sites is decided by agents that all who take part accept: one, or four of whom one may fail
/// or lie. What a lift moves is locked until they have decided, so accept those that are always there, and
/// whom you trust; this site's own agent is one only where you say so.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Referee {
    /// List those that are accepted, and where they answer.
    List(ListReferees),
    /// Accept one, or say anew where it answers.
    Accept(Accept),
    /// Accept one no longer; what was promised under it, it decides all the same.
    Drop(Drop),
}

/// Where our site is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  referees  for each: agent; endpoint, where it answers as you said, or null;
            most, how much may be open here at once under it alone, in milli-CHIPs")]
pub(crate) struct ListReferees {
    #[command(flatten)]
    place: Place,
}

/// Whom, and where it answers.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  mychips referee accept 12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X@chips.example.org:8421")]
pub(crate) struct Accept {
    /// AGENT@HOST:PORT, or AGENT alone where it is known where it answers
    #[arg(value_name = "ADDRESS")]
    whom: Whom,
    /// How much may be open here at once under it alone: what it locks if it is gone for good. Four referees
    /// that decide together may have more open [default: as before; else 1000, or nothing where four are
    /// accepted]
    #[arg(long, value_name = "CHIPS")]
    most: Option<Units>,
    #[command(flatten)]
    place: Place,
}

/// Whom.
#[derive(Debug, Args)]
pub(crate) struct Drop {
    /// Its agent
    agent: AgentId,
    #[command(flatten)]
    place: Place,
}

/// An agent, and where it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Whom {
    agent: AgentId,
    endpoint: Option<Endpoint>,
}

impl FromStr for Whom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (agent, place) = match text.split_once('@') {
            Some((agent, place)) => (agent, Some(place)),
            None => (text, None),
        };
        let agent = agent.parse().map_err(|error: protocol::AgentIdError| error.to_string())?;
        let endpoint = place.map(str::parse).transpose();
        let endpoint = endpoint.map_err(|error: protocol::EndpointError| error.to_string())?;
        Ok(Self { agent, endpoint })
    }
}

#[derive(Serialize)]
struct Shown {
    agent: String,
    endpoint: Option<String>,
    most: Units,
}

#[derive(Serialize)]
struct All {
    referees: Vec<Shown>,
}

pub(crate) fn run(flags: &Referee) -> Result<(), Failure> {
    let visit = Visit::enter(&visit::data(flags.place().data.as_deref())?)?;
    match flags {
        Referee::List(_) => {}
        Referee::Accept(Accept { whom, most, .. }) => {
            let Whom { agent, endpoint } = whom.clone();
            visit.administer(Command::AcceptReferee { agent, endpoint, most: *most })?;
        }
        Referee::Drop(Drop { agent, .. }) => {
            visit.administer(Command::DropReferee { agent: *agent })?;
        }
    }
    list(&visit, flags.json())
}

fn list(visit: &Visit, json: bool) -> Result<(), Failure> {
    let referees = visit.referees()?.into_iter().map(|accepted| Shown {
        agent: accepted.agent.to_string(),
        endpoint: accepted.endpoint.map(|endpoint| endpoint.to_string()),
        most: accepted.most,
    });
    let referees: Vec<Shown> = referees.collect();
    if json {
        return say::json(&All { referees });
    }
    if referees.is_empty() {
        return say::text("No referee is accepted: users here take part in no lift between sites");
    }
    let mut table =
        Table::new(&[("Agent", Set::Whole), ("Answers at", Set::Left), ("Alone for", Set::Right)]);
    for Shown { agent, endpoint, most } in referees {
        table.row([agent, endpoint.unwrap_or_else(|| "not said".to_owned()), say::units(most)]);
    }
    say::text(&table.render(&Look::of_stdout()))
}

impl Referee {
    const fn place(&self) -> &Place {
        match self {
            Self::List(flags) => &flags.place,
            Self::Accept(flags) => &flags.place,
            Self::Drop(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: &str = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X";

    #[test]
    fn an_agent_is_named_with_or_without_where_it_answers() {
        let agent: AgentId = AGENT.parse().unwrap();
        assert_eq!(AGENT.parse(), Ok(Whom { agent, endpoint: None }));
        let endpoint = Some("chips.example.org:8421".parse().unwrap());
        let whom = format!("{AGENT}@chips.example.org:8421").parse();
        assert_eq!(whom, Ok(Whom { agent, endpoint }));
        for wrong in ["", "@chips.example.org:8421", "chips.example.org:8421", &format!("{AGENT}@")]
        {
            assert!(wrong.parse::<Whom>().is_err(), "{wrong}");
        }
    }
}
