//! The free circulation that comes nearest to all targets, with the potentials that prove it.
//!
//! A unit on the spare part of a hop costs one less than nothing, one on the rest nothing: costs that
//! never fall, so it is a circulation with the least sum of convex costs. It is looked for in each
//! strong component that has a spare part; elsewhere nothing is gained.

use super::components::Components;
use super::free::Room;
use crate::Hops;
use crate::convex::{Costs, Edge, Whole, priced};

/// What moves over each hop, and potentials where they are small enough to be told.
pub(super) struct Largest {
    pub(super) flow: Vec<i64>,
    pub(super) potentials: Option<Vec<i32>>,
}

/// None where it takes more `looks`.
pub(super) fn largest(graph: &Hops, rooms: &[Room], mut looks: u64) -> Option<Largest> {
    let components = Components::new(graph, rooms);
    let of = |place: usize| {
        let hop = &graph.list()[place];
        (components.of[hop.giver as usize], components.of[hop.taker as usize])
    };
    let open = (0..rooms.len()).filter(|&place| rooms[place].free > 0);
    let (mut inside, across): (Vec<_>, Vec<_>) =
        open.partition(|&place| of(place).0 == of(place).1);
    inside.sort_by_key(|&place| of(place).0);
    let mut numbers = vec![0; graph.participants() as usize];
    for component in 0..components.count() {
        for (number, &v) in (0..).zip(&components.members[components.range(component)]) {
            numbers[v as usize] = number;
        }
    }
    let mut flow = vec![0; rooms.len()];
    let mut potentials = vec![0; graph.participants() as usize];
    for places in inside.chunk_by(|&a, &b| of(a).0 == of(b).0) {
        if places.iter().all(|&place| rooms[place].spare == 0) {
            continue;
        }
        let edge = |&place: &usize| {
            let hop = &graph.list()[place];
            let (from, to) = (numbers[hop.giver as usize], numbers[hop.taker as usize]);
            Edge { from, to, most: rooms[place].free.into(), flow: 0 }
        };
        let mut edges: Vec<Edge> = places.iter().map(edge).collect();
        let steps = Steps { spare: places.iter().map(|&place| rooms[place].spare).collect() };
        let members = &components.members[components.range(of(places[0]).0 as usize)];
        let prices = priced(members.len(), steps, &mut edges, &mut looks)?;
        for (&place, edge) in places.iter().zip(edges) {
            // Within the room, so it fits.
            flow[place] = i64::try_from(edge.flow).unwrap_or(0);
        }
        for (&v, price) in members.iter().zip(prices) {
            // Not beyond the number of participants.
            potentials[v as usize] = -i64::try_from(price).unwrap_or(0);
        }
    }
    set_apart(graph, rooms, &components, &across, &mut potentials);
    let potentials =
        potentials.into_iter().map(|potential| i32::try_from(potential).ok()).collect();
    Some(Largest { flow, potentials })
}

/// Shifts the potentials of each component so far that no hop `across` to an earlier one gains.
fn set_apart(
    graph: &Hops,
    rooms: &[Room],
    components: &Components,
    across: &[usize],
    potentials: &mut [i64],
) {
    let from = |place: usize| components.of[graph.list()[place].giver as usize] as usize;
    let mut across = across.to_vec();
    across.sort_by_key(|&place| from(place));
    for places in across.chunk_by(|&a, &b| from(a) == from(b)) {
        let short = |&place: &usize| {
            let hop = &graph.list()[place];
            let gain = i64::from(rooms[place].spare > 0);
            gain + potentials[hop.taker as usize] - potentials[hop.giver as usize]
        };
        let shift = places.iter().map(short).max().unwrap_or(0);
        for &v in &components.members[components.range(from(places[0]))] {
            potentials[v as usize] += shift;
        }
    }
}

/// The spare part of each edge, on which a unit costs one less than nothing; the rest costs nothing.
struct Steps {
    spare: Vec<i64>,
}

impl Costs for Steps {
    /// At once to the last: with costs of one, setting all prices anew finds them as it finds shortest
    /// ways, and small steps would take four times as long.
    const SHRINK: i64 = i64::MAX;

    fn largest(&self) -> i128 {
        1
    }

    fn widest(&self, most: i128) -> i128 {
        most
    }

    fn cost<W: Whole>(&self, edge: usize, unit: W, _: W) -> W {
        if unit <= W::from(self.spare[edge]) { W::from(-1) } else { W::ZERO }
    }

    fn units<W: Whole>(&self, edge: usize, cost: W, most: W) -> W {
        if cost >= W::ZERO {
            most
        } else if cost == W::from(-1) {
            W::from(self.spare[edge])
        } else {
            W::ZERO
        }
    }
}
