//! Terms: what a holder grants its partner on a tally (protocol §3). They stand inside a `tally`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Units;
use crate::bounded::{Line, Word};

/// The most named terms besides the limit: a contract that needs more says so in its text.
pub const MAX_TERMS: usize = 32;

/// The most bytes of a term that is a text: a sentence for people, not a document.
pub const MAX_TERM_BYTES: usize = 500;

/// The name of the one term that the protocol itself reads.
const LIMIT: &str = "limit";

/// The credit terms that one holder grants its partner.
///
/// In JSON one flat object: `{"limit":100000,"due_days":30,"interest":"none"}`. Only `limit` has a
/// meaning here; the others are named by the contract, and read by people and by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Word, Term>", into = "BTreeMap<String, Term>")]
pub struct Terms {
    limit: Units,
    others: BTreeMap<Word, Term>,
}

/// A term that is read by people and by the contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged, expecting = "a term is a whole number or a text of one line, at most 500 bytes")]
pub enum Term {
    /// A whole number, within the same range as an amount; its unit is in its name: `due_days`.
    Number(Whole),
    /// A text of one line.
    Text(Line<MAX_TERM_BYTES>),
}

/// A whole number that every JSON reader holds exactly, |x| <= 2^53-1, without a unit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Whole(i64);

/// Why terms are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TermsError {
    /// The limit is not there: silence grants nothing, so say 0.
    #[error("terms lack their limit; 0 grants nothing")]
    NoLimit,
    /// The limit is a text, or below zero.
    #[error("the limit must be an amount in milli-CHIPs, 0 or more")]
    Limit,
    /// More than [`MAX_TERMS`].
    #[error("{found} named terms, at most {MAX_TERMS} are allowed")]
    TooMany {
        /// Terms found.
        found: usize,
    },
    /// Beyond 2^53-1 either way.
    #[error("a term is beyond the whole numbers that every reader holds")]
    TooLarge,
}

impl Whole {
    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Whole {
    type Error = TermsError;

    fn try_from(number: i64) -> Result<Self, TermsError> {
        Units::new(number).map(|_| Self(number)).map_err(|_| TermsError::TooLarge)
    }
}

impl Terms {
    /// Terms with this limit, the most that the partner may owe, and others for people.
    ///
    /// # Errors
    /// [`TermsError::Limit`] where it is negative or among the others too, [`TermsError::TooMany`].
    pub fn new(limit: Units, others: BTreeMap<Word, Term>) -> Result<Self, TermsError> {
        if limit < Units::ZERO || others.keys().any(|name| name.as_str() == LIMIT) {
            return Err(TermsError::Limit);
        }
        if others.len() > MAX_TERMS {
            return Err(TermsError::TooMany { found: others.len() });
        }
        Ok(Self { limit, others })
    }

    /// The most that the partner may owe the holder who grants these terms; never negative.
    #[must_use]
    pub const fn limit(&self) -> Units {
        self.limit
    }

    /// The other terms, by name.
    #[must_use]
    pub const fn others(&self) -> &BTreeMap<Word, Term> {
        &self.others
    }
}

impl TryFrom<BTreeMap<Word, Term>> for Terms {
    type Error = TermsError;

    fn try_from(mut named: BTreeMap<Word, Term>) -> Result<Self, TermsError> {
        let is_limit = |name: &Word| name.as_str() == LIMIT;
        let Some(name) = named.keys().find(|name| is_limit(name)).cloned() else {
            return Err(TermsError::NoLimit);
        };
        match named.remove(&name) {
            Some(Term::Number(number)) => {
                let limit = Units::new(number.get()).map_err(|_| TermsError::TooLarge)?;
                Self::new(limit, named)
            }
            _ => Err(TermsError::Limit),
        }
    }
}

impl From<Terms> for BTreeMap<String, Term> {
    fn from(terms: Terms) -> Self {
        let limit = (LIMIT.to_owned(), Term::Number(Whole(terms.limit.milli())));
        let others = terms.others.into_iter().map(|(name, term)| (name.as_str().to_owned(), term));
        others.chain([limit]).collect()
    }
}
