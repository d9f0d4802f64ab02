//! What one neighbour says to the other of a lift, over the tally of their leg: all that it knows and the other may
//! need. A later word says no less than an earlier one, so it takes its place.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Participant;
use crate::bounded::List;
use crate::json::JsonError;
use crate::lift::{
    Certificate, Conditional, Decided, Lift, LiftFault, MAX_PARTICIPANTS, Outcome, Promise, Refused,
};
use crate::record::record;
use crate::{AgentId, Hash, SignatureFault, TallyId, Verified};

/// The most leaves of a lift between sites: a leg of every participant's and a branch for what it moves inside its
/// site, several times over.
pub const MAX_BRANCHES: usize = 256;

/// What a neighbour says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Word {
    /// The lift.
    pub lift: Lift,
    /// The leaves of its tree, in order: of legs, and of branches that are known to one site only.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub branches: List<Hash, MAX_BRANCHES>,
    /// What the neighbour says of the leg.
    pub conditional: Conditional,
    /// Promises that it knows of, in the order of their keys.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub promises: List<Promise, MAX_PARTICIPANTS>,
    /// A refusal that it knows of.
    pub refused: Option<Refused>,
    /// The certificate, once there is one: nothing else counts then.
    pub certificate: Option<Certificate>,
    /// What the hearer's own site said of the leg, where its user gives and the lift is valid: a site that has lost the
    /// lift owes nothing by anybody else's word.
    pub given: Option<Conditional>,
}
record!(Word, "word", 1, outside: []);

/// A word whose every signature was checked; there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Heard {
    pub(super) conditional: Conditional,
    pub(super) promises: Vec<Promise>,
    pub(super) refused: Option<Refused>,
    pub(super) decided: Option<Arc<Decided>>,
}

/// Why a word proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WordFault {
    /// About the lift, or its certificate.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// A signature does not fit.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// The lift has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

impl Word {
    /// Checks every signature in the word; `agent` speaks for the partner on the tally that it came over.
    ///
    /// # Errors
    /// [`WordFault`] names the first thing that does not hold.
    pub fn check(self, agent: &AgentId) -> Result<Heard, WordFault> {
        self.lift.check()?;
        let id = self.lift.id()?;
        let same = |named| {
            if named == id { Ok(()) } else { Err(LiftFault::OtherLift { named, lift: id }) }
        };
        let participates = |key: &crate::PublicKey| {
            let known = self.lift.participants.contains(key);
            if known { Ok(()) } else { Err(LiftFault::NotParticipant(key.name())) }
        };
        same(self.conditional.lift)?;
        participates(&self.conditional.key)?;
        let conditional = Verified::check(self.conditional, agent)?.into_inner();
        let mut promises = Vec::with_capacity(self.promises.len());
        for promise in self.promises.iter() {
            same(promise.lift)?;
            participates(&promise.by)?;
            promises.push(Verified::check(*promise, &())?.into_inner());
        }
        if let Some(refused) = self.refused {
            same(refused.lift)?;
            participates(&refused.by)?;
            Verified::check(refused, &())?;
        }
        let said = (self.conditional.leg, self.conditional.users);
        let of_leg = |given: Conditional| given.is_givers() && (given.leg, given.users) == said;
        if let Some(given) = self.given.filter(|given| !of_leg(*given)) {
            return Err(LiftFault::NotGivers { lift: id, tally: given.leg.tally }.into());
        }
        let decided = self.certificate.map(|certificate| Decided::check(certificate, &self.lift));
        let decided = decided.transpose()?.map(Arc::new);
        Ok(Heard { conditional, promises, refused: self.refused, decided })
    }
}

impl Participant {
    /// What the neighbour on a tally has to be told now; none where the participant has no leg on it.
    #[must_use]
    pub fn word(&self, tally: &TallyId) -> Option<Word> {
        let crossing = self.part.crossing(tally)?;
        let certificate = self.decided.as_ref().map(|decided| decided.certificate().clone());
        let open = certificate.is_none();
        let is_valid = certificate.as_ref().is_some_and(|shown| shown.outcome == Outcome::Commit);
        let given = self.conditional(tally).filter(|said| is_valid && said.is_givers()).copied();
        // Promises go the way that value goes.
        let promises = if open && !crossing.takes() {
            self.promises.values().copied().collect()
        } else {
            Vec::new()
        };
        Some(Word {
            lift: self.part.lift().clone(),
            branches: self.part.branches().clone(),
            conditional: *crossing.ours(),
            promises: List::new(promises).unwrap_or_default(),
            refused: self.refused.filter(|_| open),
            certificate,
            given,
        })
    }
}
