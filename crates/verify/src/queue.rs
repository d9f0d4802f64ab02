//! What is on its way from one participant to another: few numbers in their order, as small as can be.

/// The most that a queue holds.
pub const MAX_QUEUED: usize = 15;

/// Numbers in order, the oldest first; each at most once, unless it is doubled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    len: u8,
    items: [u8; MAX_QUEUED],
}

impl Queue {
    /// What is in it, the oldest first.
    #[must_use]
    pub fn items(&self) -> &[u8] {
        &self.items[..usize::from(self.len)]
    }

    /// Whether nothing is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds one at the end.
    ///
    /// # Panics
    /// Where it is full: a model has to limit what is on its way.
    pub fn push(&mut self, item: u8) {
        assert!(usize::from(self.len) < MAX_QUEUED, "a model sends more than a queue holds");
        self.items[usize::from(self.len)] = item;
        self.len += 1;
    }

    /// Adds one at the end, unless it is in it.
    ///
    /// # Panics
    /// As [`Queue::push`].
    pub fn push_new(&mut self, item: u8) {
        if !self.items().contains(&item) {
            self.push(item);
        }
    }

    /// Takes out the one at a place; the oldest is at 0.
    pub fn take(&mut self, at: usize) -> Option<u8> {
        let item = *self.items().get(at)?;
        self.items.copy_within(at + 1..usize::from(self.len), at);
        self.len -= 1;
        // What is not used is always the same, so that equal queues are equal.
        self.items[usize::from(self.len)] = 0;
        Some(item)
    }

    /// Brings the one at a place before all others.
    pub fn overtake(&mut self, at: usize) {
        if at < usize::from(self.len) {
            self.items[..=at].rotate_right(1);
        }
    }
}
