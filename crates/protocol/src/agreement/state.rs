//! The state of an agreement at one referee, and what can be read from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::{Ballot, Quorum, Witness};
use super::refusal::Refusal;
use super::round::{Phase, Round, Seat};
use super::said::{Heard, Said};
use crate::lift::{Lift, MAX_REFEREES, Outcome};

/// What a referee precommitted to last: it prevotes for the other outcome only where a quorum did so
/// in this round or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The round.
    pub round: Round,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcomes for which this referee has seen evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    pub(super) commit: bool,
    pub(super) void: bool,
}

/// An agreement as one referee knows it: all that it must not forget. `S` is the type of the other
/// referees' signatures.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement<S> {
    pub(super) me: Seat,
    pub(super) seen: Seen,
    pub(super) round: Round,
    /// The paper's `lockedValue` and `lockedRound`.
    pub(super) lock: Option<Lock>,
    /// The paper's `validValue` and `validRound`, with the prevotes that make it so: those of the
    /// highest round in which an outcome is known to have had a quorum.
    pub(super) backing: Option<Quorum<Witness<S>>>,
    /// By seat; its own votes are among them.
    pub(super) heard: Vec<Heard<S>>,
    pub(super) decision: Option<Quorum<Witness<S>>>,
}

impl<S> Agreement<S> {
    /// The agreement at the referee on seat `me`, one of `seats`, before anything happened.
    ///
    /// # Errors
    /// [`Refusal::Referees`] and [`Refusal::NoSeat`].
    pub fn new(me: Seat, seats: usize) -> Result<Self, Refusal> {
        if seats > MAX_REFEREES || Lift::quorum_of(seats).is_none() {
            return Err(Refusal::Referees(seats));
        }
        if me.index() >= seats {
            return Err(Refusal::NoSeat { seat: me, seats });
        }
        Ok(Self {
            me,
            seen: Seen::default(),
            round: Round::FIRST,
            lock: None,
            backing: None,
            heard: (0..seats).map(|_| Heard::NOTHING).collect(),
            decision: None,
        })
    }

    /// This referee's seat.
    #[must_use]
    pub const fn me(&self) -> Seat {
        self.me
    }

    /// The round it is in; once it has decided, the one it was in then.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.round
    }

    /// How far it is in its round.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.mine() {
            Some(Said { precommit: Some(_), .. }) => Phase::Precommit,
            Some(Said { prevote: Some(_), .. }) => Phase::Prevote,
            _ => Phase::Propose,
        }
    }

    /// What it is locked on, until it has decided.
    #[must_use]
    pub const fn lock(&self) -> Option<Lock> {
        self.lock
    }

    /// The decision, with the precommits that are its certificate.
    #[must_use]
    pub const fn decision(&self) -> Option<&Quorum<Witness<S>>> {
        self.decision.as_ref()
    }

    /// Whether it has seen evidence for an outcome.
    #[must_use]
    pub const fn has_seen(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Commit => self.seen.commit,
            Outcome::Void => self.seen.void,
        }
    }

    /// Whose turn it is to propose in a round: each in turn.
    #[must_use]
    pub fn proposer(&self, round: Round) -> Seat {
        let seats = u32::try_from(self.heard.len().max(1)).unwrap_or(u32::MAX);
        Seat(u8::try_from(round.get() % seats).unwrap_or_default())
    }

    /// How many may lie: f.
    pub(super) fn lying(&self) -> usize {
        self.heard.len().saturating_sub(1) / 3
    }

    /// How many decide: 2f+1.
    pub(super) fn quorum(&self) -> usize {
        2 * self.lying() + 1
    }

    /// What this referee itself said in this round.
    pub(super) fn mine(&self) -> Option<&Said<S>> {
        self.heard.get(self.me.index()).map(|heard| &heard.now)
    }

    /// How many cast this vote for this, in this round.
    pub(super) fn count(&self, ballot: Ballot, outcome: Option<Outcome>) -> usize {
        let cast =
            |heard: &&Heard<S>| heard.now.vote(ballot).is_some_and(|cast| cast.outcome == outcome);
        self.heard.iter().filter(cast).count()
    }

    /// Whether a quorum has cast this vote, for whatever, or is past it.
    pub(super) fn is_reached(&self, ballot: Ballot) -> bool {
        self.heard.iter().filter(|heard| heard.reached(ballot)).count() >= self.quorum()
    }
}

impl<S: Clone> Agreement<S> {
    /// The quorum that voted so in this round, where there is one.
    pub(super) fn quorum_for(&self, ballot: Ballot) -> Option<Quorum<Witness<S>>> {
        let enough = |outcome: &Outcome| self.count(ballot, Some(*outcome)) >= self.quorum();
        let outcome = [Outcome::Commit, Outcome::Void].into_iter().find(enough)?;
        let cast = (0..).map(Seat).zip(&self.heard).filter_map(|(seat, heard)| {
            let cast = heard.now.vote(ballot).filter(|cast| cast.outcome == Some(outcome))?;
            Some((seat, cast.sign.clone()))
        });
        let votes = cast.collect::<BTreeMap<_, _>>();
        Some(Quorum { round: self.round, outcome, votes })
    }
}
