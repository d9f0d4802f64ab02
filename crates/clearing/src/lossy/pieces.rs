//! What the next or the last unit of a hop costs: the pieces of its curve, gifts left aside.

use protocol::Units;

use super::{GRAINS, SCRAP};
use crate::path::Hop;

/// Parts per million of the whole.
pub(super) const WHOLE: i64 = 1_000_000;

/// A stretch of a hop on which nothing changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// How much fits, in grains; at least a [`SCRAP`].
    pub(super) room: i64,
    /// What the giver lets go for each million that moves: a million and its clutch.
    cost: i64,
    /// What is left to the taker of each million that moves; above zero.
    left: i64,
}

impl Piece {
    /// The piece of the next unit where `sent` grains move already.
    pub(super) fn next(hop: &Hop, ends: [u32; 2], sent: i64) -> Option<Self> {
        let (free, most) = (grains(hop.lading.free()), grains(hop.lading.most()));
        let (cost, left) = rates(hop, ends);
        // On the way into the payee nothing changes where the target is reached.
        if sent + SCRAP <= free && left < WHOLE {
            return Some(Self { room: free - sent, cost, left: WHOLE });
        }
        let room = most - sent;
        (room >= SCRAP && left > 0).then_some(Self { room, cost, left })
    }

    /// The piece of the last of `sent` grains.
    pub(super) fn last(hop: &Hop, ends: [u32; 2], sent: i64) -> Option<Self> {
        let free = grains(hop.lading.free());
        let (cost, left) = rates(hop, ends);
        let (room, left) = match sent - free {
            beyond if left == WHOLE || beyond < SCRAP => (sent, WHOLE),
            beyond => (beyond, left),
        };
        (room >= SCRAP).then_some(Self { room, cost, left })
    }

    /// What a million moved over a step costs where it begins, and what is left of it where it ends.
    ///
    /// A step back is less over the hop: the taker misses what was left to it, the giver keeps what it let go.
    pub(super) const fn rates(&self, back: bool) -> (i64, i64) {
        if back { (self.left, self.cost) } else { (self.cost, self.left) }
    }
}

fn grains(units: Units) -> i64 {
    units.milli() * GRAINS
}

/// What the giver lets go and what is left to the taker of each million beyond its target.
fn rates(hop: &Hop, [payer, payee]: [u32; 2]) -> (i64, i64) {
    let clutch = if hop.giver == payer { 0 } else { hop.lading.clutch().rate().ppm().max(0) };
    let reward = if hop.taker == payee { 0 } else { hop.lading.reward().rate().ppm().max(0) };
    (WHOLE + i64::from(clutch), WHOLE - i64::from(reward))
}
