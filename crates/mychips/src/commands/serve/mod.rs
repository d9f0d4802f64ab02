//! `mychips serve`: the site, for all who ask, until it is told to end.
//!
//! Other sites are in `peers.rs`, questions to them in `asking.rs`. What it does by itself is in `chores.rs`, its log in `log.rs`, its end in `signals.rs`.

mod asking;
mod chores;
mod log;
mod peers;
mod signals;

pub(crate) use asking::asking;
pub(crate) use peers::near;
pub(super) use signals::told;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use api::limits::AtOnce;
use api::{Metrics, Post, Server};
use clap::Args;
use protocol::address::Endpoint;
use serde::Serialize;
use site::{Caller, Found, Query, Site};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::config::{Config, StorePlace};
use crate::failure::Failure;
use crate::flags::Place;
use crate::home::Home;
use crate::say;
use crate::served::{self, Served};
use crate::visit;
use peers::Peers;

/// Serve the site over HTTP, on this machine only, and look after it.
///
/// While it runs, the other commands of mychips ask it: as administrator with the token in the data
/// directory, for a user with requests that its key signs. It delivers what users send each other,
/// reminds those who did not answer, clears debts as often as clearing.every says, and ends on SIGTERM or Ctrl-C when the requests under way have
/// their answers; a second signal ends it at once. Nothing that was answered is lost either way.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Paths: GET /health, GET /metrics (OpenMetrics, for Prometheus), GET /status,
  POST /v1/command, POST /v1/query, POST /v1/post; the book describes them.

JSON, one line when it is ready:
  address, pid  where it listens, and its process
  agent, data   who the site is and where it lives
  store         sqlite or postgres
  users, halves how many users, and halves of tallies

The log is on standard error: text on a terminal, one JSON object a line
otherwise. It names nobody and holds no key, token, invitation or memo.

Exit codes:
  0  ended as it was told    1  refused    2  wrong usage
  3  the port is taken, or the data directory is in use or cannot be read

Examples:
  mychips serve
  mychips serve --port 0 --log debug
  curl http://127.0.0.1:8420/health")]
pub(crate) struct Serve {
    /// The port, in place of the configuration's http.port (8420); 0 takes a free one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// What is worth a line in the log, in place of the configuration's log.level (info): off,
    /// error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// A site that is served.
#[derive(Serialize)]
pub(super) struct Ready {
    pub(super) address: SocketAddr,
    peers: Vec<String>,
    pid: u32,
    agent: String,
    data: String,
    store: &'static str,
    users: u64,
    halves: u64,
}

pub(crate) fn run(flags: &Serve) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let home = Home::enter(&data).map_err(|failure| naming_the_first(failure, &data))?;
    let port = flags.port.map(|port| ("http.port", port.to_string()));
    let level = flags.log.clone().map(|level| ("log.level", level));
    let said: Vec<_> = port.into_iter().chain(level).collect();
    let config = Config::of(&data, &said)?;
    log::start(config.log_level, config.log_format);
    runtime()?.block_on(serve(&home, &config, flags.place.json))
}

/// Where somebody holds the directory: who, and where it serves, if it does.
fn naming_the_first(failure: Failure, data: &Path) -> Failure {
    match Served::find(data) {
        Some(Served { pid, address }) if failure.is_in_use() => Failure::in_use(format!(
            "{} is served already, by process {pid} at http://{address}",
            data.display()
        )),
        _ => failure,
    }
}

async fn serve(home: &Home, config: &Config, json: bool) -> Result<(), Failure> {
    with(home, config, |ready, _, _, ended| async move {
        let text = || {
            let others = ready
                .peers
                .first()
                .map_or_else(String::new, |place| format!(", for other sites at {place}"));
            format!(
                "Serving {} at http://{}{others}: {}, {} ({} store, process {})",
                ready.data,
                ready.address,
                say::counted(ready.users, "user", "users"),
                say::counted(ready.halves, "half of a tally", "halves of tallies"),
                ready.store,
                ready.pid
            )
        };
        say::either(json, &ready, text)?;
        told(ended).await;
        Ok(())
    })
    .await
}

/// Serves until the program is told to end, or until whoever lives at the site beside it is done.
pub(super) async fn with<L: Future<Output = Result<(), Failure>>>(
    home: &Home,
    config: &Config,
    life: impl FnOnce(Ready, Site, Arc<Post>, watch::Receiver<bool>) -> L,
) -> Result<(), Failure> {
    let signals = signals::Signals::new()?;
    let token = served::token_or_new(home.folder())?;
    let (store, site) = visit::open(home, config).await?;
    if config.store == StorePlace::Sqlite {
        // The directory is ours alone: whoever had letters on their way is no more.
        site.take_over().await?;
    }
    let metrics = Metrics::new();
    let post = Arc::new(Post::new(site.clone(), metrics.clone()));
    let (at_once, for_server, for_peers) = (AtOnce::default(), Arc::clone(&post), metrics.clone());
    let address = config.http;
    let bound = Server::bind(address, site.clone(), token, for_server, metrics, at_once).await;
    let cannot = |error| Failure::listen(address, &error);
    let server = bound.map_err(cannot)?;
    let address = server.address().map_err(cannot)?;
    let peers = Peers::start(&home.agent_key()?, config, &site, &post, &for_peers).await?;
    let listening = peers.listening();
    let sign = Served::put(home.folder(), address)?;
    let ready = ready(&site, home, address, listening, store.kind().word()).await?;
    tracing::info!(%address, store = ready.store, users = ready.users, "serving");
    let (end, ended) = watch::channel(false);
    let schedule = chores::schedule(config);
    let chores = chores::run(site.clone(), Arc::clone(&post), schedule, ended.clone());
    let lifts = chores::lifts(site.clone(), Arc::clone(&post), ended.clone());
    let around = chores::around(site.clone(), schedule.clear_every_ms, ended.clone());
    let chores = tokio::spawn(async { tokio::join!(chores, lifts, around) });
    let peers = tokio::spawn(peers.run(ended.clone()));
    tokio::spawn(signals.tell(end.clone()));
    let life = life(ready, site, post, ended.clone());
    let life = async {
        let lived = life.await;
        let _ = end.send(true);
        lived
    };
    let ((), lived) = tokio::join!(server.run(told(ended)), life);
    // Whoever asks from here on takes the lock itself, once it is free.
    drop(sign);
    let _ = chores.await;
    let _ = peers.await;
    store.close().await;
    tracing::info!("ended");
    lived
}

async fn ready(
    site: &Site,
    home: &Home,
    address: SocketAddr,
    peers: Vec<Endpoint>,
    store: &'static str,
) -> Result<Ready, Failure> {
    let Found::Status(status) = site.query(&Caller::Administrator, Query::Status).await? else {
        return Err(Failure::refused("other_answer", "the site answered another question"));
    };
    Ok(Ready {
        address,
        peers: peers.iter().map(ToString::to_string).collect(),
        pid: std::process::id(),
        agent: status.agent.to_string(),
        data: home.folder().display().to_string(),
        store,
        users: status.users,
        halves: status.halves.values().sum(),
    })
}

pub(super) fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::refused("system", format!("cannot run: {error}")))
}

impl Serve {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
