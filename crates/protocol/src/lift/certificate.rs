//! The certificate of a lift: the referees' signed decision with what made it possible, which anybody can check
//! and hand on. What that evidence has to be is in `evidence.rs`.

use serde::{Deserialize, Serialize};

use super::{
    Evidence, Late, Leg, Lift, LiftFault, MAX_PARTICIPANTS, MAX_REFEREES, Promise, Refused, Way,
};
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
    /// Its signature, over lift, outcome and round.
    pub sign: Signature,
}

/// A decision about a lift, with what made it possible and the referees' signatures, by agent id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Certificate {
    /// The lift.
    pub lift: LiftId,
    /// What was decided.
    pub outcome: Outcome,
    /// In which round of the referees' agreement, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub round: u32,
    /// Of a lift that is valid: the promise of each participant, in the order of their keys.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub promises: List<Promise, MAX_PARTICIPANTS>,
    /// Of a void one: the word of a participant that refused, …
    pub refused: Option<Refused>,
    /// … or of more referees than may lie, by agent id, that the deadline has passed.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub late: List<Late, MAX_REFEREES>,
    /// Who decided it.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub sign: List<Vote, MAX_REFEREES>,
}
record!(Certificate, "certificate", 1, outside: ["promises", "refused", "late", "sign"]);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_first(round: &u32) -> bool {
    *round == 0
}

impl Certificate {
    /// A decision that nobody signed yet.
    #[must_use]
    pub fn unsigned(lift: LiftId, evidence: Evidence, round: u32) -> Self {
        let outcome = evidence.outcome();
        let (promises, refused, late) = match evidence {
            Evidence::Promises(promises) => (promises, None, List::default()),
            Evidence::Refused(refused) => (List::default(), Some(refused), List::default()),
            Evidence::Late(late) => (List::default(), None, late),
        };
        Self { lift, outcome, round, promises, refused, late, sign: List::default() }
    }

    /// The certificate of a lift whose only referee is this signer.
    ///
    /// # Errors
    /// [`SignError`], also where the signer's key is no agent's.
    pub fn by_sole_referee(
        lift: LiftId,
        evidence: Evidence,
        referee: &dyn Signer,
    ) -> Result<Self, SignError> {
        let mut certificate = Self::unsigned(lift, evidence, 0);
        let sign = certificate.sign_with(referee)?;
        let refused = |reason: String| SignError::Refused { reason };
        let referee = AgentId::of(&referee.public_key()).map_err(|e| refused(e.to_string()))?;
        certificate.sign =
            List::new(vec![Vote { referee, sign }]).map_err(|e| refused(e.to_string()))?;
        Ok(certificate)
    }

    /// What made the decision possible.
    ///
    /// # Errors
    /// [`LiftFault::Evidence`] where that is nothing, another decision's, or more than one thing.
    pub fn evidence(&self) -> Result<Evidence, LiftFault> {
        let (late, promised) = (!self.late.is_empty(), !self.promises.is_empty());
        match (self.outcome, self.refused) {
            (Outcome::Commit, None) if !late => Ok(Evidence::Promises(self.promises.clone())),
            (Outcome::Void, Some(refused)) if !late && !promised => Ok(Evidence::Refused(refused)),
            (Outcome::Void, None) if late && !promised => Ok(Evidence::Late(self.late.clone())),
            (outcome, _) => Err(LiftFault::Evidence { outcome: outcome.word() }),
        }
    }

    /// Checks the decision against the lift that it is about: the lift's own rules, its name, what made the
    /// decision possible, and valid signatures by as many of its referees as it asks for, and by nobody else.
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
            Ok(signed) if signed >= lift.quorum => self.evidence()?.check(lift, id),
            _ => Err(LiftFault::TooFew { votes, quorum: lift.quorum }),
        }
    }
}

/// A certificate that was checked against its lift; there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decided(Certificate);

impl Decided {
    /// Checks a certificate.
    ///
    /// # Errors
    /// [`LiftFault`] as [`Certificate::check`].
    pub fn check(certificate: Certificate, lift: &Lift) -> Result<Self, LiftFault> {
        certificate.check(lift)?;
        Ok(Self(certificate))
    }

    /// What was decided.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.0
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
        if way.root(leg, self.lift.salt())? != self.lift.legs {
            return Err(LiftFault::NotALeg { lift: self.id, tally: leg.tally });
        }
        Ok(leg.chit(self.id, self.lift.date))
    }
}
