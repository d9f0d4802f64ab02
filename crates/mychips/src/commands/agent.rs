//! `mychips agent`: the site's own key, changed or lost, and the agents that the site was before.

use clap::{Args, Subcommand};
use protocol::AgentId;
use serde::Serialize;

use crate::failure::Failure;
use crate::flags::Place;
use crate::say;
use crate::visit::{self, Replaced};

/// The site's agent key: another one in its place, and whose site this was before.
///
/// Whoever has the agent key is the site to all others. What users signed it cannot change; so a site
/// with another key goes on where it was, once each user has signed for it: mychips key agent.
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) enum Agent {
    Replace(Replace),
    Was(Was),
}

/// Make another agent key for this site: the one it has is lost, or others may have it.
///
/// The site has to be stopped. Its users, tallies and chits stay as they are. Other sites hear the new
/// agent once a user of this one has signed for it on the tally that they share; so tell all users to
/// give the command mychips key agent. Invitations that are out lead nowhere: invite again.
///
/// A site with a PostgreSQL store that is served from several machines is stopped on all of them, and the
/// new agent.jwk copied to each. A run that was cut short is finished by giving the command again; where
/// mychips status shows another agent already, it was done. The key before is kept beside the new one, as
/// agent-before-AGENT.jwk, until you delete it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON:
  agent   who the site is from now on
  before  who it was

Exit codes:
  0  done    1  refused: there is no site    2  wrong usage
  3  the data directory cannot be written, or is in use

Examples:
  mychips agent replace
  mychips agent replace --data /srv/quernby")]
pub(crate) struct Replace {
    #[command(flatten)]
    place: Place,
}

/// Say that this site takes in the users of one that was lost, together with its agent key.
///
/// For a site that was set up anew with mychips init. The users are added with the keys that they have;
/// then each brings back its tallies (they are listed on its device, or imported) and signs for this
/// site with mychips key agent. The site has to be stopped.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mychips agent was 12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X")]
pub(crate) struct Was {
    /// The agent of the site that was lost, as its users' tallies name it
    agent: AgentId,
    /// Also where users here have dealings with users of that agent, as their devices may have said before
    #[arg(long)]
    sure: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Told {
    agent: AgentId,
    before: AgentId,
}

pub(crate) fn run(flags: &Agent) -> Result<(), Failure> {
    let data = visit::data(flags.place().data.as_deref())?;
    match flags {
        Agent::Replace(Replace { .. }) => {
            let Replaced { agent, before } = visit::replace_agent(&data)?;
            say::either(flags.json(), &Told { agent, before }, || {
                format!(
                    "Agent   {agent}\nBefore  {before}\n\nNext: mychips serve, then each user signs for it: \
                     mychips key agent --as USER"
                )
            })
        }
        Agent::Was(Was { agent: before, sure, .. }) => {
            let agent = visit::was_agent(&data, *before, *sure)?;
            say::either(flags.json(), &Told { agent, before: *before }, || {
                format!(
                    "Agent {agent} was {before} before: tallies that name that one can be brought here."
                )
            })
        }
    }
}

impl Agent {
    const fn place(&self) -> &Place {
        match self {
            Self::Replace(flags) => &flags.place,
            Self::Was(flags) => &flags.place,
        }
    }

    pub(crate) const fn json(&self) -> bool {
        self.place().json
    }
}
