//! The status of a negotiation: one word for people, which follows from the state.

use std::fmt;

use super::{Negotiation, Table};

/// Where a negotiation stands, as a user sees it. The ledger adds `C.open` and `close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `draft`: nobody answered the invitation yet.
    Draft,
    /// `P.draft`: the partner is known, nobody offers.
    PartnerDraft,
    /// `draft.offer`: the holder signed; not known to be delivered.
    DraftOffer,
    /// `H.offer`: the holder signed, the partner has it.
    HolderOffer,
    /// `offer.draft`: the holder asked for its offer back.
    OfferDraft,
    /// `P.offer`: the partner signed; the holder decides.
    PartnerOffer,
    /// `offer.void`: the holder refused; not known to be delivered.
    OfferVoid,
    /// `void`: refused, expired, or nobody went on with it; either may offer anew.
    Void,
    /// `offer.open`: the holder accepted; not known to be delivered. It is open all the same.
    OfferOpen,
    /// `open`: both signed.
    Open,
}

impl Status {
    /// The word for it in every place where a user meets it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::PartnerDraft => "P.draft",
            Self::DraftOffer => "draft.offer",
            Self::HolderOffer => "H.offer",
            Self::OfferDraft => "offer.draft",
            Self::PartnerOffer => "P.offer",
            Self::OfferVoid => "offer.void",
            Self::Void => "void",
            Self::OfferOpen => "offer.open",
            Self::Open => "open",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Negotiation {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.signed {
            None => self.table_status(),
            Some(signed) if signed.first && !signed.told => Status::OfferOpen,
            Some(_) => Status::Open,
        }
    }

    /// How far a change of an open tally is; none where none is under way.
    #[must_use]
    pub fn amendment(&self) -> Option<Status> {
        let signed = self.signed.as_ref()?;
        match &self.table {
            Table::Empty { .. } if !signed.first && !signed.told => Some(Status::OfferOpen),
            Table::Empty { .. } => None,
            Table::Ours { .. } | Table::Theirs { .. } | Table::Refused { .. } => {
                Some(self.table_status())
            }
        }
    }

    const fn table_status(&self) -> Status {
        match &self.table {
            Table::Empty { void: true } => Status::Void,
            Table::Empty { void: false } if self.partner.is_some() => Status::PartnerDraft,
            Table::Empty { void: false } => Status::Draft,
            Table::Ours { withdrawn: true, .. } => Status::OfferDraft,
            Table::Ours { delivered: true, .. } => Status::HolderOffer,
            Table::Ours { .. } => Status::DraftOffer,
            Table::Theirs { .. } => Status::PartnerOffer,
            Table::Refused { .. } => Status::OfferVoid,
        }
    }
}
