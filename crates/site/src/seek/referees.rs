//! Under whom users here let lifts be decided, as far as searches ask.

use protocol::AgentId;
use protocol::bounded::List;
use protocol::lift::MAX_REFEREES;
use store::View;

use crate::error::SiteError;

/// What a setting begins with that says that a referee is accepted.
const REFEREE: &str = "referee:";

/// Those that are accepted here, in order; at most as many as a lift may have: the first ones.
pub(crate) async fn accepted(view: &mut View) -> Result<List<AgentId, MAX_REFEREES>, SiteError> {
    let settings = view.settings().await?.into_iter();
    let named = settings.filter_map(|(key, _)| key.strip_prefix(REFEREE)?.parse().ok());
    let mut referees: Vec<AgentId> = named.collect();
    referees.sort_unstable();
    referees.dedup();
    referees.truncate(MAX_REFEREES);
    Ok(List::new(referees).unwrap_or_default())
}
