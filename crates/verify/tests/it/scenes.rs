//! The scenarios that ship, each with what is expected of it.

use verify::traps::TRAPS;
use verify::{Limits, Report, Scenario, Verdict, scenarios};

fn told(scenario: &Scenario, report: &Report) -> String {
    let mut text = format!("{}: {:?}\n", scenario.name, report.counts);
    if let Verdict::Broken { invariant, why, trace } = &report.verdict {
        text += &format!("{invariant}: {why}\n   {}\n", trace.begin);
        let mut lines = |lines: &[verify::Line]| {
            for line in lines {
                text += &format!(" - {}\n     {}\n", line.action, line.state);
            }
            text += ".\n";
        };
        lines(&trace.way);
        lines(&trace.cycle);
    }
    text
}

#[test]
fn every_quick_scenario_ends_as_expected() {
    let only = std::env::var("SCENARIO").ok();
    let wanted = |scenario: &Scenario| match &only {
        Some(only) => scenario.name == only,
        None => !scenario.long,
    };
    for scenario in scenarios().into_iter().filter(wanted) {
        let report = scenario.run(Limits { threads: 2, memory_bytes: 4 << 30 }, &());
        println!("{}", told(&scenario, &report));
        assert!(scenario.expects(&report.verdict), "{}", told(&scenario, &report));
    }
}

#[test]
fn names_are_words_of_their_own() {
    let all = scenarios();
    for (at, scenario) in all.iter().enumerate() {
        assert!(scenario.name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()));
        assert!(all[..at].iter().all(|other| other.name != scenario.name), "{}", scenario.name);
        assert_eq!(scenario.planted.is_some(), scenario.says.starts_with("planted: "));
    }
}

#[test]
fn every_known_trap_has_a_naive_variant_and_what_ships_beside_it() {
    let all = scenarios();
    let named = |name: &&str| all.iter().find(|scenario| scenario.name == *name).unwrap();
    for trap in &TRAPS {
        assert!(!trap.holds.is_empty() && !trap.naive.is_empty(), "{}", trap.name);
        assert!(trap.holds.iter().map(named).all(|one| one.planted.is_none()), "{}", trap.name);
        assert!(trap.naive.iter().map(named).all(|one| one.planted.is_some()), "{}", trap.name);
        let quick = |names: &[&str]| names.iter().map(named).any(|one| !one.long);
        assert!(quick(trap.holds) && quick(trap.naive), "{}: with the tests", trap.name);
    }
}

#[test]
fn every_way_to_be_worse_is_in_the_patch_and_has_a_scenario_of_what_ships() {
    let (list, patch) =
        (include_str!("../../mutants/list"), include_str!("../../mutants/worse.patch"));
    let all = scenarios();
    let ways: Vec<Vec<&str>> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(" | ").collect())
        .collect();
    assert!(ways.len() >= 10, "{}", ways.len());
    assert!(
        ways.iter().any(|way| way[2] == verify::liveness::LIVELOCK),
        "one of them is a livelock"
    );
    for way in ways {
        let [name, scenario, _, _] = way[..] else { panic!("{way:?}") };
        assert!(patch.contains(&format!("worse(\"{name}\")")), "{name}");
        let one = all.iter().find(|one| one.name == scenario).unwrap();
        assert!(one.planted.is_none(), "{name}: {scenario}");
    }
}
