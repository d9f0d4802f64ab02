//! Large worlds: counts by hand, the same report whatever the threads, and ends before all was seen.

use std::sync::atomic::{AtomicUsize, Ordering};

use verify::{Broken, Kind, Limits, Model, Verdict, Watch, explore};

use crate::table::{broken, explored, limits, trace};

/// A board on which a piece steps right or down, and a second one too.
struct Board {
    side: u16,
    bad: Option<[u16; 2]>,
}

impl Model for Board {
    type State = [u16; 2];
    type Action = usize;

    fn initial(&self) -> Vec<[u16; 2]> {
        vec![[0; 2]]
    }

    fn next(&self, at: &[u16; 2], steps: &mut Vec<(usize, [u16; 2])>) {
        for way in 0..2 {
            if at[way] + 1 < self.side {
                let mut next = *at;
                next[way] += 1;
                steps.push((way, next));
            }
        }
    }

    fn kind(&self, way: &usize) -> Kind {
        Kind::Fair(u8::try_from(*way).unwrap())
    }

    fn always(&self, at: &[u16; 2]) -> Result<(), Broken> {
        if self.bad == Some(*at) { Err(Broken::new("free", "taken")) } else { Ok(()) }
    }

    fn done(&self, at: &[u16; 2]) -> bool {
        *at == [self.side - 1; 2]
    }

    fn say(&self, way: &usize) -> String {
        way.to_string()
    }

    fn show(&self, at: &[u16; 2]) -> String {
        format!("{at:?}")
    }
}

#[test]
fn every_state_is_seen_once() {
    let report = explored(&Board { side: 400, bad: None });
    assert_eq!(broken(&report), None);
    let counts = report.counts;
    assert_eq!((counts.states, counts.edges), (400 * 400, 2 * 400 * 399));
    assert_eq!((counts.fair_edges, counts.depth), (2 * 400 * 399, 2 * 399));
}

#[test]
fn a_fault_far_inside_is_found_at_the_same_place_by_any_number_of_threads() {
    let board = Board { side: 400, bad: Some([170, 123]) };
    let one = explore(&board, limits(1), &());
    assert_eq!(broken(&one), Some("free"));
    assert_eq!(trace(&one).0.len(), 1 + 170 + 123);
    for threads in [2, 3, 8] {
        assert_eq!(explore(&board, limits(threads), &()), one);
    }
}

fn not_exhausted(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::NotExhausted { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_little_memory_is_no_verdict_and_the_same_one_each_time() {
    let board = Board { side: 2_000, bad: None };
    let report = |threads| explore(&board, Limits { threads, memory_bytes: 8 << 20 }, &());
    let one = report(1);
    assert_eq!(not_exhausted(&one.verdict), "its states take more than 8 MB");
    assert!((10_000..1_000_000).contains(&one.counts.states), "{:?}", one.counts);
    assert_eq!(one, report(2));
}

struct Ends(AtomicUsize);

impl Watch for Ends {
    fn go_on(&self, known: usize, explored: usize) -> bool {
        assert!(explored <= known);
        self.0.fetch_add(1, Ordering::Relaxed) < 3
    }
}

#[test]
fn what_was_interrupted_is_no_verdict() {
    let report = explore(&Board { side: 2_000, bad: None }, limits(2), &Ends(AtomicUsize::new(0)));
    assert_eq!(not_exhausted(&report.verdict), "it was interrupted");
}
