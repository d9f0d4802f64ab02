//! The multiaddr spelling of a CHIP address: `/dns/host/tcp/8421/p2p/AGENT/chip/suzie`, through a relay
//! `/dns/host/tcp/8421/p2p/RELAY/p2p-circuit/p2p/AGENT/chip/suzie`.
//! Only the parts that such an address needs are known; the other spellings are in `mod.rs`.

use super::endpoint::{ip4, ip6, port};
use super::{AddressError, ChipAddress, Endpoint, Host, Transport};
use crate::ids::AgentId;
use crate::text::excerpt;

pub(super) fn print(address: &ChipAddress) -> String {
    let place = address.endpoint.as_ref().map(|endpoint| {
        let host = match &endpoint.host {
            Host::Dns(name) => format!("/dns/{}", name.as_str()),
            Host::Ip4(ip) => format!("/ip4/{ip}"),
            Host::Ip6(ip) => format!("/ip6/{ip}"),
        };
        let place = match endpoint.transport {
            Transport::Tcp => format!("{host}/tcp/{}", endpoint.port),
            Transport::Quic => format!("{host}/udp/{}/quic-v1", endpoint.port),
        };
        match endpoint.relay {
            None => place,
            Some(relay) => format!("{place}/p2p/{relay}/p2p-circuit"),
        }
    });
    format!("{}/p2p/{}/chip/{}", place.unwrap_or_default(), address.agent, address.cuid)
}

pub(super) fn parse(text: &str) -> Result<ChipAddress, AddressError> {
    let mut parts = text.split('/').skip(1);
    let mut next = || parts.next().unwrap_or_default();
    let refuse = |found: &str, expected| AddressError::Part { found: excerpt(found, 80), expected };

    let first = next();
    let host = match first {
        "p2p" => None,
        "dns" | "dns4" | "dns6" => Some(Host::Dns(next().parse()?)),
        "ip4" => Some(Host::Ip4(ip4(next())?)),
        "ip6" => Some(Host::Ip6(ip6(next())?)),
        found => return Err(refuse(found, "dns, ip4, ip6 or p2p")),
    };
    let place = match host {
        None => None,
        Some(host) => {
            let carrier = next();
            let port = port(next())?;
            let transport = match carrier {
                "tcp" => Transport::Tcp,
                "udp" => match next() {
                    "quic-v1" => Transport::Quic,
                    found => return Err(refuse(found, "quic-v1")),
                },
                found => return Err(refuse(found, "tcp or udp")),
            };
            match next() {
                "p2p" => Some(Endpoint { host, port, transport, relay: None }),
                found => return Err(refuse(found, "p2p")),
            }
        }
    };
    let first = next().parse::<AgentId>()?;
    let (agent, endpoint) = match (next(), place) {
        ("chip", place) => (first, place),
        ("p2p-circuit", Some(place)) => {
            match next() {
                "p2p" => {}
                found => return Err(refuse(found, "p2p")),
            }
            let agent = next().parse()?;
            match next() {
                "chip" => (agent, Some(Endpoint { relay: Some(first), ..place })),
                found => return Err(refuse(found, "chip")),
            }
        }
        (found, _) => return Err(refuse(found, "chip")),
    };
    let cuid = next().parse()?;
    match parts.next() {
        None => Ok(ChipAddress { cuid, agent, endpoint }),
        Some(found) => Err(refuse(found, "the end")),
    }
}
