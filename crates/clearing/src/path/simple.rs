//! From walks to paths: nobody is on a path twice.
//!
//! Where nobody pays for being used, going round costs or is for nothing, so the best walk meets nobody
//! twice. Where some pay, going round and round may look like a gain, but a tally gives its gift once. Then
//! whoever the best walk meets twice is *named*, no walk may meet a named one twice, and the search
//! begins anew: the value only becomes worse, and the first walk that is a path is the best of all paths.
//! (Decremental state space relaxation: Boland, Dethridge and Dumitrescu 2006, Righini and Salani 2008.)
//!
//! In the worst case that is as hard as the travelling salesman's problem, so it is bounded.

use super::hops::Hops;
use super::labels::{Labels, Walk};
use super::legs::{Rule, moves};

/// A best path, if there is one.
pub(crate) struct Best {
    /// Its hops, in the order of the search.
    pub(crate) hops: Option<Vec<u32>>,
    /// Whether none is better; or, without a path, whether there is none.
    pub(crate) proved: bool,
}

/// The path between the `ends`, where the search starts and where it leads, with the smallest value; of
/// at most `longest` legs, and never more than [`LONGEST_PATH`](super::LONGEST_PATH).
pub(crate) fn best<R: Rule>(graph: &Hops, rule: R, ends: [u32; 2], longest: u32) -> Best {
    let mut labels = Labels::new(graph, rule, graph.gifts(), ends, longest);
    let mut best: Option<Walk> = None;
    loop {
        let found = labels.run();
        let better = found.simple.filter(|new| best.as_ref().is_none_or(|b| new.value < b.value));
        best = better.or(best);
        if found.cut {
            return hurried(graph, rule, ends, longest, best);
        }
        let reached = |walk: &Walk| best.as_ref().is_some_and(|best| best.value <= walk.value);
        match found.walk {
            // Nothing is better than the best walk, so a path as good is the best path.
            Some(walk) if !reached(&walk) => {
                if !labels.repeated(&walk).into_iter().all(|participant| labels.name(participant)) {
                    return hurried(graph, rule, ends, longest, best);
                }
            }
            _ => return Best { hops: best.map(|walk| walk.hops), proved: true },
        }
    }
}

/// The better of a path found so far and of the best path when all gifts are declined, which is found fast.
fn hurried<R: Rule>(
    graph: &Hops,
    rule: R,
    ends: [u32; 2],
    longest: u32,
    best: Option<Walk>,
) -> Best {
    let found = declined(graph, rule, ends, longest);
    // The gifts on its way come on top.
    let value = |hops: &Vec<u32>| {
        let (last, before) = hops.split_last()?;
        let value = before.iter().zip(moves(&rule, graph, before)?).next_back();
        let value = value.map(|(&hop, units)| rule.behind(units, hop, &graph.hop(hop).lading));
        rule.end(value, *last, &graph.hop(*last).lading)
    };
    let candidates = [best.map(|walk| walk.hops), found];
    let candidates = candidates.into_iter().flatten();
    Best { hops: candidates.min_by_key(|hops| value(hops).unwrap_or(i64::MAX)), proved: false }
}

/// The hops of the best path when all gifts are declined, in the order of the search: found fast.
pub(crate) fn declined<R: Rule>(
    graph: &Hops,
    rule: R,
    ends: [u32; 2],
    longest: u32,
) -> Option<Vec<u32>> {
    let found = Labels::new(graph, rule.without_gifts(), false, ends, longest).run();
    found.simple.map(|walk| walk.hops)
}
