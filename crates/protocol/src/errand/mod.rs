//! Errands: what one agent sends another besides notes. Each is one record that may be lost, doubled or late without
//! harm: no half changes by it, nothing waits for it in an outbox, and whoever still needs an answer asks again.
//!
//! Partners' sites search by them and lay out lifts before there is a record (`compose.rs`); a payer's site asks a payee's
//! whether it takes part (`expect.rs`), and may have it search too (`meet.rs`); anybody may ask a referee (`ask.rs`), and
//! referees talk to each other. Whoever can prove that somebody lies hands the [proof](crate::proof) on. How a lift's
//! parties talk of the lift itself is in [`crate::participant`]: in notes, over their tallies.

mod ask;
mod compose;
mod expect;
mod meet;

use serde_json::Value;
use thiserror::Error;

pub use ask::Ask;
pub use compose::{Compose, Composed, Drawn, Laid};
pub use expect::{Expect, Expected};
pub use meet::Meet;

use crate::canonical::CanonicalText;
use crate::json::{self, Json, JsonError};
use crate::lift::{Authorisation, Certificate};
use crate::proof::{Proof, ProofFault};
use crate::query::{Advert, Answer, Query};
use crate::record::Record;
use crate::referee::Telling;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A partner's site looks for a way.
    Query(Box<Query>),
    /// The answer to it.
    Answer(Box<Answer>),
    /// A payee's site makes known what can come to it.
    Advert(Box<Advert>),
    /// A partner's site wants a lift laid out along a plan.
    Compose(Box<Compose>),
    /// The answer to it.
    Composed(Box<Composed>),
    /// From the payer's site to the payee's: a lift is laid out for a payment; by which keys do you take part?
    Expect(Box<Expect>),
    /// The answer to it.
    Expected(Box<Expected>),
    /// From the payer's site to the payee's: what the payer signed.
    Authorisation(Box<Authorisation>),
    /// From the payer's site to the payee's: a payment that was asked for is looked for.
    Meet(Box<Meet>),
    /// To a referee, from whoever brings the record.
    Ask(Box<Ask>),
    /// From one referee of a lift to another.
    Telling(Box<Telling>),
    /// From a referee: what was decided.
    Certificate(Box<Certificate>),
    /// From whoever has it: the proof that somebody lies.
    Proof(Proof),
}

/// What errands are about: who may send one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// Ways between sites, among the sites of partners.
    Ways,
    /// One lift, between agents that may be strangers.
    Lift,
}

/// Why bytes are no errand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ErrandFault {
    /// No record of its kind.
    #[error(transparent)]
    Record(#[from] JsonError),
    /// A record that nobody sends in this way.
    #[error("nobody sends a record of kind {0:?} as an errand")]
    Kind(String),
}

impl Errand {
    /// Reads one: the record says itself which it is.
    ///
    /// # Errors
    /// [`ErrandFault`].
    pub fn read(bytes: &[u8]) -> Result<Self, ErrandFault> {
        fn record<T: Record>(value: &Json) -> Result<Box<T>, ErrandFault> {
            Ok(Box::new(T::from_json(value)?))
        }
        let proof = |value: &Json| {
            Proof::from_json(value).map_err(|fault| match fault {
                ProofFault::Record(fault) => ErrandFault::Record(fault),
                other => ErrandFault::Kind(other.to_string()),
            })
        };
        let value = json::parse(bytes)?;
        let kind = value.member("kind").and_then(Value::as_str).unwrap_or_default();
        Ok(match kind {
            Query::KIND => Self::Query(record(&value)?),
            Answer::KIND => Self::Answer(record(&value)?),
            Advert::KIND => Self::Advert(record(&value)?),
            Compose::KIND => Self::Compose(record(&value)?),
            Composed::KIND => Self::Composed(record(&value)?),
            Expect::KIND => Self::Expect(record(&value)?),
            Expected::KIND => Self::Expected(record(&value)?),
            Authorisation::KIND => Self::Authorisation(record(&value)?),
            Meet::KIND => Self::Meet(record(&value)?),
            Ask::KIND => Self::Ask(record(&value)?),
            Telling::KIND => Self::Telling(record(&value)?),
            Certificate::KIND => Self::Certificate(record(&value)?),
            kind if Proof::TOLD.contains(&kind) => Self::Proof(proof(&value)?),
            other => return Err(ErrandFault::Kind(other.to_owned())),
        })
    }

    /// Its text, as it is sent.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule of [`Json`].
    pub fn to_text(&self) -> Result<CanonicalText, JsonError> {
        match self {
            Self::Query(record) => record.to_text(),
            Self::Answer(record) => record.to_text(),
            Self::Advert(record) => record.to_text(),
            Self::Compose(record) => record.to_text(),
            Self::Composed(record) => record.to_text(),
            Self::Expect(record) => record.to_text(),
            Self::Expected(record) => record.to_text(),
            Self::Authorisation(record) => record.to_text(),
            Self::Meet(record) => record.to_text(),
            Self::Ask(record) => record.to_text(),
            Self::Telling(record) => record.to_text(),
            Self::Certificate(record) => record.to_text(),
            Self::Proof(proof) => proof.to_text(),
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn about(&self) -> About {
        match self {
            Self::Query(_)
            | Self::Answer(_)
            | Self::Advert(_)
            | Self::Compose(_)
            | Self::Composed(_) => About::Ways,
            Self::Expect(_)
            | Self::Expected(_)
            | Self::Authorisation(_)
            | Self::Meet(_)
            | Self::Ask(_)
            | Self::Telling(_)
            | Self::Certificate(_)
            | Self::Proof(_) => About::Lift,
        }
    }

    /// The word for it, in logs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Query(_) => Query::KIND,
            Self::Answer(_) => Answer::KIND,
            Self::Advert(_) => Advert::KIND,
            Self::Compose(_) => Compose::KIND,
            Self::Composed(_) => Composed::KIND,
            Self::Expect(_) => Expect::KIND,
            Self::Expected(_) => Expected::KIND,
            Self::Authorisation(_) => Authorisation::KIND,
            Self::Meet(_) => Meet::KIND,
            Self::Ask(_) => Ask::KIND,
            Self::Telling(_) => Telling::KIND,
            Self::Certificate(_) => Certificate::KIND,
            Self::Proof(proof) => proof.word(),
        }
    }
}
