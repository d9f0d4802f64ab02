//! How many new lifts each agent that is known here has brought lately: counted in the store once in a while, and kept count of
//! in memory between.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{AgentId, Timestamp};

/// For how long a count holds, in milliseconds: others may bring lifts by another program at the same store, and the hour goes on.
const HOLDS_MS: i64 = 60_000;

/// What agents have brought.
#[derive(Default)]
pub(crate) struct Brings(Mutex<BTreeMap<AgentId, Count>>);

struct Count {
    many: u64,
    at: Timestamp,
}

impl Count {
    fn holds(&self, now: Timestamp) -> bool {
        (0..HOLDS_MS).contains(&now.ms().saturating_sub(self.at.ms()))
    }
}

impl Brings {
    fn all(&self) -> MutexGuard<'_, BTreeMap<AgentId, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many it has brought, where that was counted lately.
    pub(super) fn counted(&self, agent: AgentId, now: Timestamp) -> Option<u64> {
        self.all().get(&agent).filter(|count| count.holds(now)).map(|count| count.many)
    }

    /// So many were counted now. Of those that bring nothing any more nothing is remembered.
    pub(super) fn count(&self, agent: AgentId, many: u64, now: Timestamp) {
        let mut all = self.all();
        all.retain(|_, count| count.holds(now));
        all.insert(agent, Count { many, at: now });
    }

    /// One more.
    pub(super) fn one_more(&self, agent: AgentId) {
        if let Some(count) = self.all().get_mut(&agent) {
            count.many += 1;
        }
    }
}
