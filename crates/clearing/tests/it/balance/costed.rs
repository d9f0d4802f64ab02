//! Balancing at a price leaves nobody with less than its due, and finds the least.

use clearing::{LONGEST_PATH, NoShift};
use protocol::Units;

use super::net::{Half, Net, Tally, units};
use crate::instances::Chance;

#[test]
fn costed_balancing_leaves_nobody_with_less_than_its_due() {
    let (mut shifted, mut charged) = (0, 0);
    for seed in 0..6_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 1_000, false);
        let what = format!("seed {seed}");
        for _ in 0..8 {
            let (out, into) = net.two_of_one(&mut chance);
            let (amount, most) = (1 + chance.below(300), chance.below(200));
            if let Some(cost) = net.shift(out, into, amount.into(), most.into(), &what) {
                shifted += 1;
                charged += u32::from(cost > 0);
            }
        }
    }
    assert!(shifted > 1_000 && charged > 200, "{shifted} shifts, {charged} of them for charges");
}

/// Every way round by trying all of them, priced as the paths' oracle prices them.
#[test]
fn what_a_shift_costs_is_the_least_of_all_ways_round() {
    use crate::path::oracle::{all_paths, price};
    let (mut found, mut refused) = (0, 0);
    for seed in 0..1_500 {
        let mut chance = Chance(seed);
        let net = Net::random(&mut chance, 30, false);
        let graph = net.hops();
        let amount = i64::from(1 + chance.below(12));
        for _ in 0..10 {
            let (out, into) = net.two_of_one(&mut chance);
            let (first, last) = (graph.list()[out], graph.list()[into]);
            if first.giver != last.taker || first.taker == last.giver {
                continue;
            }
            let mut least: Option<i64> = None;
            all_paths(graph.list(), first.taker, last.giver, &mut |middle| {
                let meets = |&hop: &usize| graph.list()[hop].taker == first.giver;
                let way: Vec<usize> =
                    [out].into_iter().chain(middle.iter().copied()).chain([into]).collect();
                if middle.iter().any(meets) || way.len() > LONGEST_PATH as usize {
                    return;
                }
                if amount <= last.lading.most().milli()
                    && let Some(moves) = price(graph.list(), &way, amount)
                {
                    least = Some(least.map_or(moves[0], |least| least.min(moves[0])));
                }
            });
            let ours = graph.shift(out, into, units(amount), Units::MAX);
            assert_eq!(ours.as_ref().ok().map(|path| path.given().milli()), least, "seed {seed}");
            if let Some(least) = least {
                found += 1;
                let charges = units(least - amount);
                assert!(graph.shift(out, into, units(amount), charges).is_ok());
                let less = units(least - amount - 1);
                let dear = graph.shift(out, into, units(amount), less);
                assert_eq!(dear, Err(NoShift::TooDear { charges, most: less }), "seed {seed}");
            } else {
                refused += 1;
            }
        }
    }
    assert!(found > 300 && refused > 300, "{found} found, {refused} refused");
}

#[test]
fn who_is_no_way_round_is_told_why() {
    let half = Half { target: 0, bound: 100, reward: 0, clutch: 10_000, owe: 100 };
    let tally = |ends| Tally { ends, balance: 0, halves: [half; 2] };
    let net = Net { participants: 3, tallies: vec![tally([0, 1]), tally([0, 2]), tally([1, 2])] };
    let hops = net.hops();
    let shift =
        |out, into, most| hops.shift(out, into, units(50), units(most)).map(|path| path.legs.len());
    // Out to 1 over hop 1, in from 2 over hop 2: 1 and 2 charge a milli-CHIP each.
    assert_eq!(shift(1, 2, 2), Ok(3));
    assert_eq!(shift(1, 2, 1), Err(NoShift::TooDear { charges: units(2), most: units(1) }));
    assert_eq!(shift(9, 2, 2), Err(NoShift::UnknownHop { hop: 9 }));
    assert_eq!(shift(1, 0, 2), Err(NoShift::OnePartner));
    assert_eq!(shift(1, 4, 2), Err(NoShift::NotOnesOwn));
    let far = hops.shift(1, 2, units(101), units(9));
    assert!(matches!(far, Err(NoShift::NoWay(_))), "{far:?}");
}
