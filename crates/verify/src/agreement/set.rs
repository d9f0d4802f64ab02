//! Sets of small numbers.

/// A set of small numbers, one bit each; equal sets are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Set(Vec<u64>);

impl Set {
    /// Adds a number; whether it was not in the set.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        let (place, bit) = (number as usize / 64, 1 << (number % 64));
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        let new = self.0[place] & bit == 0;
        self.0[place] |= bit;
        new
    }

    /// The numbers, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.0).flat_map(|(place, &bits)| {
            (0..64).filter(move |bit| bits & 1 << bit != 0).map(move |bit| place * 64 + bit)
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|bits| bits.count_ones()).sum()
    }
}
