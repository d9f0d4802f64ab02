//! What goes: messages wait for a connection, are sent a few at once, and their answers are handed
//! back. One agent is looked for once, whoever waits for it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use libp2p_request_response::{OutboundFailure, OutboundRequestId};
use libp2p_swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p_swarm::{ConnectionId, DialError};
use protocol::AgentId;
use protocol::address::{Endpoint, Host};
use tokio::sync::oneshot;

use super::Task;
use super::connected::why;
use super::names::look_up;
use crate::codec::Request;
use crate::conduct::Offence;
use crate::error::{Attempt, NotSent};
use crate::frame::{HEAD_BYTES, Reply};
use crate::identity;
use crate::inbox::Inbox;
use crate::limits::{ROOM_AFTER_MS, exchange};
use crate::net::VERSIONS;
use crate::note::count_notes;
use crate::place;
use crate::table::Kind;

/// A message on its way.
pub(crate) struct Sending {
    pub(crate) to: AgentId,
    pub(crate) at: Vec<Endpoint>,
    pub(crate) kind: Kind,
    pub(crate) frame: Arc<[u8]>,
    /// It was sent before, and the connection ended under it.
    pub(crate) again: bool,
    pub(crate) answer: oneshot::Sender<Result<Vec<u8>, NotSent>>,
}

impl Sending {
    fn end(self, how: Result<Vec<u8>, NotSent>) {
        // Where nobody waits for it any more, there is nobody to tell.
        let _ = self.answer.send(how);
    }
}

/// All that goes.
#[derive(Default)]
pub(super) struct Outgoing {
    agents: HashMap<AgentId, Out>,
    flying: HashMap<OutboundRequestId, Sending>,
}

/// What goes to one agent.
#[derive(Default)]
struct Out {
    waiting: VecDeque<Sending>,
    flying: usize,
    dial: Option<Dial>,
}

/// An agent that is looked for.
#[derive(Default)]
pub(super) struct Dial {
    /// What names gave.
    pub(super) places: Vec<Endpoint>,
    /// Where it was not found.
    pub(super) failed: Vec<Attempt>,
    /// How many names are being looked up.
    pub(super) asking: usize,
    asked: Vec<Endpoint>,
    trying: Option<(ConnectionId, Vec<Endpoint>)>,
    /// Of these, where another agent answered.
    wrong: Vec<(String, Endpoint)>,
}

impl Dial {
    fn fail(&mut self, at: Endpoint, why: String) {
        if !self.has_failed(&at) {
            self.failed.push(Attempt { at, why });
        }
    }

    fn has_failed(&self, at: &Endpoint) -> bool {
        self.failed.iter().any(|attempt| attempt.at == *at)
    }
}

impl Outgoing {
    pub(super) fn dial(&mut self, agent: AgentId) -> Option<&mut Dial> {
        self.agents.get_mut(&agent)?.dial.as_mut()
    }

    /// Look-ups of names are not waited for any more; gives the agents that there were some for.
    fn ask_no_more(&mut self) -> Vec<AgentId> {
        let dials =
            self.agents.iter_mut().filter_map(|(agent, out)| Some((agent, out.dial.as_mut()?)));
        let asking = dials
            .filter_map(|(agent, dial)| (std::mem::take(&mut dial.asking) > 0).then_some(*agent));
        asking.collect()
    }

    /// Forgets what nobody waits for any more.
    pub(super) fn sweep(&mut self) {
        for out in self.agents.values_mut() {
            out.waiting.retain(|sending| !sending.answer.is_closed());
        }
        self.agents
            .retain(|_, out| out.flying > 0 || !out.waiting.is_empty() || out.dial.is_some());
    }

    /// Nothing more goes.
    pub(super) fn end(&mut self) {
        let waiting = self.agents.drain().flat_map(|(_, out)| out.waiting);
        let flying = self.flying.drain().map(|(_, sending)| sending);
        for sending in waiting.chain(flying) {
            sending.end(Err(NotSent::ShutDown));
        }
    }
}

/// What libp2p is to call: all places; of a relay that is connected, one; of one that is not, its own.
fn numbers(places: &[Endpoint], relayed: bool, relay_first: bool) -> Vec<Multiaddr> {
    let most = if relayed && !relay_first { 1 } else { places.len() };
    let own = |at: &Endpoint| Endpoint { relay: None, ..at.clone() };
    let places = places.iter().take(most);
    places
        .filter_map(|at| if relay_first { place::dialled(&own(at)) } else { place::dialled(at) })
        .collect()
}

impl<I: Inbox> Task<I> {
    pub(super) fn send(&mut self, sending: Sending) {
        let (to, now_ms) = (sending.to, self.now_ms());
        if let Some(for_ms) = self.conduct.cut_for(to, now_ms) {
            return sending.end(Err(NotSent::CutOff { agent: to, for_ms }));
        }
        let out = self.outgoing.agents.entry(to).or_default();
        if out.waiting.len() >= self.limits.sends_waiting {
            out.waiting.retain(|waiting| !waiting.answer.is_closed());
        }
        if out.waiting.len() >= self.limits.sends_waiting {
            let reason = "too many messages wait to be sent to it".to_owned();
            let after_ms = ROOM_AFTER_MS.into();
            return sending.end(Err(NotSent::Later { agent: to, after_ms, reason }));
        }
        let notes = sending.kind.count(sending.frame.get(HEAD_BYTES..).unwrap_or_default());
        if let Err(after_ms) = self.conduct.send(to, sending.kind, notes, now_ms) {
            let reason = "as much was said to it lately, or came back, as may be".to_owned();
            return sending.end(Err(NotSent::Later { agent: to, after_ms, reason }));
        }
        // Whoever we speak to is somebody's partner, or about to be; but of decisions we speak to whom a stranger names.
        match sending.kind {
            Kind::Decision => self.conduct.tell(to, now_ms),
            _ => self.conduct.recognise(to, now_ms),
        }
        self.book.told(to, &sending.at);
        out.waiting.push_back(sending);
        self.go_on(to);
    }

    pub(super) fn ask_no_more(&mut self) {
        for agent in self.outgoing.ask_no_more() {
            self.try_next(agent);
        }
    }

    /// Sends what waits, or looks for the agent.
    fn go_on(&mut self, agent: AgentId) {
        let Some(peer) = identity::peer(agent) else { return };
        let now_ms = self.now_ms();
        if let Some(for_ms) = self.conduct.cut_for(agent, now_ms) {
            let out = self.outgoing.agents.get_mut(&agent);
            for sending in out.map(|out| std::mem::take(&mut out.waiting)).unwrap_or_default() {
                sending.end(Err(NotSent::CutOff { agent, for_ms }));
            }
            return;
        }
        let waits = |out: &Out| !out.waiting.is_empty();
        if self.swarm.is_connected(&peer) {
            self.pump(agent, peer);
        } else if self.outgoing.agents.get(&agent).is_some_and(waits) {
            self.look_for(agent);
        }
    }

    /// Sends what waits, as much at once as the limit allows.
    fn pump(&mut self, agent: AgentId, peer: PeerId) {
        let Some(out) = self.outgoing.agents.get_mut(&agent) else { return };
        while out.flying < self.limits.sends_at_once {
            let Some(sending) = out.waiting.pop_front() else { break };
            if sending.answer.is_closed() {
                continue;
            }
            self.shared.counts.bytes_out.more(sending.frame.len());
            let request = Request::Send(Arc::clone(&sending.frame));
            let id = self.swarm.behaviour_mut().messages.send_request(&peer, request);
            out.flying += 1;
            self.outgoing.flying.insert(id, sending);
        }
    }

    /// A connection with the agent came about.
    pub(super) fn reached(&mut self, agent: AgentId, peer: PeerId) {
        if let Some(out) = self.outgoing.agents.get_mut(&agent) {
            out.dial = None;
        }
        self.pump(agent, peer);
    }

    /// The last connection with the agent ended.
    pub(super) fn lost(&mut self, agent: AgentId) {
        self.go_on(agent);
    }

    /// Begins to look for an agent, or looks at what is newly known of it.
    fn look_for(&mut self, agent: AgentId) {
        let Some(out) = self.outgoing.agents.get_mut(&agent) else { return };
        let dial = out.dial.get_or_insert_default();
        for at in self.book.of(agent) {
            let Host::Dns(name) = &at.host else { continue };
            if !dial.asked.contains(&at) {
                dial.asked.push(at.clone());
                dial.asking += 1;
                let name = name.clone();
                self.names.spawn(look_up(agent, name, at, self.limits.open_within));
            }
        }
        self.try_next(agent);
    }

    /// Tries all places at once where the agent may be and was not looked for yet. If there are
    /// none, whoever waits for it hears so.
    pub(super) fn try_next(&mut self, agent: AgentId) {
        let Some(out) = self.outgoing.agents.get_mut(&agent) else { return };
        let Some(dial) = &mut out.dial else { return };
        if dial.trying.is_some() {
            return;
        }
        let mut places = self.book.of(agent);
        places.append(&mut dial.places.clone());
        places.retain(|at| !dial.has_failed(at) && place::number(&at.host).is_some());
        // Nobody is its own relay, and we are not called to call ourselves.
        let own = self.shared.agent;
        places.retain(|at| at.relay.is_none_or(|relay| relay != agent && relay != own));
        // All its own places at once, or those of one relay.
        let relay = places.first().and_then(|at| at.relay);
        places.retain(|at| at.relay == relay);
        let whom = match relay.and_then(identity::peer) {
            // The relay comes first: libp2p calls it at one place only, and not while somebody else does.
            Some(relay) if !self.swarm.is_connected(&relay) => Some(relay),
            _ => identity::peer(agent),
        };
        if let (false, Some(peer)) = (places.is_empty(), whom) {
            let opts = DialOpts::peer_id(peer)
                .condition(PeerCondition::Always)
                .addresses(numbers(&places, relay.is_some(), whom != identity::peer(agent)))
                .allocate_new_port()
                .build();
            let id = opts.connection_id();
            dial.trying = Some((id, places));
            if let Err(error) = self.swarm.dial(opts) {
                self.not_reached(id, error);
            }
            return;
        }
        if dial.asking > 0 {
            return;
        }
        let (tried, wrong) = (std::mem::take(&mut dial.failed), std::mem::take(&mut dial.wrong));
        let wrong_places = wrong.len();
        // Where it did not answer at other places, it may still do so at another time.
        let why = match wrong.into_iter().next_back() {
            Some((found, at)) if tried.len() == wrong_places => {
                NotSent::WrongPeer { agent, found, at }
            }
            _ => NotSent::Unreachable { agent, tried },
        };
        out.dial = None;
        for sending in out.waiting.drain(..) {
            sending.end(Err(why.clone()));
        }
    }

    /// A connection came about: where it is with a relay that was called to reach somebody else, that one is
    /// called next.
    pub(super) fn relay_reached(&mut self, id: ConnectionId) {
        let agents = self.outgoing.agents.iter_mut();
        let waiting = agents.filter_map(|(agent, out)| {
            out.dial.as_mut()?.trying.take_if(|(trying, _)| *trying == id)?;
            Some(*agent)
        });
        for agent in waiting.collect::<Vec<_>>() {
            self.try_next(agent);
        }
    }

    /// An attempt to reach an agent failed, at one place or all.
    pub(super) fn not_reached(&mut self, id: ConnectionId, error: DialError) {
        let mut agents = self.outgoing.agents.iter_mut();
        let found = agents.find_map(|(agent, out)| {
            let dial = out.dial.as_mut()?;
            let (_, places) = dial.trying.take_if(|(trying, _)| *trying == id)?;
            Some((*agent, dial, places))
        });
        // None where a connection came about by other means meanwhile.
        let Some((agent, dial, places)) = found else { return };
        match error {
            DialError::WrongPeerId { obtained, address } => {
                let at = place::read(&address).filter(|at| places.contains(at));
                for at in at.map_or(places, |at| vec![at]) {
                    self.book.wrong(agent, &at);
                    dial.fail(at.clone(), format!("agent {obtained} answers there"));
                    dial.wrong.push((obtained.to_string(), at));
                }
            }
            DialError::Transport(errors) => {
                for (address, error) in errors {
                    if let Some(at) = place::read(&address) {
                        let same = |place: &&Endpoint| {
                            (&place.host, place.port, place.transport)
                                == (&at.host, at.port, at.transport)
                        };
                        // Of a relay that was called first, the place that it was called for.
                        let at = places.iter().find(same).unwrap_or(&at).clone();
                        dial.fail(at, why(&error));
                    }
                }
                for at in places {
                    dial.fail(at, "no answer".to_owned());
                }
            }
            other => {
                let why = why(&other);
                for at in places {
                    dial.fail(at, why.clone());
                }
            }
        }
        self.try_next(agent);
    }

    /// An answer came.
    pub(super) fn replied(&mut self, id: OutboundRequestId, reply: Reply) {
        let Some(sending) = self.landed(id) else { return };
        let (agent, kind) = (sending.to, sending.kind);
        sending.end(match reply {
            Reply::Taken(bytes) => {
                self.count_back(agent, kind, &bytes);
                Ok(bytes)
            }
            Reply::Refused(reason) => Err(NotSent::Refused { agent, reason }),
            Reply::Later(after_ms, reason) => {
                Err(NotSent::Later { agent, after_ms: after_ms.into(), reason })
            }
            Reply::NotKnown => Err(NotSent::NotKnown { agent, kind }),
            Reply::KindUnknown => Err(NotSent::KindUnknown { agent, kind }),
        });
        self.go_on(agent);
    }

    /// Counts the notes behind the first line of an answer: each message that is sent to an agent brings some back.
    fn count_back(&mut self, agent: AgentId, kind: Kind, answer: &[u8]) {
        if kind != Kind::Invitation {
            let now_ms = self.now_ms();
            self.conduct.back(agent, kind, count_notes(answer) - 1, now_ms);
        }
    }

    /// No answer came.
    pub(super) fn failed(&mut self, peer: &PeerId, id: OutboundRequestId, error: OutboundFailure) {
        let Some(mut sending) = self.landed(id) else { return };
        let agent = sending.to;
        let why = match error {
            OutboundFailure::Timeout => NotSent::TimedOut { agent, within: exchange(&self.limits) },
            OutboundFailure::UnsupportedProtocols => {
                let theirs = self.connected.versions(peer);
                NotSent::Version { agent, ours: VERSIONS.to_vec(), theirs }
            }
            OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                self.offended(*peer, agent, Offence::BadReply);
                NotSent::BadAnswer { agent, reason: why(&error) }
            }
            OutboundFailure::DialFailure
            | OutboundFailure::ConnectionClosed
            | OutboundFailure::Io(_) => {
                if !sending.again && !sending.answer.is_closed() {
                    sending.again = true;
                    self.shared.counts.sent_again.one();
                    let out = self.outgoing.agents.entry(agent).or_default();
                    out.waiting.push_front(sending);
                    return self.go_on(agent);
                }
                NotSent::Broken { agent }
            }
        };
        sending.end(Err(why));
        self.go_on(agent);
    }

    /// A message that no longer flies.
    fn landed(&mut self, id: OutboundRequestId) -> Option<Sending> {
        let sending = self.outgoing.flying.remove(&id)?;
        if let Some(out) = self.outgoing.agents.get_mut(&sending.to) {
            out.flying = out.flying.saturating_sub(1);
        }
        Some(sending)
    }
}
