//! What the sites of a lift say before it is decided: to a neighbour what stands between them if it is
//! (`Conditional`), and to the referees whether they take part (`Promise`, `Refused`).

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Leg, MAX_LEGS_OF_ONE};
use crate::bounded::List;
use crate::ledger::Head;
use crate::record::{Record, record};
use crate::side::{Side, Sides};
use crate::{
    AgentId, Hash, LiftId, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, TallyId,
};

/// A chit that is good if its lift is decided to be valid, and worth nothing otherwise; signed by the agent of
/// one side of the tally. It also says which of the lift's participants that side is.
///
/// The giver's is what makes a leg's chit good at the taker's half, together with the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Conditional {
    /// The lift.
    pub lift: LiftId,
    /// What it moves over the tally.
    pub leg: Leg,
    /// Whose tally it is ([`crate::ledger::Ledger::users`]): its name others may have given to one of theirs.
    pub users: Hash,
    /// Whose site says so.
    pub side: Side,
    /// The participant that this site is on this leg.
    pub key: PublicKey,
    /// Whether it is said anew of a lift that was decided: by a site that had lost it, or that is another agent since. It proves
    /// the chit as the first word does, but not whose key it names: that may be any of the record's, or in other hands by now.
    #[serde(default, skip_serializing_if = "is_not")]
    pub anew: bool,
    /// The signature of that site's agent.
    pub sign: Option<Signature>,
}
record!(Conditional, "conditional", 1);

/// What a promise was judged by, on one tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedBy {
    /// The tally.
    pub tally: TallyId,
    /// The last link of the half's chain.
    pub head: Head,
    /// The counter of each side's settings in force; none where those of the signed tally are.
    pub counters: Sides<Option<NonZeroU32>>,
}

/// All that a promise was judged by. It stays at the site, which can show it to whoever doubts the promise; the
/// promise has its hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Judged {
    /// The lift.
    pub lift: LiftId,
    /// Chosen at random: nobody finds out what a promise was judged by, or how many tallies, by guessing.
    pub nonce: Hash,
    /// The participant's tallies in it, by id.
    pub by: List<JudgedBy, MAX_LEGS_OF_ONE>,
}
record!(Judged, "judged", 1, outside: []);

/// A participant's word that its part of a lift holds whatever comes: what it gives is set aside until there is a
/// certificate. It is given once, and nothing takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Promise {
    /// The lift.
    pub lift: LiftId,
    /// The participant.
    pub by: PublicKey,
    /// The hash of what it was judged by ([`Judged`]).
    pub judged: Hash,
    /// The signature by the participant's key.
    pub sign: Option<Signature>,
}
record!(Promise, "promise", 1);

/// Why a participant takes no part, as much as everybody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Less can be moved than the lift asks for.
    Room,
    /// Somebody here would end with less than its settings allow.
    Settings,
    /// Something else is under way on one of its tallies: a later attempt may go.
    Busy,
    /// It accepts none of these referees, or not for so much.
    Referees,
    /// The deadline is too far, or too near.
    Deadline,
    /// The payment was promised before, or is not what its payer signed.
    Payment,
    /// It knows of no such search, or has forgotten it.
    Unknown,
}

/// A participant's word that it takes no part, and has not promised: with it the lift can only be void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Refused {
    /// The lift.
    pub lift: LiftId,
    /// The participant.
    pub by: PublicKey,
    /// Why.
    pub reason: Reason,
    /// The signature by the participant's key.
    pub sign: Option<Signature>,
}
record!(Refused, "refused", 1);

/// A referee's word that it had decided nothing when its clock passed the lift's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Late {
    /// The lift.
    pub lift: LiftId,
    /// The referee.
    pub referee: AgentId,
    /// Its signature.
    pub sign: Option<Signature>,
}
record!(Late, "late", 1);

impl Conditional {
    /// The same, signed by its site's agent.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(self, agent: &dyn Signer) -> Result<Self, SignError> {
        Ok(Self { sign: Some(self.sign_with(agent)?), ..self })
    }

    /// Whether the site that says it is the giver's.
    #[must_use]
    pub fn is_givers(&self) -> bool {
        self.side == self.leg.by
    }

    /// Whether it ties the key that it names to the agent that says it: only that of a giver's site, when the lift is laid out.
    #[must_use]
    pub fn names_own_key(&self) -> bool {
        self.is_givers() && !self.anew
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

impl Signed for Conditional {
    /// The agent that speaks for the user on its side.
    type Keys = AgentId;

    fn check_signatures(&self, agent: &AgentId) -> Result<(), SignatureFault> {
        self.check_signature("the site's agent", &agent.public_key(), self.sign.as_ref())
    }
}

impl Promise {
    /// The same, signed by the participant's key.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(self, participant: &dyn Signer) -> Result<Self, SignError> {
        Ok(Self { sign: Some(self.sign_with(participant)?), ..self })
    }
}

impl Signed for Promise {
    type Keys = ();

    fn check_signatures(&self, (): &()) -> Result<(), SignatureFault> {
        self.check_signature("the participant", &self.by, self.sign.as_ref())
    }
}

impl Refused {
    /// The same, signed by the participant's key.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(self, participant: &dyn Signer) -> Result<Self, SignError> {
        Ok(Self { sign: Some(self.sign_with(participant)?), ..self })
    }
}

impl Signed for Refused {
    type Keys = ();

    fn check_signatures(&self, (): &()) -> Result<(), SignatureFault> {
        self.check_signature("the participant", &self.by, self.sign.as_ref())
    }
}

impl Late {
    /// The same, signed by the referee.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(self, referee: &dyn Signer) -> Result<Self, SignError> {
        Ok(Self { sign: Some(self.sign_with(referee)?), ..self })
    }
}

impl Signed for Late {
    type Keys = ();

    fn check_signatures(&self, (): &()) -> Result<(), SignatureFault> {
        self.check_signature("the referee", &self.referee.public_key(), self.sign.as_ref())
    }
}
