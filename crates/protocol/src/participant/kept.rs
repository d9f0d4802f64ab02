//! A participant as its site keeps it: what is read back is the same participant, every part of it checked again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::word::MAX_BRANCHES;
use super::{Part, PartFault, Participant};
use crate::bounded::List;
use crate::lift::{
    Certificate, Conditional, Decided, Lift, LiftFault, MAX_LEGS_OF_ONE, MAX_PARTICIPANTS, Promise,
    Refused,
};
use crate::{Hash, PublicKey};

/// All that a participant is and knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptParticipant {
    lift: Lift,
    branches: List<Hash, MAX_BRANCHES>,
    key: PublicKey,
    ours: List<Conditional, MAX_LEGS_OF_ONE>,
    #[serde(default, skip_serializing_if = "is_not")]
    collects: bool,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    theirs: List<Conditional, MAX_LEGS_OF_ONE>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    promises: List<Promise, MAX_PARTICIPANTS>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opposite: Option<Certificate>,
    #[serde(default, skip_serializing_if = "is_not")]
    waited: bool,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    beside: List<PublicKey, MAX_PARTICIPANTS>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

/// Why what was kept is no participant: somebody changed it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeptFault {
    /// It is no part of the lift.
    #[error(transparent)]
    Part(#[from] PartFault),
    /// A certificate in it is none.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// A neighbour's conditional chit, or a promise, is of something else.
    #[error("what is kept of a part in a lift is about something else")]
    Other,
}

impl Participant {
    /// As it is kept.
    #[must_use]
    pub fn kept(&self) -> KeptParticipant {
        let certificate = |decided: &Option<Arc<Decided>>| {
            decided.as_ref().map(|decided| decided.certificate().clone())
        };
        let ours = self.part.crossings().map(|crossing| *crossing.ours()).collect();
        // None of these is longer than its list: so many legs and participants there are at most.
        KeptParticipant {
            lift: self.part.lift().clone(),
            branches: self.part.branches().clone(),
            key: *self.part.key(),
            ours: List::new(ours).unwrap_or_default(),
            collects: self.part.collects(),
            theirs: List::new(self.theirs.values().copied().collect()).unwrap_or_default(),
            promises: List::new(self.promises.values().copied().collect()).unwrap_or_default(),
            refused: self.refused,
            certificate: certificate(&self.decided),
            opposite: certificate(&self.opposite),
            waited: self.waited,
            beside: List::new(self.beside.iter().copied().collect()).unwrap_or_default(),
        }
    }
}

impl KeptParticipant {
    /// The participant that was kept.
    ///
    /// # Errors
    /// [`KeptFault`] where this was not written by [`Participant::kept`].
    pub fn participant(self) -> Result<Participant, KeptFault> {
        let Self { lift, branches, key, ours, collects, .. } = self;
        let part = Arc::new(Part::new(lift, branches, key, ours.to_vec(), collects)?);
        let decided = |certificate: Option<Certificate>| {
            let checked = certificate.map(|certificate| Decided::check(certificate, part.lift()));
            checked.transpose().map(|decided| decided.map(Arc::new))
        };
        let (decided, opposite) = (decided(self.certificate)?, decided(self.opposite)?);
        let mut participant = Participant::new(Arc::clone(&part));
        let id = part.id();
        for said in self.theirs.iter() {
            let crossing = part.crossing(&said.leg.tally);
            let fits = crossing.is_some_and(|crossing| {
                said.lift == id && *crossing.leg() == said.leg && crossing.side() != said.side
            });
            if !fits || participant.theirs.insert(said.leg.tally, *said).is_some() {
                return Err(KeptFault::Other);
            }
        }
        for promise in self.promises.iter() {
            let fits = promise.lift == id && part.lift().participants.contains(&promise.by);
            if !fits || participant.promises.insert(promise.by, *promise).is_some() {
                return Err(KeptFault::Other);
            }
        }
        if self.refused.is_some_and(|refused| refused.lift != id) {
            return Err(KeptFault::Other);
        }
        if self.beside.iter().any(|key| !part.lift().participants.contains(key)) {
            return Err(KeptFault::Other);
        }
        let beside = self.beside.iter().copied().collect();
        let (refused, waited) = (self.refused, self.waited);
        Ok(Participant { refused, decided, opposite, waited, beside, ..participant })
    }
}
