//! What can be paid over sites that are each crossed once is found.

use super::carried::{ends, world};
use super::world::{Outcome, World};
use crate::instances::Chance;
use crate::path::given::Rates;
use crate::path::oracle::{all_paths, price};

/// Over how many tallies between sites a way goes; none where it comes back to a site.
fn crossings(world: &World, way: &[usize]) -> Option<usize> {
    let site = |user: u32| world.at[user as usize];
    let mut met = vec![site(world.list[way[0]].giver)];
    for hop in way.iter().map(|place| &world.list[*place]) {
        let to = site(hop.taker);
        if met.last() != Some(&to) {
            if met.contains(&to) {
                return None;
            }
            met.push(to);
        }
    }
    Some(met.len() - 1)
}

#[test]
fn what_can_be_paid_within_depth_and_budget_is_found() {
    for rates in [Rates::None, Rates::Low, Rates::Charges] {
        let (mut possible, mut deep) = (0, 0);
        for seed in 0..1_500 {
            let mut chance = Chance(seed);
            let mut world = world(&mut chance, rates);
            let Some((payer, payee)) = ends(&world, &mut chance) else { continue };
            let amount = 1 + i64::from(chance.below(6));
            let most = amount + i64::from(chance.below(20));
            let depth = 1 + chance.below(3) as usize;
            let (mut fewest, list) = (usize::MAX, world.list.clone());
            all_paths(&list, payer, payee, &mut |way| {
                let given = price(&list, way, amount).map(|moves| moves[0]);
                if given.is_some_and(|given| given <= most) {
                    fewest = fewest.min(crossings(&world, way).unwrap_or(usize::MAX));
                }
            });
            let mut wanted = world.wanted(payer, payee, amount, most);
            wanted.deepest = u8::try_from(depth).expect("few").try_into().expect("a depth");
            let site = world.at[payer as usize];
            let outcome = world.search(wanted, site, &mut chance);
            let whole = |plan: &clearing::Found| plan.curve.top().arrives.get().milli() == amount;
            let found = matches!(&outcome, Outcome::Found(plans) if whole(&plans[0]));
            assert_eq!(found, fewest <= depth, "seed {seed}: {fewest} of {depth}, {outcome:?}");
            possible += u32::from(found);
            deep += u32::from(found && fewest > 1);
        }
        println!("{possible} could be paid, {deep} of them over two sites or more");
        assert!(possible > 100 && deep > 60, "{possible} {deep}");
    }
}
