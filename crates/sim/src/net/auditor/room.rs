//! What a site promised, against what both users of each tally had signed (protocol, section 6 and section 7, "Promise"): looked
//! at once, when the promise is first seen, on the chain as it stood at the head that the promise was judged by.

use std::num::NonZeroU32;

use protocol::chit::{Chit, Entry, Set};
use protocol::lift::{JudgedBy, Leg};
use protocol::{Hash, LiftId, Record as _, Side};
use store::{LinkRow, View};

use super::half::Half;
use super::lifts::{Halves, Promised};
use super::{ALL, Auditor, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::trace::Trace;

/// A half at the head that a promise was judged by.
struct Judged<'a> {
    half: &'a Half,
    links: Vec<LinkRow>,
    by: &'a JudgedBy,
}

impl Auditor {
    /// Every promise that is new at a place keeps within what was signed.
    pub(super) async fn keep_within(
        &mut self,
        number: usize,
        view: &mut View,
        trace: &Trace,
    ) -> Sim<()> {
        for key in std::mem::take(&mut self.lifts.unweighed) {
            let Some(promised) = self.lifts.promised.get(&key) else { continue };
            for leg in &promised.path {
                for judged in judged(promised, leg, &self.halves, number, view).await? {
                    if let Some(what) = self.beyond(leg, &judged) {
                        let (short, tally) =
                            (trace.lift_named(&key.0), trace.tally_named(&leg.tally));
                        let tally = tally.unwrap_or_default();
                        let what = format!("lift {short} is promised on {tally}, and {what}");
                        return Err(Broken::new(Invariant::Theft, what).about([short, tally]));
                    }
                }
            }
        }
        Ok(())
    }

    /// What is beyond what both users have signed.
    fn beyond(&self, leg: &Leg, Judged { half, links, by }: &Judged<'_>) -> Option<String> {
        let set_of = |side| {
            let written = links.iter().filter_map(|row| self.book.chits.get(&row.chit));
            let sets = written.filter(|written| written.by == side);
            sets.filter_map(|written| written.set).max_by_key(|set: &Set| set.counter)
        };
        let counter = |side| set_of(side).map(|set| set.counter);
        for side in Side::BOTH {
            let named: Option<NonZeroU32> = *by.counters.of(side);
            if named != counter(side) {
                let in_force = counter(side);
                return Some(format!(
                    "judged by settings {named:?} of the {}, whose settings {in_force:?} are in force",
                    side.word()
                ));
            }
        }
        let effect = |row: &LinkRow| {
            let written = self.book.chits.get(&row.chit).map(|written| written.milli);
            let given = i128::from(written.or_else(|| lifted(row)).unwrap_or(0));
            if row.by == half.side { -given } else { given }
        };
        let (taker, balance) = (leg.by.other(), links.iter().map(effect).sum::<i128>());
        let before = if half.side == taker { balance } else { -balance };
        let after = before + i128::from(leg.units.get().milli());
        let granted = *half.limits.of(taker);
        let closing = Side::BOTH.into_iter().any(|side| set_of(side).is_some_and(|set| set.close));
        let limit = if closing { 0 } else { granted };
        let bound = set_of(taker).map_or(granted, |set| set.settings.bound().milli());
        (after > 0 && after > i128::from(limit.min(bound))).then(|| {
            format!(
                "its taker would hold {after} where {bound} is its bound and {limit} is granted"
            )
        })
    }
}

/// What a lift moved.
fn lifted(row: &LinkRow) -> Option<i64> {
    let chit = Chit::read(row.text.as_bytes()).ok()?;
    match chit.entry {
        Entry::Lift { units, .. } => Some(units.get().milli()),
        _ => None,
    }
}

/// The halves here of a leg, as they were judged; none that was put into another order since.
async fn judged<'a>(
    promised: &'a Promised,
    leg: &Leg,
    halves: &'a Halves,
    number: usize,
    view: &mut View,
) -> Sim<Vec<Judged<'a>>> {
    let by = promised.judged.iter().flat_map(|judged| judged.by.iter());
    let Some(by) = by.into_iter().find(|by| by.tally == leg.tally) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for ((_, id), half) in
        halves.iter().filter(|((at, _), half)| *at == number && half.tally == leg.tally)
    {
        let mut links = view.links(*id, 1, ALL).await.map_err(read)?;
        links.retain(|row| row.index <= by.head.index);
        let head = links.last().map(|row| row.link).or(half.signed.map(|(_, hash)| hash));
        if head == Some(by.head.hash) {
            found.push(Judged { half, links, by });
        }
    }
    Ok(found)
}

/// Names of promises that were not looked at yet: lift, place, and the name of the part's key.
pub(super) type Unweighed = Vec<(LiftId, usize, Hash)>;
