//! libp2p as it is used here: TCP with Noise and yamux, QUIC, and what speaks over them.

use std::convert::Infallible;
use std::future::Future;
use std::num::NonZeroU8;
use std::pin::Pin;

use libp2p_allow_block_list::{self as allow_block_list, BlockedPeers};
use libp2p_connection_limits::{self as connection_limits, ConnectionLimits};
use libp2p_core::Transport as _;
use libp2p_core::muxing::StreamMuxerBox;
use libp2p_core::transport::Boxed;
use libp2p_core::transport::timeout::TransportTimeout;
use libp2p_core::upgrade::Version;
use libp2p_identify as identify;
use libp2p_identity::{Keypair, PeerId};
use libp2p_noise as noise;
use libp2p_ping as ping;
use libp2p_quic as quic;
use libp2p_relay as relay;
use libp2p_request_response::{self as request_response, ProtocolSupport};
use libp2p_swarm::behaviour::toggle::Toggle;
use libp2p_swarm::{Config, NetworkBehaviour, StreamProtocol, Swarm};
use libp2p_tcp as tcp;
use libp2p_yamux as yamux;
use tokio::sync::mpsc;

use crate::codec::Frames;
use crate::error::StartError;
use crate::known::Known;
use crate::limits::{CONNECTION_BYTES, Limits, STREAM_BYTES, STREAMS, STREAMS_OPENING, exchange};

/// The versions of the protocol that are spoken here, the best first. Two agents use the first of
/// the sender's that the receiver has too.
pub const VERSIONS: &[&str] = &["/mychips/1"];

/// What an agent does on each connection.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p_swarm::derive_prelude")]
pub(crate) struct Net {
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) blocked: allow_block_list::Behaviour<BlockedPeers>,
    pub(crate) ping: ping::Behaviour,
    pub(crate) identify: identify::Behaviour,
    /// This agent as a relay of others, where it is one.
    pub(crate) relay: Toggle<relay::Behaviour>,
    /// Other agents as relays.
    pub(crate) relayed: relay::client::Behaviour,
    pub(crate) messages: request_response::Behaviour<Frames>,
}

/// Held by each task of libp2p's: when all are dropped, all tasks have ended.
pub(crate) type Alive = mpsc::Sender<Infallible>;

/// What is set up, not yet listening.
pub(crate) fn build(
    key: &Keypair,
    limits: &Limits,
    known: &Known,
    alive: Alive,
) -> Result<Swarm<Net>, StartError> {
    let peer = key.public().to_peer_id();
    let (circuits, relayed) = relay::client::new(peer);
    let transport = transport(key, limits, circuits)?;
    let behaviour = behaviour(key, limits, known, relayed);
    Ok(Swarm::new(transport, behaviour, peer, swarm_config(limits, alive)))
}

/// TCP with Noise and yamux, and QUIC, which has both in itself; over a relay Noise and yamux as over
/// TCP, so that the relay reads as little as any router.
fn transport(
    key: &Keypair,
    limits: &Limits,
    circuits: relay::client::Transport,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, StartError> {
    let noise = noise::Config::new(key);
    let noise = noise.map_err(|error| StartError::Encryption { reason: error.to_string() })?;
    let circuits = circuits
        .upgrade(Version::V1Lazy)
        .authenticate(noise.clone())
        .multiplex(muxer())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(muxer())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let quic = quic::tokio::Transport::new(quic_config(quic::Config::new(key), limits))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let direct = tcp.or_transport(quic).map(|either, _| either.into_inner());
    let either = circuits.or_transport(direct).map(|either, _| either.into_inner());
    Ok(TransportTimeout::new(either, limits.open_within).boxed())
}

fn muxer() -> yamux::Config {
    let mut config = yamux::Config::default();
    // Each may have 256 KiB under way until we read more of it.
    config.set_max_num_streams(STREAMS);
    config
}

fn quic_config(mut config: quic::Config, limits: &Limits) -> quic::Config {
    config.handshake_timeout = limits.open_within;
    config.max_idle_timeout = u32::try_from(limits.silent.as_millis()).unwrap_or(u32::MAX);
    config.keep_alive_interval = limits.silent / 3;
    config.max_concurrent_stream_limit = u32::try_from(STREAMS).unwrap_or(u32::MAX);
    config.max_stream_data = STREAM_BYTES;
    config.max_connection_data = CONNECTION_BYTES;
    config
}

fn swarm_config(limits: &Limits, alive: Alive) -> Config {
    let spawn = move |task: Pin<Box<dyn Future<Output = ()> + Send>>| {
        let alive = alive.clone();
        tokio::spawn(async move {
            task.await;
            drop(alive);
        });
    };
    Config::with_executor(spawn)
        .with_idle_connection_timeout(limits.idle)
        .with_max_negotiating_inbound_streams(STREAMS_OPENING)
        .with_dial_concurrency_factor(NonZeroU8::MIN)
        .with_smart_dial()
}

fn behaviour(
    key: &Keypair,
    limits: &Limits,
    known: &Known,
    relayed: relay::client::Behaviour,
) -> Net {
    let connections = ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.opening))
        .with_max_pending_outgoing(Some(limits.opening))
        .with_max_established(Some(limits.connections))
        .with_max_established_per_peer(Some(limits.connections_per_agent));
    let identify = identify::Config::new("mychips".to_owned(), key.public())
        .with_agent_version(concat!("mychips/", env!("CARGO_PKG_VERSION")).to_owned())
        .with_push_listen_addr_updates(true)
        .with_cache_size(0);
    let ping = ping::Config::new().with_interval(limits.silent).with_timeout(limits.silent);
    let versions = VERSIONS.iter().map(|name| (StreamProtocol::new(name), ProtocolSupport::Full));
    let messages = request_response::Config::default()
        .with_request_timeout(exchange(limits))
        .with_max_concurrent_streams(STREAMS);
    let peer = key.public().to_peer_id();
    let relay = (limits.relayed > 0).then(|| {
        let mut relay = relay::Behaviour::new(peer, known.relay(limits));
        // Said once. Where libp2p finds out by itself, and changes its mind while a line over another relay
        // is open, it panics (libp2p-relay 0.22).
        relay.set_status(Some(relay::Status::Enable));
        relay
    });
    let frames = Frames::new(limits.bytes, limits.read_within);
    Net {
        limits: connection_limits::Behaviour::new(connections),
        blocked: allow_block_list::Behaviour::default(),
        ping: ping::Behaviour::new(ping),
        identify: identify::Behaviour::new(identify),
        relay: relay.into(),
        relayed,
        messages: request_response::Behaviour::with_codec(frames, versions, messages),
    }
}
