//! Proofs that somebody lies about a lift: what no honest agent ever signs, together. Whoever has one can show it to
//! anybody, who needs nothing else to check it.
//!
//! * [`Lie`]: a referee said two things of which an honest one says only one;
//! * [`Contradiction`]: the referees of a lift decided it both ways;
//! * [`Twice`]: a site promised a lift twice.
//!
//! That a participant refuses beside its promise proves nothing: a site that has forgotten a search refuses at once, and keeps
//! nothing of that, so an honest one may be brought to it. Either outcome is safe then.

mod contradiction;
mod twice;

use serde_json::Value;
use thiserror::Error;

pub use contradiction::Contradiction;
pub use twice::Twice;

use crate::canonical::CanonicalText;
use crate::json::{self, Json, JsonError};
use crate::lift::LiftFault;
use crate::record::Record;
use crate::referee::{Lie, Refusal};
use crate::{AgentId, Hash, LiftId, SignatureFault};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A referee said two things of which an honest one says only one.
    Lie(Box<Lie>),
    /// The referees of a lift decided it both ways.
    Contradiction(Box<Contradiction>),
    /// A site promised a lift twice, judged by different things.
    Twice(Box<Twice>),
}

/// Why something is no proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofFault {
    /// No record of such a kind.
    #[error("a record of kind {0:?} proves no lie")]
    Kind(String),
    /// Its bytes are none.
    #[error(transparent)]
    Record(#[from] JsonError),
    /// What a referee said.
    #[error(transparent)]
    Referee(#[from] Refusal),
    /// A certificate, or the lift.
    #[error(transparent)]
    Lift(#[from] LiftFault),
    /// A signature does not fit.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// What an honest agent may well sign together.
    #[error("the two do not contradict each other")]
    NoLie,
    /// What a site says of a leg that its user takes, or says anew.
    #[error(
        "what a site says of a leg that its user takes, or says anew, does not prove whose key it names"
    )]
    NotGivers,
}

impl Proof {
    /// The kinds of records that prove a lie.
    pub const KINDS: [&'static str; 3] = [Lie::KIND, Contradiction::KIND, Twice::KIND];

    /// Those that agents tell each other. What a site promised twice says what moves over a tally: whom that is shown, people decide.
    pub const TOLD: [&'static str; 2] = [Lie::KIND, Contradiction::KIND];

    /// Reads one: the record says itself which it is. Nothing of it is checked.
    ///
    /// # Errors
    /// [`ProofFault::Kind`], [`ProofFault::Record`].
    pub fn read(bytes: &[u8]) -> Result<Self, ProofFault> {
        Self::from_json(&json::parse(bytes)?)
    }

    /// Reads one from a checked value.
    ///
    /// # Errors
    /// As [`Proof::read`].
    pub fn from_json(value: &Json) -> Result<Self, ProofFault> {
        let kind = value.member("kind").and_then(Value::as_str).unwrap_or_default();
        Ok(match kind {
            Lie::KIND => Self::Lie(Box::new(Lie::from_json(value)?)),
            Contradiction::KIND => Self::Contradiction(Box::new(Contradiction::from_json(value)?)),
            Twice::KIND => Self::Twice(Box::new(Twice::from_json(value)?)),
            other => return Err(ProofFault::Kind(other.to_owned())),
        })
    }

    /// Its text, as it is kept, shown and sent.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule of [`Json`].
    pub fn to_text(&self) -> Result<CanonicalText, JsonError> {
        match self {
            Self::Lie(record) => record.to_text(),
            Self::Contradiction(record) => record.to_text(),
            Self::Twice(record) => record.to_text(),
        }
    }

    /// Its name: the hash of the record.
    ///
    /// # Errors
    /// As [`Proof::to_text`].
    pub fn hash(&self) -> Result<Hash, JsonError> {
        match self {
            Self::Lie(record) => record.hash(),
            Self::Contradiction(record) => record.hash(),
            Self::Twice(record) => record.hash(),
        }
    }

    /// What kind of record it is.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Lie(_) => Lie::KIND,
            Self::Contradiction(_) => Contradiction::KIND,
            Self::Twice(_) => Twice::KIND,
        }
    }

    /// The lift that it is about; none where the lift has no name.
    #[must_use]
    pub fn lift(&self) -> Option<LiftId> {
        match self {
            Self::Lie(lie) => Some(lie.lift),
            Self::Contradiction(both) => both.lift.id().ok(),
            Self::Twice(twice) => Some(twice.conditional.lift),
        }
    }

    /// Whether it proves a lie, by itself.
    ///
    /// # Errors
    /// [`ProofFault`] names the first thing that does not hold.
    pub fn check(&self) -> Result<(), ProofFault> {
        match self {
            Self::Lie(lie) => Ok(lie.check()?),
            Self::Contradiction(both) => both.check(),
            Self::Twice(twice) => twice.check(),
        }
    }

    /// Agents of whom it is proved that they lie, in order. None where referees decided both ways in different rounds: more
    /// of them lie than may, but who, their signatures do not say ([`Contradiction::suspects`]).
    #[must_use]
    pub fn liars(&self) -> Vec<AgentId> {
        match self {
            Self::Lie(lie) => vec![lie.referee],
            Self::Contradiction(both) => both.liars(),
            Self::Twice(twice) => vec![twice.agent],
        }
    }

    /// Agents of whom at least one lies: those of [`Proof::liars`], or all who may be meant.
    #[must_use]
    pub fn suspects(&self) -> Vec<AgentId> {
        match self {
            Self::Contradiction(both) => both.suspects(),
            Self::Lie(_) | Self::Twice(_) => self.liars(),
        }
    }
}
