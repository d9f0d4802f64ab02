//! A visit to the site: the lock of its data directory taken, its store open, the same `site` code
//! as in a server running in this process.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use protocol::{AgentId, ChitId, Cuid};
use site::{Answer, Caller, Command, CommandId, Found, Query, Site, SiteError};
use store::Store;
use tokio::runtime::{Builder, Runtime};

use crate::contracts;
use crate::failure::{self, Failure};
use crate::home::{self, Home};
use crate::world::{self, World};

/// The data directory's name where the usual place is meant.
const USUAL: &str = "mychips";

/// An open site, and the one program that works on it: this one.
pub(crate) struct Visit {
    site: Site,
    home: Home,
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
        let agent = home.agent()?;
        Self::open(home, agent)
    }

    /// Sets a site up, where there is none yet.
    pub(crate) fn found(data: &Path) -> Result<Self, Failure> {
        let home = Home::make(data)?;
        let exists = || {
            let text = format!("{} holds a site already; nothing was changed", data.display());
            Failure::refused("site_exists", text)
        };
        if home.database().exists() {
            // An init that was cut short left a store that is nobody's: it goes on.
            let runtime = runtime()?;
            let founded = runtime.block_on(async {
                let store = Store::sqlite(&home.database()).await?;
                let founded = store.read().await?.meta().await?.founded;
                store.close().await;
                Ok::<_, store::StoreError>(founded)
            });
            if founded.map_err(SiteError::from)?.is_some() {
                return Err(exists());
            }
        }
        let agent = home.agent_or_new()?;
        Self::open(home, agent)
    }

    fn open(home: Home, agent: AgentId) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let opened = runtime.block_on(async {
            let store = Store::sqlite(&home.database()).await?;
            let site = Site::open(store.clone(), agent, Arc::new(World), Arc::new(World)).await?;
            // A newer program brings newer contracts.
            for contract in contracts::own() {
                site.add_contract(&Caller::Administrator, &contract).await?;
            }
            Ok::<_, SiteError>((store, site))
        });
        let (store, site) = opened?;
        Ok(Self { site, home, store, runtime })
    }

    /// Whose site this is.
    pub(crate) fn agent(&self) -> AgentId {
        self.site.agent()
    }

    /// Where it lives.
    pub(crate) fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// Asks a question; `reads.rs` knows all of them.
    pub(crate) fn query(&self, caller: &Caller, query: Query) -> Result<Found, Failure> {
        self.wait(self.site.query(caller, query))
    }

    /// Waits for something that the site does.
    fn wait<T>(&self, what: impl Future<Output = Result<T, SiteError>>) -> Result<T, Failure> {
        Ok(self.runtime.block_on(what)?)
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
        let answer = self.wait(self.site.command(caller, &id, command))?;
        // The command is done, whatever becomes of the post: that is no reason to ask again.
        if let Err(error) = self.wait(self.deliver()) {
            failure::remark(&format!(
                "done, but not delivered yet: {}; the next command goes on with it",
                error.text()
            ));
        }
        Ok(answer)
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

fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::refused("system", format!("cannot run: {error}")))
}
