//! Ways through the states, told: actions are not kept, so they are found again between two states.

use crate::explore::States;
use crate::model::{Kind, Model};
use crate::report::{Line, Trace};

/// The nearest way to a state, and one step further where one is named by its number.
pub(crate) fn to_step<M: Model>(
    model: &M,
    states: &States<M::State>,
    state: u32,
    step: Option<usize>,
) -> Trace {
    let (begin, mut way) = way(model, states, state);
    if let Some(step) = step {
        let mut steps = Vec::new();
        model.next(states.get(state), &mut steps);
        way.extend(steps.into_iter().nth(step).map(|(action, to)| line(model, &action, &to)));
    }
    Trace { begin, way, cycle: Vec::new() }
}

/// The nearest way to the first state of a cycle, and the cycle: fair steps through these states, the
/// first one again at the end.
pub(crate) fn with_cycle<M: Model>(
    model: &M,
    states: &States<M::State>,
    cycle: &[(u32, u8, u32)],
) -> Trace {
    let first = cycle.first().map_or(0, |(from, ..)| *from);
    let (begin, way) = way(model, states, first);
    let of = |kind, class| matches!(kind, Kind::Fair(of) | Kind::Chance(of) if of == class);
    let cycle = cycle.iter().filter_map(|&(from, class, to)| {
        between(model, states, from, to, |action| of(model.kind(action), class))
    });
    Trace { begin, way, cycle: cycle.collect() }
}

fn way<M: Model>(model: &M, states: &States<M::State>, state: u32) -> (String, Vec<Line>) {
    let (mut at, mut way) = (state, Vec::new());
    while let Some(parent) = states.parent(at) {
        way.extend(between(model, states, parent, at, |_| true));
        at = parent;
    }
    way.reverse();
    (model.show(states.get(at)), way)
}

fn between<M: Model>(
    model: &M,
    states: &States<M::State>,
    from: u32,
    to: u32,
    wanted: impl Fn(&M::Action) -> bool,
) -> Option<Line> {
    let mut steps = Vec::new();
    model.next(states.get(from), &mut steps);
    let to = states.get(to);
    let found = steps.iter().find(|(action, next)| next == to && wanted(action));
    found.map(|(action, _)| line(model, action, to))
}

fn line<M: Model>(model: &M, action: &M::Action, state: &M::State) -> Line {
    Line { action: model.say(action), state: model.show(state) }
}
