//! A cycle that a fair run can take for ever, for people to read.

use std::collections::{HashMap, VecDeque};

use super::components::Components;
use super::{always_possible, possible};
use crate::graph::{Edge, Graph};
use crate::model::MAX_CLASSES;

/// A step: from a state, of a class, to a state.
type Step = (u32, u8, u32);

/// A cycle through these states that gives every class its due, from the one with the lowest number.
pub(super) fn through(graph: &Graph, components: &Components<'_>, states: &[u32]) -> Vec<Step> {
    let Some(&first) = states.iter().min() else { return Vec::new() };
    let always = always_possible(graph, states);
    let mut cycle: Vec<Step> = Vec::new();
    for class in (0..MAX_CLASSES).map(|class| 1_u64 << class) {
        let must_take = always & class != 0;
        let rests = |state: u32| !must_take && possible(graph, state) & class == 0;
        let due = |edge: Edge| if must_take { 1 << edge.class == class } else { rests(edge.to) };
        let seen = |&(_, of, to): &Step| if must_take { 1 << of == class } else { rests(to) };
        if !rests(first) && !cycle.iter().any(seen) {
            let at = cycle.last().map_or(first, |step| step.2);
            cycle.extend(walk(components, at, due));
        }
    }
    let at = cycle.last().map_or(first, |step| step.2);
    if cycle.is_empty() || at != first {
        cycle.extend(walk(components, at, |edge| edge.to == first));
    }
    cycle
}

/// A shortest way inside the component, of one step or more, that ends with a wanted step.
fn walk(components: &Components<'_>, from: u32, wanted: impl Fn(Edge) -> bool) -> Vec<Step> {
    let mut came: HashMap<u32, Step> = HashMap::new();
    let mut waiting = VecDeque::from([from]);
    while let Some(state) = waiting.pop_front() {
        for edge in components.inside(state) {
            let step = (state, edge.class, edge.to);
            if wanted(edge) {
                return back(&came, from, step);
            }
            if edge.to != from && !came.contains_key(&edge.to) {
                came.insert(edge.to, step);
                waiting.push_back(edge.to);
            }
        }
    }
    Vec::new()
}

fn back(came: &HashMap<u32, Step>, from: u32, last: Step) -> Vec<Step> {
    let (mut way, mut at) = (vec![last], last.0);
    while at != from {
        let Some(step) = came.get(&at) else { break };
        way.push(*step);
        at = step.0;
    }
    way.reverse();
    way
}
