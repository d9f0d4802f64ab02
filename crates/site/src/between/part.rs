//! A part that this site takes in a lift, as it is kept: the participant, the whole way here, and what it was judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use protocol::bounded::List;
use protocol::errand::Expected;
use protocol::lift::{
    Authorisation, Conditional, Judged, Leg, Legs, MAX_LEGS_OF_ONE, Outcome, Way,
};
use protocol::participant::{KeptParticipant, MAX_BRANCHES, Participant};
use protocol::{AgentId, Cuid, Freed, Hash, LiftId, PublicKey, Side, Sides, TallyId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{LegAt, LiftPart};

use super::making::Attempt;
use super::open::Whose;
use crate::error::SiteError;

/// A part in hand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(super) participant: Participant,
    pub(super) more: More,
}

/// Somebody who could keep a lift open, by saying nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OpenWith {
    /// The site of a neighbour on it.
    Neighbour(AgentId),
    /// One of its referees.
    Referee(AgentId),
}

/// Who is on the other side of a tally with another site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    /// The agent that speaks for the partner.
    pub(super) agent: AgentId,
    /// Whose tally it is ([`protocol::ledger::Ledger::users`]).
    pub(super) users: Hash,
}

/// What is kept of a part beside the participant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct More {
    /// All legs here in the order of the way, those with other sites among them.
    pub(super) path: List<Leg, MAX_LEGS_OF_ONE>,
    /// The tally by which the part's key is made: over it the lift comes, or leaves where it begins here.
    pub(super) over: TallyId,
    /// Whose site is on the other side of each tally with another one.
    pub(super) agents: BTreeMap<TallyId, AgentId>,
    /// Where a payment begins or ends here: what its payer signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorisation: Option<Box<Authorisation>>,
    /// Where a payment begins here: the word of the payee's site that it takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<Box<Expected>>,
    /// Where a clearing begins here: the key of this site by which it comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) returns: Option<PublicKey>,
    /// Over which tallies the neighbour is known to know what was decided.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) told: BTreeSet<TallyId>,
    /// What was said last over each tally: the hash of the word.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) said: BTreeMap<TallyId, Hash>,
    /// Whose halves its legs are on, from when it was judged, or heard of after it was lost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) halves: BTreeMap<TallyId, Vec<(Cuid, Side)>>,
    /// What users signed of each tally to be free while nothing is decided.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) freed: BTreeMap<TallyId, Sides<Option<Freed>>>,
    /// Whether this site proposed the lift, and it begins here.
    #[serde(default, skip_serializing_if = "is_not")]
    pub(super) proposed: bool,
    /// Of a payment that begins here: which attempt at it this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<Attempt>,
    /// Whether all that follows from the decision is done.
    #[serde(default, skip_serializing_if = "is_not")]
    pub(super) settled: bool,
    /// What the promise was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) judged: Option<Judged>,
    /// Legs between users here that this site has lost, and that a user's device has brought back with their proof.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) brought: BTreeMap<TallyId, LegProof>,
}

impl More {
    /// What is kept at the beginning.
    pub(super) fn new(
        path: List<Leg, MAX_LEGS_OF_ONE>,
        over: TallyId,
        agents: BTreeMap<TallyId, AgentId>,
    ) -> Self {
        Self {
            path,
            over,
            agents,
            authorisation: None,
            expected: None,
            returns: None,
            told: BTreeSet::new(),
            said: BTreeMap::new(),
            halves: BTreeMap::new(),
            freed: BTreeMap::new(),
            proposed: false,
            attempt: None,
            settled: false,
            judged: None,
            brought: BTreeMap::new(),
        }
    }
}

impl More {
    /// Whether both users of a tally signed that it is free.
    pub(super) fn is_freed(&self, tally: &TallyId) -> bool {
        let words = self.freed.get(tally);
        words.is_some_and(|words| words.stock.is_some() && words.foil.is_some())
    }

    /// Who of the two said so of a tally, seen from one side.
    pub(super) fn freed_by(&self, tally: &TallyId, holder: Side) -> Vec<Whose> {
        let words = self.freed.get(tally);
        let said = |side: &Side| words.is_some_and(|words| words.of(*side).is_some());
        Whose::of(holder, Side::BOTH.into_iter().filter(said))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

/// A leg with the way to its lift's root; on a tally with another site, what the giver's site said of it.
pub(crate) type LegProof = (Leg, Way, Option<Conditional>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    participant: KeptParticipant,
    more: More,
}

impl Part {
    /// As it was kept.
    ///
    /// # Errors
    /// [`SiteError::Part`] where somebody changed it.
    pub(crate) fn read(row: &LiftPart) -> Result<Self, SiteError> {
        let damaged = |reason: String| SiteError::Part { lift: row.lift, reason };
        let kept: Kept =
            serde_json::from_str(&row.state).map_err(|error| damaged(error.to_string()))?;
        let participant = kept.participant.participant();
        let participant = participant.map_err(|error| damaged(error.to_string()))?;
        if participant.lift() != row.lift || participant.part().key().name() != row.key {
            return Err(damaged("it is another lift's".to_owned()));
        }
        Ok(Self { participant, more: kept.more })
    }

    /// As it is kept.
    pub(super) fn row(&self, now: Timestamp) -> Result<LiftPart, SiteError> {
        let lift = self.lift();
        let kept = Kept { participant: self.participant.kept(), more: self.more.clone() };
        let state = serde_json::to_string(&kept)
            .map_err(|error| SiteError::Part { lift, reason: error.to_string() })?;
        let payment = self.more.authorisation.as_ref().map(|authorisation| authorisation.uuid);
        let (key, is_open) = (self.key_name(), !(self.outcome().is_some() && self.more.settled));
        let deadline = self.participant.part().lift().deadline;
        Ok(LiftPart { lift, key, payment, state, is_open, deadline, changed: now })
    }

    /// The same, with the half here that its leg on this tally is on.
    pub(super) fn on(mut self, tally: TallyId, holder: &Cuid, side: Side) -> Self {
        self.more.halves.insert(tally, vec![(holder.clone(), side)]);
        self
    }

    /// The lift.
    pub(super) fn lift(&self) -> LiftId {
        self.participant.lift()
    }

    /// The name of the key that it takes part with.
    pub(super) fn key_name(&self) -> Hash {
        self.participant.part().key().name()
    }

    /// Whether this site still has what it promised by; not where it was restored from a backup of before. Its promise alone
    /// any neighbour may show it again.
    pub(crate) fn is_remembered(&self) -> bool {
        self.more.judged.is_some()
    }

    /// Whether this site has lost it, and was told that it is valid; and not all that it means is done.
    pub(super) fn is_lost(&self) -> bool {
        !self.is_remembered() && self.outcome() == Some(Outcome::Commit) && !self.more.settled
    }

    /// Whether it was laid out and no more: this site has not judged it, as far as it knows, no payer here signed it, and it is
    /// not decided to be valid.
    pub(super) fn is_laid_out_alone(&self) -> bool {
        let signed = self.more.proposed && self.more.authorisation.is_some();
        self.more.judged.is_none() && !signed && self.outcome() != Some(Outcome::Commit)
    }

    /// The counters of the settings, of both sides, by which this site judged a leg before it promised; none where that is
    /// another half's, or this site has lost it.
    pub(crate) fn counters_on(&self, row: &LegAt) -> Option<Sides<Option<NonZeroU32>>> {
        let halves = self.more.halves.get(&row.tally)?;
        let is_its = halves.iter().any(|(holder, side)| (holder, *side) == (&row.holder, row.side));
        is_its.then(|| self.judged_by(&row.tally)).flatten()
    }

    /// The same of a tally of this part.
    pub(super) fn judged_by(&self, tally: &TallyId) -> Option<Sides<Option<NonZeroU32>>> {
        let judged = self.more.judged.as_ref()?;
        judged.by.iter().find(|by| by.tally == *tally).map(|by| by.counters)
    }

    /// Whether it was decided, and how.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.participant.outcome()
    }

    /// All its tallies.
    pub(crate) fn tallies(&self) -> Vec<TallyId> {
        self.more
            .path
            .iter()
            .map(|leg| leg.tally)
            .chain(self.more.brought.keys().copied())
            .collect()
    }

    /// Whether what was decided is yet to be done on a tally of it.
    pub(crate) fn is_due_on(&self, tally: &TallyId) -> bool {
        !self.more.settled && self.tallies().contains(tally)
    }

    /// Its leg on a tally.
    pub(super) fn leg_on(&self, tally: &TallyId) -> Option<Leg> {
        let brought = self.more.brought.get(tally).map(|(leg, ..)| *leg);
        brought.or_else(|| self.more.path.iter().find(|leg| leg.tally == *tally).copied())
    }

    /// Its legs among users here.
    pub(super) fn inner(&self) -> Vec<Leg> {
        let part = self.participant.part();
        self.more.path.iter().filter(|leg| part.crossing(&leg.tally).is_none()).copied().collect()
    }

    /// A leg here with the way to the lift's root, and what the giver's site said of it where that is another one's tally.
    pub(crate) fn proof(&self, tally: &TallyId) -> Result<Option<LegProof>, SiteError> {
        let part = self.participant.part();
        if let Some(brought) = self.more.brought.get(tally) {
            return Ok(Some(brought.clone()));
        }
        if let Some(crossing) = part.crossing(tally) {
            let giver = if crossing.takes() {
                self.participant.conditional(tally).copied()
            } else {
                Some(*crossing.ours())
            };
            let proof = |giver| (*crossing.leg(), crossing.way().clone(), Some(giver));
            return Ok(giver.filter(Conditional::is_givers).map(proof));
        }
        let salt = part.lift().salt();
        let inner = self.inner();
        if inner.is_empty() {
            return Ok(None);
        }
        let legs = Legs::new(inner, salt)?;
        let Some((leg, way)) = legs.find(tally) else { return Ok(None) };
        let tree = protocol::lift::Tree::new(part.branches().to_vec())?;
        let on = tree.place(&legs.root()).map(|place| tree.way(place));
        Ok(on.map(|on| way.then(&on)).transpose()?.map(|way| (leg, way, None)))
    }

    /// The leaves of the lift's tree.
    pub(crate) fn branches(&self) -> &List<Hash, MAX_BRANCHES> {
        self.participant.part().branches()
    }

    /// Whether this site's own user gives by the leg of which this was said: by one to another site, or by one that a device
    /// brought back.
    pub(crate) fn is_givers(&self, said: &Conditional) -> bool {
        self.more.brought.contains_key(&said.leg.tally)
            || self
                .participant
                .part()
                .crossing(&said.leg.tally)
                .is_some_and(|it| it.ours().side == said.side)
    }

    /// What the site of a leg's giver says of it, where that is this one, on the tally of these users
    /// ([`protocol::ledger::Ledger::users`]), once it is decided; not signed yet.
    pub(crate) fn said_by_giver(&self, leg: Leg, users: Hash) -> Conditional {
        let (lift, key) = (self.lift(), *self.participant.part().key());
        Conditional { lift, leg, users, side: leg.by, key, anew: true, sign: None }
    }

    /// The agent on the other side of a tally with another site.
    pub(super) fn agent(&self, tally: &TallyId) -> Option<AgentId> {
        self.more.agents.get(tally).copied()
    }

    /// The most that it moves over one tally, in milli-CHIPs: what it locks on each, about. What users freed does not count.
    pub(super) fn moves_milli(&self) -> i64 {
        self.locking().map(|leg| leg.units.get().milli()).max().unwrap_or(0)
    }

    /// The legs that users have not freed.
    pub(super) fn locking(&self) -> impl Iterator<Item = &Leg> {
        self.more.path.iter().filter(|leg| !self.more.is_freed(&leg.tally))
    }

    /// Who could keep it open; nobody, where users freed all of it.
    pub(super) fn open_with(&self) -> BTreeSet<OpenWith> {
        if self.locking().next().is_none() {
            return BTreeSet::new();
        }
        let referees = self.participant.part().lift().referees.iter().copied();
        let locking = self.more.agents.iter().filter(|(tally, _)| !self.more.is_freed(tally));
        let neighbours = locking.map(|(_, agent)| *agent);
        neighbours.map(OpenWith::Neighbour).chain(referees.map(OpenWith::Referee)).collect()
    }

    /// The hash of the payer's authorisation, where it is a payment.
    pub(super) fn payment(&self) -> Option<Hash> {
        self.participant.part().lift().payment
    }
}
