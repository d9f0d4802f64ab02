//! The participant: one crossing of one site by a lift (protocol §7, "Promise" and "Resolve"). What it is in
//! the lift is in `part.rs`, what neighbours say to each other in `word.rs`, what it does in `step.rs`; how it is
//! kept in `kept.rs`, what a site takes of one that it has lost in `lost.rs`, that a neighbour lies in `doubted.rs`.
//!
//! All that a participant learns only grows: its neighbours' conditional chits, promises, a refusal, the
//! certificate. So a word that is lost, late, repeated or out of order does no harm, and what a neighbour has to be
//! told follows from the state alone ([`Participant::word`]).
//!
//! Words go over the tallies of the lift, from neighbour to neighbour. Promises go the way that value goes, from
//! the giver of a leg to its taker; refusals and certificates go both ways. Whoever collects, the payee's site or
//! the one that proposed a clearing, brings the referees what they need. Participants of one site in one lift tell each
//! other all they know (`beside.rs`): so the ways of a payment in several parts end together.

mod beside;
mod doubted;
mod kept;
mod lost;
mod part;
mod refusal;
mod step;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use beside::{Known, judged_together, tell_each_other};
pub use kept::{KeptFault, KeptParticipant};
pub use part::{Crossing, Part, PartFault};
pub use refusal::Refusal;
pub use step::{Event, Input, Step, Want};
pub use word::{Heard, MAX_BRANCHES, Word, WordFault};

use crate::lift::{Conditional, Decided, Evidence, Outcome, Promise, Refused};
use crate::{LiftId, PublicKey, TallyId};

/// One crossing of one site by a lift, as its site knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Participant {
    part: Arc<Part>,
    /// What the neighbours say that the legs are, by tally.
    theirs: BTreeMap<TallyId, Conditional>,
    /// All promises that are known, its own among them.
    promises: BTreeMap<PublicKey, Promise>,
    /// A refusal, its own or the first that was heard of.
    refused: Option<Refused>,
    decided: Option<Arc<Decided>>,
    /// The opposite decision, as good as the other: more referees lied than may.
    opposite: Option<Arc<Decided>>,
    /// It has promised, and heard nothing for long.
    waited: bool,
    /// The keys of its site's other participants that collect too: no one of them waits for the others.
    beside: BTreeSet<PublicKey>,
}

impl Participant {
    /// A participant that has heard nothing yet.
    #[must_use]
    pub fn new(part: Arc<Part>) -> Self {
        Self {
            part,
            theirs: BTreeMap::new(),
            promises: BTreeMap::new(),
            refused: None,
            decided: None,
            opposite: None,
            waited: false,
            beside: BTreeSet::new(),
        }
    }

    /// What it is in the lift.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The lift.
    #[must_use]
    pub fn lift(&self) -> LiftId {
        self.part.id()
    }

    /// Its own promise.
    #[must_use]
    pub fn promise(&self) -> Option<&Promise> {
        self.promises.get(self.part.key())
    }

    /// Its own refusal.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refused> {
        self.refused.as_ref().filter(|refused| refused.by == *self.part.key())
    }

    /// Whether a participant is known to refuse, maybe this one: then the lift can only be void.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// What was decided.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.decided.as_ref().map(|decided| decided.outcome())
    }

    /// The certificate that decided it.
    #[must_use]
    pub fn decided(&self) -> Option<&Decided> {
        self.decided.as_deref()
    }

    /// Two certificates that cannot both be, where referees lied: the proof against them.
    #[must_use]
    pub fn contradiction(&self) -> Option<(&Decided, &Decided)> {
        self.decided.as_deref().zip(self.opposite.as_deref())
    }

    /// Whether its legs are set aside: it has promised, and nothing is decided. Only a certificate ends that, and for each leg
    /// both users' signatures ([`crate::freed`]), which the half knows; never a clock.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.promise().is_some() && self.decided.is_none()
    }

    /// Whether its lift may still be valid, or is, as far as this participant has a say: it has promised, and there is no
    /// certificate that it is void. A payee's site promises no other lift for the same payment then.
    #[must_use]
    pub fn may_be_valid(&self) -> bool {
        self.promise().is_some() && self.outcome() != Some(Outcome::Void)
    }

    /// Whether its lift is void, or can only be void, as it refused itself and has not promised: only then a payer's site begins
    /// another lift for the same payment.
    #[must_use]
    pub fn came_to_nothing(&self) -> bool {
        self.outcome() == Some(Outcome::Void)
            || (self.refusal().is_some() && self.promise().is_none())
    }

    /// The giver's conditional chit of a leg that its site's users take, with which the leg's chit is good once the
    /// lift is decided to be valid.
    #[must_use]
    pub fn conditional(&self, tally: &TallyId) -> Option<&Conditional> {
        self.theirs.get(tally)
    }

    /// Whether every neighbour who will owe this site's users by the lift has said so.
    #[must_use]
    pub fn holds_all(&self) -> bool {
        self.part.crossings().filter(|crossing| crossing.takes()).all(|crossing| {
            let said = self.theirs.get(&crossing.leg().tally);
            said.is_some_and(Conditional::is_givers)
        })
    }

    /// What makes a decision possible, of what is known here.
    #[must_use]
    pub fn evidence(&self) -> Option<Evidence> {
        if let Some(refused) = self.refused {
            return Some(Evidence::Refused(refused));
        }
        let lift = self.part.lift();
        let promise = |key: &PublicKey| self.promises.get(key).copied();
        let promises = lift.participants.iter().map(promise).collect::<Option<Vec<_>>>()?;
        crate::bounded::List::new(promises).ok().map(Evidence::Promises)
    }
}
