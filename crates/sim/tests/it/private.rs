//! Networks of sites in which nobody learns what is none of its business; and sites that leak, which are found.

use std::collections::BTreeMap;
use std::ops::Range;

use sim::net::{Invariant, Life, Planted, live};

use crate::net::{is_found, is_found_in};

/// Which networks are searched: with payments to strangers, without, and where sites and referees lie (some in which a liar tells
/// what it may not).
const NETWORKS: [(Life, Range<u64>); 3] =
    [(Life::Lifts, 0..4), (Life::Tallies, 0..8), (Life::Liars, 6..10)];

/// What every site heard and kept is searched, and each reason that a site may have to know something is one that some
/// site has: an excuse that nobody needs would be a hole.
#[test]
fn sites_hear_and_keep_nothing_that_is_none_of_their_business() {
    let mut excused: BTreeMap<&str, u64> = BTreeMap::new();
    for (life, seeds) in NETWORKS {
        for seed in seeds {
            let report = match live(seed, life, None).ended {
                Ok(report) => report,
                Err(failure) => panic!("{failure}"),
            };
            for (word, seen) in report.excused() {
                *excused.entry(word).or_default() += seen;
            }
        }
    }
    assert_eq!(excused.len(), 8);
    // Few networks hand a proof to a site that knows the lift by nothing else.
    excused.remove("proof");
    assert!(excused.values().all(|seen| *seen > 0), "{excused:?}");
}

#[test]
fn a_query_that_is_marked_with_an_agent_is_found_by_private() {
    is_found(Planted::PlainMark, Invariant::Private);
}

#[test]
fn a_plan_that_names_a_tally_is_found_by_private() {
    is_found(Planted::PlainToken, Invariant::Private);
}

#[test]
fn an_authorisation_that_is_told_on_the_way_is_found_by_private() {
    is_found(Planted::ToldOn, Invariant::Private);
}

#[test]
fn a_nonce_of_two_lifts_is_found_by_fresh() {
    is_found(Planted::SameNonce, Invariant::Fresh);
}

/// What liars may say excuses nobody else.
#[test]
fn what_an_honest_site_leaks_is_found_among_liars_too() {
    for (planted, named) in [
        (Planted::ToldOn, Invariant::Private),
        (Planted::SameKey, Invariant::Fresh),
        (Planted::SameNonce, Invariant::Fresh),
    ] {
        is_found_in(Life::Liars, planted, named);
    }
}

#[test]
fn a_key_of_two_lifts_is_found_by_fresh() {
    is_found(Planted::SameKey, Invariant::Fresh);
}
