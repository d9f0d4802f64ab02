//! The search: every state that can be reached, in breadth, by several threads, each state once.
//!
//! States have the numbers that a search by one thread would give them, so nothing that is reported depends on
//! how many threads there are. Whether every fair run ends is then asked in `liveness/`.

mod batch;
mod states;

use batch::{Target, expand};
use states::{MAX_STATES, hash_of};

pub(crate) use states::States;

use crate::graph::Graph;
use crate::liveness;
use crate::model::{Broken, Model};
use crate::report::{Counts, Report, Verdict};
use crate::trace;

/// The most states expanded between two looks at the limits.
const BATCH: u32 = 1 << 14;

/// The bytes that the search for cycles takes for a state.
const CYCLE_BYTES: usize = 16;

/// The most fair steps that have a number.
const MAX_EDGES: usize = u32::MAX as usize - (1 << 28);

/// How far a search may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads, at least one.
    pub threads: usize,
    /// Bytes that states and steps may take.
    pub memory_bytes: usize,
}

/// Somebody who looks on, and may end it.
pub trait Watch: Sync {
    /// So many states are known, and so many of them were looked at; whether to go on.
    fn go_on(&self, known: usize, explored: usize) -> bool;
}

/// Nobody looks on.
impl Watch for () {
    fn go_on(&self, _known: usize, _explored: usize) -> bool {
        true
    }
}

/// What was found of a model, and what does not hold where something does not.
struct Search<'a, M: Model> {
    model: &'a M,
    limits: Limits,
    states: States<M::State>,
    graph: Graph,
    edges: u64,
}

/// Why a search ends before all was seen.
enum End {
    Broken(u32, Option<usize>, Broken),
    Limit(String),
}

/// Explores a model whole.
///
/// # Panics
/// Where the model does, or has more than [`crate::model::MAX_CLASSES`] fairness classes.
pub fn explore<M: Model>(model: &M, limits: Limits, watch: &dyn Watch) -> Report {
    let (states, graph) = (States::new(), Graph::new());
    let mut search = Search { model, limits, states, graph, edges: 0 };
    let ended = search.run(watch);
    let Search { states, graph, edges, .. } = search;
    let depth = states.len().checked_sub(1).and_then(|last| u32::try_from(last).ok());
    let depth = depth.map_or(0, |last| states.depth(last));
    let counts =
        Counts { states: states.len() as u64, edges, fair_edges: graph.edges() as u64, depth };
    let verdict = match ended {
        Err(End::Limit(why)) => Verdict::NotExhausted { why },
        Err(End::Broken(state, step, broken)) => {
            let trace = trace::to_step(model, &states, state, step);
            Verdict::Broken { invariant: broken.invariant, why: broken.why, trace }
        }
        Ok(()) => liveness::judge(model, &states, &graph),
    };
    Report { counts, verdict }
}

impl<M: Model> Search<'_, M> {
    fn run(&mut self, watch: &dyn Watch) -> Result<(), End> {
        for state in self.model.initial() {
            self.add(hash_of(&state), state, None);
        }
        let mut explored = 0;
        loop {
            let known = self.states.len();
            self.in_limits()?;
            if !watch.go_on(known, explored as usize) {
                return Err(End::Limit("it was interrupted".to_owned()));
            }
            let end = u32::try_from(known).unwrap_or(u32::MAX).min(explored + BATCH);
            if end == explored {
                return Ok(());
            }
            self.batch(explored, end)?;
            explored = end;
        }
    }

    fn in_limits(&self) -> Result<(), End> {
        // The search for cycles needs its room too.
        let taken = self.states.bytes() + self.graph.bytes() + self.states.len() * CYCLE_BYTES;
        let most = self.limits.memory_bytes;
        if taken > most {
            let mb = most >> 20;
            return Err(End::Limit(format!("its states take more than {mb} MB")));
        }
        // A batch adds far fewer than what is left above these.
        if self.states.len() > MAX_STATES / 2 || self.graph.edges() > MAX_EDGES {
            return Err(End::Limit("it has more states than can be numbered".to_owned()));
        }
        Ok(())
    }

    fn batch(&mut self, first: u32, end: u32) -> Result<(), End> {
        let expanded = expand(self.model, &self.states, first, end, self.limits.threads);
        for (number, expanded) in (first..end).zip(expanded) {
            for (kind, target) in expanded.steps {
                let to = match target {
                    Target::Known(to) => to,
                    Target::Perhaps(hash, state) => self.add(hash, state, Some(number)),
                };
                self.edges += 1;
                if !expanded.done {
                    self.graph.edge(to, kind);
                }
            }
            self.graph.end(expanded.done);
            if let Some((broken, step)) = expanded.broken {
                return Err(End::Broken(number, step, broken));
            }
        }
        Ok(())
    }

    fn add(&mut self, hash: u64, state: M::State, parent: Option<u32>) -> u32 {
        self.states.add(hash, state, parent, |state| self.model.heap_bytes(state))
    }
}
