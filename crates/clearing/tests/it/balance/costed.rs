//! Balancing at a price leaves nobody with less than its due, and finds the least.

use clearing::{LONGEST_PATH, NoShift, Planner, Shift, Unpaid};
use protocol::Units;

use super::net::{Half, Net, Tally, units};
use crate::instances::Chance;

#[test]
fn a_shift_leaves_nobody_with_less_than_its_due() {
    let (mut shifted, mut charged, mut several) = (0, 0, 0);
    for seed in 0..6_000 {
        let mut chance = Chance(seed);
        let mut net = Net::random(&mut chance, 1_000, false);
        let what = format!("seed {seed}");
        let mut planner = Planner::default();
        for _ in 0..8 {
            let (out, into) = net.two_of_one(&mut chance);
            let (amount, most) = (units(1 + i64::from(chance.below(300))), chance.below(200));
            let shift = Shift { out, into, amount, most_charges: units(most.into()) };
            let hops = net.hops();
            let Ok(plan) = planner.shift(&hops, &shift) else { continue };
            let who = hops.list()[out].giver;
            let cost = plan.given().milli() - amount.milli();
            assert_eq!(plan.arrives(), amount, "{what}");
            assert!(cost <= most.into(), "{what}: {cost} of {most}");
            let moves = plan.moves();
            let own = moves.iter().filter(|(hop, _)| {
                let hop = hops.list()[*hop];
                hop.giver == who || hop.taker == who
            });
            let mut own: Vec<usize> = own.map(|(hop, _)| *hop).collect();
            own.sort_unstable_by_key(|hop| *hop != out);
            assert_eq!(own, [out, into], "{what}: over these two only");
            net.carry_out(&plan, [who, who], &what);
            shifted += 1;
            charged += u32::from(cost > 0);
            several += u32::from(plan.parts.len() > 1);
        }
    }
    assert!(shifted > 1_000 && charged > 200, "{shifted} shifts, {charged} of them for charges");
    assert!(several > 20, "{several} of them over several ways");
}

/// Every single way round by trying all of them, priced as the paths' oracle prices them: several ways
/// may cost less, and never more.
#[test]
fn a_shift_costs_no_more_than_the_cheapest_single_way_round() {
    use crate::path::oracle::{all_paths, price};
    let (mut found, mut refused, mut cheaper) = (0, 0, 0);
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
            let ask = |most_charges| Shift { out, into, amount: units(amount), most_charges };
            let ours = Planner::default().shift(&graph, &ask(Units::MAX));
            let given = ours.as_ref().ok().map(|plan| plan.given().milli());
            if let Ok(plan) = &ours {
                assert!(least.is_some() || plan.parts.len() > 1, "seed {seed}");
                cheaper += u32::from(least.is_none_or(|least| plan.given().milli() < least));
                net.clone().carry_out(plan, [first.giver; 2], &format!("seed {seed}"));
            }
            let (Some(least), Some(given)) = (least, given) else {
                assert_eq!(least, None, "seed {seed}: {ours:?}");
                refused += 1;
                continue;
            };
            found += 1;
            assert!(given <= least, "seed {seed}: {given}, and one path {least}");
            let charges = units(given - amount);
            let same = Planner::default().shift(&graph, &ask(charges));
            assert_eq!(same.map(|plan| plan.given()), Ok(units(given)), "seed {seed}");
            let most = units(given - amount - 1);
            let dear = Planner::default().shift(&graph, &ask(most));
            let told = matches!(dear, Err(NoShift::TooDear { most: told, .. }) if told == most);
            assert!(told, "seed {seed}: {dear:?}");
        }
    }
    assert!(found > 300 && refused > 300, "{found} found, {refused} refused");
    assert!(cheaper > 5, "{cheaper} over several ways, where one is dearer or none");
}

#[test]
fn who_is_no_way_round_is_told_why() {
    let half = Half { target: 0, bound: 100, reward: 0, clutch: 10_000, owe: 100 };
    let tally = |ends| Tally { ends, balance: 0, halves: [half; 2] };
    let net = Net { participants: 3, tallies: vec![tally([0, 1]), tally([0, 2]), tally([1, 2])] };
    let hops = net.hops();
    let shift = |out, into, amount, most| {
        let (amount, most_charges) = (units(amount), units(most));
        Planner::default().shift(&hops, &Shift { out, into, amount, most_charges })
    };
    let legs = |plan: clearing::Plan| plan.parts[0].legs.len();
    // Out to 1 over hop 1, in from 2 over hop 2: 1 and 2 charge a milli-CHIP each.
    assert_eq!(shift(1, 2, 50, 2).map(legs), Ok(3));
    assert_eq!(shift(1, 2, 50, 1), Err(NoShift::TooDear { charges: units(2), most: units(1) }));
    assert_eq!(shift(9, 2, 50, 2), Err(NoShift::UnknownHop { hop: 9 }));
    assert_eq!(shift(1, 0, 50, 2), Err(NoShift::OnePartner));
    assert_eq!(shift(1, 4, 50, 2), Err(NoShift::NotOnesOwn));
    let far = shift(1, 2, 101, 9);
    assert!(matches!(far, Err(NoShift::NoWay(Unpaid::TooLittle { .. }))), "{far:?}");
    assert!(matches!(shift(1, 2, 0, 9), Err(NoShift::NoWay(Unpaid::NothingToPay { .. }))));
}
