//! Other sites: what their agents send is heard, and what waits for them is sent.

use std::sync::Arc;

use agent::{Desk, Near};
use api::Post;
use protocol::SecretKey;
use protocol::address::{Endpoint, Transport as By};
use site::Site;
use tokio::sync::watch;
use wire::{Limits, Listen, Wire};

use super::signals::told;
use crate::config::Config;
use crate::failure::Failure;

/// The wire of a site, while it is served.
pub(super) struct Peers {
    wire: Wire,
    site: Site,
    post: Arc<Post>,
    near: Near,
}

impl Peers {
    /// Listens for other agents where the configuration says; none where it says not to.
    pub(super) async fn start(
        key: &SecretKey,
        config: &Config,
        site: &Site,
        post: &Arc<Post>,
    ) -> Result<Self, Failure> {
        let (site, post) = (site.clone(), Arc::clone(post));
        let woken = Arc::clone(&post);
        let desk = Arc::new(Desk::new(site.clone(), move || woken.wake()));
        // Without a place it sends only.
        let at = config.peers_listen.into_iter();
        let listen = at
            .flat_map(|at| [By::Tcp, By::Quic].map(|transport| Listen { address: at, transport }));
        let listen: Vec<Listen> = listen.collect();
        let wire = Wire::start(key, &listen, Limits::default(), desk).await;
        let wire = wire.map_err(|error| Failure::peers(&error))?;
        let peers = Self { wire, site, post, near: near(config) };
        let place = config.peers_announce.clone().or_else(|| peers.place(config));
        if place.is_none() && config.peers_listen.is_some() {
            tracing::warn!(
                "no place to tell other sites: set peers.announce in mychips.toml to where they reach this one"
            );
        }
        peers.site.answers_at(place);
        Ok(peers)
    }

    /// Where it listens.
    pub(super) fn listening(&self) -> Vec<Endpoint> {
        self.wire.listening()
    }

    /// Where it answers over TCP; where it listens at all addresses, at one that is not this machine's alone.
    fn place(&self, config: &Config) -> Option<Endpoint> {
        let everywhere = config.peers_listen.is_some_and(|at| at.ip().is_unspecified());
        let far = |at: &Endpoint| !everywhere || Near::Others.may_be_asked(at);
        self.listening().into_iter().find(|at| at.transport == By::Tcp && far(at))
    }

    /// Sends what is due, until told to end.
    pub(super) async fn run(self, ended: watch::Receiver<bool>) {
        let post = self.post;
        agent::deliver(&self.wire, self.near, &self.site, || post.due_abroad(), told(ended)).await;
    }
}

/// A site that only this machine reaches asks its doors too.
const fn near(config: &Config) -> Near {
    match config.peers_listen {
        Some(at) if !at.ip().is_loopback() => Near::Others,
        _ => Near::ThisMachine,
    }
}
