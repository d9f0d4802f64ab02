//! Chits: the signed entries of a tally (protocol §3, §5). Their flat JSON form is in `flat.rs`.
//!
//! The side named `by` gives: by a `tran` or a `lift` of 5 its holder owes 5 more, or is owed 5
//! less. A `set` or a chit about keys (`keys.rs`) moves nothing.

mod flat;
mod keys;

pub use keys::{DEFAULT_WAIT_DAYS, Lost, MAX_WAIT_DAYS, MIN_WAIT_DAYS, Rekey, Wait};

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounded::{Line, Prose};
use crate::ledger::Head;
use crate::record::{Record, record};
use crate::settings::{InForce, Settings};
use crate::side::{Side, Sides};
use crate::{
    ChitId, Hash, LiftId, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, TallyId,
    Timestamp, Units,
};

/// The most bytes of a reference: an invoice or order number, also a long one with its link.
pub const MAX_REFERENCE_BYTES: usize = 200;

/// The most bytes of a memo: a few sentences; both halves keep it for ever.
pub const MAX_MEMO_BYTES: usize = 1_000;

/// One entry of a tally.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chit {
    /// Its name, the same at both halves.
    pub uuid: ChitId,
    /// The tally that it belongs to.
    pub tally: TallyId,
    /// The side that gives, and where its user signs, signs.
    pub by: Side,
    /// When it was made; for a lift, a function of the lift.
    pub date: Timestamp,
    /// What it does.
    pub entry: Entry,
}
record!(Chit, "chit", 1, outside: ["sign", "proof", "witness"]);

/// What a chit does; `type` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Value given by the user's own will.
    Tran {
        /// How much.
        units: Positive,
        /// The user's own words and signature.
        written: Written,
    },
    /// The settings of the side `by`, from now on.
    Set {
        /// The variables and their counter.
        set: Set,
        /// The user's own words and signature.
        written: Written,
    },
    /// A leg of a lift. No user signs it: its proof is the lift's certificate, and everything in it
    /// follows from lift and tally, so there is no room for words.
    Lift {
        /// How much.
        units: Positive,
        /// The lift.
        lift: LiftId,
    },
    /// Another key in the place of the one that the user on the side `by` has signed with.
    Key {
        /// The new key, and what of the old one's doing still counts.
        rekey: Box<Rekey>,
        /// The user's own words, and its signature with the key that ends.
        written: Written,
    },
    /// No key any more for the user on the side `by`, until it claims another one.
    End {
        /// As in [`Rekey`].
        head: Head,
        /// The user's own words, and its signature with the key that ends, or one that this came
        /// from.
        written: Written,
    },
    /// The user on the side `by` has its key no more and asks for another one.
    Lost {
        /// What it asks for.
        lost: Box<Lost>,
        /// The user's own words, and its signature with the new key.
        written: Written,
    },
    /// The user on the side `by` is willing that its partner gets the key that this one asked for.
    Consent {
        /// Hash of the chit by which the partner asked.
        request: Hash,
        /// The user's own words and signature.
        written: Written,
    },
    /// The user on the side `by` has its key still: it never asked for another one.
    Object {
        /// Hash of the chit by which somebody asked.
        request: Hash,
        /// The user's own words, and its signature with the key that it has.
        written: Written,
    },
    /// The time has passed, and the user on the side `by` has the key that it asked for.
    Claim {
        /// Hash of the chit by which it asked.
        request: Hash,
        /// The signature of the agent of the user's site: it has waited, and nobody objected.
        witness: Option<Signature>,
        /// The user's own words, and its signature with the new key.
        written: Written,
    },
}

/// What one holder decides about its half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// All four variables.
    pub settings: Settings,
    /// Counts the holder's own `set` chits on this tally; the highest is in force, wherever its
    /// chit is linked.
    pub counter: NonZeroU32,
    /// The most that the holder will owe, where it is more than the limit in the signed tally.
    pub owe: Option<Owe>,
    /// Whether the holder asks to close the tally: from then on it takes only what brings its
    /// balance toward zero. A later `set` without it takes that back, until the tally is closed.
    pub close: bool,
}

/// What a user adds to a chit by its own hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Written {
    /// What it is about, for machines: an invoice number; `ref` in JSON.
    pub reference: Option<Line<MAX_REFERENCE_BYTES>>,
    /// What it is about, for people.
    pub memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// The name of the key that signs ([`PublicKey::name`]); none where it is the one in the signed
    /// tally. So the chit's hash tells which key it has, and with it whether it counts.
    pub key: Option<Hash>,
    /// The signature by the user's key; without it this is only a proposal.
    pub sign: Option<Signature>,
}

/// An amount above zero: what a chit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Units", into = "Units")]
pub struct Positive(Units);

/// An amount that somebody signs to owe at most: zero or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Units", into = "Units")]
pub struct Owe(Units);

/// Why something is no chit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChitError {
    /// Zero or less: whoever wants value back needs the partner's chit.
    #[error("units must be more than 0, not {0}")]
    NotPositive(Units),
    /// Less than nothing to owe.
    #[error("owe must be 0 or more, not {0}")]
    NegativeOwe(Units),
    /// Written as `false`: one spelling only, so it is left out.
    #[error("close is either true or left out")]
    CloseFalse,
    /// Too short for anybody to notice, or longer than anybody waits.
    #[error("a new key is waited for from {MIN_WAIT_DAYS} to {MAX_WAIT_DAYS} days, not {0}")]
    Wait(u16),
    /// The type of chit needs this member.
    #[error("{} {kind} chit needs the member {member:?}", article(kind))]
    Lacks {
        /// The type of chit.
        kind: &'static str,
        /// The member.
        member: &'static str,
    },
    /// The type of chit does not have this member.
    #[error("{} {kind} chit has no member {member:?}", article(kind))]
    Has {
        /// The type of chit.
        kind: &'static str,
        /// The member.
        member: &'static str,
    },
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

impl Chit {
    /// What this chit does to the balance of a half of its tally, in milli-CHIPs: for the giving
    /// side's half minus `units`, for the other plus, for a `set` nothing.
    #[must_use]
    pub const fn effect_on(&self, half: Side) -> Units {
        let (Entry::Tran { units, .. } | Entry::Lift { units, .. }) = &self.entry else {
            return Units::ZERO;
        };
        let units = units.get();
        match (self.by, half) {
            (Side::Stock, Side::Stock) | (Side::Foil, Side::Foil) => units.negated(),
            (Side::Stock, Side::Foil) | (Side::Foil, Side::Stock) => units,
        }
    }

    /// What the user who gives added by its own hand; none on a lift.
    #[must_use]
    pub const fn written(&self) -> Option<&Written> {
        match &self.entry {
            Entry::Tran { written, .. }
            | Entry::Set { written, .. }
            | Entry::Key { written, .. }
            | Entry::End { written, .. }
            | Entry::Lost { written, .. }
            | Entry::Consent { written, .. }
            | Entry::Object { written, .. }
            | Entry::Claim { written, .. } => Some(written),
            Entry::Lift { .. } => None,
        }
    }

    const fn written_mut(&mut self) -> Option<&mut Written> {
        match &mut self.entry {
            Entry::Tran { written, .. }
            | Entry::Set { written, .. }
            | Entry::Key { written, .. }
            | Entry::End { written, .. }
            | Entry::Lost { written, .. }
            | Entry::Consent { written, .. }
            | Entry::Object { written, .. }
            | Entry::Claim { written, .. } => Some(written),
            Entry::Lift { .. } => None,
        }
    }

    /// This chit with the name of the key that will sign it; see [`Written::key`]. A request for
    /// another key shows the whole key, and needs no name.
    #[must_use]
    pub const fn with_key(mut self, name: Option<Hash>) -> Self {
        if !matches!(self.entry, Entry::Lost { .. })
            && let Some(written) = self.written_mut()
        {
            written.key = name;
        }
        self
    }

    /// This chit signed by the user on the side `by`.
    ///
    /// # Errors
    /// [`SignError`], also where it is a lift's: no user signs those; and where it asks for another
    /// key than the signer's.
    pub fn signed(mut self, signer: &dyn Signer) -> Result<Self, SignError> {
        let signature = self.sign_with(signer)?;
        let refused = |reason: &str| Err(SignError::Refused { reason: reason.into() });
        if let Entry::Lost { lost, .. } = &self.entry
            && lost.public != signer.public_key()
        {
            return refused("the chit asks for another key");
        }
        match self.written_mut() {
            Some(written) => written.sign = Some(signature),
            None => {
                return refused("a lift's chit is proved by the lift's certificate, not by a user");
            }
        }
        Ok(self)
    }
}

impl Signed for Chit {
    /// The keys of the two users, as they hold at this chit: those in the signed tally, or what
    /// came later in their place.
    type Keys = Sides<PublicKey>;

    /// A lift's chit never passes: only the lift's certificate makes it good; nor does a claim,
    /// which needs its user's site too: see [`Chit::check_claim`].
    fn check_signatures(&self, keys: &Self::Keys) -> Result<(), SignatureFault> {
        let Some(written) = self.written() else {
            return Err(SignatureFault::Missing { by: "the lift's referees" });
        };
        let key = match &self.entry {
            Entry::Lost { lost, .. } => &lost.public,
            _ => keys.of(self.by),
        };
        self.check_signature(self.by.word(), key, written.sign.as_ref())?;
        match &self.entry {
            Entry::Key { rekey, .. } => {
                self.check_signature("the new key", &rekey.public, rekey.proof.as_ref())
            }
            Entry::Claim { .. } => Err(SignatureFault::Missing { by: "the user's site" }),
            _ => Ok(()),
        }
    }
}

impl Set {
    /// What is in force for the holder by this `set`; `received` is the limit that its partner
    /// grants it in the signed tally.
    #[must_use]
    pub fn in_force(&self, received: Units) -> InForce {
        InForce::after_set(received, self.settings, self.owe.map(Owe::get))
    }
}

impl Positive {
    /// The amount.
    #[must_use]
    pub const fn get(self) -> Units {
        self.0
    }
}

impl TryFrom<Units> for Positive {
    type Error = ChitError;

    fn try_from(units: Units) -> Result<Self, ChitError> {
        if units > Units::ZERO { Ok(Self(units)) } else { Err(ChitError::NotPositive(units)) }
    }
}

impl From<Positive> for Units {
    fn from(units: Positive) -> Self {
        units.0
    }
}

impl Owe {
    /// The amount.
    #[must_use]
    pub const fn get(self) -> Units {
        self.0
    }
}

impl TryFrom<Units> for Owe {
    type Error = ChitError;

    fn try_from(units: Units) -> Result<Self, ChitError> {
        if units >= Units::ZERO { Ok(Self(units)) } else { Err(ChitError::NegativeOwe(units)) }
    }
}

impl From<Owe> for Units {
    fn from(owe: Owe) -> Self {
        owe.0
    }
}
