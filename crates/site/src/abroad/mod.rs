//! Other agents: letters go to them over a transport (`deliver.rs`) until they are taken or rightly refused,
//! and what they send is heard (`hear.rs`). Here is who they are, and where they answer; `peers.rs` shows that to an
//! administrator; `agents.rs` remembers who fails, and whose notes are refused; `errands.rs` is what
//! goes without a letter, and may be lost.

mod agents;
mod deliver;
mod errands;
mod hear;
mod peers;

use std::sync::PoisonError;

use protocol::AgentId;
use protocol::address::Endpoint;
use store::{Tx, View, Whom};

pub(crate) use self::agents::Agents;
pub(crate) use self::deliver::unheard;
pub use self::deliver::{Carried, MOST_BACK};
pub(crate) use self::errands::Errands;
pub use self::errands::{MAX_ERRANDS, Outgoing};
pub(crate) use self::hear::fate;
pub use self::peers::Peer;
use crate::door::Site;
use crate::error::SiteError;
use crate::referee::is_accepted;

impl Site {
    /// Where this agent answers, as it is told to others from now on.
    pub fn answers_at(&self, endpoint: Option<Endpoint>) {
        *self.known.answers_at.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    /// Where this agent answers, where it is known.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.known.answers_at.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many letters wait for other agents.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn letters_abroad(&self) -> Result<u64, SiteError> {
        Ok(self.store.read().await?.waiting_for(&Whom::AllBut(vec![self.agent])).await?)
    }

    /// How many notes of other agents were refused since the start.
    #[must_use]
    pub fn notes_refused(&self) -> u64 {
        self.abroad.refused_in_all()
    }

    /// Says in the log whose notes were refused since it was last said: a few lines, however many notes.
    pub(crate) fn tell_refused(&self) {
        let refused = self.abroad.take_refused();
        for (agent, (notes, last)) in &refused.named {
            tracing::info!(%agent, notes, last, "notes of another site were refused");
        }
        if refused.others > 0 {
            tracing::info!(notes = refused.others, "notes of yet other sites were refused");
        }
    }

    /// Whether an agent is known: a user here has a tally with one of its users, or has answered an
    /// invitation of one.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn knows(&self, agent: AgentId) -> Result<bool, SiteError> {
        let mut view = self.store.read().await?;
        Ok(view.setting(&agent_key(agent)).await?.is_some())
    }
}

impl Site {
    /// Whether an agent's words on decisions are waited for, though it may be no partner's: it is accepted as a referee, something is
    /// promised here under it, or it decides with this site what somebody known has asked about. Strangers can bring nobody to be so. That it [is known](Site::knows) does not
    /// follow: nothing else that it says is listened to.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not.
    pub async fn sits_with(&self, agent: AgentId) -> Result<bool, SiteError> {
        if self.known.under_way.is_promised_under(agent) || self.known.bench.sits_with(&agent) {
            return Ok(true);
        }
        is_accepted(&mut self.store.read().await?, agent).await
    }
}

/// What a setting begins with that says that an agent is known, and where it answers.
const AGENT: &str = "agent:";

fn agent_key(agent: AgentId) -> String {
    format!("{AGENT}{agent}")
}

pub(crate) async fn place_of(
    view: &mut View,
    agent: AgentId,
) -> Result<Option<Endpoint>, SiteError> {
    let place = view.setting(&agent_key(agent)).await?;
    Ok(place.and_then(|place| place.parse().ok()))
}

/// Whether users here have dealings with users of an agent.
pub(crate) async fn is_known(view: &mut View, agent: AgentId) -> Result<bool, SiteError> {
    Ok(view.setting(&agent_key(agent)).await?.is_some())
}

/// The agents that users here have dealings with.
pub(crate) async fn known_agents(view: &mut View) -> Result<Vec<AgentId>, SiteError> {
    let settings = view.settings().await?.into_iter();
    Ok(settings.filter_map(|(key, _)| key.strip_prefix(AGENT)?.parse().ok()).collect())
}

/// Keeps that an agent is known, and where an invitation says that it answers, where nothing better is known: who
/// wrote the invitation is not proved to be that agent's user.
pub(crate) async fn remember_invited(
    tx: &mut Tx,
    agent: AgentId,
    place: Option<Endpoint>,
) -> Result<(), SiteError> {
    match place_of(tx, agent).await? {
        Some(_) => Ok(()),
        None => remember_place(tx, agent, place).await,
    }
}

/// Keeps that an agent is known, and where it answers, as it says.
async fn remember_place(
    tx: &mut Tx,
    agent: AgentId,
    place: Option<Endpoint>,
) -> Result<(), SiteError> {
    let key = agent_key(agent);
    let known = tx.setting(&key).await?;
    let said = place.map(|place| place.to_string());
    if known.is_none() || (said.is_some() && said != known) {
        tx.set(&key, Some(&said.unwrap_or_default())).await?;
    }
    Ok(())
}
