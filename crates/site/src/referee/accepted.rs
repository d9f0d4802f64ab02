//! Whom this site accepts as referees of lifts that its users take part in: who an administrator says, and nobody else.
//! A site accepts its own agent only where it says so, as any other.

use protocol::address::Endpoint;
use protocol::{AgentId, Units};
use serde::{Deserialize, Serialize};
use store::{Tx, View};

use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::query::administrator;

/// How many referees a site accepts at most.
pub const MAX_ACCEPTED: usize = 64;

/// What a setting begins with that says that an agent is accepted as a referee, and where it answers.
const REFEREE: &str = "referee:";

/// What a setting begins with that says how much may be open under a referee that decides alone, in milli-CHIPs.
const MOST: &str = "referee-most:";

/// What a setting begins with that says where an agent answers that was accepted before: lifts that were promised under it are
/// decided by it all the same.
const DROPPED: &str = "referee-dropped:";

/// How many decide together at least.
const MANY: usize = 4;

/// How much may be open under a referee that decides alone, in milli-CHIPs, where an administrator says nothing and accepts
/// fewer than four: one that is gone for good locks no more than that.
pub const MAX_SOLE_MILLI: i64 = 1_000_000;

/// An agent that is accepted as a referee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Who it is.
    pub agent: AgentId,
    /// Where it answers, as an administrator says.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::words::place")]
    pub endpoint: Option<Endpoint>,
    /// How much may be open here at once under it alone.
    pub most: Units,
}

fn key(agent: AgentId) -> String {
    format!("{REFEREE}{agent}")
}

/// Whether an agent is accepted as a referee.
pub(crate) async fn is_accepted(view: &mut View, agent: AgentId) -> Result<bool, SiteError> {
    Ok(view.setting(&key(agent)).await?.is_some())
}

/// An agent is accepted as a referee no more.
pub(crate) async fn no_referee(tx: &mut Tx, agent: AgentId) -> Result<(), SiteError> {
    tx.set(&key(agent), None).await?;
    tx.set(&format!("{MOST}{agent}"), None).await?;
    Ok(())
}

/// How much may be open at once under an accepted referee that decides alone. Whoever proposes a lift chooses among those that
/// all accept: so where four are accepted, of whom one may lie, one alone decides only where an administrator says for how
/// much.
pub(crate) async fn sole_most(view: &mut View, agent: AgentId) -> Result<Units, SiteError> {
    let said = view.setting(&format!("{MOST}{agent}")).await?;
    Ok(match said.and_then(|milli| milli_of(&milli)) {
        Some(most) => most,
        None if accepted(view).await?.len() >= MANY => Units::ZERO,
        None => Units::new(MAX_SOLE_MILLI).unwrap_or(Units::ZERO),
    })
}

fn milli_of(text: &str) -> Option<Units> {
    Units::new(text.parse().ok()?).ok()
}

/// Where an agent that is accepted as a referee, or was, answers, as far as is known.
pub(crate) async fn place_of_referee(
    view: &mut View,
    agent: AgentId,
) -> Result<Option<Endpoint>, SiteError> {
    let place = match view.setting(&key(agent)).await? {
        None => view.setting(&format!("{DROPPED}{agent}")).await?,
        place => place,
    };
    Ok(place.and_then(|place| place.parse().ok()))
}

/// All that are accepted, by name, with where they answer as far as an administrator said.
pub(crate) async fn accepted(
    view: &mut View,
) -> Result<Vec<(AgentId, Option<Endpoint>)>, SiteError> {
    let settings = view.settings().await?;
    let accepted = settings.into_iter().filter_map(|(key, place)| {
        let agent = key.strip_prefix(REFEREE)?.parse().ok()?;
        Some((agent, place.parse().ok()))
    });
    Ok(accepted.collect())
}

impl Site {
    /// The agents that this site accepts as referees of lifts that its users take part in, by name, with where they
    /// answer as far as an administrator said.
    ///
    /// # Errors
    /// [`SiteError::Store`].
    pub async fn accepted_referees(&self) -> Result<Vec<(AgentId, Option<Endpoint>)>, SiteError> {
        accepted(&mut self.store.read().await?).await
    }

    /// The same, as an administrator sees it.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`], [`SiteError::Store`].
    pub async fn referees(&self, caller: &Caller) -> Result<Vec<Accepted>, SiteError> {
        administrator(caller)?;
        let mut view = self.store.read().await?;
        let mut all = Vec::new();
        for (agent, endpoint) in accepted(&mut view).await? {
            all.push(Accepted { agent, endpoint, most: sole_most(&mut view, agent).await? });
        }
        Ok(all)
    }

    /// An administrator accepts a referee, or says anew where it answers, and how much may be open under it alone; where
    /// nothing is said of that, it stays as it was.
    pub(crate) async fn accept_referee(
        &self,
        tx: &mut Tx,
        agent: AgentId,
        endpoint: Option<&Endpoint>,
        most: Option<Units>,
    ) -> Result<(), SiteError> {
        if !is_accepted(tx, agent).await? && accepted(tx).await?.len() >= MAX_ACCEPTED {
            return Err(SiteError::TooManyReferees);
        }
        let place = endpoint.map(ToString::to_string).unwrap_or_default();
        tx.set(&key(agent), Some(&place)).await?;
        tx.set(&format!("{DROPPED}{agent}"), None).await?;
        if let Some(most) = most {
            let milli = most.max(Units::ZERO).milli().to_string();
            tx.set(&format!("{MOST}{agent}"), Some(&milli)).await?;
        }
        Ok(())
    }

    /// An administrator accepts a referee no longer: lifts that were promised under it are decided by it all the same.
    pub(crate) async fn drop_referee(&self, tx: &mut Tx, agent: AgentId) -> Result<(), SiteError> {
        let place = tx.setting(&key(agent)).await?.ok_or(SiteError::NoReferee(agent))?;
        if !place.is_empty() {
            tx.set(&format!("{DROPPED}{agent}"), Some(&place)).await?;
        }
        no_referee(tx, agent).await
    }
}
