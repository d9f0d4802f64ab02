//! Other sites: what their agents send is heard, and what waits for them is sent.

use std::sync::Arc;

use agent::{Desk, Near};
use api::{Metrics, Post};
use protocol::SecretKey;
use protocol::address::{Endpoint, Transport as By};
use site::Site;
use tokio::sync::watch;
use wire::{Limits, Listen, Wire};

use super::asking::Asker;
use super::signals::told;
use crate::config::{Config, RelayFor, Transports};
use crate::failure::Failure;

/// The wire of a site, while it is served.
pub(super) struct Peers {
    wire: Wire,
    site: Site,
    post: Arc<Post>,
    near: Near,
    told: Told,
}

/// Where other sites are told to find this one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// At one place, known from the start.
    Once,
    /// At its relay, once there is one.
    Relay,
}

impl Told {
    const fn of(config: &Config) -> Self {
        match (&config.peers_announce, &config.peers_relay) {
            (None, Some(_)) => Self::Relay,
            _ => Self::Once,
        }
    }
}

/// Where it listens: nowhere, where it only sends.
fn listens(config: &Config) -> Vec<Listen> {
    let transports: &[By] = match config.peers_transports {
        Transports::Tcp => &[By::Tcp],
        Transports::Quic => &[By::Quic],
        Transports::Both => &[By::Tcp, By::Quic],
    };
    let at = |address| transports.iter().map(move |by| Listen { address, transport: *by });
    config.peers_listen.into_iter().flat_map(at).collect()
}

/// The usual limits of a wire, where these places are asked.
pub(super) fn usual(near: Near) -> Limits {
    Limits { names_of_this_machine: near == Near::ThisMachine, ..Limits::default() }
}

fn limits(config: &Config) -> Limits {
    let usual = usual(near(config));
    match (config.peers_relay_for, config.peers_listen) {
        (RelayFor::Partners, Some(_)) => usual,
        (RelayFor::Nobody, _) | (_, None) => Limits { relayed: 0, ..usual },
    }
}

impl Peers {
    /// Listens for other agents where the configuration says; none where it says not to.
    pub(super) async fn start(
        key: &SecretKey,
        config: &Config,
        site: &Site,
        post: &Arc<Post>,
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        let (site, post) = (site.clone(), Arc::clone(post));
        let woken = Arc::clone(&post);
        let desk = Arc::new(Desk::new(site.clone(), move || woken.wake()));
        let wire = Wire::start(key, &listens(config), limits(config), desk).await;
        let wire = wire.map_err(|error| Failure::peers(&error))?;
        let peers = Self { wire, site, post, near: near(config), told: Told::of(config) };
        let counted = (peers.wire.clone(), peers.site.clone());
        metrics.agents(move || {
            let mut all = counted.0.counts().all();
            all.push(("notes_refused", counted.1.notes_refused()));
            all
        });
        if let Some(relay) = &config.peers_relay {
            if relay.0.relay == Some(peers.wire.agent()) {
                tracing::warn!(
                    "peers.relay in mychips.toml names this site itself: it is passed over"
                );
            }
            peers.wire.reserve(relay.0.clone()).await;
        }
        let place = config.peers_announce.clone().or_else(|| peers.place(config));
        if place.is_none() && peers.told == Told::Once && config.peers_listen.is_some() {
            tracing::warn!(
                "no place to tell other sites: set peers.announce in mychips.toml to where they reach this one"
            );
        }
        peers.site.answers_at(place);
        let asker = Asker(peers.wire.clone(), peers.near);
        peers.site.asks_over(Some(Arc::new(asker)));
        Ok(peers)
    }

    /// Tells others to call the relay, from when it is ready for it.
    fn tell_relay(&self) {
        if let (Told::Relay, Some(place)) = (self.told, self.wire.reserved())
            && self.site.endpoint().as_ref() != Some(&place)
        {
            tracing::info!(%place, "other sites are told to find this one at its relay");
            self.site.answers_at(Some(place));
        }
    }

    /// Where it listens.
    pub(super) fn listening(&self) -> Vec<Endpoint> {
        self.wire.listening()
    }

    /// Where it answers, over TCP where it does; where it listens at all addresses, at one that is not this
    /// machine's alone.
    fn place(&self, config: &Config) -> Option<Endpoint> {
        let everywhere = config.peers_listen.is_some_and(|at| at.ip().is_unspecified());
        let far = |at: &Endpoint| !everywhere || Near::Others.may_be_asked(at);
        let mut places: Vec<Endpoint> = self.listening().into_iter().filter(far).collect();
        places.sort_by_key(|at| at.transport != By::Tcp);
        places.into_iter().next()
    }

    /// Sends what is due, until told to end.
    pub(super) async fn run(self, ended: watch::Receiver<bool>) {
        let ended = async {
            told(ended).await;
            // Whoever asks from now on is told so, and waits for no line that is gone.
            self.site.asks_over(None);
        };
        let due = || {
            self.tell_relay();
            self.post.due_abroad()
        };
        agent::deliver(&self.wire, self.near, &self.site, due, ended).await;
    }
}

/// A site that only this machine reaches asks its doors too.
pub(crate) fn near(config: &Config) -> Near {
    match (config.peers_listen, &config.peers_relay) {
        (Some(at), _) if !at.ip().is_loopback() => Near::Others,
        (None, Some(relay)) if Near::Others.may_be_asked(&relay.0) => Near::Others,
        _ => Near::ThisMachine,
    }
}
