//! The scenarios of a negotiation.

use super::audit::{BOTH_SIGNED, SIGNED_STAYS};
use super::setting::{Ends, Faults, Plant, Setting, Will};
use super::world::World;
use crate::liveness::DEADLOCK;
use crate::scenario::Scenario;

const NO_FAULTS: Faults =
    Faults { lose: 0, double: 0, overtake: 0, crash: 0, restore: 0, forge: 0 };

/// Suzie offers, Bob accepts.
const BOTH_WANT: Setting = Setting {
    revisions: 2,
    offers: [Will::Does, Will::May],
    accepts: Will::Does,
    refuses: Will::Never,
    withdraws: Will::Never,
    expiry: false,
    faults: Faults { lose: 1, double: 1, overtake: 1, crash: 1, ..NO_FAULTS },
    plant: None,
    ends: Ends::Open,
};

pub(crate) fn scenarios() -> Vec<Scenario> {
    let world = |setting: Setting| move || World::new(setting);
    vec![
        Scenario::new(
            "negotiation-both-want",
            "Suzie and Bob want a tally, and whatever is lost both end open on one record",
            "1 message lost, 1 doubled, 1 overtakes, 1 crash",
            world(BOTH_WANT),
        ),
        Scenario::new(
            "negotiation-forgetful",
            "planted: a crash loses what a half has not on disk",
            "1 crash",
            world(Setting {
                faults: Faults { crash: 1, ..NO_FAULTS },
                plant: Some(Plant::Forgets),
                ..BOTH_WANT
            }),
        )
        .planted(SIGNED_STAYS),
        Scenario::new(
            "negotiation-silent",
            "planted: nothing that was said is said again",
            "1 message lost",
            world(Setting {
                revisions: 1,
                faults: Faults { lose: 1, ..NO_FAULTS },
                plant: Some(Plant::Silent),
                ..BOTH_WANT
            }),
        )
        .planted(DEADLOCK),
        Scenario::new(
            "negotiation-unchecked",
            "planted: a text counts as signed by whoever is said to have sent it",
            "1 forged offer",
            world(Setting {
                faults: Faults { forge: 1, ..NO_FAULTS },
                plant: Some(Plant::Unchecked),
                ..BOTH_WANT
            }),
        )
        .planted(BOTH_SIGNED),
    ]
}
