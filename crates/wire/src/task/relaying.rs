//! Relays: who is called for others, and who is called for this agent. A reservation is kept up: one that
//! is lost is asked for again, ever later.

use std::time::Duration;

use libp2p_core::transport::ListenerId;
use libp2p_identity::PeerId;
use libp2p_relay::{self as relay, Event};
use protocol::AgentId;
use protocol::address::{Endpoint, Host};
use tokio::task::JoinError;

use super::Task;
use super::names::{Found, look_up};
use crate::conduct::Offence;
use crate::identity;
use crate::inbox::Inbox;
use crate::place;

/// The relay that is to be called in place of this agent.
pub(super) struct Reservation {
    /// Where it answers, as it was said: what others are told.
    at: Endpoint,
    relay: AgentId,
    /// What libp2p calls the reservation, once it is asked for.
    asked: Option<ListenerId>,
    looking_up: bool,
    /// Whether it is in force.
    held: bool,
    attempts: u32,
    again_ms: u64,
}

/// Who an agent is, as the inbox says.
pub(super) struct Asked {
    peer: PeerId,
    known: bool,
    /// None: the inbox does not know now.
    sits: Option<bool>,
}

impl<I: Inbox> Task<I> {
    /// From now on another agent is to be called in place of this one.
    pub(super) fn reserve(&mut self, at: Endpoint) {
        let Some(relay) = at.relay.filter(|relay| *relay != self.shared.agent) else { return };
        let again_ms = self.now_ms();
        self.reservation = Some(Reservation {
            at,
            relay,
            asked: None,
            looking_up: false,
            held: false,
            attempts: 0,
            again_ms,
        });
        self.keep_reserved();
    }

    /// Asks for a reservation where there is none and it is time.
    pub(super) fn keep_reserved(&mut self) {
        let now_ms = self.now_ms();
        let Some(wanted) = &mut self.reservation else { return };
        if wanted.asked.is_some() || wanted.looking_up || now_ms < wanted.again_ms {
            return;
        }
        match &wanted.at.host {
            Host::Dns(name) => {
                wanted.looking_up = true;
                let (name, at) = (name.clone(), wanted.at.clone());
                self.relay_names.spawn(look_up(wanted.relay, name, at, self.limits.open_within));
            }
            Host::Ip4(_) | Host::Ip6(_) => {
                let at = wanted.at.clone();
                self.ask_for(vec![at]);
            }
        }
    }

    /// The name of the relay was looked up.
    pub(super) fn relay_found(&mut self, found: Result<Found, JoinError>) {
        if let Some(wanted) = &mut self.reservation {
            wanted.looking_up = false;
        }
        let places = found.ok().and_then(|found| found.places.ok());
        self.ask_for(places.unwrap_or_default());
    }

    /// Asks at one of these places, or where the relay said that it answers: another one each time.
    fn ask_for(&mut self, mut places: Vec<Endpoint>) {
        let Some(wanted) = &mut self.reservation else { return };
        let said = self.book.of(wanted.relay).into_iter().filter(|at| at.relay.is_none());
        places.extend(said.map(|at| Endpoint { relay: Some(wanted.relay), ..at }));
        let numbers: Vec<_> = places.iter().filter_map(place::dialled).collect();
        let which = usize::try_from(wanted.attempts).unwrap_or(0);
        let asked = match numbers.get(which % numbers.len().max(1)) {
            Some(address) => self.swarm.listen_on(address.clone()).ok(),
            None => None,
        };
        wanted.attempts = wanted.attempts.saturating_add(1);
        wanted.asked = asked;
        if asked.is_none() {
            self.not_reserved();
        }
    }

    /// There is no reservation: it is asked for again later.
    fn not_reserved(&mut self) {
        let now_ms = self.now_ms();
        let Some(wanted) = &mut self.reservation else { return };
        (wanted.asked, wanted.held) = (None, false);
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let doublings = wanted.attempts.saturating_sub(1).min(20);
        let wait = ms(self.limits.ask_again).saturating_mul(1 << doublings);
        let wait = wait.min(ms(self.limits.ask_again_most));
        wanted.again_ms = now_ms.saturating_add(wait);
        self.shared.counts.relay_lost.one();
        self.shared.reserve(None);
        tracing::info!(relay = %wanted.relay, again_in_ms = wait, "no relay is called for this agent");
    }

    /// A listener ended: was it the reservation?
    pub(super) fn no_longer(&mut self, listener: ListenerId) -> bool {
        let ours = self.reservation.as_ref().is_some_and(|one| one.asked == Some(listener));
        if ours {
            self.not_reserved();
        }
        ours
    }

    /// A relay said something of a reservation of this agent's.
    pub(super) fn relayed(&mut self, event: &relay::client::Event) {
        let relay::client::Event::ReservationReqAccepted { relay_peer_id, .. } = event else {
            return;
        };
        let Some(wanted) = &mut self.reservation else { return };
        if identity::peer(wanted.relay) != Some(*relay_peer_id) {
            return;
        }
        wanted.attempts = 0;
        if !std::mem::replace(&mut wanted.held, true) {
            tracing::info!(relay = %wanted.relay, "a relay is called for this agent");
        }
        self.shared.reserve(Some(wanted.at.clone()));
    }

    /// Somebody asked something of this agent as a relay.
    pub(super) fn asked_to_relay(&mut self, event: &Event) {
        let counts = &self.shared.counts;
        match event {
            Event::ReservationReqAccepted { src_peer_id: peer, .. } => {
                counts.relay_reserved.one();
                self.shared.known.reserved(*peer);
            }
            Event::ReservationClosed { src_peer_id: peer }
            | Event::ReservationTimedOut { src_peer_id: peer } => self.shared.known.freed(peer),
            Event::ReservationReqDenied { src_peer_id: peer, .. } => {
                counts.relay_refused.one();
                // It may have become a partner's since it connected; whoever asks ever later is forgiven.
                if let Some(agent) = self.connected.agent(peer) {
                    self.ask_who(*peer, agent, true);
                    self.offended(*peer, agent, Offence::NotKnown);
                }
            }
            Event::CircuitReqAccepted { .. } => counts.circuits.one(),
            Event::CircuitReqDenied { .. } => counts.circuits_refused.one(),
            _ => {}
        }
    }

    /// Asks the inbox whether an agent that has connected sits with this one, and, where it may want that, whether it is called
    /// for it as a relay.
    pub(super) fn ask_who(&mut self, peer: PeerId, agent: AgentId, may_reserve: bool) {
        let (inbox, within) = (self.incoming.inbox(), self.limits.answer_within);
        let relays = may_reserve && self.limits.relayed > 0;
        self.asking.spawn(async move {
            let knows = async { relays && matches!(inbox.knows(agent).await, Ok(true)) };
            let known = tokio::time::timeout(within, knows).await.unwrap_or(false);
            let sits = tokio::time::timeout(within, inbox.sits_with(agent)).await;
            Asked { peer, known, sits: sits.ok().and_then(Result::ok) }
        });
    }

    /// The inbox has said who an agent is.
    pub(super) fn who(&mut self, asked: &Result<Asked, JoinError>) {
        // Otherwise the inbox panicked: it is not known.
        let Ok(Asked { peer, known, sits }) = asked else { return };
        let Some(agent) = self.connected.agent(peer) else { return };
        let now_ms = self.now_ms();
        if *known {
            self.shared.known.is(*peer);
            self.conduct.recognise(agent, now_ms);
        }
        if let Some(sits) = *sits {
            self.conduct.seat(agent, sits, now_ms);
        }
        if *known || *sits == Some(true) {
            self.follow(agent, peer);
        }
    }
}
