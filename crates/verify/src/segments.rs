//! A list that only grows, in pieces: nothing is moved when it grows, so it never takes twice its room.

use std::ops::Index;

/// Items in a piece.
const PIECE: usize = 1 << 16;

/// A list that only grows; its items are named by `u32`.
#[derive(Debug)]
pub(crate) struct Segments<T>(Vec<Vec<T>>);

impl<T> Segments<T> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * PIECE + last.len())
    }

    pub(crate) fn push(&mut self, item: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < PIECE => last.push(item),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(item);
                self.0.push(piece);
            }
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * PIECE * size_of::<T>()
    }
}

impl<T> Index<u32> for Segments<T> {
    type Output = T;

    fn index(&self, at: u32) -> &T {
        let at = at as usize;
        &self.0[at / PIECE][at % PIECE]
    }
}
