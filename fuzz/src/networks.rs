//! Small networks of tallies from any bytes.

use clearing::{Hop, Hops};
use protocol::lading::{Lading, Position};
use protocol::settings::{Consent, InForce, Settings};
use protocol::{Rate, Units};

/// Numbers from the bytes, zeros when there are no more.
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of them.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next number.
    pub fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Small ones, powers of two, and the largest that there are.
    pub fn units(&mut self) -> Units {
        let (kind, value) = (self.next() % 4, i64::from(self.next()));
        let milli = match kind {
            0 | 1 => value,
            2 => 1 << (value % 53),
            _ => Units::MAX.milli() - value,
        };
        Units::new(milli).expect("within the range")
    }

    fn rate(&mut self) -> Rate {
        let ppm = [0, 0, 0, 1, 10_000, 500_000, 1_000_000, -1, -10_000, -1_000_000];
        Rate::new(ppm[usize::from(self.next()) % ppm.len()]).expect("within the whole")
    }

    fn side(&mut self) -> Option<InForce> {
        let (target, bound, owe) = (self.units(), self.units(), self.units());
        let settings = Settings::new(target, bound, self.rate(), self.rate()).ok()?;
        Some(InForce::after_set(owe, settings, None))
    }

    fn tally(&mut self, participants: u32) -> Option<[Hop; 2]> {
        let (holder, partner) = (u32::from(self.next()), u32::from(self.next()));
        let (holder, partner) = (holder % participants, partner % participants);
        let negative = self.next() % 2 == 1;
        let balance = self.units();
        let balance = if negative { balance.negated() } else { balance };
        let here = Position::new(balance, Units::ZERO, Units::ZERO).ok()?;
        let consent = Consent { holder: self.side()?, partner: self.side()? };
        (holder != partner).then(|| {
            let (inward, outward) =
                (Lading::inward(here, &consent), Lading::outward(here, &consent));
            [
                Hop { giver: partner, taker: holder, lading: inward },
                Hop { giver: holder, taker: partner, lading: outward },
            ]
        })
    }

    /// As many tallies as the bytes tell, thirty at most, in both directions: those of a tally are at
    /// places 2t and 2t + 1.
    pub fn network(&mut self, participants: u32) -> Hops {
        let mut list = Vec::new();
        while !self.0.is_empty() && list.len() < 60 {
            list.extend(self.tally(participants).into_iter().flatten());
        }
        Hops::new(participants, list).expect("a graph")
    }
}
