//! How fast the search is: five counters that go round, some ten million states of ten bytes.
//!
//! `cargo run --release -p verify --example speed [SIDE] [THREADS]`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use verify::{Broken, Kind, Limits, Model, Verdict, explore};

/// Counters in a state.
const COUNTERS: usize = 5;

struct Counters {
    side: u16,
}

type State = [u16; COUNTERS];

impl Model for Counters {
    type State = State;
    type Action = usize;

    fn initial(&self) -> Vec<State> {
        vec![[0; COUNTERS]]
    }

    fn next(&self, state: &State, steps: &mut Vec<(usize, State)>) {
        for at in 0..COUNTERS {
            let mut next = *state;
            next[at] = (next[at] + 1) % self.side;
            steps.push((at, next));
        }
    }

    fn kind(&self, at: &usize) -> Kind {
        Kind::Fair(u8::try_from(*at).unwrap_or(0))
    }

    fn always(&self, _state: &State) -> Result<(), Broken> {
        Ok(())
    }

    fn done(&self, state: &State) -> bool {
        state[0] == 0
    }

    fn say(&self, at: &usize) -> String {
        format!("counter {at} goes on")
    }

    fn show(&self, state: &State) -> String {
        format!("{state:?}")
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let side = words.next().and_then(|side| side.parse().ok()).unwrap_or(25);
    let threads = words.next().and_then(|threads| threads.parse().ok()).unwrap_or(2);
    let begun = Instant::now();
    let report = explore(&Counters { side }, Limits { threads, memory_bytes: 8 << 30 }, &());
    let seconds = begun.elapsed().as_secs_f64();
    let (states, holds) = (report.counts.states, report.verdict == Verdict::Holds);
    let thousands = states / 1_000;
    println!(
        "{states} states, {} steps, {seconds:.1} s with {threads} threads: {:.0} thousand states a second, {}",
        report.counts.edges,
        f64::from(u32::try_from(thousands).unwrap_or(u32::MAX)) / seconds,
        if holds { "holds" } else { "does not hold" },
    );
}
