//! No money pump: whatever moves through a holder, once its balances are as they were, what it
//! charged is not negative (protocol §6). Broken rules must fail the same property.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestError, TestRng, TestRunner};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

use crate::given::{settings, units};

const SIZE: i64 = 5_000;

/// How the holder charges: by the crate's rule, or by a plausible mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Ours,
    /// A negative clutch is paid on everything let go, surplus or not.
    ClutchPaidBelowTarget,
    /// Fractions are rounded toward the payer.
    RoundedDown,
    /// An open promise that would lower the balance is taken as done.
    PromiseMakesRoom,
}

/// Anything that may happen on one of the holder's tallies.
#[derive(Clone, Copy, Debug)]
enum Step {
    Promise { tally: usize, inward: bool, per_mille: i64 },
    Decide { promise: usize, commit: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let promise = (0usize..3, any::<bool>(), prop_oneof![0i64..=1_000, 0i64..=5])
        .prop_map(|(tally, inward, per_mille)| Step::Promise { tally, inward, per_mille });
    let decide = (any::<usize>(), prop::bool::weighted(0.7))
        .prop_map(|(promise, commit)| Step::Decide { promise, commit });
    prop::collection::vec(prop_oneof![promise, decide], 0..24)
}

/// One of the holder's tallies: its settings, and a balance that these allow.
fn tallies() -> impl Strategy<Value = Vec<(Settings, i64)>> {
    let tally = (settings(SIZE), 0i64..=1_000).prop_map(|(settings, per_mille)| {
        let highest = settings.bound().milli();
        (settings, -SIZE + (SIZE + highest) * per_mille / 1_000)
    });
    prop::collection::vec(tally, 3)
}

/// A promised movement, with the charge fixed when it was promised.
struct Promise {
    tally: usize,
    inward: bool,
    units: i64,
    charge: i64,
}

struct Holder {
    rule: Rule,
    tallies: Vec<(Settings, i64)>,
    open: Vec<Promise>,
    charged: i64,
}

impl Holder {
    fn reserved(&self, tally: usize, inward: bool) -> i64 {
        self.open.iter().filter(|p| p.tally == tally && p.inward == inward).map(|p| p.units).sum()
    }

    fn lading(&self, tally: usize, inward: bool) -> Lading {
        let (settings, balance) = self.tallies[tally];
        let holder = InForce::after_set(units(SIZE), settings, None);
        // The partner sets no limit and no charge of its own: only the holder's side is watched.
        let partner = InForce::at_opening(Units::MAX, Units::MAX);
        let (mut coming, mut going) = (self.reserved(tally, true), self.reserved(tally, false));
        let mut balance = balance;
        if self.rule == Rule::PromiseMakesRoom {
            balance += if inward { -going } else { coming };
            *(if inward { &mut going } else { &mut coming }) = 0;
        }
        let here = Position::new(units(balance), units(coming), units(going)).unwrap();
        let consent = Consent { holder, partner };
        if inward { Lading::inward(here, &consent) } else { Lading::outward(here, &consent) }
    }

    fn charge(&self, lading: &Lading, tally: usize, inward: bool, moved: Units) -> i64 {
        let clutch = self.tallies[tally].0.clutch();
        let due = match (self.rule, inward) {
            (Rule::ClutchPaidBelowTarget, false) => clutch.cost_up(moved),
            (Rule::RoundedDown, _) => rounded_down(lading, inward, moved),
            (_, true) => lading.cost(moved).unwrap().reward,
            (_, false) => lading.cost(moved).unwrap().clutch,
        };
        due.milli()
    }

    fn promise(&mut self, tally: usize, inward: bool, wanted: impl Fn(i64) -> i64) {
        let lading = self.lading(tally, inward);
        let moved = wanted(lading.most().milli());
        let charge = self.charge(&lading, tally, inward, units(moved));
        self.open.push(Promise { tally, inward, units: moved, charge });
    }

    fn decide(&mut self, promise: usize, commit: bool) {
        let promise = self.open.swap_remove(promise);
        if commit {
            self.tallies[promise.tally].1 +=
                if promise.inward { promise.units } else { -promise.units };
            self.charged += promise.charge;
        }
    }
}

fn rounded_down(lading: &Lading, inward: bool, moved: Units) -> Units {
    let mut left = moved;
    let mut total = 0;
    for piece in lading.segments() {
        let used = left.min(piece.units);
        let rate = if inward { piece.reward } else { piece.clutch };
        total -= Rate::new(-rate.ppm()).unwrap().cost_up(used).milli();
        left = left.minus(used).unwrap();
    }
    units(total)
}

/// Anything happens; then every promise is decided, and each balance goes back to where it was.
fn round_trip(rule: Rule, tallies: Vec<(Settings, i64)>, steps: &[Step]) -> TestCaseResult {
    let start = tallies.clone();
    let mut holder = Holder { rule, tallies, open: Vec::new(), charged: 0 };
    for step in steps {
        match *step {
            Step::Promise { tally, inward, per_mille } => {
                // Room is wide on the partner's side: keep to amounts near the settings.
                holder.promise(tally, inward, |most| most.min(2 * SIZE) * per_mille / 1_000);
            }
            Step::Decide { promise, commit } if !holder.open.is_empty() => {
                holder.decide(promise % holder.open.len(), commit);
            }
            Step::Decide { .. } => {}
        }
    }
    while !holder.open.is_empty() {
        holder.decide(0, holder.open.len().is_multiple_of(2));
    }
    for (tally, (_, was)) in start.iter().enumerate() {
        let back = was - holder.tallies[tally].1;
        if back != 0 {
            holder.promise(tally, back > 0, |_| back.abs());
            holder.decide(0, true);
        }
    }
    prop_assert_eq!(&holder.tallies, &start);
    prop_assert!(holder.charged >= 0, "the holder paid {}", -holder.charged);
    Ok(())
}

/// What a run starts from, and what happens in it.
type Story = (Vec<(Settings, i64)>, Vec<Step>);

fn verdict(rule: Rule, cases: u32) -> Result<(), TestError<Story>> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
        .run(&(tallies(), steps()), |(tallies, steps)| round_trip(rule, tallies, &steps))
}

#[test]
fn nothing_that_brings_the_balances_back_costs_the_holder_anything() {
    verdict(Rule::Ours, 4_000).unwrap();
}

#[test]
fn a_clutch_paid_below_the_target_is_found_out() {
    assert!(matches!(verdict(Rule::ClutchPaidBelowTarget, 4_000), Err(TestError::Fail(..))));
}

#[test]
fn rounding_toward_the_payer_is_found_out() {
    assert!(matches!(verdict(Rule::RoundedDown, 4_000), Err(TestError::Fail(..))));
}

#[test]
fn a_promise_that_makes_room_is_found_out() {
    assert!(matches!(verdict(Rule::PromiseMakesRoom, 4_000), Err(TestError::Fail(..))));
}
