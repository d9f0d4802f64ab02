//! The program's own machines, explored whole: which scenarios are run, and how that is ended.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use verify::{Counts, Limits, Report, Scenario, Verdict, Watch, scenarios};

use super::Search;
use super::told::{self, Told};
use crate::failure::Failure;
use crate::page;
use crate::progress::Progress;
use crate::say;

/// Set by Ctrl-C: nothing more is exhausted.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Shows how far a search is, and ends it.
struct Looker<'a> {
    progress: &'a Progress,
    name: &'static str,
}

impl Watch for Looker<'_> {
    fn go_on(&self, known: usize, explored: usize) -> bool {
        let (known, left) = (known as u64, (known - explored) as u64);
        let (name, known, left) = (self.name, page::count(known), page::count(left));
        self.progress.says(format!("{name}: {known} states, {left} of them still to look at"));
        !ENDED.load(Ordering::Relaxed)
    }
}

/// Whether this is the name of a scenario, or what several begin with.
pub(super) fn is_named(word: &Path) -> bool {
    scenarios().iter().any(|scenario| names(word, scenario))
}

fn names(word: &Path, scenario: &Scenario) -> bool {
    let below = |word| scenario.name.strip_prefix(word);
    let below = word.to_str().filter(|word| !word.is_empty()).and_then(below);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

pub(super) fn run(names: &[PathBuf], search: &Search, json: bool) -> Result<(), Failure> {
    let wanted = wanted(names, search.long || search.list)?;
    if search.list {
        return told::list(&wanted, json);
    }
    // Without a handler Ctrl-C ends it all the same, only without a word.
    let _ = ctrlc::set_handler(|| ENDED.store(true, Ordering::Relaxed));
    let limits = Limits { threads: threads(search), memory_bytes: memory_bytes(search) };
    let progress = Progress::of("exploring");
    let told: Vec<Told> = wanted.iter().map(|scenario| one(scenario, limits, &progress)).collect();
    drop(progress);
    say::either(json, &told::object(&told, search.trace), || told::page(&told, search.trace))?;
    match told.iter().filter(|told| !told.as_expected).count() as u64 {
        0 => Ok(()),
        bad => {
            let bad = say::counted(bad, "scenario is", "scenarios are");
            Err(Failure::refused("not_as_expected", format!("{bad} not as expected")))
        }
    }
}

fn threads(search: &Search) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    search.threads.map_or_else(cores, usize::from)
}

fn memory_bytes(search: &Search) -> usize {
    search.memory_mb.get().saturating_mul(1 << 20)
}

/// The scenarios named, long ones too; or all, without the long ones unless they are asked for.
fn wanted(words: &[PathBuf], long: bool) -> Result<Vec<Scenario>, Failure> {
    if let Some(word) = words.iter().find(|word| !is_named(word)) {
        return Err(Failure::misused(format!(
            "no scenario is named {}; mychips verify --list tells them, and a file is checked alone, \
             without these flags",
            word.display()
        )));
    }
    let exact = |scenario: &Scenario| words.iter().any(|word| word.as_os_str() == scenario.name);
    let named =
        |scenario: &Scenario| words.is_empty() || words.iter().any(|word| names(word, scenario));
    let wanted =
        |scenario: &Scenario| exact(scenario) || named(scenario) && (long || !scenario.long);
    Ok(scenarios().into_iter().filter(wanted).collect())
}

fn one(scenario: &Scenario, limits: Limits, progress: &Progress) -> Told {
    let started = Instant::now();
    let report = if ENDED.load(Ordering::Relaxed) {
        let why = "it was not begun".to_owned();
        let counts = Counts { states: 0, edges: 0, fair_edges: 0, depth: 0 };
        Report { counts, verdict: Verdict::NotExhausted { why } }
    } else {
        scenario.run(limits, &Looker { progress, name: scenario.name })
    };
    Told::of(scenario, report, started.elapsed().as_secs_f64())
}
