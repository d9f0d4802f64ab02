//! Questions to other sites: for the invitation that a link leads to. Asked by a site that is served, or once by
//! a command at one that is not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use agent::Near;
use protocol::address::Endpoint;
use protocol::{AgentId, Hash, SecretKey};
use site::{Asks, Site, Unsent};
use wire::{Inbox, Kind, NotSent, Refused, Wire};

use super::peers::usual;
use crate::failure::Failure;

/// How long a question may take: whoever asked waits for it.
const WITHIN: Duration = Duration::from_secs(15);

/// Asks over a wire.
pub(super) struct Asker(pub(super) Wire, pub(super) Near);

impl Asks for Asker {
    fn invitation<'a>(
        &'a self,
        to: AgentId,
        at: &'a Endpoint,
        token: Hash,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Unsent>> + Send + 'a>> {
        Box::pin(async move {
            if !self.1.may_be_asked(at) {
                return Err(Unsent::Later(format!("{at} is on this machine itself")));
            }
            let (at, token) = (std::slice::from_ref(at), token.to_string());
            let asked = self.0.send(to, at, Kind::Invitation, token.as_bytes(), WITHIN).await;
            asked.map_err(|error| match error {
                NotSent::Refused { reason, .. } => Unsent::Refused(reason),
                error => Unsent::Later(error.to_string()),
            })
        })
    }
}

/// Takes nothing: it is there to ask only.
struct Nobody;

impl Inbox for Nobody {
    async fn knows(&self, _: AgentId) -> Result<bool, Refused> {
        Ok(false)
    }

    async fn receive(&self, _: AgentId, _: Kind, _: Vec<u8>) -> Result<Vec<u8>, Refused> {
        Err(Refused::Later("this site is not served now".to_owned()))
    }
}

/// While `what` runs, a site that is not served can ask others.
pub(crate) async fn asking<T>(
    site: &Site,
    key: &SecretKey,
    near: Near,
    what: impl Future<Output = T>,
) -> Result<T, Failure> {
    let wire = Wire::start(key, &[], usual(near), Arc::new(Nobody)).await;
    let wire = wire.map_err(|error| Failure::peers(&error))?;
    site.asks_over(Some(Arc::new(Asker(wire.clone(), near))));
    let done = what.await;
    site.asks_over(None);
    wire.shutdown().await;
    Ok(done)
}
