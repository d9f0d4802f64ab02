//! Charges are kept in the balances themselves: a lift brings the one in the middle more than it
//! passes on. There and back again must leave it no poorer, so each rate must be taken on what
//! moves over its own tally.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestError, TestRng, TestRunner};
use protocol::Units;
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};

use crate::given::{settings, units};

const SIZE: i64 = 1_000_000;

/// What the reward is a share of.
#[derive(Clone, Copy)]
enum Base {
    /// What comes in over the tally: ours.
    ComesIn,
    /// What is passed on over the next tally, which is less.
    PassedOn,
}

fn lading(settings: Settings, balance: i64, inward: bool) -> Lading {
    let holder = InForce::after_set(units(SIZE), settings, None);
    let partner = InForce::at_opening(Units::MAX, Units::MAX);
    let here = Position::new(units(balance), Units::ZERO, Units::ZERO).unwrap();
    let consent = Consent { holder, partner };
    if inward { Lading::inward(here, &consent) } else { Lading::outward(here, &consent) }
}

/// The least that must come in so that `passed_on` can go out and the holder has what it is due;
/// none where the tallies cannot carry it.
fn least_in(base: Base, come: &Lading, go: &Lading, passed_on: i64) -> Option<i64> {
    let clutch = go.cost(units(passed_on)).ok()?.clutch.milli();
    let suffices = |comes_in: i64| {
        let charged = match base {
            Base::ComesIn => comes_in,
            Base::PassedOn => passed_on,
        };
        comes_in - come.reward().due(units(charged)).milli() >= passed_on + clutch
    };
    let (mut low, mut high) = (0, come.most().milli().min(4 * SIZE));
    if !suffices(high) {
        return None;
    }
    while low < high {
        let middle = (low + high) / 2;
        if suffices(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

fn there_and_back(base: Base, a: (Settings, i64), b: (Settings, i64), out: i64) -> TestCaseResult {
    let there = least_in(base, &lading(a.0, a.1, true), &lading(b.0, b.1, false), out);
    let Some(came) = there else { return Ok(()) };
    let come = lading(b.0, b.1 - out, true);
    let go = lading(a.0, a.1 + came, false);
    let Some(back) = least_in(base, &come, &go, came) else { return Ok(()) };
    prop_assert!(back >= out, "passed on {out}, got {came} for it, and {back} for giving that");
    Ok(())
}

type Tally = (Settings, i64);

fn verdict(base: Base) -> Result<(), TestError<(Tally, Tally, i64)>> {
    let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tally = || (settings(SIZE), -SIZE..SIZE);
    TestRunner::new_with_rng(config, rng)
        .run(&(tally(), tally(), 0..SIZE), |(a, b, out)| there_and_back(base, a, b, out))
}

#[test]
fn a_lift_and_its_reverse_leave_the_one_in_the_middle_no_poorer() {
    verdict(Base::ComesIn).unwrap();
}

#[test]
fn a_reward_on_what_is_passed_on_would_leave_it_poorer() {
    assert!(matches!(verdict(Base::PassedOn), Err(TestError::Fail(..))));
}
