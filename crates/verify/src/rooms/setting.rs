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
    /// A half tells its partner of a chit before its own site has written it.
    AnnouncedFirst,
    /// A payee's site promises one payment as often as it is asked.
    PromisesTwice,
    /// A site that is promised to be paid takes the chit for good before there is a certificate.
    BeforeDecided,
    /// Each part of one payment is a lift of its own.
    EachALift,
    /// One user's word frees what a lift has set aside on its half.
    FreedByOne,
    /// A site tells others what it has not written.
    SaidFirst,
    /// A site takes the last word for all that its neighbour says: an old one without its promise frees what is set aside.
    LastWord,
    /// A site writes that it promises before it writes what it has set aside for it.
    PromisedFirst,
}

/// How often what may go wrong does. Words are lost as often as may be, without a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Faults {
    /// A word, of a participant or a half, is kept on its way and comes later than others, or again and again.
    pub(super) late: u8,
    /// A talk of two halves breaks off.
    pub(super) cut: u8,
    /// A site stops, forgets what it has not written, and goes on with what it reads again.
    pub(super) crash: u8,
    /// A site dies, and is never heard of again.
    pub(super) die: u8,
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
    pub(super) faults: Faults,
    /// Whether a lift that is void is begun anew, after a pause drawn by chance.
    pub(super) again: bool,
    /// Of which lifts users free their legs once the deadline has passed, one bit each.
    pub(super) frees: u8,
    pub(super) ends: Ends,
    pub(super) plant: Option<Plant>,
}

impl Setting {
    /// Whether a site writes what it heard of a decision before it does at its halves what follows: where it may stop in
    /// between. Otherwise both are one step.
    pub(super) const fn settles_apart(&self) -> bool {
        self.faults.crash > 0
    }
}
