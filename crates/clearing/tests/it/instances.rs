//! Random graphs of debts from a seed, adversarial ones included.

use clearing::Debt;
use protocol::Units;

/// A small generator of random numbers (SplitMix64): the same seed, the same instance.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).expect("below a u32")
    }
}

pub(crate) fn debt(debtor: u32, creditor: u32, milli: i64) -> Debt {
    Debt { debtor, creditor, units: Units::new(milli).expect("in range") }
}

/// A graph of debts and its number of participants.
pub(crate) struct Instance {
    pub(crate) participants: u32,
    pub(crate) debts: Vec<Debt>,
}

/// A small instance of one of several kinds, chosen by the seed.
pub(crate) fn small(seed: u64) -> Instance {
    let mut chance = Chance(seed);
    let participants = 2 + chance.below(8);
    let kind = chance.below(6);
    let amounts = chance.below(5);
    let rows = 1 + chance.below(18);
    let mut debts = Vec::new();
    for row in 0..rows {
        let (debtor, creditor) = ends(&mut chance, kind, participants, row);
        debts.push(debt(debtor, creditor, amount(&mut chance, amounts)));
    }
    Instance { participants, debts }
}

/// Debtor and creditor of a row, by the kind of instance.
fn ends(chance: &mut Chance, kind: u32, participants: u32, row: u32) -> (u32, u32) {
    let any = |chance: &mut Chance| {
        let debtor = chance.below(participants);
        (debtor, (debtor + 1 + chance.below(participants - 1)) % participants)
    };
    match kind {
        // Parallel and opposite debts between two or three people.
        0 => {
            let few = participants.min(3);
            let debtor = chance.below(few);
            (debtor, (debtor + 1 + chance.below(few - 1)) % few)
        }
        // One long circle, with chords now and then.
        1 if chance.below(4) > 0 => (row % participants, (row + 1) % participants),
        // A chain and its way back.
        2 => {
            let at = row % (participants - 1);
            if chance.below(3) == 0 { (at + 1, at) } else { (at, at + 1) }
        }
        // Two groups that have nothing to do with each other, where there is room for two.
        3 if participants >= 4 => {
            let (from, size) = if chance.below(2) == 0 {
                (0, participants / 2)
            } else {
                (participants / 2, participants - participants / 2)
            };
            let debtor = chance.below(size);
            (from + debtor, from + (debtor + 1 + chance.below(size - 1)) % size)
        }
        // Everything goes through one in the middle.
        4 if chance.below(3) > 0 => {
            let other = 1 + chance.below(participants - 1);
            if chance.below(2) == 0 { (0, other) } else { (other, 0) }
        }
        _ => any(chance),
    }
}

fn amount(chance: &mut Chance, kind: u32) -> i64 {
    let small = i64::from(chance.below(4));
    match kind {
        0 => small,
        1 => i64::from(chance.below(1000)),
        // Huge ones, so that sums leave 64 bits behind.
        2 => Units::MAX.milli() - small,
        3 => [0, 1, Units::MAX.milli() - 1, Units::MAX.milli()][chance.below(4) as usize],
        _ => 1_i64 << chance.below(53),
    }
}

/// A larger instance: `rows` debts, mostly among neighbours, amounts over many magnitudes.
pub(crate) fn large(seed: u64, participants: u32, rows: u32) -> Instance {
    let mut chance = Chance(seed);
    let near = participants.min(50);
    let row = |chance: &mut Chance| {
        let debtor = chance.below(participants);
        let reach = if chance.below(10) == 0 { participants } else { near };
        let creditor = (debtor + 1 + chance.below(reach - 1)) % participants;
        let magnitude = 1 + chance.below(24);
        debt(debtor, creditor, i64::from(chance.below(1 << magnitude)))
    };
    Instance { participants, debts: (0..rows).map(|_| row(&mut chance)).collect() }
}
