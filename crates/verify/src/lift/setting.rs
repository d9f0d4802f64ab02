//! The shape of a lift, what may go wrong, and what was planted, by which one scenario differs from another.

/// How the sites stand to each other; value goes from each to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The first pays, the last is paid and collects.
    Chain(usize),
    /// The first proposes and collects.
    Circle(usize),
}

impl Shape {
    /// How many sites.
    pub(crate) const fn sites(self) -> usize {
        match self {
            Self::Chain(sites) | Self::Circle(sites) => sites,
        }
    }

    /// How many legs; leg `n` goes from site `n` to the next.
    pub(crate) const fn legs(self) -> usize {
        match self {
            Self::Chain(sites) => sites - 1,
            Self::Circle(sites) => sites,
        }
    }

    /// Who brings the referee what it needs.
    pub(crate) const fn collector(self) -> usize {
        match self {
            Self::Chain(sites) => sites - 1,
            Self::Circle(_) => 0,
        }
    }
}

/// How often what may go wrong does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// A word is kept on its way and comes later than others, or again and again.
    pub(crate) late: u8,
    /// A site refuses.
    pub(crate) refuse: u8,
    /// A site dies, and is never heard of again.
    pub(crate) die: u8,
    /// A site goes back to before it had heard of the lift.
    pub(crate) restore: u8,
}

/// A fault planted in the machine's surroundings, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// A site whose clock has passed the deadline takes the lift for void.
    OwnClock,
    /// The referee forgets what it decided, and decides anew.
    ForgetfulReferee,
    /// A decision counts whoever its referee is.
    AnyReferee,
    /// Promises make a lift valid whoever's keys they are signed with.
    AnyKey,
}

/// One small world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) shape: Shape,
    /// Which sites lie together, one bit each: every one of these is tried.
    pub(crate) liars: &'static [u8],
    /// Whether the deadline passes.
    pub(crate) passes: bool,
    pub(crate) faults: Faults,
    /// Which sites may die, one bit each.
    pub(crate) mortal: u8,
    pub(crate) plant: Option<Plant>,
    /// Whether sites that wait ask the referee themselves; otherwise only who collects does.
    pub(crate) others_ask: bool,
    /// Whether all sites end with a valid lift; otherwise only, that nobody is left locked.
    pub(crate) ends_valid: bool,
}
