//! Random tables against a slow oracle that knows none of the engine's arguments: it tries every set of states.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use verify::liveness::{DEADLOCK, LIVELOCK, NO_WAY};
use verify::{Kind, Report};

use crate::table::{GOOD, Table, broken, explored, trace};

const STATES: usize = 7;
const CLASSES: u8 = 3;

type Set = u32;

fn has(set: Set, state: usize) -> bool {
    set & 1 << state != 0
}

fn fair(table: &Table, state: usize) -> impl Iterator<Item = (u8, bool, usize)> + '_ {
    table.steps[state].iter().filter_map(|&(kind, to)| match kind {
        Kind::May => None,
        Kind::Fair(class) => Some((class, false, to)),
        Kind::Chance(class) => Some((class, true, to)),
    })
}

/// How far each state is from the first; none where no way leads there.
fn distances(table: &Table) -> Vec<Option<usize>> {
    let mut far = vec![None; table.steps.len()];
    far[0] = Some(0);
    for _ in 0..table.steps.len() {
        for from in 0..far.len() {
            let Some(here) = far[from] else { continue };
            for &(_, to) in &table.steps[from] {
                far[to] = Some(far[to].unwrap_or(usize::MAX).min(here + 1));
            }
        }
    }
    far
}

/// The states that lead to the end by fair steps.
fn hopeful(table: &Table) -> Set {
    let mut set = table.done.iter().fold(0, |set, &done| set | 1 << done);
    for _ in 0..table.steps.len() {
        for state in 0..table.steps.len() {
            if fair(table, state).any(|(_, _, to)| has(set, to)) {
                set |= 1 << state;
            }
        }
    }
    set
}

/// The steps that a run staying in this set for ever, and everywhere in it again and again, can take.
fn staying(table: &Table, set: Set) -> Vec<(usize, u8, usize)> {
    let mut steps = Vec::new();
    for state in (0..table.steps.len()).filter(|&state| has(set, state)) {
        for (class, chance, to) in fair(table, state) {
            let sides = || fair(table, state).filter(|&(of, die, _)| die && of == class);
            if has(set, to) && (!chance || sides().all(|(_, _, side)| has(set, side))) {
                steps.push((state, class, to));
            }
        }
    }
    steps
}

/// Whether a fair run can be everywhere in this set again and again, and nowhere else.
fn is_trap(table: &Table, set: Set) -> bool {
    let steps = staying(table, set);
    let states: Vec<usize> = (0..table.steps.len()).filter(|&state| has(set, state)).collect();
    let everywhere = states.iter().all(|&from| {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        for _ in 0..=states.len() {
            for &(a, _, b) in &steps {
                if a == from || seen.contains(&a) {
                    seen.insert(b);
                }
            }
        }
        states.iter().all(|state| seen.contains(state))
    });
    everywhere
        && (0..CLASSES).all(|class| {
            steps.iter().any(|&(_, of, _)| of == class)
                || states.iter().any(|&state| fair(table, state).all(|(of, ..)| of != class))
        })
}

/// What must be said of a table.
fn expected(table: &Table) -> Option<&'static str> {
    let far = distances(table);
    let reached: Vec<usize> = (0..far.len()).filter(|&state| far[state].is_some()).collect();
    if reached.iter().any(|state| table.bad.contains(state)) {
        return Some(GOOD);
    }
    let waits = |state: &&usize| !table.done.contains(state);
    if reached.iter().filter(waits).any(|&state| fair(table, state).count() == 0) {
        return Some(DEADLOCK);
    }
    let hopeful = hopeful(table);
    if reached.iter().any(|&state| !has(hopeful, state)) {
        return Some(NO_WAY);
    }
    let open = reached.iter().filter(waits).fold(0, |set: Set, state| set | 1 << state);
    let trap = (1..1 << table.steps.len()).any(|set: Set| set & !open == 0 && is_trap(table, set));
    trap.then_some(LIVELOCK)
}

fn tables() -> impl Strategy<Value = Table> {
    let kind = prop_oneof![
        1 => Just(Kind::May),
        4 => (0..CLASSES).prop_map(Kind::Fair),
        3 => (0..CLASSES).prop_map(Kind::Chance),
    ];
    let steps = vec(vec((kind, 0..STATES), 1..4), STATES);
    let bad = prop_oneof![6 => Just(Vec::new()), 1 => vec(1..STATES, 1)];
    (steps, vec(0..STATES, 1..3), bad).prop_map(|(steps, done, bad)| Table { steps, done, bad })
}

/// A printed cycle is one, begins where the way ends, and gives each class its due.
fn check_cycle(table: &Table, report: &Report) {
    let numbers = |states: Vec<String>| -> Vec<usize> {
        states.iter().map(|state| state.parse().unwrap()).collect()
    };
    let (way, cycle) = trace(report);
    let (way, cycle) = (numbers(way), numbers(cycle));
    assert_eq!(way.last(), cycle.last(), "it comes back");
    let set = cycle.iter().fold(0, |set: Set, state| set | 1 << state);
    assert!(cycle.iter().all(|state| !table.done.contains(state)));
    let mut at = *cycle.last().unwrap();
    for &next in &cycle {
        assert!(fair(table, at).any(|(_, _, to)| to == next), "{at} does not lead to {next}");
        at = next;
    }
    let every = |class| {
        let taken = |&(_, of, _): &(usize, u8, usize)| of == class;
        let inside = (0..STATES).filter(|&state| has(set, state));
        inside.clone().any(|state| fair(table, state).all(|(of, ..)| of != class))
            || inside
                .flat_map(|state| fair(table, state).map(move |(of, _, to)| (state, of, to)))
                .any(|step| taken(&step) && has(set, step.2))
    };
    assert!((0..CLASSES).all(every), "a class is owed a step");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_engine_says_what_the_oracle_says(table in tables()) {
        let report = explored(&table);
        let far = distances(&table);
        let found = broken(&report);
        prop_assert_eq!(found, expected(&table));
        match found {
            None => {}
            Some(GOOD) => {
                let nearest = table.bad.iter().filter_map(|&bad| far[bad]).min().unwrap();
                prop_assert_eq!(trace(&report).0.len(), nearest + 1, "a shortest way");
            }
            Some(DEADLOCK) => prop_assert!(trace(&report).1.is_empty()),
            Some(_) => check_cycle(&table, &report),
        }
        if found != Some(GOOD) {
            let reached = far.iter().flatten().count() as u64;
            prop_assert_eq!(report.counts.states, reached);
            prop_assert_eq!(report.counts.depth as usize, far.iter().flatten().copied().max().unwrap());
        }
    }
}
