//! What sites and referees say of a lift, by chance.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use protocol::ledger::Head;
use protocol::lift::{Conditional, Judged, JudgedBy, Late, Promise, Reason, Refused};
use protocol::{Side, Sides, Signer as _, TallyId};

use crate::people::{any_leg, hash, list, signature};
use crate::some::{agent, secret_key};

pub(crate) fn any_conditional() -> impl Strategy<Value = Conditional> {
    let side = prop_oneof![Just(Side::Stock), Just(Side::Foil)];
    (hash(), any_leg(), hash(), side, secret_key(), any::<bool>(), signature()).prop_map(
        |(lift, leg, users, side, key, anew, sign)| {
            let (lift, key) = (lift.into(), key.public_key());
            Conditional { lift, leg, users, side, key, anew, sign }
        },
    )
}

pub(crate) fn any_judged() -> impl Strategy<Value = Judged> {
    let head = (0..1u64 << 53, hash()).prop_map(|(index, hash)| Head { index, hash });
    let counter = || option::of((1..=u32::MAX).prop_map(|counter| counter.try_into().unwrap()));
    let by =
        (any::<[u8; 16]>(), head, counter(), counter()).prop_map(|(tally, head, stock, foil)| {
            JudgedBy { tally: TallyId::random(tally), head, counters: Sides { stock, foil } }
        });
    (hash(), hash(), vec(by, 0..3)).prop_map(|(lift, nonce, by)| {
        let (lift, by) = (lift.into(), list(by));
        Judged { lift, nonce, by }
    })
}

pub(crate) fn any_promise() -> impl Strategy<Value = Promise> {
    (hash(), secret_key(), hash(), signature()).prop_map(|(lift, key, judged, sign)| Promise {
        lift: lift.into(),
        by: key.public_key(),
        judged,
        sign,
    })
}

pub(crate) fn any_refused() -> impl Strategy<Value = Refused> {
    let reason = prop_oneof![
        Just(Reason::Room),
        Just(Reason::Settings),
        Just(Reason::Busy),
        Just(Reason::Referees),
        Just(Reason::Deadline),
        Just(Reason::Payment),
        Just(Reason::Unknown),
    ];
    (hash(), secret_key(), reason, signature()).prop_map(|(lift, key, reason, sign)| Refused {
        lift: lift.into(),
        by: key.public_key(),
        reason,
        sign,
    })
}

pub(crate) fn any_late() -> impl Strategy<Value = Late> {
    (hash(), agent(), signature()).prop_map(|(lift, referee, sign)| Late {
        lift: lift.into(),
        referee,
        sign,
    })
}
