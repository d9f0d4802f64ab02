//! Relief spread evenly: of all largest circulations the one that clears debts in the most equal
//! shares.
//!
//! The largest circulation is rarely the only one, and the search takes the first that it comes to.
//! Here the one is chosen that makes the sum of *cleared² / debt* least. As the sum of what is
//! cleared is the same for all of them, that is the least square of the distance between each debt's
//! cleared share and everybody's share, weighted by the debt: least squares, as Gauss had it, and, of
//! debts of one debtor that can be relieved alike, pro rata, as creditors of one rank are treated
//! everywhere. Over the reals there is exactly one such circulation, so that the order of the debts
//! says nothing.
//!
//! The potentials of one largest circulation tell all of them ([`crate::verify`]): a debt whose worth
//! `1 + p(creditor) - p(debtor)` is above zero is cleared entirely, one below zero not at all, and
//! the others are free. On the free ones it is a minimum-cost flow with convex costs (Ahuja, Magnanti
//! and Orlin 1993, chapter 14): `convex` solves it, `ladder` holds the costs, `pro_rata` shares a
//! pair's relief out.

mod core;
mod ladder;
mod pro_rata;

use protocol::Units;

use crate::convex::{Edge, least};
use crate::pairs::Pairs;
use crate::{CertificateFault, Circulation, Debt, verify};

use ladder::Ladder;

/// Spreads the relief of a largest circulation as evenly as any largest circulation can.
///
/// What is cleared in all stays the same, and so do the potentials that prove it. Debts of one debtor
/// to one creditor count as one and are relieved pro rata, odd milli-CHIPs going to the largest
/// remainders, first come first. The cost of a unit cleared is the share of the pair's debt that is
/// cleared with it, in parts of 2^20 or, where a pair owes more milli-CHIPs than that, the next power
/// of two, at most 2^40, rounded down; the sum of the costs is least. In other words: no circle of
/// one unit, on along some debts and back along others, lowers that sum.
///
/// Two outcomes with the same sum differ by at most one milli-CHIP on a pair that owes less
/// than 2^40. That much depends on the order of the debts; nothing else does.
///
/// # Errors
/// [`CertificateFault`] where this is not a largest circulation with its proof.
pub fn spread_evenly(
    participants: u32,
    debts: &[Debt],
    best: &Circulation,
) -> Result<Circulation, CertificateFault> {
    verify(participants, debts, best)?;
    let whole = Pairs::<i128>::new(participants, debts, |place| debts[place].units.milli());
    let cleared = Pairs::<i128>::new(participants, debts, |place| best.cleared[place].milli());
    let mut cleared: Vec<i128> = cleared.list.into_iter().map(|pair| pair.units).collect();

    let worth = |debtor: u32, creditor: u32| {
        let potential = |who: u32| i64::from(best.potentials[who as usize]);
        1 + potential(creditor) - potential(debtor)
    };
    let is_free = |place: &usize| {
        let pair = &whole.list[*place];
        pair.units > 0 && worth(pair.debtor, pair.creditor) == 0
    };
    let free: Vec<usize> = (0..whole.list.len()).filter(is_free).collect();
    let free = core::without_loose_ends(participants, &whole.list, &free);
    let largest = free.iter().map(|&place| whole.list[place].units).max().unwrap_or(0);
    let ladder = Ladder::new(largest);
    let mut numbers = Numbers::new(participants);
    let mut flows: Vec<Edge> = free
        .iter()
        .map(|&place| {
            let pair = &whole.list[place];
            let (from, to) = (numbers.of(pair.debtor), numbers.of(pair.creditor));
            Edge { from, to, most: pair.units, flow: cleared[place] }
        })
        .collect();
    least(numbers.count as usize, ladder, &mut flows);
    for (place, arc) in free.into_iter().zip(flows) {
        cleared[place] = arc.flow;
    }
    let cleared: Vec<Units> = pro_rata::share_out(debts, &whole, &cleared);
    Ok(Circulation { cleared, potentials: best.potentials.clone() })
}

/// Numbers without gaps for the participants met, in the order in which they are met.
struct Numbers {
    known: Vec<Option<u32>>,
    count: u32,
}

impl Numbers {
    fn new(participants: u32) -> Self {
        Self { known: vec![None; participants as usize], count: 0 }
    }

    fn of(&mut self, participant: u32) -> u32 {
        *self.known[participant as usize].get_or_insert_with(|| {
            self.count += 1;
            self.count - 1
        })
    }
}
