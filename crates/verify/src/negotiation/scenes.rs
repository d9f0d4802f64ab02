//! The scenarios of a negotiation.

use super::audit::{BOTH_SIGNED, GIVEN_BACK, ONE_RECORD, SIGNED_STAYS};
use super::liar::LiarsWorld;
use super::setting::{Ends, Faults, Plant, Setting, Will};
use super::world::World;
use crate::liveness::DEADLOCK;
use crate::scenario::Scenario;

const NO_FAULTS: Faults =
    Faults { lose: 0, double: 0, overtake: 0, crash: 0, restore: 0, forge: 0 };

/// Suzie offers, Bob accepts; Bob may offer too.
const BOTH_WANT: Setting = Setting {
    revisions: 2,
    offers: [Will::Does, Will::May],
    accepts: Will::Does,
    refuses: Will::Never,
    withdraws: Will::Never,
    closes: false,
    expiry: false,
    patient: false,
    faults: Faults { lose: 1, double: 1, overtake: 1, crash: 0, ..NO_FAULTS },
    plant: None,
    ends: Ends::Open,
};

/// Whatever two users may decide about one revision.
const ANY: Setting = Setting {
    revisions: 1,
    offers: [Will::May; 2],
    accepts: Will::May,
    refuses: Will::May,
    withdraws: Will::May,
    closes: false,
    expiry: false,
    patient: false,
    faults: Faults { lose: 1, double: 1, overtake: 1, crash: 1, ..NO_FAULTS },
    plant: None,
    ends: Ends::Agreed,
};

pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut all = whole();
    all.extend(planted());
    all
}

fn world(setting: Setting) -> impl Fn() -> World {
    move || World::new(setting)
}

fn whole() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "negotiation-both-want",
            "Suzie and Bob want a tally: whatever is lost, both end open on one record",
            "1 message lost, 1 doubled, 1 overtakes others",
            world(BOTH_WANT),
        ),
        Scenario::new(
            "negotiation-crash",
            "the same, while sites crash and what is on its way is lost",
            "2 crashes, 1 message lost",
            world(Setting { faults: Faults { crash: 2, lose: 1, ..NO_FAULTS }, ..BOTH_WANT }),
        ),
        Scenario::new(
            "negotiation-crossing",
            "offers, acceptances and refusals cross, withdrawals too, and both halves say the same in the end",
            "1 message lost, 1 doubled, 1 overtakes others, 1 crash",
            world(ANY),
        ),
        Scenario::new(
            "negotiation-expiry",
            "the same, while the offer expires, by each site's own clock",
            "1 message lost, 1 crash, clocks that differ",
            world(Setting {
                expiry: true,
                faults: Faults { lose: 1, crash: 1, ..NO_FAULTS },
                ..ANY
            }),
        ),
        Scenario::new(
            "negotiation-lost-half",
            "a site is lost with its half, which begins anew and asks for all: what both signed comes back",
            "1 half lost, reminders where nothing is on its way",
            world(Setting {
                patient: true,
                faults: Faults { restore: 1, ..NO_FAULTS },
                ..ANY
            }),
        ),
        Scenario::new(
            "negotiation-closed",
            "a ledger is closed in the middle of a change: that half stays as it is, whatever comes",
            "1 message lost",
            world(Setting {
                revisions: 2,
                closes: true,
                ends: Ends::Anywhere,
                offers: [Will::May, Will::Never],
                faults: Faults { lose: 1, ..NO_FAULTS },
                ..ANY
            }),
        ),
        Scenario::new(
            "negotiation-forged",
            "somebody sends offers that nobody signed, and nothing comes of them",
            "2 forged offers, 1 message lost",
            world(Setting { faults: Faults { forge: 2, lose: 1, ..NO_FAULTS }, ..ANY }),
        ),
        Scenario::new(
            "negotiation-liar",
            "Bob says whatever he can make from his key and what he has seen: Suzie is bound by nothing that she did \
             not sign",
            "any number of lies",
            || LiarsWorld::new(None),
        ),
        Scenario::new(
            "negotiation-lost-half-reminded",
            "the same as negotiation-lost-half, with reminders at any time",
            "1 half lost",
            world(Setting { faults: Faults { restore: 1, ..NO_FAULTS }, ..ANY }),
        )
        .long(),
        Scenario::new(
            "negotiation-expiry-overtaken",
            "the same as negotiation-expiry, and messages overtake each other",
            "1 message lost, 1 overtakes others, 1 crash, clocks that differ",
            world(Setting {
                expiry: true,
                faults: Faults { lose: 1, overtake: 1, crash: 1, ..NO_FAULTS },
                ..ANY
            }),
        )
        .long(),
        Scenario::new(
            "negotiation-change",
            "an open tally is changed, by offers of either that are accepted, refused, withdrawn and cross",
            "1 message lost, 1 overtakes others",
            world(Setting {
                revisions: 2,
                faults: Faults { lose: 1, overtake: 1, ..NO_FAULTS },
                ..ANY
            }),
        )
        .long(),
        Scenario::new(
            "negotiation-lost-again",
            "both sites are lost with their halves, one after the other",
            "2 halves lost, reminders where nothing is on its way",
            world(Setting {
                patient: true,
                faults: Faults { restore: 2, ..NO_FAULTS },
                ..ANY
            }),
        )
        .long(),
        Scenario::new(
            "negotiation-change-lost",
            "an open tally is changed while a site is lost with its half",
            "1 half lost, reminders where nothing is on its way",
            world(Setting {
                revisions: 2,
                patient: true,
                faults: Faults { restore: 1, ..NO_FAULTS },
                ..ANY
            }),
        )
        .long(),
    ]
}

fn planted() -> Vec<Scenario> {
    let plant = |plant, faults| Setting { plant: Some(plant), faults, ..BOTH_WANT };
    vec![
        Scenario::new(
            "negotiation-forgetful",
            "planted: a half is not on disk, so a crash loses it",
            "1 crash",
            world(plant(Plant::Forgets, Faults { crash: 1, ..NO_FAULTS })),
        )
        .planted(SIGNED_STAYS),
        Scenario::new(
            "negotiation-silent",
            "planted: nothing is ever said again",
            "1 message lost",
            world(Setting {
                revisions: 1,
                ..plant(Plant::Silent, Faults { lose: 1, ..NO_FAULTS })
            }),
        )
        .planted(DEADLOCK),
        Scenario::new(
            "negotiation-silent-change",
            "planted: nothing is ever said again, and an open tally is changed",
            "1 message lost",
            world(plant(Plant::Silent, Faults { lose: 1, ..NO_FAULTS })),
        )
        .planted(ONE_RECORD),
        Scenario::new(
            "negotiation-gives-back",
            "planted: whoever is asked gives an offer back, even where it has accepted it",
            "none",
            world(Setting { plant: Some(Plant::GivesBack), faults: NO_FAULTS, ..ANY }),
        )
        .planted(GIVEN_BACK),
        Scenario::new(
            "negotiation-unchecked",
            "planted: an offer counts as signed by whoever is said to have sent it",
            "1 forged offer",
            world(plant(Plant::Unchecked, Faults { forge: 1, ..NO_FAULTS })),
        )
        .planted(BOTH_SIGNED),
        Scenario::new(
            "negotiation-gullible",
            "planted: what Bob alone signed counts as signed by both, and Bob lies",
            "any number of lies",
            || LiarsWorld::new(Some(Plant::Gullible)),
        )
        .planted(BOTH_SIGNED),
    ]
}
