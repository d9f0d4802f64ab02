//! Names of hosts, looked up by the system: as other programs of the machine do, `/etc/hosts` included.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::AgentId;
use protocol::address::{DnsName, Endpoint};
use tokio::net::lookup_host;
use tokio::task::JoinError;
use tokio::time::timeout;

use super::Task;
use super::connected::why;
use crate::error::Attempt;
use crate::inbox::Inbox;
use crate::place;

/// The most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// A name that was looked up for an agent.
pub(super) struct Found {
    pub(super) agent: AgentId,
    pub(super) at: Endpoint,
    pub(super) places: Result<Vec<Endpoint>, String>,
}

/// Looks up the name of an endpoint.
pub(super) async fn look_up(
    agent: AgentId,
    name: DnsName,
    at: Endpoint,
    within: Duration,
) -> Found {
    let found = timeout(within, lookup_host((name.as_str(), at.port))).await;
    let places = match found {
        Ok(Ok(addresses)) => {
            let places = addresses.map(|address: SocketAddr| Endpoint {
                relay: at.relay,
                ..place::endpoint(address.ip(), at.port, at.transport)
            });
            Ok(places.take(MAX_ADDRESSES).collect())
        }
        Ok(Err(error)) => Err(why(&error)),
        Err(_) => Err("the name was not found in time".to_owned()),
    };
    Found { agent, at, places }
}

impl<I: Inbox> Task<I> {
    pub(super) fn found(&mut self, found: Result<Found, JoinError>) {
        let Ok(Found { agent, at, places }) = found else {
            // The look-up itself failed, and whose it was is not known: nobody waits for names.
            tracing::error!("looking up a name failed");
            return self.ask_no_more();
        };
        let Some(dial) = self.outgoing.dial(agent) else { return };
        dial.asking = dial.asking.saturating_sub(1);
        match places {
            Ok(places) if places.is_empty() => {
                dial.failed.push(Attempt { at, why: "the name has no address".to_owned() });
            }
            Ok(places) => {
                let at_hand =
                    |place: &Endpoint| place::number(&place.host).is_some_and(place::is_at_hand);
                let (own, far): (Vec<_>, _) = places
                    .into_iter()
                    .partition(|place| !self.limits.names_of_this_machine && at_hand(place));
                if far.is_empty() && !own.is_empty() {
                    let why = "the name leads to this machine itself".to_owned();
                    dial.failed.push(Attempt { at, why });
                }
                dial.places.extend(far);
            }
            Err(why) => dial.failed.push(Attempt { at, why }),
        }
        self.try_next(agent);
    }
}
