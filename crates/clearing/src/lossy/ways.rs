//! What is sent, as paths: the widest first, so that they are few.

use std::collections::BTreeMap;

use super::pieces::{Piece, WHOLE};
use super::{GRAINS, Lossy, SCRAP, scaled};
use crate::path::Hop;

/// A path, and how much of what is sent arrives by it.
pub(crate) struct Way {
    /// Its hops, from the payer on.
    pub(crate) hops: Vec<u32>,
    /// In milli-CHIPs, rounded down.
    pub(crate) arrives: i64,
}

/// What is left of what is sent over a hop, in grains.
struct Left {
    place: u32,
    units: i64,
    /// What the giver lets go for each million that moves, on average.
    cost: i64,
    /// What is left to the taker.
    left: i64,
}

impl Left {
    /// What arrives at the taker for what there is at the giver.
    fn behind(&self, before: i64) -> i64 {
        scaled(self.units.min(scaled(before, WHOLE, self.cost, 0)), self.left, WHOLE, 0)
    }

    /// Takes away what it needs to bring so much to the taker; what the giver needs for that.
    fn take(&mut self, behind: i64) -> i64 {
        let units = scaled(behind, WHOLE, self.left, 1).min(self.units);
        self.units -= units;
        scaled(units, self.cost, WHOLE, 1)
    }
}

/// The ways of what is sent, of at most so many legs and at most so many; what is left over is not told.
pub(crate) fn ways(flow: &Lossy<'_>, longest: u32, most: usize) -> Vec<Way> {
    let mut left: Vec<Left> = flow.sent.iter().map(|&(place, _)| average(flow, place)).collect();
    let mut ways = Vec::new();
    while ways.len() < most {
        let Some((steps, arrives)) = widest(flow, &left, longest) else { break };
        let hops = steps.iter().map(|&at| left[at].place).collect();
        ways.push(Way { hops, arrives: arrives / GRAINS });
        let mut need = arrives;
        for &at in steps.iter().rev() {
            need = left[at].take(need);
        }
    }
    ways
}

fn average(flow: &Lossy<'_>, place: u32) -> Left {
    let units = flow.sent(place);
    let first = Piece::next(flow.graph.hop(place), flow.ends, 0);
    let (mut cost, mut left) = (WHOLE, WHOLE);
    if let Some(first) = first {
        let free = first.room.min(units);
        let (clutch, before) = first.rates(false);
        let after = flow.last(place).map_or(before, |last| last.rates(false).1);
        cost = clutch;
        // The mean of what is left of the part within the target and of the part beyond it.
        let sum =
            i128::from(free) * i128::from(before) + i128::from(units - free) * i128::from(after);
        left = i64::try_from(sum / i128::from(units.max(1))).unwrap_or(WHOLE).max(1);
    }
    Left { place, units, cost, left }
}

/// An end of a way: who, by which hop, after which end, and how much there is.
struct End {
    at: u32,
    by: usize,
    before: Option<usize>,
    width: i64,
}

/// The way by which the most arrives; of several the first found with the fewest legs.
fn widest(flow: &Lossy<'_>, left: &[Left], longest: u32) -> Option<(Vec<usize>, i64)> {
    let [payer, payee] = flow.ends;
    let mut leaving: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (by, hop) in left.iter().enumerate().filter(|(_, left)| left.units >= SCRAP) {
        leaving.entry(flow.graph.hop(hop.place).giver).or_default().push(by);
    }
    let mut widths: BTreeMap<u32, i64> = BTreeMap::from([(payer, i64::MAX)]);
    let mut ends = vec![End { at: payer, by: usize::MAX, before: None, width: i64::MAX }];
    let (mut best, mut layer) = (None, 0..1);
    for _ in 0..longest {
        if layer.is_empty() {
            break;
        }
        for before in layer.clone() {
            let End { at, width, .. } = ends[before];
            for &by in leaving.get(&at).into_iter().flatten().filter(|_| at != payee) {
                let Hop { taker, .. } = *flow.graph.hop(left[by].place);
                let width = left[by].behind(width);
                let known = widths.entry(taker).or_insert(0);
                if width <= *known {
                    continue;
                }
                *known = width;
                if taker == payee {
                    best = Some(ends.len());
                }
                ends.push(End { at: taker, by, before: Some(before), width });
            }
        }
        layer = layer.end..ends.len();
    }
    let best = best.filter(|&best: &usize| ends[best].width >= SCRAP)?;
    let (mut steps, mut end) = (Vec::new(), best);
    while let Some(before) = ends[end].before {
        steps.push(ends[end].by);
        end = before;
    }
    steps.reverse();
    Some((steps, ends[best].width))
}
