//! What the two halves of a tally say to each other while it is negotiated.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::bounded::Line;
use crate::cert::Cert;
use crate::json::JsonError;
use crate::record::Record;
use crate::side::Side;
use crate::tally::SignedBy;
use crate::{Hash, SignatureFault, Tally, Verified};

/// The most bytes of a reason to refuse: a sentence.
pub const MAX_REASON_BYTES: usize = 500;

/// Why a user refuses, in its own words.
pub type Reason = Line<MAX_REASON_BYTES>;

/// Which version of a tally is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Its revision.
    pub revision: NonZeroU32,
    /// Its hash, which signatures do not change.
    pub hash: Hash,
}

impl Version {
    /// The version that this tally is.
    ///
    /// # Errors
    /// [`JsonError`] where it has no hash.
    pub fn of(tally: &Tally) -> Result<Self, JsonError> {
        Ok(Self { revision: tally.members().revision, hash: tally.hash()? })
    }
}

/// Where an offer stands among all offers of one tally: a higher one ends every lower one.
///
/// Where both sides offer the same revision at once the foil's stands, as the foil's half decides
/// the order of chits too; so the two halves never wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The revision; 0 before any offer.
    pub revision: u32,
    /// Who offers.
    pub by: Side,
}

impl Place {
    pub(super) const fn of(version: Version, by: Side) -> Self {
        Self { revision: version.revision.get(), by }
    }
}

/// How an offer came to an end, as the half that could have accepted it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Its user refused.
    Refused {
        /// Why.
        reason: Option<Reason>,
    },
    /// The offering side asked for it back in time.
    Withdrawn,
    /// Its time was over.
    Expired,
    /// A later version was there, or this one was at its end, when it came.
    Late,
}

/// A message from one half to the other. `T` is a tally and `C` a cert, or what is known of their
/// signatures.
///
/// Every one may be lost, repeated, late or out of order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message<T = Tally, C = Cert> {
    /// "I answer your invitation; this is who I am." The site checks the invitation's token first.
    Answer {
        /// The sender's cert.
        cert: Box<C>,
    },
    /// "I know who you are."
    Answered,
    /// The tally as far as it is signed: an offer, a counter-offer, or by both.
    Tally(Box<T>),
    /// "I have heard what you said of this version": that you offer it, that both signed it, or
    /// that you refuse it.
    Received {
        /// The version.
        version: Version,
    },
    /// "Please give me back my offer." A request: it may have been accepted.
    Withdraw {
        /// The version offered by the sender.
        version: Version,
    },
    /// "I will not accept this offer of yours any more."
    Ended {
        /// The version offered by the receiver.
        version: Version,
        /// Why not.
        end: End,
    },
    /// "I may have lost something: tell me all you have."
    Ask,
}

impl Message {
    /// Checks every signature in a message; the keys are in the records themselves.
    ///
    /// # Errors
    /// [`SignatureFault`] names the first signature that is wrong.
    pub fn check(self) -> Result<Message<SignedBy, Verified<Cert>>, SignatureFault> {
        Ok(match self {
            Self::Answer { cert } => {
                Message::Answer { cert: Box::new(Verified::check(*cert, &())?) }
            }
            Self::Tally(tally) => Message::Tally(Box::new(SignedBy::check(*tally)?)),
            Self::Answered => Message::Answered,
            Self::Received { version } => Message::Received { version },
            Self::Withdraw { version } => Message::Withdraw { version },
            Self::Ended { version, end } => Message::Ended { version, end },
            Self::Ask => Message::Ask,
        })
    }
}
