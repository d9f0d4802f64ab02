//! CHIP addresses: a user, its agent, and where to reach that agent; three spellings.
//! Hosts and ports are in `endpoint.rs`, the multiaddr spelling in `multiaddr.rs`.

mod endpoint;
mod multiaddr;

pub use endpoint::{DnsName, Endpoint, EndpointError, Host, Transport};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::ids::{AgentId, AgentIdError, Cuid, CuidError};

/// A CHIP address: a user's name, the agent that it is known at, and where to reach that agent.
///
/// | spelling | example |
/// |---|---|
/// | short | `suzie:12D3KooW…` |
/// | link | `chip://suzie:12D3KooW…@chip.example:8421`, QUIC with `?transport=quic` |
/// | multiaddr | `/dns/chip.example/tcp/8421/p2p/12D3KooW…/chip/suzie` |
///
/// Each is read; printed is the link where there is an endpoint, else the short form, and records
/// hold no other. Who somebody is are name and agent alone: the endpoint is a hint that may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChipAddress {
    /// The user's name at its agent.
    pub cuid: Cuid,
    /// The agent, known by its key.
    pub agent: AgentId,
    /// Where the agent answers, as far as known.
    pub endpoint: Option<Endpoint>,
}

/// Why a text is no CHIP address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Longer than [`ChipAddress::MAX_LEN`].
    #[error("address is longer than 512 bytes")]
    TooLong,
    /// None of the three spellings.
    #[error("not an address like suzie:AGENT, chip://suzie:AGENT@host:port or /dns/…/chip/suzie")]
    Form,
    /// The user's name.
    #[error("address: {0}")]
    Cuid(#[from] CuidError),
    /// The agent id.
    #[error("address: {0}")]
    Agent(#[from] AgentIdError),
    /// Host, port or transport.
    #[error("address: {0}")]
    Endpoint(#[from] EndpointError),
    /// A part of a multiaddr that is not known here, or in the wrong place.
    #[error("address: multiaddr has {found:?} where {expected} is needed")]
    Part {
        /// What stands there; empty at the end.
        found: String,
        /// What should.
        expected: &'static str,
    },
}

const SCHEME: &str = "chip://";

impl ChipAddress {
    /// The most bytes of any spelling; the longest parts together need about 400.
    pub const MAX_LEN: usize = 512;

    /// `suzie:AGENT`, without the endpoint.
    pub fn short(&self) -> String {
        format!("{}:{}", self.cuid, self.agent)
    }

    /// Whether both name one user: same name at the same agent, wherever that answers.
    #[must_use]
    pub fn same_user(&self, other: &Self) -> bool {
        self.cuid == other.cuid && self.agent == other.agent
    }

    /// `chip://suzie:AGENT@host:port`, for links and QR codes.
    pub fn link(&self) -> String {
        let short = self.short();
        match &self.endpoint {
            Some(endpoint) => format!("{SCHEME}{short}@{endpoint}"),
            None => format!("{SCHEME}{short}"),
        }
    }

    /// `/dns/host/tcp/8421/p2p/AGENT/chip/suzie`, as peers write addresses.
    pub fn multiaddr(&self) -> String {
        multiaddr::print(self)
    }
}

impl fmt::Display for ChipAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&if self.endpoint.is_some() { self.link() } else { self.short() })
    }
}

impl FromStr for ChipAddress {
    type Err = AddressError;

    /// Reads each of the three spellings.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > Self::MAX_LEN {
            return Err(AddressError::TooLong);
        }
        if text.starts_with('/') {
            return multiaddr::parse(text);
        }
        let (who, endpoint) = match text.strip_prefix(SCHEME) {
            None => (text, None),
            Some(rest) => match rest.split_once('@') {
                None => (rest, None),
                Some((who, endpoint)) => (who, Some(endpoint.parse()?)),
            },
        };
        let (cuid, agent) = who.split_once(':').ok_or(AddressError::Form)?;
        Ok(Self { cuid: cuid.parse()?, agent: agent.parse()?, endpoint })
    }
}

impl Serialize for ChipAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChipAddress {
    /// Reads the printed spelling only, so that a record has one form.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address: Self = text.parse().map_err(serde::de::Error::custom)?;
        let printed = address.to_string();
        if printed != text {
            return Err(serde::de::Error::custom(format_args!(
                "in a record this address is written {printed}"
            )));
        }
        Ok(address)
    }
}
