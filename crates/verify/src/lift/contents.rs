//! What is known of a lift, or in a word: promises, refusals and certificates by their numbers.

use super::cast::Cast;

/// What is in a word, or known to liars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Contents {
    /// Whose promises, one bit each.
    pub(crate) promises: u8,
    /// Who promised once more, by something else that it was judged by: one bit each.
    pub(crate) again: u8,
    /// Whose refusal, one bit each.
    pub(crate) refused: u8,
    /// What the giver of which leg said of it, one bit each.
    pub(crate) said: u8,
    /// Which certificates, one bit each.
    pub(crate) certificates: u32,
}

/// The bits that are set, as numbers.
pub(super) fn bits(of: u32) -> impl Iterator<Item = usize> + Clone {
    (0..32).filter(move |bit| of & (1 << bit) != 0)
}

const NOTHING: Contents = Contents { promises: 0, again: 0, refused: 0, said: 0, certificates: 0 };

impl Contents {
    /// What is in both.
    pub(super) const fn with(self, other: Self) -> Self {
        Self {
            promises: self.promises | other.promises,
            again: self.again | other.again,
            refused: self.refused | other.refused,
            said: self.said | other.said,
            certificates: self.certificates | other.certificates,
        }
    }

    /// With another promise in it at a time, and with the first of each.
    fn of_promises(self) -> Vec<Self> {
        let one = bits(self.promises.into()).map(|site| Self { promises: 1 << site, ..NOTHING });
        let again = bits(self.again.into()).map(|site| Self { again: 1 << site, ..NOTHING });
        let all = Self { promises: self.promises, ..NOTHING };
        let all = Some(all).filter(|all| all.promises.count_ones() > 1);
        one.chain(again).chain(all).collect()
    }

    /// With two promises by one key.
    fn of_both(self) -> impl Iterator<Item = Self> {
        let both = bits((self.promises & self.again).into());
        both.map(|site| Self { promises: 1 << site, again: 1 << site, ..NOTHING })
    }

    fn of_refusals(self) -> impl Iterator<Item = Self> + Clone {
        bits(self.refused.into()).map(|site| Self { refused: 1 << site, ..NOTHING })
    }

    fn of_certificates(self) -> impl Iterator<Item = Self> + Clone {
        bits(self.certificates).map(|number| Self { certificates: 1 << number, ..NOTHING })
    }

    /// Nothing, and each certificate.
    pub(super) fn with_certificates(self) -> Vec<Self> {
        [NOTHING].into_iter().chain(self.of_certificates()).collect()
    }

    /// Every promise, or all of them, every refusal and certificate of what is known, with every other and without.
    pub(super) fn combined(self) -> Vec<Self> {
        let refusals: Vec<Self> = [NOTHING].into_iter().chain(self.of_refusals()).collect();
        let promises: Vec<Self> = [NOTHING].into_iter().chain(self.of_promises()).collect();
        let mut all = Vec::new();
        for certificate in self.with_certificates() {
            for refused in &refusals {
                all.extend(promises.iter().map(|one| one.with(*refused).with(certificate)));
            }
        }
        all
    }
}

/// Nothing, and each thing of what is known by itself.
pub(super) fn singles(known: Contents) -> Vec<Contents> {
    let things = known.of_promises().into_iter().chain(known.of_both());
    let things = things.chain(known.of_refusals()).chain(known.of_certificates());
    [NOTHING].into_iter().chain(things).collect()
}

impl Cast {
    /// All certificates that somebody who knows some, and promises and refusals, can make: what made a decision possible is
    /// no part of what referees sign, so any other that does takes its place.
    pub(super) fn closed(&self, known: Contents) -> u32 {
        let has =
            |numbers: &[u8]| numbers.iter().any(|number| known.certificates & (1 << number) != 0);
        let valid: Vec<(u8, u8)> = self.valid().collect();
        let mut all = known.certificates;
        if has(&valid.iter().map(|(_, number)| *number).collect::<Vec<_>>()) {
            let made = valid.iter().filter(|(again, _)| again & !known.again == 0);
            all = made.fold(all, |all, (_, number)| all | 1 << number);
        }
        if has(&self.void()) {
            let refused = bits((known.refused & self.named).into());
            all = refused
                .fold(all, |all, site| all | 1 << (usize::from(super::cast::REFUSED) + site));
        }
        all
    }
}
