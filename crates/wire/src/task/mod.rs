//! The task that has all connections: one loop over what libp2p tells, what the handle asks, and what
//! the inbox has answered. What comes is in `incoming.rs`, what goes in `outgoing.rs`, who is
//! connected in `connected.rs`, who is called for whom in `relaying.rs`.

mod connected;
mod incoming;
mod names;
mod outgoing;
mod relaying;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, RwLock};

use futures::StreamExt as _;
use libp2p_identify as identify;
use libp2p_identity::PeerId;
use libp2p_ping as ping;
use libp2p_request_response::{Event, Message};
use libp2p_swarm::{Swarm, SwarmEvent};
use protocol::AgentId;
use protocol::address::{Endpoint, Transport};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use crate::book::Book;
use crate::codec::Request;
use crate::conduct::{Conduct, Offence};
use crate::counts::Counters;
use crate::error::StartError;
use crate::inbox::Inbox;
use crate::known::Known;
use crate::limits::{ENDING, LINGER, Limits, PARTING, POLL, TICK};
use crate::net::{Net, NetEvent};
use crate::place::{self, Listen};
use connected::Connected;
use incoming::Incoming;
use names::Found;
use outgoing::Outgoing;
use relaying::{Asked, Reservation};

pub(crate) use outgoing::Sending;

/// What the handle asks of the task.
pub(crate) enum Command {
    Send(Sending),
    Learn(AgentId, Vec<Endpoint>),
    Addresses(AgentId, oneshot::Sender<Vec<Endpoint>>),
    Reserve(Endpoint),
    Shutdown,
}

/// What handle and task both have.
pub(crate) struct Shared {
    pub(crate) agent: AgentId,
    pub(crate) counts: Counters,
    /// Agents for which this one may be called.
    pub(crate) known: Known,
    listening: RwLock<Vec<Endpoint>>,
    reserved: RwLock<Option<Endpoint>>,
}

impl Shared {
    pub(crate) fn new(agent: AgentId) -> Self {
        let (listening, reserved) = Default::default();
        let (counts, known) = Default::default();
        Self { agent, counts, known, listening, reserved }
    }

    /// Where a relay is called for this agent.
    pub(crate) fn reserved(&self) -> Option<Endpoint> {
        self.reserved.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn reserve(&self, at: Option<Endpoint>) {
        *self.reserved.write().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    }

    pub(crate) fn listening(&self) -> Vec<Endpoint> {
        // Whoever panicked with the lock left a whole list.
        self.listening.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn listen(&self, change: impl FnOnce(&mut Vec<Endpoint>)) {
        change(&mut self.listening.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// The task.
pub(crate) struct Task<I> {
    swarm: Swarm<Net>,
    ended: mpsc::Receiver<Infallible>,
    orders: mpsc::Receiver<Command>,
    shared: Arc<Shared>,
    limits: Limits,
    start: Instant,
    conduct: Conduct,
    book: Book,
    connected: Connected,
    incoming: Incoming<I>,
    outgoing: Outgoing,
    names: JoinSet<Found>,
    /// Agents of which the inbox is asked whether they are.
    asking: JoinSet<Asked>,
    reservation: Option<Reservation>,
    /// Look-ups of the relay's name.
    relay_names: JoinSet<Found>,
    /// Whom libp2p is told not to let in.
    blocked: HashMap<PeerId, AgentId>,
    /// Until when what the inbox is at work on may be answered, once the wire is to end: from then
    /// on nothing new is taken.
    closing: Option<Instant>,
    over: watch::Sender<bool>,
}

impl<I: Inbox> Task<I> {
    pub(crate) fn new(
        swarm: Swarm<Net>,
        ended: mpsc::Receiver<Infallible>,
        inbox: Arc<I>,
        limits: Limits,
        shared: Arc<Shared>,
        orders: mpsc::Receiver<Command>,
        over: watch::Sender<bool>,
    ) -> Self {
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let cuts = (ms(limits.cut_off), ms(limits.cut_off_most));
        Self {
            swarm,
            ended,
            orders,
            shared,
            start: Instant::now(),
            conduct: Conduct::new(limits.agents, cuts.0, cuts.1, 0),
            book: Book::new(limits.agents, limits.addresses),
            connected: Connected::default(),
            incoming: Incoming::new(inbox, &limits),
            outgoing: Outgoing::default(),
            names: JoinSet::new(),
            asking: JoinSet::new(),
            reservation: None,
            relay_names: JoinSet::new(),
            blocked: HashMap::new(),
            closing: None,
            over,
            limits,
        }
    }

    /// Listens at an address, and waits until it does.
    pub(crate) async fn listen(&mut self, at: Listen) -> Result<(), StartError> {
        let failed = |reason: String| StartError::Listen { at, reason };
        probe(at).map_err(|error| failed(error.to_string()))?;
        let listener = self.swarm.listen_on(at.multiaddr());
        let listener = listener.map_err(|error| failed(connected::why(&error)))?;
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } => {
                    self.listens(&address);
                    if listener_id == listener {
                        return Ok(());
                    }
                }
                SwarmEvent::ListenerClosed { listener_id, reason, .. }
                    if listener_id == listener =>
                {
                    let reason = reason.err().map(|error| error.to_string());
                    return Err(failed(reason.unwrap_or_else(|| "it was closed".to_owned())));
                }
                SwarmEvent::ListenerError { listener_id, error } if listener_id == listener => {
                    return Err(failed(error.to_string()));
                }
                other => self.heard(other),
            }
        }
    }

    /// Runs until it is told to end, or all handles are gone.
    pub(crate) async fn run(mut self) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let over = |until| self.incoming.is_quiet() || Instant::now() >= until;
            if self.closing.is_some_and(over) {
                break;
            }
            tokio::select! {
                event = self.swarm.select_next_some() => self.heard(event),
                Some(done) = self.incoming.next() => self.answer(done),
                Some(found) = self.names.join_next() => self.found(found),
                Some(asked) = self.asking.join_next() => self.who(&asked),
                Some(found) = self.relay_names.join_next() => self.relay_found(found),
                order = self.orders.recv(), if self.closing.is_none() => match order {
                    Some(order) => self.ordered(order),
                    None => self.close(),
                },
                _ = tick.tick() => self.tick(),
            }
        }
        self.part().await;
        self.end().await;
    }

    fn ordered(&mut self, order: Command) {
        match order {
            Command::Send(sending) => self.send(sending),
            Command::Reserve(at) => self.reserve(at),
            Command::Learn(agent, at) => self.book.told(agent, &at),
            Command::Addresses(agent, answer) => {
                let _ = answer.send(self.book.of(agent));
            }
            Command::Shutdown => self.close(),
        }
    }

    fn heard(&mut self, event: SwarmEvent<NetEvent>) {
        match event {
            SwarmEvent::Behaviour(NetEvent::Messages(event)) => self.message(event),
            SwarmEvent::Behaviour(NetEvent::Identify(identify::Event::Received {
                connection_id,
                peer_id,
                info,
            })) => self.identified(&peer_id, connection_id, &info),
            SwarmEvent::Behaviour(NetEvent::Ping(ping::Event { connection, result, .. })) => {
                // Where it does not speak ping, idle connections still end.
                if matches!(result, Err(ping::Failure::Timeout | ping::Failure::Other { .. })) {
                    self.swarm.close_connection(connection);
                }
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.opened(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.closed(peer_id, connection_id, num_established);
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                self.shared.counts.handshakes_failed.one();
                tracing::debug!(%error, "a connection did not come about");
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.not_reached(connection_id, error);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.listens(&address),
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                if let Some(at) = place::read(&address) {
                    self.shared.listen(|all| all.retain(|one| *one != at));
                }
            }
            SwarmEvent::Behaviour(NetEvent::Relay(event)) => self.asked_to_relay(&event),
            SwarmEvent::Behaviour(NetEvent::Relayed(event)) => self.relayed(&event),
            SwarmEvent::ListenerClosed { listener_id, .. } if self.no_longer(listener_id) => {}
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                for at in addresses.iter().filter_map(place::read) {
                    self.shared.listen(|all| all.retain(|one| *one != at));
                }
                if let Err(error) = reason {
                    tracing::error!(%error, "the wire no longer listens");
                }
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(%error, "cannot take a connection");
            }
            _ => {}
        }
    }

    fn message(&mut self, event: Event<Request, crate::frame::Reply>) {
        match event {
            Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request: Request::Got(got), channel } => {
                    self.take(peer, request_id, got, channel);
                }
                // What goes out is never what came in.
                Message::Request { request: Request::Send(_), .. } => {}
                Message::Response { request_id, response } => self.replied(request_id, response),
            },
            Event::OutboundFailure { peer, request_id, error, .. } => {
                self.failed(&peer, request_id, error);
            }
            Event::InboundFailure { request_id, .. } | Event::ResponseSent { request_id, .. } => {
                self.incoming.told(request_id);
            }
        }
    }

    fn listens(&mut self, address: &libp2p_core::Multiaddr) {
        // Where a relay listens is no place of this machine.
        if let Some(at) = place::read(address).filter(|at| at.relay.is_none()) {
            if self.limits.relayed > 0 {
                // Whoever reserves here is told of it.
                self.swarm.add_external_address(address.clone());
            }
            self.shared.listen(|all| {
                if !all.contains(&at) {
                    all.push(at);
                }
            });
        }
    }

    /// Milliseconds since the start.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// An agent did what no honest one does; with time, it is cut off.
    fn offended(&mut self, peer: PeerId, agent: AgentId, offence: Offence) {
        let now_ms = self.now_ms();
        if let Some(for_ms) = self.conduct.offend(agent, offence, now_ms) {
            self.shared.counts.cut_off.one();
            tracing::warn!(%agent, for_ms, why = offence.name(), "agent cut off");
            self.blocked.insert(peer, agent);
            self.swarm.behaviour_mut().blocked.block_peer(peer);
        }
    }

    fn tick(&mut self) {
        let now_ms = self.now_ms();
        let over = |_: &PeerId, agent: &mut AgentId| self.conduct.cut_for(*agent, now_ms).is_none();
        for (peer, _) in self.blocked.extract_if(over) {
            self.swarm.behaviour_mut().blocked.unblock_peer(peer);
        }
        self.outgoing.sweep();
        self.keep_reserved();
    }

    fn close(&mut self) {
        // Nothing more comes by the handles; those that wait to say something hear of the end.
        self.orders.close();
        self.outgoing.end();
        self.closing = Some(Instant::now() + self.limits.drain);
    }

    /// Lets what was answered last go out, which libp2p tells nobody of, and closes connections in
    /// good order.
    async fn part(&mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        if peers.is_empty() {
            return;
        }
        let forever = async { while self.swarm.next().await.is_some() {} };
        let _ = timeout(LINGER, forever).await;
        for peer in peers {
            // One that has gone meanwhile needs no closing.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.next().await;
            }
        };
        let _ = timeout(PARTING, closed).await;
    }

    async fn end(self) {
        let Self { swarm, mut ended, incoming, mut names, shared, over, .. } = self;
        let (mut asking, mut relay_names) = (self.asking, self.relay_names);
        drop(swarm);
        drop(incoming);
        names.shutdown().await;
        asking.shutdown().await;
        relay_names.shutdown().await;
        shared.reserve(None);
        let ports = shared.listening();
        shared.listen(Vec::clear);
        shared.counts.connections.set(0);
        // Each task of libp2p's ends when the swarm is gone. QUIC has some of its own, which end when
        // its connections have said goodbye: then its ports are free.
        let gone = async {
            while ended.recv().await.is_some() {}
            for at in ports {
                while !is_free(&at) {
                    sleep(POLL).await;
                }
            }
        };
        let _ = timeout(ENDING, gone).await;
        let _ = over.send(true);
    }
}

/// Whether the system has a port of ours back.
fn is_free(at: &Endpoint) -> bool {
    let Some(ip) = place::number(&at.host) else { return true };
    match at.transport {
        Transport::Tcp => TcpListener::bind((ip, at.port)).is_ok(),
        Transport::Quic => UdpSocket::bind((ip, at.port)).is_ok(),
    }
}

/// Asks the system whether somebody listens there already. libp2p shares a port of TCP with whoever
/// else shares it, so a second program would take half of the first one's connections.
fn probe(at: Listen) -> std::io::Result<()> {
    match at.transport {
        Transport::Tcp if at.address.port() != 0 => TcpListener::bind(at.address).map(drop),
        Transport::Tcp | Transport::Quic => Ok(()),
    }
}
