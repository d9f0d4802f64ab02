//! Tallies: the agreement that two users sign, the beginning of a ledger between them (§3).
//! Who signed it and whether rightly is in `check.rs`; one user's view of it in `half.rs`.

mod check;
mod half;

pub use check::{Offer, SignedBy};
pub use half::Half;

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::bounded::{Line, Prose, Word};
use crate::cert::Cert;
use crate::contract::{Contract, MAX_HOST_BYTES};
use crate::record::record;
use crate::side::{Side, Sides};
use crate::terms::Terms;
use crate::{ContractId, Hash, PublicKey, Signature, TallyId, Timestamp, Verified};

/// The most bytes of a memo: a few sentences; what binds belongs into the contract.
pub const MAX_MEMO_BYTES: usize = 1_000;

/// The agreement between two users.
///
/// Of two different users with two different keys, whatever else it says; it does not expire before
/// it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tally {
    members: Members,
}
record!(Tally, "tally", 1);

/// The members of a tally, as the two users negotiate them; [`Tally::new`] makes a tally of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// Its name, the same at both halves.
    pub uuid: TallyId,
    /// Counts the versions that were offered; of two fully signed ones the higher governs.
    pub revision: NonZeroU32,
    /// When this revision was written.
    pub date: Timestamp,
    /// Until when an offer of it may be accepted.
    pub expires: Option<Timestamp>,
    /// A word to the partner.
    pub memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// The vendor, and what it grants.
    pub stock: Party,
    /// The client, and what it grants.
    pub foil: Party,
    /// The contract that both agree to.
    pub agree: Agree,
    /// Who signed, over which hash.
    pub sign: Option<Sign>,
}

/// One of the two users: who it is to the other, and what it grants the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The user's identity card, with as much as it tells this partner.
    pub cert: Cert,
    /// What it grants **its partner**: `limit` is the most the partner may owe it.
    pub terms: Terms,
}

/// The contract that a tally agrees to: where it is published, and exactly which it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agree {
    /// The publisher's host name.
    pub host: Line<MAX_HOST_BYTES>,
    /// The contract's name there.
    pub name: Word,
    /// The hash of its text: this decides, host and name help to find it.
    pub rid: ContractId,
}

/// The signatures under a tally; both are over the same canonical text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The hash of the tally, for whoever compares by eye; it must be right.
    pub hash: Hash,
    /// The stock holder's signature.
    pub stock: Option<Signature>,
    /// The foil holder's signature.
    pub foil: Option<Signature>,
}

/// Why members make no tally.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TallyError {
    /// Nobody can owe itself.
    #[error("stock and foil are the same user, {0}")]
    SameUser(String),
    /// One signature would stand for two users.
    #[error("stock and foil have the same key; each user needs its own")]
    SameKey,
    /// A hash without any signature: a draft leaves the member out.
    #[error("sign holds no signature; leave it out until somebody signs")]
    EmptySign,
    /// Nobody could ever accept it.
    #[error("expires {expires}, which is not after its date {date}")]
    Expired {
        /// Until when it could be accepted.
        expires: Timestamp,
        /// When it was written.
        date: Timestamp,
    },
}

impl Tally {
    /// A tally of these members.
    ///
    /// # Errors
    /// [`TallyError`] where they contradict what a tally is. Signatures are not checked; see
    /// [`SignedBy::check`].
    pub fn new(members: Members) -> Result<Self, TallyError> {
        let (stock, foil) = (&members.stock.cert, &members.foil.cert);
        if stock.same_user(foil) {
            return Err(TallyError::SameUser(stock.chad.short()));
        }
        if stock.public == foil.public {
            return Err(TallyError::SameKey);
        }
        if members.sign.as_ref().is_some_and(|sign| sign.stock.is_none() && sign.foil.is_none()) {
            return Err(TallyError::EmptySign);
        }
        match members.expires {
            Some(expires) if expires <= members.date => {
                Err(TallyError::Expired { expires, date: members.date })
            }
            _ => Ok(Self { members }),
        }
    }

    /// The members, to read.
    #[must_use]
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// The members, to change: for the next revision.
    #[must_use]
    pub fn into_members(self) -> Members {
        self.members
    }

    /// The user on one side.
    #[must_use]
    pub const fn party(&self, side: Side) -> &Party {
        match side {
            Side::Stock => &self.members.stock,
            Side::Foil => &self.members.foil,
        }
    }

    /// The tally as the user on `side` sees it.
    #[must_use]
    pub const fn half(&self, side: Side) -> Half<'_> {
        Half::of(self, side)
    }

    /// The keys with which the two users sign, until one of them changes its key.
    #[must_use]
    pub const fn keys(&self) -> Sides<PublicKey> {
        Sides { stock: self.members.stock.cert.public, foil: self.members.foil.cert.public }
    }
}

impl Agree {
    /// The reference to a contract whose `rid` was checked; none where the contract is only for
    /// others to include.
    #[must_use]
    pub fn to(contract: &Verified<Contract>) -> Option<Self> {
        let Contract { host, name, rid, top, .. } = &**contract;
        rid.filter(|_| *top).map(|rid| Self { host: host.clone(), name: name.clone(), rid })
    }
}

/// The members of the record; `record!` adds `kind` and `v`.
impl Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(&self.members, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let members: Members = Deserialize::deserialize(from)?;
        Self::new(members).map_err(serde::de::Error::custom)
    }
}
