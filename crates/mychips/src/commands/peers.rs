//! `mychips peers`: other sites, where they answer, and what waits for them.

use clap::{Args, Subcommand};
use protocol::AgentId;
use protocol::address::Endpoint;
use serde::Serialize;
use site::Command;

use crate::failure::Failure;
use crate::flags::Place;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};

/// Other sites that this one knows, each by its agent.
///
/// A site knows those at which its users have partners. Where they answer it learns from invitations and from
/// what they say themselves.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Peers {
    /// List the sites that are known, where they answer, and how many letters wait for each.
    List(ListPeers),
    /// Say where a site answers: it moved, or this site was set up anew and does not know.
    At(At),
}

/// Where our site is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  peers  for each: agent; endpoint, where it answers, or null; letters, how many
         wait for it")]
pub(crate) struct ListPeers {
    #[command(flatten)]
    place: Place,
}

/// Which site, and where it answers.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  mychips peers at 12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X chips.example.org:8421")]
pub(crate) struct At {
    /// Its agent, as `mychips status` of that site shows it
    agent: AgentId,
    /// Where it answers: HOST:PORT
    #[arg(value_name = "PLACE")]
    endpoint: Endpoint,
    /// Nobody here has dealings with it yet: listen to what it says all the same
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Shown {
    agent: String,
    endpoint: Option<String>,
    letters: u64,
}

#[derive(Serialize)]
struct All {
    peers: Vec<Shown>,
}

pub(crate) fn run(flags: &Peers) -> Result<(), Failure> {
    let visit = Visit::enter(&visit::data(flags.place().data.as_deref())?)?;
    match flags {
        Peers::List(_) => list(&visit, flags.json()),
        Peers::At(At { agent, endpoint, new, .. }) => {
            let (agent, endpoint, new) = (*agent, Some(endpoint.clone()), *new);
            visit.administer(Command::FindAt { agent, endpoint, new })?;
            list(&visit, flags.json())
        }
    }
}

fn list(visit: &Visit, json: bool) -> Result<(), Failure> {
    let peers = visit.peers()?.into_iter().map(|peer| Shown {
        agent: peer.agent.to_string(),
        endpoint: peer.endpoint.map(|endpoint| endpoint.to_string()),
        letters: peer.letters,
    });
    let peers: Vec<Shown> = peers.collect();
    if json {
        return say::json(&All { peers });
    }
    if peers.is_empty() {
        return say::text("No other site is known: none of its users is a partner of a user here");
    }
    let mut table =
        Table::new(&[("Agent", Set::Whole), ("Answers at", Set::Left), ("Letters", Set::Right)]);
    for Shown { agent, endpoint, letters } in peers {
        let endpoint = endpoint.unwrap_or_else(|| "not known".to_owned());
        table.row([agent, endpoint, letters.to_string()]);
    }
    say::text(&table.render(&Look::of_stdout()))
}

impl Peers {
    const fn place(&self) -> &Place {
        match self {
            Self::List(flags) => &flags.place,
            Self::At(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}
