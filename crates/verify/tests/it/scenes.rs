//! The scenarios that ship, each with what is expected of it.

use verify::{Limits, scenarios};

#[test]
fn every_quick_scenario_ends_as_expected() {
    for scenario in scenarios().into_iter().filter(|scenario| !scenario.long) {
        let limits = Limits { threads: 2, memory_bytes: 2 << 30 };
        let begun = std::time::Instant::now();
        let report = scenario.run(limits, &());
        println!("{} {:?} {:?}", scenario.name, report.counts, begun.elapsed());
        if let verify::Verdict::Broken { invariant, why, trace } = &report.verdict {
            println!("{invariant}: {why}\n  {}", trace.begin);
            for line in trace.way.iter() {
                println!("- {}\n      {}", line.action, line.state);
            }
            println!("for ever:");
            for line in trace.cycle.iter() {
                println!("- {}\n      {}", line.action, line.state);
            }
        }
        assert!(scenario.expects(&report.verdict), "{}: {:?}", scenario.name, report.verdict);
    }
}
