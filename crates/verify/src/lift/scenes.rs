//! The scenarios of one lift.

use super::audit::{ATOMIC, NO_LONELY_TIMEOUT, NO_THEFT};
use super::setting::{Faults, Plant, Setting, Shape};
use super::world::World;
use crate::liveness::DEADLOCK;
use crate::scenario::Scenario;

pub(super) const NO_FAULTS: Faults = Faults { late: 0, refuse: 0, die: 0, restore: 0 };

const DIES: Faults = Faults { die: 1, ..NO_FAULTS };

/// Nobody lies, nothing is refused, the deadline is far away.
pub(super) const CALM: Setting = Setting {
    shape: Shape::Chain(3),
    sites: None,
    liars: &[0],
    passes: false,
    faults: Faults { late: 1, ..NO_FAULTS },
    left_out: 0,
    forgets: 0,
    mortal: 0b1111,
    plant: None,
    others_ask: true,
    ends_valid: true,
};

/// Whatever may go wrong but lies.
pub(super) const HONEST: Setting = Setting {
    passes: true,
    faults: Faults { late: 1, refuse: 1, die: 1, restore: 0 },
    ends_valid: false,
    ..CALM
};

/// Any one site lies.
pub(super) const LIAR: Setting = Setting { faults: Faults { refuse: 1, ..NO_FAULTS }, ..HONEST };

/// Payer's and payee's sites keep nothing of a lift that they have lost.
const LOST: Setting =
    Setting { faults: Faults { restore: 1, refuse: 1, ..NO_FAULTS }, forgets: 0b101, ..HONEST };

/// Two sites that lie lay a lift out among themselves, of which the first leg is over the tally of a third.
const NEVER_SAID: Setting = Setting { liars: &[0b110], left_out: 0b001, faults: NO_FAULTS, ..LIAR };

/// Only words, and the referee asked by who collects; the deadline never passes.
const fn refused(shape: Shape) -> Setting {
    let faults = Faults { late: 1, refuse: 1, ..NO_FAULTS };
    Setting { shape, passes: false, others_ask: false, faults, ..HONEST }
}

pub(super) fn world(setting: Setting) -> impl Fn() -> World {
    move || World::new(setting)
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut all = honest();
    all.push(lost());
    all.extend(liars());
    all.extend(planted());
    all.extend(super::ways::scenarios());
    all
}

fn honest() -> Vec<Scenario> {
    let of = |shape| Setting { shape, ..HONEST };
    let faults = "1 word late or repeated, 1 site refuses, 1 site dies, the deadline passes";
    let shape = |name, says, shape| Scenario::new(name, says, faults, world(of(shape)));
    vec![
        Scenario::new(
            "lift-calm",
            "where nothing goes wrong, a payment over three sites is valid at all of them",
            "1 word late or repeated, others lost",
            world(CALM),
        ),
        Scenario::new(
            "lift-calm-circle",
            "where nothing goes wrong, a clearing around three sites is valid at all of them",
            "1 word late or repeated, others lost",
            world(Setting { shape: Shape::Circle(3), ..CALM }),
        ),
        shape(
            "lift-two",
            "a payment between two sites: all or nothing, and nobody stays locked",
            Shape::Chain(2),
        ),
        shape("lift-three", "the same over three sites", Shape::Chain(3)),
        shape("lift-circle-two", "a clearing between two sites", Shape::Circle(2)),
        Scenario::new(
            "lift-circle-three",
            "a clearing around three sites, of which one refuses",
            "1 site refuses, the deadline passes",
            world(Setting { faults: Faults { refuse: 1, ..NO_FAULTS }, ..of(Shape::Circle(3)) }),
        ),
        Scenario::new(
            "lift-refused",
            "a payment over three sites is refused: who promised is free again by words alone, before the deadline",
            "1 site refuses, 1 word late or repeated",
            world(refused(Shape::Chain(3))),
        ),
        Scenario::new(
            "lift-refused-circle",
            "the same around three sites",
            "1 site refuses, 1 word late or repeated",
            world(refused(Shape::Circle(3))),
        ),
        Scenario::new(
            "lift-restored",
            "a site goes back to before it had heard of the lift: all or nothing nevertheless",
            "1 site goes back, 1 refuses, the deadline passes",
            world(Setting {
                faults: Faults { restore: 1, refuse: 1, ..NO_FAULTS },
                ..of(Shape::Chain(3))
            }),
        ),
        Scenario::new(
            "lift-four",
            "a payment over four sites, of which one refuses or dies",
            faults,
            world(of(Shape::Chain(4))),
        )
        .long(),
        shape("lift-circle-three-all", "a clearing around three sites", Shape::Circle(3)).long(),
        Scenario::new(
            "lift-circle-four",
            "a clearing around four sites, of which one refuses or dies",
            "1 site refuses, 1 site dies, the deadline passes",
            world(Setting {
                faults: Faults { refuse: 1, die: 1, ..NO_FAULTS },
                ..of(Shape::Circle(4))
            }),
        )
        .long(),
    ]
}

fn lost() -> Scenario {
    let says = "a payer's or payee's site goes back to before the lift was laid out: what is decided comes back";
    Scenario::new(
        "lift-lost",
        says,
        "1 site goes back and has lost all, 1 refuses, the deadline passes",
        world(LOST),
    )
}

fn liars() -> Vec<Scenario> {
    let faults = "any number of lies, 1 honest site refuses, the deadline passes";
    let of = |name, says, setting| Scenario::new(name, says, faults, world(setting));
    vec![
        of(
            "lift-liar",
            "any one of three sites on the way of a payment says what it can make: no honest one is hurt or locked",
            Setting { liars: &[0b001, 0b010, 0b100], ..LIAR },
        ),
        of(
            "lift-liars-around-one",
            "any two of three sites lie together: the third is not hurt or locked",
            Setting { liars: &[0b011, 0b101, 0b110], ..LIAR },
        ),
        of(
            "lift-never-said",
            "two sites lay a lift out over a third one's tally, and lie: it owes nothing",
            NEVER_SAID,
        ),
        of(
            "lift-lost-liar",
            "a payer's or payee's site has lost the lift, and its neighbour lies: it is bound by what it said itself alone",
            Setting { liars: &[0b010], faults: Faults { restore: 1, ..NO_FAULTS }, ..LOST },
        ),
        of(
            "lift-liar-circle",
            "the same around three sites",
            Setting { shape: Shape::Circle(3), liars: &[0b001, 0b010, 0b100], ..LIAR },
        )
        .long(),
        of(
            "lift-liars",
            "the two sites between payer and payee lie together",
            Setting { shape: Shape::Chain(4), liars: &[0b0110], ..LIAR },
        )
        .long(),
    ]
}

fn planted() -> Vec<Scenario> {
    let plant = |plant, faults| Setting { plant: Some(plant), faults, ..HONEST };
    vec![
        Scenario::new(
            "lift-own-clock",
            "planted: a site whose clock has passed the deadline takes the lift for void",
            "the deadline passes",
            world(plant(Plant::OwnClock, NO_FAULTS)),
        )
        .planted(NO_LONELY_TIMEOUT),
        Scenario::new(
            "lift-stranded",
            "planted: only who collects asks the referee, and the site in the middle dies",
            "1 site dies, the deadline passes",
            world(Setting { others_ask: false, mortal: 0b010, faults: DIES, ..HONEST }),
        )
        .planted(DEADLOCK),
        Scenario::new(
            "lift-never-decides",
            "planted: only who proposed a clearing asks the referee, and it dies",
            "1 site dies, the deadline passes",
            world(Setting {
                shape: Shape::Circle(3),
                others_ask: false,
                mortal: 0b001,
                faults: DIES,
                ..HONEST
            }),
        )
        .planted(DEADLOCK),
        Scenario::new(
            "lift-forgetful-referee",
            "planted: the referee forgets what it decided, and decides anew",
            "the deadline passes",
            world(plant(Plant::ForgetfulReferee, NO_FAULTS)),
        )
        .planted(ATOMIC),
        Scenario::new(
            "lift-any-key",
            "planted: promises count whoever's keys they are signed with, and the site in the middle lies",
            "any number of lies",
            world(Setting { liars: &[0b010], plant: Some(Plant::AnyKey), ..LIAR }),
        )
        .planted(NO_THEFT),
        Scenario::new(
            "lift-any-referee",
            "planted: a decision counts whoever its referee is, and the site in the middle lies",
            "any number of lies",
            world(Setting { liars: &[0b010], plant: Some(Plant::AnyReferee), ..LIAR }),
        )
        .planted(ATOMIC),
        Scenario::new(
            "lift-former-agent",
            "planted: what is said with the key of a site's agent of before counts, and who has that key lies",
            "any number of lies",
            world(Setting { plant: Some(Plant::FormerAgent), ..NEVER_SAID }),
        )
        .planted(NO_THEFT),
    ]
}
