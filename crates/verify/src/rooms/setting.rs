//! Which tallies there are, which two lifts go over them, and what was planted, by which one scenario differs from
//! another.

use protocol::Side;
use protocol::lift::Mode;

use crate::lift::setting::Shape;

/// A tally between users of two sites.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    /// The sites of the stock's user and of the foil's.
    pub(super) sites: [usize; 2],
    /// The most that each user lets the other one owe, in milli-CHIPs; the stock's first.
    pub(super) limits: [i64; 2],
    /// Who owes in the beginning, and how much, in milli-CHIPs.
    pub(super) owes: Option<(Side, i64)>,
}

/// One of the lifts: leg `n` goes from the site at place `n` to the next over the tally at place `n`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) shape: Shape,
    pub(super) mode: Mode,
    pub(super) sites: &'static [usize],
    pub(super) tallies: &'static [usize],
}

/// A fault planted in the sites, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// An invoice counts as paid when room is asked for.
    InvoiceIsRoom,
    /// What is promised the other way counts as room.
    PromiseIsRoom,
    /// A promise sets nothing aside.
    NothingAside,
    /// A site without room neither promises nor refuses: it waits until there is some.
    WaitsForRoom,
    /// Who was blocked tries again at once.
    AtOnce,
    /// Halves never compare their chains.
    NeverCompare,
    /// A chit is told to the partner before its own half has it, and a crash comes between.
    AnnouncedFirst,
    /// A payee's site promises one payment as often as it is asked.
    PromisesTwice,
    /// A site that is promised to be paid takes the chit for good before there is a certificate.
    BeforeDecided,
    /// Each part of one payment is a lift of its own.
    EachALift,
    /// One user's word frees what a lift has set aside on its half.
    FreedByOne,
}

/// Whether the lifts are attempts of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempts {
    /// They are for different things.
    No,
    /// The payer's site begins the second when the first came to nothing.
    InTurn,
    /// The payer's site lies, or has forgotten the first: it begins both.
    AtOnce,
}

/// Where the world may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Nothing is set aside, who proposed knows the decision, and both halves of each tally are one.
    Decided,
    /// The same, and this many of the lifts are valid at all their sites, or more.
    Valid(usize),
}

/// One small world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) tallies: &'static [Between],
    /// One or two.
    pub(super) lifts: &'static [Way],
    /// An invoice that is open: its tally, who is asked to pay, how much in milli-CHIPs.
    pub(super) invoice: Option<(usize, Side, i64)>,
    pub(super) attempts: Attempts,
    /// Whether deadlines pass.
    pub(super) passes: bool,
    /// Whether sites that wait ask the referee themselves; otherwise only who collects does.
    pub(super) others_ask: bool,
    /// How many sites die.
    pub(super) die: u8,
    /// Whether a lift that is void is begun anew, after a pause drawn by chance.
    pub(super) again: bool,
    /// Of which lifts users free their legs once the deadline has passed, one bit each.
    pub(super) frees: u8,
    pub(super) ends: Ends,
    pub(super) plant: Option<Plant>,
}
