//! `mychips restore`: a site from a backup, in a new epoch.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use protocol::{AgentId, Timestamp};
use serde::Serialize;
use site::{Epoch, Site};
use store::{Loaded, Place as StorePlaceAt, SCHEMA, Store};

use crate::backup::{Making, Manifest, copy_file};
use crate::config::{self, Config, StorePlace};
use crate::failure::Failure;
use crate::flags::Place;
use crate::home::{self, AGENT_KEY, DATABASE};
use crate::progress::Progress;
use crate::visit::{self, placed, runtime};
use crate::world::World;
use crate::{say, text};

/// The setting that remembers which restore put a site into a database, until its data directory is
/// there.
const MARK: &str = "being_restored";

/// Bring a site back from a backup, in a new data directory and a new epoch.
///
/// The backup is looked at whole before anything is written. The site then knows that it went back:
/// each half of a tally asks its partner's what it lost, and takes no payment of its user before that
/// has answered; lifts wait also for the users' devices, which bring back what they keep. Never run the site that
/// the backup was made of again: two copies of one site contradict each other.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A database of an older version is brought to the newest. With --store, or where
mychips.toml in the backup names one, the rows go into a PostgreSQL database,
which must hold no site; --store sqlite brings them into a file. A run that was
stopped is given again, with the same words.

JSON:
  data, agent   where the site lives now, and who it is
  store         where its rows are
  backup        when the backup was made
  epoch         how often the site was restored
  halves        of tallies; asking: how many wait for their partners'
  invitations   that do not count any more: they may have been answered since

Exit codes:
  0  done    1  refused, nothing was written: the backup is damaged, partial or
  newer than this program; there is a site already    2  wrong usage
  3  reading or writing failed

Examples:
  mychips restore /media/stick/quernby-monday
  mychips restore monday --data /srv/quernby --store postgres://m@localhost/q")]
#[expect(clippy::doc_markdown, reason = "help on a terminal, as it is")]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    /// Where the rows are to be: sqlite, or postgres://user@host/database [default: as in the backup]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Restored {
    data: String,
    agent: AgentId,
    store: String,
    backup: Timestamp,
    epoch: u64,
    halves: u64,
    asking: u64,
    invitations: u64,
}

pub(crate) fn run(flags: &Restore) -> Result<(), Failure> {
    let (from, data) = (&flags.from, visit::data(flags.place.data.as_deref())?);
    let manifest = Manifest::read(from)?;
    if manifest.schema > SCHEMA {
        return Err(Failure::refused(
            "newer_backup",
            format!(
                "the backup has schema {}, and this program knows schema {SCHEMA}: use the newer \
                 program",
                manifest.schema
            ),
        ));
    }
    let progress = Progress::of("looking at the backup");
    manifest.check(from, |name| progress.says(format!("looking at {}", text::harmless(name))))?;
    is_free(&data)?;
    let flag = flags.store.as_ref().map(|store| ("store", store.clone()));
    let config = Config::of(from, flag.as_slice())?;
    if home::agent_of(from)? != manifest.agent {
        return Err(Failure::refused("damaged_backup", "the key in the backup is another site's"));
    }
    database_is_free(&config, &manifest)?;
    if let Some(above) = data.parent() {
        let made = fs::create_dir_all(above);
        made.map_err(|error| Failure::io("cannot make", above, &error))?;
    }
    let making = Making::begin(&data)?;
    progress.says("bringing the site back".to_owned());
    let epoch = fill(flags, &manifest, &config, making.path())?;
    making.finish(true)?;
    if let StorePlace::Postgres(url) = &config.store {
        // Its data directory is there: nobody may put it in another one any more.
        runtime()?
            .block_on(taken_into_use(url))
            .map_err(|error| in_store(&config, error.into()))?;
    }
    drop(progress);
    tell(flags, &data, &config, &manifest, epoch)
}

/// The directory must be free for a site.
fn is_free(data: &Path) -> Result<(), Failure> {
    home::no_file(data)?;
    if home::is_site(data) {
        let text = format!("{} holds a site already; nothing was changed", data.display());
        return Err(Failure::refused("site_exists", text));
    }
    let mut files = match fs::read_dir(data) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io("cannot read", data, &error)),
    };
    if files.next().is_none() {
        return Ok(());
    }
    let text = format!("{} is not empty: name a new folder with --data", data.display());
    Err(Failure::refused("exists", text))
}

fn in_store(config: &Config, error: site::SiteError) -> Failure {
    placed(&config.store.shown(Path::new(DATABASE)), error)
}

/// A database that holds another site is refused before anything is written.
fn database_is_free(config: &Config, manifest: &Manifest) -> Result<(), Failure> {
    let StorePlace::Postgres(url) = &config.store else { return Ok(()) };
    let meta = runtime()?.block_on(StorePlaceAt::Postgres(url).meta());
    let meta = meta.map_err(|error| in_store(config, error.into()))?;
    match meta.and_then(|meta| meta.founded) {
        Some(founded) if founded.agent != manifest.agent => Err(taken(config)),
        _ => Ok(()),
    }
}

fn taken(config: &Config) -> Failure {
    let place = config.store.shown(Path::new(DATABASE));
    let text = format!("{place} holds a site already; nothing was changed: name another --store");
    Failure::refused("site_exists", text)
}

/// Fills a data directory in the making, and the database where that is elsewhere.
fn fill(
    flags: &Restore,
    manifest: &Manifest,
    config: &Config,
    part: &Path,
) -> Result<Epoch, Failure> {
    let from = &flags.from;
    for file in &manifest.files {
        let said = [AGENT_KEY, DATABASE, config::FILE].contains(&file.name.as_str());
        if said {
            let path = from.join(&file.name);
            file.is(&path, copy_file(&path, Some(&part.join(&file.name)))?)?;
        }
    }
    manifest.file(from, AGENT_KEY)?;
    manifest.file(from, DATABASE)?;
    if let Some(store) = &flags.store {
        let path = part.join(config::FILE);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(&path);
        home::write_new(&path, &[config::with_store(&text, store).as_bytes()])?;
    }
    let database = part.join(DATABASE);
    let epoch = runtime()?.block_on(begin_epoch(&database, manifest))?;
    let StorePlace::Postgres(url) = &config.store else { return Ok(epoch) };
    let name = manifest.seal.map(|seal| seal.to_string()).unwrap_or_default();
    let loaded = runtime()?.block_on(Store::load(&database, url, MARK, &name));
    match loaded.map_err(|error| in_store(config, error.into()))? {
        Loaded::Now | Loaded::Before => {}
        Loaded::Taken => return Err(taken(config)),
    }
    for end in ["", "-wal", "-shm"] {
        let file = part.join(format!("{DATABASE}{end}"));
        if file.exists() {
            let removed = fs::remove_file(&file);
            removed.map_err(|error| Failure::io("cannot remove", &file, &error))?;
        }
    }
    Ok(epoch)
}

/// Brings the database to the newest schema and begins the new epoch in it.
async fn begin_epoch(database: &Path, manifest: &Manifest) -> Result<Epoch, Failure> {
    let at = |error| placed(&database.display().to_string(), error);
    let store = Store::sqlite(database).await.map_err(|error| at(error.into()))?;
    let begun = async {
        let (clock, chance) = (Arc::new(World), Arc::new(World));
        let site = Site::open(store.clone(), manifest.agent, clock, chance).await?;
        site.begin_epoch(manifest.date).await
    };
    let begun = begun.await;
    store.close().await;
    begun.map_err(at)
}

async fn taken_into_use(url: &str) -> Result<(), store::StoreError> {
    let store = Store::postgres(url).await?;
    let mut tx = store.begin().await?;
    tx.set(MARK, None).await?;
    tx.commit().await?;
    store.close().await;
    Ok(())
}

fn tell(
    flags: &Restore,
    data: &Path,
    config: &Config,
    manifest: &Manifest,
    epoch: Epoch,
) -> Result<(), Failure> {
    let restored = Restored {
        data: data.display().to_string(),
        agent: manifest.agent,
        store: config.store.shown(&home::database(data)),
        backup: manifest.date,
        epoch: epoch.number,
        halves: epoch.halves,
        asking: epoch.asking,
        invitations: epoch.invitations,
    };
    say::either(flags.place.json, &restored, || {
        let asking = match epoch.asking {
            0 => String::new(),
            many => format!(
                "; {} what it lost since",
                say::counted(many, "asks its partner's", "ask their partners'")
            ),
        };
        let invitations = match epoch.invitations {
            0 => String::new(),
            many => format!(
                "{} may have been answered since, and no longer {}.\n",
                say::counted(many, "invitation", "invitations"),
                if many == 1 { "counts" } else { "count" }
            ),
        };
        format!(
            "The site is back in {}, as it was on {}\nagent   {}\nstore   {}\nepoch   {}\nhalves  \
             {}{asking}\n{invitations}\nLifts wait for each user's device: any command as that \
             user brings back what its key folder keeps.\nNever run the site again that this is \
             a copy of.",
            restored.data,
            restored.backup,
            restored.agent,
            restored.store,
            restored.epoch,
            restored.halves,
        )
    })
}

impl Restore {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
