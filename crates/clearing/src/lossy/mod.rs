//! Flows with losses: an amount on its way over hops that charge, for the least that the payer gives.
//!
//! What is sent is divided as if nothing were ever rounded; then sending along the cheapest way that is
//! left, again and again, is the best there is (a generalized flow: Onaga 1966; the same with prices:
//! Truemper 1977). `prices` searches for that way and says what a unit is worth at everybody,
//! `pieces` tells the price of the next unit of a hop, `ways` makes paths of what is sent, and `bound`
//! makes a proof of the prices that needs no trust in any of this. Gifts are not counted here: a flow
//! with them has no order of cheapest ways.

mod bound;
mod pieces;
mod prices;
mod ways;

use crate::path::{Hop, Hops};

pub(crate) use bound::{least_given, most_arriving};
pub(crate) use prices::Prices;
pub(crate) use ways::{Way, ways};

use pieces::{Piece, WHOLE};
use prices::Step;

/// Amounts on their way are told in so many grains of a milli-CHIP, so that what is lost by dividing
/// them does not add up.
const GRAINS: i64 = 1 << 8;

/// Less room than this is none: a sixteenth of a milli-CHIP.
const SCRAP: i64 = GRAINS / 16;

/// How many ways are searched for. In a network of 100,000 hops a payment needed at most a few.
pub(crate) const MOST_WAYS: usize = 256;

/// What is sent from payer to payee.
pub(crate) struct Lossy<'a> {
    graph: &'a Hops,
    /// Payer and payee.
    ends: [u32; 2],
    /// Where something is sent, by place of the hop; in grains, above zero.
    sent: Vec<(u32, i64)>,
    /// Those whose hops it is sent over, in order.
    touched: Vec<u32>,
    /// The same hops by who takes, in order.
    by_taker: Vec<(u32, u32)>,
    /// How much arrives, in grains.
    arrives: i64,
}

impl<'a> Lossy<'a> {
    /// Nothing is sent yet.
    pub(crate) const fn new(graph: &'a Hops, ends: [u32; 2]) -> Self {
        Self {
            graph,
            ends,
            sent: Vec::new(),
            touched: Vec::new(),
            by_taker: Vec::new(),
            arrives: 0,
        }
    }

    /// Sends until `goal` milli-CHIPs arrive; false where the ways end before that, or are too many.
    ///
    /// The first way is the one that was found when the prices [began](Prices::begin). They are then
    /// those at which the last of it was sent; or, where no further way was left, they tell
    /// whom the search could still reach.
    pub(crate) fn fill(&mut self, prices: &mut Prices, goal: i64) -> bool {
        let goal = goal.saturating_mul(GRAINS);
        for _ in 0..MOST_WAYS {
            let Some(steps) = prices.steps.take() else { return false };
            let more = self.arriving(&steps).min(goal - self.arrives);
            if more <= 0 {
                return false;
            }
            self.add(&steps, more);
            if self.arrives >= goal {
                return true;
            }
            prices.search(self);
        }
        false
    }

    /// Payer and payee.
    pub(crate) const fn ends(&self) -> [u32; 2] {
        self.ends
    }

    /// Whether nothing more fits over a hop.
    pub(crate) fn is_full(&self, place: u32) -> bool {
        self.next(place).is_none()
    }

    /// The next piece of a hop, as far as there is room.
    fn next(&self, place: u32) -> Option<Piece> {
        Piece::next(self.graph.hop(place), self.ends, self.sent(place))
    }

    /// The piece of which the last of what is sent over a hop is.
    fn last(&self, place: u32) -> Option<Piece> {
        Piece::last(self.graph.hop(place), self.ends, self.sent(place))
    }

    fn piece(&self, step: Step) -> Option<Piece> {
        if step.back { self.last(step.place) } else { self.next(step.place) }
    }

    /// The most that arrives over these steps, each as far as its present piece goes.
    fn arriving(&self, steps: &[Step]) -> i64 {
        let mut here = i64::MAX;
        for &step in steps {
            let Some(piece) = self.piece(step) else { return 0 };
            let (before, behind) = piece.rates(step.back);
            let units = piece.room.min(scaled(here, WHOLE, before, 0));
            here = scaled(units, behind, WHOLE, 0);
        }
        here
    }

    /// Sends over these steps what is needed so that `more` arrives.
    fn add(&mut self, steps: &[Step], more: i64) {
        self.arrives += more;
        let mut need = more;
        for &step in steps.iter().rev() {
            let Some(piece) = self.piece(step) else { continue };
            let (before, behind) = piece.rates(step.back);
            let units = scaled(need, WHOLE, behind, 1).min(piece.room);
            need = scaled(units, before, WHOLE, 1);
            self.change(step.place, if step.back { -units } else { units });
        }
    }

    fn change(&mut self, place: u32, units: i64) {
        let Hop { giver, taker, .. } = *self.graph.hop(place);
        let by_taker = self.by_taker.binary_search(&(taker, place));
        match self.sent.binary_search_by_key(&place, |&(place, _)| place) {
            Ok(at) if self.sent[at].1 + units < SCRAP => {
                self.sent.remove(at);
                if let Ok(at) = by_taker {
                    self.by_taker.remove(at);
                }
            }
            Ok(at) => self.sent[at].1 += units,
            Err(at) => {
                self.sent.insert(at, (place, units));
                if let Err(at) = by_taker {
                    self.by_taker.insert(at, (taker, place));
                }
            }
        }
        for v in [giver, taker] {
            if let Err(at) = self.touched.binary_search(&v) {
                self.touched.insert(at, v);
            }
        }
    }

    fn sent(&self, place: u32) -> i64 {
        let at = self.sent.binary_search_by_key(&place, |&(place, _)| place);
        at.map_or(0, |at| self.sent[at].1)
    }

    /// The hops into `v` over which something is sent.
    fn sent_into(&self, v: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.by_taker.partition_point(|&(taker, _)| taker < v);
        let into = self.by_taker[first..].iter().take_while(move |(taker, _)| *taker == v);
        into.map(|&(_, place)| place)
    }

    fn touches(&self, v: u32) -> bool {
        !self.touched.is_empty() && self.touched.binary_search(&v).is_ok()
    }
}

/// `amount * times / parts`, and where a part is left over `up` more; the largest number where it is larger, or
/// where there are no parts. None of them is negative.
fn scaled(amount: i64, times: i64, parts: i64, up: i64) -> i64 {
    if times == parts {
        return amount;
    }
    let product = i128::from(amount) * i128::from(times);
    let Some(whole) = product.checked_div(i128::from(parts)) else { return i64::MAX };
    let over = i64::from(product % i128::from(parts) > 0);
    i64::try_from(whole).unwrap_or(i64::MAX).saturating_add(over * up)
}
