//! The largest circulation of a graph of debts.
//!
//! Clearing the most is the same as leaving the least: everybody's net position must remain, and
//! routing it over the fewest debts leaves most of them free. That is a minimum-cost flow with unit
//! costs, solved by the primal-dual method: raise potentials, route all that now has a shortest way,
//! repeat. Whoever is on no circle is left out (`trim`), and each phase is solved on the kernel of what
//! it may use (`kernel`). The book's chapters on it have the proof, and
//! what it costs.

mod distance;
mod kernel;
mod network;
mod push;
mod tight;
mod trim;

use protocol::Units;

use crate::amount::{Amount, fits_64};
use crate::pairs::{Pair, Pairs, check};
use crate::{Debt, GraphError};
use distance::Distances;
use kernel::Kernel;
use network::Network;
use trim::Trim;

/// A largest circulation with the potentials that prove it: see [`crate::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circulation {
    /// What is cleared of each debt, in the order of the debts. Debts of one pair are relieved in
    /// the order given.
    pub cleared: Vec<Units>,
    /// A small integer for each participant: the dual certificate.
    pub potentials: Vec<i32>,
}

/// Finds the circulation that clears the most: every participant's net position stays as it was,
/// and no other way of clearing these debts relieves more in all.
///
/// `watch` is told from time to time how much of the search is done, in thousandths; 1000 comes last.
///
/// # Errors
/// [`GraphError`] names the first debt that is no debt.
pub fn best_circulation(
    participants: u32,
    debts: &[Debt],
    watch: &mut dyn FnMut(u32),
) -> Result<Circulation, GraphError> {
    check(participants, debts)?;
    Ok(if fits_64(debts) {
        solve::<i64>(participants, debts, watch)
    } else {
        solve::<i128>(participants, debts, watch)
    })
}

fn solve<A: Amount>(participants: u32, debts: &[Debt], watch: &mut dyn FnMut(u32)) -> Circulation {
    let pairs = Pairs::<A>::new(participants, debts, |place| debts[place].units.milli());
    let trim = Trim::new(participants, &pairs.list);
    let takes_part = |pair: &&Pair<A>| pair.units > A::ZERO && trim.keeps(pair);
    let mut net = Network::new(participants, pairs.list.iter().filter(takes_part));
    let all = wanted(&net);
    let (mut distances, mut kernel) = (Distances::default(), Kernel::new());
    let mut left = all;
    while left > 0 {
        distances.raise_potentials(&mut net);
        kernel.route(&mut net);
        left = wanted(&net);
        watch(done_thousandths(all, left));
    }
    watch(1000);
    let mut cleared = net.cleared();
    let cleared_of = |pair| if takes_part(&pair) { cleared.next() } else { None };
    let cleared = pairs.list.iter().map(cleared_of).map(|cleared| cleared.unwrap_or(A::ZERO));
    let cleared = relieve_in_order(debts, &pairs, cleared.collect());
    let mut potentials: Vec<i32> = net.marks.iter().map(|mark| mark.potential).collect();
    trim.potentials(&pairs.list, &mut potentials);
    Circulation { cleared, potentials }
}

/// What still has to arrive, in all.
fn wanted<A: Amount>(net: &Network<A>) -> i128 {
    let wants = net.excess.iter().filter(|excess| **excess < A::ZERO);
    wants.map(|&excess| -Into::<i128>::into(excess)).sum()
}

/// How much of the search is done: each phase leaves about half of what was left, so that is counted in
/// halvings.
fn done_thousandths(all: i128, left: i128) -> u32 {
    // 2^16 times the logarithm to the base of 2, straight lines between powers.
    let halvings = |amount: i128| {
        let amount = amount.max(1);
        let whole = amount.ilog2();
        let part = if whole >= 16 { amount >> (whole - 16) } else { amount << (16 - whole) };
        (i128::from(whole) << 16) + part - (1 << 16)
    };
    let done = (halvings(all) - halvings(left)) * 1000 / halvings(all).max(1);
    u32::try_from(done).unwrap_or(1000)
}

/// Shares out what is cleared of each pair among its debts, first come, first relieved.
pub(crate) fn relieve_in_order<A: Amount>(
    debts: &[Debt],
    pairs: &Pairs<A>,
    mut left: Vec<A>,
) -> Vec<Units> {
    let relieve = |(debt, &pair): (&Debt, &u32)| {
        let left = &mut left[pair as usize];
        let relief = A::from(debt.units.milli()).min(*left);
        *left -= relief;
        // Not more than the debt itself, so it fits.
        let milli = i64::try_from(relief.into()).unwrap_or(i64::MAX);
        Units::new(milli).unwrap_or(debt.units)
    };
    debts.iter().zip(&pairs.of_debt).map(relieve).collect()
}
