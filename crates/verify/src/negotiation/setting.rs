//! What two users want and what may go wrong, by which one scenario differs from another.

/// Whether a user does something that it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Will {
    Never,
    /// It may, and nobody knows.
    May,
    /// Sooner or later it does.
    Does,
}

/// How often what may go wrong does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Faults {
    /// A message on its way is lost.
    pub(super) lose: u8,
    /// A message on its way comes twice.
    pub(super) double: u8,
    /// A message overtakes all before it.
    pub(super) overtake: u8,
    /// A site crashes: what is on its way from it and to it is lost; its half is on disk.
    pub(super) crash: u8,
    /// A site is lost with its half, which begins again where it began, and asks for all.
    pub(super) restore: u8,
    /// Somebody sends a text that nobody signed as the partner's offer.
    pub(super) forge: u8,
}

/// A fault planted in the machine's surroundings, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// A crash loses the half, as if it were not on disk, and it does not ask for it.
    Forgets,
    /// Nothing is ever said again.
    Silent,
    /// A text counts as signed by whoever is said to have sent it.
    Unchecked,
    /// A tally that the partner alone signed counts as signed by both.
    Gullible,
    /// Whoever is asked for an offer says that it gives it back, even where it has accepted it.
    GivesBack,
}

/// Where a negotiation may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Both halves are open on one record.
    Open,
    /// Both halves say the same: open on one record, one offer to decide about, or nothing.
    Agreed,
    /// Anywhere: only what must always hold is asked.
    Anywhere,
}

/// One small world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// The highest revision that is offered.
    pub(super) revisions: u32,
    /// Whether Suzie, who invited, and Bob, who answers, offer.
    pub(super) offers: [Will; 2],
    pub(super) accepts: Will,
    pub(super) refuses: Will,
    pub(super) withdraws: Will,
    /// Whether a ledger may say that the tally is closed, at a half that is open.
    pub(super) closes: bool,
    /// Whether the first revision may expire, by each half's own clock.
    pub(super) expiry: bool,
    /// Whether reminders and questions come only where nothing is on its way; otherwise at any time.
    pub(super) patient: bool,
    pub(super) faults: Faults,
    pub(super) plant: Option<Plant>,
    pub(super) ends: Ends,
}
