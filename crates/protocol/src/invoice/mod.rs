//! Invoices: a partner who wants value proposes the chit that the other is to sign (protocol §5).
//! The record is here; what each half keeps of it is in `invoices.rs`, how it decides in `step.rs`.
//!
//! An invoice is nothing to the ledger: it binds nobody and makes no room for anything. It is paid
//! when a good chit of its name is linked, and that alone is what counts.

mod decide;
mod invoices;
mod receive;
mod refusal;
mod step;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

pub use invoices::{Invoices, Kept, MAX_OPEN_INVOICES, Status};
pub use refusal::Refusal;
pub use step::{Event, Given, Input, Message, Reason, Step};

use crate::bounded::{Line, Prose};
use crate::chit::{Chit, Entry, MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Positive, Written};
use crate::record::{Record, record};
use crate::side::{Side, Sides};
use crate::{
    ChitId, PublicKey, SignError, Signature, SignatureFault, Signed, Signer, TallyId, Timestamp,
};

/// The longest time that an invoice may be open: a year and a day. Both halves remember each for so
/// long, so that a late message of one that is over changes nothing.
pub const MAX_OPEN_MS: i64 = 366 * 24 * 3_600 * 1_000;

/// A proposal of a chit, by the partner who is to get value; signed by that partner, so that nobody
/// else asks in its name. It binds nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Invoice {
    /// The name that the chit will have; both sides call the invoice by it.
    pub uuid: ChitId,
    /// The tally that the chit will belong to.
    pub tally: TallyId,
    /// The side that is asked to give, and whose user will sign the chit: the payer.
    pub by: Side,
    /// Counts the versions; a higher one takes the place of every lower one.
    pub revision: NonZeroU32,
    /// When this version was written.
    pub date: Timestamp,
    /// Until when it may be paid; a later version may not shorten it.
    pub expires: Timestamp,
    /// How much is asked for.
    pub units: Positive,
    /// What it is about, for machines: an invoice number.
    #[serde(rename = "ref")]
    pub reference: Option<Line<MAX_REFERENCE_BYTES>>,
    /// What it is about, for people.
    pub memo: Option<Prose<MAX_MEMO_BYTES>>,
    /// Whether this version takes the invoice back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub withdrawn: bool,
    /// The payee's signature.
    pub sign: Option<Signature>,
}
record!(Invoice, "invoice", 1);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Invoice {
    /// The side that asks, and signs the invoice: the payee.
    #[must_use]
    pub const fn payee(&self) -> Side {
        self.by.other()
    }

    /// The chit that pays this invoice, for the payer to sign.
    #[must_use]
    pub fn chit(&self, date: Timestamp) -> Chit {
        let (reference, memo) = (self.reference.clone(), self.memo.clone());
        let written = Written { reference, memo, ..Written::default() };
        let entry = Entry::Tran { units: self.units, written };
        Chit { uuid: self.uuid, tally: self.tally, by: self.by, date, entry }
    }

    /// Whether this chit pays exactly what this version asks for, in its words; with which key is
    /// another matter.
    #[must_use]
    pub fn is_paid_by(&self, chit: &Chit) -> bool {
        let mut unsigned = chit.clone();
        if let Entry::Tran { written, .. } = &mut unsigned.entry {
            (written.key, written.sign) = (None, None);
        }
        self.chit(chit.date) == unsigned
    }

    /// This invoice signed by the payee.
    ///
    /// # Errors
    /// [`SignError`] where the signer has its reason.
    pub fn signed(mut self, signer: &dyn Signer) -> Result<Self, SignError> {
        self.sign = Some(self.sign_with(signer)?);
        Ok(self)
    }
}

impl Signed for Invoice {
    /// The keys of the two users, as for chits.
    type Keys = Sides<PublicKey>;

    fn check_signatures(&self, keys: &Self::Keys) -> Result<(), SignatureFault> {
        self.check_signature(self.payee().word(), keys.of(self.payee()), self.sign.as_ref())
    }
}
