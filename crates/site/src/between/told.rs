//! What a lift between sites tells the users here whose balance it moved: who allowed it, by what, and what it did.

use protocol::lift::{Authorisation, Leg};
use protocol::{Cuid, Side};
use serde_json::{Value, json};

use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;

impl Site {
    /// A valid lift is told to each user on its way here, as one among users here is: to payer and payee once, whatever
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

    /// The payer is told that nothing was moved, and why.
    pub(super) fn tell_of_void(&self, batch: &mut Batch, part: &Part) {
        let Some(signed) = part.more.authorisation.as_deref() else { return };
        if signed.payer.agent != self.agent {
            return;
        }
        let decided = part.participant.decided();
        let reason = decided.and_then(|decided| decided.certificate().refused);
        let reason = reason.map(|refused| refused.reason);
        let text = json!({
            "lift": part.lift().to_string(), "payment": signed.uuid.to_string(), "reason": reason,
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
        let Some(giver) = holder(part, first, first.by) else { continue };
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

/// A leg as the user on one side is told of it; `settings` is the counter of those of its own that allowed it, 0 where it
/// never wrote any and the signed tally says all.
fn leg(batch: &Batch, part: &Part, leg: &Leg, side: Side) -> Value {
    let held = holder(part, leg, side).and_then(|holder| batch.held(&holder, leg.tally));
    let ledger = held.and_then(|held| held.state.ledger.as_ref());
    let set = ledger.and_then(|ledger| ledger.set_of(side));
    let units = leg.units.get();
    let effect = if side == leg.by { units.negated() } else { units };
    json!({
        "tally": leg.tally.to_string(),
        "effect": effect.milli(),
        "settings": set.map_or(0, |set| set.counter.get()),
    })
}
