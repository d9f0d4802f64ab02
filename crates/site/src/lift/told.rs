//! What a lift tells everyone whose balance it moved: who allowed it, by what, and what it did.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use protocol::lift::Authorisation;
use protocol::{Cuid, Hash, LiftId, Side, Sides, TallyId, Timestamp, Units};
use serde_json::{Value, json};
use store::NewEvent;

use super::graph::{Step, Way};
use super::hands::Hands;
use super::plan::Move;

/// How many legs of one user an event of a clearing tells of: a hub of thousands reads the lift for the rest.
const MAX_LEGS_TOLD: usize = 64;

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
                "legs": [step_leg(hands, first, first.by)],
                "allowed_by": { "authorisation": hash.to_string() },
            })),
        );
    }
    for pair in way.steps.windows(2) {
        let [before, after] = pair else { continue };
        let earned = before.units.milli() - after.units.milli();
        let legs = [step_leg(hands, before, before.by.other()), step_leg(hands, after, after.by)];
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
                "legs": [step_leg(hands, last, last.by.other())],
                "allowed_by": "settings",
            })),
        );
    }
    events
}

/// The events of a clearing whose chits are linked: one for each user that it touches.
pub(super) fn of_clearing(
    hands: &Hands,
    moves: &[Move],
    lift: LiftId,
    at: Timestamp,
) -> Vec<NewEvent> {
    let mut users: BTreeMap<&Cuid, OfClearing> = BTreeMap::new();
    for Move { leg, stock, foil, .. } in moves {
        let halves = [*stock, *foil].into_iter().filter_map(|half| hands.half(half));
        for bare in halves {
            let units = leg.units.get();
            let effect = if bare.half.side == leg.by { units.negated() } else { units };
            let counters = bare.ledger().counters();
            let told = self::leg(leg.tally, effect, bare.half.side, counters);
            users.entry(&bare.half.holder).or_default().add(effect, told);
        }
    }
    let event = |(user, cleared): (&Cuid, OfClearing)| {
        let (kind, text) = ("lift_cleared".to_owned(), cleared.told(lift).to_string());
        NewEvent { user: Some(user.clone()), kind, text, at }
    };
    users.into_iter().map(event).collect()
}

/// What a clearing did to one user, as it is told.
#[derive(Default)]
pub(crate) struct OfClearing {
    /// What it owes less, in milli-CHIPs.
    cleared: i64,
    tallies: u64,
    legs: Vec<Value>,
}

impl OfClearing {
    /// One more leg of the user's.
    pub(crate) fn add(&mut self, effect: Units, told: Value) {
        self.cleared = self.cleared.saturating_add(effect.milli().max(0));
        self.tallies += 1;
        if self.legs.len() < MAX_LEGS_TOLD {
            self.legs.push(told);
        }
    }

    /// All of it.
    pub(crate) fn told(self, lift: LiftId) -> Value {
        let Self { cleared, tallies, legs } = self;
        json!({
            "lift": lift.to_string(), "cleared": cleared, "tallies": tallies, "legs": legs,
            "allowed_by": "settings",
        })
    }
}

/// A leg of a payment as the user on one side is told of it.
fn step_leg(hands: &Hands, step: &Step, side: Side) -> Value {
    let half = hands.half(*step.halves.of(side));
    let counters = half.map(|bare| bare.ledger().counters()).unwrap_or_default();
    let effect = if side == step.by { step.units.negated() } else { step.units };
    leg(step.tally, effect, side, counters)
}

/// A leg as the user on one side is told of it. `settings` is the counter of those of its own that allowed it, and
/// `partner_settings` of its partner's: 0 where one never wrote any and the signed tally says all.
pub(crate) fn leg(
    tally: TallyId,
    effect: Units,
    side: Side,
    counters: Sides<Option<NonZeroU32>>,
) -> Value {
    let counter = |side: Side| counters.of(side).map_or(0, NonZeroU32::get);
    json!({
        "tally": tally.to_string(),
        "effect": effect.milli(),
        "settings": counter(side),
        "partner_settings": counter(side.other()),
    })
}
