//! `mychips referee`: whom this site accepts as referees of lifts between sites.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use protocol::address::Endpoint;
use protocol::{AgentId, Hash, Units};
use serde::Serialize;
use site::Command;

use crate::failure::Failure;
use crate::flags::Place;
use crate::home;
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
    /// List the proofs that agents lie about lifts.
    Lies(ListLies),
    /// Print or write one of them: a record that anybody can check with mychips verify.
    Proof(ShowProof),
}

/// What is proved here that others lied about lifts: seen by this site itself, or told by another and checked.
///
/// A referee that says two things of which an honest one says only one is named; so are referees that
/// decided one lift both ways, and the site of a partner that promised one lift twice. Nothing happens
/// to them by itself: drop such a referee; with whom users here have tallies, they decide.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  lies  for each: id, the name of the record; kind, lie or contradiction of
        referees, twice of a site; lift;
        accused, agents of whom at least one lies; heard_from, the agent that
        told it, or null where this site saw it itself; at")]
pub(crate) struct ListLies {
    #[command(flatten)]
    place: Place,
}

/// Which.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips referee proof 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU --out lie.json
  mychips verify lie.json")]
pub(crate) struct ShowProof {
    /// The name of the record, as mychips referee lies shows it
    #[arg(value_name = "PROOF")]
    id: Hash,
    /// Write it into a new file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Where our site is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  referees  for each: agent; endpoint, where it answers as you said, or null;
            most, how much may be open here at once under it alone, in milli-CHIPs;
            lies, how many proofs there are here that it lies, or may lie")]
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
    lies: usize,
}

#[derive(Serialize)]
struct All {
    referees: Vec<Shown>,
}

pub(crate) fn run(flags: &Referee) -> Result<(), Failure> {
    let visit = Visit::enter(&visit::data(flags.place().data.as_deref())?)?;
    match flags {
        Referee::List(_) => {}
        Referee::Lies(flags) => return lies(&visit, flags.place.json),
        Referee::Proof(flags) => return proof(&visit, flags),
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
    let lies = visit.lies()?;
    let many = |agent: &AgentId| lies.iter().filter(|lie| lie.accused.contains(agent)).count();
    let referees = visit.referees()?.into_iter().map(|accepted| Shown {
        lies: many(&accepted.agent),
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
    let lie = referees.iter().any(|shown| shown.lies > 0);
    for Shown { agent, endpoint, most, lies } in referees {
        let place = endpoint.unwrap_or_else(|| "not said".to_owned());
        let lies = if lies > 0 { "; it lies, or may: see mychips referee lies" } else { "" };
        table.row([agent, format!("{place}{lies}"), say::units(most)]);
    }
    let mut page = table.render(&Look::of_stdout());
    if lie {
        page += "Drop referees that lie: mychips referee drop AGENT\n";
    }
    say::text(&page)
}

#[derive(Serialize)]
struct Lie {
    id: String,
    kind: String,
    lift: String,
    accused: Vec<String>,
    heard_from: Option<String>,
    at: String,
}

#[derive(Serialize)]
struct Lies {
    lies: Vec<Lie>,
}

fn lies(visit: &Visit, json: bool) -> Result<(), Failure> {
    let all = visit.lies()?;
    if !json && all.is_empty() {
        return say::text("No lie is proved here");
    }
    if !json {
        let mut page = String::new();
        for lie in &all {
            let accused: Vec<String> = lie.accused.iter().map(ToString::to_string).collect();
            let heard = lie.heard_from.map_or("this site".to_owned(), |agent| agent.to_string());
            page += &say::sheet(&[
                ("proof", lie.id.to_string()),
                ("lift", lie.lift.to_string()),
                ("proves", proves(&lie.kind).to_owned()),
                ("accused", accused.join(" ")),
                ("seen by", heard),
                ("kept", say::minute(lie.at)),
            ]);
            page.push('\n');
        }
        page +=
            "To check one: mychips referee proof PROOF --out lie.json, and mychips verify lie.json";
        return say::text(&page);
    }
    let lies = all.into_iter().map(|lie| Lie {
        id: lie.id.to_string(),
        kind: lie.kind,
        lift: lie.lift.to_string(),
        accused: lie.accused.iter().map(ToString::to_string).collect(),
        heard_from: lie.heard_from.map(|agent| agent.to_string()),
        at: lie.at.to_string(),
    });
    say::json(&Lies { lies: lies.collect() })
}

fn proves(kind: &str) -> &'static str {
    match kind {
        "contradiction" => "the referees of the lift decided it both ways",
        "twice" => {
            "a site promised the lift twice, judged by different things, as an honest one never does"
        }
        _ => "a referee said two things of which an honest one says only one",
    }
}

fn proof(visit: &Visit, flags: &ShowProof) -> Result<(), Failure> {
    let text = visit.lie(flags.id)?;
    let Some(path) = &flags.out else { return say::text(&text) };
    home::write_new(path, &[text.as_bytes(), b"\n"])
}

impl Referee {
    const fn place(&self) -> &Place {
        match self {
            Self::List(flags) => &flags.place,
            Self::Accept(flags) => &flags.place,
            Self::Drop(flags) => &flags.place,
            Self::Lies(flags) => &flags.place,
            Self::Proof(flags) => &flags.place,
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
