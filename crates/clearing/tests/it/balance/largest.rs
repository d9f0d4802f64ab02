//! The largest free balancing: as near to all targets as anything, and proved.

use clearing::{
    BalanceFault, BalanceLimits, Balanced, Debt, MOST_BALANCE_LOOKS, Round, verify_balanced,
};

use protocol::Units;

use super::net::{Half, Net, Tally, units};
use crate::instances::Chance;
use crate::oracle::most_gained;

/// The largest amount of a record over the largest of these networks.
const FACTOR: i64 = 9_007_199_254_740_991 / 60;

impl Tally {
    /// What moves to an end for nothing: no more than a record can hold.
    fn free(&self, end: usize) -> i64 {
        let free = (self.halves[end].target - self.balance_of(end)).clamp(0, self.most(end));
        let free = free.min(Units::MAX.milli());
        if self.dues(end, free) == (0, 0) { free } else { 0 }
    }
}

impl Net {
    /// Few tallies with small amounts.
    fn tiny(chance: &mut Chance) -> Self {
        let participants = 3 + chance.below(2);
        let below = |chance: &mut Chance, bound: u32| i64::from(chance.below(bound));
        let half = |chance: &mut Chance| {
            let target = below(chance, 4);
            let bound = target + below(chance, 3);
            let clutch = [0, 0, 0, 0, 300_000, -300_000][chance.below(6) as usize];
            Half { target, bound, reward: clutch.max(-clutch), clutch, owe: 1 + below(chance, 4) }
        };
        let tally = |chance: &mut Chance| {
            let first = chance.below(participants);
            let second = (first + 1 + chance.below(participants - 1)) % participants;
            let halves = [half(chance), half(chance)];
            Tally { ends: [first, second], balance: below(chance, 8) - 4, halves }
        };
        let tallies = 3 + chance.below(4);
        Self { participants, tallies: (0..tallies).map(|_| tally(chance)).collect() }
    }

    /// The same network with amounts so many times as large.
    pub(super) fn scaled(mut self, factor: i64) -> Self {
        for tally in &mut self.tallies {
            tally.balance *= factor;
            for half in &mut tally.halves {
                (half.target, half.bound) = (half.target * factor, half.bound * factor);
                half.owe *= factor;
            }
        }
        self
    }

    /// The least that all distances can be, by trying every flow.
    fn nearest(&mut self, tally: usize, nets: &mut [i64]) -> i64 {
        if tally == self.tallies.len() {
            let level = nets.iter().all(|net| *net == 0);
            return if level { self.distances() } else { i64::MAX };
        }
        let before = self.tallies[tally].balance;
        let (down, up) = (-self.tallies[tally].free(1), self.tallies[tally].free(0));
        let [first, second] = self.tallies[tally].ends.map(|end| end as usize);
        let mut least = i64::MAX;
        for change in down..=up {
            self.tallies[tally].balance = before + change;
            nets[first] += change;
            nets[second] -= change;
            least = least.min(self.nearest(tally + 1, nets));
            nets[first] -= change;
            nets[second] += change;
        }
        self.tallies[tally].balance = before;
        least
    }

    /// By how much all distances can become less, by cancelling circles.
    fn nearer_by_cancelling(&self) -> i128 {
        let (mut debts, mut gains) = (Vec::new(), Vec::new());
        for (tally, end) in self.tallies.iter().flat_map(|tally| [(tally, 0), (tally, 1)]) {
            let giver = 1 - end;
            let above = (tally.balance_of(giver) - tally.halves[giver].target).max(0);
            let free = tally.free(end);
            for (milli, gain) in [(free.min(above), 2), (free - free.min(above), 0)] {
                let (debtor, creditor) = (tally.ends[giver], tally.ends[end]);
                debts.push(Debt { debtor, creditor, units: units(milli) });
                gains.push(gain);
            }
        }
        most_gained(self.participants, &debts, &gains)
    }
}

#[test]
fn tiny_networks_come_as_near_as_by_trying_everything() {
    let (mut gained, mut better) = (0, 0);
    for seed in 0..3_000 {
        let mut net = Net::tiny(&mut Chance(seed));
        let what = format!("seed {seed}");
        let least = net.nearest(0, &mut vec![0; net.participants as usize]);
        let limits = BalanceLimits { most_members: Some(9), looks: MOST_BALANCE_LOOKS };
        let greedy = net.clone().balance(limits, &what);
        let balanced = net.balance(BalanceLimits::default(), &what);
        assert_eq!(net.distances(), least, "{what}");
        assert!(greedy.nearer <= balanced.nearer, "{what}");
        gained += u32::from(balanced.nearer > 0);
        better += u32::from(balanced.nearer > greedy.nearer);
    }
    assert!(gained > 500 && better > 20, "{gained} gained, {better} more than the short circles");
}

#[test]
fn nothing_comes_nearer_than_by_cancelling_circles() {
    let (mut gained, mut large) = (0, 0);
    for seed in 0..3_000 {
        let net = Net::random(&mut Chance(seed), 60, seed % 3 > 0);
        let mut net = if seed % 2 == 0 { net } else { net.scaled(FACTOR) };
        let most = net.nearer_by_cancelling();
        let balanced = net.balance(BalanceLimits::default(), &format!("seed {seed}"));
        assert_eq!(balanced.nearer, most, "seed {seed}");
        gained += u32::from(most > 0);
        large += u32::from(most > i128::from(i64::MAX / 1_024));
    }
    assert!(gained > 500 && large > 100, "{gained} gained, {large} of them much");
}

#[test]
fn sums_beyond_64_bits_are_balanced_too() {
    let mut gained = 0;
    for seed in 0..100 {
        let mut net = Net::random(&mut Chance(seed), 60, true).scaled(FACTOR);
        // Each tally many times, so that the sums exceed 64 bits.
        net.tallies = net.tallies.repeat(400);
        let hops = net.hops();
        let balanced = hops.toward_targets(BalanceLimits::default());
        let proof = verify_balanced(&hops, &balanced).expect("proved");
        gained += u32::from(proof.nearer > i128::from(i64::MAX));
    }
    assert!(gained > 10, "{gained} gained much");
}

/// A chain of circles of three: in each the first holds too much of the second, and every circle also
/// leads to the next one.
fn chain(circles: u32) -> Net {
    let mut tallies = Vec::new();
    let half = |target, owe| Half { target, bound: 100, reward: 0, clutch: 0, owe };
    for first in (0..circles).map(|circle| 3 * circle) {
        let tally = |a, b, balance, target| {
            let halves = [half(target, 0), half(0, 100)];
            Tally { ends: [a, b], balance, halves }
        };
        tallies.push(tally(first, first + 1, 50, 0));
        tallies.push(tally(first + 2, first + 1, 0, 30));
        tallies.push(tally(first, first + 2, 0, 20));
        if first > 0 {
            tallies.push(tally(first, first - 2, 0, 5));
        }
    }
    Net { participants: 3 * circles, tallies }
}

#[test]
fn circles_that_lead_to_each_other_are_proved_together() {
    let mut net = chain(50);
    let balanced = net.balance(BalanceLimits::default(), "chain");
    assert_eq!(balanced.nearer, 50 * 2 * 20);
    assert_eq!(balanced.rounds.len(), 50);
}

#[test]
fn a_search_that_may_look_at_little_says_so() {
    let mut told = [0; 3];
    for looks in [0, 1, 10, 100, 300, 1_000, 3_000, 10_000, 100_000] {
        let limits = BalanceLimits { most_members: None, looks };
        let balanced = chain(50).balance(limits, "few looks");
        assert!(balanced.complete || !balanced.proved());
        told[0] += u32::from(!balanced.complete);
        told[1] += u32::from(balanced.complete && !balanced.proved());
        told[2] += u32::from(balanced.proved());
    }
    assert!(told[0] > 0 && told[2] > 0, "{told:?}");
}

#[test]
fn where_nobody_holds_too_much_there_is_nothing_to_search() {
    let mut net = chain(2);
    net.tallies[0].balance = 0;
    net.tallies[3].balance = 0;
    let balanced = net.balance(BalanceLimits { most_members: None, looks: 0 }, "nothing");
    assert!(balanced.rounds.is_empty() && balanced.complete && balanced.proved());
}

#[test]
fn what_is_wrong_is_named() {
    let hops = chain(2).hops();
    let right = hops.toward_targets(BalanceLimits::default());
    assert!(verify_balanced(&hops, &right).is_ok());
    let fault = |change: &dyn Fn(&mut Balanced)| {
        let mut wrong = right.clone();
        change(&mut wrong);
        verify_balanced(&hops, &wrong).expect_err("a fault")
    };
    let two = |b: &mut Balanced| b.rounds.push(b.rounds[0].clone());
    assert!(matches!(fault(&two), BalanceFault::NotFree { free: 20 | 30, .. }));
    let strange = fault(&|b| b.rounds[1].legs[2].hop = 99);
    assert_eq!(strange, BalanceFault::UnknownHop { round: 1, leg: 2 });
    let other = fault(&|b| b.rounds[1].legs[2].giver = 1);
    assert_eq!(other, BalanceFault::UnknownHop { round: 1, leg: 2 });
    let no_circle = BalanceFault::NoCircle { round: 1 };
    assert_eq!(fault(&|b| b.rounds[1].legs.truncate(2)), no_circle);
    assert_eq!(fault(&|b| b.rounds[1].legs.clear()), no_circle);
    assert_eq!(fault(&|b| b.rounds[1].legs[1].units = units(19)), no_circle);
    let zero = |b: &mut Balanced| b.rounds[1].legs.iter_mut().for_each(|leg| leg.units = units(0));
    assert_eq!(fault(&zero), no_circle);
    let twice = |b: &mut Balanced| {
        let legs = b.rounds[1].legs.clone();
        b.rounds[1].legs.extend(legs);
    };
    assert_eq!(fault(&twice), no_circle);
    assert_eq!(fault(&|b| b.nearer += 1), BalanceFault::OtherSum { nearer: 80, told: 81 });
    assert_eq!(fault(&|b| b.potentials = None), BalanceFault::Unproved);
    assert_eq!(fault(&|b| b.potentials = Some(vec![0; 5])), BalanceFault::WrongShape);
    let less = |b: &mut Balanced| {
        b.rounds.pop();
        b.nearer = 40;
    };
    assert!(matches!(fault(&less), BalanceFault::NotTight(proof) if proof.bound == 80));
    let loose = fault(&|b| b.potentials = Some(vec![0; 6]));
    assert!(matches!(loose, BalanceFault::NotTight(proof) if proof.bound > 80));
    for wild in [i32::MIN, i32::MAX] {
        let wild = fault(&|b| b.potentials.as_mut().expect("some")[0] = wild);
        assert!(matches!(wild, BalanceFault::NotTight(_)));
    }
}

#[test]
fn a_circle_that_gains_nothing_is_a_fault() {
    // Nobody holds too much; everybody would take 10 more of the next.
    let half = Half { target: 10, bound: 10, reward: 0, clutch: 0, owe: 100 };
    let tally = |ends| Tally { ends, balance: 0, halves: [half; 2] };
    let net = Net { participants: 3, tallies: vec![tally([0, 1]), tally([1, 2]), tally([2, 0])] };
    let hops = net.hops();
    let leg = |hop: usize| {
        let ends = hops.list()[hop];
        clearing::Leg { hop, giver: ends.giver, taker: ends.taker, units: units(4) }
    };
    let rounds = vec![Round { legs: vec![leg(4), leg(2), leg(0)] }];
    let idle = Balanced { rounds, nearer: 0, complete: true, potentials: Some(vec![0; 3]) };
    assert_eq!(verify_balanced(&hops, &idle), Err(BalanceFault::Idle { round: 0 }));
    assert!(hops.toward_targets(BalanceLimits::default()).rounds.is_empty());
}
