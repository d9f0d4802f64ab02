//! What no plan can beat, by prices alone: the weak half of linear programming's duality.
//!
//! Whatever moves, nobody in the middle is left with less than nothing; so with any price at each, what
//! the payer gives is worth at least what arrives, less what the hops gain. A hop gains at most what its
//! best unit-by-unit use gains when nothing is rounded, and rounding only ever takes. So the bound
//! holds for every list of prices, however it was found, and for gifts as well.

use protocol::Units;
use protocol::lading::Charge;

use super::prices::{ONE, Prices};
use crate::path::{Hop, Hops, Way};

/// Parts per million of the whole.
const WHOLE: i128 = 1_000_000;

/// The least that the payer gives for `amount`, whatever way it takes; zero where nothing better is known.
pub(crate) fn least_given(graph: &Hops, prices: &Prices, ends: [u32; 2], amount: Units) -> Units {
    let worth = |v| i128::from(prices.price(v));
    let arriving = worth(ends[1]) * i128::from(amount.milli()) * WHOLE;
    let gains = gains(graph, prices.cheap(), ends, worth);
    let least = gains.and_then(|gains| arriving.checked_sub(gains)).unwrap_or(0).max(0);
    let parts = i128::from(ONE) * WHOLE;
    units(least / parts + i128::from(least % parts > 0))
}

/// The most that can arrive, where the last search saw everybody who can be reached, and the payee was not
/// among them: nothing is worth anything at those, and as much as it was in the search before at others.
pub(crate) fn most_arriving(graph: &Hops, prices: &Prices, ends: [u32; 2]) -> Units {
    let worth = |v| if prices.is_seen(v) { 0 } else { i128::from(prices.before(v)) };
    let gains = gains(graph, prices.cheap(), ends, worth).unwrap_or(i128::MAX);
    units(gains / (worth(ends[1]) * WHOLE).max(1))
}

fn units(milli: i128) -> Units {
    i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok()).unwrap_or(Units::MAX)
}

/// What all hops gain at most; none where that is no number. Without gifts only hops out of `givers` do: at
/// the payee's price and above no hop gains, and that is everybody else's.
fn gains(
    graph: &Hops,
    givers: &[u32],
    ends: [u32; 2],
    worth: impl Fn(u32) -> i128,
) -> Option<i128> {
    let gain = |hop: &Hop| gain(hop, ends, worth(hop.giver), worth(hop.taker));
    let add = |sum: i128, gain: i128| sum.checked_add(gain);
    if graph.gifts() {
        return graph.list().iter().map(gain).try_fold(0, add);
    }
    let beside = givers.iter().flat_map(|&v| graph.beside(Way::On, v));
    beside.map(|beside| gain(graph.hop(beside.place))).try_fold(0, add)
}

/// The most that a hop gains at the worth of a unit at its two ends: what is left to the taker less what
/// the giver lets go, in parts of a million parts of a price. It is where one of its pieces ends.
fn gain(hop: &Hop, [payer, payee]: [u32; 2], giver: i128, taker: i128) -> i128 {
    if hop.taker == payer || hop.giver == payee {
        return 0;
    }
    let Hop { lading, .. } = hop;
    let part = |charge: &Charge, units| {
        i128::from(charge.rate().ppm()) * i128::from(charge.charged(units).milli())
    };
    let at = |units: Units| {
        let whole = i128::from(units.milli()) * WHOLE;
        let clutch = if hop.giver == payer { 0 } else { part(&lading.clutch(), units) };
        let reward = if hop.taker == payee { 0 } else { part(&lading.reward(), units) };
        taker * (whole - reward) - giver * (whole + clutch)
    };
    let ends = [lading.free(), lading.spare(), lading.most()];
    ends.into_iter().map(at).fold(0, i128::max)
}
