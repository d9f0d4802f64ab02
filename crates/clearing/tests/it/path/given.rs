//! Tallies to pay over: plain ones, and random ones with every kind of charge.

use clearing::{Hop, Hops};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

use crate::instances::Chance;

pub(crate) fn units(milli: i64) -> Units {
    Units::new(milli).expect("an amount")
}

fn settings(target: i64, bound: i64, reward: i32, clutch: i32) -> Settings {
    let rate = |ppm| Rate::new(ppm).expect("a rate");
    Settings::new(units(target), units(bound), rate(reward), rate(clutch)).expect("settings")
}

/// A hop over which up to `most` can move; the taker charges `reward`, the giver `clutch`, on all of it.
///
/// A negative clutch counts on what the giver holds: it holds `most`.
pub(crate) fn charging(giver: u32, taker: u32, most: i64, reward: i32, clutch: i32) -> Hop {
    let balance = if clutch < 0 { -most } else { 0 };
    let here = Position::new(units(balance), Units::ZERO, Units::ZERO).expect("a position");
    let bound = most + balance;
    let consent = Consent {
        holder: InForce::after_set(
            Units::ZERO,
            settings(0, bound, reward, reward.max(-reward)),
            None,
        ),
        partner: InForce::after_set(
            units(bound),
            settings(0, 0, clutch.max(-clutch), clutch),
            None,
        ),
    };
    let hop = Hop { giver, taker, lading: Lading::inward(here, &consent) };
    assert_eq!(hop.lading.most(), units(most));
    hop
}

/// A hop over which up to `most` can move at no charge.
pub(crate) fn free(giver: u32, taker: u32, most: i64) -> Hop {
    charging(giver, taker, most, 0, 0)
}

pub(crate) fn hops(participants: u32, list: &[Hop]) -> Hops {
    Hops::new(participants, list.to_vec()).expect("a graph")
}

/// What the rates of random tallies are like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rates {
    /// Nobody charges.
    None,
    /// Nobody pays for being used.
    Charges,
    /// The same, and nobody charges more than a tenth.
    Low,
    /// Some do.
    Gifts,
}

/// A random graph of a few participants, with both directions of every tally; amounts up to `size`.
pub(crate) fn random(chance: &mut Chance, rates: Rates, size: u32) -> (u32, Vec<Hop>) {
    let participants = 2 + chance.below(6);
    let tallies = 1 + chance.below(participants * 2);
    let mut list = Vec::new();
    for _ in 0..tallies {
        let holder = chance.below(participants);
        let partner = (holder + 1 + chance.below(participants - 1)) % participants;
        let balance = signed(chance, size);
        let mut open =
            || if chance.below(4) == 0 { units(below(chance, size / 4 + 1)) } else { Units::ZERO };
        let here = Position::new(units(balance), open(), open()).expect("a position");
        let consent = Consent {
            holder: in_force(chance, rates, size),
            partner: in_force(chance, rates, size),
        };
        list.push(Hop { giver: partner, taker: holder, lading: Lading::inward(here, &consent) });
        list.push(Hop { giver: holder, taker: partner, lading: Lading::outward(here, &consent) });
    }
    (participants, list)
}

fn below(chance: &mut Chance, bound: u32) -> i64 {
    i64::from(chance.below(bound))
}

fn signed(chance: &mut Chance, size: u32) -> i64 {
    below(chance, 2 * size + 1) - i64::from(size)
}

fn in_force(chance: &mut Chance, rates: Rates, size: u32) -> InForce {
    const SOME: [i32; 8] = [0, 1_000, 10_000, 100_000, 250_000, 500_000, 900_000, 1_000_000];
    let mut rate = || SOME[chance.below(8) as usize];
    let (reward, clutch) = match rates {
        Rates::None => (0, 0),
        Rates::Charges => (rate(), rate()),
        Rates::Low => (rate().min(100_000), rate().min(100_000)),
        Rates::Gifts => {
            let (high, low) = (rate(), rate());
            let (high, low) = (high.max(low), high.min(low));
            if chance.below(2) == 0 { (high, -low) } else { (-low, high) }
        }
    };
    let bound = below(chance, size + 1);
    let target = if chance.below(2) == 0 { 0 } else { below(chance, size + 1) };
    InForce::after_set(
        units(below(chance, size + 1)),
        settings(target, bound, reward, clutch),
        None,
    )
}
