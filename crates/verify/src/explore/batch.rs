//! A batch of states, expanded by several threads: what may happen in each, and what does not hold.

use super::states::{States, hash_of};
use crate::model::{Broken, Kind, Model};
use crate::parallel;

/// States that a thread takes at once.
const PART: u32 = 128;

/// Where a step leads: to a state that was known before the batch, or to one that may be new.
pub(super) enum Target<S> {
    Known(u32),
    Perhaps(u64, S),
}

/// What came of one state.
pub(super) struct Expanded<S> {
    pub(super) done: bool,
    pub(super) steps: Vec<(Kind, Target<S>)>,
    /// What does not hold, and after which of its steps where it is a step.
    pub(super) broken: Option<(Broken, Option<usize>)>,
}

/// What comes of the states from `first` to before `end`, in their order.
pub(super) fn expand<M: Model>(
    model: &M,
    states: &States<M::State>,
    first: u32,
    end: u32,
    threads: usize,
) -> impl Iterator<Item = Expanded<M::State>> + use<M> {
    let parts = (end - first).div_ceil(PART) as usize;
    let parts = parallel::each(threads, parts, |part| {
        // Fewer parts than states, which have numbers of 32 bits.
        let from = first + u32::try_from(part).unwrap_or(0) * PART;
        let mut room = Vec::new();
        (from..end.min(from + PART))
            .map(|number| one(model, states, number, &mut room))
            .collect::<Vec<_>>()
    });
    parts.into_iter().flatten()
}

fn one<M: Model>(
    model: &M,
    states: &States<M::State>,
    number: u32,
    room: &mut Vec<(M::Action, M::State)>,
) -> Expanded<M::State> {
    let state = states.get(number);
    let mut broken = model.always(state).err().map(|broken| (broken, None));
    model.next(state, room);
    let mut steps = Vec::with_capacity(room.len());
    for (at, (action, next)) in room.drain(..).enumerate() {
        if broken.is_none() {
            let between = model.between(state, &action, &next);
            broken = between.err().map(|broken| (broken, Some(at)));
        }
        let hash = hash_of(&next);
        let target = match states.find(hash, &next) {
            Some(known) => Target::Known(known),
            None => Target::Perhaps(hash, next),
        };
        steps.push((model.kind(&action), target));
    }
    Expanded { done: model.done(state), steps, broken }
}
