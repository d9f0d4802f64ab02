//! The certificate of a lift: the referees' signed decision, which anybody can check and hand on.

use serde::{Deserialize, Serialize};

use super::{Leg, Lift, LiftFault, MAX_REFEREES, Way};
use crate::bounded::List;
use crate::chit::Chit;
use crate::record::{Record, record};
use crate::{AgentId, LiftId, SignError, Signature, Signer};

/// What referees decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All the lift's chits are good.
    Commit,
    /// None is, and none ever will be.
    Void,
}

impl Outcome {
    /// The word in records: `commit` or `void`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Void => "void",
        }
    }
}

/// One referee's signature under a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// Who.
    pub referee: AgentId,
    /// Its signature, over the decision without any signatures.
    pub sign: Signature,
}

/// A decision about a lift, with the referees' signatures, by agent id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Certificate {
    /// The lift.
    pub lift: LiftId,
    /// What was decided.
    pub outcome: Outcome,
    /// Who decided it.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub sign: List<Vote, MAX_REFEREES>,
}
record!(Certificate, "certificate", 1);

impl Certificate {
    /// A decision that nobody signed yet.
    #[must_use]
    pub fn unsigned(lift: LiftId, outcome: Outcome) -> Self {
        Self { lift, outcome, sign: List::default() }
    }

    /// The certificate of a lift whose only referee is this signer.
    ///
    /// # Errors
    /// [`SignError`], also where the signer's key is no agent's.
    pub fn by_sole_referee(
        lift: LiftId,
        outcome: Outcome,
        referee: &dyn Signer,
    ) -> Result<Self, SignError> {
        let mut certificate = Self::unsigned(lift, outcome);
        let sign = certificate.sign_with(referee)?;
        let refused = |reason: String| SignError::Refused { reason };
        let referee = AgentId::of(&referee.public_key()).map_err(|e| refused(e.to_string()))?;
        certificate.sign =
            List::new(vec![Vote { referee, sign }]).map_err(|e| refused(e.to_string()))?;
        Ok(certificate)
    }

    /// Checks the decision against the lift that it is about: the lift's own rules, its name, and
    /// valid signatures by as many of its referees as it asks for, and by nobody else.
    ///
    /// # Errors
    /// [`LiftFault`] names the first thing that does not hold.
    pub fn check(&self, lift: &Lift) -> Result<(), LiftFault> {
        lift.check()?;
        let id = lift.id()?;
        if self.lift != id {
            return Err(LiftFault::OtherLift { named: self.lift, lift: id });
        }
        if !self.sign.is_sorted_by(|a, b| a.referee < b.referee) {
            return Err(LiftFault::Order { member: "votes" });
        }
        for Vote { referee, sign } in self.sign.iter() {
            if !lift.referees.contains(referee) {
                return Err(LiftFault::NotReferee(*referee));
            }
            self.check_signature("referee", &referee.public_key(), Some(sign))?;
        }
        let votes = self.sign.len();
        match u32::try_from(votes) {
            Ok(signed) if signed >= lift.quorum => Ok(()),
            _ => Err(LiftFault::TooFew { votes, quorum: lift.quorum }),
        }
    }
}

/// A lift that was decided to be valid, every signature checked; there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    id: LiftId,
    lift: Lift,
}

impl Committed {
    /// Checks a lift with its certificate.
    ///
    /// # Errors
    /// [`LiftFault`] as [`Certificate::check`]; [`LiftFault::Void`].
    pub fn check(lift: Lift, certificate: &Certificate) -> Result<Self, LiftFault> {
        certificate.check(&lift)?;
        match certificate.outcome {
            Outcome::Commit => Ok(Self { id: certificate.lift, lift }),
            Outcome::Void => Err(LiftFault::Void(certificate.lift)),
        }
    }

    /// The lift's name.
    #[must_use]
    pub const fn id(&self) -> LiftId {
        self.id
    }

    /// The lift.
    #[must_use]
    pub const fn lift(&self) -> &Lift {
        &self.lift
    }

    /// The chit of a leg that is in this lift.
    ///
    /// # Errors
    /// [`LiftFault::NotALeg`] where the way does not lead to the lift's root.
    pub fn chit(&self, leg: &Leg, way: &Way) -> Result<Chit, LiftFault> {
        if way.root(leg)? != self.lift.legs {
            return Err(LiftFault::NotALeg { lift: self.id, tally: leg.tally });
        }
        Ok(leg.chit(self.id, self.lift.date))
    }
}
