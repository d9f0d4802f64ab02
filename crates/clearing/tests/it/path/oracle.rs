//! Every path there is, priced by trying one amount after the other. Obviously right, and slow.

use clearing::{Hop, LONGEST_PATH};
use protocol::Units;

use super::given::units;

/// Calls `visit` with every path from `payer` to `payee`, as places of hops from the payer on.
pub(crate) fn all_paths(list: &[Hop], payer: u32, payee: u32, visit: &mut dyn FnMut(&[usize])) {
    fn walk(
        list: &[Hop],
        met: &mut Vec<u32>,
        way: &mut Vec<usize>,
        payee: u32,
        visit: &mut dyn FnMut(&[usize]),
    ) {
        let here = *met.last().expect("at least the payer");
        if here == payee {
            return visit(way);
        }
        if way.len() == LONGEST_PATH as usize {
            return;
        }
        for (place, hop) in list.iter().enumerate() {
            if hop.giver == here && !met.contains(&hop.taker) {
                met.push(hop.taker);
                way.push(place);
                walk(list, met, way, payee, visit);
                met.pop();
                way.pop();
            }
        }
    }
    walk(list, &mut vec![payer], &mut Vec::new(), payee, visit);
}

/// What moves over each leg of a path so that `amount` arrives, from the payer on; none if it cannot.
pub(crate) fn price(list: &[Hop], way: &[usize], amount: i64) -> Option<Vec<i64>> {
    let mut moves = Vec::new();
    for (leg, &place) in way.iter().enumerate().rev() {
        let lading = &list[place].lading;
        let last = leg + 1 == way.len();
        let enough = |milli: i64| {
            if last {
                return milli == amount;
            }
            // The one behind this leg takes it in here and lets go over the next.
            let next = units(moves[moves.len() - 1]);
            let clutch = list[way[leg + 1]].lading.cost(next).expect("within").clutch;
            let reward = lading.cost(units(milli)).expect("within").reward;
            milli - reward.milli() >= next.milli() + clutch.milli()
        };
        let found = (1..=lading.most().milli()).find(|&milli| enough(milli))?;
        moves.push(found);
    }
    moves.reverse();
    Some(moves)
}

/// The least that the payer has to give, over all paths, and the fewest legs for that.
pub(crate) fn least(list: &[Hop], payer: u32, payee: u32, amount: i64) -> Option<(i64, usize)> {
    let mut least: Option<(i64, usize)> = None;
    all_paths(list, payer, payee, &mut |way| {
        if let Some(moves) = price(list, way, amount) {
            let found = (moves[0], way.len());
            least = Some(least.map_or(found, |least| least.min(found)));
        }
    });
    least
}

/// The most that any path can bring: what can be paid one milli-CHIP after the other.
pub(crate) fn most(list: &[Hop], payer: u32, payee: u32) -> i64 {
    let mut most = 0;
    all_paths(list, payer, payee, &mut |way| {
        while price(list, way, most + 1).is_some() {
            most += 1;
        }
    });
    most
}

/// Whether less is possible wherever more is, path by path; what makes searching for the most sound.
#[test]
fn whatever_can_be_paid_can_be_paid_in_part() {
    for seed in 0..300 {
        let mut chance = crate::instances::Chance(seed);
        let (participants, list) =
            super::given::random(&mut chance, super::given::Rates::Gifts, 12);
        let (payer, payee) = (0, 1 % participants);
        all_paths(&list, payer, payee, &mut |way| {
            let given: Vec<_> = (1..=13).map(|amount| price(&list, way, amount)).collect();
            let possible = given.iter().take_while(|given| given.is_some()).count();
            assert!(given[possible..].iter().all(Option::is_none), "seed {seed}: {given:?}");
            let first: Vec<_> = given.iter().flatten().map(|moves| moves[0]).collect();
            assert!(first.is_sorted(), "seed {seed}: {given:?}");
        });
    }
    assert_eq!(Units::SMALLEST, units(1));
}
