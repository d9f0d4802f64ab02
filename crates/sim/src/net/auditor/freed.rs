//! What people signed to be free of lifts that nobody decides (protocol, section 7, "Resolve"): what is set aside ends by
//! what was decided, or by both users' words, and never by a site alone.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Freed, LiftId, Side, Sides, TallyId, Timestamp};

use super::Auditor;
use super::book::Book;
use super::lifts::Lifts;
use crate::net::person::Person;
use crate::net::place::Place;

/// By tally and lift, what users signed.
pub(super) type Words = BTreeMap<(TallyId, LiftId), Vec<Freed>>;

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
    fn frees(&mut self, freed: Freed) {
        self.words.entry((freed.tally, freed.lift)).or_default().push(freed);
    }

    /// Whether these are words of both users, once the lift's time was over.
    pub(super) fn is_freed(
        &self,
        tally: TallyId,
        lift: &LiftId,
        words: &Sides<Option<Freed>>,
    ) -> bool {
        let (Some(signed), Some(known)) = (self.words.get(&(tally, *lift)), self.known.get(lift))
        else {
            return false;
        };
        let deadline = known.lift.deadline;
        Side::BOTH.iter().all(|side| {
            words.of(*side).is_some_and(|word| {
                word.by == *side && word.date > deadline && signed.contains(&word)
            })
        })
    }

    /// Lifts that have a leg which its users freed at one half at least.
    pub(super) fn freed(&self) -> BTreeSet<LiftId> {
        self.free.iter().map(|(_, lift)| *lift).collect()
    }
}

impl Auditor {
    /// Somebody signs that what a lift has set aside is free, on its own side of a tally.
    pub(crate) fn frees(&mut self, who: usize, freed: Freed) {
        let Book { sides, .. } = &self.book;
        if sides.get(&(freed.tally, freed.by)) == Some(&who) {
            self.lifts.frees(freed);
        }
    }

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
