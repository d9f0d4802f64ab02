//! A payer's word: whom it pays, how much, and the most that it gives.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::Leg;
use crate::address::ChipAddress;
use crate::bounded::{Line, Prose};
use crate::chit::{MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Positive};
use crate::record::{Record, record};
use crate::{
    PaymentId, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, Timestamp,
};

/// What a payer signs before a payment lift: without it, nobody moves anything in its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Authorisation {
    /// The payment's name; under it, it is paid once.
    pub uuid: PaymentId,
    /// Who pays.
    pub payer: ChipAddress,
    /// Who is paid.
    pub payee: ChipAddress,
    /// What the payee gets, exactly.
    pub units: Positive,
    /// The most that the payer gives for it, all charges included.
    pub most: Positive,
    /// When it was signed.
    pub date: Timestamp,
    /// Until when a lift may be proposed for it.
    pub expires: Timestamp,
    /// What it is about, for machines: an invoice number.
    pub r#ref: Option<Line<MAX_REFERENCE_BYTES>>,
    /// What it is about, for people.
    pub memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// The payer's signature.
    pub sign: Option<Signature>,
}
record!(Authorisation, "authorisation", 1);

impl Authorisation {
    /// This, signed by the payer.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn signed(mut self, payer: &dyn Signer) -> Result<Self, SignError> {
        self.sign = Some(self.sign_with(payer)?);
        Ok(self)
    }

    /// Whether both ask for one payment in the same words: whoever saw no answer signs anew, at another time.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.uuid == other.uuid
            && self.payer.same_user(&other.payer)
            && self.payee.same_user(&other.payee)
            && (self.units, self.most) == (other.units, other.most)
            && (&self.r#ref, &self.memo) == (&other.r#ref, &other.memo)
    }

    /// Whether what its payer gives by these legs of one lift together is within what was signed.
    #[must_use]
    pub fn allows<'a>(&self, gives: impl IntoIterator<Item = &'a Leg>) -> bool {
        sum_milli(gives) <= i128::from(self.most.get().milli())
    }

    /// How what its payee gets by these legs of one lift together compares to what was signed: only what is equal is paid.
    #[must_use]
    pub fn compare<'a>(&self, gets: impl IntoIterator<Item = &'a Leg>) -> Ordering {
        sum_milli(gets).cmp(&i128::from(self.units.get().milli()))
    }
}

fn sum_milli<'a>(legs: impl IntoIterator<Item = &'a Leg>) -> i128 {
    legs.into_iter().map(|leg| i128::from(leg.units.get().milli())).sum()
}

impl Signed for Authorisation {
    /// The payer's key.
    type Keys = PublicKey;

    fn check_signatures(&self, payer: &PublicKey) -> Result<(), SignatureFault> {
        self.check_signature("payer", payer, self.sign.as_ref())
    }
}
