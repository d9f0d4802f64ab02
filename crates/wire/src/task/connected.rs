//! Who is connected: connections opened and closed, and what agents say of themselves.

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;

use libp2p_core::ConnectedPoint;
use libp2p_identify as identify;
use libp2p_identity::PeerId;
use libp2p_swarm::ConnectionId;
use protocol::AgentId;
use protocol::address::Endpoint;

use super::Task;
use crate::bucket::{Bucket, Rate};
use crate::conduct::{Offence, Standing};
use crate::identity;
use crate::inbox::Inbox;
use crate::limits::Limits;
use crate::place;
use crate::text::one_line;

/// How often an agent may say what it speaks and where it answers: at the beginning of each connection,
/// and when its addresses change.
const HELLOS: Rate = Rate { burst: 12, per_minute: 6 };

/// The most versions that are remembered of one agent: for a message to people.
const MAX_VERSIONS: usize = 8;

/// Agents with a connection, and the connections.
#[derive(Default)]
pub(super) struct Connected {
    agents: HashMap<PeerId, Met>,
    lines: HashMap<ConnectionId, Line>,
    opened: u64,
}

/// An agent with a connection.
struct Met {
    agent: AgentId,
    /// Where it says that it answers: believed of partners only.
    said: Vec<Endpoint>,
    versions: Vec<String>,
    hellos: Bucket,
}

struct Line {
    agent: AgentId,
    ip: Option<IpAddr>,
    by_them: bool,
    /// Counts up: the larger, the younger.
    number: u64,
}

impl Connected {
    pub(super) fn agent(&self, peer: &PeerId) -> Option<AgentId> {
        self.agents.get(peer).map(|met| met.agent)
    }

    pub(super) fn versions(&self, peer: &PeerId) -> Vec<String> {
        self.agents.get(peer).map(|met| met.versions.clone()).unwrap_or_default()
    }

    pub(super) fn said(&self, peer: &PeerId) -> &[Endpoint] {
        self.agents.get(peer).map_or(&[], |met| &met.said)
    }
}

impl<I: Inbox> Task<I> {
    pub(super) fn opened(&mut self, peer: PeerId, id: ConnectionId, point: &ConnectedPoint) {
        let Some(agent) = identity::agent(&peer) else {
            self.shared.counts.handshakes_failed.one();
            self.swarm.close_connection(id);
            return;
        };
        let address = point.get_remote_address();
        if let (true, Some(at)) = (point.is_dialer(), place::read(address)) {
            self.book.worked(agent, &at);
        }
        let connected = &mut self.connected;
        connected.opened += 1;
        let (number, ip) = (connected.opened, place::ip(address));
        connected.lines.insert(id, Line { agent, ip, by_them: point.is_listener(), number });
        let now_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        connected.agents.entry(peer).or_insert_with(|| Met {
            agent,
            said: Vec::new(),
            versions: Vec::new(),
            hellos: Bucket::full(HELLOS, now_ms),
        });
        self.shared.counts.connections.set(connected.lines.len());
        self.make_room();
        self.ask_who(peer, agent, !point.is_relayed());
        self.reached(agent, peer);
        self.relay_reached(id);
    }

    /// Closes the oldest connection of a stranger where strangers have too many, and of a referee where referees have.
    fn make_room(&mut self) {
        let Limits { connections_of_strangers, connections_of_referees, .. } = self.limits;
        for (standing, most) in [
            (Standing::Stranger, connections_of_strangers),
            (Standing::Referee, connections_of_referees),
        ] {
            let lines = self.connected.lines.iter();
            let such = lines
                .filter(|(_, line)| line.by_them && self.conduct.standing(line.agent) == standing);
            let such: Vec<_> = such.map(|(id, line)| (line.number, *id)).collect();
            if such.len() > most
                && let Some((_, oldest)) = such.into_iter().min()
            {
                self.swarm.close_connection(oldest);
            }
        }
    }

    pub(super) fn closed(&mut self, peer: PeerId, id: ConnectionId, left: u32) {
        self.connected.lines.remove(&id);
        self.shared.counts.connections.set(self.connected.lines.len());
        if left > 0 {
            return;
        }
        self.shared.known.is_not(&peer);
        if let Some(met) = self.connected.agents.remove(&peer) {
            self.lost(met.agent);
        }
    }

    /// An agent says which versions it speaks and where it answers.
    pub(super) fn identified(&mut self, peer: &PeerId, id: ConnectionId, info: &identify::Info) {
        let ip = self.connected.lines.get(&id).and_then(|line| line.ip);
        let (most, now_ms) = (self.limits.addresses, self.now_ms());
        let Some(met) = self.connected.agents.get_mut(peer) else { return };
        if met.hellos.take(HELLOS, 1, now_ms).is_err() {
            let agent = met.agent;
            self.shared.counts.identify_passed_over.one();
            return self.offended(*peer, agent, Offence::OverRate);
        }
        let names = info.protocols.iter().map(AsRef::as_ref);
        let versions = names.filter(|name: &&str| name.starts_with("/mychips/"));
        met.versions = versions.map(|name| one_line(name, 40)).take(MAX_VERSIONS).collect();
        let Some(ip) = ip else { return };
        met.said = place::believed(&info.listen_addrs, ip, most);
        let agent = met.agent;
        if self.conduct.is_of_use(agent) {
            self.follow(agent, peer);
        }
    }

    /// Remembers where an agent of use says that it answers.
    pub(super) fn follow(&mut self, agent: AgentId, peer: &PeerId) {
        let said = self.connected.said(peer).to_vec();
        self.book.heard(agent, &said);
    }
}

/// What the system said, at the bottom of what others made of it.
pub(super) fn why(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    one_line(&deepest.to_string(), 120)
}
