//! The scenarios of two lifts that share tallies.

use protocol::Side;
use protocol::lift::Mode;

use super::audit::{ONCE, PROOF, SIGNED, TOLD_STAYS, WHOLE};
use super::setting::{Attempts, Between, Ends, Faults, Plant, Setting, Way};
use super::world::World;
use crate::lift::audit::{DURABLE, NO_LONELY_TIMEOUT, ONE_WORD};
use crate::lift::cast::UNITS_MILLI;
use crate::lift::setting::Shape;
use crate::liveness::{DEADLOCK, LIVELOCK};
use crate::scenario::Scenario;

const LIMITS: [i64; 2] = [UNITS_MILLI; 2];

/// A foil at site 0 and a stock at site 1, each of whom may owe what one lift moves.
const ONE: &[Between] = &[Between { sites: [1, 0], limits: LIMITS, owes: None }];
/// The foil owes already what it may.
const FULL: &[Between] =
    &[Between { sites: [1, 0], limits: LIMITS, owes: Some((Side::Foil, UNITS_MILLI)) }];
/// There is room for both lifts.
const WIDE: &[Between] = &[Between { sites: [1, 0], limits: [2 * UNITS_MILLI; 2], owes: None }];
/// Two tallies between two users, of which the second has no room.
const TWO: &[Between] = &[ONE[0], FULL[0]];
/// Three sites in a row, and around: the taker of each leg owes to its giver what one lift moves.
const AROUND: &[Between] = &[
    Between { sites: [1, 0], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
    Between { sites: [2, 1], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
    Between { sites: [0, 2], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
];
const BACK_AND_FORTH: &[Between] = &[
    Between { sites: [1, 0], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
    Between { sites: [0, 1], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
];
const ROW: &[Between] = &[
    Between { sites: [1, 0], limits: LIMITS, owes: None },
    Between { sites: [2, 1], limits: LIMITS, owes: None },
];

const LONG_ROW: &[Between] =
    &[ROW[0], ROW[1], Between { sites: [3, 2], limits: LIMITS, owes: None }];
/// Around three sites, and around two of them and a fourth: 0, 1, 2 and 3, 0, 1.
const TWO_ROUNDS: &[Between] = &[
    AROUND[0],
    AROUND[1],
    AROUND[2],
    Between { sites: [0, 3], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
    Between { sites: [3, 1], limits: LIMITS, owes: Some((Side::Stock, UNITS_MILLI)) },
];

const fn pays(shape: Shape, sites: &'static [usize], tallies: &'static [usize]) -> Way {
    Way { shape, mode: Mode::Payment, sites, tallies }
}

const fn clears(shape: Shape, sites: &'static [usize], tallies: &'static [usize]) -> Way {
    Way { shape, mode: Mode::Clearing, sites, tallies }
}

const THERE: Way = pays(Shape::Chain(2), &[0, 1], &[0]);
const HITHER: Way = pays(Shape::Chain(2), &[1, 0], &[0]);

const NO_FAULTS: Faults = Faults { late: 0, cut: 0, crash: 0, die: 0 };

/// Two payments over one tally, from site 0 to site 1.
const SAME_WAY: Setting = Setting {
    tallies: ONE,
    lifts: &[THERE, THERE],
    invoice: None,
    attempts: Attempts::No,
    passes: true,
    others_ask: true,
    faults: NO_FAULTS,
    again: false,
    frees: 0,
    ends: Ends::Decided,
    plant: None,
};

/// The same, where no deadline passes.
const BY_WORDS: Setting = Setting { passes: false, ..SAME_WAY };

/// Two payments over two tallies.
const SIDE_BY_SIDE: Setting =
    Setting { tallies: TWO, lifts: &[THERE, pays(Shape::Chain(2), &[0, 1], &[1])], ..SAME_WAY };

/// One each way, where the first has no room unless the second makes it.
const OPPOSITE: Setting = Setting { tallies: FULL, lifts: &[THERE, HITHER], ..SAME_WAY };

/// Two payments over one tally with room for both.
const WIDE_ROOM: Setting =
    Setting { tallies: WIDE, passes: false, ends: Ends::Valid(2), ..SAME_WAY };

const LATE: Faults = Faults { late: 1, ..NO_FAULTS };
const CRASH: Faults = Faults { crash: 1, ..NO_FAULTS };

const fn with(setting: Setting, faults: Faults) -> Setting {
    Setting { faults, ..setting }
}

/// One payment, which has no room unless an invoice is paid.
const INVOICE: Setting = Setting {
    tallies: FULL,
    lifts: &[THERE],
    invoice: Some((0, Side::Stock, UNITS_MILLI)),
    ..SAME_WAY
};

/// Both sites propose the same clearing between them; only words, and no deadline, ends what is refused.
const CIRCLES: Setting = Setting {
    tallies: BACK_AND_FORTH,
    lifts: &[
        clears(Shape::Circle(2), &[0, 1], &[0, 1]),
        clears(Shape::Circle(2), &[1, 0], &[1, 0]),
    ],
    passes: false,
    others_ask: false,
    ..SAME_WAY
};

/// The same around three sites, proposed by two of them.
const CIRCLES_OF_THREE: Setting = Setting {
    tallies: AROUND,
    lifts: &[
        clears(Shape::Circle(3), &[0, 1, 2], &[0, 1, 2]),
        clears(Shape::Circle(3), &[1, 2, 0], &[1, 2, 0]),
    ],
    ..CIRCLES
};

/// A payment over three sites, and one over its second tally.
const LONGER: Setting = Setting {
    tallies: ROW,
    lifts: &[pays(Shape::Chain(3), &[0, 1, 2], &[0, 1]), pays(Shape::Chain(2), &[1, 2], &[1])],
    ..SAME_WAY
};

/// Four sites in a row: a payment over the first three and one over the last three share the tally in the middle.
const CHAINS_OF_FOUR: Setting = Setting {
    tallies: LONG_ROW,
    lifts: &[
        pays(Shape::Chain(3), &[0, 1, 2], &[0, 1]),
        pays(Shape::Chain(3), &[1, 2, 3], &[1, 2]),
    ],
    ..SAME_WAY
};

/// Two clearings, each around three of four sites, that share the tally between the two that are in both.
const CIRCLES_OF_FOUR: Setting = Setting {
    tallies: TWO_ROUNDS,
    lifts: &[
        clears(Shape::Circle(3), &[0, 1, 2], &[0, 1, 2]),
        clears(Shape::Circle(3), &[3, 0, 1], &[3, 0, 4]),
    ],
    ..CIRCLES
};

pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut all = shared();
    all.extend(faulty());
    all.extend(four());
    all.extend(attempts());
    all.extend(blocked());
    all.extend(planted());
    all
}

fn world(setting: Setting) -> impl Fn() -> World {
    move || World::new(setting)
}

fn shared() -> Vec<Scenario> {
    let of = |name, says, faults, setting| Scenario::new(name, says, faults, world(setting));
    let late = "words lost and repeated, the deadlines pass";
    vec![
        of(
            "rooms-same-way",
            "two payments over one tally with room for one: never more is owed than was signed, and both are decided",
            late,
            SAME_WAY,
        ),
        of(
            "rooms-wide",
            "two payments over one tally with room for both: both are valid",
            "words lost and repeated",
            WIDE_ROOM,
        ),
        of(
            "rooms-opposite",
            "a payment has room only where another one the other way is valid: what is promised makes no room",
            late,
            OPPOSITE,
        ),
        of(
            "rooms-invoice",
            "a payment has room only where an invoice is paid: it is no room before that",
            "words lost and repeated, the deadline passes, the invoice is paid or refused",
            INVOICE,
        ),
        of(
            "rooms-same-way-dies",
            "two payments over one tally with room for one, and a site dies",
            "1 site dies, words lost and repeated, the deadlines pass",
            Setting { faults: Faults { die: 1, ..NO_FAULTS }, ..SAME_WAY },
        ),
        of(
            "rooms-freed",
            "two payments over one tally with room for one, and both users may free the first: both halves come to the same, whatever is decided and heard first",
            "words lost and repeated, the deadlines pass, users sign that the first is free",
            Setting { frees: 1, ..SAME_WAY },
        ),
        of(
            "rooms-longer",
            "a payment over three sites and one over its second tally: room for one of them",
            late,
            LONGER,
        )
        .long(),
    ]
}

/// Words that come late or again, talks that break off, and sites that stop before they have written.
fn faulty() -> Vec<Scenario> {
    let of = |name, says, faults, setting| Scenario::new(name, says, faults, world(setting));
    let late = "1 word late or repeated, others lost, the deadlines pass";
    vec![
        of(
            "rooms-same-way-old",
            "two payments over one tally with room for one, and an old word arrives late, and again",
            late,
            with(SAME_WAY, LATE),
        ),
        of(
            "rooms-wide-old",
            "two payments over one tally with room for both: old words of sites and halves arrive late, and again, and a talk of both halves breaks off",
            "1 word late or repeated, 1 talk breaks off, others lost",
            with(WIDE_ROOM, Faults { cut: 1, ..LATE }),
        ),
        of(
            "rooms-circles-old",
            "two sites propose the same clearing, and an old word arrives late, and again",
            "1 word late or repeated, others lost",
            with(CIRCLES, LATE),
        ),
        of(
            "rooms-same-way-crash",
            "two payments over one tally with room for one, and a site stops before it has written: what it has told stays",
            "1 site stops before it has written, words lost",
            with(BY_WORDS, CRASH),
        ),
        of(
            "rooms-wide-crash",
            "two payments over one tally with room for both, and a site stops before it has written: both are valid",
            "1 site stops before it has written, words lost",
            with(WIDE_ROOM, CRASH),
        ),
        of(
            "rooms-invoice-crash",
            "a payment has room only where an invoice is paid, and a site stops before it has written: what the partner was told of stays",
            "1 site stops before it has written, words lost, the deadline passes, the invoice is paid or refused",
            with(INVOICE, CRASH),
        ),
        of(
            "rooms-opposite-old",
            "a payment has room only where another one the other way is valid, and an old word arrives late, and again",
            late,
            with(OPPOSITE, LATE),
        )
        .long(),
        of(
            "rooms-circles-crash",
            "two sites propose the same clearing, and one of them stops before it has written",
            "1 site stops before it has written, words lost",
            with(CIRCLES, CRASH),
        )
        .long(),
        of(
            "rooms-same-way-all",
            "two payments over one tally with room for one, whatever goes wrong",
            "1 word late or repeated, 1 talk breaks off, 1 site stops before it has written, the deadlines pass",
            with(SAME_WAY, Faults { late: 1, cut: 1, crash: 1, die: 0 }),
        )
        .long(),
    ]
}

/// Two lifts among four sites.
fn four() -> Vec<Scenario> {
    let of = |name, says, faults, setting| Scenario::new(name, says, faults, world(setting));
    vec![
        of(
            "rooms-chains-four",
            "four sites in a row: a payment over the first three and one over the last three have room for one of them",
            "words lost and repeated, the deadlines pass",
            CHAINS_OF_FOUR,
        )
        .long(),
        of(
            "rooms-circles-four",
            "four sites: two clearings, each around three of them, over the same debt between the two that are in both",
            "words lost and repeated",
            CIRCLES_OF_FOUR,
        )
        .long(),
    ]
}

/// Two attempts of one payment.
const AGAIN: Setting = Setting { tallies: WIDE, attempts: Attempts::InTurn, ..SAME_WAY };

fn attempts() -> Vec<Scenario> {
    let late = "words lost and repeated, the deadlines pass";
    let of = |name, says, setting| Scenario::new(name, says, late, world(setting));
    vec![
        of(
            "rooms-tried-again",
            "a payment is tried again where the first attempt came to nothing: it is made once",
            AGAIN,
        ),
        of(
            "rooms-tried-at-once",
            "the payer's site begins two attempts of one payment, as one that lies or has forgotten: it is made once",
            Setting { attempts: Attempts::AtOnce, ..AGAIN },
        ),
        Scenario::new(
            "rooms-paid-twice",
            "planted: the payer's site begins two attempts of one payment, and the payee's promises both",
            late,
            world(Setting {
                attempts: Attempts::AtOnce,
                plant: Some(Plant::PromisesTwice),
                ..AGAIN
            }),
        )
        .planted(ONCE),
    ]
}

fn blocked() -> Vec<Scenario> {
    let words = "words lost and repeated";
    let of = |name, says, setting| Scenario::new(name, says, words, world(setting));
    vec![
        of(
            "rooms-circles",
            "two sites propose the same clearing: where each blocks the other, both are refused, and free by words alone",
            CIRCLES,
        ),
        of(
            "rooms-circles-again",
            "the same, and who came to nothing tries again after a pause drawn by chance: one is valid in the end",
            Setting { again: true, ends: Ends::Valid(1), ..CIRCLES },
        ),
        of(
            "rooms-circles-three",
            "two clearings around the same three sites, proposed by two of them",
            CIRCLES_OF_THREE,
        )
        .long(),
    ]
}

fn planted() -> Vec<Scenario> {
    let words = "words lost and repeated";
    let plant = |name, says, plant, setting| {
        Scenario::new(name, says, words, world(Setting { plant: Some(plant), ..setting }))
    };
    vec![
        plant(
            "rooms-invoice-counted",
            "planted: an unpaid invoice counts as room",
            Plant::InvoiceIsRoom,
            INVOICE,
        )
        .planted(SIGNED),
        plant(
            "rooms-promise-counted",
            "planted: what is promised the other way counts as room",
            Plant::PromiseIsRoom,
            OPPOSITE,
        )
        .planted(SIGNED),
        Scenario::new(
            "rooms-announced-first",
            "planted: a half tells its partner of a chit before its own site has written it, and the site stops",
            "1 site stops before it has written",
            world(Setting { plant: Some(Plant::AnnouncedFirst), ..with(INVOICE, CRASH) }),
        )
        .planted(TOLD_STAYS),
        plant(
            "rooms-nothing-aside",
            "planted: a promise sets nothing aside",
            Plant::NothingAside,
            SAME_WAY,
        )
        .planted(SIGNED),
        plant(
            "rooms-before-decided",
            "planted: a chit counts as soon as its lift is promised",
            Plant::BeforeDecided,
            SAME_WAY,
        )
        .planted(PROOF),
        plant(
            "rooms-lift-for-each-part",
            "planted: each part of a payment is a lift of its own, and one of them finds no room",
            Plant::EachALift,
            SIDE_BY_SIDE,
        )
        .planted(WHOLE),
        Scenario::new(
            "rooms-said-first",
            "planted: a site tells others what it has not written, and stops",
            "1 site stops before it has written",
            world(Setting { plant: Some(Plant::SaidFirst), ..with(BY_WORDS, CRASH) }),
        )
        .planted(ONE_WORD),
        Scenario::new(
            "rooms-promised-first",
            "planted: a site writes that it promises before it writes what it sets aside, and stops in between",
            "1 site stops before it has written",
            world(Setting { plant: Some(Plant::PromisedFirst), ..with(BY_WORDS, CRASH) }),
        )
        .planted(DURABLE),
        Scenario::new(
            "rooms-last-word",
            "planted: a site takes the last word for all that its neighbour says, and an old one frees what it has set aside",
            "1 word late or repeated, others lost",
            world(Setting { plant: Some(Plant::LastWord), ..with(BY_WORDS, LATE) }),
        )
        .planted(NO_LONELY_TIMEOUT),
        plant(
            "rooms-freed-by-one",
            "planted: one user's word alone frees what is set aside",
            Plant::FreedByOne,
            Setting { frees: 1, ..SAME_WAY },
        )
        .planted(NO_LONELY_TIMEOUT),
        plant(
            "rooms-waiting",
            "planted: a site without room waits for it, neither promising nor refusing",
            Plant::WaitsForRoom,
            CIRCLES,
        )
        .planted(DEADLOCK),
        plant(
            "rooms-at-once",
            "planted: two that blocked each other try again at once, again and again",
            Plant::AtOnce,
            Setting { again: true, ends: Ends::Valid(1), ..CIRCLES },
        )
        .planted(LIVELOCK),
        plant(
            "rooms-never-compare",
            "planted: halves link chits in different orders, and nobody compares their chains",
            Plant::NeverCompare,
            Setting { tallies: WIDE, passes: false, ends: Ends::Valid(2), ..SAME_WAY },
        )
        .planted(DEADLOCK),
    ]
}
