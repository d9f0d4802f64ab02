//! No sequence of balancing and payments takes money from somebody who did not sign to pay.

use clearing::{BalanceLimits, Gather, MOST_BALANCE_LOOKS, Planner, Request, Shift};

use super::net::{Half, Net, Tally, units};
use crate::instances::Chance;

/// The least that is due to a holder, in millionths of a milli-CHIP, whose balance goes from one to
/// another at once: no way there and round about can be due less, as reward and clutch together are
/// never below zero. Not rounded up, as sums of charges are at least their exact sum.
fn least_due(half: &Half, from: i64, to: i64) -> i128 {
    let above = |balance: i64| (balance - half.target).max(0);
    let milli = match (to >= from, half.clutch < 0) {
        (true, _) => return i128::from(half.reward) * i128::from(above(to) - above(from)),
        (false, true) => above(from) - above(to),
        (false, false) => from - to,
    };
    i128::from(half.clutch) * i128::from(milli)
}

/// What one had when it last asked for something itself.
#[derive(Clone)]
struct Since {
    net: i64,
    balances: Vec<i64>,
}

/// Reckons for everybody from when it last was an end of something, at most a few steps.
struct Watch {
    since: Vec<Since>,
}

impl Net {
    fn since(&self, who: u32) -> Since {
        let ends = self.own(who).map(|(tally, end)| tally.balance_of(end));
        Since { net: self.net(who), balances: ends.collect() }
    }

    fn own(&self, who: u32) -> impl Iterator<Item = (&Tally, usize)> {
        let ends = self.tallies.iter().flat_map(|tally| [(tally, 0), (tally, 1)]);
        ends.filter(move |(tally, end)| tally.ends[*end] == who)
    }

    /// Balances for nothing, or at a price, or somebody pays; says whose request it was.
    fn something(&mut self, chance: &mut Chance, what: &str) -> Option<Vec<u32>> {
        let (mut planner, hops) = (Planner::default(), self.hops());
        let amount = units(1 + i64::from(chance.below(30)));
        let most_charges = units(50);
        let (who, payee) = (chance.below(self.participants), chance.below(self.participants));
        let (plan, ends) = match chance.below(5) {
            0 => {
                let most_members = (chance.below(2) == 0).then_some(5);
                let limits = BalanceLimits { most_members, looks: MOST_BALANCE_LOOKS };
                let rounds = self.balance(limits, what).rounds;
                return (!rounds.is_empty()).then(Vec::new);
            }
            1 => {
                let (out, into) = self.two_of_one(chance);
                let shift = Shift { out, into, amount, most_charges };
                (planner.shift(&hops, &shift).ok()?, [hops.list()[out].giver; 2])
            }
            2 | 3 => {
                let amount = (chance.below(2) == 0).then_some(amount);
                let gather = Gather { who, amount, most_charges };
                (planner.gather(&hops, &gather).ok()?, [who; 2])
            }
            _ => (planner.plan(&hops, &Request::new(who, payee, amount)).ok()?, [who, payee]),
        };
        self.carry_out(&plan, ends, what);
        Some(ends.to_vec())
    }
}

impl Watch {
    fn check(&self, net: &Net, what: &str) -> u32 {
        let mut came_back = 0;
        for (who, since) in (0..).zip(&self.since) {
            let own = net.own(who).zip(&since.balances);
            let least: i128 = own
                .map(|((tally, end), from)| {
                    least_due(&tally.halves[end], *from, tally.balance_of(end))
                })
                .sum();
            let richer = i128::from(net.net(who) - since.net);
            assert!(
                richer * 1_000_000 >= least,
                "{what}: {who} is richer by {richer}, due {least} millionths"
            );
            let now = net.since(who);
            came_back += u32::from(now.balances == since.balances && richer == 0);
        }
        came_back
    }
}

/// Whatever is done, one who only stands in the middle is never poorer than its settings allow for the
/// balances that it ends with; where they are as before, it has paid nothing.
#[test]
fn no_sequence_of_balancing_and_payments_pumps_money_out_of_anybody() {
    let (mut done, mut moved) = (0, 0);
    for seed in 0..3_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 60, seed % 2 == 0);
        let what = format!("seed {seed}");
        let since = (0..net.participants).map(|who| net.since(who)).collect();
        let mut watch = Watch { since };
        for _ in 0..30 {
            let Some(ends) = net.something(&mut chance, &what) else { continue };
            for who in ends {
                watch.since[who as usize] = net.since(who);
            }
            done += 1;
            moved += net.participants - watch.check(&net, &what);
        }
    }
    assert!(done > 10_000 && moved > 10_000, "{done} done, {moved} balances were others");
}

/// Each half for itself: what was due to its holder by its signed settings never is less when its
/// balance is what it was.
#[test]
fn what_is_due_on_a_tally_is_never_less_when_its_balance_comes_back() {
    let mut came_back = 0;
    for seed in 0..2_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 60, false);
        let what = format!("seed {seed}");
        // For each half: its balances so far with all that was due to its holder by then.
        let start = |tally: &Tally| [0, 1].map(|end| vec![(tally.balance_of(end), 0_i64)]);
        let mut kept: Vec<_> = net.tallies.iter().map(start).collect();
        for _ in 0..30 {
            let before = net.clone();
            if net.something(&mut chance, &what).is_none() {
                continue;
            }
            for (place, (old, new)) in before.tallies.iter().zip(&net.tallies).enumerate() {
                let change = new.balance - old.balance;
                if change == 0 {
                    continue;
                }
                let end = usize::from(change < 0);
                let (reward, clutch) = old.dues(end, change.abs());
                for (end, due) in [(end, reward), (1 - end, clutch)] {
                    let history = &mut kept[place][end];
                    let sum = history[history.len() - 1].1 + due;
                    let balance = new.balance_of(end);
                    for (earlier, then) in history.iter() {
                        assert!(*earlier != balance || sum >= *then, "{what}: {history:?} {sum}");
                        came_back += u32::from(*earlier == balance);
                    }
                    history.push((balance, sum));
                }
            }
        }
    }
    assert!(came_back > 200, "balances that came back: {came_back}");
}
