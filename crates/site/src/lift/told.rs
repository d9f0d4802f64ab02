//! What a payment tells everyone whose balance it moved: who allowed it, by what, and what it did.

use protocol::lift::Authorisation;
use protocol::{Cuid, Hash, LiftId, Side, Timestamp, Units};
use serde_json::{Value, json};
use store::NewEvent;

use super::graph::{Step, Way};
use super::hands::Hands;

/// The events of a payment whose chits are linked: one for each user on the way.
pub(super) fn of_payment(
    hands: &Hands,
    way: &Way,
    payment: &Authorisation,
    hash: Hash,
    lift: LiftId,
    at: Timestamp,
) -> Vec<NewEvent> {
    let mut events = Vec::with_capacity(way.steps.len() + 1);
    let mut tell = |user: &Cuid, kind: &str, value: &Value| {
        let (user, kind, text) = (Some(user.clone()), kind.to_owned(), value.to_string());
        events.push(NewEvent { user, kind, text, at });
    };
    let lift = lift.to_string();
    let about = json!({
        "lift": lift,
        "payment": payment.uuid.to_string(),
        "amount": payment.units.get().milli(),
        "ref": payment.r#ref.as_ref().map(ToString::to_string),
        "memo": payment.memo.as_ref().map(ToString::to_string),
    });
    let with = |more: Value| {
        let (mut all, Value::Object(more)) = (about.clone(), more) else { return about.clone() };
        if let Value::Object(all) = &mut all {
            all.extend(more);
        }
        all
    };
    if let Some(first) = way.steps.first() {
        tell(
            &first.giver,
            "lift_paid",
            &with(json!({
                "payee": payment.payee.to_string(),
                "given": first.units.milli(),
                "legs": [leg(hands, first, first.by)],
                "allowed_by": { "authorisation": hash.to_string() },
            })),
        );
    }
    for pair in way.steps.windows(2) {
        let [before, after] = pair else { continue };
        let earned = before.units.milli() - after.units.milli();
        let legs = [leg(hands, before, before.by.other()), leg(hands, after, after.by)];
        let value =
            json!({ "lift": lift, "earned": earned, "legs": legs, "allowed_by": "settings" });
        tell(&after.giver, "lift_passed_on", &value);
    }
    if let Some(last) = way.steps.last() {
        tell(
            &last.taker,
            "lift_received",
            &with(json!({
                "payer": payment.payer.to_string(),
                "legs": [leg(hands, last, last.by.other())],
                "allowed_by": "settings",
            })),
        );
    }
    events
}

/// A leg as the user on one side is told of it; `settings` is the counter of those of its own that allowed
/// it, 0 where it never wrote any and the signed tally says all.
fn leg(hands: &Hands, step: &Step, side: Side) -> Value {
    let half = hands.half(*step.halves.of(side));
    let set = half.and_then(|bare| bare.ledger().set_of(side));
    let effect: Units = if side == step.by { step.units.negated() } else { step.units };
    json!({
        "tally": step.tally.to_string(),
        "effect": effect.milli(),
        "settings": set.map_or(0, |set| set.counter.get()),
    })
}
