//! A peer with a real key and real connections that writes whatever bytes it is told to.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use libp2p_core::muxing::StreamMuxerBox;
use libp2p_core::upgrade::Version;
use libp2p_core::{Multiaddr, Transport as _};
use libp2p_identity::Keypair;
use libp2p_identity::PeerId;
use libp2p_request_response::{Behaviour, Codec, Config, Event, Message, ProtocolSupport};
use libp2p_swarm::StreamProtocol;
use libp2p_swarm::dial_opts::DialOpts;
use libp2p_swarm::{NetworkBehaviour, Swarm, SwarmEvent};
use protocol::AgentId;
use protocol::address::{Endpoint, Host, Transport};

use crate::sites::Site;

/// What is written on a stream, and whether the stream ends then.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: bool,
}

/// A frame, written out by hand: kind, length, bytes.
pub(crate) fn frame(kind: u8, length: u32, bytes: &[u8]) -> Said {
    let bytes = [&[kind], &length.to_be_bytes()[..], bytes].concat();
    Said { bytes, ends: true }
}

#[derive(Clone)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Said;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Said>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(Said { bytes, ends: true })
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        said: Said,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&said.bytes).await?;
        io.flush().await?;
        if !said.ends {
            futures::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }
}

/// What speaks these versions.
pub(crate) fn talk(versions: &[&'static str], within: Duration) -> Behaviour<Raw> {
    let versions = versions.iter().map(|name| (StreamProtocol::new(name), ProtocolSupport::Full));
    let config = Config::default().with_request_timeout(within);
    Behaviour::with_codec(Raw, versions, config)
}

/// libp2p with the key of this number, over TCP and QUIC, whose connections stay as long as it does.
pub(crate) fn swarm<B: NetworkBehaviour>(n: u8, behaviour: impl FnOnce(&Keypair) -> B) -> Swarm<B> {
    let key = Keypair::ed25519_from_bytes([n; 32]).unwrap();
    let tcp = libp2p_tcp::tokio::Transport::new(libp2p_tcp::Config::default())
        .upgrade(Version::V1Lazy)
        .authenticate(libp2p_noise::Config::new(&key).unwrap())
        .multiplex(libp2p_yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let quic = libp2p_quic::tokio::Transport::new(libp2p_quic::Config::new(&key))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let both = tcp.or_transport(quic).map(|either, _| either.into_inner()).boxed();
    let config = libp2p_swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(60 * crate::sites::LONG);
    Swarm::new(both, behaviour(&key), key.public().to_peer_id(), config)
}

/// The peer.
pub(crate) struct Rough {
    swarm: Swarm<Behaviour<Raw>>,
}

impl Rough {
    /// One that speaks these versions, and waits as long as a test does.
    pub(crate) fn speaking(n: u8, versions: &[&'static str]) -> Self {
        Self::waiting(n, versions, crate::sites::LONG)
    }

    /// One that waits for a second only: what it does not end, nobody ends for it.
    pub(crate) fn impatient(n: u8) -> Self {
        Self::waiting(n, &["/mychips/1"], Duration::from_secs(1))
    }

    fn waiting(n: u8, versions: &[&'static str], within: Duration) -> Self {
        Self { swarm: swarm(n, |_| talk(versions, within)) }
    }

    pub(crate) fn new(n: u8) -> Self {
        Self::speaking(n, &["/mychips/1"])
    }

    /// Says all of it at once, each on a stream of its own, and gives what is answered to each: or
    /// nothing, where the connection does not come about, or ends before.
    pub(crate) async fn say(&mut self, to: &Site, all: Vec<Said>) -> Vec<Option<Vec<u8>>> {
        let peer = peer(to.agent());
        if !self.swarm.is_connected(&peer) && !self.dial(peer, &to.at()[0]).await {
            return vec![None; all.len()];
        }
        let mut places = BTreeMap::new();
        let mut answers = vec![None; all.len()];
        for (place, said) in all.into_iter().enumerate() {
            let id = self.swarm.behaviour_mut().send_request(&peer, said);
            places.insert(id, place);
        }
        while !places.is_empty() {
            let SwarmEvent::Behaviour(event) = self.swarm.select_next_some().await else {
                continue;
            };
            match event {
                Event::Message { message: Message::Response { request_id, response }, .. } => {
                    let place = places.remove(&request_id).unwrap();
                    // Closed without a word.
                    answers[place] = Some(response).filter(|bytes| !bytes.is_empty());
                }
                Event::OutboundFailure { request_id, .. } => {
                    places.remove(&request_id);
                }
                _ => {}
            }
        }
        answers
    }

    async fn dial(&mut self, peer: PeerId, at: &Endpoint) -> bool {
        let opts = DialOpts::peer_id(peer).addresses(vec![multiaddr(at)]).allocate_new_port();
        let opts = opts.build();
        let id = opts.connection_id();
        self.swarm.dial(opts).unwrap();
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { connection_id, .. } if connection_id == id => {
                    return true;
                }
                SwarmEvent::OutgoingConnectionError { connection_id, .. }
                    if connection_id == id =>
                {
                    return false;
                }
                _ => {}
            }
        }
    }

    /// Answers every message with the same bytes from now on; says where.
    pub(crate) async fn answering(mut self, bytes: Vec<u8>) -> Endpoint {
        self.swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let port = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = self.swarm.select_next_some().await {
                break address.to_string().rsplit_once('/').unwrap().1.parse::<u16>().unwrap();
            }
        };
        tokio::spawn(async move {
            loop {
                let event = self.swarm.select_next_some().await;
                if let SwarmEvent::Behaviour(Event::Message {
                    message: Message::Request { channel, .. },
                    ..
                }) = event
                {
                    let _ = self.swarm.behaviour_mut().send_response(channel, bytes.clone());
                }
            }
        });
        format!("127.0.0.1:{port}").parse().unwrap()
    }
}

fn peer(agent: AgentId) -> PeerId {
    agent.to_string().parse().unwrap()
}

fn multiaddr(at: &Endpoint) -> Multiaddr {
    let Host::Ip4(ip) = at.host else { panic!("{at}") };
    match at.transport {
        Transport::Tcp => format!("/ip4/{ip}/tcp/{}", at.port),
        Transport::Quic => format!("/ip4/{ip}/udp/{}/quic-v1", at.port),
    }
    .parse()
    .unwrap()
}
