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
pub(crate) const LONGEST_SOUGHT: u32 = 6;

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
    let told = circles_within(participants, debts, cleared, u32::MAX, most)?;
    assert_eq!(told.left, 0, "not a circulation: some of it lies on no circle");
    Some(told.circles)
}

/// A circulation told by circles of a bounded length, as far as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Circles as [`circles`] gives them, none longer than asked for.
    pub circles: Vec<Circle>,
    /// What they do not tell: the part of what is cleared that lies on longer circles, in
    /// milli-CHIPs over all debts.
    pub left: i128,
}

/// Takes as much of a circulation apart as circles of at most `longest` members tell, short ones
/// first; the rest of it runs in longer circles.
///
/// Short first is a rule of thumb: another choice of circles may tell a little more. Whoever wants
/// the most that short circles can *clear* asks [`crate::best_within`]. None as for [`circles`].
///
/// # Panics
/// If `cleared` is not one amount for each debt.
pub fn circles_within(
    participants: u32,
    debts: &[Debt],
    cleared: &[Units],
    longest: u32,
    most: usize,
) -> Option<Explanation> {
    assert_eq!(debts.len(), cleared.len(), "one cleared amount for each debt");
    if fits_64(debts) {
        take_apart::<i64>(participants, debts, cleared, longest, most)
    } else {
        take_apart::<i128>(participants, debts, cleared, longest, most)
    }
}

fn take_apart<A: Amount>(
    participants: u32,
    debts: &[Debt],
    cleared: &[Units],
    longest: u32,
    most: usize,
) -> Option<Explanation> {
    let mut room = most;
    let pairs = Pairs::<A>::new(participants, debts, |place| cleared[place].milli());
    let mut support = Support::new(participants, pairs);
    let mut search = Search::new(participants);
    let mut circles = Vec::new();
    peel(&mut support, &mut search, longest, |support, circle, units| {
        room = room.checked_sub(circle.len())?;
        circles.push(told(support, circle, units));
        Some(())
    })?;
    let left = (0..support.len()).map(|pair| support.left(pair).into()).sum();
    in_order(&mut circles);
    Some(Explanation { circles, left })
}

/// Short circles first, larger ones first among those of one length.
pub(crate) fn in_order(circles: &mut [Circle]) {
    circles.sort_by(|a, b| {
        let by_length = a.members.len().cmp(&b.members.len());
        by_length.then(b.units.cmp(&a.units)).then_with(|| a.members.cmp(&b.members))
    });
}

/// Takes circles of at most `most_members` out of `support` until there is none, about the shortest
/// first, each with as much as its smallest debt allows. `take` is told the pairs of each and the
/// units taken, and ends it all by none.
pub(crate) fn peel<A: Amount>(
    support: &mut Support<A>,
    search: &mut Search,
    most_members: u32,
    mut take: impl FnMut(&Support<A>, &[u32], A) -> Option<()>,
) -> Option<()> {
    let mut longest = most_members.min(2);
    loop {
        let mut unexplained = false;
        for pair in 0..support.len() {
            while support.left(pair) > A::ZERO {
                let Some(circle) = search.shortest_circle(support, pair, longest) else {
                    unexplained = true;
                    break;
                };
                let units = circle.iter().map(|&pair| support.left(pair)).min().unwrap_or(A::ZERO);
                circle.iter().for_each(|&pair| support.take(pair, units));
                take(support, circle, units)?;
            }
        }
        if !unexplained || longest >= most_members {
            return Some(());
        }
        longest = if longest < LONGEST_SOUGHT { longest + 1 + longest / 4 } else { u32::MAX };
        longest = longest.min(most_members);
    }
}

/// A circle by its members, beginning with the lowest number, so that it reads the same however it
/// was found.
pub(crate) fn told<A: Amount>(support: &Support<A>, circle: &[u32], units: A) -> Circle {
    let mut members: Vec<u32> = circle.iter().map(|&pair| support.ends(pair).0).collect();
    let lowest = (0..members.len()).min_by_key(|&place| members[place]).unwrap_or(0);
    members.rotate_left(lowest);
    Circle { members, units: units.into() }
}
