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
    let all = scenarios();
    all.iter().any(|scenario| is_exactly(word, scenario) || begins(word, scenario))
}

fn is_exactly(word: &Path, scenario: &Scenario) -> bool {
    word.as_os_str() == scenario.name
}

/// Whether the name goes on after this word and a dash.
fn begins(word: &Path, scenario: &Scenario) -> bool {
    let rest = word.to_str().and_then(|word| scenario.name.strip_prefix(word));
    rest.is_some_and(|rest| rest.starts_with('-'))
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
    let all = scenarios();
    let is_one = |word: &Path| all.iter().any(|scenario| is_exactly(word, scenario));
    let exact = |scenario: &Scenario| words.iter().any(|word| is_exactly(word, scenario));
    // A name means that scenario alone, also where others begin with it.
    let below = |scenario: &Scenario| {
        words.is_empty() || words.iter().any(|word| !is_one(word) && begins(word, scenario))
    };
    let wanted: Vec<bool> = all
        .iter()
        .map(|scenario| exact(scenario) || below(scenario) && (long || !scenario.long))
        .collect();
    Ok(all.into_iter().zip(wanted).filter_map(|(one, wanted)| wanted.then_some(one)).collect())
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
