//! What people signed to be free of lifts that nobody decides (protocol, section 7, "Resolve"): what is set aside ends by
//! what was decided, or by both users' words, and never by a site alone.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Freed, LiftId, Side, TallyId, Timestamp};

use super::Auditor;
use super::lifts::Lifts;
use crate::net::person::Person;
use crate::net::place::Place;

/// When each side's last word on a tally and a lift was dated.
pub(super) type Words = BTreeMap<(TallyId, LiftId), BTreeMap<Side, Timestamp>>;

/// Something that nobody will decide and that both users could free.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lock {
    pub(crate) tally: TallyId,
    pub(crate) lift: LiftId,
    /// Before this nobody can free it.
    pub(crate) deadline: Timestamp,
}

impl Lifts {
    /// Somebody signs that what a lift has set aside is free.
    pub(crate) fn frees(&mut self, freed: &Freed) {
        let words = self.words.entry((freed.tally, freed.lift)).or_default();
        let last = words.entry(freed.by).or_insert(freed.date);
        *last = freed.date.max(*last);
    }

    /// Whether both users have signed so, once its time was over.
    pub(super) fn is_freed(&self, tally: TallyId, lift: &LiftId) -> bool {
        let (Some(words), Some(known)) = (self.words.get(&(tally, *lift)), self.known.get(lift))
        else {
            return false;
        };
        Side::BOTH
            .iter()
            .all(|side| words.get(side).is_some_and(|date| *date > known.lift.deadline))
    }

    /// Lifts that have a leg which its users freed.
    pub(super) fn freed(&self) -> BTreeSet<LiftId> {
        let freed = self.words.keys().filter(|(tally, lift)| self.is_freed(*tally, lift));
        freed.map(|(_, lift)| *lift).collect()
    }
}

impl Auditor {
    /// What is set aside on tallies of whose users none lives at a site that lies, for lifts that nobody decides; the one that
    /// can be freed first.
    pub(crate) fn locked(&self, people: &[Person], places: &[Place], now: i64) -> Option<Lock> {
        let locks = self.lifts.set_aside().filter_map(|(key, lift)| {
            let half = self.halves.get(&key)?;
            let honest = !self.is_with_liars(half.who, people) && !self.partner_lies(half, people);
            let (tally, known) = (half.tally, self.lifts.known.get(lift)?);
            let waits = honest && !self.lifts.can_be_decided(lift, places, now);
            waits.then_some(Lock { tally, lift: *lift, deadline: known.lift.deadline })
        });
        locks.min_by_key(|lock| (lock.deadline, lock.tally, lock.lift))
    }
}
