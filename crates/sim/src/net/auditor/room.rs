//! What a site promised, against what both users of each tally had signed (protocol, section 6 and section 7, "Promise"): weighed
//! once, when the promise is first seen, together with all others that are open then.
//!
//! It is weighed where the half stood in that step, as the auditor saw it, and not only where the site says that it stood: the
//! head that a promise names must be one of these. "An open promise counts where it uses up room in the direction asked, and
//! never where it would make room": open are those that may still be valid, so far as the place knows, and whose chit
//! is not on the chain.

use std::collections::BTreeSet;

use protocol::lift::{JudgedBy, Leg, Outcome};
use protocol::{Hash, LiftId, Side, TallyId};
use store::HalfId;

use super::Auditor;
use super::half::Half;
use super::heads::Stand;
use super::lifts::Promised;
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::trace::Trace;

/// A promise's name: lift, place, and the name of the part's key.
pub(super) type Name = (LiftId, usize, Hash);

/// A leg that is promised, and what is there of its half.
struct Weighed<'a> {
    name: Name,
    by: &'a JudgedBy,
    leg: &'a Leg,
    key: (usize, HalfId),
    half: &'a Half,
}

impl Auditor {
    /// Every promise that is new at a place, which is in this epoch, keeps within what was signed.
    pub(super) fn keep_within(&mut self, epoch: u64, trace: &Trace) -> Sim<()> {
        let new: BTreeSet<Name> = std::mem::take(&mut self.lifts.unweighed).into_iter().collect();
        for name in &new {
            let Some(promised) = self.lifts.promised.get(name) else { continue };
            for leg in &promised.path {
                self.keeps_within(*name, promised, leg, (epoch, &new), trace)?;
            }
        }
        Ok(())
    }

    fn keeps_within(
        &self,
        name: Name,
        promised: &Promised,
        leg: &Leg,
        (epoch, new): (u64, &BTreeSet<Name>),
        trace: &Trace,
    ) -> Sim<()> {
        let (short, tally) = (trace.lift_named(&name.0), trace.tally_named(&leg.tally));
        let tally = tally.unwrap_or_default();
        let broken = |invariant, what: &str| {
            let what = format!("lift {short} is promised on {tally}, and {what}");
            Err(Broken::new(invariant, what).about([short.clone(), tally.clone()]))
        };
        let Some(by) = named(promised, &leg.tally) else {
            return broken(Invariant::Theft, "its promise names no head there");
        };
        let of_leg = |(at, half): &(&(usize, HalfId), &Half)| {
            let whose = self.book.sides.get(&(half.tally, half.side));
            at.0 == name.1 && half.tally == leg.tally && whose == Some(&half.who)
        };
        let here: Vec<_> = self.halves.iter().filter(of_leg).collect();
        if !here.iter().any(|(key, _)| self.heads.at(**key, &by.head.hash).is_some()) {
            let what = format!(
                "was judged by a head, of index {}, that no half there had then",
                by.head.index
            );
            return broken(Invariant::Theft, &what);
        }
        for (key, half) in here {
            let weighed = Weighed { name, by, leg, key: *key, half };
            let fault = match self.heads.at(*key, &by.head.hash) {
                Some(stand) => self.fault(&weighed, stand, true, (epoch, new)),
                // Both users live there, and the halves differ just now: this one was weighed at some moment of the step too.
                None => self
                    .heads
                    .all(*key)
                    .map(|stand| self.fault(&weighed, stand, false, (epoch, new)))
                    .reduce(Option::and)
                    .flatten(),
            };
            if let Some((invariant, what)) = fault {
                return broken(invariant, &what);
            }
        }
        Ok(())
    }

    /// What is beyond what both users have signed, or beyond what is owed.
    fn fault(
        &self,
        weighed: &Weighed<'_>,
        stand: &Stand,
        is_named: bool,
        (epoch, new): (u64, &BTreeSet<Name>),
    ) -> Option<(Invariant, String)> {
        let Weighed { name, by, leg, half, .. } = weighed;
        let counter = |side| stand.sets.of(side).map(|set| set.counter);
        for side in Side::BOTH {
            let (told, in_force) = (*by.counters.of(side), counter(side));
            if is_named && told != in_force {
                let what = format!(
                    "was judged by settings {told:?} of the {}, whose settings {in_force:?} are in force",
                    side.word()
                );
                return Some((Invariant::Theft, what));
            }
        }
        let units = i128::from(leg.units.get().milli());
        let taker = leg.by.other();
        let before = stand.held_by(taker, half);
        let open = self.open_beside(weighed, stand, epoch, |other| {
            !new.contains(other) || self.is_no_later(other, weighed)
        });
        let after = before + open + units;
        let granted = *stand.limits.of(taker);
        let owe = stand.sets.of(leg.by).and_then(|set| set.owe).map(|owe| owe.get().milli());
        let closing =
            Side::BOTH.iter().any(|side| stand.sets.of(*side).is_some_and(|set| set.close));
        let limit = if closing { 0 } else { owe.map_or(granted, |owe| owe.max(granted)) };
        let bound = stand.sets.of(taker).map_or(granted, |set| set.settings.bound().milli());
        if after > i128::from(limit.min(bound)) {
            let what = format!(
                "its taker, who has {before}, would hold {after} with {open} that is open, where {bound} is its bound and \
                 {limit} is granted"
            );
            return Some((Invariant::Theft, what));
        }
        if !self.lifts.clears(&name.0) {
            return None;
        }
        // Of what was promised in the same step, only what clears needs to be owed, and so must have been weighed with this.
        let open = self.open_beside(weighed, stand, epoch, |other| {
            !new.contains(other)
                || (self.lifts.clears(&other.0) && self.is_no_later(other, weighed))
        });
        (before + open + units > 0).then(|| {
            let what = format!(
                "clears {units}, where {} was owed then, of which {open} are open already",
                -before
            );
            (Invariant::Clears, what)
        })
    }

    /// Whether another promise of the same step was judged by no later a head.
    fn is_no_later(&self, other: &Name, weighed: &Weighed<'_>) -> bool {
        let other = self.lifts.promised.get(other);
        let by = other.and_then(|other| named(other, &weighed.leg.tally));
        by.is_some_and(|by| by.head.index <= weighed.by.head.index)
    }

    /// What other promises would give the same taker on the same half that may all still be valid, in milli-CHIPs.
    fn open_beside(
        &self,
        Weighed { name: (id, number, _), leg, key, .. }: &Weighed<'_>,
        stand: &Stand,
        epoch: u64,
        counts: impl Fn(&Name) -> bool,
    ) -> i128 {
        let mut met = BTreeSet::new();
        let mut sum = 0;
        for (name, promised) in &self.lifts.promised {
            let (lift, at, _) = name;
            let same = |other: &&Leg| other.tally == leg.tally && other.by == leg.by;
            let Some(other) = promised.path.iter().find(same) else { continue };
            // What a place that went back has forgotten nobody can ask of it.
            let knows = promised.epoch == epoch || self.lifts.is_locked_at(*number, lift);
            let is_over = stand.lifts.contains(lift)
                || self.lifts.at.get(&(*number, *lift)) == Some(&Outcome::Void)
                || self.lifts.free.contains(&(*key, *lift));
            if at == number && lift != id && knows && !is_over && counts(name) && met.insert(lift) {
                sum += i128::from(other.units.get().milli());
            }
        }
        sum
    }
}

/// What a promise says that it was judged by on a tally.
fn named<'a>(promised: &'a Promised, tally: &TallyId) -> Option<&'a JudgedBy> {
    let mut by = promised.judged.iter().flat_map(|judged| judged.by.iter());
    by.find(|by| by.tally == *tally)
}
