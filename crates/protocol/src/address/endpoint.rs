//! Where an agent answers: host, port, transport. Spelled `host:port`, as in links.
//! The same in a multiaddr is in `multiaddr.rs`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

use crate::ids::{AgentId, AgentIdError};
use crate::text::excerpt;

/// Where an agent answers: at a machine, or through another agent that relays for it there.
///
/// Written `host:port`, an IPv6 host in brackets; behind it `?transport=quic` for QUIC, and
/// `?relay=AGENT` where that agent answers there and hands on: `host:port?transport=quic&relay=AGENT`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The machine.
    pub host: Host,
    /// The port, never 0; 8421 where nobody chose another.
    pub port: u16,
    /// How to speak to it.
    pub transport: Transport,
    /// The agent that answers there and hands on what is said, which it cannot read; none where
    /// the agent that is meant answers itself.
    pub relay: Option<AgentId>,
}

/// A machine: by name or by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name to look up.
    Dns(DnsName),
    /// An IPv4 address.
    Ip4(Ipv4Addr),
    /// An IPv6 address.
    Ip6(Ipv6Addr),
}

/// A host name: labels of 1 to 63 small letters, digits and inner hyphens, joined by dots, at most
/// 253 bytes; the last label is not a number, so that no name looks like an IPv4 address.
///
/// Names beyond ASCII are written in their `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// How to speak to an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP, what is meant where nothing is said.
    #[default]
    Tcp,
    /// QUIC over UDP.
    Quic,
}

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Not of the form `host:port`.
    #[error("endpoint is not of the form host:port")]
    Form,
    /// Neither a host name nor an IP address.
    #[error("{found:?} is neither a host name in small letters nor an IP address")]
    Host {
        /// What stands there.
        found: String,
    },
    /// An IPv6 address in another than its one spelling (RFC 5952).
    #[error("this IPv6 address is written {spelling}")]
    Ip6Spelling {
        /// The one spelling.
        spelling: Ipv6Addr,
    },
    /// Not a number from 1 to 65535 without leading zeros.
    #[error("{found:?} is not a port from 1 to 65535")]
    Port {
        /// What stands there.
        found: String,
    },
    /// Something else than `?transport=quic` or `?relay=AGENT` behind the port.
    #[error(
        "{found:?} is neither a transport nor a relay; only ?transport=quic and ?relay=AGENT, in \
         this order and joined by &, may follow the port"
    )]
    Transport {
        /// What stands there.
        found: String,
    },
    /// The relay is no agent.
    #[error("relay: {0}")]
    Relay(#[from] AgentIdError),
}

impl DnsName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DnsName {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
        let last_is_number = text.rsplit('.').next().is_some_and(number);
        if text.len() > 253 || !text.split('.').all(label_fits) || last_is_number {
            return Err(EndpointError::Host { found: excerpt(text, 80) });
        }
        Ok(Self(text.to_owned()))
    }
}

/// An IPv4 address, or the reason.
pub(super) fn ip4(text: &str) -> Result<Ipv4Addr, EndpointError> {
    text.parse().map_err(|_| EndpointError::Host { found: excerpt(text, 80) })
}

/// An IPv6 address in its one spelling, or the reason.
pub(super) fn ip6(text: &str) -> Result<Ipv6Addr, EndpointError> {
    let spelling: Ipv6Addr =
        text.parse().map_err(|_| EndpointError::Host { found: excerpt(text, 80) })?;
    if spelling.to_string() != text {
        return Err(EndpointError::Ip6Spelling { spelling });
    }
    Ok(spelling)
}

/// A port, or the reason.
pub(super) fn port(text: &str) -> Result<u16, EndpointError> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let port = if plain { text.parse().ok() } else { None };
    port.ok_or_else(|| EndpointError::Port { found: excerpt(text, 80) })
}

const QUIC: &str = "transport=quic";
const RELAY: &str = "relay=";

/// What stands behind the port.
fn behind(text: &str) -> Result<(Transport, Option<AgentId>), EndpointError> {
    let (transport, rest) = match text.strip_prefix(QUIC) {
        Some("") => return Ok((Transport::Quic, None)),
        Some(rest) => (Transport::Quic, rest.strip_prefix('&')),
        None => (Transport::Tcp, Some(text)),
    };
    let relay = rest.and_then(|rest| rest.strip_prefix(RELAY));
    let relay = relay.ok_or_else(|| EndpointError::Transport { found: excerpt(text, 80) })?;
    Ok((transport, Some(relay.parse()?)))
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (place, (transport, relay)) = match text.split_once('?') {
            None => (text, (Transport::Tcp, None)),
            Some((place, rest)) => (place, behind(rest)?),
        };
        let (host, digits) = place.rsplit_once(':').ok_or(EndpointError::Form)?;
        let host = match host.strip_prefix('[') {
            Some(inner) => Host::Ip6(ip6(inner.strip_suffix(']').ok_or(EndpointError::Form)?)?),
            None => ip4(host).map(Host::Ip4).or_else(|_| host.parse().map(Host::Dns))?,
        };
        Ok(Self { host, port: port(digits)?, transport, relay })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Dns(name) => write!(f, "{}:{}", name.0, self.port)?,
            Host::Ip4(address) => write!(f, "{address}:{}", self.port)?,
            Host::Ip6(address) => write!(f, "[{address}]:{}", self.port)?,
        }
        match (self.transport, self.relay) {
            (Transport::Tcp, None) => Ok(()),
            (Transport::Quic, None) => write!(f, "?{QUIC}"),
            (Transport::Tcp, Some(relay)) => write!(f, "?{RELAY}{relay}"),
            (Transport::Quic, Some(relay)) => write!(f, "?{QUIC}&{RELAY}{relay}"),
        }
    }
}
