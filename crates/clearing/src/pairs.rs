//! Debts of one debtor to one creditor, added up: what the search works on.
//!
//! Two directions between the same two participants are two pairs.

use crate::amount::Amount;
use crate::{Debt, GraphError};

/// Debts as ordered pairs of participants, sorted by debtor.
#[derive(Clone)]
pub(crate) struct Pairs<A> {
    /// Every pair once, sorted by debtor; pairs of one debtor in the order they first appear.
    pub(crate) list: Vec<Pair<A>>,
    /// For each debt, in its order, the place of its pair in `list`.
    pub(crate) of_debt: Vec<u32>,
}

/// All that one participant owes another.
#[derive(Clone)]
pub(crate) struct Pair<A> {
    pub(crate) debtor: u32,
    pub(crate) creditor: u32,
    pub(crate) units: A,
}

/// The most debts or participants. Potentials may differ by the number of participants twice over, and
/// arcs are two a debt; all of these fit their numbers.
const MOST: usize = (1 << 30) - 1;

/// Refuses what is no graph of debts, naming the first fault.
pub(crate) fn check(participants: u32, debts: &[Debt]) -> Result<(), GraphError> {
    if debts.len() > MOST || participants as usize > MOST {
        return Err(GraphError::TooMany);
    }
    for (debt, d) in debts.iter().enumerate() {
        if let Some(participant) = [d.debtor, d.creditor].into_iter().find(|p| *p >= participants) {
            return Err(GraphError::UnknownParticipant { debt, participant });
        }
        if d.debtor == d.creditor {
            return Err(GraphError::SelfDebt { debt });
        }
        if d.units.milli() < 0 {
            return Err(GraphError::Negative { debt });
        }
    }
    Ok(())
}

impl<A: Amount> Pairs<A> {
    /// Adds up `debts` that [`check`] accepted, taking `units` of each instead of its own amount.
    pub(crate) fn new(participants: u32, debts: &[Debt], units: impl Fn(usize) -> i64) -> Self {
        let by_debtor = sort_by_debtor(participants, debts);
        let mut list: Vec<Pair<A>> = Vec::new();
        let mut of_debt = vec![0; debts.len()];
        // The newest pair with each creditor; it belongs to the debtor at hand or to an earlier one.
        let mut newest = vec![u32::MAX; participants as usize];
        for place in by_debtor {
            let Debt { debtor, creditor, .. } = debts[place as usize];
            let known = newest[creditor as usize];
            let pair = match list.get(known as usize) {
                Some(pair) if pair.debtor == debtor => known,
                _ => {
                    list.push(Pair { debtor, creditor, units: A::ZERO });
                    // At most one pair a debt, and their number fits.
                    u32::try_from(list.len() - 1).expect("fewer pairs than debts")
                }
            };
            newest[creditor as usize] = pair;
            of_debt[place as usize] = pair;
            list[pair as usize].units += A::from(units(place as usize));
        }
        Self { list, of_debt }
    }
}

/// Places of the debts, sorted by debtor; debts of one debtor in their order.
fn sort_by_debtor(participants: u32, debts: &[Debt]) -> Vec<u32> {
    let mut next = vec![0_u32; participants as usize + 1];
    for debt in debts {
        next[debt.debtor as usize + 1] += 1;
    }
    for v in 1..next.len() {
        next[v] += next[v - 1];
    }
    let mut sorted = vec![0; debts.len()];
    for (place, debt) in (0..).zip(debts) {
        let slot = &mut next[debt.debtor as usize];
        sorted[*slot as usize] = place;
        *slot += 1;
    }
    sorted
}
