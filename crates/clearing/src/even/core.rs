//! The debts on which the flow can change at all: those that are not on a loose end.
//!
//! A circle of changes passes everybody that it meets on two debts. Whoever has one free debt only is on
//! none, and without that debt perhaps somebody else is not.

use crate::pairs::Pair;

/// The places, among `free` ones in `pairs`, that are left when loose ends are taken off until there
/// is none (what is left is called the 2-core; Seidman 1983).
pub(super) fn without_loose_ends(
    participants: u32,
    pairs: &[Pair<i128>],
    free: &[usize],
) -> Vec<usize> {
    let mut beside: Vec<Vec<usize>> = vec![Vec::new(); participants as usize];
    for (at, &place) in free.iter().enumerate() {
        beside[pairs[place].debtor as usize].push(at);
        beside[pairs[place].creditor as usize].push(at);
    }
    let mut degree: Vec<usize> = beside.iter().map(Vec::len).collect();
    let mut loose: Vec<usize> = (0..degree.len()).filter(|&v| degree[v] == 1).collect();
    let mut kept = vec![true; free.len()];
    while let Some(v) = loose.pop() {
        // Its last debt may have gone with its other end.
        let Some(&at) = beside[v].iter().find(|&&at| kept[at]) else { continue };
        kept[at] = false;
        for end in [pairs[free[at]].debtor as usize, pairs[free[at]].creditor as usize] {
            degree[end] -= 1;
            if degree[end] == 1 && end != v {
                loose.push(end);
            }
        }
    }
    free.iter().zip(kept).filter(|(_, kept)| *kept).map(|(&place, _)| place).collect()
}
