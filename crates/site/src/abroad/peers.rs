//! Other agents as an administrator sees them: where they answer, and what waits for them.

use protocol::AgentId;
use protocol::address::Endpoint;
use serde::{Deserialize, Serialize};
use store::{Tx, Whom};

use super::{AGENT, agent_key};
use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::query::administrator;

/// Another agent that is known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Who it is.
    pub agent: AgentId,
    /// Where it answers, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::words::place")]
    pub endpoint: Option<Endpoint>,
    /// How many letters wait for it.
    pub letters: u64,
}

impl Site {
    /// Agents that are known here, by name; at most so many, those after one.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::Store`].
    pub async fn peers(
        &self,
        caller: &Caller,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<Peer>, SiteError> {
        administrator(caller)?;
        let mut view = self.store.read().await?;
        let after = after.map(|agent| agent.to_string());
        let known = view.settings().await?.into_iter().filter_map(|(key, place)| {
            let name = key.strip_prefix(AGENT)?;
            let later = after.as_deref().is_none_or(|after| name > after);
            later.then_some(())?;
            Some((name.parse::<AgentId>().ok()?, place.parse().ok()))
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut peers = Vec::new();
        for (agent, endpoint) in known.take(limit) {
            let letters = view.waiting_for(&Whom::Only(agent)).await?;
            peers.push(Peer { agent, endpoint, letters });
        }
        Ok(peers)
    }

    /// An administrator says where an agent answers: it is asked there at once. A name that nobody here has
    /// dealings with is a mistake, unless it is said to be new: whoever is known is listened to.
    pub(crate) async fn find_at(
        &self,
        tx: &mut Tx,
        agent: AgentId,
        endpoint: Option<&Endpoint>,
        new: bool,
    ) -> Result<(), SiteError> {
        if self.is_ours(&agent) {
            return Err(SiteError::NotAllowed { who: "an administrator, of another site" });
        }
        let known = tx.setting(&agent_key(agent)).await?.is_some()
            || tx.waiting_for(&Whom::Only(agent)).await? > 0;
        if !known && !new {
            return Err(SiteError::NoDealings(agent));
        }
        let place = endpoint.map(ToString::to_string).unwrap_or_default();
        tx.set(&agent_key(agent), Some(&place)).await?;
        tx.hasten(&agent, self.clock.now()).await?;
        self.abroad.answered(agent);
        Ok(())
    }
}
