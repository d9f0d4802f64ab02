//! How many sites and referees there are, and what may go wrong, by which one scenario differs from another.

use crate::lift::setting::Shape;

/// One small world. Seats of referees are counted from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) shape: Shape,
    /// One or four.
    pub(super) seats: usize,
    /// One that is silent for ever.
    pub(super) silent: Option<usize>,
    /// Which referees each site asks, one bit each.
    pub(super) asks: u8,
    /// Whether the deadline passes, by each referee's own clock.
    pub(super) passes: bool,
    /// How many sites refuse, and how many die.
    pub(super) refuse: u8,
    pub(super) die: u8,
    /// Timeouts of referees that pass though something else may still happen.
    pub(super) early: u8,
    /// How many referees go back to before they had heard of the lift.
    pub(super) restore: u8,
    /// Planted: a referee that went back does not know it.
    pub(super) forgets: bool,
    /// Where it may end: with all bound, with nobody locked, or anywhere.
    pub(super) ends: Ends,
    /// The highest round that any referee may need.
    pub(super) most: u32,
}

/// Where the world may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// The lift is valid at all sites.
    Valid,
    /// Nobody who lives is locked.
    Free,
    /// Anywhere: only what must never be is asked.
    Anywhere,
}

impl Setting {
    /// The seats of referees that live.
    pub(super) fn living(&self) -> impl Iterator<Item = usize> + use<> {
        let silent = self.silent;
        (0..self.seats).filter(move |seat| Some(*seat) != silent)
    }
}
