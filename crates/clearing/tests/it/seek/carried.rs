//! Whatever plan comes back can be carried, and costs what a slow oracle that knows everything says.

use clearing::{Found, Hop, Limits};

use super::world::{Outcome, World};
use crate::instances::Chance;
use crate::path::given::{Rates, charging, random};
use crate::path::oracle::price;

/// A random economy divided among up to five sites: tallies of every kind among few, or a street of some
/// more, whose payments go far.
pub(super) fn world(chance: &mut Chance, rates: Rates) -> World {
    let is_street = chance.below(2) == 0;
    let (participants, list) =
        if is_street { street(chance, rates) } else { random(chance, rates, 24) };
    let sites = 2 + chance.below(4);
    // Who lives next door is often at one site.
    let mut site = |user| if is_street { user * sites / participants } else { chance.below(sites) };
    let at: Vec<usize> = (0..participants).map(|user| site(user) as usize).collect();
    World::new(list, at, Limits::default())
}

fn street(chance: &mut Chance, rates: Rates) -> (u32, Vec<Hop>) {
    let houses = 4 + chance.below(4);
    let chords = (0..chance.below(4)).map(|_| [chance.below(houses), chance.below(houses)]);
    let chords: Vec<_> = chords.filter(|[a, b]| a != b).collect();
    let next_door = (1..houses).map(|house| [house - 1, house]);
    let mut list = Vec::new();
    for [a, b] in next_door.chain(chords) {
        for (giver, taker) in [(a, b), (b, a)] {
            let most = 4 + i64::from(chance.below(20));
            let mut rate = || match rates {
                Rates::None => 0,
                Rates::Low => 40_000 * i32::try_from(chance.below(3)).expect("few"),
                Rates::Charges => 150_000 * i32::try_from(chance.below(3)).expect("few"),
                Rates::Gifts => 150_000 * (i32::try_from(chance.below(4)).expect("few") - 1),
            };
            let (reward, clutch) = (rate().max(0), rate());
            list.push(charging(giver, taker, most, reward, clutch));
        }
    }
    (houses, list)
}

/// Two who are at different sites.
pub(super) fn ends(world: &World, chance: &mut Chance) -> Option<(u32, u32)> {
    let participants = u32::try_from(world.at.len()).expect("few");
    let (payer, payee) = (chance.below(participants), chance.below(participants));
    (world.at[payer as usize] != world.at[payee as usize]).then_some((payer, payee))
}

#[test]
fn every_plan_can_be_carried_and_costs_what_everybody_is_due() {
    for rates in [Rates::None, Rates::Low, Rates::Charges, Rates::Gifts] {
        let (mut plans_seen, mut whole) = (0, 0);
        for seed in 0..1_500 {
            let mut chance = Chance(seed);
            let mut world = world(&mut chance, rates);
            let Some((payer, payee)) = ends(&world, &mut chance) else { continue };
            let amount = 1 + i64::from(chance.below(16));
            let most = amount + i64::from(chance.below(16));
            let site = world.at[payer as usize];
            let wanted = world.wanted(payer, payee, amount, most);
            let Outcome::Found(plans) = world.search(wanted, site, &mut chance) else { continue };
            for plan in &plans {
                plans_seen += 1;
                check_plan(&world, site, plan, [amount, most], seed);
                whole += u32::from(plan.curve.top().arrives.get().milli() == amount);
            }
        }
        println!("{plans_seen} plans, {whole} for the whole amount");
        assert!(plans_seen > 100 && whole > 50, "{plans_seen} {whole}");
    }
}

/// Every point of a plan is what the oracle says of its way, and no site is crossed twice.
pub(super) fn check_plan(world: &World, site: usize, plan: &Found, most: [i64; 2], seed: u64) {
    let way = world.unrolled(site, plan);
    for point in plan.curve.points() {
        let [arrives, enters] = [point.arrives, point.enters].map(|u| u.get().milli());
        assert!(arrives <= most[0] && enters <= most[1], "seed {seed}");
        let moves = price(&world.list, &way, arrives);
        let moves = moves.unwrap_or_else(|| panic!("seed {seed}: {way:?} cannot"));
        assert_eq!(moves[0], enters, "seed {seed}: {way:?} {moves:?}");
    }
    let mut sites = vec![site];
    sites.extend(way.iter().map(|hop| world.at[world.list[*hop].taker as usize]));
    sites.dedup();
    assert_eq!(sites.len(), usize::from(plan.sites) + 1, "seed {seed}");
    sites.sort_unstable();
    assert!(sites.windows(2).all(|pair| pair[0] != pair[1]), "seed {seed}: {way:?}");
}
