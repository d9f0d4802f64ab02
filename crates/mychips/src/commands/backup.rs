//! `mychips backup`: a copy of the site, while it is served or not.

use std::path::{Path, PathBuf};

use clap::Args;
use protocol::AgentId;
use serde::Serialize;
use site::Clock;
use store::{Meta, Place as StorePlaceAt};

use crate::backup::{FORMAT, File, MANIFEST, Making, Manifest, copy_file, only_for_owner};
use crate::config::{self, Config, StorePlace};
use crate::failure::Failure;
use crate::flags::Place;
use crate::home::{self, AGENT_KEY, DATABASE};
use crate::progress::Progress;
use crate::say;
use crate::visit::{self, placed, runtime};
use crate::world::World;

/// Copy the site into a new folder: its database, its key, its configuration.
///
/// The site may be served meanwhile: the copy is of one moment. The folder is there when all of it is on
/// the disk, or not at all. It holds the site's secret key: keep it as safe as the site itself. Users' keys are not in it; they lie in their
/// key folders.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The folder (only its owner may enter it):
  backup.json   what it is of, and the size and SHA-256 of every file
  agent.jwk     the site's secret key
  mychips.toml  the configuration, where there is one
  mychips.db    all rows, in a file of SQLite, also those of a PostgreSQL store

JSON:
  backup        the folder
  agent         whose site it is of
  date, epoch   when, and how often the site was restored before
  schema        of the database
  store         where the rows are: sqlite or postgres
  files         name, bytes, sha256

Exit codes:
  0  done    1  refused: there is something of that name, or no site
  2  wrong usage    3  reading or writing failed

Examples:
  mychips backup /media/stick/quernby-monday
  mychips backup monday --json")]
pub(crate) struct Backup {
    /// The new folder; there must be nothing of that name
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Made<'a> {
    backup: String,
    #[serde(flatten)]
    manifest: Said<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    agent: AgentId,
    date: protocol::Timestamp,
    epoch: u64,
    schema: u64,
    store: &'a str,
    files: &'a [File],
}

pub(crate) fn run(flags: &Backup) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    home::no_file(&data)?;
    if !home::is_site(&data) {
        return Err(home::no_site(&data));
    }
    let to = &flags.to;
    if to.symlink_metadata().is_ok() {
        let text = format!("{} is there already: name a new folder", to.display());
        return Err(Failure::refused("exists", text));
    }
    let config = Config::of(&data, &[])?;
    let date = World.now();
    let making = Making::begin(to)?;
    let progress = Progress::of("copying the database");
    let meta = copy_rows(&data, &config, &making.path().join(DATABASE))?;
    let agent = home::agent_of(&data)?;
    if meta.founded.as_ref().is_none_or(|founded| founded.agent != agent) {
        let text = "the key in the data directory is not that of the site in its store";
        return Err(Failure::refused("other_site", text));
    }
    let mut files = Vec::new();
    for name in [AGENT_KEY, config::FILE] {
        let from = data.join(name);
        if from.exists() {
            let (bytes, sha256) = copy_file(&from, Some(&making.path().join(name)))?;
            files.push(File { name: name.to_owned(), bytes, sha256 });
        }
    }
    let (bytes, sha256) = copy_file(&making.path().join(DATABASE), None)?;
    files.push(File { name: DATABASE.to_owned(), bytes, sha256 });
    let manifest = Manifest {
        format: FORMAT,
        program: concat!("mychips ", env!("CARGO_PKG_VERSION")).to_owned(),
        agent,
        date,
        epoch: meta.epoch,
        schema: meta.schema,
        store: config.store.word().to_owned(),
        files,
        seal: None,
    };
    let text = manifest.clone().sealed();
    home::write_new(&making.path().join(MANIFEST), &[text.as_bytes()])?;
    making.finish(false)?;
    drop(progress);
    tell(flags, &manifest)
}

/// Copies all rows into a file that only its owner reads.
fn copy_rows(data: &Path, config: &Config, to: &Path) -> Result<Meta, Failure> {
    let database = home::database(data);
    let place = match &config.store {
        StorePlace::Sqlite => StorePlaceAt::Sqlite(&database),
        StorePlace::Postgres(url) => StorePlaceAt::Postgres(url),
    };
    let copied = runtime()?.block_on(place.copy_to(to));
    let copied = copied.map_err(|error| placed(&config.store.shown(&database), error.into()))?;
    only_for_owner(to)?;
    Ok(copied)
}

fn tell(flags: &Backup, manifest: &Manifest) -> Result<(), Failure> {
    let Manifest { agent, date, epoch, schema, .. } = *manifest;
    let said = Said { agent, date, epoch, schema, store: &manifest.store, files: &manifest.files };
    let made = Made { backup: flags.to.display().to_string(), manifest: said };
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    say::either(flags.place.json, &made, || {
        format!(
            "A backup of the site is in {}: {}\nagent  {agent}\ndate   {date}\n\n\
             It holds the site's secret key: whoever has it can be the site. Keep it as safe as the \
             site itself.\nUsers' keys are not in it; they lie in their key folders.",
            made.backup,
            say::size(bytes),
        )
    })
}

impl Backup {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
