//! Who is at which site: at random, or so that those who have tallies with each other are often together.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use crate::families::Chance;
use crate::tallies::Tally;

/// Everybody at any site.
pub(crate) fn at_random(participants: u32, sites: u32, chance: &mut Chance) -> Vec<u32> {
    (0..participants).map(|_| chance.below(sites)).collect()
}

/// The most users of a site, in mean sizes: communities are not alike, and neither are sites.
const LARGEST: usize = 3;

/// Who have most of their tallies with each other are at one site: everybody joins, again and again, the group that it has
/// most tallies with, where that is not full; then groups come to sites, the largest first, each to the smallest site,
/// and everybody looks once more (label propagation: Raghavan, Albert and Kumara 2007).
pub(crate) fn by_community(
    participants: u32,
    tallies: &[Tally],
    sites: u32,
    chance: &mut Chance,
) -> Vec<u32> {
    let beside = beside(participants, tallies);
    let order = shuffled(participants, chance);
    let most = LARGEST * participants.div_ceil(sites) as usize;
    let mut groups: Vec<u32> = (0..participants).collect();
    let mut sizes = vec![1; participants as usize];
    settle(&order, &beside, most, &mut groups, &mut sizes);
    let mut largest: Vec<u32> = (0..participants).filter(|g| sizes[*g as usize] > 0).collect();
    largest.sort_by_key(|group| (std::cmp::Reverse(sizes[*group as usize]), *group));
    let mut free: BinaryHeap<_> = (0..sites).map(|site| std::cmp::Reverse((0, site))).collect();
    let mut to = vec![0; participants as usize];
    let mut at_sites = vec![0; sites as usize];
    for group in largest {
        let Some(std::cmp::Reverse((size, site))) = free.pop() else { break };
        to[group as usize] = site;
        at_sites[site as usize] = size + sizes[group as usize];
        free.push(std::cmp::Reverse((at_sites[site as usize], site)));
    }
    let mut at: Vec<u32> = groups.iter().map(|group| to[*group as usize]).collect();
    settle(&order, &beside, most, &mut at, &mut at_sites);
    at
}

/// Everybody goes where it has most tallies, if there is room, until nobody does; at most twenty times.
fn settle(order: &[u32], beside: &[Vec<u32>], most: usize, at: &mut [u32], sizes: &mut [usize]) {
    for _ in 0..20 {
        let mut moved = false;
        for user in order {
            let mut with: BTreeMap<u32, usize> = BTreeMap::new();
            for far in &beside[*user as usize] {
                *with.entry(at[*far as usize]).or_default() += 1;
            }
            let here = at[*user as usize];
            let now = with.get(&here).copied().unwrap_or(0);
            let room = |group: u32| sizes[group as usize] < most;
            let better = with
                .into_iter()
                .filter(|(group, tallies)| *group != here && *tallies > now && room(*group));
            let best = better.max_by_key(|(group, tallies)| (*tallies, std::cmp::Reverse(*group)));
            if let Some((there, _)) = best {
                (sizes[here as usize], at[*user as usize]) = (sizes[here as usize] - 1, there);
                sizes[there as usize] += 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
}

/// Sites grow from random users, in turn: whoever has a tally with the first comes next.
pub(crate) fn near(
    participants: u32,
    tallies: &[Tally],
    sites: u32,
    chance: &mut Chance,
) -> Vec<u32> {
    let beside = beside(participants, tallies);
    let mut at = vec![u32::MAX; participants as usize];
    let most = participants.div_ceil(sites) as usize;
    let mut growing: Vec<VecDeque<u32>> =
        (0..sites).map(|_| VecDeque::from([chance.below(participants)])).collect();
    let (mut sizes, mut left) = (vec![0; sites as usize], 0);
    while growing.iter().any(|edge| !edge.is_empty()) {
        for (site, edge) in (0..).zip(&mut growing) {
            let Some(user) = edge.pop_front() else { continue };
            let size: &mut usize = &mut sizes[site as usize];
            if at[user as usize] != u32::MAX || *size >= most {
                continue;
            }
            (at[user as usize], *size) = (site, *size + 1);
            edge.extend(&beside[user as usize]);
        }
    }
    // Whoever is joined to nobody, or only to sites that are full.
    for site in at.iter_mut().filter(|site| **site == u32::MAX) {
        (*site, left) = (left % sites, left + 1);
    }
    at
}

/// With whom each has tallies.
fn beside(participants: u32, tallies: &[Tally]) -> Vec<Vec<u32>> {
    let mut beside = vec![Vec::new(); participants as usize];
    for [a, b] in tallies.iter().map(|tally| tally.ends) {
        beside[a as usize].push(b);
        beside[b as usize].push(a);
    }
    beside
}

/// The numbers below `many` in random order (Fisher and Yates).
fn shuffled(many: u32, chance: &mut Chance) -> Vec<u32> {
    let mut order: Vec<u32> = (0..many).collect();
    for place in (1..many).rev() {
        order.swap(place as usize, chance.below(place + 1) as usize);
    }
    order
}
