//! The scenarios of referees that agree.

use super::anytime::Anytime;
use super::audit::{NO_CONTRADICTION, ONE_OUTCOME, VALID};
use super::ends::Ends;
use super::setting::{COMMIT, Plant, Setting, VOID};
use crate::liveness::DEADLOCK;
use crate::scenario::Scenario;

const BOTH: u8 = COMMIT | VOID;

/// Four referees, all honest, who may see anything at any time.
const FOUR: Setting = Setting {
    seats: 4,
    dead: None,
    liar: None,
    knows: [0; 4],
    may_see: [BOTH; 4],
    last: 1,
    ahead: true,
    torn: 0,
    early: 0,
    lies: 0,
    most: 0,
    plant: None,
};

const ONE: Setting = Setting { seats: 1, last: 0, ..FOUR };
/// The last of them is dead; it would propose last.
const SILENT: Setting = Setting { dead: Some(3), ..FOUR };
/// The last of them lies, the first has seen evidence to commit, the second to void, the third both.
const LIAR: Setting =
    Setting { liar: Some(3), knows: [COMMIT, VOID, BOTH, 0], may_see: [0; 4], ..FOUR };
/// The first, who proposes first, lies.
const PROPOSER: Setting = Setting { liar: Some(0), knows: [0, COMMIT, VOID, VOID], ..LIAR };

pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut all = anytime();
    all.extend(ends());
    all.extend(planted());
    all
}

fn any(setting: Setting) -> impl Fn() -> Anytime {
    move || Anytime::new(setting)
}

fn to_end(setting: Setting) -> impl Fn() -> Ends {
    move || Ends::new(setting)
}

/// What must never be, whenever anything arrives and any time passes.
fn anytime() -> Vec<Scenario> {
    const LINE: &str =
        "any number of messages lost, doubled, late; times that pass at any time; crashes";
    const LIES: &str = "any number of lies; any messages lost, doubled, late; times that pass at any time; crashes";
    vec![
        Scenario::new(
            "agreement-one",
            "a referee alone decides once, for what it has seen evidence for",
            LINE,
            any(ONE),
        ),
        Scenario::new(
            "agreement-silent",
            "one of four is silent for ever, evidence comes whenever it likes: two rounds",
            LINE,
            any(SILENT),
        ),
        Scenario::new(
            "agreement-silent-first",
            "the one that proposes first is silent for ever, evidence comes whenever it likes: three rounds",
            LINE,
            any(Setting { dead: Some(0), last: 2, ..SILENT }),
        ),
        Scenario::new(
            "agreement-liar",
            "one of four says to each whatever it can make, the others have seen different evidence: one round",
            LIES,
            any(Setting { last: 0, ..LIAR }),
        ),
        Scenario::new(
            "agreement-liar-proposes",
            "the same, and the one that lies proposes",
            LIES,
            any(Setting { last: 0, ..PROPOSER }),
        ),
        Scenario::new(
            "agreement-liar-alone",
            "the one that proposes lies, and nobody else has evidence to commit: nobody commits",
            LIES,
            any(Setting { last: 0, knows: [0, VOID, VOID, VOID], ..PROPOSER }),
        ),
        Scenario::new(
            "agreement-liar-evidence",
            "one of four lies, evidence comes whenever it likes: one round",
            LIES,
            any(Setting { last: 0, may_see: [BOTH; 4], knows: [0; 4], ..LIAR }),
        )
        .long(),
        Scenario::new(
            "agreement-liar-proposes-evidence",
            "the one that proposes lies, evidence comes whenever it likes: one round",
            LIES,
            any(Setting { last: 0, may_see: [BOTH; 4], knows: [0; 4], ..PROPOSER }),
        )
        .long(),
        Scenario::new(
            "agreement-liar-again",
            "one of four lies, the others have seen different evidence: two rounds, and it votes in each when who \
             hears it is there",
            LIES,
            any(Setting { ahead: false, ..LIAR }),
        )
        .long(),
    ]
}

/// All is decided, once faults stop.
fn ends() -> Vec<Scenario> {
    vec![
        Scenario::new("agreement-one-ends", "a referee alone decides", "crashes", to_end(ONE)),
        Scenario::new(
            "agreement-silent-ends",
            "one of four is silent for ever: the others decide without it",
            "1 time passes too early, of what one says all but 1 message are lost once, crashes",
            to_end(Setting { early: 1, torn: 1, most: 8, ..SILENT }),
        ),
        Scenario::new(
            "agreement-silent-first-ends",
            "the one that proposes first is silent for ever: the others decide without it",
            "1 time passes too early, of what one says all but 1 message are lost once, crashes",
            to_end(Setting { dead: Some(0), early: 1, torn: 1, most: 8, ..SILENT }),
        ),
        Scenario::new(
            "agreement-split",
            "two have seen evidence to commit, two to void, of whom one is dead: the others decide without it",
            "2 times pass too early, crashes",
            to_end(Setting {
                knows: [COMMIT, COMMIT, VOID, 0],
                may_see: [0; 4],
                early: 2,
                most: 12,
                ..SILENT
            }),
        ),
        Scenario::new(
            "agreement-liar-ends",
            "one of four lies, and is then silent: the others decide",
            "1 lie, crashes",
            to_end(Setting { knows: [0; 4], may_see: [BOTH; 4], lies: 1, most: 8, ..LIAR }),
        ),
        Scenario::new(
            "agreement-often-early",
            "one of four is silent for ever: the others decide without it",
            "3 times pass too early, crashes",
            to_end(Setting { early: 3, most: 16, ..SILENT }),
        )
        .long(),
        Scenario::new(
            "agreement-lies-end",
            "the one that proposes first lies, and is then silent: the others decide",
            "2 lies, crashes",
            to_end(Setting { lies: 2, most: 8, ..PROPOSER }),
        )
        .long(),
    ]
}

fn planted() -> Vec<Scenario> {
    let plant = |plant, setting| Setting { plant: Some(plant), last: 0, ..setting };
    vec![
        Scenario::new(
            "agreement-amnesia",
            "planted: a referee's state is not on disk, so a crash loses it",
            "crashes",
            any(plant(Plant::Amnesia(1), SILENT)),
        )
        .planted(NO_CONTRADICTION),
        Scenario::new(
            "agreement-late-write",
            "planted: a referee sends before its state is on disk, and a crash comes between",
            "crashes",
            any(plant(Plant::LateWrite(1), SILENT)),
        )
        .planted(NO_CONTRADICTION),
        Scenario::new(
            "agreement-unchecked",
            "planted: nobody checks whose signature is under a vote, and one lies",
            "any number of lies",
            any(plant(Plant::Unchecked, LIAR)),
        )
        .planted(ONE_OUTCOME),
        Scenario::new(
            "agreement-gullible",
            "planted: a proposal counts as evidence, and who proposes lies",
            "any number of lies",
            any(plant(Plant::Gullible, Setting { knows: [0, VOID, VOID, VOID], ..PROPOSER })),
        )
        .planted(VALID),
        Scenario::new(
            "agreement-mute",
            "planted: a referee stops to say again what it has said, and another is silent for ever",
            "none",
            to_end(Setting { most: 8, ..plant(Plant::Mute(1), SILENT) }),
        )
        .planted(DEADLOCK),
    ]
}
