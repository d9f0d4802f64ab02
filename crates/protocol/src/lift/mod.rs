//! Lifts: what is agreed on before value moves at once over many tallies (protocol §7). The legs are in
//! `legs.rs` and their tree in `tree.rs`, what sites say to each other in `promise.rs`, the decision in
//! `certificate.rs` and what makes it possible in `evidence.rs`, a payer's word in `authorisation.rs`.
//!
//! A lift inside one site has the same records as one among many: it knows all its legs, needs no
//! keys of participants, and its one referee is the site's agent.

mod authorisation;
mod certificate;
mod evidence;
mod legs;
mod promise;
mod tree;

pub use authorisation::Authorisation;
pub use certificate::{Certificate, Committed, Decided, Outcome, Vote};
pub use evidence::Evidence;
pub use legs::{Leg, Legs, LegsError};
pub use promise::{Conditional, Judged, JudgedBy, Late, Promise, Reason, Refused};
pub use tree::{MAX_LEGS, MAX_TURNS, Tree, Turn, Way};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounded::List;
use crate::json::JsonError;
use crate::record::{Record, record};
use crate::{AgentId, ChitId, Hash, LiftId, PublicKey, SignatureFault, TallyId, Timestamp};

/// The most referees of one lift: four of them may lie, and every certificate carries nine
/// signatures.
pub const MAX_REFEREES: usize = 13;

/// The most participants of one lift: a chain with so many sites fails more often than it ends, and
/// each adds a key to a record that all of them read, and a promise to its certificate.
pub const MAX_PARTICIPANTS: usize = 64;

/// The most tallies of one participant in a lift: all of them are locked while it is decided.
pub const MAX_LEGS_OF_ONE: usize = 256;

/// What a lift is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A circulation that only makes debts smaller, at no cost to anybody.
    Clearing,
    /// From a payer to a payee, by the payer's signature.
    Payment,
}

impl Mode {
    /// The word in records: `clearing` or `payment`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clearing => "clearing",
            Self::Payment => "payment",
        }
    }
}

/// A lift: its hash is its name, the [`LiftId`]. Nobody signs it; whoever takes part signs what
/// names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Lift {
    /// Chosen at random by whoever proposes it: no two lifts have one name, and nobody finds out
    /// what is in one by guessing.
    pub nonce: Hash,
    /// What it is for.
    pub mode: Mode,
    /// When it was proposed: the date of its chits.
    pub date: Timestamp,
    /// Until when it may become valid; only referees read their clocks for it.
    pub deadline: Timestamp,
    /// The root of the tree of its legs ([`Legs::root`]).
    pub legs: Hash,
    /// The keys that the participants made for it; none where one site knows all of it.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub participants: List<PublicKey, MAX_PARTICIPANTS>,
    /// Who decides: one agent, or 3f+1 of them, by id.
    pub referees: List<AgentId, MAX_REFEREES>,
    /// How many of them must sign a decision: 1, or 2f+1.
    pub quorum: u32,
    /// Of a payment: the hash of the payer's [`Authorisation`]. Payer's and payee's sites know it;
    /// those between them need not know whom they serve.
    pub payment: Option<Hash>,
}
record!(Lift, "lift", 1, outside: []);

/// Why a lift, its certificate or a leg of it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LiftFault {
    /// Another number of referees than 1 or 3f+1.
    #[error("a lift has 1 referee or 3f+1 of them (4, 7, 10, 13), not {0}")]
    Referees(usize),
    /// Another quorum than these referees need.
    #[error("a lift with {referees} referees is decided by {needed} of them, not by {quorum}")]
    Quorum {
        /// Referees named.
        referees: usize,
        /// The quorum in the record.
        quorum: u32,
        /// The right one.
        needed: u32,
    },
    /// A list that is not in order, or names one twice.
    #[error("{member} are not in order, each once")]
    Order {
        /// The member.
        member: &'static str,
    },
    /// It would have to be decided before it was proposed.
    #[error("the deadline {deadline} is before the date {date}")]
    Deadline {
        /// When it was proposed.
        date: Timestamp,
        /// Until when it may become valid.
        deadline: Timestamp,
    },
    /// A payment without authorisation, or something else with one.
    #[error("a payment names the payer's authorisation, and nothing else does")]
    Payment,
    /// The certificate is another lift's.
    #[error("the certificate is for lift {named}, not for {lift}")]
    OtherLift {
        /// The lift that it names.
        named: LiftId,
        /// The lift at hand.
        lift: LiftId,
    },
    /// Decided to be void: none of its chits is good.
    #[error("lift {0} was decided to be void")]
    Void(LiftId),
    /// Signed by fewer referees than the quorum.
    #[error("signed by {votes} of the lift's referees; {quorum} are needed")]
    TooFew {
        /// Signatures.
        votes: usize,
        /// The quorum.
        quorum: u32,
    },
    /// Another number of promises than participants, or another order.
    #[error(
        "{promises} promises by the lift's {participants} participants, each once and in order, are needed"
    )]
    Promises {
        /// Promises.
        promises: usize,
        /// Participants.
        participants: usize,
    },
    /// By a key that is no participant's of this lift; its name.
    #[error("the key {0} is no participant of this lift")]
    NotParticipant(Hash),
    /// Fewer referees say that the deadline has passed than may lie.
    #[error("{late} of the lift's referees say that its deadline has passed; {needed} are needed")]
    TooFewLate {
        /// Words.
        late: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Nothing in the certificate makes its decision possible, or more than one thing does.
    #[error("what a certificate has with it does not make the decision {outcome:?} possible")]
    Evidence {
        /// The decision.
        outcome: &'static str,
    },
    /// Signed by an agent that is no referee of this lift.
    #[error("{0} is no referee of this lift")]
    NotReferee(AgentId),
    /// The leg is not in the lift's tree.
    #[error("lift {lift} has no such leg on tally {tally}")]
    NotALeg {
        /// The lift.
        lift: LiftId,
        /// The tally.
        tally: TallyId,
    },
    /// Not what the giver's site says of a leg of this lift.
    #[error("on tally {tally}, the giver's site has not said that this is a leg of lift {lift}")]
    NotGivers {
        /// The lift.
        lift: LiftId,
        /// The tally.
        tally: TallyId,
    },
    /// The chit is not what follows from lift and leg.
    #[error("chit {0} is not what its lift makes of this leg")]
    OtherChit(ChitId),
    /// A signature does not fit.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// The record has no canonical form.
    #[error(transparent)]
    Record(#[from] JsonError),
}

impl Lift {
    /// The lift's name.
    ///
    /// # Errors
    /// [`JsonError`] where the record has no canonical form.
    pub fn id(&self) -> Result<LiftId, JsonError> {
        Ok(self.hash()?.into())
    }

    /// What makes a leg's leaf another one in every lift: the nonce, in a lift between sites. One that a single site knows
    /// as a whole has none: nobody else sees its tree.
    #[must_use]
    pub fn salt(&self) -> Option<Hash> {
        (!self.participants.is_empty()).then_some(self.nonce)
    }

    /// How many of so many referees must sign: all that cannot be outvoted by those who lie; none
    /// where no quorum makes such a number safe.
    #[must_use]
    pub fn quorum_of(referees: usize) -> Option<u32> {
        let lying = referees.checked_sub(1)? / 3;
        (referees == 3 * lying + 1).then_some(u32::try_from(2 * lying + 1).ok()?)
    }

    /// How many of its referees may lie or be silent without any harm.
    #[must_use]
    pub fn may_lie(&self) -> usize {
        self.referees.len().saturating_sub(1) / 3
    }

    /// Whether the record keeps the rules that its members have with each other.
    ///
    /// # Errors
    /// [`LiftFault`] names the first that is broken.
    pub fn check(&self) -> Result<(), LiftFault> {
        let referees = self.referees.len();
        let needed = Self::quorum_of(referees).ok_or(LiftFault::Referees(referees))?;
        if self.quorum != needed {
            return Err(LiftFault::Quorum { referees, quorum: self.quorum, needed });
        }
        if !self.referees.is_sorted_by(|a, b| a < b) {
            return Err(LiftFault::Order { member: "referees" });
        }
        if !self.participants.is_sorted_by(|a, b| a < b) {
            return Err(LiftFault::Order { member: "participants" });
        }
        if self.deadline < self.date {
            return Err(LiftFault::Deadline { date: self.date, deadline: self.deadline });
        }
        if (self.mode == Mode::Payment) != self.payment.is_some() {
            return Err(LiftFault::Payment);
        }
        Ok(())
    }
}

/// The name of a lift's chit on a tally: both halves know it, and nobody chose it.
pub(crate) fn chit_name(lift: LiftId, tally: TallyId) -> ChitId {
    // Already canonical: members in order, nothing to escape. A test compares.
    let text = format!(r#"{{"kind":"lift-chit","lift":"{lift}","tally":"{tally}","v":1}}"#);
    let hash = Hash::of(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    ChitId::derived(bytes)
}
