//! Whether every fair run ends, once faults stop; asked of all states that can be reached.
//!
//! A run is a counterexample where it never comes to a state that is done, and is fair: no class of steps is
//! possible from some moment on for ever without being taken ever again, and of a die that is thrown again and
//! again in one state every side comes up again and again. Such a run ends where no step is left, or stays in the
//! end in a set of states, all of them not done, of which
//!
//! * each leads to each by steps inside the set,
//! * a die is thrown only where all its sides stay inside, and
//! * each class is taken inside the set, or has no step in one of its states.
//!
//! The largest such sets are found: the strongly connected components of the graph without the states that are
//! done; from each of these the throws are taken out of which a side leads out, and what is left is split again,
//! until nothing is to be taken out. The third condition fails for every part of a set where it fails for the
//! largest one, so to ask it of these is enough.

mod components;
mod cycle;

use components::Components;

use crate::explore::States;
use crate::graph::Graph;
use crate::model::{MAX_CLASSES, Model};
use crate::report::{Trace, Verdict};
use crate::trace;

/// Nothing can happen any more, and it is not done.
pub const DEADLOCK: &str = "deadlock";
/// Whatever happens, it will never be done.
pub const NO_WAY: &str = "no way to the end";
/// It could be done, and a fair run is never done.
pub const LIVELOCK: &str = "livelock";

/// States in which a fair run can stay for ever.
struct Trap {
    states: Vec<u32>,
    /// Whether a way leads from there to the end.
    hope: bool,
}

/// Asks whether every fair run ends.
pub(crate) fn judge<M: Model>(model: &M, states: &States<M::State>, graph: &Graph) -> Verdict {
    let dead = (0..graph.len()).find(|&state| !graph.done(state) && graph.degree(state) == 0);
    if let Some(dead) = dead {
        let why = "nothing can happen any more, and it is not done".to_owned();
        let trace = trace::to_step(model, states, dead, None);
        return Verdict::Broken { invariant: DEADLOCK, why, trace };
    }
    let mut components = Components::new(graph);
    let first = |trap: &Trap| (trap.hope, trap.states.iter().min().copied());
    match traps(&mut components, graph).into_iter().min_by_key(first) {
        Some(trap) => broken(model, states, graph, &components, &trap),
        None => Verdict::Holds,
    }
}

fn broken<M: Model>(
    model: &M,
    states: &States<M::State>,
    graph: &Graph,
    components: &Components<'_>,
    trap: &Trap,
) -> Verdict {
    let cycle = cycle::through(graph, components, &trap.states);
    let trace: Trace = trace::with_cycle(model, states, &cycle);
    let (invariant, why) = match trap.hope {
        false => (NO_WAY, "no way leads to the end any more"),
        true => (LIVELOCK, "a fair run goes on for ever and is never done"),
    };
    let taken = (0..MAX_CLASSES).filter(|&class| cycle.iter().any(|&(_, of, _)| of == class));
    let taken: Vec<String> = taken.map(|class| model.class(class)).collect();
    let why = format!(
        "{why}: {} states are gone through again and again by {}",
        trap.states.len(),
        taken.join(", ")
    );
    Verdict::Broken { invariant, why, trace }
}

/// The largest sets of states in which a fair run can stay for ever.
fn traps(components: &mut Components<'_>, graph: &Graph) -> Vec<Trap> {
    let mut waiting = first_parts(components, graph);
    let mut traps = Vec::new();
    while let Some(trap) = waiting.pop() {
        if components.take_out(&trap.states) {
            components.split(&trap.states, |components, part| {
                if components.is_cycle(part) {
                    waiting.push(Trap { states: part.to_vec(), hope: trap.hope });
                }
            });
        } else if is_fair(components, graph, &trap.states) {
            traps.push(trap);
        }
    }
    traps
}

/// The components in which a run can stay, fair or not, of all states.
fn first_parts(components: &mut Components<'_>, graph: &Graph) -> Vec<Trap> {
    let mut parts = Vec::new();
    // Whether a way leads to the end, for each state; whatever a part leads to is known before it.
    let mut hopeful: Vec<bool> = (0..graph.len()).map(|state| graph.done(state)).collect();
    let all: Vec<u32> = (0..graph.len()).collect();
    components.split(&all, |components, part| {
        let leads = |state: &u32| graph.of(*state).any(|edge| hopeful[edge.to as usize]);
        let hope = part.iter().any(leads);
        for &state in part.iter().filter(|_| hope) {
            hopeful[state as usize] = true;
        }
        if components.is_cycle(part) {
            parts.push(Trap { states: part.to_vec(), hope });
        }
    });
    parts
}

/// Whether every class is taken inside, or has no step in one of the states.
fn is_fair(components: &Components<'_>, graph: &Graph, states: &[u32]) -> bool {
    always_possible(graph, states) & !taken(components, states) == 0
}

/// The classes, one bit each, that have a step in each of the states.
fn always_possible(graph: &Graph, states: &[u32]) -> u64 {
    states.iter().fold(u64::MAX, |all, &state| all & possible(graph, state))
}

/// The classes that have a step in a state.
fn possible(graph: &Graph, state: u32) -> u64 {
    graph.of(state).fold(0, |classes, edge| classes | 1 << edge.class)
}

/// The classes that are taken inside.
fn taken(components: &Components<'_>, states: &[u32]) -> u64 {
    let inside = states.iter().flat_map(|&state| components.inside(state));
    inside.fold(0, |classes, edge| classes | 1 << edge.class)
}
