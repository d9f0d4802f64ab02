//! Where halves stood, head by head, as the auditor saw it itself. A promise names the head that it was judged by (protocol,
//! section 7, "Promise"): what a site says of its own chain is held against what the chain was just then.

use std::collections::{BTreeMap, BTreeSet};

use protocol::chit::{Chit, Entry, Set};
use protocol::{Hash, LiftId, Record as _, Side, Sides};
use store::{HalfId, LinkRow};

use super::book::Book;
use super::half::Half;

/// What a chain says up to one of its heads.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    /// Of the half, in milli-CHIPs.
    pub(super) balance: i128,
    /// What each side grants the other in the tally that is signed, in milli-CHIPs.
    pub(super) limits: Sides<i64>,
    /// The settings in force.
    pub(super) sets: Sides<Option<Set>>,
    /// Lifts that have their chit there.
    pub(super) lifts: BTreeSet<LiftId>,
}

/// A chain as it was seen last.
#[derive(Debug)]
struct Chain {
    /// All its heads in order; the first is the signed tally.
    heads: Vec<Hash>,
    /// Where the half may have stood in the last step: where it was before, and all that the chain reached since.
    stands: BTreeMap<Hash, Stand>,
}

/// The chains of all halves, by place.
#[derive(Debug, Default)]
pub(super) struct Heads(BTreeMap<(usize, HalfId), Chain>);

impl Heads {
    /// A place is looked at after a step: where its halves stood before is over.
    pub(super) fn step(&mut self, place: usize) {
        for (_, chain) in self.0.iter_mut().filter(|((at, _), _)| *at == place) {
            let Chain { heads, stands } = chain;
            stands.retain(|head, _| heads.last() == Some(head));
        }
    }

    /// A place went back: nothing that its halves had since is there.
    pub(super) fn went_back(&mut self, place: usize) {
        self.0.retain(|(at, _), _| *at != place);
    }

    /// A half changed in this step.
    pub(super) fn saw(
        &mut self,
        key: (usize, HalfId),
        half: &Half,
        links: &[LinkRow],
        book: &Book,
    ) {
        let before = self.0.remove(&key);
        let Some((_, genesis)) = half.signed else { return };
        let (had, mut stands) = match before {
            Some(Chain { heads, stands }) => (heads, stands),
            None => (Vec::new(), BTreeMap::new()),
        };
        let had: BTreeSet<Hash> = had.into_iter().collect();
        let (limits, sets) = (half.limits, Sides::default());
        let mut stand = Stand { balance: 0, limits, sets, lifts: BTreeSet::new() };
        let mut heads = vec![genesis];
        let mut reaches = |head: Hash, is_last: bool, stand: &Stand| {
            if is_last || !had.contains(&head) {
                stands.insert(head, stand.clone());
            }
        };
        reaches(genesis, links.is_empty(), &stand);
        for (number, row) in links.iter().enumerate() {
            stand.adds(row, half.side, book);
            heads.push(row.link);
            reaches(row.link, number + 1 == links.len(), &stand);
        }
        self.0.insert(key, Chain { heads, stands });
    }

    /// Where a half stood at this head, if it may have had it at any moment of this step.
    pub(super) fn at(&self, key: (usize, HalfId), head: &Hash) -> Option<&Stand> {
        self.0.get(&key)?.stands.get(head)
    }

    /// Everywhere that a half may have stood in this step.
    pub(super) fn all(&self, key: (usize, HalfId)) -> impl Iterator<Item = &Stand> {
        self.0.get(&key).into_iter().flat_map(|chain| chain.stands.values())
    }
}

impl Stand {
    /// What one more link says.
    fn adds(&mut self, row: &LinkRow, side: Side, book: &Book) {
        let (milli, set) = match (book.chits.get(&row.chit), lifted(row)) {
            (Some(written), _) => (written.milli, written.set),
            (None, Some((milli, lift))) => {
                self.lifts.insert(lift);
                (milli, None)
            }
            (None, None) => (0, None),
        };
        self.balance += if row.by == side { -i128::from(milli) } else { i128::from(milli) };
        if let Some(set) = set {
            let slot = self.sets.of_mut(row.by);
            // The highest counter is in force, wherever it stands.
            if slot.is_none_or(|before| set.counter >= before.counter) {
                *slot = Some(set);
            }
        }
    }

    /// What the side that takes holds, in milli-CHIPs.
    pub(super) const fn held_by(&self, taker: Side, half: &Half) -> i128 {
        match (taker, half.side) {
            (Side::Stock, Side::Stock) | (Side::Foil, Side::Foil) => self.balance,
            _ => -self.balance,
        }
    }
}

/// What a lift moved, and which.
fn lifted(row: &LinkRow) -> Option<(i64, LiftId)> {
    let chit = Chit::read(row.text.as_bytes()).ok()?;
    match chit.entry {
        Entry::Lift { units, lift } => Some((units.get().milli(), lift)),
        _ => None,
    }
}
