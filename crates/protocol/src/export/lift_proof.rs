//! What proves the chit of a lift on an exported tally.

use serde::{Deserialize, Serialize};

use super::ExportFault;
use crate::bounded::List;
use crate::ledger::{Good, Head, Ledger};
use crate::lift::{Certificate, Committed, Conditional, Leg, LiftFault, Way};
use crate::participant::MAX_BRANCHES;
use crate::{AgentId, Hash, Lift, Verified};

/// What proves a lift's chit on one tally to somebody who knows nothing else of the lift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftProof {
    /// The lift.
    pub record: Lift,
    /// The referees' decision.
    pub certificate: Certificate,
    /// What it moves on this tally.
    pub leg: Leg,
    /// That this is one of its legs.
    pub way: Way,
    /// Of a lift between sites: the giver's site's word that this is its leg, as a participant that promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giver: Option<Conditional>,
    /// Of a lift between sites: the leaves of its tree, in order. The chit is proved without; a site that has lost the
    /// lift tells its neighbour of it with these.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub branches: List<Hash, MAX_BRANCHES>,
}

impl LiftProof {
    /// The chit that this proves on a half.
    ///
    /// # Errors
    /// [`ExportFault::Lift`]; [`ExportFault::Referee`] where the giver's site said nothing of it and did not decide it
    /// by itself.
    pub fn check(
        &self,
        ledger: &Ledger,
        rested: impl Fn(Head) -> bool,
    ) -> Result<Good, ExportFault> {
        let committed = Committed::check(self.record.clone(), &self.certificate)?;
        match self.giver {
            Some(giver) if giver.leg == self.leg => {
                Ok(ledger.prove_leg(&committed, &self.way, giver, rested)?)
            }
            Some(giver) => {
                let (lift, tally) = (committed.id(), giver.leg.tally);
                Err(LiftFault::NotGivers { lift, tally }.into())
            }
            None => {
                let at = |agent: &AgentId| {
                    ledger.agents_at(self.leg.by, &rested).any(|had| had == *agent)
                };
                if !self.is_decided_by(at) {
                    return Err(ExportFault::Referee(committed.id()));
                }
                Ok(Good::of_lift(&committed, &self.leg, &self.way)?)
            }
        }
    }

    /// The chit, where all that [`LiftProof::check`] misses is that the giver's site said so, or decided, while its agent
    /// spoke for the giver. It may have spoken before the word that took its place; nobody can tell.
    pub(super) fn by_agent_given_up(&self, ledger: &Ledger) -> Option<Good> {
        let by = self.leg.by;
        let forgot = ledger.forgot_agents(by);
        let committed = Committed::check(self.record.clone(), &self.certificate).ok()?;
        let Some(giver) = self.giver else {
            let had = |agent: &AgentId| forgot || ledger.agents_had(by).any(|had| had == *agent);
            let good = Good::of_lift(&committed, &self.leg, &self.way).ok();
            return good.filter(|_| self.is_decided_by(had));
        };
        if (giver.leg, giver.users) != (self.leg, ledger.users()) {
            return None;
        }
        let signed = |agent| Verified::check(giver, &agent).ok();
        if let Some(giver) = ledger.agents_had(by).find_map(signed) {
            return Good::of_leg(&committed, &self.way, &giver).ok();
        }
        let is_said = giver.lift == committed.id()
            && giver.is_givers()
            && self.record.participants.contains(&giver.key);
        let good = Good::of_lift(&committed, &self.leg, &self.way).ok();
        good.filter(|_| forgot && is_said)
    }

    /// Whether all who decided are such agents, and nobody had to promise. Anybody can decide a lift of its own making: then
    /// a certificate proves no more than its referees are worth. The one that may speak for the giver is the giver's site's
    /// agent. Where others promised, it may have been the referee for them, and nothing else.
    fn is_decided_by(&self, known: impl Fn(&AgentId) -> bool) -> bool {
        self.record.participants.is_empty() && self.record.referees.iter().all(known)
    }
}
