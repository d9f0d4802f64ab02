//! `mychips config`: what the site is told to do, and where each value comes from.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config;
use crate::failure::Failure;
use crate::flags::{Place, Settings};
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit;

/// Show the configuration
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Show(Show),
}

/// Show every value of the configuration, and where it comes from.
///
/// A flag counts before a variable, a variable before mychips.toml in the data directory, that
/// before what is usual. A name that nobody knows is refused in the file and among the variables
/// that begin with MYCHIPS_. Passwords are never shown. Works while the site is in use, and before
/// there is one.
#[derive(Debug, Args)]
#[command(after_long_help = "\
mychips.toml:
  store = \"postgres://mychips@db.example/mychips\"
  http.port = 8420

Variables: MYCHIPS_STORE, MYCHIPS_HTTP_PORT, and so on for each key.
  The password of a PostgreSQL database may stand in the URL (mychips.toml is
  then for its owner alone: chmod 600), in PGPASSWORD, or in ~/.pgpass.

JSON:
  data    the data directory
  values  key, value, from (default, file, environment, flag), place

Exit codes:
  0  shown    1  something in the file or a variable is refused
  2  wrong usage    3  the file cannot be read

Examples:
  mychips config show
  MYCHIPS_HTTP_PORT=0 mychips config show --json")]
pub(crate) struct Show {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Told {
    data: String,
    values: Vec<config::Shown>,
}

pub(crate) fn run(flags: &Config) -> Result<(), Failure> {
    let Config::Show(flags) = flags;
    let data = visit::data(flags.place.data.as_deref())?;
    let values = config::Config::of(&data, &flags.settings.given())?.shown;
    let told = Told { data: data.display().to_string(), values };
    say::either(flags.place.json, &told, || {
        let columns = [("Key", Set::Whole), ("Value", Set::Left), ("From", Set::Whole)];
        let mut table = Table::new(&columns);
        for shown in &told.values {
            table.row([shown.key.to_owned(), shown.value.clone(), shown.place.clone()]);
        }
        format!("Data directory: {}\n\n{}", told.data, table.render(&Look::of_stdout()))
    })
}

impl Config {
    pub(crate) const fn json(&self) -> bool {
        let Self::Show(flags) = self;
        flags.place.json
    }
}
