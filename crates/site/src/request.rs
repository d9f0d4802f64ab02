//! Who asks: a user proves itself by a request that it signed; and whether the site is there at all.

use protocol::record::Record;
use protocol::request::Request;
use protocol::{AgentId, PublicKey, SignatureFault, Timestamp};
use serde::{Deserialize, Serialize};

use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;
use crate::rekey;

/// How far the date of a request may be from the time here, either way, in milliseconds: room for
/// clocks that nobody sets. Within it a request that was overheard may be shown again: a command is
/// done once under its name, and a question answered again tells its own user's device no more.
pub const REQUEST_WINDOW_MS: i64 = 5 * 60_000;

/// That a site is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Its agent.
    pub agent: AgentId,
    /// The agents that it was before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<AgentId>,
    /// The number of its store's schema.
    pub schema: u64,
    /// How often the store was restored from a backup: in a new epoch a device looks whether it has to
    /// bring something back.
    pub epoch: u64,
    /// When the backup was made that it was restored from last; none where it never was.
    pub went_back_to: Option<Timestamp>,
}

impl Site {
    /// The user who signed a request, by the key that it has here now, or by one that it had before
    /// an administrator gave it another cert. A suspended user is known
    /// still: what it may not do is decided with each command.
    ///
    /// # Errors
    /// [`SiteError::OtherAgent`], [`SiteError::Date`], [`SiteError::NoUser`],
    /// [`SiteError::Unsigned`]; [`SiteError::Store`].
    pub async fn caller(&self, request: &Request) -> Result<Caller, SiteError> {
        if request.agent != self.agent {
            let (named, site) = (request.agent, self.agent);
            return Err(SiteError::OtherAgent { named, site });
        }
        let now = self.clock.now();
        if now.ms().abs_diff(request.date.ms()) > REQUEST_WINDOW_MS.unsigned_abs() {
            return Err(SiteError::Date { date: request.date, now });
        }
        let mut view = self.store.read().await?;
        let user = view.user(&request.cuid).await?;
        let key = user.ok_or_else(|| SiteError::NoUser(request.cuid.clone()))?.key;
        let unsigned = || SiteError::Unsigned { user: request.cuid.clone() };
        let key: PublicKey = protocol::json::parse(key.ok_or_else(unsigned)?.as_bytes())?.read()?;
        match request.check_signature("the user", &key, request.sign.as_ref()) {
            Ok(()) => return Ok(Caller::User(request.cuid.clone())),
            Err(SignatureFault::Record(error)) => return Err(error.into()),
            Err(_) => {}
        }
        for key in rekey::former(&mut view, &request.cuid).await? {
            if request.check_signature("the user", &key, request.sign.as_ref()).is_ok() {
                return Ok(Caller::Former(request.cuid.clone()));
            }
        }
        Err(unsigned())
    }

    /// Whether the store answers, and what it says about itself.
    ///
    /// # Errors
    /// [`SiteError::Store`].
    pub async fn health(&self) -> Result<Health, SiteError> {
        let mut view = self.store.read().await?;
        let meta = view.meta().await?;
        let went_back_to = self.went_back_to(&mut view).await?;
        let former = self.former_agents().to_vec();
        Ok(Health {
            agent: self.agent,
            former,
            schema: meta.schema,
            epoch: meta.epoch,
            went_back_to,
        })
    }
}
