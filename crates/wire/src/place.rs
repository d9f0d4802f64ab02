//! Places: endpoints of the protocol as libp2p writes them, and which of the places that an agent says
//! it answers at are believed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use libp2p_core::Multiaddr;
use libp2p_core::multiaddr::Protocol as Part;
use protocol::address::{Endpoint, Host, Transport};

use crate::identity;

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address and the port; port 0 takes one that is free.
    pub address: SocketAddr,
    /// Over what.
    pub transport: Transport,
}

impl Listen {
    /// On this machine only, at a free port.
    #[must_use]
    pub const fn loopback(transport: Transport) -> Self {
        Self { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), transport }
    }

    pub(crate) fn multiaddr(self) -> Multiaddr {
        multiaddr(self.address, self.transport)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "TCP",
            Transport::Quic => "QUIC",
        };
        write!(f, "{} ({transport})", self.address)
    }
}

/// An address as libp2p writes it.
pub(crate) fn multiaddr(address: SocketAddr, transport: Transport) -> Multiaddr {
    let start = Multiaddr::from(address.ip());
    match transport {
        Transport::Tcp => start.with(Part::Tcp(address.port())),
        Transport::Quic => start.with(Part::Udp(address.port())).with(Part::QuicV1),
    }
}

/// The number of a host that is no name.
pub(crate) const fn number(host: &Host) -> Option<IpAddr> {
    match host {
        Host::Dns(_) => None,
        Host::Ip4(ip) => Some(IpAddr::V4(*ip)),
        Host::Ip6(ip) => Some(IpAddr::V6(*ip)),
    }
}

/// The endpoint at a number.
pub(crate) const fn endpoint(ip: IpAddr, port: u16, transport: Transport) -> Endpoint {
    let host = match ip {
        IpAddr::V4(ip) => Host::Ip4(ip),
        IpAddr::V6(ip) => Host::Ip6(ip),
    };
    Endpoint { host, port, transport, relay: None }
}

/// A place as libp2p calls it; none for names.
pub(crate) fn dialled(place: &Endpoint) -> Option<Multiaddr> {
    let direct = multiaddr((number(&place.host)?, place.port).into(), place.transport);
    match place.relay {
        None => Some(direct),
        Some(relay) => Some(direct.with(Part::P2p(identity::peer(relay)?)).with(Part::P2pCircuit)),
    }
}

/// The endpoint that an address of libp2p's is; none for other transports, names, relays of relays and
/// port 0.
pub(crate) fn read(address: &Multiaddr) -> Option<Endpoint> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Part::Ip4(ip) => IpAddr::V4(ip),
        Part::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    let (port, transport) = match parts.next()? {
        Part::Tcp(port) => (port, Transport::Tcp),
        Part::Udp(port) if parts.next()? == Part::QuicV1 => (port, Transport::Quic),
        _ => return None,
    };
    let relay = match (parts.next(), parts.next()) {
        (None | Some(Part::P2p(_)), None) => None,
        (Some(Part::P2p(relay)), Some(Part::P2pCircuit)) => Some(identity::agent(&relay)?),
        _ => return None,
    };
    let ends = match parts.next() {
        None => true,
        Some(Part::P2p(_)) => relay.is_some() && parts.next().is_none(),
        Some(_) => false,
    };
    (ends && port != 0).then(|| Endpoint { relay, ..endpoint(ip, port, transport) })
}

/// How far an address reaches. What an agent says of itself is believed only where it reaches at
/// least as far as the address that the agent was met at: nobody far away has us knock on doors of
/// this machine or this house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    Machine,
    Link,
    House,
    World,
}

/// How far an address reaches; none for those at which nobody answers.
pub(crate) fn reach(ip: IpAddr) -> Option<Reach> {
    match ip {
        IpAddr::V4(ip) => reach4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => reach4(ip),
            None => reach6(ip),
        },
    }
}

/// Whether a number leads to this machine itself, no farther than its cable, or nowhere: nobody far away has us
/// knock there.
#[must_use]
pub fn is_at_hand(ip: IpAddr) -> bool {
    reach(ip).is_none_or(|reach| reach < Reach::House)
}

fn reach4(ip: Ipv4Addr) -> Option<Reach> {
    let [a, b, ..] = ip.octets();
    if ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || a == 0 || a >= 240 {
        None
    } else if ip.is_loopback() {
        Some(Reach::Machine)
    } else if ip.is_link_local() {
        Some(Reach::Link)
    } else if ip.is_private() || (a == 100 && (64..128).contains(&b)) {
        Some(Reach::House)
    } else {
        Some(Reach::World)
    }
}

fn reach6(ip: Ipv6Addr) -> Option<Reach> {
    if ip.is_unspecified() || ip.is_multicast() {
        None
    } else if ip.is_loopback() {
        Some(Reach::Machine)
    } else if ip.is_unicast_link_local() {
        Some(Reach::Link)
    } else if ip.is_unique_local() {
        Some(Reach::House)
    } else {
        Some(Reach::World)
    }
}

/// Which of the places that an agent says it answers at are believed, where it was met at `met`.
pub(crate) fn believed(said: &[Multiaddr], met: IpAddr, most: usize) -> Vec<Endpoint> {
    let Some(met) = reach(met) else { return Vec::new() };
    let places = said.iter().filter_map(read);
    let near_enough =
        |place: &Endpoint| number(&place.host).and_then(reach).is_some_and(|reach| reach >= met);
    places.filter(near_enough).take(most).collect()
}

/// The number in an address of libp2p's.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Part::Ip4(ip) => Some(IpAddr::V4(ip)),
        Part::Ip6(ip) => Some(IpAddr::V6(ip)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::Signer as _;

    use super::*;

    fn places() -> impl Strategy<Value = Endpoint> {
        let transport = prop_oneof![Just(Transport::Tcp), Just(Transport::Quic)];
        let relay = prop::option::of(any::<[u8; 32]>());
        (any::<IpAddr>(), 1..=u16::MAX, transport, relay).prop_map(
            |(ip, port, transport, relay)| {
                let relay = relay.map(|seed| {
                    let key = protocol::SecretKey::ed25519(&seed).public_key();
                    protocol::AgentId::of(&key).unwrap()
                });
                Endpoint { relay, ..endpoint(ip, port, transport) }
            },
        )
    }

    proptest! {
        #[test]
        fn a_place_is_read_as_it_is_written(place in places()) {
            let ip = number(&place.host).unwrap();
            let written = dialled(&place).unwrap();
            prop_assert_eq!(super::ip(&written), Some(ip));
            prop_assert_eq!(read(&written), Some(place.clone()));
            // With whom it is for, as libp2p writes it once it is called.
            let whom = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2".parse().unwrap();
            prop_assert_eq!(read(&written.clone().with(Part::P2p(whom))), Some(place));
            // A relay without a name, and a relay of a relay.
            prop_assert_eq!(read(&written.clone().with(Part::P2pCircuit)), None);
            let twice = written.with(Part::P2p(whom)).with(Part::P2pCircuit);
            prop_assert_eq!(read(&twice).is_some(), twice.iter().count() <= 5);
        }

        #[test]
        fn whoever_is_met_in_the_world_names_no_near_places(place in places()) {
            let ip = number(&place.host).unwrap();
            let said = [dialled(&place).unwrap()];
            let met = "8.8.8.8".parse().unwrap();
            let believed = believed(&said, met, 4);
            prop_assert_eq!(believed.len() == 1, reach(ip) == Some(Reach::World));
        }
    }

    #[test]
    fn near_places_are_believed_of_neighbours_only() {
        let said: Vec<Multiaddr> = [
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/169.254.1.1/tcp/2",
            "/ip4/192.168.1.1/tcp/3",
            "/ip6/fd00::1/udp/4/quic-v1",
            "/ip4/9.9.9.9/tcp/5",
            "/ip4/0.0.0.0/tcp/6",
            "/ip4/9.9.9.9/tcp/0",
            "/dns/example/tcp/7",
            "/ip6/::ffff:127.0.0.1/tcp/8",
        ]
        .map(|text| text.parse().unwrap())
        .into();
        let ports = |met: &str| -> Vec<u16> {
            let places = believed(&said, met.parse().unwrap(), 9);
            places.iter().map(|place| place.port).collect()
        };
        assert_eq!(ports("127.0.0.1"), [1, 2, 3, 4, 5, 8]);
        assert_eq!(ports("10.1.2.3"), [3, 4, 5]);
        assert_eq!(ports("1.1.1.1"), [5]);
        assert_eq!(believed(&said, "127.0.0.1".parse().unwrap(), 2).len(), 2);
    }
}
