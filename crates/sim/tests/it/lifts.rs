//! Lifts between sites in networks where anything fails, and where sites and a referee lie: what must hold, holds for all
//! who are honest, and every lift comes to its end. A thousand lifts in four parts that run at once; `make soak` goes on
//! until 25,000 of each kind were decided.

use sim::net::{Life, Report, live};

/// How many lifts each part decides.
const LIFTS: u64 = 250;

/// Runs seed after seed until so many lifts were decided; whatever fails is told with its trace.
fn hold(life: Life, from_seed: u64) -> Vec<Report> {
    let mut held = Vec::new();
    let mut seed = from_seed;
    while sum(&held, Report::lifts_decided) < LIFTS {
        match live(seed, life, None).ended {
            Ok(report) => held.push(report),
            Err(failure) => panic!("{failure}"),
        }
        seed += 1;
    }
    held
}

fn sum(reports: &[Report], of: impl Fn(&Report) -> u64) -> u64 {
    reports.iter().map(of).sum()
}

/// Where all lifts are void, nothing that is said of valid ones was seen to hold: at least one of so many is valid.
fn some_are_valid(held: &[Report], of: u64) {
    let (valid, void) = (sum(held, Report::lifts_made), sum(held, Report::lifts_void));
    assert!(valid * of >= valid + void, "{valid} valid, {void} void");
}

/// From seed 2,000 on there are wrong clocks and links.
fn has_all_there_is(held: &[Report], from_seed: u64) {
    if from_seed < 2_000 {
        return;
    }
    for (of, what) in [
        (Report::clocks_wrong as fn(&Report) -> u64, "wrong clocks"),
        (Report::links, "links"),
        (Report::adverts, "adverts"),
    ] {
        assert!(sum(held, of) > 0, "no {what} in {} networks", held.len());
    }
}

fn honest_networks(from_seed: u64) {
    let held = hold(Life::Lifts, from_seed);
    let cleared = sum(&held, Report::lifts_cleared);
    assert!(cleared > 0, "no circle of debts was cleared in {} networks", held.len());
    some_are_valid(&held, 3);
    has_all_there_is(&held, from_seed);
}

fn networks_with_liars(from_seed: u64) -> Vec<Report> {
    let held = hold(Life::Liars, from_seed);
    let (lies, proofs) = (sum(&held, Report::lies), sum(&held, Report::proofs));
    assert!(lies > 100, "{lies} lies");
    assert!(proofs > 0, "nobody has a proof");
    assert!(sum(&held, Report::named) > 0, "nobody held two statements that contradict each other");
    let sites = sum(&held, Report::sites_named);
    assert!(sites >= 5, "{sites} sites that promised twice are named in {} networks", held.len());
    some_are_valid(&held, 6);
    has_all_there_is(&held, from_seed);
    held
}

#[test]
fn in_networks_with_lifts_everything_holds() {
    honest_networks(0);
}

#[test]
fn in_more_networks_with_lifts_everything_holds() {
    honest_networks(2_000);
}

#[test]
fn whatever_liars_say_everything_holds_for_all_others_and_a_false_referee_is_named() {
    networks_with_liars(0);
}

#[test]
fn whatever_more_liars_say_everything_holds_for_all_others_and_a_false_referee_is_named() {
    // In four of these networks two of seven referees lie.
    let held = networks_with_liars(2_080);
    let by_seven = sum(&held, Report::lifts_made_by_seven);
    assert!(by_seven >= 20, "{by_seven} lifts are valid by seven referees of whom two lie");
}

#[test]
fn in_seeds_with_lifts_that_failed_once_everything_holds() {
    let honest = [1_015, 1_070, 1_249, 2_041].map(|seed| (seed, Life::Lifts));
    let with_liars = [1_306, 1_442].map(|seed| (seed, Life::Liars));
    for (seed, life) in honest.into_iter().chain(with_liars) {
        if let Err(failure) = live(seed, life, None).ended {
            panic!("{failure}");
        }
    }
}
