//! What came of scenarios, as people and scripts read it.

use serde::Serialize;
use verify::{Line, Report, Scenario, Trace, Verdict};

use crate::failure::Failure;
use crate::page::{self, Look};
use crate::say::{self, Set, Table};

/// What came of a scenario.
pub(super) struct Told {
    name: &'static str,
    says: &'static str,
    faults: &'static str,
    planted: Option<&'static str>,
    pub(super) as_expected: bool,
    report: Report,
    seconds: f64,
}

#[derive(Serialize)]
struct All<'a> {
    states: u64,
    seconds: f64,
    scenarios: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    name: &'static str,
    says: &'static str,
    faults: &'static str,
    states: u64,
    edges: u64,
    fair_edges: u64,
    depth: u32,
    seconds: f64,
    planted: bool,
    as_expected: bool,
    verdict: &'static str,
    invariant: Option<&'static str>,
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Way<'a>>,
}

#[derive(Serialize)]
struct Way<'a> {
    begin: &'a str,
    way: Vec<[&'a str; 2]>,
    cycle: Vec<[&'a str; 2]>,
}

#[derive(Serialize)]
struct List {
    scenarios: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    says: &'static str,
    faults: &'static str,
    planted: bool,
    long: bool,
}

impl Told {
    pub(super) fn of(scenario: &Scenario, report: Report, seconds: f64) -> Self {
        let Scenario { name, says, faults, planted, .. } = *scenario;
        let as_expected = scenario.expects(&report.verdict);
        Self { name, says, faults, planted, as_expected, report, seconds }
    }

    fn trace(&self) -> Option<&Trace> {
        match &self.report.verdict {
            Verdict::Broken { trace, .. } => Some(trace),
            Verdict::Holds | Verdict::NotExhausted { .. } => None,
        }
    }

    fn one(&self, with_trace: bool) -> One<'_> {
        let counts = self.report.counts;
        let (verdict, invariant, why) = match &self.report.verdict {
            Verdict::Holds => ("holds", None, None),
            Verdict::Broken { invariant, why, .. } => ("broken", Some(*invariant), Some(&**why)),
            Verdict::NotExhausted { why } => ("not_exhausted", None, Some(&**why)),
        };
        One {
            name: self.name,
            says: self.says,
            faults: self.faults,
            states: counts.states,
            edges: counts.edges,
            fair_edges: counts.fair_edges,
            depth: counts.depth,
            seconds: self.seconds,
            planted: self.planted.is_some(),
            as_expected: self.as_expected,
            verdict,
            invariant,
            why,
            trace: self.trace().filter(|_| with_trace).map(way),
        }
    }

    fn verdict(&self) -> String {
        match &self.report.verdict {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Broken { invariant, .. } => format!("broken: {invariant}"),
            Verdict::NotExhausted { .. } => "not exhausted".to_owned(),
        }
    }

    /// What nobody expected, in a sentence.
    fn surprise(&self) -> Option<String> {
        let why = match &self.report.verdict {
            _ if self.as_expected => return None,
            Verdict::Holds => "the planted fault was not found".to_owned(),
            Verdict::Broken { invariant, why, .. } => format!("{invariant}: {why}"),
            Verdict::NotExhausted { why } => format!("not exhausted: {why}"),
        };
        Some(format!("{}: {why}\n", self.name))
    }
}

fn way(trace: &Trace) -> Way<'_> {
    Way { begin: &trace.begin, way: pairs(&trace.way), cycle: pairs(&trace.cycle) }
}

fn pairs(lines: &[Line]) -> Vec<[&str; 2]> {
    lines.iter().map(|line| [&*line.action, &*line.state]).collect()
}

/// All of them for scripts.
pub(super) fn object(told: &[Told], with_trace: bool) -> impl Serialize {
    All {
        states: told.iter().map(|told| told.report.counts.states).sum(),
        seconds: told.iter().map(|told| told.seconds).sum(),
        scenarios: told.iter().map(|told| told.one(with_trace)).collect(),
    }
}

/// All of them for people.
pub(super) fn page(told: &[Told], with_trace: bool) -> String {
    let columns = [
        ("scenario", Set::Whole),
        ("states", Set::Right),
        ("steps", Set::Right),
        ("depth", Set::Right),
        ("seconds", Set::Right),
        ("verdict", Set::Left),
        ("expected", Set::Whole),
    ];
    let mut table = Table::new(&columns);
    for told in told {
        let counts = told.report.counts;
        table.row([
            told.name.to_owned(),
            page::count(counts.states),
            page::count(counts.edges),
            counts.depth.to_string(),
            format!("{:.1}", told.seconds),
            told.verdict(),
            if told.as_expected { "yes" } else { "no" }.to_owned(),
        ]);
    }
    let mut page = table.render(&Look::of_stdout());
    for told in told.iter().filter(|_| with_trace) {
        if let Verdict::Broken { invariant, why, trace } = &told.report.verdict {
            page += &format!("\n{}: {invariant}: {why}\n{}", told.name, steps(trace));
        }
    }
    let surprises: String = told.iter().filter_map(Told::surprise).collect();
    if !surprises.is_empty() {
        page.push('\n');
        page.push_str(&surprises);
    }
    page
}

fn steps(trace: &Trace) -> String {
    let lines = |lines: &[Line]| -> String {
        let line = |line: &Line| format!("  -> {}\n     {}\n", line.action, line.state);
        lines.iter().map(line).collect()
    };
    let mut text = format!("     {}\n{}", trace.begin, lines(&trace.way));
    if !trace.cycle.is_empty() {
        text.push_str("  and then for ever:\n");
        text.push_str(&lines(&trace.cycle));
    }
    text
}

/// Which scenarios there are.
pub(super) fn list(wanted: &[Scenario], json: bool) -> Result<(), Failure> {
    let listed = |scenario: &Scenario| {
        let Scenario { name, says, faults, planted, long, .. } = *scenario;
        Listed { name, says, faults, planted: planted.is_some(), long }
    };
    let list = List { scenarios: wanted.iter().map(listed).collect() };
    say::either(json, &list, || {
        let sheet = |one: &Listed| {
            let mut lines = vec![("scenario", one.name.to_owned()), ("shows", one.says.to_owned())];
            lines.push(("faults", one.faults.to_owned()));
            if one.long {
                lines.push(("runs", "with --long".to_owned()));
            }
            say::sheet(&lines)
        };
        list.scenarios.iter().map(sheet).collect::<Vec<_>>().join("\n")
    })
}
