//! The explanation of a circulation: circles of debts, each cancelled all the way round.
//!
//! Every circulation is a sum of circles. They are looked for with a growing bound on their length,
//! so that most people read short ones: a search from both ends finds the shortest circle through a
//! debt without looking at the whole graph.

use protocol::Units;

use crate::Debt;
use crate::amount::{Amount, fits_64};
use crate::pairs::Pairs;
use crate::search::Search;
use crate::support::Support;

/// Circles up to about this length are looked for everywhere before longer ones are taken: what
/// lies on no short circle is not searched again and again.
const LONGEST_SOUGHT: u32 = 6;

/// Most members that an explanation may tell, each as often as it stands in a circle: 16,777,216.
/// Real debts need a few for each pair; there are tables whose explanation grows with the square of
/// their rows.
pub const MAX_TOLD_MEMBERS: usize = 1 << 24;

/// One circle: each member owes the next, the last owes the first, and `units` of every one of
/// these debts are cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Participants in the order of owing, each once, at least two.
    pub members: Vec<u32>,
    /// What is cancelled of each debt in the circle, in milli-CHIPs; positive. More than
    /// [`Units::MAX`] only where several debts of one pair add up to more.
    pub units: i128,
}

/// Takes a circulation apart into circles that together cancel exactly what it cancels; short
/// circles first, larger ones first among those of one length.
///
/// `cleared` holds what is cleared of each debt. There are never more circles than pairs of
/// participants. None where they would have more than `most` members together, as
/// [`MAX_TOLD_MEMBERS`]: what is cleared is right without its explanation.
///
/// # Panics
/// If `cleared` is no circulation of `debts`, which [`crate::verify`] would say.
pub fn circles(
    participants: u32,
    debts: &[Debt],
    cleared: &[Units],
    most: usize,
) -> Option<Vec<Circle>> {
    assert_eq!(debts.len(), cleared.len(), "one cleared amount for each debt");
    let mut found = if fits_64(debts) {
        take_apart::<i64>(participants, debts, cleared, most)?
    } else {
        take_apart::<i128>(participants, debts, cleared, most)?
    };
    found.sort_by(|a, b| {
        let by_length = a.members.len().cmp(&b.members.len());
        by_length.then(b.units.cmp(&a.units)).then_with(|| a.members.cmp(&b.members))
    });
    Some(found)
}

fn take_apart<A: Amount>(
    participants: u32,
    debts: &[Debt],
    cleared: &[Units],
    most: usize,
) -> Option<Vec<Circle>> {
    let mut room = most;
    let pairs = Pairs::<A>::new(participants, debts, |place| cleared[place].milli());
    let mut support = Support::new(participants, pairs);
    let mut search = Search::new(participants);
    let mut found = Vec::new();
    let mut longest = 2;
    loop {
        let mut unexplained = false;
        for pair in 0..support.len() {
            while support.left(pair) > A::ZERO {
                let Some(circle) = search.shortest_circle(&mut support, pair, longest) else {
                    unexplained = true;
                    break;
                };
                room = room.checked_sub(circle.len())?;
                found.push(cancel(&mut support, circle));
            }
        }
        if !unexplained {
            return Some(found);
        }
        assert!(longest < u32::MAX, "not a circulation: some of it lies on no circle");
        longest = if longest < LONGEST_SOUGHT { longest + 1 + longest / 4 } else { u32::MAX };
    }
}

/// Cancels as much as the smallest debt of the circle allows.
fn cancel<A: Amount>(support: &mut Support<A>, circle: &[u32]) -> Circle {
    let units = circle.iter().map(|&pair| support.left(pair)).min().unwrap_or(A::ZERO);
    let mut members = Vec::with_capacity(circle.len());
    for &pair in circle {
        support.take(pair, units);
        members.push(support.ends(pair).0);
    }
    // Start each circle at its lowest number, so that it reads the same however it was found.
    let lowest = (0..members.len()).min_by_key(|&place| members[place]).unwrap_or(0);
    members.rotate_left(lowest);
    Circle { members, units: units.into() }
}
