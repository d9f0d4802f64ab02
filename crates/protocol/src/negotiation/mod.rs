//! Negotiation: one half of a tally until both users signed it, and again where they change it
//! later (protocol §4). What its user decides is in `decide.rs`, the partner's messages are in `receive.rs`.
//!
//! Offers of one tally have one order ([`Place`]), and a higher one ends all lower ones. What
//! becomes of an offer is decided by the half that may accept it: accepted, refused, or given back.
//! The half that offers can only ask. What has still to be told follows from the state alone.

mod decide;
mod draft;
mod fits;
mod message;
mod outcome;
mod receive;
mod refusal;
mod status;
mod step;

use serde::{Deserialize, Serialize};

pub use draft::{Difference, Draft};
pub use message::{End, MAX_REASON_BYTES, Message, Place, Reason, Version};
pub use refusal::{Refusal, Wish};
pub use status::Status;
pub use step::{Event, Given, Governs, Input, Step};

use crate::cert::Cert;
use crate::moved::Moved;
use crate::side::{Side, Sides};
use crate::tally::{Members, Party};
use crate::{SignatureFault, Signed as _, Tally, TallyId, Timestamp, Verified};

/// One half of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negotiation {
    tally: TallyId,
    side: Side,
    holder: Cert,
    partner: Option<Cert>,
    /// Whether the partner is known to have the holder's cert.
    introduced: bool,
    /// The wording that was written or offered last.
    draft: Draft,
    /// The highest place that this half knows to have been taken.
    last: Place,
    /// What both signed, and governs.
    signed: Option<Agreed>,
    table: Table,
    /// What the users said about their agents, while there is no ledger.
    #[serde(default, skip_serializing_if = "nobody_moved")]
    moved: Sides<Option<Moved>>,
    /// Until when the invitation counts that it began with, while nobody has gone further: then it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// Written only where somebody did.
const fn nobody_moved(moved: &Sides<Option<Moved>>) -> bool {
    moved.stock.is_none() && moved.foil.is_none()
}

/// A tally that both signed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Agreed {
    tally: Tally,
    version: Version,
    /// Whether the partner is known to have it.
    told: bool,
    /// Whether it opened the tally, and changed no earlier agreement.
    first: bool,
}

/// What is on the table: at most one offer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Table {
    /// Nothing; `void` where the last offer was refused or expired, until somebody begins anew.
    Empty { void: bool },
    /// The holder's offer; `withdrawn` once it asked for it back.
    Ours { offer: Box<Tally>, version: Version, delivered: bool, withdrawn: bool },
    /// The partner's offer.
    Theirs { offer: Box<Tally>, version: Version },
    /// The holder refused, and the partner has not confirmed that it knows.
    Refused { version: Version, reason: Option<Reason> },
}

impl Negotiation {
    /// The half of a user who invites: a draft for whoever answers. Its cert is in the invitation.
    #[must_use]
    pub fn invite(tally: TallyId, side: Side, holder: Verified<Cert>, draft: Draft) -> Self {
        Self {
            tally,
            side,
            holder: holder.into_inner(),
            partner: None,
            introduced: true,
            draft,
            last: Place { revision: 0, by: Side::Foil },
            signed: None,
            table: Table::Empty { void: false },
            moved: Sides::default(),
            until: None,
        }
    }

    /// The half of a user who answers the invitation of `partner`; its cert has to be told.
    ///
    /// # Errors
    /// [`Refusal::SameUser`].
    pub fn answer(
        tally: TallyId,
        side: Side,
        holder: Verified<Cert>,
        partner: Verified<Cert>,
        draft: Draft,
    ) -> Result<Self, Refusal> {
        let mut half = Self::invite(tally, side, holder, draft);
        half.meets(&partner)?;
        half.partner = Some(partner.into_inner());
        half.introduced = false;
        Ok(half)
    }

    /// A half that was lost, from a tally that both signed.
    ///
    /// # Errors
    /// [`Refusal::Record`] where the tally has no hash.
    pub fn restored(tally: &Verified<Tally>, side: Side) -> Result<Self, Refusal> {
        let half = tally.half(side);
        let version = Version::of(tally)?;
        let signed = Agreed { tally: (**tally).clone(), version, told: false, first: true };
        Ok(Self {
            tally: tally.members().uuid,
            side,
            holder: half.holder().cert.clone(),
            partner: Some(half.partner().cert.clone()),
            introduced: true,
            draft: Draft::of(tally, side),
            last: Place { revision: version.revision.get(), by: Side::Foil },
            signed: Some(signed),
            table: Table::Empty { void: false },
            moved: Sides::default(),
            until: None,
        })
    }

    /// The same half, which is over when the invitation that it began with does not count any more: unless
    /// somebody has offered by then, or its holder has written the draft anew for a partner whom it knows.
    /// Each half goes by its own clock.
    #[must_use]
    pub const fn lasting(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// The tally.
    #[must_use]
    pub const fn tally(&self) -> TallyId {
        self.tally
    }

    /// Which half this is.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// What the partner is told of the holder.
    #[must_use]
    pub const fn holder(&self) -> &Cert {
        &self.holder
    }

    /// The partner, once it is known.
    #[must_use]
    pub const fn partner(&self) -> Option<&Cert> {
        self.partner.as_ref()
    }

    /// The wording that was written or offered last.
    #[must_use]
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The tally that governs: of those that both signed the one with the highest revision.
    #[must_use]
    pub fn signed(&self) -> Option<&Tally> {
        self.signed.as_ref().map(|signed| &signed.tally)
    }

    /// The offer on the table, and whose it is.
    #[must_use]
    pub fn offer(&self) -> Option<(&Tally, Side)> {
        match &self.table {
            Table::Ours { offer, .. } => Some((offer, self.side)),
            Table::Theirs { offer, .. } => Some((offer, self.side.other())),
            Table::Empty { .. } | Table::Refused { .. } => None,
        }
    }

    /// What a user said last about its agent before there was a ledger, which then knows it.
    #[must_use]
    pub const fn moved(&self, side: Side) -> Option<&Moved> {
        self.moved.of(side).as_ref()
    }

    /// The same half, which went back: what it takes for delivered may have been ended since, and is said again.
    /// None where nothing is.
    pub(crate) fn went_back(&self) -> Option<Self> {
        let Table::Ours { offer, version, delivered: true, withdrawn } = &self.table else {
            return None;
        };
        let (offer, version, withdrawn) = (offer.clone(), *version, *withdrawn);
        let table = Table::Ours { offer, version, delivered: false, withdrawn };
        Some(Self { table, ..self.clone() })
    }

    /// The cert of the user on a side, as far as it is known.
    pub(crate) fn cert(&self, side: Side) -> Option<&Cert> {
        if side == self.side { Some(&self.holder) } else { self.partner.as_ref() }
    }

    /// The same half, with what a user said about its agent.
    pub(crate) fn with_moved(&self, moved: Moved) -> Self {
        let mut half = self.clone();
        *half.moved.of_mut(moved.by) = Some(moved);
        half
    }

    /// The draft as the next revision, for the holder to sign: an offer or a counter-offer.
    ///
    /// # Errors
    /// [`Refusal::NoPartner`], [`Refusal::NoRevisionLeft`], [`Refusal::Tally`].
    pub fn to_offer(&self, draft: Draft, date: Timestamp) -> Result<Tally, Refusal> {
        let partner = self.partner.clone().ok_or(Refusal::NoPartner { tally: self.tally })?;
        let holder = Party { cert: self.holder.clone(), terms: draft.holder };
        let partner = Party { cert: partner, terms: draft.partner };
        let (stock, foil) = match self.side {
            Side::Stock => (holder, partner),
            Side::Foil => (partner, holder),
        };
        let Draft { expires, memo, agree, .. } = draft;
        let (uuid, revision) = (self.tally, self.next_revision()?);
        let members =
            Members { uuid, revision, date, expires, memo, stock, foil, agree, sign: None };
        Ok(Tally::new(members)?)
    }

    /// Checks every signature that this state rests on, as `doctor` does with what a store kept.
    ///
    /// # Errors
    /// [`SignatureFault`] names the first that is missing or wrong.
    pub fn check(&self) -> Result<(), SignatureFault> {
        for cert in [Some(&self.holder), self.partner.as_ref()].into_iter().flatten() {
            cert.check_signatures(&())?;
        }
        if let Some(signed) = &self.signed {
            signed.tally.check_signatures(&())?;
        }
        if let Some((offer, by)) = self.offer() {
            match crate::tally::SignedBy::check(offer.clone())? {
                crate::tally::SignedBy::One(offer) if offer.by() == by => {}
                _ => return Err(SignatureFault::Missing { by: by.word() }),
            }
        }
        Ok(())
    }
}
