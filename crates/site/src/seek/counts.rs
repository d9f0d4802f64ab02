//! What is counted of searches since the site began, for administrators.

use clearing::Counts;

use crate::door::Site;

/// Counts since the site began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchCounts {
    /// What the machine counts: asked, advertised, answered, refused by reason, strays.
    pub seeker: Counts,
    /// Errands about ways that nobody looked at, as too many waited.
    pub dropped: u64,
    /// Errands about ways from agents that are no partners now: no tally with one of their users may lift.
    pub strangers: u64,
    /// How many plans that were answered to others are remembered now.
    pub plans: usize,
}

impl Site {
    /// What was counted of searches since the site began.
    #[must_use]
    pub fn search_counts(&self) -> SearchCounts {
        self.known.seeking.counts()
    }
}
