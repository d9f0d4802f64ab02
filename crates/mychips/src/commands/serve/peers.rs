//! Other sites: what their agents send is heard, and what waits for them is sent.

use std::sync::Arc;
use std::time::Duration;

use api::{Metrics, Post};
use protocol::address::{Endpoint, Host, Transport as By};
use protocol::note::Note;
use protocol::{AgentId, Record as _, SecretKey};
use site::{Carried, Site, SiteError, Transport, Unheard, Unsent};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wire::{Inbox, Kind, Limits, Listen, NotSent, Refused, Wire, read_note};

use super::signals::told;
use crate::config::{Config, RelayFor, Transports};
use crate::failure::Failure;

/// How long a letter may take until it is tried again later.
const WITHIN: Duration = Duration::from_secs(30);

/// How many rounds of letters are on their way at once: one that waits for an agent that is slow keeps no
/// other back.
const ROUNDS: usize = 32;

/// How often is looked for letters that are due though nobody said so: those to be tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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

fn limits(config: &Config) -> Limits {
    let usual = Limits::default();
    match (config.peers_relay_for, config.peers_listen) {
        (RelayFor::Partners, Some(_)) => usual,
        (RelayFor::Nobody, _) | (_, None) => Limits { relayed: 0, ..usual },
    }
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
struct Carrier(Wire, Near);

/// Which places that others name are knocked at.
#[derive(Clone, Copy)]
enum Near {
    /// Those of this machine too: a site that only this machine reaches has such partners only.
    ThisMachine,
    /// Others: nobody far away has us knock at doors of our own house.
    Others,
}

impl Near {
    fn of(config: &Config) -> Self {
        match (config.peers_listen, &config.peers_relay) {
            (Some(at), _) if !at.ip().is_loopback() => Self::Others,
            (None, Some(relay)) if !of_this_machine(&relay.0) => Self::Others,
            _ => Self::ThisMachine,
        }
    }

    fn may_be_asked(self, at: &Endpoint) -> bool {
        matches!(self, Self::ThisMachine) || !of_this_machine(at)
    }
}

const fn of_this_machine(at: &Endpoint) -> bool {
    match &at.host {
        Host::Ip4(ip) => ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        Host::Ip6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified(),
        Host::Dns(_) => false,
    }
}

impl Transport for Carrier {
    async fn send(&self, to: AgentId, at: &[Endpoint], note: &Note) -> Result<(), Unsent> {
        let text = note.to_text().map_err(|error| Unsent::Refused(error.to_string()))?.to_string();
        let at: Vec<Endpoint> = at.iter().filter(|at| self.1.may_be_asked(at)).cloned().collect();
        match self.0.send(to, &at, Kind::of(&note.body), text.as_bytes(), WITHIN).await {
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
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        let (site, post) = (site.clone(), Arc::clone(post));
        let desk = Arc::new(Desk { site: site.clone(), post: Arc::clone(&post) });
        let wire = Wire::start(key, &listens(config), limits(config), desk).await;
        let wire = wire.map_err(|error| Failure::peers(&error))?;
        let peers = Self { wire, site, post, near: Near::of(config), told: Told::of(config) };
        let counted = peers.wire.clone();
        metrics.agents(move || counted.counts().all());
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
        let carrier = Arc::new(Carrier(self.wire.clone(), self.near));
        let mut rounds = JoinSet::new();
        loop {
            self.tell_relay();
            if rounds.len() < ROUNDS {
                let (site, carrier) = (self.site.clone(), Arc::clone(&carrier));
                rounds.spawn(async move { site.deliver(&carrier).await });
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
                () = sleep(LOOK_EVERY) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_far_away_has_us_knock_at_our_own_doors() {
        let place = |text: &str| text.parse::<Endpoint>().unwrap();
        for own in ["127.0.0.1:6379", "169.254.169.254:80", "0.0.0.0:1", "[::1]:22", "[fe80::1]:22"]
        {
            assert!(!Near::Others.may_be_asked(&place(own)), "{own}");
            assert!(Near::ThisMachine.may_be_asked(&place(own)), "{own}");
        }
        for far in ["198.51.100.7:8421", "chips.example.org:8421", "[2001:db8::7]:8421"] {
            assert!(Near::Others.may_be_asked(&place(far)), "{far}");
        }
    }
}
