//! The store in memory: deterministic, nothing survives; for simulation and as the measure of the
//! others. `state.rs` what is kept, `map.rs` how; `read.rs` and `write.rs` what can be done.

mod case;
mod lift;
mod map;
mod outbox;
mod proof;
mod read;
mod state;
mod write;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};

use self::state::State;

/// Where the state lives between transactions.
#[derive(Debug)]
pub(crate) struct Home {
    state: RwLock<State>,
    commits: AtomicU64,
    writer: Arc<Mutex<()>>,
}

/// A transaction: a copy of the state, and for writers the right to put it back.
#[derive(Debug)]
pub(crate) struct Hand {
    state: State,
    home: Option<(Arc<Home>, OwnedMutexGuard<()>)>,
}

impl Home {
    /// A store with the words that every store begins with, made once for all.
    pub(crate) fn new() -> Self {
        static FRESH: OnceLock<State> = OnceLock::new();
        let state = FRESH.get_or_init(|| {
            let mut hand = Hand { state: State::default(), home: None };
            hand.keep_words(&crate::sql::words());
            hand.state
        });
        Self::with(state.clone())
    }

    fn with(state: State) -> Self {
        Self { state: RwLock::new(state), commits: AtomicU64::new(0), writer: Arc::default() }
    }

    /// How often something was committed since it began.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    fn copy(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another home that begins with the same rows, for as much as a copy of the maps costs.
    pub(crate) fn copied(&self) -> Self {
        Self::with(self.copy())
    }

    /// All rows, as text.
    pub(crate) fn rows(&self) -> String {
        format!("{:?}", self.copy())
    }

    pub(crate) fn read(&self) -> Hand {
        Hand { state: self.copy(), home: None }
    }

    pub(crate) async fn begin(self: Arc<Self>) -> Hand {
        let guard = Arc::clone(&self.writer).lock_owned().await;
        Hand { state: self.copy(), home: Some((self, guard)) }
    }
}

impl Hand {
    pub(crate) fn commit(self) {
        if let Some((home, _guard)) = self.home {
            *home.state.write().unwrap_or_else(PoisonError::into_inner) = self.state;
            home.commits.fetch_add(1, Ordering::Release);
        }
    }
}
