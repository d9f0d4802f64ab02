//! How many sites and referees there are, and what may go wrong, by which one scenario differs from another.

use crate::lift::setting::Shape;

/// A fault planted around sites and referees, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// Sites and referees tell others what they have not written.
    SaidFirst,
    /// A referee takes the last question for all that was brought: an old one takes back what came later.
    LastQuestion,
    /// A referee that went back does not know it.
    Forgets,
}

/// How often what may go wrong does. Words are lost as often as may be, without a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Faults {
    /// A word, a question, an answer, or what one referee tells another, is kept on its way and comes later than others, or
    /// again and again.
    pub(super) late: u8,
    /// A site refuses.
    pub(super) refuse: u8,
    /// A site dies, and is never heard of again.
    pub(super) die: u8,
    /// A site or a referee stops, forgets what it has not written, and goes on with what it reads again.
    pub(super) crash: u8,
    /// A timeout of a referee passes though something else may still happen.
    pub(super) early: u8,
    /// A referee goes back to before it had heard of the lift.
    pub(super) restore: u8,
}

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
    pub(super) faults: Faults,
    pub(super) plant: Option<Plant>,
    /// Where it may end: with all bound, with all decided, or anywhere.
    pub(super) ends: Ends,
    /// The highest round that any referee may need.
    pub(super) most: u32,
}

/// Where the world may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// The lift is valid at all sites.
    Valid,
    /// It is decided at all sites, or, where one died, at those that live and promised.
    Decided,
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
