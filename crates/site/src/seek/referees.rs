//! Under whom users here let lifts be decided, as far as searches ask.

use protocol::AgentId;
use protocol::bounded::List;
use protocol::lift::MAX_REFEREES;
use store::View;

use crate::door::Site;
use crate::error::SiteError;
use crate::referee::accepted;

impl Site {
    /// Those that are accepted here, in order; at most as many as a lift may have: the first ones. Not this site itself, as
    /// long as it may have judged what is proposed now, and forgotten: it would say nothing, and all would wait.
    pub(super) async fn referees_now(
        &self,
        view: &mut View,
    ) -> Result<List<AgentId, MAX_REFEREES>, SiteError> {
        let is_silent = self.may_have_forgotten(view, self.clock.now()).await?.is_some();
        let all = accepted(view).await?.into_iter().map(|(agent, _)| agent);
        let mut referees: Vec<AgentId> =
            all.filter(|agent| !is_silent || *agent != self.agent).collect();
        referees.sort_unstable();
        referees.truncate(MAX_REFEREES);
        Ok(List::new(referees).unwrap_or_default())
    }
}
