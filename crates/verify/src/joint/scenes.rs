//! The scenarios of a lift with its referees.

use super::setting::{Ends, Setting};
use super::world::World;
use crate::lift::audit::ATOMIC;
use crate::lift::setting::Shape;
use crate::scenario::Scenario;

/// Two sites and one referee.
const ONE: Setting = Setting {
    shape: Shape::Chain(2),
    seats: 1,
    silent: None,
    asks: 0b1111,
    passes: true,
    refuse: 1,
    die: 1,
    early: 0,
    restore: 0,
    forgets: false,
    ends: Ends::Free,
    most: 0,
};

/// Two sites and four referees, of whom the last is silent for ever.
const FOUR: Setting =
    Setting { seats: 4, silent: Some(3), passes: false, refuse: 0, die: 0, most: 4, ..ONE };

pub(crate) fn scenarios() -> Vec<Scenario> {
    let faults = "words lost, late and repeated, 1 site refuses, 1 site dies, the deadline passes";
    let silent = "1 of 4 referees is silent, words lost, late and repeated";
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
            "words lost, late and repeated, 1 site refuses, the deadline passes",
            Setting { shape: Shape::Circle(3), die: 0, ..ONE },
        ),
        of(
            "joint-one-went-back",
            "its only referee is restored from a backup: it signs nothing more, and all or nothing holds",
            "1 referee goes back, 1 site refuses, the deadline passes",
            Setting { die: 0, restore: 1, ends: Ends::Anywhere, ..ONE },
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
            "1 of 4 referees is silent, 1 site refuses, words lost, late and repeated",
            Setting { refuse: 1, ..FOUR },
        )
        .long(),
        of(
            "joint-four-late",
            "the same, and the deadline passes by each referee's own clock",
            "1 of 4 referees is silent, 1 site refuses, the deadline passes, words lost, late and repeated",
            Setting { refuse: 1, passes: true, asks: 0b0001, ..FOUR },
        )
        .long(),
        of(
            "joint-forgetful",
            "planted: its only referee is restored from a backup, and goes on as if nothing had happened",
            "1 referee goes back, the deadline passes",
            Setting { die: 0, restore: 1, forgets: true, ends: Ends::Anywhere, ..ONE },
        )
        .planted(ATOMIC),
    ]
}
