//! A visit to the site: the lock of its data directory taken, its store open, the same `site` code
//! as in a server running in this process.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use protocol::{AgentId, ChitId, Cuid};
use site::{Answer, Caller, Command, CommandId, Found, Query, Site, SiteError};
use store::{Founded, Store, StoreError};
use tokio::runtime::{Builder, Runtime};

use crate::config::{self, Config, StorePlace};
use crate::contracts;
use crate::failure::{self, Failure};
use crate::home::{self, Home};
use crate::world::{self, World};

/// The data directory's name where the usual place is meant.
const USUAL: &str = "mychips";

/// How often something is tried that others stand in the way of: each time one of them got on.
const TRIES: u32 = 10;

/// An open site, and the one program that works on it: this one.
pub(crate) struct Visit {
    site: Site,
    home: Home,
    config: Config,
    store: Store,
    runtime: Runtime,
}

/// The data directory that is meant.
pub(crate) fn data(given: Option<&Path>) -> Result<std::path::PathBuf, Failure> {
    home::or_usual(given, USUAL, "--data")
}

impl Visit {
    /// Enters a site that was set up.
    pub(crate) fn enter(data: &Path) -> Result<Self, Failure> {
        let home = Home::enter(data)?;
        let config = Config::of(data, &[])?;
        let agent = home.agent()?;
        let runtime = runtime()?;
        let missing = config.store == StorePlace::Sqlite && !home.database().exists();
        let store = if missing { None } else { Some(open_store(&runtime, &home, &config)?) };
        let store = match store {
            Some((store, Some(_))) => store,
            // A database that was lost is not made anew without a word.
            _ => return Err(no_site(&home, &config)),
        };
        Self::open(home, config, agent, runtime, store)
    }

    /// Sets a site up, where there is none yet; `chosen` says where its rows are to be.
    pub(crate) fn found(data: &Path, chosen: Option<&str>) -> Result<Self, Failure> {
        let home = Home::make(data)?;
        let written = data.join(config::FILE).exists();
        let flags = chosen.map(|chosen| ("store", chosen.to_owned()));
        let config = Config::of(data, flags.as_slice())?;
        if written && chosen.is_some() && Config::of(data, &[])?.store != config.store {
            let file = data.join(config::FILE);
            return Err(Failure::refused(
                "config",
                format!("{} names another store: change it there", file.display()),
            ));
        }
        let runtime = runtime()?;
        // An init that was cut short left a store that is nobody's: it goes on.
        let (store, founded) = open_store(&runtime, &home, &config)?;
        if founded.is_some() {
            runtime.block_on(store.close());
            let place = match &config.store {
                StorePlace::Sqlite => data.display().to_string(),
                StorePlace::Postgres(_) => config.store.shown(&home.database()),
            };
            let text = format!("{place} holds a site already; nothing was changed");
            return Err(Failure::refused("site_exists", text));
        }
        config::write(data, chosen)?;
        let agent = home.agent_or_new()?;
        Self::open(home, config, agent, runtime, store)
    }

    fn open(
        home: Home,
        config: Config,
        agent: AgentId,
        runtime: Runtime,
        store: Store,
    ) -> Result<Self, Failure> {
        let opened = runtime.block_on(async {
            let site = Site::open(store.clone(), agent, Arc::new(World), Arc::new(World)).await?;
            // A newer program brings newer contracts.
            for contract in contracts::own() {
                site.add_contract(&Caller::Administrator, &contract).await?;
            }
            Ok::<_, SiteError>(site)
        });
        Ok(Self { site: opened?, home, config, store, runtime })
    }

    /// Whose site this is.
    pub(crate) fn agent(&self) -> AgentId {
        self.site.agent()
    }

    /// Where it lives.
    pub(crate) fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// Where its rows are, for people: never with a password.
    pub(crate) fn store_shown(&self) -> String {
        self.config.store.shown(&self.home.database())
    }

    /// Asks a question; `reads.rs` knows all of them.
    pub(crate) fn query(&self, caller: &Caller, query: Query) -> Result<Found, Failure> {
        self.wait(self.site.query(caller, query))
    }

    /// Waits for something that the site does.
    fn wait<T>(&self, what: impl Future<Output = Result<T, SiteError>>) -> Result<T, Failure> {
        self.runtime.block_on(what).map_err(|error| self.failure(error))
    }

    fn failure(&self, error: SiteError) -> Failure {
        placed(&self.store_shown(), error)
    }

    /// Has the site do something for a user, and delivers what follows from it.
    pub(crate) fn ask(&self, user: &Cuid, command: Command) -> Result<Answer, Failure> {
        let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
        self.ask_once(user, &ChitId::random(random).to_string(), command)
    }

    /// The same under a name: asked again under it, nothing happens again.
    pub(crate) fn ask_once(
        &self,
        user: &Cuid,
        name: &str,
        command: Command,
    ) -> Result<Answer, Failure> {
        self.command(&Caller::User(user.clone()), name, command)
    }

    /// The same for an administrator: whoever may write to the data directory is one.
    pub(crate) fn administer(&self, command: Command) -> Result<Answer, Failure> {
        let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
        let name = ChitId::random(random).to_string();
        self.command(&Caller::Administrator, &name, command)
    }

    fn command(&self, caller: &Caller, name: &str, command: Command) -> Result<Answer, Failure> {
        let id = CommandId::new(name).ok_or_else(|| {
            Failure::refused("command", format!("no command can be named {name:?}"))
        })?;
        // Two programs at one database may stand in each other's way; asked again under the same
        // name, nothing happens twice.
        let answer = self.again(|| self.site.command(caller, &id, command.clone()))?;
        // The command is done, whatever becomes of the post: that is no reason to ask again.
        if let Err(error) = self.again(|| self.deliver()) {
            failure::remark(&format!(
                "done, but not delivered yet: {}; the next command goes on with it",
                error.text()
            ));
        }
        Ok(answer)
    }

    /// Waits for something that others may stand in the way of, and tries it again then.
    fn again<T, F: Future<Output = Result<T, SiteError>>>(
        &self,
        what: impl Fn() -> F,
    ) -> Result<T, Failure> {
        for _ in 1..TRIES {
            match self.runtime.block_on(what()) {
                Err(SiteError::Store(error)) if error.is_again() => {}
                done => return done.map_err(|error| self.failure(error)),
            }
        }
        self.wait(what())
    }

    async fn deliver(&self) -> Result<(), SiteError> {
        loop {
            let posted = self.site.post().await?;
            if posted.delivered + posted.refused == 0 {
                return Ok(());
            }
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
    }
}

/// The store of a data directory, and whose it is.
fn open_store(
    runtime: &Runtime,
    home: &Home,
    config: &Config,
) -> Result<(Store, Option<Founded>), Failure> {
    let opened = runtime.block_on(async {
        let store = match &config.store {
            StorePlace::Sqlite => Store::sqlite(&home.database()).await?,
            StorePlace::Postgres(url) => Store::postgres(url).await?,
        };
        let founded = store.read().await?.meta().await?.founded;
        Ok::<_, StoreError>((store, founded))
    });
    opened.map_err(|error| placed(&config.store.shown(&home.database()), error.into()))
}

/// A failure that says where the rows are, where the store is to blame and does not say it.
fn placed(place: &str, error: SiteError) -> Failure {
    let (class, word) = (error.class(), error.word());
    match error {
        SiteError::Store(error) => {
            let text = error.to_string();
            // Whatever names a place names the database or the file.
            let named = matches!(
                error,
                StoreError::CannotOpen { .. } | StoreError::NotOurs { .. } | StoreError::Exists(_)
            );
            let text = if named { text } else { format!("{place}: {text}") };
            Failure::of_site(class, word, &text)
        }
        other => other.into(),
    }
}

fn no_site(home: &Home, config: &Config) -> Failure {
    let place = config.store.shown(&home.database());
    Failure::refused(
        "no_site",
        format!(
            "no site is kept in {place}, although {} has the key of one: if mychips init was cut \
             short, give it again; if another store is meant, see mychips config show; if the \
             database was lost, restore a backup",
            home.folder().display()
        ),
    )
}

fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::refused("system", format!("cannot run: {error}")))
}
