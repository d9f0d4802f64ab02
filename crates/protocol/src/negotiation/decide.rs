//! What a negotiation does with what its own user decides.

use super::draft::Draft;
use super::fits::in_time;
use super::message::{Place, Reason, Version};
use super::refusal::{Refusal, Wish};
use super::step::{Governs, Step};
use super::{Agreed, Negotiation, Table};
use crate::side::Side;
use crate::tally::Offer;
use crate::{Hash, Tally, Timestamp, Verified};

impl Negotiation {
    pub(super) fn drafted(&self, draft: Draft) -> Result<Step, Refusal> {
        if !matches!(self.table, Table::Empty { .. }) {
            return Err(self.not_now(Wish::Draft));
        }
        let table = Table::Empty { void: false };
        // Without a partner only the invitation can bring one.
        let until = self.until.filter(|_| self.partner.is_none());
        Ok(self.unchanged(Vec::new()).then(Self { draft, table, until, ..self.clone() }))
    }

    pub(super) fn offer_own(&self, offer: &Offer, now: Timestamp) -> Result<Step, Refusal> {
        let tally = offer.tally();
        if offer.by() != self.side {
            return Err(Refusal::NotByHolder { by: offer.by(), holder: self.side });
        }
        self.belongs(tally)?;
        let version = Version::of(tally)?;
        if matches!(&self.table, Table::Ours { version: ours, .. } if *ours == version) {
            return Err(Refusal::Known { revision: version.revision.get() });
        }
        // Any later one: where this half went back, its user's device brings the last offer that the user signed, which
        // the partner can still accept, whatever was between.
        if Place::of(version, self.side) <= self.last {
            let (found, next) = (version.revision.get(), self.next_revision()?.get());
            return Err(Refusal::Revision { found, next });
        }
        in_time(tally, now)?;
        Ok(Self::decided(self.with_own(tally, version)))
    }

    /// The state with this offer of the holder's on the table, not known to be delivered.
    pub(super) fn with_own(&self, tally: &Tally, version: Version) -> Self {
        let offer = Box::new(tally.clone());
        Self {
            draft: Draft::of(tally, self.side),
            last: self.last.max(Place::of(version, self.side)),
            table: Table::Ours { offer, version, delivered: false, withdrawn: false },
            until: None,
            ..self.clone()
        }
    }

    pub(super) fn accept(&self, tally: Verified<Tally>, now: Timestamp) -> Result<Step, Refusal> {
        self.belongs(&tally)?;
        let version = Version::of(&tally)?;
        self.decides_about(version.hash, Wish::Accept)?;
        in_time(&tally, now)?;
        let mut step = self.governed_by(tally, version, false);
        step.send = step.negotiation.due();
        Ok(step)
    }

    pub(super) fn refuse(&self, offer: Hash, reason: Option<Reason>) -> Result<Step, Refusal> {
        let version = self.decides_about(offer, Wish::Refuse)?;
        Ok(Self::decided(Self { table: Table::Refused { version, reason }, ..self.clone() }))
    }

    /// The partner's offer that is on the table, where it is the one meant.
    pub(super) fn decides_about(&self, hash: Hash, wish: Wish) -> Result<Version, Refusal> {
        match &self.table {
            Table::Theirs { version, .. } if version.hash == hash => Ok(*version),
            Table::Theirs { .. } => Err(Refusal::NotOnTable { hash }),
            _ => Err(self.not_now(wish)),
        }
    }

    pub(super) fn withdraw(&self, hash: Hash) -> Result<Step, Refusal> {
        let mut next = self.clone();
        match &mut next.table {
            Table::Ours { version, withdrawn, .. } if !*withdrawn && version.hash == hash => {
                *withdrawn = true;
            }
            Table::Ours { withdrawn: false, .. } => return Err(Refusal::NotOnTable { hash }),
            _ => return Err(self.not_now(Wish::Withdraw)),
        }
        Ok(Self::decided(next))
    }

    pub(super) fn recover(&self, tally: Verified<Tally>) -> Result<Step, Refusal> {
        self.has_our_keys(&tally)?;
        let version = Version::of(&tally)?;
        let revision = version.revision.get();
        match self.signed.as_ref().map(|signed| signed.version) {
            Some(signed) if signed == version => return Err(Refusal::Known { revision }),
            Some(signed) if signed > version => return Err(Refusal::Late { revision }),
            _ => {}
        }
        let mut step = self.governed_by(tally, version, false);
        step.send = step.negotiation.due();
        Ok(step)
    }

    /// The step by which a tally that both signed begins to govern.
    pub(super) fn governed_by(&self, tally: Verified<Tally>, version: Version, told: bool) -> Step {
        let first = self.signed.is_none();
        let mut next = self.clone();
        next.partner = Some(tally.half(self.side).partner().cert.clone());
        next.introduced = true;
        next.until = None;
        next.last = self.last.max(Place::of(version, Side::Foil));
        if self.place_on_table().is_none_or(|place| place.revision <= version.revision.get()) {
            next.table = Table::Empty { void: false };
            next.draft = Draft::of(&tally, self.side);
        }
        next.signed = Some(Agreed { tally: (*tally).clone(), version, told, first });
        let tally = Box::new(tally);
        let governs = Some(if first { Governs::Opens(tally) } else { Governs::Higher(tally) });
        Step { negotiation: next, governs, send: Vec::new(), events: Vec::new() }
    }

    /// Where the offer on the table stands among all offers.
    pub(super) fn place_on_table(&self) -> Option<Place> {
        match &self.table {
            Table::Empty { .. } => None,
            Table::Ours { version, .. } => Some(Place::of(*version, self.side)),
            Table::Theirs { version, .. } | Table::Refused { version, .. } => {
                Some(Place::of(*version, self.side.other()))
            }
        }
    }
}
