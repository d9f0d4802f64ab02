//! What a lift between sites tells the users here whose balance it moved: who allowed it, by what, and what it did.

use std::collections::BTreeSet;

use protocol::ledger::Ledger;
use protocol::lift::{Authorisation, Leg};
use protocol::{Cuid, Side, Units};
use serde_json::{Value, json};

use super::part::Part;
use super::why::WhyVoid;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::lift::told::{self, OfClearing};

impl Site {
    /// A valid payment is told to each user on its way here, as one among users here is: to payer and payee once, whatever
    /// number of parts it has.
    pub(super) fn tell_of_lift(&self, batch: &mut Batch, parts: &[&Part]) {
        let mut told = Vec::new();
        told.extend(paid(batch, parts));
        for part in parts {
            told.extend(passed_on(batch, part));
        }
        told.extend(received(batch, parts));
        let event = |(user, kind, value): Told| self.event(&user, kind, value.to_string());
        let events: Vec<_> = told.into_iter().map(event).collect();
        batch.work.tx().tell(events);
    }

    /// A valid clearing is told to each of these users, whose balance it moved just now: once the last of its tallies here has
    /// its chit, as the two of whoever proposed it are in two parts.
    pub(super) async fn tell_of_clearing(
        &self,
        batch: &mut Batch,
        parts: &[Part],
        moved: BTreeSet<Cuid>,
    ) -> Result<(), SiteError> {
        let Some(lift) = parts.first().map(Part::lift).filter(|_| !moved.is_empty()) else {
            return Ok(());
        };
        let there = batch.work.view().legs_at(&lift).await?;
        let is_there = |user: &Cuid, leg: &Leg| {
            there.iter().any(|at| (&at.holder, at.tally) == (user, leg.tally))
        };
        let mut events = Vec::new();
        for user in moved {
            let legs = legs_of(&user, parts);
            // Of what this site had lost it does not know whether that is all.
            if legs.is_empty() || legs.iter().any(|(_, leg, _)| !is_there(&user, leg)) {
                continue;
            }
            let mut cleared = OfClearing::default();
            for (part, its, side) in legs {
                cleared.add(effect(its, side), leg(batch, part, its, side));
            }
            let text = cleared.told(lift).to_string();
            events.push(self.event(&user, "lift_cleared", text));
        }
        batch.work.tx().tell(events);
        Ok(())
    }

    /// The payer is told that nothing was moved, and why: what whoever refused said, or that its deadline passed.
    pub(super) fn tell_of_void(&self, batch: &mut Batch, part: &Part) {
        let Some(signed) = part.more.authorisation.as_deref() else { return };
        if signed.payer.agent != self.agent {
            return;
        }
        let Some(decided) = part.participant.decided() else { return };
        let text = json!({
            "lift": part.lift().to_string(), "payment": signed.uuid.to_string(),
            "payee": signed.payee.to_string(), "amount": signed.units.get().milli(),
            "reason": WhyVoid::of(decided.certificate()),
            "attempt": part.more.attempt.map(|attempt| attempt.number),
        });
        let event = self.event(&signed.payer.cuid, "lift_void", text.to_string());
        batch.work.tx().tell([event]);
    }
}

/// Who is told what.
type Told = (Cuid, &'static str, Value);

/// What a payment's ends both are told of it; `amount` is what arrived.
fn about(part: &Part, signed: &Authorisation, amount: i64, more: Value) -> Value {
    let mut all = json!({
        "lift": part.lift().to_string(),
        "payment": signed.uuid.to_string(),
        "amount": amount,
        "ref": signed.r#ref.as_ref().map(ToString::to_string),
        "memo": signed.memo.as_ref().map(ToString::to_string),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// What the payer is told, where it is here.
fn paid(batch: &Batch, parts: &[&Part]) -> Option<Told> {
    let mut told = None;
    let (mut given, mut legs) = (0_i64, Vec::new());
    for part in parts {
        let Some(signed) = part.more.authorisation.as_deref() else { continue };
        let Some(first) = part.more.path.first() else { continue };
        // Of a payment that was lost the payer's own leg may be yet to come: whoever gave it on is not the payer.
        let giver = holder(part, first, first.by).filter(|giver| *giver == signed.payer.cuid);
        let Some(giver) = giver else { continue };
        given = given.saturating_add(first.units.get().milli());
        legs.push(leg(batch, part, first, first.by));
        told.get_or_insert((giver, part, signed));
    }
    let (giver, part, signed) = told?;
    let more = json!({
        "payee": signed.payee.to_string(), "given": given, "legs": legs,
        "allowed_by": { "authorisation": part.payment().map(|hash| hash.to_string()) },
    });
    Some((giver, "lift_paid", about(part, signed, signed.units.get().milli(), more)))
}

/// What the payee is told, where it is here.
fn received(batch: &Batch, parts: &[&Part]) -> Option<Told> {
    let mut told = None;
    let (mut amount, mut legs) = (0_i64, Vec::new());
    for part in parts {
        let Some(signed) = part.more.authorisation.as_deref() else { continue };
        let Some(last) = part.more.path.last() else { continue };
        let Some(taker) = holder(part, last, last.by.other()) else { continue };
        amount = amount.saturating_add(last.units.get().milli());
        legs.push(leg(batch, part, last, last.by.other()));
        told.get_or_insert((taker, part, signed));
    }
    let (taker, part, signed) = told?;
    let more = json!({
        "payer": signed.payer.to_string(), "legs": legs, "allowed_by": "settings",
    });
    Some((taker, "lift_received", about(part, signed, amount, more)))
}

/// What those between are told.
fn passed_on(batch: &Batch, part: &Part) -> Vec<Told> {
    let mut told = Vec::new();
    for pair in part.more.path.windows(2) {
        let [before, after] = pair else { continue };
        let Some(user) = holder(part, after, after.by) else { continue };
        let earned = before.units.get().milli() - after.units.get().milli();
        let both = [leg(batch, part, before, before.by.other()), leg(batch, part, after, after.by)];
        let lift = part.lift().to_string();
        let value =
            json!({ "lift": lift, "earned": earned, "legs": both, "allowed_by": "settings" });
        told.push((user, "lift_passed_on", value));
    }
    told
}

/// The user here on a side of a leg.
fn holder(part: &Part, leg: &Leg, side: Side) -> Option<Cuid> {
    let halves = part.more.halves.get(&leg.tally)?;
    halves.iter().find(|(_, its)| *its == side).map(|(holder, _)| holder.clone())
}

/// The legs of a user here in all these parts, each with its side; not of a part that this site had lost, as it is not known
/// then whether those are all.
fn legs_of<'a>(user: &Cuid, parts: &'a [Part]) -> Vec<(&'a Part, &'a Leg, Side)> {
    let remembered = parts.iter().filter(|part| part.is_remembered());
    let legs = remembered.flat_map(|part| part.more.path.iter().map(move |leg| (part, leg)));
    let sides = legs.flat_map(|(part, leg)| Side::BOTH.map(|side| (part, leg, side)));
    sides.filter(|(part, leg, side)| holder(part, leg, *side).as_ref() == Some(user)).collect()
}

/// What a leg adds to the balance of one side.
fn effect(leg: &Leg, side: Side) -> Units {
    let units = leg.units.get();
    if side == leg.by { units.negated() } else { units }
}

/// A leg as the user on one side is told of it, with what this site judged it by; where it has lost that, by what stands now.
fn leg(batch: &Batch, part: &Part, leg: &Leg, side: Side) -> Value {
    let counters = part.judged_by(&leg.tally).or_else(|| {
        let held = batch.held(&holder(part, leg, side)?, leg.tally)?;
        held.state.ledger.as_ref().map(Ledger::counters)
    });
    told::leg(leg.tally, effect(leg, side), side, counters.unwrap_or_default())
}
