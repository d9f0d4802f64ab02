//! Whom a relay is called for: agents that the inbox knows and that have a connection; and how often.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use libp2p_relay as relay;

use crate::limits::Limits;

/// Agents of partners that are connected, and those of them that have a reservation; copies are the same.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<RwLock<Sets>>);

#[derive(Default)]
struct Sets {
    known: HashSet<PeerId>,
    reserved: HashSet<PeerId>,
}

/// One more, at most so many at once.
struct Pace {
    burst: u32,
    each: Duration,
}

/// How often one agent may reserve: whoever lost its relay tries again, ever later.
const RESERVE: Pace = Pace { burst: 30, each: Duration::from_mins(1) };

/// How often one agent may ask for a line: one that is idle for a minute is closed.
const CALL: Pace = Pace { burst: 60, each: Duration::from_secs(10) };

/// How often one address may: there may be several agents at it.
const CALL_FROM: Pace = Pace { burst: 240, each: Duration::from_secs(2) };

impl Known {
    /// The agent is a partner's.
    pub(crate) fn is(&self, peer: PeerId) {
        self.change().known.insert(peer);
    }

    /// It is none, or has gone.
    pub(crate) fn is_not(&self, peer: &PeerId) {
        self.change().known.remove(peer);
    }

    /// It has a reservation.
    pub(crate) fn reserved(&self, peer: PeerId) {
        self.change().reserved.insert(peer);
    }

    /// It has none any more.
    pub(crate) fn freed(&self, peer: &PeerId) {
        self.change().reserved.remove(peer);
    }

    fn change(&self) -> RwLockWriteGuard<'_, Sets> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may have a reservation, or keep the one that it has.
    fn may_reserve(&self, peer: &PeerId, most: usize) -> bool {
        let sets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        sets.known.contains(peer) && (sets.reserved.contains(peer) || sets.reserved.len() < most)
    }

    /// How a relay is set up that only these may reserve at.
    pub(crate) fn relay(&self, limits: &Limits) -> relay::Config {
        let (known, most) = (self.clone(), limits.relayed);
        let gate = move |peer: PeerId, _: &Multiaddr, _| known.may_reserve(&peer, most);
        let config = relay::Config {
            // The gate keeps to the limit: libp2p, at its own, renews none either.
            max_reservations: usize::MAX,
            max_reservations_per_peer: 1,
            reservation_duration: limits.reserved,
            reservation_rate_limiters: vec![Box::new(gate)],
            max_circuits: limits.circuits,
            // libp2p refuses the one after the next.
            max_circuits_per_peer: limits.circuits_per_agent.saturating_sub(1),
            max_circuit_duration: limits.circuit,
            max_circuit_bytes: limits.circuit_bytes,
            circuit_src_rate_limiters: Vec::new(),
        };
        let most = |pace: &Pace| NonZeroU32::new(pace.burst).unwrap_or(NonZeroU32::MIN);
        config
            .reservation_rate_per_peer(most(&RESERVE), RESERVE.each)
            .circuit_src_per_peer(most(&CALL), CALL.each)
            .circuit_src_per_ip(most(&CALL_FROM), CALL_FROM.each)
    }
}
