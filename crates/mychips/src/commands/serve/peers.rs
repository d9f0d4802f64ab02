//! Other sites: what their agents send is heard, and what waits for them is sent.

use std::sync::Arc;
use std::time::Duration;

use api::Post;
use protocol::address::{Endpoint, Transport as By};
use protocol::note::Note;
use protocol::{AgentId, Hash, Record as _, SecretKey};
use site::{Carried, Chance, Site, SiteError, Transport, Unheard, Unsent};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wire::{Inbox, Kind, Limits, Listen, NotSent, Refused, Wire, read_note};

use super::signals::told;
use crate::config::Config;
use crate::failure::Failure;
use crate::world::World;

/// How long a letter may take until it is tried again later.
const WITHIN: Duration = Duration::from_secs(30);

/// How many rounds of letters are on their way at once: one that waits for an agent that is slow keeps no
/// other back.
const ROUNDS: usize = 8;

/// How often is looked for letters that are due though nobody said so: those to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The wire of a site, while it is served.
pub(super) struct Peers {
    wire: Wire,
    site: Site,
    post: Arc<Post>,
}

/// Takes what comes.
struct Desk {
    site: Site,
    post: Arc<Post>,
}

impl Inbox for Desk {
    async fn knows(&self, agent: AgentId) -> Result<bool, Refused> {
        self.site.knows(agent).await.map_err(|error| Refused::Later(error.to_string()))
    }

    async fn receive(&self, from: AgentId, kind: Kind, bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        read_note(from, kind, &bytes).map_err(|fault| Refused::No(fault.to_string()))?;
        match self.site.hear_from(from, &bytes).await {
            Ok(()) => {
                self.post.wake();
                Ok(Vec::new())
            }
            Err(Unheard::No(reason)) => Err(Refused::No(reason)),
            Err(Unheard::Later(error)) => {
                tracing::warn!(error = error.word(), "cannot hear a note: {error}");
                Err(Refused::Later("the site's store cannot".to_owned()))
            }
        }
    }
}

/// Brings letters over a wire.
struct Carrier(Wire);

impl Transport for Carrier {
    async fn send(&self, to: AgentId, at: &[Endpoint], note: &[u8]) -> Result<(), Unsent> {
        let read = Note::read(note).map_err(|error| Unsent::Refused(error.to_string()))?;
        match self.0.send(to, at, Kind::of(&read.body), note, WITHIN).await {
            Ok(_) => Ok(()),
            Err(NotSent::Refused { reason, .. }) => Err(Unsent::Refused(reason)),
            Err(error @ NotSent::TooLarge { .. }) => Err(Unsent::Refused(error.to_string())),
            // Also where the agent says that it knows nobody here: it may have been restored.
            Err(error) => Err(Unsent::Later(error.to_string())),
        }
    }
}

impl Peers {
    /// Listens for other agents where the configuration says; none where it says not to.
    pub(super) async fn start(
        key: &SecretKey,
        config: &Config,
        site: &Site,
        post: &Arc<Post>,
    ) -> Result<Option<Self>, Failure> {
        let Some(address) = config.peers_listen else { return Ok(None) };
        let (site, post) = (site.clone(), Arc::clone(post));
        let desk = Arc::new(Desk { site: site.clone(), post: Arc::clone(&post) });
        let listen = [By::Tcp, By::Quic].map(|transport| Listen { address, transport });
        let wire = Wire::start(key, &listen, Limits::default(), desk).await;
        let wire = wire.map_err(|error| Failure::peers(&error))?;
        let peers = Self { wire, site, post };
        peers.site.answers_at(config.peers_announce.clone().or_else(|| peers.first()));
        Ok(Some(peers))
    }

    /// Where it listens.
    pub(super) fn listening(&self) -> Vec<Endpoint> {
        self.wire.listening()
    }

    /// Where it answers over TCP, if that is one address.
    fn first(&self) -> Option<Endpoint> {
        self.listening().into_iter().find(|endpoint| endpoint.transport == By::Tcp)
    }

    /// Sends what is due, until told to end.
    pub(super) async fn run(self, ended: watch::Receiver<bool>) {
        let carrier = Arc::new(Carrier(self.wire.clone()));
        // Another program at the same database has another name.
        let owner = format!("peers {}", Hash::from_bytes(World.bytes()));
        let mut rounds = JoinSet::new();
        loop {
            if rounds.len() < ROUNDS {
                let (site, carrier) = (self.site.clone(), Arc::clone(&carrier));
                let owner = owner.clone();
                rounds.spawn(async move { site.deliver(&carrier, &owner).await });
            }
            tokio::select! {
                () = told(ended.clone()) => break,
                Some(round) = rounds.join_next() => {
                    if round.is_ok_and(did_something) {
                        continue;
                    }
                    tokio::select! {
                        () = told(ended.clone()) => break,
                        () = self.post.due_abroad() => {}
                        () = sleep(LOOK_EVERY) => {}
                    }
                }
                () = self.post.due_abroad() => {}
            }
        }
        self.wire.shutdown().await;
        // What was on its way is known to have arrived or not; the rest is sent again by whoever comes next.
        while rounds.join_next().await.is_some() {}
    }
}

fn did_something(round: Result<Carried, SiteError>) -> bool {
    match round {
        Ok(carried) => carried.sent + carried.refused > 0,
        Err(error) => {
            tracing::warn!(error = error.word(), "cannot send letters: {error}");
            false
        }
    }
}
