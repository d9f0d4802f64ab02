//! Every scenario one after the other, the long ones too, as `mychips verify --long --json` tells them; without the rest of the
//! program, so that it is quickly built. Words on the standard error say how far it is.
//!
//! `cargo run --release -p verify --example every [MEMORY_MB] [THREADS] [NAME…]`: all of them, or those whose names begin so.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;
use verify::{Limits, Verdict, scenarios};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: usize| {
        words.get(at).map_or(Ok(otherwise), |word| word.parse().map_err(|_| word))
    };
    let (megabytes, threads) = match (number(0, 4096), number(1, 2)) {
        (Ok(megabytes), Ok(threads)) => (megabytes, threads),
        (Err(word), _) | (_, Err(word)) => {
            eprintln!("{word}: first how much memory, in MiB, then how many threads, then names");
            return ExitCode::FAILURE;
        }
    };
    let limits = Limits { memory_bytes: megabytes << 20, threads };
    let names = words.get(2..).unwrap_or_default();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|begin| name.starts_with(begin));
    let (begun, mut states, mut told) = (Instant::now(), 0, Vec::new());
    for scenario in scenarios().into_iter().filter(|scenario| wanted(scenario.name)) {
        let at = Instant::now();
        let report = scenario.run(limits, &());
        let (counts, seconds) = (report.counts, at.elapsed().as_secs_f64());
        let (as_expected, planted) =
            (scenario.expects(&report.verdict), scenario.planted.is_some());
        let verdict = match report.verdict {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Broken { invariant, why, trace } => {
                let lines = trace.way.iter().chain(&trace.cycle);
                for line in lines.filter(|_| !as_expected) {
                    eprintln!("  {}\n      {}", line.action, line.state);
                }
                format!("{invariant}: {why}")
            }
            Verdict::NotExhausted { why } => format!("not exhausted: {why}"),
        };
        let name = scenario.name;
        eprintln!("{name}: {} states, {seconds:.1} s, {as_expected}: {verdict}", counts.states);
        states += counts.states;
        told.push(json!({
            "name": name, "faults": scenario.faults, "states": counts.states, "edges": counts.edges,
            "depth": counts.depth, "seconds": seconds, "planted": planted, "long": scenario.long,
            "as_expected": as_expected, "verdict": verdict,
        }));
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{:#}", json!({ "states": states, "seconds": seconds, "scenarios": told }));
    ExitCode::SUCCESS
}
