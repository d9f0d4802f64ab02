//! The scenarios of a lift with its referees.

use super::setting::{Ends, Faults, Plant, Setting};
use super::world::World;
use crate::lift::audit::{ATOMIC, ONE_WORD};
use crate::lift::setting::Shape;
use crate::scenario::Scenario;

const NO_FAULTS: Faults = Faults { late: 0, refuse: 0, die: 0, crash: 0, early: 0, restore: 0 };

/// Nobody dies, and one site refuses.
const REFUSES: Faults = Faults { refuse: 1, ..NO_FAULTS };

/// The same, and a referee goes back.
const BACK: Faults = Faults { restore: 1, ..REFUSES };

/// Two sites and one referee.
const ONE: Setting = Setting {
    shape: Shape::Chain(2),
    seats: 1,
    silent: None,
    asks: 0b1111,
    passes: true,
    faults: Faults { refuse: 1, die: 1, ..NO_FAULTS },
    plant: None,
    ends: Ends::Decided,
    most: 0,
};

/// Two sites and four referees, of whom the last is silent for ever.
const FOUR: Setting =
    Setting { seats: 4, silent: Some(3), passes: false, faults: NO_FAULTS, most: 4, ..ONE };

pub(crate) fn scenarios() -> Vec<Scenario> {
    let faults = "words lost and repeated, 1 site refuses, 1 site dies, the deadline passes";
    let silent = "1 of 4 referees is silent, words lost and repeated";
    let of = |name, says, faults, setting: Setting| {
        Scenario::new(name, says, faults, move || World::new(setting))
    };
    vec![
        of(
            "joint-one",
            "a payment between two sites with the machine of its only referee: all or nothing, and nobody stays locked",
            faults,
            ONE,
        ),
        of(
            "joint-one-three",
            "the same over three sites",
            faults,
            Setting { shape: Shape::Chain(3), ..ONE },
        ),
        of(
            "joint-one-circle",
            "a clearing around three sites with the machine of its only referee",
            "words lost and repeated, 1 site refuses, the deadline passes",
            Setting { shape: Shape::Circle(3), faults: REFUSES, ..ONE },
        ),
        of(
            "joint-one-went-back",
            "its only referee is restored from a backup: it signs nothing more, and all or nothing holds",
            "1 referee goes back, 1 site refuses, the deadline passes",
            Setting { faults: BACK, ends: Ends::Anywhere, ..ONE },
        ),
        of(
            "joint-one-all",
            "a payment between two sites and its only referee, whatever goes wrong",
            "2 words late or repeated, others lost, 1 site or referee stops before it has written, 1 site refuses, 1 site dies, the deadline passes",
            Setting { faults: Faults { late: 2, crash: 1, ..ONE.faults }, ..ONE },
        ),
        of(
            "joint-one-three-old",
            "a payment over three sites and its only referee, and an old word, question or certificate arrives late, and again",
            "1 word late or repeated, others lost, 1 site refuses, the deadline passes",
            Setting { shape: Shape::Chain(3), faults: Faults { late: 1, ..REFUSES }, ..ONE },
        ),
        of(
            "joint-one-three-crash",
            "a payment over three sites and its only referee, one of whom stops before it has written",
            "1 site or referee stops before it has written, words lost, 1 site refuses, the deadline passes",
            Setting { shape: Shape::Chain(3), faults: Faults { crash: 1, ..REFUSES }, ..ONE },
        ),
        of(
            "joint-one-three-all",
            "a payment over three sites and its only referee, whatever goes wrong",
            "1 word late or repeated, others lost, 1 site or referee stops before it has written, 1 site refuses, 1 site dies, the deadline passes",
            Setting { shape: Shape::Chain(3), faults: Faults { late: 1, crash: 1, ..ONE.faults }, ..ONE },
        )
        .long(),
        of(
            "joint-one-circle-all",
            "a clearing around three sites and its only referee, whatever goes wrong but that a site dies",
            "1 word late or repeated, others lost, 1 site or referee stops before it has written, 1 site refuses, the deadline passes",
            Setting { shape: Shape::Circle(3), faults: Faults { late: 1, crash: 1, ..REFUSES }, ..ONE },
        )
        .long(),
        of(
            "joint-said-first",
            "planted: sites and their referee tell others what they have not written, and one stops",
            "1 site or referee stops before it has written, 1 site refuses, the deadline passes",
            Setting { faults: Faults { crash: 1, ..REFUSES }, plant: Some(Plant::SaidFirst), ..ONE },
        )
        .planted(ONE_WORD),
        of(
            "joint-last-question",
            "planted: a referee takes the last question of a site for all that it has, and an old one takes back what was brought",
            "1 word late or repeated, others lost, the deadline passes",
            Setting {
                faults: Faults { late: 1, ..NO_FAULTS },
                plant: Some(Plant::LastQuestion),
                ..ONE
            },
        )
        .planted(ATOMIC),
        of(
            "joint-four-old",
            "a payment between two sites is valid, decided by four referees of whom one is silent, and what is old arrives late, and again",
            "1 of 4 referees is silent, 1 word late or repeated, others lost",
            Setting { ends: Ends::Valid, faults: Faults { late: 1, ..NO_FAULTS }, ..FOUR },
        ),
        of(
            "joint-four-crash",
            "the same, where a site or referee stops before it has written",
            "1 of 4 referees is silent, 1 site or referee stops before it has written, words lost",
            Setting { ends: Ends::Valid, faults: Faults { crash: 1, ..NO_FAULTS }, ..FOUR },
        ),
        of(
            "joint-four",
            "a payment between two sites is valid, decided by four referees of whom one is silent",
            silent,
            Setting { ends: Ends::Valid, ..FOUR },
        ),
        of(
            "joint-four-refused",
            "the same, and a site refuses",
            "1 of 4 referees is silent, 1 site refuses, words lost and repeated",
            Setting { faults: REFUSES, ..FOUR },
        )
        .long(),
        of(
            "joint-four-late",
            "the same, and the deadline passes by each referee's own clock",
            "1 of 4 referees is silent, 1 site refuses, the deadline passes, words lost and repeated",
            Setting { faults: REFUSES, passes: true, asks: 0b0001, ..FOUR },
        )
        .long(),
        of(
            "joint-forgetful",
            "planted: its only referee is restored from a backup, and goes on as if nothing had happened",
            "1 referee goes back, the deadline passes",
            Setting { faults: BACK, plant: Some(Plant::Forgets), ends: Ends::Anywhere, ..ONE },
        )
        .planted(ATOMIC),
    ]
}
