//! How an amount is divided among ways that were found: the widest first, each as much as it carries, no two over the
//! same tally here, all under referees that every site on all of them accepts. What they share elsewhere only the sites
//! there know; they say so when the lift is laid out.

use std::collections::BTreeSet;

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::lift::MAX_REFEREES;
use protocol::{AgentId, TallyId, Units};

use crate::seek::Planned;

/// What is left to be divided.
pub(super) struct Division {
    /// What has yet to arrive.
    left: Units,
    /// What may still be given for it.
    most: Units,
    used: BTreeSet<TallyId>,
    /// Who may decide all that was taken; none before the first.
    referees: Option<List<AgentId, MAX_REFEREES>>,
}

/// What is asked of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// What is to arrive by it.
    pub(super) arrives: Positive,
    /// The most that may be given for that: no more than was found.
    pub(super) most: Positive,
}

impl Division {
    pub(super) const fn of(units: Units, most: Units) -> Self {
        Self { left: units, most, used: BTreeSet::new(), referees: None }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == Units::ZERO
    }

    /// Who may decide all that was taken.
    pub(super) fn referees(&self) -> List<AgentId, MAX_REFEREES> {
        self.referees.clone().unwrap_or_default()
    }

    /// What this way could bring of what is left; none where it is of no use.
    pub(super) fn share_of(&self, planned: &Planned) -> Option<Share> {
        let shares = planned.way.iter().any(|(tally, _)| self.used.contains(tally));
        if shares || self.common(planned).is_empty() {
            return None;
        }
        let arrives = planned.curve.top().arrives.get().min(self.left);
        let given = planned.needs(arrives)?;
        // As much as is needed has to be allowed, or the sites on it refuse.
        let most = Positive::try_from(given).ok().filter(|most| most.get() <= self.most)?;
        Some(Share { arrives: Positive::try_from(arrives).ok()?, most })
    }

    /// A way is taken: so much arrives by it, and so much is given.
    pub(super) fn takes(&mut self, planned: &Planned, arrives: Units, given: Units) {
        self.referees = Some(self.common(planned));
        self.used.extend(planned.way.iter().map(|(tally, _)| *tally));
        self.left = less(self.left, arrives);
        self.most = less(self.most, given);
    }

    fn common(&self, planned: &Planned) -> List<AgentId, MAX_REFEREES> {
        let theirs = planned.referees.clone();
        match &self.referees {
            Some(ours) => theirs.keep(|referee| ours.contains(referee)),
            None => theirs,
        }
    }
}

fn less(units: Units, taken: Units) -> Units {
    Units::new(units.milli() - taken.milli()).unwrap_or(Units::ZERO).max(Units::ZERO)
}
