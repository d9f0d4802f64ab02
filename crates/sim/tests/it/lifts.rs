//! Lifts between sites in networks where anything fails, and where sites and a referee lie: what must hold, holds for all
//! who are honest, and every lift comes to its end.

use sim::net::{Life, Report, live};

/// Runs seeds; whatever fails is told with its trace.
fn hold(life: Life, seeds: impl IntoIterator<Item = u64>) -> Vec<Report> {
    let (mut held, mut failed) = (Vec::new(), Vec::new());
    for seed in seeds {
        match live(seed, life, None).ended {
            Ok(report) => held.push(report),
            Err(failure) => failed.push(failure.to_string()),
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
    held
}

fn sum(reports: &[Report], of: impl Fn(&Report) -> u64) -> u64 {
    reports.iter().map(of).sum()
}

/// Two networks; `make soak` goes on until 25,000 lifts of each kind were decided.
#[test]
fn in_networks_with_lifts_everything_holds() {
    let held = hold(Life::Lifts, [0, 1]);
    let decided = sum(&held, Report::lifts_decided);
    assert!(decided > 5, "{decided} lifts");
}

#[test]
fn whatever_liars_say_everything_holds_for_all_others_and_a_false_referee_is_named() {
    let held = hold(Life::Liars, [0, 1, 3]);
    let decided = sum(&held, Report::lifts_decided);
    let (lies, proofs) = (sum(&held, Report::lies), sum(&held, Report::proofs));
    assert!(decided > 10 && lies > 100, "{decided} lifts, {lies} lies");
    assert!(proofs > 0, "nobody has a proof");
}
