//! Why there is no path: nobody there, no way, too far, too little room; and where the room ends.

use std::collections::VecDeque;

use protocol::Units;
use thiserror::Error;

use super::hops::{Beside, Hops, Way};
use super::legs::{Back, priced};
use super::{LONGEST_PATH, Path, simple};

/// Why no path brings the amount to the payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoPath {
    /// A participant's number is not below the number of participants.
    #[error("there is no participant {participant}")]
    Unknown {
        /// The number.
        participant: u32,
    },
    /// Payer and payee are the same.
    #[error("nobody pays themselves over a path")]
    ToOneself,
    /// Not above zero.
    #[error("{amount} is nothing to pay")]
    NothingToPay {
        /// The amount asked for.
        amount: Units,
    },
    /// However long, no tallies over which anything can move lead there.
    #[error("no tallies with room lead from the payer to the payee")]
    NotConnected,
    /// The shortest way is longer than a path may be.
    #[error("the payee is {legs} tallies away, and a path has at most {LONGEST_PATH}")]
    TooFar {
        /// How many tallies the shortest way has.
        legs: u32,
    },
    /// Less can be paid over one path.
    #[error("at most {most} can be paid over one path now; the limit is {limit}")]
    TooLittle {
        /// The most that one path can bring to the payee at this moment.
        most: Units,
        /// What to widen for more.
        limit: Limit,
        /// Whether all paths were considered; see [`Path::proved`].
        proved: bool,
    },
}

/// Where the room for a payment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// No tally of the payee can take so much in.
    Payee,
    /// With more room on the payer's own tallies, and only there, the amount would arrive.
    Payer,
    /// Neither of these: between others, or in several places.
    Between,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Payee => "on the payee's own tallies",
            Self::Payer => "on the payer's own tallies",
            Self::Between => "between them",
        })
    }
}

impl Hops {
    /// The answer where a search found no path for `amount`; `proved`: because there is none.
    pub(super) fn otherwise(
        &self,
        payer: u32,
        payee: u32,
        amount: Units,
        proved: bool,
    ) -> Result<Path, NoPath> {
        self.reachable(payer, payee)?;
        let (most, hops, sure) = self.most(payer, payee);
        // Where the search for this amount was given up, the search for the most may have a way.
        if !proved
            && most >= amount
            && let Some(legs) = priced(self, &hops, amount)
        {
            return Ok(Path { legs, proved: false });
        }
        let limit = self.limit(payer, payee, amount);
        Err(NoPath::TooLittle { most, limit, proved: proved && sure })
    }

    /// Refuses a payee to whom nothing can move, or not in so few legs.
    pub(super) fn reachable(&self, payer: u32, payee: u32) -> Result<(), NoPath> {
        let mut legs = vec![None; self.participants() as usize];
        legs[payer as usize] = Some(0);
        let mut waiting = VecDeque::from([payer]);
        while let Some(v) = waiting.pop_front() {
            let next = legs[v as usize].map_or(0, |legs: u32| legs + 1);
            for &Beside { far, .. } in self.beside(Way::On, v) {
                if legs[far as usize].is_none() {
                    legs[far as usize] = Some(next);
                    waiting.push_back(far);
                }
            }
        }
        match legs[payee as usize] {
            None => Err(NoPath::NotConnected),
            Some(legs) if legs > LONGEST_PATH => Err(NoPath::TooFar { legs }),
            Some(_) => Ok(()),
        }
    }

    fn limit(&self, payer: u32, payee: u32, amount: Units) -> Limit {
        let into =
            self.beside(Way::Back, payee).iter().map(|hop| self.hop(hop.place).lading.most());
        if into.max().is_none_or(|most| most < amount) {
            return Limit::Payee;
        }
        let rule = Back { payer_unlimited: true, ..Back::of(amount) };
        match simple::best(self, rule, [payee, payer], LONGEST_PATH).hops {
            Some(_) => Limit::Payer,
            None => Limit::Between,
        }
    }
}
