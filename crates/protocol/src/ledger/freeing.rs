//! What both users of a tally sign to be free again, though no referee has decided (protocol §7, "Resolve"; [`Freed`]):
//! the lock of a promise, not its outcome. Their words only add up, whatever their order: with both, what was set aside
//! is room again. A certificate that comes later is done as ever.

use std::collections::BTreeMap;

use super::Ledger;
use super::chain::Links;
use super::refusal::{Refusal, Stop};
use super::step::{Event, Step};
use crate::freed::Freed;
use crate::lift::chit_name;
use crate::side::{Side, Sides};
use crate::{LiftId, SignatureFault, Timestamp, Verified};

/// For how many lifts a half remembers that its users said so: as many as may be set aside at once. What locks nothing
/// gives way to what is new.
pub const MAX_FREED: usize = super::MAX_ASIDE;

/// By lift, what the users said.
pub(super) type Frees = BTreeMap<LiftId, Sides<Option<Freed>>>;

/// Whether both users have said so.
pub(super) const fn by_both(words: &Sides<Option<Freed>>) -> bool {
    words.stock.is_some() && words.foil.is_some()
}

fn last(words: &Sides<Option<Freed>>) -> Option<Timestamp> {
    words.stock.iter().chain(&words.foil).map(|word| word.date).max()
}

impl Ledger {
    /// What users said may be used again, by lift, as long as nothing is known to be decided.
    pub fn freed(&self) -> impl Iterator<Item = (&LiftId, &Sides<Option<Freed>>)> {
        self.frees.iter()
    }

    /// What users said of a lift.
    #[must_use]
    pub fn freed_for(&self, lift: &LiftId) -> Option<&Sides<Option<Freed>>> {
        self.frees.get(lift)
    }

    /// Checks the signature of a user's word, by the key that is in force.
    ///
    /// # Errors
    /// [`SignatureFault`], also where it names another key.
    pub fn prove_freed(&self, freed: Freed) -> Result<Verified<Freed>, SignatureFault> {
        let key = self.key(freed.by).filter(|_| self.key_name(freed.by) == freed.key);
        let key = key.ok_or(SignatureFault::Wrong { by: freed.by.word() })?;
        Verified::check(freed, key)
    }

    /// Whether a user's word names a key that was never heard of here: the change of key that brings it may be on its way.
    #[must_use]
    pub fn may_know_later(&self, freed: &Freed) -> bool {
        self.keys.of(freed.by).named(freed.key).is_none()
    }

    /// The holder's own word: where something is set aside here, or its partner says that something is there.
    pub(super) fn free(&self, freed: &Verified<Freed>, links: &impl Links) -> Result<Step, Stop> {
        self.is_about_here(freed)?;
        let (lift, by, holder) = (freed.lift, freed.by, self.side);
        if by != holder {
            return Err(Refusal::NotHolders { by, holder }.into());
        }
        if self.is_linked(lift, links)? {
            return Err(Refusal::LiftDone { lift }.into());
        }
        if self.aside_for(&lift).is_none() && self.freed_for(&lift).is_none() {
            return Err(Refusal::NothingAside { lift }.into());
        }
        Ok(self.with_freed(**freed)?)
    }

    /// Either user's word, as the partner's agent brings it. About what is done here it says nothing any more.
    pub(super) fn hear_freed(
        &self,
        freed: &Verified<Freed>,
        links: &impl Links,
    ) -> Result<Step, Stop> {
        self.is_about_here(freed)?;
        if self.is_linked(freed.lift, links)? {
            return Ok(self.unchanged(Vec::new()));
        }
        Ok(self.with_freed(**freed)?)
    }

    fn is_about_here(&self, freed: &Freed) -> Result<(), Refusal> {
        let (named, tally) = (freed.tally, self.tally);
        if named == tally { Ok(()) } else { Err(Refusal::FreedOther { named, tally }) }
    }

    /// Whether the lift's chit is here: it was decided to be valid.
    fn is_linked(&self, lift: LiftId, links: &impl Links) -> Result<bool, Stop> {
        Ok(!links.named(&chit_name(lift, self.tally))?.is_empty())
    }

    fn with_freed(&self, freed: Freed) -> Result<Step, Refusal> {
        let Freed { lift, by, .. } = freed;
        let mut step = self.unchanged(Vec::new());
        let ledger = &mut step.ledger;
        if !ledger.frees.contains_key(&lift) {
            ledger.make_room(lift)?;
        }
        let words = ledger.frees.entry(lift).or_insert(Sides { stock: None, foil: None });
        // The last one holds: an earlier one may have been by a key that its user gave up since.
        if words.of_mut(by).replace(freed).is_none() {
            let other = by.other();
            let stands = |word: &Freed| word.key == self.key_name(other);
            *words.of_mut(other) = words.of(other).filter(stands);
            let free = by_both(words);
            if free {
                ledger.aside.remove(&lift);
            }
            step.events.push(Event::Freed { lift, by, free });
        }
        Ok(step)
    }

    /// The oldest gives way of what locks nothing here: first of what both users have said, whose room is free and stays so;
    /// then of what the partner asks for, and may ask again. So for what is locked here there is always room.
    fn make_room(&mut self, lift: LiftId) -> Result<(), Refusal> {
        if self.frees.len() < MAX_FREED {
            return Ok(());
        }
        let idle = self.frees.iter().filter(|(lift, _)| !self.aside.contains_key(lift));
        let oldest = idle.min_by_key(|(lift, words)| (!by_both(words), last(words), **lift));
        let oldest = oldest.map(|(lift, _)| *lift).ok_or(Refusal::TooManyFreed { lift })?;
        self.frees.remove(&oldest);
        Ok(())
    }

    /// Whose word for a lift is here.
    #[must_use]
    pub fn freed_by(&self, lift: &LiftId) -> Vec<Side> {
        let said =
            |side: &Side| self.frees.get(lift).is_some_and(|words| words.of(*side).is_some());
        Side::BOTH.into_iter().filter(said).collect()
    }
}
