//! Free balancing costs nobody anything, comes nearer to targets, and comes to an end.

use clearing::{BalanceLimits, MOST_BALANCE_LOOKS};

use super::net::{Half, Net, Tally};
use crate::instances::Chance;

fn within(most_members: Option<u32>) -> BalanceLimits {
    BalanceLimits { most_members, looks: MOST_BALANCE_LOOKS }
}

#[test]
fn free_balancing_costs_nobody_anything_and_comes_to_an_end() {
    let (mut moved, mut raised) = (0, 0);
    for seed in 0..3_000 {
        let mut net = Net::random(&mut Chance(seed), 40, true);
        let what = format!("seed {seed}");
        let debts = |net: &Net| net.tallies.iter().map(|tally| tally.balance.abs()).sum::<i64>();
        let mut runs = 0;
        loop {
            let before = debts(&net);
            let most = (seed % 7 > 0).then_some(2 + u32::try_from(seed % 7).expect("small"));
            let balanced = net.balance(within(most), &what);
            assert!(balanced.complete, "{what}");
            let rounds = balanced.rounds.len();
            if rounds == 0 {
                break;
            }
            (moved, runs) = (moved + rounds, runs + 1);
            raised += u32::from(debts(&net) > before);
            assert!(most.is_some() || runs == 1, "{what}: the largest leaves nothing");
            assert!(runs < 20, "{what}: it comes to an end");
        }
    }
    assert!(moved > 500, "circles: {moved}");
    assert!(raised > 0, "and some hold more than before");
}

#[test]
fn a_shop_collects_what_an_employee_has_too_much_of() {
    // The employee (1) holds 50 of the firm (0) and wants none; the shop (2) wants to hold 30 of the
    // firm, which signed to owe it 40, and owes the employee nothing yet.
    let wants = |target, owe| Half { target, bound: 100, reward: 0, clutch: 0, owe };
    let mut net = Net {
        participants: 3,
        tallies: vec![
            Tally { ends: [1, 0], balance: 50, halves: [wants(0, 0), wants(0, 100)] },
            Tally { ends: [2, 0], balance: 0, halves: [wants(30, 0), wants(0, 40)] },
            Tally { ends: [1, 2], balance: 0, halves: [wants(20, 0), wants(0, 100)] },
        ],
    };
    let rounds = |net: &mut Net, most| net.balance(within(Some(most)), "shop").rounds.len();
    assert_eq!(rounds(&mut net, 2), 0, "a circle of two has nothing to offer");
    assert_eq!(rounds(&mut net, 3), 1);
    let balances: Vec<i64> = net.tallies.iter().map(|tally| tally.balance).collect();
    // The firm owes the shop instead; the employee can shop for it.
    assert_eq!(balances, [30, 20, 20]);
    assert_eq!(rounds(&mut net, 3), 0);
}
