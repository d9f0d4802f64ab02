//! The scenarios of referees that agree.

use super::anytime::Anytime;
use super::audit::{IN_TIME, NO_CONTRADICTION, ONE_OUTCOME, VALID};
use super::ends::Ends;
use super::setting::{COMMIT, Plant, Setting, VOID};
use crate::liveness::DEADLOCK;
use crate::scenario::Scenario;

const BOTH: u8 = COMMIT | VOID;

/// Four referees, all honest, who may see anything.
const FOUR: Setting = Setting {
    seats: 4,
    dead: None,
    liar: None,
    knows: [0; 4],
    may_see: [BOTH; 4],
    last: 1,
    early: 0,
    lies: 0,
    most: 8,
    plant: None,
};

const ONE: Setting = Setting { seats: 1, last: 0, most: 0, ..FOUR };
const DEAD: Setting = Setting { dead: Some(3), ..FOUR };
const LIAR: Setting = Setting { liar: Some(3), ..FOUR };

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("agreement-one", "x", "x", || Anytime::new(ONE)),
        Scenario::new("agreement-one-ends", "x", "x", || Ends::new(ONE)),
        Scenario::new("agreement-dead-a", "x", "x", || Anytime::new(Setting { last: 0, ..DEAD })),
        Scenario::new("agreement-dead-b", "x", "x", || Anytime::new(DEAD)).long(),
        Scenario::new("agreement-dead-c", "x", "x", || {
            Anytime::new(Setting { dead: Some(0), ..DEAD })
        })
        .long(),
        Scenario::new("agreement-liar-a", "x", "x", || Anytime::new(Setting { last: 0, ..LIAR }))
            .long(),
        Scenario::new("agreement-liar-b", "x", "x", || {
            Anytime::new(Setting { last: 0, liar: Some(0), ..LIAR })
        })
        .long(),
        Scenario::new("agreement-ends-a", "x", "x", || Ends::new(DEAD)).long(),
        Scenario::new("agreement-ends-b", "x", "x", || Ends::new(Setting { early: 1, ..DEAD }))
            .long(),
        Scenario::new("agreement-ends-c", "x", "x", || {
            Ends::new(Setting { dead: Some(0), early: 1, ..DEAD })
        })
        .long(),
        Scenario::new("agreement-ends-l", "x", "x", || Ends::new(Setting { lies: 1, ..LIAR }))
            .long(),
    ]
}
