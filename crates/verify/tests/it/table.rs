//! A model written down as a table: each state's steps, one by one. And questions to reports.

use verify::{Broken, Kind, Limits, Model, Report, Verdict};

/// The name of the only invariant.
pub(crate) const GOOD: &str = "good";

/// States are numbers below the length of `steps`; it begins at 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) steps: Vec<Vec<(Kind, usize)>>,
    pub(crate) done: Vec<usize>,
    pub(crate) bad: Vec<usize>,
}

impl Table {
    pub(crate) fn new(steps: &[&[(Kind, usize)]], done: &[usize]) -> Self {
        let steps = steps.iter().map(|steps| steps.to_vec()).collect();
        Self { steps, done: done.to_vec(), bad: Vec::new() }
    }
}

impl Model for Table {
    type State = usize;
    type Action = Kind;

    fn initial(&self) -> Vec<usize> {
        vec![0]
    }

    fn next(&self, state: &usize, steps: &mut Vec<(Kind, usize)>) {
        steps.extend(&self.steps[*state]);
    }

    fn kind(&self, action: &Kind) -> Kind {
        *action
    }

    fn always(&self, state: &usize) -> Result<(), Broken> {
        if self.bad.contains(state) { Err(Broken::new(GOOD, "bad")) } else { Ok(()) }
    }

    fn done(&self, state: &usize) -> bool {
        self.done.contains(state)
    }

    fn say(&self, action: &Kind) -> String {
        format!("{action:?}")
    }

    fn show(&self, state: &usize) -> String {
        state.to_string()
    }
}

pub(crate) const fn limits(threads: usize) -> Limits {
    Limits { threads, memory_bytes: 1 << 30 }
}

pub(crate) fn explored(model: &impl Model) -> Report {
    let report = verify::explore(model, limits(1), &());
    assert_eq!(report, verify::explore(model, limits(2), &()), "whatever the threads");
    report
}

/// What is broken; nothing where all holds.
pub(crate) fn broken(report: &Report) -> Option<&'static str> {
    match &report.verdict {
        Verdict::Holds => None,
        Verdict::Broken { invariant, .. } => Some(invariant),
        Verdict::NotExhausted { why } => panic!("not exhausted: {why}"),
    }
}

/// The states of the way there and of the cycle, as they are shown; each begins where the one before ended.
pub(crate) fn trace(report: &Report) -> (Vec<String>, Vec<String>) {
    let Verdict::Broken { trace, .. } = &report.verdict else { panic!("{report:?}") };
    let state = |line: &verify::Line| line.state.clone();
    let way = [trace.begin.clone()].into_iter().chain(trace.way.iter().map(state));
    (way.collect(), trace.cycle.iter().map(state).collect())
}
