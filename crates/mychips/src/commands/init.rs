//! `mychips init`: sets a site up.

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::flags::Place;
use crate::say;
use crate::visit::{self, Visit};

/// Set up a site: its data directory, its agent key, its configuration, an empty database.
///
/// The agent key in the data directory is the site's identity: keep a copy of it in a safe place.
/// Users' keys are never there; see `mychips key new --help`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Exit codes:
  0  done    1  refused: there is a site already    2  wrong usage
  3  the data directory cannot be written, or is in use

Examples:
  mychips init
  mychips init --data /srv/quernby
  mychips init --store postgres://mychips@localhost/quernby")]
#[expect(clippy::doc_markdown, reason = "help on a terminal, as it is")]
pub(crate) struct Init {
    #[command(flatten)]
    place: Place,
    /// Where the site's rows are to be: sqlite (a file there), or postgres://user@host/database
    ///
    /// Written to mychips.toml in the data directory. Without this flag: what MYCHIPS_STORE or a
    /// mychips.toml that is there already say, else sqlite. See `mychips config show --help` for
    /// passwords.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

#[derive(Serialize)]
struct Made {
    data: String,
    agent: String,
    store: String,
}

pub(crate) fn run(flags: &Init) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let visit = Visit::found(&data, flags.store.as_deref())?;
    let made = Made {
        data: visit.folder().display().to_string(),
        agent: visit.agent().to_string(),
        store: visit.store_shown(),
    };
    say::either(flags.place.json, &made, || {
        format!(
            "A site is set up in {}\nagent  {}\nstore  {}\n\nNext: mychips key new USER, then mychips user add \
             USER --name NAME",
            made.data, made.agent, made.store
        )
    })
}

impl Init {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
