//! What open promises have set aside on a half: room that nothing else may use until the lift is decided
//! (protocol §7, "Promise"). It takes room in its own direction, and makes none in the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::step::Step;
use super::{Change, Ledger};
use crate::chit::{Entry, Positive};
use crate::lading::Lading;
use crate::lift::{Leg, Mode};
use crate::side::Side;
use crate::{LiftId, Units};

/// The most promises that one half may have open: what a dead referee can lock of a tally is little.
pub const MAX_ASIDE: usize = 32;

/// What one promise has set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aside {
    /// The side that gives, if the lift is valid.
    pub by: Side,
    /// How much.
    pub units: Positive,
}

/// By lift.
pub(super) type Asides = BTreeMap<LiftId, Aside>;

impl Ledger {
    /// What is set aside here, by lift.
    pub fn aside(&self) -> impl Iterator<Item = (&LiftId, &Aside)> {
        self.aside.iter()
    }

    /// What is set aside for a lift.
    #[must_use]
    pub fn aside_for(&self, lift: &LiftId) -> Option<&Aside> {
        self.aside.get(lift)
    }

    /// The sums that would raise this half's balance, and that would lower it.
    pub(super) fn reserved(&self) -> Option<(Units, Units)> {
        let sum = |gives: bool| {
            let of_it = self.aside.values().filter(|aside| (aside.by == self.side) == gives);
            let milli = of_it.map(|aside| i128::from(aside.units.get().milli())).sum::<i128>();
            i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok())
        };
        Some((sum(false)?, sum(true)?))
    }

    /// Sets a leg aside: within what both sides signed and what is left of it. Once more it changes nothing.
    pub(super) fn set_aside(&self, lift: LiftId, leg: &Leg) -> Result<Step, Refusal> {
        if leg.tally != self.tally {
            return Err(Refusal::NoSuchLeg { lift, named: leg.tally, tally: self.tally });
        }
        let new = Aside { by: leg.by, units: leg.units };
        match self.aside.get(&lift) {
            Some(aside) if *aside == new => return Ok(self.unchanged(Vec::new())),
            Some(_) => return Err(Refusal::OtherAside { lift }),
            // A user has said that nothing is to be kept for it any more.
            None if self.frees.contains_key(&lift) => return Err(Refusal::WasFreed { lift }),
            None => {}
        }
        if self.aside.len() >= MAX_ASIDE {
            return Err(Refusal::TooManyAside { lift });
        }
        let (units, most) = (leg.units.get(), self.room(leg.by));
        if units > most {
            return Err(Refusal::NoRoom { lift, units, most });
        }
        let mut step = self.unchanged(Vec::new());
        step.ledger.aside.insert(lift, new);
        Ok(step)
    }

    /// What a lift of this kind may move from a side to the other now, beside what is set aside; none where the tally must
    /// not lift. A clearing makes debts smaller, and costs nobody anything.
    #[must_use]
    pub fn lading(&self, by: Side, mode: Mode) -> Option<Lading> {
        let (position, consent) = (self.position()?, self.consent());
        let lading = if by == self.side {
            Lading::outward(position, &consent)
        } else {
            Lading::inward(position, &consent)
        };
        Some(if mode == Mode::Clearing { lading.only_debt() } else { lading })
    }

    /// The most that this side may give by a lift now; nothing where the tally must not lift.
    #[must_use]
    pub fn room(&self, by: Side) -> Units {
        self.lading(by, Mode::Payment).map_or(Units::ZERO, |lading| lading.most())
    }

    /// The lift was decided to be void: its room is free again.
    pub(super) fn release(&self, lift: &LiftId) -> Step {
        let mut step = self.unchanged(Vec::new());
        step.ledger.aside.remove(lift);
        step.ledger.frees.remove(lift);
        step
    }

    /// What was set aside for lifts whose chits are linked now has done its work.
    pub(super) fn settle(&mut self, change: Option<&Change>) {
        if self.aside.is_empty() && self.frees.is_empty() {
            return;
        }
        for link in change.into_iter().flat_map(|change| &change.then) {
            if let Entry::Lift { lift, .. } = link.chit.entry {
                self.aside.remove(&lift);
                self.frees.remove(&lift);
            }
        }
    }
}
