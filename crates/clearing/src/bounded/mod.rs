//! The most that short circles can clear: a packing of circles of at most so many members.
//!
//! Every member of a circle has to agree, so a circle of twelve fails more often than one of four.
//! What short circles can clear is a packing problem: each circle takes the same amount of all its
//! debts, and no debt gives more than it is. Packing circles is hard to do exactly (Krivelevich,
//! Nutov, Salavatipour, Verstraete and Yuster 2007), so this is a heuristic with an upper bound
//! beside it: `packing` holds the circles, `swap` looks for one that clears more than those that
//! stand in its way, `improve` packs neighbourhoods anew.

mod improve;
mod packing;
mod swap;

use protocol::Units;

use crate::circles::{in_order, peel};
use crate::circulation::relieve_in_order;
use crate::pairs::{Pairs, check};
use crate::search::Search;
use crate::support::Support;
use crate::{Circle, Debt, GraphError, best_circulation};

use improve::improve;
use packing::Packing;

/// How many debts the improvement looks at before it is content with what it has: some seconds.
pub const MOST_SWAP_LOOKS: u64 = 300_000_000;

/// What circles of a bounded length clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// What is cleared of each debt, in the order of the debts; debts of one pair are relieved in
    /// the order given. A circulation: every net position stays as it was.
    pub cleared: Vec<Units>,
    /// Circles that together clear exactly that; short ones first, larger ones first among those of
    /// one length.
    pub circles: Vec<Circle>,
    /// No choice of such circles clears more than this, in milli-CHIPs: the largest circulation of
    /// those debts that lie on such a circle at all.
    pub bound: i128,
    /// Whether the improvement ended because it found nothing more for long; else because it had
    /// looked at as much as it may.
    pub settled: bool,
}

/// Looks for the most that circles of at most `most_members` can clear.
///
/// A heuristic: what it clears is a valid set-off, and not proved to be the most; [`Bounded::bound`]
/// says how much more there can be. It packs circles of the largest circulation, and circles of the
/// debts, both short ones first, and improves the better packing: while some circle clears more than
/// the circles that it takes room from, it replaces them; then neighbourhoods are packed anew. The
/// improvement looks at no more than `looks` debts, as [`MOST_SWAP_LOOKS`]. The same debts give the
/// same answer on every machine.
///
/// # Errors
/// [`GraphError`] names the first debt that is no debt.
pub fn best_within(
    participants: u32,
    debts: &[Debt],
    most_members: u32,
    looks: u64,
) -> Result<Bounded, GraphError> {
    check(participants, debts)?;
    // Nobody is in a circle twice.
    let most_members = most_members.min(participants);
    let whole = Pairs::<i128>::new(participants, debts, |place| debts[place].units.milli());
    let on_circle = on_circles(participants, &whole, most_members);
    // Debts on no short circle are as good as nothing.
    let mut useful = debts.to_vec();
    for (debt, &pair) in useful.iter_mut().zip(&whole.of_debt) {
        if !on_circle[pair as usize] {
            debt.units = Units::ZERO;
        }
    }
    let best = best_circulation(participants, &useful, &mut |_| {})?;
    let pairs = Pairs::<i128>::new(participants, &useful, |place| useful[place].units.milli());
    let of_best = Pairs::<i128>::new(participants, &useful, |place| best.cleared[place].milli());
    let bound = of_best.list.iter().map(|pair| pair.units).sum();

    let mut search = Search::new(participants);
    let mut from_best = Packing::new(participants, &pairs);
    from_best.pack(participants, of_best, &mut search, most_members);
    let left = from_best.left(&pairs);
    from_best.pack(participants, left, &mut search, most_members);
    let mut from_debts = Packing::new(participants, &pairs);
    let all = from_debts.left(&pairs);
    from_debts.pack(participants, all, &mut search, most_members);

    let mut packing = if from_debts.total() > from_best.total() { from_debts } else { from_best };
    let settled = improve(&mut packing, participants, most_members, looks);
    let cleared = relieve_in_order(debts, &pairs, packing.cleared(&pairs));
    let mut circles = packing.circles();
    in_order(&mut circles);
    Ok(Bounded { cleared, circles, bound, settled })
}

/// Which pairs lie on a circle of at most `most_members`.
fn on_circles(participants: u32, pairs: &Pairs<i128>, most_members: u32) -> Vec<bool> {
    let mut on = vec![false; pairs.list.len()];
    let mut support = Support::new(participants, pairs.clone());
    let mut search = Search::new(participants);
    for pair in 0..support.len() {
        if on[pair as usize] || support.left(pair) == 0 {
            continue;
        }
        for &met in search.shortest_circle(&mut support, pair, most_members).unwrap_or_default() {
            on[met as usize] = true;
        }
    }
    on
}

impl Packing {
    /// Packs circles of `pairs`, short ones first, until there is none of at most `most_members`.
    fn pack(
        &mut self,
        participants: u32,
        pairs: Pairs<i128>,
        search: &mut Search,
        most_members: u32,
    ) {
        let mut support = Support::new(participants, pairs);
        peel(&mut support, search, most_members, |_, circle, units| {
            self.add(circle, units);
            Some(())
        });
    }
}
