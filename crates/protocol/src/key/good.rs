//! Keys that were found good, remembered: the same few come again in record after record, and finding out is arithmetic
//! on a curve, as dear as reading all the rest of a small record.

use std::cell::RefCell;

use super::{KeyError, PublicKey};

/// How many keys each thread remembers at most.
const MOST_KEYS: usize = 1024;

thread_local! {
    /// Each at its own place, where it takes the place of the one before: whoever sends many new keys makes the next
    /// look dearer, and nothing else.
    static GOOD: RefCell<Vec<Option<PublicKey>>> = const { RefCell::new(Vec::new()) };
}

impl PublicKey {
    /// The key, if it is good: which is found out by `check` unless this thread has lately.
    pub(super) fn if_good(
        self,
        check: impl FnOnce() -> Result<(), KeyError>,
    ) -> Result<Self, KeyError> {
        let place = self.place();
        let known =
            |good: &RefCell<Vec<Option<Self>>>| good.borrow().get(place) == Some(&Some(self));
        if GOOD.with(known) {
            return Ok(self);
        }
        check()?;
        GOOD.with_borrow_mut(|good| {
            good.resize(MOST_KEYS, None);
            good[place] = Some(self);
        });
        Ok(self)
    }

    /// Where it is remembered.
    fn place(&self) -> usize {
        let x = self.x();
        usize::from(u16::from_le_bytes([x[8], x[9]])) % MOST_KEYS
    }
}
