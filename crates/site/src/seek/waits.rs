//! Who waits for a turn at the machine: so many of each agent, and of the users here, so that nobody who asks much keeps
//! others from asking.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::AgentId;

use super::state::Seeking;
use crate::error::SiteError;

/// How many errands about ways of one agent, and how many searches of all users here, may wait for their turn; what comes
/// beyond is dropped. Each is a record of at most some kilobytes.
pub const MAX_SEARCHES_WAITING: usize = 128;

/// How many wait, of each agent; none: for users here.
#[derive(Default)]
pub(super) struct Waiting(Mutex<BTreeMap<Option<AgentId>, usize>>);

impl Waiting {
    fn open(&self) -> MutexGuard<'_, BTreeMap<Option<AgentId>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits for its turn.
pub(super) struct Waits {
    seeking: Arc<Seeking>,
    of: Option<AgentId>,
}

impl Waits {
    /// One more, of an agent or for a user here.
    ///
    /// # Errors
    /// [`SiteError::Busy`] where too many wait.
    pub(super) fn begin(seeking: &Arc<Seeking>, of: Option<AgentId>) -> Result<Self, SiteError> {
        let mut waiting = seeking.waiting.open();
        let many = waiting.entry(of).or_default();
        if *many >= MAX_SEARCHES_WAITING {
            seeking.dropped.fetch_add(1, Ordering::Relaxed);
            return Err(SiteError::Busy { waiting: *many });
        }
        *many += 1;
        drop(waiting);
        Ok(Self { seeking: Arc::clone(seeking), of })
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut waiting = self.seeking.waiting.open();
        let left = waiting.get_mut(&self.of).map(|many| {
            *many -= 1;
            *many
        });
        if left == Some(0) {
            waiting.remove(&self.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{SecretKey, Signer as _};

    use super::*;

    #[test]
    fn so_many_of_each_may_wait_and_others_do_not_notice() {
        let seeking = Arc::new(Seeking::default());
        let agent = |seed| AgentId::of(&SecretKey::ed25519(&[seed; 32]).public_key()).unwrap();
        let begin = |of| Waits::begin(&seeking, of);
        let flood = (0..MAX_SEARCHES_WAITING).map(|_| begin(Some(agent(1))).unwrap());
        let mut flood: Vec<_> = flood.collect();
        assert!(begin(Some(agent(1))).is_err());
        assert_eq!(seeking.counts().dropped, 1);
        assert!(begin(Some(agent(2))).is_ok() && begin(None).is_ok());
        flood.pop();
        flood.push(begin(Some(agent(1))).unwrap());
        assert!(begin(Some(agent(1))).is_err());
        flood.clear();
        assert!(seeking.waiting.open().is_empty(), "nothing is remembered of those that are gone");
    }
}
