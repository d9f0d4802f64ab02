//! What is explored: a `Model` says where it begins, what may happen in a state, what must always hold,
//! and where it may end.

use std::hash::Hash;

/// What is promised about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It may happen, and nobody promises that it does: a fault, a lie, a whim of a user. What limits how many
    /// of them there are is part of the state.
    May,
    /// It belongs to this fairness class: where a class has a step in every state from some moment on, one of
    /// its steps is taken again and again (weak fairness). A class is a number below 64, such as "the
    /// oldest message from A to B arrives" or "the timer of C".
    Fair(u8),
    /// A fair step of this class whose outcome is drawn by chance. All such steps of one class out of one state
    /// are the sides of one die: where it is thrown there again and again, every side comes up again and again.
    Chance(u8),
}

/// The most fairness classes of a model.
pub const MAX_CLASSES: u8 = 64;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name: a few words that stay the same.
    pub invariant: &'static str,
    /// What was seen.
    pub why: String,
}

impl Broken {
    /// This invariant, and what was seen.
    #[must_use]
    pub fn new(invariant: &'static str, why: impl Into<String>) -> Self {
        Self { invariant, why: why.into() }
    }
}

/// A world that can be explored whole.
///
/// Everything a model says follows from its arguments alone, and steps come in an order that is the same every
/// time: so the same states have the same numbers, whichever number of threads explores them.
pub trait Model: Sync {
    /// A state: small, as all of them are kept.
    type State: Clone + Eq + Hash + Send + Sync;
    /// What may happen.
    type Action: Clone + Send;

    /// Where it may begin.
    fn initial(&self) -> Vec<Self::State>;

    /// Appends all that may happen in a state, and the state after it. What would change nothing is left out.
    fn next(&self, state: &Self::State, steps: &mut Vec<(Self::Action, Self::State)>);

    /// What is promised about a step.
    fn kind(&self, action: &Self::Action) -> Kind;

    /// What must hold in every state.
    ///
    /// # Errors
    /// [`Broken`] names the invariant that does not hold.
    fn always(&self, state: &Self::State) -> Result<(), Broken>;

    /// What must hold of every step.
    ///
    /// # Errors
    /// [`Broken`] names the invariant that does not hold.
    fn between(
        &self,
        _from: &Self::State,
        _action: &Self::Action,
        _to: &Self::State,
    ) -> Result<(), Broken> {
        Ok(())
    }

    /// Whether it may end here: once faults stop, every fair run has to come to such a state.
    fn done(&self, state: &Self::State) -> bool;

    /// An action as a line of a trace.
    fn say(&self, action: &Self::Action) -> String;

    /// A state as a line of a trace.
    fn show(&self, state: &Self::State) -> String;

    /// The name of a fairness class.
    fn class(&self, class: u8) -> String {
        format!("class {class}")
    }

    /// The bytes that a state keeps beside itself, on the heap.
    fn heap_bytes(&self, _state: &Self::State) -> usize {
        0
    }
}
