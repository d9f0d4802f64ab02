//! What a lift between sites tells the users here whose balance it moved: who allowed it, by what, and what it did.

use protocol::lift::{Certificate, Leg};
use protocol::{Cuid, Side};
use serde_json::{Value, json};

use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;

impl Site {
    /// A valid lift is told to each user on its way here, as one among users here is.
    pub(super) fn tell_of_lift(&self, batch: &mut Batch, part: &Part) {
        let legs = part.more.path.to_vec();
        let lift = part.lift().to_string();
        let mut told: Vec<(Cuid, &'static str, Value)> = Vec::new();
        let signed = part.more.authorisation.as_deref();
        let about = json!({
            "lift": lift,
            "payment": signed.map(|signed| signed.uuid.to_string()),
            "amount": signed.map(|signed| signed.units.get().milli()),
            "ref": signed.and_then(|signed| signed.r#ref.as_ref().map(ToString::to_string)),
            "memo": signed.and_then(|signed| signed.memo.as_ref().map(ToString::to_string)),
        });
        let with = |more: Value| {
            let mut all = about.clone();
            if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
                all.extend(more);
            }
            all
        };
        if let (Some(first), Some(signed)) = (legs.first(), signed)
            && let Some(giver) = holder(part, first, first.by)
        {
            let more = json!({
                "payee": signed.payee.to_string(), "given": first.units.get().milli(),
                "legs": [leg(batch, part, first, first.by)],
                "allowed_by": { "authorisation": part.payment().map(|hash| hash.to_string()) },
            });
            told.push((giver, "lift_paid", with(more)));
        }
        for pair in legs.windows(2) {
            let [before, after] = pair else { continue };
            let Some(user) = holder(part, after, after.by) else { continue };
            let earned = before.units.get().milli() - after.units.get().milli();
            let both =
                [leg(batch, part, before, before.by.other()), leg(batch, part, after, after.by)];
            let value =
                json!({ "lift": lift, "earned": earned, "legs": both, "allowed_by": "settings" });
            told.push((user, "lift_passed_on", value));
        }
        if let (Some(last), Some(signed)) = (legs.last(), signed)
            && let Some(taker) = holder(part, last, last.by.other())
        {
            let more = json!({
                "payer": signed.payer.to_string(), "legs": [leg(batch, part, last, last.by.other())],
                "allowed_by": "settings",
            });
            told.push((taker, "lift_received", with(more)));
        }
        let events: Vec<_> = told
            .into_iter()
            .map(|(user, kind, value)| self.event(&user, kind, value.to_string()))
            .collect();
        batch.work.tx().tell(events);
    }

    /// The payer is told that nothing was moved, and why.
    pub(super) fn tell_of_void(&self, batch: &mut Batch, part: &Part, certificate: &Certificate) {
        let Some(signed) = part.more.authorisation.as_deref() else { return };
        if signed.payer.agent != self.agent {
            return;
        }
        let reason = certificate.refused.map(|refused| refused.reason);
        let text = json!({
            "lift": part.lift().to_string(), "payment": signed.uuid.to_string(), "reason": reason,
        });
        let event = self.event(&signed.payer.cuid, "lift_void", text.to_string());
        batch.work.tx().tell([event]);
    }
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
