//! The scenarios of a lift of which sites have several participants, and of where it ends.

use super::audit::{ARRIVES, WITHIN};
use super::cast::UNITS_MILLI;
use super::scenes::{CALM, HONEST, LIAR, NO_FAULTS, world};
use super::setting::{Faults, Plant, Setting, Shape, Signed, Sites};
use crate::liveness::DEADLOCK;
use crate::scenario::Scenario;

/// A payment of two parts, from a site to its neighbour over two tallies.
const TWO: Sites = Sites {
    of: &[0, 1, 0, 1],
    signed: Some(Signed { payee: 1, units_milli: 2 * UNITS_MILLI, most_milli: 2 * UNITS_MILLI }),
    gives_milli: UNITS_MILLI,
};
const TWO_WAYS: Shape = Shape::Ways(&[2, 2]);

/// One part from site to site, one by a site between.
const LONG: Sites =
    Sites { of: &[0, 2, 0, 1, 2], signed: Some(Signed { payee: 2, ..SIGNED_TWICE }), ..TWO };
const LONG_WAYS: Shape = Shape::Ways(&[2, 3]);

const SIGNED_TWICE: Signed =
    Signed { payee: 1, units_milli: 2 * UNITS_MILLI, most_milli: 2 * UNITS_MILLI };

/// Both parts by another site between.
const APART: Sites =
    Sites { of: &[0, 1, 3, 0, 2, 3], signed: Some(Signed { payee: 3, ..SIGNED_TWICE }), ..TWO };

/// Both parts by one site between, to which they are two lifts of one name.
const BETWEEN: Sites =
    Sites { of: &[0, 1, 2, 0, 1, 2], signed: Some(Signed { payee: 2, ..SIGNED_TWICE }), ..TWO };
const TWO_LONG_WAYS: Shape = Shape::Ways(&[3, 3]);

/// A clearing among three sites: it goes out by one participant of its site and comes back by another.
const ROUND: Sites = Sites { of: &[0, 1, 2, 0], signed: None, ..TWO };
const ONE_WAY: Shape = Shape::Ways(&[4]);

/// Whatever may go wrong but lies.
const ANY: Setting = Setting { shape: TWO_WAYS, sites: Some(TWO), ..HONEST };

/// Only words, and the referee asked by who collects; the deadline never passes.
const WORDS: Setting = Setting {
    passes: false,
    others_ask: false,
    faults: Faults { late: 1, refuse: 1, ..NO_FAULTS },
    ..ANY
};

/// A payment over two sites, of which the second left out the payee's site when it laid the lift out.
const ELSEWHERE: Setting = Setting {
    shape: Shape::Ways(&[2]),
    sites: Some(Sites {
        of: &[0, 1],
        signed: Some(Signed { payee: 2, units_milli: UNITS_MILLI, most_milli: UNITS_MILLI }),
        ..TWO
    }),
    liars: &[0b10],
    ..LIAR
};

/// A clearing that does not come back.
const LOST: Setting =
    Setting { sites: Some(Sites { of: &[0, 1], signed: None, ..TWO }), ..ELSEWHERE };

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = whole();
    all.extend(counted());
    all.extend(ends());
    all
}

fn whole() -> Vec<Scenario> {
    let faults =
        "1 word late or repeated, others lost, 1 site refuses, 1 site dies, the deadline passes";
    let words = "1 site refuses, 1 word late or repeated, others lost";
    let of = |name, says, faults, setting| Scenario::new(name, says, faults, world(setting));
    let calm = |shape, sites| Setting { shape, sites: Some(sites), others_ask: false, ..CALM };
    let punctual = |setting| Setting { faults: Faults { refuse: 1, ..NO_FAULTS }, ..setting };
    let at = |shape, sites, setting| Setting { shape, sites: Some(sites), ..setting };
    vec![
        of(
            "lift-parts-calm",
            "where nothing goes wrong, both parts of a payment, one of them by a site between, are valid everywhere",
            "1 word late or repeated, others lost",
            calm(LONG_WAYS, LONG),
        ),
        of(
            "lift-parts",
            "a payment in two parts between two sites: whole or not at all, and nobody stays locked",
            faults,
            ANY,
        ),
        of(
            "lift-parts-refused",
            "one of the sites refuses: what the other way has promised is free again by words alone",
            words,
            at(LONG_WAYS, LONG, WORDS),
        ),
        of(
            "lift-parts-restored",
            "a site goes back to before it had heard of both parts: all or nothing nevertheless",
            "1 site goes back, 1 refuses, the deadline passes",
            Setting { faults: Faults { restore: 1, ..punctual(ANY).faults }, ..ANY },
        ),
        of(
            "lift-parts-between",
            "both parts go through one site between, and one site refuses",
            "1 site refuses, words lost, repeated",
            punctual(at(TWO_LONG_WAYS, BETWEEN, WORDS)),
        ),
        of(
            "lift-round",
            "a clearing among three sites that goes out by one participant of its site and comes back by another",
            "1 site refuses, the deadline passes",
            punctual(at(ONE_WAY, ROUND, ANY)),
        ),
        of(
            "lift-parts-two-between",
            "each part goes by another site between, and one site refuses",
            words,
            at(TWO_LONG_WAYS, APART, WORDS),
        )
        .long(),
        of(
            "lift-parts-long",
            "a payment in two parts, one of them by a site between",
            faults,
            at(LONG_WAYS, LONG, ANY),
        )
        .long(),
        of("lift-round-all", "the same as lift-round", faults, at(ONE_WAY, ROUND, ANY)).long(),
        of(
            "lift-parts-liar",
            "the site between on one of two ways says what it can make: no honest one is hurt or locked",
            "any number of lies, 1 honest site refuses, the deadline passes",
            Setting { liars: &[0b01000], ..at(LONG_WAYS, LONG, LIAR) },
        )
        .long(),
        of(
            "lift-parts-apart",
            "planted: the participants of a site do not tell each other what they know",
            "none",
            Setting {
                plant: Some(Plant::Apart),
                faults: NO_FAULTS,
                ..calm(TWO_WAYS, TWO)
            },
        )
        .planted(DEADLOCK),
    ]
}

/// Less arrives than was signed, or more leaves.
fn counted() -> Vec<Scenario> {
    let faults = "1 site refuses, 1 word late or repeated, others lost, the deadline passes";
    let signed = |units: i64, most: i64| {
        let (units_milli, most_milli) = (units * UNITS_MILLI, most * UNITS_MILLI);
        Some(Signed { payee: 1, units_milli, most_milli })
    };
    let with = |sites| Setting {
        sites: Some(sites),
        faults: Faults { late: 1, refuse: 1, ..NO_FAULTS },
        ..ANY
    };
    let less = with(Sites { signed: signed(3, 3), ..TWO });
    let more =
        with(Sites { gives_milli: UNITS_MILLI + UNITS_MILLI / 2, signed: signed(2, 2), ..TWO });
    let uncounted = |setting| Setting { plant: Some(Plant::Uncounted), ..setting };
    let of = |name, says, setting| Scenario::new(name, says, faults, world(setting));
    vec![
        of("lift-parts-less", "less than was signed arrives by all parts: nothing is paid", less),
        of("lift-parts-more", "more than was signed leaves by all parts: nothing is paid", more),
        of(
            "lift-parts-less-uncounted",
            "planted: payer's and payee's sites judge each part for itself, and less than was signed arrives",
            uncounted(less),
        )
        .planted(ARRIVES),
        of(
            "lift-parts-more-uncounted",
            "planted: payer's and payee's sites judge each part for itself, and more than was signed leaves",
            uncounted(more),
        )
        .planted(WITHIN),
    ]
}

fn ends() -> Vec<Scenario> {
    let faults = "any number of lies, the deadline passes";
    let of = |name, says, setting| Scenario::new(name, says, faults, world(setting));
    let unasked = |setting| Setting { plant: Some(Plant::Unasked), ..setting };
    vec![
        of(
            "lift-ends-elsewhere",
            "a site on the way lays a payment out so that it ends with itself, and lies: the payer's site does not promise it",
            ELSEWHERE,
        ),
        of(
            "lift-does-not-return",
            "a site on the way lays a clearing out so that it ends with itself, and lies: its site does not promise it",
            LOST,
        ),
        of(
            "lift-ends-unasked",
            "planted: the payer's site does not ask the payee's by which keys it takes part, and a site on the way keeps all",
            unasked(ELSEWHERE),
        )
        .planted(ARRIVES),
        of(
            "lift-return-unasked",
            "planted: a site proposes a clearing without looking for its own key in it, and a site on the way keeps all",
            unasked(LOST),
        )
        .planted(ARRIVES),
    ]
}
