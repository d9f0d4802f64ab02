//! The check of free balancing: possible, at no cost to anybody, and as near to all targets as can be.
//!
//! For any circulation *f* of what is free and any potentials *p*, everybody gives as much as it takes, so
//! what *f* gains equals the sum over the hops of *gain(f) + f · (p(taker) - p(giver))*. That is at most
//! the sum of the largest values that hops can give it; and *gain* rises by one a unit up to the spare
//! part and by nothing beyond, so a hop's largest value is at none, at the spare part or at all of its
//! room. Where both sums are equal, nothing comes nearer. This check shares no code with the search.

use protocol::Units;
use protocol::lading::Lading;
use thiserror::Error;

use crate::{Balanced, Hops, Leg};

/// The two sides of the proof, in milli-CHIPs by which distances to targets become less; equal where
/// nothing comes nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceProof {
    /// By how much these rounds come nearer.
    pub nearer: i128,
    /// What nothing that costs nobody anything can exceed, by the potentials.
    pub bound: i128,
}

/// Why balancing is not what it claims to be; `round` and `leg` are places in their lists, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BalanceFault {
    /// A leg's hop is not in the graph, or leads from or to somebody else.
    #[error("leg {leg} of round {round} is no hop of this graph")]
    UnknownHop {
        /// Place of the round.
        round: usize,
        /// Place of the leg.
        leg: usize,
    },
    /// Legs that do not lead round, do not all move the same, more than nothing, or meet somebody twice.
    #[error("round {round} is no circle over which one amount moves")]
    NoCircle {
        /// Place of the round.
        round: usize,
    },
    /// More moves over a hop, in all rounds, than is free of any charge.
    #[error("{moved} milli-CHIPs move over hop {hop}, and {free} are free")]
    NotFree {
        /// Place of the hop.
        hop: usize,
        /// What moves, in milli-CHIPs.
        moved: i128,
        /// What may move at no cost to anybody, in milli-CHIPs.
        free: i64,
    },
    /// A round that takes nobody nearer to its target at its turn.
    #[error("round {round} comes no nearer to any target")]
    Idle {
        /// Place of the round.
        round: usize,
    },
    /// The rounds come nearer by another amount.
    #[error("the rounds come nearer by {nearer} milli-CHIPs, not by {told}")]
    OtherSum {
        /// By how much they do.
        nearer: i128,
        /// By how much they are told to.
        told: i128,
    },
    /// Sound, but nothing is said of whether something comes nearer.
    #[error("there are no potentials: something else may come nearer")]
    Unproved,
    /// Not one potential for each participant.
    #[error("the potentials are for another graph")]
    WrongShape,
    /// Sound, but something may come nearer.
    #[error("the rounds come nearer by {}, but the bound is {}", .0.nearer, .0.bound)]
    NotTight(BalanceProof),
}

/// Checks free balancing against the hops: circles of legs of which each, and all together, move no
/// more than is free; every one gains; and nothing gains more in all than they do.
///
/// # Errors
/// [`BalanceFault`] names the first thing that does not hold. Those before
/// [`BalanceFault::Unproved`] say that it must not be carried out.
pub fn verify_balanced(graph: &Hops, balanced: &Balanced) -> Result<BalanceProof, BalanceFault> {
    let mut moved = vec![0_i128; graph.list().len()];
    let mut nearer = 0;
    for (round, legs) in balanced.rounds.iter().map(|round| &round.legs).enumerate() {
        check_circle(graph, round, legs)?;
        let before = nearer;
        for leg in legs {
            let lading = &graph.list()[leg.hop].lading;
            let (free, moved) = (free(lading), &mut moved[leg.hop]);
            nearer -= gain(lading, *moved);
            *moved += i128::from(leg.units.milli());
            nearer += gain(lading, *moved);
            if *moved > i128::from(free) {
                return Err(BalanceFault::NotFree { hop: leg.hop, moved: *moved, free });
            }
        }
        if nearer == before {
            return Err(BalanceFault::Idle { round });
        }
    }
    if nearer != balanced.nearer {
        return Err(BalanceFault::OtherSum { nearer, told: balanced.nearer });
    }
    let potentials = balanced.potentials.as_ref().ok_or(BalanceFault::Unproved)?;
    if potentials.len() != graph.participants() as usize {
        return Err(BalanceFault::WrongShape);
    }
    let potential = |who: u32| i128::from(potentials[who as usize]);
    let mut bound = 0;
    for hop in graph.list() {
        let rise = potential(hop.taker) - potential(hop.giver);
        let all = i128::from(free(&hop.lading));
        let spare = all.min(hop.lading.spare().milli().into());
        // A unit that gains takes both ends nearer by one each.
        let value = |units: i128| gain(&hop.lading, units) + 2 * units * rise;
        bound += value(spare).max(value(all)).max(0);
    }
    let proof = BalanceProof { nearer, bound };
    if nearer == bound { Ok(proof) } else { Err(BalanceFault::NotTight(proof)) }
}

/// Whether legs lead round, everybody giving once what it takes.
fn check_circle(graph: &Hops, round: usize, legs: &[Leg]) -> Result<(), BalanceFault> {
    for (place, leg) in legs.iter().enumerate() {
        let ends = graph.list().get(leg.hop).map(|hop| (hop.giver, hop.taker));
        if ends != Some((leg.giver, leg.taker)) {
            return Err(BalanceFault::UnknownHop { round, leg: place });
        }
    }
    let mut givers: Vec<u32> = legs.iter().map(|leg| leg.giver).collect();
    givers.sort_unstable();
    let once = givers.windows(2).all(|two| two[0] != two[1]);
    let units = legs.first().map_or(Units::ZERO, |leg| leg.units);
    let even = units > Units::ZERO && legs.iter().all(|leg| leg.units == units);
    let mut next = legs.iter().cycle().skip(1);
    let closed = legs.iter().all(|leg| next.next().is_some_and(|next| next.giver == leg.taker));
    if once && even && closed { Ok(()) } else { Err(BalanceFault::NoCircle { round }) }
}

/// How much moves over a hop at no cost to either, in milli-CHIPs.
fn free(lading: &Lading) -> i64 {
    let charged = lading.clutch().due(lading.free()) != Units::ZERO;
    if charged { 0 } else { lading.free().milli() }
}

/// By how much the first `units` over a hop take its two ends nearer to their targets.
fn gain(lading: &Lading, units: i128) -> i128 {
    2 * units.min(lading.spare().milli().into())
}
