//! A network of tallies that balancing changes, each step checked.
//!
//! Everything is reckoned anew here from balances and settings, by section 6 of the protocol.

use clearing::{
    BalanceFault, BalanceLimits, Balanced, Hop, Hops, LONGEST_PATH, Leg, Plan, verify_balanced,
};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

use crate::instances::Chance;

/// One holder's settings on a tally, and the most it signed to owe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    pub(super) target: i64,
    pub(super) bound: i64,
    pub(super) reward: i32,
    pub(super) clutch: i32,
    pub(super) owe: i64,
}

/// A tally: the balance of the first one's half, and both halves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    pub(super) ends: [u32; 2],
    pub(super) balance: i64,
    pub(super) halves: [Half; 2],
}

/// A network that balancing changes. Hop 2t moves over tally t to its first end, 2t + 1 to its second.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub(super) participants: u32,
    pub(super) tallies: Vec<Tally>,
}

pub(super) fn units(milli: i64) -> Units {
    Units::new(milli).expect("an amount")
}

impl Half {
    pub(super) fn in_force(&self) -> InForce {
        let rate = |ppm| Rate::new(ppm).expect("a rate");
        let settings = Settings::new(
            units(self.target),
            units(self.bound),
            rate(self.reward),
            rate(self.clutch),
        );
        InForce::after_set(units(self.owe), settings.expect("settings"), None)
    }
}

impl Tally {
    pub(super) fn balance_of(&self, end: usize) -> i64 {
        if end == 0 { self.balance } else { -self.balance }
    }

    pub(super) fn distances(&self) -> i64 {
        (0..2).map(|end| (self.balance_of(end) - self.halves[end].target).abs()).sum()
    }

    /// The most that may move to an end.
    pub(super) fn most(&self, end: usize) -> i64 {
        (self.halves[end].bound.min(self.halves[1 - end].owe) - self.balance_of(end)).max(0)
    }

    /// What is due to the taker and to the giver when so much moves to an end.
    pub(super) fn dues(&self, end: usize, milli: i64) -> (i64, i64) {
        let (taker, giver) = (&self.halves[end], &self.halves[1 - end]);
        let free = (taker.target - self.balance_of(end)).clamp(0, self.most(end));
        let above = (self.balance_of(1 - end) - giver.target).max(0);
        let charged = if giver.clutch < 0 { milli.min(above) } else { milli };
        (due(taker.reward, (milli - free).max(0)), due(giver.clutch, charged))
    }
}

/// A rate on an amount, rounded up.
pub(super) fn due(ppm: i32, milli: i64) -> i64 {
    let exact = i128::from(ppm) * i128::from(milli);
    let up = exact.div_euclid(1_000_000) + i128::from(exact.rem_euclid(1_000_000) > 0);
    i64::try_from(up).expect("small")
}

impl Net {
    pub(super) fn random(chance: &mut Chance, size: u32, free: bool) -> Self {
        let participants = 3 + chance.below(5);
        let below = |chance: &mut Chance, bound: u32| i64::from(chance.below(bound));
        let half = |chance: &mut Chance| {
            const SOME: [i32; 5] = [1_000, 20_000, 100_000, 500_000, 900_000];
            let charges = !free || chance.below(4) == 0;
            let high = if charges { SOME[chance.below(5) as usize] } else { 0 };
            let low = if charges { chance.below(high.unsigned_abs() + 1) } else { 0 };
            let low = i32::try_from(low).expect("small");
            let (reward, clutch) = match chance.below(4) {
                0 => (high, -low),
                1 => (-low, high),
                _ => (low, high - low),
            };
            let bound = below(chance, size + 1);
            let target = below(chance, u32::try_from(bound).expect("small") + 1);
            let target = if chance.below(2) == 0 { 0 } else { target };
            Half { target, bound, reward, clutch, owe: below(chance, size + 1) }
        };
        let tally = |chance: &mut Chance| {
            let first = chance.below(participants);
            let second = (first + 1 + chance.below(participants - 1)) % participants;
            let balance = below(chance, 2 * size + 1) - i64::from(size);
            Tally { ends: [first, second], balance, halves: [half(chance), half(chance)] }
        };
        let tallies = 2 + chance.below(participants * 2);
        Self { participants, tallies: (0..tallies).map(|_| tally(chance)).collect() }
    }

    pub(super) fn hops(&self) -> Hops {
        let mut list = Vec::new();
        for tally in &self.tallies {
            let here = Position::new(units(tally.balance), Units::ZERO, Units::ZERO);
            let [holder, partner] = [tally.halves[0].in_force(), tally.halves[1].in_force()];
            let (here, consent) = (here.expect("a position"), Consent { holder, partner });
            let [first, second] = tally.ends;
            list.push(Hop { giver: second, taker: first, lading: Lading::inward(here, &consent) });
            list.push(Hop { giver: first, taker: second, lading: Lading::outward(here, &consent) });
        }
        Hops::new(self.participants, list).expect("a graph")
    }

    /// A hop out of somebody and a hop into the same.
    pub(super) fn two_of_one(&self, chance: &mut Chance) -> (usize, usize) {
        let hops = self.hops();
        let mut any = |count: usize| chance.below(u32::try_from(count).expect("few")) as usize;
        let out = any(hops.list().len());
        let who = hops.list()[out].giver;
        let into: Vec<usize> =
            (0..hops.list().len()).filter(|&hop| hops.list()[hop].taker == who).collect();
        (out, into[any(into.len())])
    }

    /// Moves over one leg, after checking it; says what is due to its taker and to its giver.
    pub(super) fn move_over(&mut self, leg: &Leg, what: &str) -> (i64, i64) {
        let (tally, end) = (&mut self.tallies[leg.hop / 2], leg.hop % 2);
        assert_eq!((leg.taker, leg.giver), (tally.ends[end], tally.ends[1 - end]), "{what}");
        let milli = leg.units.milli();
        assert!(milli > 0 && milli <= tally.most(end), "{what}: {leg:?} of {tally:?}");
        let dues = tally.dues(end, milli);
        tally.balance += if end == 0 { milli } else { -milli };
        dues
    }

    pub(super) fn net(&self, who: u32) -> i64 {
        let ends = self.tallies.iter().flat_map(|tally| [(tally, 0), (tally, 1)]);
        ends.filter(|(tally, end)| tally.ends[*end] == who).map(|(t, end)| t.balance_of(end)).sum()
    }

    pub(super) fn nets(&self) -> Vec<i64> {
        (0..self.participants).map(|who| self.net(who)).collect()
    }

    pub(super) fn distances(&self) -> i64 {
        self.tallies.iter().map(Tally::distances).sum()
    }

    /// How far the balances of one of them are from their targets.
    pub(super) fn distances_of(&self, who: u32) -> i64 {
        let ends = self.tallies.iter().flat_map(|tally| [(tally, 0), (tally, 1)]);
        let own = ends.filter(|(tally, end)| tally.ends[*end] == who);
        own.map(|(tally, end)| (tally.balance_of(end) - tally.halves[end].target).abs()).sum()
    }

    /// Balances for nothing, after checking; says what was done.
    pub(super) fn balance(&mut self, limits: BalanceLimits, what: &str) -> Balanced {
        let hops = self.hops();
        let balanced = hops.toward_targets(limits);
        let proof = verify_balanced(&hops, &balanced);
        match limits.most_members {
            None if limits == BalanceLimits::default() => {
                let nearer = balanced.nearer;
                assert!(proof.is_ok_and(|p| p.nearer == nearer && p.bound == nearer), "{what}");
            }
            None => assert!(matches!(proof, Ok(_) | Err(BalanceFault::Unproved)), "{what}"),
            Some(most) => {
                assert!(balanced.rounds.iter().all(|round| round.legs.len() <= most as usize));
                let nothing = balanced.nearer == 0 && balanced.proved();
                assert!(nothing || proof == Err(BalanceFault::Unproved), "{what}: {proof:?}");
            }
        }
        let (nets, all) = (self.nets(), self.distances());
        let mut ways = vec![[false; 2]; self.tallies.len()];
        for round in &balanced.rounds {
            let next = round.legs.iter().cycle().skip(1);
            assert!(round.legs.iter().zip(next).all(|(a, b)| a.taker == b.giver), "{what}");
            let mut givers: Vec<u32> = round.legs.iter().map(|leg| leg.giver).collect();
            givers.sort_unstable();
            givers.dedup();
            assert_eq!(givers.len(), round.legs.len(), "{what}: nobody gives twice");
            let before = self.distances();
            for leg in &round.legs {
                ways[leg.hop / 2][leg.hop % 2] = true;
                let (tally, end) = (&self.tallies[leg.hop / 2], leg.hop % 2);
                let distance = tally.halves[end].target - tally.balance_of(end);
                assert!(leg.units.milli() <= distance, "{what}: toward the taker's target");
                assert_eq!(self.move_over(leg, what), (0, 0), "{what}: at no cost");
            }
            let moved = round.legs[0].units.milli();
            assert!(self.distances() <= before - 2 * moved, "{what}: nearer to targets");
        }
        assert_eq!(self.nets(), nets, "{what}: nobody is richer or poorer");
        assert_eq!(i128::from(all - self.distances()), balanced.nearer, "{what}");
        let both = ways.contains(&[true, true]);
        assert!(!both || !balanced.proved(), "{what}: no tally both ways");
        balanced
    }

    /// Carries a plan out from one to another, or round, after checking: each tally once, everybody
    /// in the middle left with what is due to it at least.
    pub(super) fn carry_out(&mut self, plan: &Plan, ends: [u32; 2], what: &str) {
        for part in &plan.parts {
            assert!(part.legs.len() <= LONGEST_PATH as usize, "{what}");
            let at = [part.legs[0].giver, part.legs[part.legs.len() - 1].taker];
            assert_eq!(at, ends, "{what}");
            assert!(part.legs.windows(2).all(|two| two[0].taker == two[1].giver), "{what}");
        }
        let before = self.nets();
        let mut due = vec![0; self.participants as usize];
        let hops = self.hops();
        let mut used = vec![false; self.tallies.len()];
        for (hop, units) in plan.moves() {
            assert!(!std::mem::replace(&mut used[hop / 2], true), "{what}: one chit a tally");
            let (giver, taker) = (hops.list()[hop].giver, hops.list()[hop].taker);
            let (reward, clutch) = self.move_over(&Leg { hop, giver, taker, units }, what);
            due[taker as usize] += reward;
            due[giver as usize] += clutch;
        }
        let after = self.nets();
        for who in (0..self.participants).filter(|who| !ends.contains(who)) {
            let left = after[who as usize] - before[who as usize];
            let due = due[who as usize];
            assert!(left >= due, "{what}: {who} is left with {left}, due {due}");
        }
        let change = |who: u32| after[who as usize] - before[who as usize];
        let (given, arrives) = (plan.given().milli(), plan.arrives().milli());
        if ends[0] == ends[1] {
            assert_eq!(change(ends[0]), arrives - given, "{what}");
        } else {
            assert_eq!((change(ends[0]), change(ends[1])), (-given, arrives), "{what}");
        }
    }
}
