//! Scenarios: models with a name, a sentence and an expectation.

use std::fmt;

use crate::explore::{Limits, Watch, explore};
use crate::model::Model;
use crate::report::{Report, Verdict};

/// What explores a model, whatever its type.
type Explores = dyn Fn(Limits, &dyn Watch) -> Report + Send + Sync;

/// A model by its name, and what is expected of it.
pub struct Scenario {
    /// Its name: words with `-` between them.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub says: &'static str,
    /// What may go wrong in it, and how often.
    pub faults: &'static str,
    /// The invariant that must be found broken, where a fault was planted to see it found.
    pub planted: Option<&'static str>,
    /// Whether it takes long, and is run only when asked for.
    pub long: bool,
    explore: Box<Explores>,
}

impl Scenario {
    /// A scenario in which everything must hold; `model` makes its model when it is run.
    pub fn new<M: Model>(
        name: &'static str,
        says: &'static str,
        faults: &'static str,
        model: impl Fn() -> M + Send + Sync + 'static,
    ) -> Self {
        let explore = move |limits, watch: &dyn Watch| explore(&model(), limits, watch);
        Self { name, says, faults, planted: None, long: false, explore: Box::new(explore) }
    }

    /// The same with a fault planted in it: this invariant must be found broken.
    #[must_use]
    pub fn planted(mut self, invariant: &'static str) -> Self {
        self.planted = Some(invariant);
        self
    }

    /// The same, run only when asked for.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Explores it.
    pub fn run(&self, limits: Limits, watch: &dyn Watch) -> Report {
        (self.explore)(limits, watch)
    }

    /// Whether this is what must come of it. What was not exhausted is never as expected.
    #[must_use]
    pub fn expects(&self, verdict: &Verdict) -> bool {
        match (verdict, self.planted) {
            (Verdict::Holds, None) => true,
            (Verdict::Broken { invariant, .. }, Some(planted)) => *invariant == planted,
            _ => false,
        }
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All scenarios there are, in the order in which they are told; each has a name of its own.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    let mut all = crate::negotiation::scenarios();
    all.extend(crate::agreement::scenarios());
    all.extend(crate::lift::scenarios());
    all.extend(crate::rooms::scenarios());
    all.extend(crate::joint::scenarios());
    all
}
