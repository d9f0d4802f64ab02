//! What becomes of searches when a site numbers its users and gates anew: all that the machine remembers names them
//! by number, so it is forgotten.

use protocol::AgentId;
use protocol::query::{Said, Why};

use super::dead::DeadEnds;
use super::{Effect, Origin, SearchId, Seeker};

impl Seeker {
    /// Whether nothing is remembered that time could end: no query, no search, no advert, no plan.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sessions.is_empty() && self.kept.is_empty()
    }

    /// From now on the numbers of users, gates and hops mean others: forgets everything that names them. Searches
    /// under way end without result, and whoever waits for an answer is told that it may ask again later. What
    /// partners have used of their allowances stays, and so do the counts.
    pub fn renumber(&mut self) -> Vec<Effect> {
        let sessions = std::mem::take(&mut self.sessions).into_iter();
        let open = sessions.flat_map(|(session, known)| {
            known.open.into_iter().map(move |(nonce, open)| (session, nonce, open))
        });
        let waiting: Vec<(AgentId, _, u32)> = open
            .filter(|(.., open)| !open.is_over)
            .filter_map(|(session, nonce, open)| match open.origin {
                Origin::Partner(agent) => Some((agent, (session, nonce), open.used())),
                Origin::Own(_) => None,
            })
            .collect();
        let searches: Vec<SearchId> = std::mem::take(&mut self.searches).into_keys().collect();
        self.remembered.clear();
        self.kept.clear();
        self.expiring.clear();
        self.ends = DeadEnds::default();
        let busy = || Said::Refused(Why::Busy);
        let answers = waiting.into_iter();
        let mut effects: Vec<Effect> =
            answers.map(|(to, asked, used)| self.answer(to, asked, used, busy())).collect();
        let over = searches.into_iter();
        effects.extend(over.map(|search| Effect::NotFound { search, why: Why::Busy }));
        effects
    }
}
