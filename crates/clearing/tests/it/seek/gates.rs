//! What a site knows of all its gates at once is what a slow oracle finds of each, way by way.

use clearing::{Hop, Limits, Start};

use super::advertised::advert;
use super::carried::world;
use super::world::{Message, Site, World};
use crate::instances::Chance;
use crate::path::given::{Rates, units};
use crate::path::oracle::{all_paths, least, price};

/// Where ways may begin and end, and the participants that these are.
fn places(site: &Site) -> Vec<(Start, u32)> {
    let users = (0..u32::try_from(site.users.len()).expect("few")).map(|u| (Start::User(u), u));
    users
        .chain((0..site.gates.count()).map(|gate| (Start::Gate(gate), beyond(site, gate))))
        .collect()
}

/// The participant that stands for what is beyond a gate.
fn beyond(site: &Site, gate: usize) -> u32 {
    let [inward, _] = site.gates.places(gate).expect("a gate");
    site.gates.hops().list()[inward].giver
}

/// The most that can come from one to the other, of at most so much given.
fn most_within(list: &[Hop], from: u32, to: u32, given: i64) -> i64 {
    let mut most = 0;
    all_paths(list, from, to, &mut |way| {
        while price(list, way, most + 1).is_some_and(|moves| moves[0] <= given) {
            most += 1;
        }
    });
    most
}

fn way_out(site: &Site, start: (Start, u32), amount: i64, most: i64) -> usize {
    let list = site.gates.hops().list();
    let exits = site.gates.exits(start.0, units(amount), units(most));
    let found = exits.widest();
    assert!(found.is_sorted_by(|a, b| a.1 >= b.1), "the widest first");
    for gate in 0..site.gates.count() {
        let there = beyond(site, gate);
        let best = if there == start.1 { 0 } else { most_within(list, start.1, there, most) };
        let told = found.iter().find(|(number, _)| *number == gate).map(|(_, most)| most.milli());
        assert_eq!(told, (best > 0).then_some(best), "gate {gate}");
        let ways = exits.ways(gate);
        assert_eq!(ways.is_empty(), best == 0);
        for (place, way) in ways.iter().enumerate() {
            assert_eq!((list[way[0]].giver, list[way[way.len() - 1]].taker), (start.1, there));
            let wanted = if place == 0 { best } else { 1 };
            assert!(price(list, way, wanted).expect("carried")[0] <= most);
        }
    }
    found.len()
}

fn way_in(site: &Site, end: (Start, u32), amount: i64) -> usize {
    let list = site.gates.hops().list();
    let entries = site.gates.entries(end.0, units(amount));
    assert!(entries.are_exact());
    let all: Vec<_> = entries.all().collect();
    for gate in 0..site.gates.count() {
        let there = beyond(site, gate);
        let best = if there == end.1 { None } else { least(list, there, end.1, amount) };
        let best = best.map(|(given, _)| given);
        let told = all.iter().find(|(number, _)| *number == gate).map(|(_, given)| given.milli());
        assert_eq!(told, best, "gate {gate}");
        let way = entries.way(gate);
        assert_eq!(way.is_some(), best.is_some());
        let Some(way) = way else { continue };
        assert_eq!(price(list, &way, amount).map(|moves| moves[0]), best);
        // The curve says at its end what the path of the same hops does.
        let path = site.gates.hops().along(&way, units(amount)).expect("a path");
        let curve = site.gates.curve(&way, units(amount), units(1_000)).expect("a curve");
        assert_eq!(curve.top().enters.get(), path.given());
    }
    all.len()
}

#[test]
fn every_gate_is_reached_by_the_widest_way_and_left_by_the_cheapest() {
    for rates in [Rates::None, Rates::Low, Rates::Charges] {
        let (mut out, mut inward) = (0, 0);
        for seed in 0..400 {
            let mut chance = Chance(seed);
            let world = world(&mut chance, rates);
            let amount = 1 + i64::from(chance.below(12));
            let most = amount + i64::from(chance.below(8));
            for site in &world.sites {
                for place in places(site) {
                    out += way_out(site, place, amount, most);
                    inward += way_in(site, place, amount);
                }
            }
        }
        assert!(out > 500 && inward > 500, "{out} and {inward} ways are too few to tell");
    }
}

#[test]
fn where_few_adverts_may_be_made_they_are_the_cheapest() {
    let mut chosen = 0;
    for seed in 0..1_500 {
        let mut chance = Chance(seed);
        let World { list, at, .. } = world(&mut chance, Rates::Charges);
        let limits = Limits { exits: 2, ..Limits::default() };
        let mut world = World::new(list, at, limits);
        let payee = chance.below(u32::try_from(world.at.len()).expect("few"));
        let amount = 1 + i64::from(chance.below(12));
        let (home, local) = (world.at[payee as usize], world.local(payee));
        let site = &world.sites[home];
        let list = site.gates.hops().list();
        let given = |gate| Some(least(list, beyond(site, gate), local, amount)?.0);
        let mut cheapest: Vec<i64> = (0..site.gates.count()).filter_map(given).collect();
        cheapest.sort_unstable();
        chosen += usize::from(cheapest.len() > 2 && cheapest[2] > cheapest[0]);
        cheapest.truncate(2);
        advert(&mut world, payee, amount, 1, &mut chance);
        let made = world.sent.iter().filter_map(|(_, _, message)| match message {
            Message::Advert(advert) => Some(advert.plan.curve.top().enters.get().milli()),
            _ => None,
        });
        assert_eq!(made.collect::<Vec<i64>>(), cheapest);
    }
    assert!(chosen > 20, "there was something to choose {chosen} times only");
}
