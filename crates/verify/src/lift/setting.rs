//! The shape of a lift, what may go wrong, and what was planted, by which one scenario differs from another.

/// How the sites stand to each other; value goes from each to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The first pays, the last is paid and collects.
    Chain(usize),
    /// The first proposes and collects.
    Circle(usize),
    /// So many participants on each way of one lift, one way after the other: the first of each begins it, the last collects.
    Ways(&'static [usize]),
}

impl Shape {
    /// How many sites.
    pub(crate) const fn sites(self) -> usize {
        match self {
            Self::Chain(sites) | Self::Circle(sites) => sites,
            Self::Ways(ways) => sum(ways),
        }
    }

    /// How many legs; leg `n` goes from site `n` to the next.
    pub(crate) const fn legs(self) -> usize {
        match self {
            Self::Chain(sites) => sites - 1,
            Self::Circle(sites) => sites,
            Self::Ways(ways) => sum(ways) - ways.len(),
        }
    }

    /// Giver and taker of a leg.
    pub(crate) fn ends(self, leg: usize) -> [usize; 2] {
        let Self::Ways(ways) = self else { return [leg, (leg + 1) % self.sites()] };
        // Each way has one leg less than participants.
        let mut before = 0;
        for (way, many) in ways.iter().enumerate() {
            before += many - 1;
            if leg < before {
                return [leg + way, leg + way + 1];
            }
        }
        unreachable!("a leg of one of the ways")
    }

    /// Whether the lift begins with this participant, …
    pub(crate) fn begins(self, at: usize) -> bool {
        match self {
            Self::Chain(_) | Self::Circle(_) => at == 0,
            Self::Ways(ways) => lasts(ways).any(|last| last + 1 == at) || at == 0,
        }
    }

    /// … and whether it brings the referee what that one needs.
    pub(crate) fn collects(self, at: usize) -> bool {
        match self {
            Self::Chain(sites) => at == sites - 1,
            Self::Circle(_) => at == 0,
            Self::Ways(ways) => lasts(ways).any(|last| last == at),
        }
    }
}

const fn sum(ways: &[usize]) -> usize {
    let (mut at, mut sum) = (0, 0);
    while at < ways.len() {
        sum += ways[at];
        at += 1;
    }
    sum
}

/// The last participant of each way.
fn lasts(ways: &[usize]) -> impl Iterator<Item = usize> {
    ways.iter().scan(0, |before, many| {
        *before += many;
        Some(*before - 1)
    })
}

/// A lift whose participants are not each another site's: a payment in parts, or a clearing that goes out by one
/// participant of its site and comes back by another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sites {
    /// At which site each participant is.
    pub(crate) of: &'static [usize],
    /// What the payer signed; none of a clearing.
    pub(crate) signed: Option<Signed>,
    /// What leaves the payer's site by each way, in milli-CHIPs; what comes to the payee's is always the same.
    pub(crate) gives_milli: i64,
}

/// What the payer signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    /// The site of the payee.
    pub(crate) payee: usize,
    pub(crate) units_milli: i64,
    pub(crate) most_milli: i64,
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
    /// The participants of a site do not tell each other what they know.
    Apart,
    /// Payer's and payee's sites judge each part for itself.
    Uncounted,
    /// The site where a lift begins does not ask where it ends.
    Unasked,
    /// A site takes for its own what was said with the key of an agent that it is no more.
    FormerAgent,
}

/// One small world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) shape: Shape,
    /// Where sites have several participants; otherwise each has one.
    pub(crate) sites: Option<Sites>,
    /// Which sites lie together, one bit each: every one of these is tried.
    pub(crate) liars: &'static [u8],
    /// Whether the deadline passes.
    pub(crate) passes: bool,
    pub(crate) faults: Faults,
    /// Which sites were laid out over their tallies without their knowledge: they have a leg, and no part. One bit each.
    pub(crate) left_out: u8,
    /// Which sites, where they go back, have lost what was laid out too, and keep nothing of the lift; others do not go back
    /// then. One bit each.
    pub(crate) forgets: u8,
    /// Which sites may die, one bit each.
    pub(crate) mortal: u8,
    pub(crate) plant: Option<Plant>,
    /// Whether sites that wait ask the referee themselves; otherwise only who collects does.
    pub(crate) others_ask: bool,
    /// Whether all sites end with a valid lift; otherwise only, that nobody is left locked.
    pub(crate) ends_valid: bool,
}
