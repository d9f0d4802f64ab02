//! No sequence of balancing takes money from somebody who did not sign to pay.

use clearing::{BalanceLimits, Leg, MOST_BALANCE_LOOKS};

use super::net::{Net, Tally, units};
use crate::instances::Chance;

/// Whatever is done, one who only stands in the middle is never poorer than by what it signed to pay;
/// and where a half's balance is as it was, its holder has not paid for it.
#[test]
fn no_sequence_of_balancing_pumps_money_out_of_a_tally() {
    let mut came_back = 0;
    for seed in 0..3_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 60, seed % 2 == 0);
        let what = format!("seed {seed}");
        // For each half: its balances so far with all that was due to its holder by then.
        let start = |tally: &Tally| [0, 1].map(|end| vec![(tally.balance_of(end), 0_i64)]);
        let mut kept: Vec<_> = net.tallies.iter().map(start).collect();
        for _ in 0..30 {
            let hops = net.hops();
            let legs: Vec<Leg> = if chance.below(3) == 0 {
                let most_members = (chance.below(2) == 0).then_some(5);
                let limits = BalanceLimits { most_members, looks: MOST_BALANCE_LOOKS };
                let balanced = hops.toward_targets(limits);
                balanced.rounds.into_iter().flat_map(|round| round.legs).collect()
            } else {
                let (out, into) = net.two_of_one(&mut chance);
                let amount = units(1 + i64::from(chance.below(9)));
                hops.shift(out, into, amount, units(50)).map(|path| path.legs).unwrap_or_default()
            };
            for leg in legs {
                let (reward, clutch) = net.move_over(&leg, &what);
                for (end, due) in [(leg.hop % 2, reward), (1 - leg.hop % 2, clutch)] {
                    let history = &mut kept[leg.hop / 2][end];
                    let sum = history[history.len() - 1].1 + due;
                    let balance = net.tallies[leg.hop / 2].balance_of(end);
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
