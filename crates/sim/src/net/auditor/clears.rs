//! Clearing lifts (protocol, section 7, "Invariants"; section 6, "Clearing"): they make debts smaller and nothing else, and
//! everybody ends one with nothing or more. That what they clear is owed is looked at when it is promised (`room.rs`).

use std::collections::{BTreeMap, BTreeSet};

use protocol::lift::{Mode, Outcome};
use protocol::{LiftId, TallyId};

use super::half::Half;
use super::lifts::{Halves, Lifts};
use super::part::Part;
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;
use crate::net::trace::Trace;

impl Lifts {
    /// Whether a lift clears.
    pub(super) fn clears(&self, id: &LiftId) -> bool {
        self.known.get(id).is_some_and(|known| known.lift.mode == Mode::Clearing)
    }

    /// Clearing lifts that a site is done with leave nobody there with less.
    pub(super) fn are_clear(
        &self,
        (number, place): (usize, &Place),
        parts: &[Part],
        halves: &Halves,
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        let done = |part: &Part| {
            let outcome = part.certificate.as_ref().map(|certificate| certificate.outcome);
            // Since it went back it hears of the lift tally by tally.
            let promised = self.promised.get(&(part.id, number, part.name));
            part.settled
                && outcome == Some(Outcome::Commit)
                && promised.is_some_and(|promised| promised.is_remembered_by(place))
        };
        // Whoever proposed one has two parts in it.
        let all: BTreeSet<LiftId> = parts.iter().map(|part| part.id).collect();
        for id in all.into_iter().filter(|id| self.clears(id)) {
            if parts.iter().filter(|part| part.id == id).all(done) {
                let here = halves.iter().filter(|((at, _), _)| *at == number);
                nobody_has_less(&id, here.map(|(_, half)| half), &BTreeSet::new(), people, trace)?;
            }
        }
        Ok(())
    }

    /// The last look: nobody who has all of its legs has less.
    pub(super) fn is_clear(
        &self,
        id: &LiftId,
        lost: &BTreeSet<TallyId>,
        halves: &Halves,
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        if !self.clears(id) {
            return Ok(());
        }
        nobody_has_less(id, halves.values(), lost, people, trace)
    }
}

fn nobody_has_less<'a>(
    id: &LiftId,
    halves: impl Iterator<Item = &'a Half>,
    lost: &BTreeSet<TallyId>,
    people: &[Person],
    trace: &Trace,
) -> Sim<()> {
    let mut nets: BTreeMap<usize, i64> = BTreeMap::new();
    let mut lacking = BTreeSet::new();
    for half in halves {
        if lost.contains(&half.tally) {
            lacking.insert(half.who);
        }
        if let Some(effect) = half.lifts.get(id) {
            *nets.entry(half.who).or_default() += effect;
        }
    }
    for (who, net) in nets.into_iter().filter(|(who, _)| !lacking.contains(who)) {
        if net < 0 {
            let (short, name) = (trace.lift_named(id), people.get(who).map(|person| &person.name));
            let name = name.map(ToString::to_string).unwrap_or_default();
            let what = format!("lift {short} clears, and {name} ends with {net}");
            return Err(Broken::new(Invariant::Clears, what).about([short]));
        }
    }
    Ok(())
}
