//! Random positions and settings for the tests of lading: legal ones, with the edges made likely.

use proptest::prelude::*;
use protocol::lading::Position;
use protocol::settings::{InForce, Settings};
use protocol::{Rate, Units};

pub(crate) fn units(milli: i64) -> Units {
    Units::new(milli).unwrap()
}

pub(crate) fn rate(ppm: i32) -> Rate {
    Rate::new(ppm).unwrap()
}

/// Amounts up to `size` milli; the edges 0 and `size` more often than chance would have it.
pub(crate) fn amount(size: i64) -> impl Strategy<Value = Units> {
    prop_oneof![6 => 0..=size, 1 => Just(0), 1 => Just(size)].prop_map(units)
}

/// Reward and clutch with `reward + clutch >= 0`, often exactly 0, where a pump would begin.
fn rates() -> impl Strategy<Value = (Rate, Rate)> {
    let reward = prop_oneof![-1_000_000..=1_000_000, -2_000..=2_000, Just(0)];
    let more = prop_oneof![3 => Just(0), 1 => 0..=2_000, 1 => 0..=1_000_000];
    (reward, more)
        .prop_map(|(reward, more): (i32, i32)| (rate(reward), rate((more - reward).min(1_000_000))))
}

pub(crate) fn settings(size: i64) -> impl Strategy<Value = Settings> {
    (amount(size), amount(size), rates()).prop_map(|(target, bound, (reward, clutch))| {
        Settings::new(target, bound, reward, clutch).unwrap()
    })
}

pub(crate) fn in_force(size: i64) -> impl Strategy<Value = InForce> {
    (settings(size), amount(size), proptest::option::of(amount(size)))
        .prop_map(|(settings, limit, owe)| InForce::after_set(limit, settings, owe))
}

pub(crate) fn position(size: i64) -> impl Strategy<Value = Position> {
    (-size..=size, amount(size), amount(size)).prop_map(|(balance, reserved_in, reserved_out)| {
        Position::new(units(balance), reserved_in, reserved_out).unwrap()
    })
}
