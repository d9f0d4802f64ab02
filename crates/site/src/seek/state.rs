//! All that is remembered of searches: the machine with the copy of the graph that it reads, the users here who wait for
//! ways, and the plans that others may come back to.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clearing::{Counts, Limits, SearchId, Seeker};
use protocol::query::Why;
use protocol::{AgentId, Hash, Timestamp};
use tokio::sync::{Semaphore, oneshot};

use super::counts::SearchCounts;
use super::mirror::Mirror;
use super::planned::Planned;
use super::steady::Steady;
use super::waits::Waiting;

/// What a search of one's own ends with.
pub(super) type Ended = Result<Vec<Planned>, Why>;

/// All of it.
pub(crate) struct Seeking {
    state: Mutex<Option<State>>,
    /// Who has it may step the machine; the others wait without keeping a thread.
    pub(super) turn: Arc<Semaphore>,
    pub(super) waiting: Waiting,
    /// Whether nothing is remembered that time could end.
    pub(super) idle: AtomicBool,
    /// Plans by token, for whoever asks while the machine is at work.
    plans: Mutex<HashMap<Hash, Planned>>,
    counted: Mutex<Counts>,
    pub(super) dropped: AtomicU64,
    pub(super) strangers: AtomicU64,
}

/// What whoever has the turn works on.
pub(super) struct State {
    pub(super) seeker: Seeker,
    pub(super) mirror: Mirror,
    pub(super) steady: Steady,
    /// When the machine was last told that time passes, by its clock.
    pub(super) ticked_ms: i64,
    /// Under whom users here let lifts be decided, as far as was last read.
    pub(super) referees: Vec<AgentId>,
    pub(super) waiters: BTreeMap<SearchId, oneshot::Sender<Ended>>,
    next: u64,
}

impl Default for Seeking {
    fn default() -> Self {
        Self {
            state: Mutex::new(None),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Waiting::default(),
            idle: AtomicBool::new(true),
            plans: Mutex::default(),
            counted: Mutex::default(),
            dropped: AtomicU64::new(0),
            strangers: AtomicU64::new(0),
        }
    }
}

fn open<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seeking {
    /// Works on the state, which is made with `secret` where there is none; for whoever has the turn.
    pub(super) fn with<T>(
        &self,
        secret: impl FnOnce() -> Hash,
        work: impl FnOnce(&mut State) -> T,
    ) -> T {
        let mut held = open(&self.state);
        let mut state = held.take().unwrap_or_else(|| State::new(secret()));
        // What ends early leaves nothing half done.
        let done = work(&mut state);
        self.idle.store(state.seeker.is_idle(), Ordering::Release);
        open(&self.counted).clone_from(state.seeker.counts());
        *held = Some(state);
        done
    }

    /// Remembers a plan that was told to another site.
    pub(super) fn remember(&self, token: Hash, planned: Planned) {
        open(&self.plans).insert(token, planned);
    }

    /// Forgets the plans that the machine has forgotten.
    pub(super) fn forget(&self, seeker: &Seeker) {
        open(&self.plans).retain(|token, _| seeker.plan(token).is_some());
    }

    pub(super) fn plan(&self, token: &Hash) -> Option<Planned> {
        open(&self.plans).get(token).cloned()
    }

    pub(super) fn counts(&self) -> SearchCounts {
        SearchCounts {
            seeker: open(&self.counted).clone(),
            dropped: self.dropped.load(Ordering::Relaxed),
            strangers: self.strangers.load(Ordering::Relaxed),
            plans: open(&self.plans).len(),
        }
    }
}

impl State {
    fn new(secret: Hash) -> Self {
        Self {
            seeker: Seeker::new(secret, Limits::default()),
            mirror: Mirror::default(),
            steady: Steady::default(),
            ticked_ms: 0,
            referees: Vec::new(),
            waiters: BTreeMap::new(),
            next: 0,
        }
    }

    /// A number for a search of one's own, whose end is told to `waiter`.
    pub(super) fn search(&mut self, waiter: oneshot::Sender<Ended>) -> SearchId {
        self.next += 1;
        let search = SearchId(self.next);
        self.waiters.insert(search, waiter);
        search
    }

    /// Tells whoever waits for a search what came of it.
    pub(super) fn end(&mut self, search: SearchId, ended: Ended) {
        if let Some(waiter) = self.waiters.remove(&search) {
            // Who has stopped waiting needs no answer.
            let _ = waiter.send(ended);
        }
    }

    /// The machine's time.
    pub(super) fn at(&mut self, now: Timestamp) -> i64 {
        self.steady.at(now)
    }
}
