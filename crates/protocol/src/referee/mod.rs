//! The referee: an agent that decides one lift, alone or with others (protocol §7, "Decide"). What makes a
//! decision possible it gathers here; which of two possible ones it is, all referees agree on by
//! [`crate::agreement`]. What referees tell each other is in `telling.rs`, what one does in `step.rs`, the proof that one
//! lies in `lie.rs`.
//!
//! Nobody registers a lift: whoever asks brings the record. A referee that is asked after the deadline about a
//! lift that it has not seen complete says that the deadline has passed; where more referees say so than may lie,
//! the lift can be void.
//!
//! Whoever runs a [`Referee`] writes the state of a step durably before anything is signed: all that it signs, it
//! signs from the state ([`Referee::tells`], [`Referee::certificate`]), so what is signed again is the same.

mod lie;
mod refusal;
mod statement;
mod step;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use lie::{Lie, Stated};
pub use refusal::Refusal;
pub use statement::Ruling;
pub use step::{Event, Given, Input, Step};
pub use telling::{MAX_MESSAGES, Telling, Told};

use crate::agreement::{Agreement, Seat, Timeout, Witness};
use crate::bounded::List;
use crate::lift::{
    Certificate, Evidence, Late, Lift, MAX_PARTICIPANTS, Outcome, Promise, Refused, Vote,
};
use crate::record::Record;
use crate::{AgentId, LiftId, SignError, Signature, Signer};

/// The deadline and the referees' seats: a lift as its referees see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: LiftId,
    lift: Lift,
}

/// One referee of one lift: all that it must not forget.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Referee {
    #[serde(with = "shared")]
    case: Arc<Case>,
    /// Every participant's promise.
    promises: Option<List<Promise, MAX_PARTICIPANTS>>,
    /// The first refusal that was brought.
    refused: Option<Refused>,
    /// Who says that the deadline has passed.
    late: BTreeMap<AgentId, Late>,
    /// Whether this one says so.
    is_late: bool,
    /// Whether a vote of its own turned up that it does not know: it went back, and signs nothing more.
    forgot: bool,
    agreement: Agreement<Signature>,
}

impl Referee {
    /// The referee `me` of a lift, before anything was brought.
    ///
    /// # Errors
    /// [`Refusal::Lift`] where the lift breaks its rules or has another referee.
    pub fn new(lift: Lift, me: &AgentId) -> Result<Self, Refusal> {
        lift.check()?;
        let id = lift.id()?;
        // Only a site's own users are moved by a lift that nobody has to promise, and it decides that itself.
        if lift.participants.is_empty() {
            return Err(Refusal::NobodyPromises(id));
        }
        let seat = seat_of(&lift, me)?;
        let agreement = Agreement::new(seat, lift.referees.len())?;
        let case = Arc::new(Case { id, lift });
        let (promises, refused, late) = (None, None, BTreeMap::new());
        Ok(Self { case, promises, refused, late, is_late: false, forgot: false, agreement })
    }

    /// The lift.
    #[must_use]
    pub fn lift(&self) -> &Lift {
        &self.case.lift
    }

    /// The lift's name.
    #[must_use]
    pub fn id(&self) -> LiftId {
        self.case.id
    }

    /// Which of the lift's referees this is.
    #[must_use]
    pub fn me(&self) -> Option<AgentId> {
        self.agent(self.agreement.me())
    }

    /// What was decided.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.agreement.decision().map(|decision| decision.outcome)
    }

    /// The times that are to be waited for.
    #[must_use]
    pub fn waits(&self) -> Vec<Timeout> {
        self.agreement.waits()
    }

    /// Whether it has lost what it had signed, and so signs nothing more about this lift.
    #[must_use]
    pub const fn forgot(&self) -> bool {
        self.forgot
    }

    /// The same referee where it may have lost what it signed, as after a restore from a backup: it learns what was
    /// decided, says again what this state says of evidence, and signs nothing new. Once it has decided, nothing
    /// can have been lost.
    #[must_use]
    pub fn went_back(mut self) -> Self {
        self.forgot |= self.outcome().is_none();
        self
    }

    /// Whether it says that the deadline has passed.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.is_late
    }

    /// The certificate, once it is decided and what made the decision possible is known here too. `signer` signs as
    /// this referee, what its state says.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn certificate(&self, signer: &dyn Signer) -> Result<Option<Certificate>, SignError> {
        let Some(decision) = self.agreement.decision() else { return Ok(None) };
        let Some(evidence) = self.evidence(decision.outcome, signer)? else { return Ok(None) };
        let mut certificate = Certificate::unsigned(self.case.id, evidence, decision.round.get());
        let mut votes = Vec::with_capacity(decision.votes.len());
        for (seat, witness) in &decision.votes {
            let Some(referee) = self.agent(*seat) else { continue };
            let sign = match witness {
                Witness::Theirs(sign) => *sign,
                Witness::Mine => certificate.sign_with(signer)?,
            };
            votes.push(Vote { referee, sign });
        }
        certificate.sign = List::new(votes).unwrap_or_default();
        Ok(Some(certificate))
    }

    /// What is known here that makes an outcome possible.
    fn evidence(
        &self,
        outcome: Outcome,
        signer: &dyn Signer,
    ) -> Result<Option<Evidence>, SignError> {
        if outcome == Outcome::Commit {
            return Ok(self.promises.clone().map(Evidence::Promises));
        }
        if let Some(refused) = self.refused {
            return Ok(Some(Evidence::Refused(refused)));
        }
        if self.says_late() <= self.case.lift.may_lie() {
            return Ok(None);
        }
        let late = self.all_late(signer)?;
        Ok(List::new(late).ok().map(Evidence::Late))
    }

    /// All words that the deadline has passed, its own among them, by agent id.
    fn all_late(&self, signer: &dyn Signer) -> Result<Vec<Late>, SignError> {
        let mut late = self.late.clone();
        if let Some(me) = self.me().filter(|_| self.is_late) {
            let own = Late { lift: self.case.id, referee: me, sign: None }.signed(signer)?;
            late.insert(me, own);
        }
        Ok(late.into_values().collect())
    }

    /// How many referees say that the deadline has passed.
    fn says_late(&self) -> usize {
        self.late.len() + usize::from(self.is_late)
    }

    fn agent(&self, seat: Seat) -> Option<AgentId> {
        self.case.lift.referees.get(usize::from(seat.0)).copied()
    }
}

/// Kept with the state, and shared by all later ones.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        it: &Arc<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        it.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}

/// Where an agent sits among the referees of a lift.
fn seat_of(lift: &Lift, agent: &AgentId) -> Result<Seat, Refusal> {
    let seat = lift.referees.iter().position(|referee| referee == agent);
    let seat = seat.and_then(|seat| u8::try_from(seat).ok()).map(Seat);
    seat.ok_or_else(|| crate::lift::LiftFault::NotReferee(*agent).into())
}
