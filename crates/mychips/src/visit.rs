//! A visit to the site. Where nobody serves it, the lock of its data directory is taken and the same
//! `site` code as in a server runs in this process; where somebody does, that one is asked over HTTP.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::limits::LONG_ANSWER_TIME;
use api::{As, Client, ClientError};
use protocol::{AgentId, ChitId, Cuid, InviteLink, SecretKey};
use site::{
    Answer, Caller, Clock, Command, CommandId, Found, Health, Intake, Invitation, Query, Site,
    SiteError,
};
use store::{Founded, Store, StoreError};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::commands::serve::{asking, near};
use crate::config::{self, Config, StorePlace};
use crate::contracts;
use crate::failure::{self, Failure};
use crate::home::{self, Home};
use crate::keys::Keys;
use crate::served::{self, Served};
use crate::world::{self, World};

/// The data directory's name where the usual place is meant.
const USUAL: &str = "mychips";

/// How often something is tried that others stand in the way of: each time one of them got on.
const TRIES: u32 = 10;

/// A site that can be asked.
pub(crate) struct Visit {
    door: Door,
    /// Where its rows are, for people.
    store_shown: String,
    keys: Option<Keys>,
    runtime: Runtime,
}

/// Where it is.
enum Door {
    /// Here: this program is the one that works on it.
    Here { site: Site, home: Home, store: Store },
    /// With a program that serves it; `beside` is a second line, for what is asked while the first waits for its answer.
    There { client: Client, beside: Client, agent: AgentId, former: Vec<AgentId>, folder: PathBuf },
}

/// The data directory that is meant.
pub(crate) fn data(given: Option<&Path>) -> Result<PathBuf, Failure> {
    home::or_usual(given, USUAL, "--data")
}

/// The site of a data directory where one was set up.
pub(crate) async fn open(home: &Home, config: &Config) -> Result<(Store, Site), Failure> {
    let store = stored(home, config).await?;
    let site = site(home, store.clone()).await?;
    // An invitation may be written while nobody serves.
    site.answers_at(config.peers_place());
    Ok((store, site))
}

/// The store of a site that was set up. A database that was lost is not made anew without a word.
async fn stored(home: &Home, config: &Config) -> Result<Store, Failure> {
    let missing = config.store == StorePlace::Sqlite && !home.database().exists();
    let opened = if missing { None } else { Some(open_store(home, config).await?) };
    match opened {
        Some((store, Some(_))) => Ok(store),
        _ => Err(no_site(home, config)),
    }
}

/// The site in a store.
async fn site(home: &Home, store: Store) -> Result<Site, Failure> {
    let key = Arc::new(home.agent_key()?);
    let site = Site::open(store, home.agent()?, Arc::new(World), Arc::new(World)).await?;
    let site = site.signing_with(key)?;
    // A newer program brings newer contracts.
    for contract in contracts::own() {
        site.add_contract(&Caller::Administrator, &contract).await?;
    }
    Ok(site)
}

/// The store of a data directory, and whose it is.
async fn open_store(home: &Home, config: &Config) -> Result<(Store, Option<Founded>), Failure> {
    let opened = async {
        let store = match &config.store {
            StorePlace::Sqlite => Store::sqlite(&home.database()).await?,
            StorePlace::Postgres(url) => Store::postgres(url).await?,
        };
        let founded = store.read().await?.meta().await?.founded;
        Ok::<_, StoreError>((store, founded))
    };
    opened.await.map_err(|error| placed(&config.store.shown(&home.database()), error.into()))
}

/// A site whose agent was replaced.
pub(crate) struct Replaced {
    /// Who it is.
    pub(crate) agent: AgentId,
    /// Who it was.
    pub(crate) before: AgentId,
}

/// Gives a site another agent. Wherever this ends in the middle, doing it again finishes it.
pub(crate) fn replace_agent(data: &Path) -> Result<Replaced, Failure> {
    let (home, config) = (Home::without_key(data)?, Config::of(data, &[])?);
    let runtime = runtime()?;
    let store = runtime.block_on(stored(&home, &config))?;
    let agent = home.next_agent()?;
    let replaced = async {
        let before = Site::replace_agent(&store, agent).await?;
        store.close().await;
        Ok::<_, SiteError>(before)
    };
    let before = runtime.block_on(replaced)?;
    home.take_next_key()?;
    Ok(Replaced { agent, before: before.unwrap_or(agent) })
}

/// Says that a site was this agent; which it is.
pub(crate) fn was_agent(data: &Path, before: AgentId, sure: bool) -> Result<AgentId, Failure> {
    let (home, config) = (Home::enter(data)?, Config::of(data, &[])?);
    let runtime = runtime()?;
    let store = runtime.block_on(stored(&home, &config))?;
    let said = async {
        Site::was_agent(&store, before, sure, World.now()).await?;
        store.close().await;
        Ok::<_, SiteError>(())
    };
    runtime.block_on(said)?;
    home.agent()
}

impl Visit {
    /// Enters a site that was set up.
    pub(crate) fn enter(data: &Path) -> Result<Self, Failure> {
        match Home::enter(data) {
            Ok(home) => {
                let config = Config::of(data, &[])?;
                let runtime = runtime()?;
                let (store, site) = runtime.block_on(open(&home, &config))?;
                Ok(Self::here(home, &config, runtime, store, site))
            }
            Err(failure) if failure.is_in_use() => match Served::find(data) {
                Some(served) => Self::there(data, served),
                None => Err(failure),
            },
            Err(failure) => Err(failure),
        }
    }

    /// The same with the key folder from which requests of users are signed, where the site is
    /// asked over a line.
    pub(crate) fn enter_with(data: &Path, keys: &Keys) -> Result<Self, Failure> {
        let mut visit = Self::enter(data)?;
        visit.keys = Some(keys.clone());
        Ok(visit)
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
        let (store, founded) = runtime.block_on(open_store(&home, &config))?;
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
        if home.agent().is_ok() {
            runtime.block_on(Site::past_is_lost(&store, World.now(), &World))?;
        }
        home.agent_or_new()?;
        served::token_or_new(home.folder())?;
        let site = runtime.block_on(site(&home, store.clone()))?;
        Ok(Self::here(home, &config, runtime, store, site))
    }

    fn here(home: Home, config: &Config, runtime: Runtime, store: Store, site: Site) -> Self {
        let store_shown = config.store.shown(&home.database());
        Self { door: Door::Here { site, home, store }, store_shown, keys: None, runtime }
    }

    fn there(data: &Path, served: Served) -> Result<Self, Failure> {
        let client = Client::new(served.address, Some(served::token(data)?));
        let beside = Client::new(served.address, Some(served::token(data)?));
        let runtime = runtime()?;
        let health = runtime.block_on(client.health()).map_err(of_client)?;
        let (agent, former) = (health.agent, health.former);
        let door = Door::There { client, beside, agent, former, folder: data.to_owned() };
        let store_shown = Config::of(data, &[])?.store.shown(&home::database(data));
        Ok(Self { door, store_shown, keys: None, runtime })
    }

    /// Whether an agent is this site's, now or before.
    pub(crate) fn is_ours(&self, agent: &AgentId) -> bool {
        let former = match &self.door {
            Door::Here { site, .. } => site.former_agents(),
            Door::There { former, .. } => former,
        };
        *agent == self.agent() || former.contains(agent)
    }

    /// Whose site this is.
    pub(crate) const fn agent(&self) -> AgentId {
        match &self.door {
            Door::Here { site, .. } => site.agent(),
            Door::There { agent, .. } => *agent,
        }
    }

    /// Where it lives.
    pub(crate) fn folder(&self) -> &Path {
        match &self.door {
            Door::Here { home, .. } => home.folder(),
            Door::There { folder, .. } => folder,
        }
    }

    /// Where its rows are, for people: never with a password.
    pub(crate) fn store_shown(&self) -> String {
        self.store_shown.clone()
    }

    /// The key folder that is meant.
    pub(crate) fn keys(&self) -> Result<Keys, Failure> {
        match &self.keys {
            Some(keys) => Ok(keys.clone()),
            None => Keys::usual(self.folder()),
        }
    }

    /// What the site says of itself to anybody.
    pub(crate) fn health(&self) -> Result<Health, Failure> {
        match &self.door {
            Door::Here { site, .. } => {
                self.runtime.block_on(site.health()).map_err(|error| self.failure(error))
            }
            Door::There { client, .. } => self.hear(client, client.health()),
        }
    }

    /// Asks a question as an administrator; `reads.rs` knows all of them.
    pub(crate) fn query(&self, query: Query) -> Result<Found, Failure> {
        match &self.door {
            Door::Here { site, .. } => {
                let asked = site.query(&Caller::Administrator, query);
                self.runtime.block_on(asked).map_err(|error| self.failure(error))
            }
            Door::There { client, .. } => self.hear(client, client.query(query)),
        }
    }

    /// The same while another question may wait for its answer.
    pub(crate) fn query_beside(&self, query: Query) -> Result<Found, Failure> {
        match &self.door {
            Door::Here { .. } => self.query(query),
            Door::There { beside, .. } => self.hear(beside, beside.query(query)),
        }
    }

    /// Whether somebody serves the site, so that others reach it.
    pub(crate) const fn is_served(&self) -> bool {
        matches!(self.door, Door::There { .. })
    }

    /// What a link to an invitation leads to: asked of the site that it names.
    pub(crate) fn linked(&self, link: InviteLink) -> Result<Invitation, Failure> {
        let other = link.inviter.agent != self.agent();
        let query = Query::Linked { link };
        let found = match &self.door {
            Door::Here { site, home, .. } if other => {
                let (key, near) = (home.agent_key()?, near(&Config::of(home.folder(), &[])?));
                let asked = site.query(&Caller::Administrator, query);
                let asked = self.runtime.block_on(asking(site, &key, near, asked))?;
                asked.map_err(|error| self.failure(error))?
            }
            Door::Here { .. } | Door::There { .. } => self.query(query)?,
        };
        match found {
            Found::Linked(invitation) => Ok(*invitation),
            _ => Err(Failure::refused("other_answer", "the site answered another question")),
        }
    }

    /// Takes users and tallies in, once under a name, unless that was done before; says whether it
    /// was done now. `intake` makes them where they are needed.
    pub(crate) fn take_in(
        &self,
        id: &CommandId,
        intake: impl FnOnce() -> Result<Intake, Failure>,
    ) -> Result<bool, Failure> {
        let Door::Here { site, .. } = &self.door else {
            return Err(Failure::in_use(
                "the site is being served: end mychips serve, import, and serve it again"
                    .to_owned(),
            ));
        };
        if self.again(|| site.has_taken_in(id))? {
            return Ok(false);
        }
        let intake = intake()?;
        self.again(|| site.take_in(&Caller::Administrator, id, intake.clone()))
    }

    /// Has the site do something for a user, and delivers what follows from it.
    pub(crate) fn ask(&self, user: &Cuid, command: Command) -> Result<Answer, Failure> {
        self.ask_once(user, &new_name()?, command)
    }

    /// The same under a name: asked again under it, nothing happens again.
    pub(crate) fn ask_once(
        &self,
        user: &Cuid,
        name: &str,
        command: Command,
    ) -> Result<Answer, Failure> {
        match &self.door {
            Door::Here { site, .. } => {
                self.command(site, &Caller::User(user.clone()), name, &command)
            }
            Door::There { client, agent, .. } => {
                let key = self.to_ask_with(user)?;
                let (cuid, date) = (user.clone(), World.now());
                let who = As { agent: *agent, cuid, id: name, date, key: &key };
                let answer = self.hear(client, client.command_as(&who, command))?;
                self.delivered(self.hear(client, client.deliver()).map(|_| ()));
                Ok(answer)
            }
        }
    }

    /// The same for an administrator: whoever may read the data directory is one.
    pub(crate) fn administer(&self, command: Command) -> Result<Answer, Failure> {
        let name = new_name()?;
        match &self.door {
            Door::Here { site, .. } => self.command(site, &Caller::Administrator, &name, &command),
            Door::There { client, .. } => self.hear(client, client.administer(&name, command)),
        }
    }

    /// The key that a user's requests are signed with: while its keys are being changed, the one that the
    /// site knows by now.
    fn to_ask_with(&self, user: &Cuid) -> Result<SecretKey, Failure> {
        let keys = self.keys()?;
        if keys.next_file(user).exists()
            && let Some(cert) = self.user(user)?.cert
            && let Some(key) = keys.that_is(user, &cert.public)?
        {
            return Ok(key);
        }
        keys.of(user)
    }

    fn command(
        &self,
        site: &Site,
        caller: &Caller,
        name: &str,
        command: &Command,
    ) -> Result<Answer, Failure> {
        let id = CommandId::new(name).ok_or_else(|| {
            Failure::refused("command", format!("no command can be named {name:?}"))
        })?;
        // Two programs at one database may stand in each other's way; asked again under the same
        // name, nothing happens twice.
        let answer = self.again(|| site.command(caller, &id, command.clone()))?;
        self.delivered(self.again(|| deliver(site)));
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
        self.runtime.block_on(what()).map_err(|error| self.failure(error))
    }

    fn failure(&self, error: SiteError) -> Failure {
        placed(&self.store_shown, error)
    }

    /// The command is done, whatever becomes of the post: that is no reason to ask again.
    fn delivered(&self, post: Result<(), Failure>) {
        if let Err(failure) = post {
            failure::remark(&format!(
                "done, but not delivered yet: {}; the next command goes on with it",
                failure.text()
            ));
        }
    }

    /// Waits for an answer over the line, for as long as a server may take for any.
    fn hear<T>(
        &self,
        client: &Client,
        answer: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, Failure> {
        let (address, reason) = (client.address(), "it took too long".to_owned());
        let late = ClientError::Lost { address, reason };
        let heard = self.runtime.block_on(async { timeout(LONG_ANSWER_TIME, answer).await });
        heard.map_or(Err(late), |heard| heard).map_err(of_client)
    }
}

async fn deliver(site: &Site) -> Result<(), SiteError> {
    loop {
        let posted = site.post().await?;
        if posted.delivered + posted.refused == 0 {
            return Ok(());
        }
    }
}

fn of_client(error: ClientError) -> Failure {
    match error {
        ClientError::Refused { class, word, reason } => Failure::of_site(class, &word, &reason),
        ClientError::Lost { address, reason } => Failure::lost(format!(
            "the site that is served at http://{address} does not answer ({reason}): what was \
             asked may have been done; look, before you ask again"
        )),
        error @ ClientError::Other { .. } => Failure::refused("other_answer", error.to_string()),
        ClientError::Unsigned(error) => Failure::refused("signature", error.to_string()),
    }
}

/// A name that no other command has.
fn new_name() -> Result<String, Failure> {
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    Ok(ChitId::random(random).to_string())
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Door::Here { store, .. } = &self.door {
            self.runtime.block_on(store.close());
        }
    }
}

/// A failure that says where the rows are, where the store is to blame and does not say it.
pub(crate) fn placed(place: &str, error: SiteError) -> Failure {
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
             database was lost, restore a backup, or, where there is none, give mychips init \
             again and have the users added: their devices bring back what they keep",
            home.folder().display()
        ),
    )
}

pub(crate) fn runtime() -> Result<Runtime, Failure> {
    // Doctor works on all cores.
    let built = Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::refused("system", format!("cannot run: {error}")))
}
