//! Under whom users here let lifts be decided, as far as searches ask.

use protocol::AgentId;
use protocol::bounded::List;
use protocol::lift::MAX_REFEREES;
use store::View;

use crate::error::SiteError;

/// Those that are accepted here, in order; at most as many as a lift may have: the first ones.
pub(super) async fn accepted(view: &mut View) -> Result<List<AgentId, MAX_REFEREES>, SiteError> {
    let all = crate::referee::accepted(view).await?.into_iter();
    let mut referees: Vec<AgentId> = all.map(|(agent, _)| agent).collect();
    referees.sort_unstable();
    referees.truncate(MAX_REFEREES);
    Ok(List::new(referees).unwrap_or_default())
}
