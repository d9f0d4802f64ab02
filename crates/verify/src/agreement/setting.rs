//! Who the referees are, what evidence there is, and what may go wrong, by which one scenario differs from another.

use protocol::agreement::Phase;
use protocol::lift::Outcome;

/// Both outcomes; a set of them has the first in bit 0, the second in bit 1.
pub(super) const OUTCOMES: [Outcome; 2] = [Outcome::Commit, Outcome::Void];
/// All phases, in the order of a round.
pub(super) const PHASES: [Phase; 3] = [Phase::Propose, Phase::Prevote, Phase::Precommit];

/// The outcomes in a set.
pub(super) const COMMIT: u8 = 1;
pub(super) const VOID: u8 = 2;

/// A fault planted around the machine of one seat, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// A crash loses the state, as if it were not on disk, and it goes on under its key.
    Amnesia(usize),
    /// The state is written after its messages are sent, and a crash may come between.
    LateWrite(usize),
    /// Nobody checks whose signature is under a vote.
    Unchecked,
    /// At some time it stops to say again what it has said.
    Mute(usize),
    /// A proposal counts as evidence for what it proposes.
    Gullible,
}

/// One small world. Seats are counted from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// How many referees there are.
    pub(super) seats: usize,
    /// One that is silent for ever.
    pub(super) dead: Option<usize>,
    /// One that lies.
    pub(super) liar: Option<usize>,
    /// The outcomes for which each has seen evidence in the beginning.
    pub(super) knows: [u8; 4],
    /// The outcomes for which evidence may come to each at any time.
    pub(super) may_see: [u8; 4],
    /// The highest round of which anything is said at any time, or of which a liar speaks.
    pub(super) last: u32,
    /// Whether a liar votes and proposes in rounds that who hears it is not yet in.
    pub(super) ahead: bool,
    /// Times that all but one message of what one says to another are lost on a way.
    pub(super) torn: u8,
    /// Timeouts that pass though something else may still happen.
    pub(super) early: u8,
    /// How many lies are told.
    pub(super) lies: u8,
    /// The highest round that anybody may need, where all is to end.
    pub(super) most: u32,
    pub(super) plant: Option<Plant>,
}

impl Setting {
    /// The seats of honest referees that live.
    pub(super) fn honest(&self) -> impl Iterator<Item = usize> + use<> {
        let (dead, liar) = (self.dead, self.liar);
        (0..self.seats).filter(move |&seat| Some(seat) != dead && Some(seat) != liar)
    }

    /// The outcomes for which there is evidence at a seat, at some time.
    pub(super) const fn evidence(&self, seat: usize) -> u8 {
        self.knows[seat] | self.may_see[seat]
    }
}
