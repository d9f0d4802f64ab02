//! An amount moved from one of somebody's tallies to another, at a price that it states.
//!
//! The one who asks for it pays the way of a payment to itself: out over one tally, in over another.
//! So it is priced as a payment is, leg by leg with one rounding each, from where it arrives back.

use protocol::Units;
use protocol::lading::Lading;
use thiserror::Error;

use crate::{Hop, Hops, NoPath, Path};

/// Why an amount is not moved from one tally to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoShift {
    /// A place is not below the number of hops.
    #[error("there is no hop {hop}")]
    UnknownHop {
        /// The place.
        hop: usize,
    },
    /// One hop does not leave the participant whom the other reaches.
    #[error("the two are not tallies of one participant, the first out of it, the second into it")]
    NotOnesOwn,
    /// Both are with the same partner: nothing would come round.
    #[error("both tallies are with the same partner")]
    OnePartner,
    /// There is no way round.
    #[error("no way round: {0}")]
    NoWay(#[from] NoPath),
    /// It costs more than was stated.
    #[error("the cheapest way costs {charges}, and at most {most} was stated")]
    TooDear {
        /// The charges of the cheapest way found.
        charges: Units,
        /// What was stated.
        most: Units,
    },
}

impl Hops {
    /// The cheapest way for a participant to have exactly `amount` arrive over one of its tallies, the
    /// hop `into`, and let go what it takes for that over another, the hop `out`, for at most
    /// `most_charges` beside the amount.
    ///
    /// The path begins and ends with that participant; nobody else is on it twice. The participant's
    /// own clutch and reward are not charged. [`Path::given`] less [`Path::arrives`] is what it
    /// costs, below zero where others pay for it. Takes as long as building the graph anew, besides
    /// the search.
    ///
    /// # Errors
    /// [`NoShift`] says why not.
    pub fn shift(
        &self,
        out: usize,
        into: usize,
        amount: Units,
        most_charges: Units,
    ) -> Result<Path, NoShift> {
        let hop = |hop: usize| self.list().get(hop).copied().ok_or(NoShift::UnknownHop { hop });
        let (first, last) = (hop(out)?, hop(into)?);
        let who = first.giver;
        if last.taker != who {
            return Err(NoShift::NotOnesOwn);
        }
        if first.taker == last.giver {
            return Err(NoShift::OnePartner);
        }
        let (split, arrival) = self.split_at(who, out, into)?;
        let mut path = split.cheapest(who, arrival, amount)?;
        if let Some(leg) = path.legs.last_mut() {
            leg.taker = who;
        }
        // Two amounts above zero differ by an amount.
        let charges = path.given().milli() - path.arrives().milli();
        let charges = Units::new(charges).unwrap_or(Units::MAX);
        if charges > most_charges {
            return Err(NoShift::TooDear { charges, most: most_charges });
        }
        Ok(path)
    }

    /// The same graph where `who` gives over `out` only and takes over nothing, and one more
    /// participant takes what `who` takes over `into`; with that one's number.
    fn split_at(&self, who: u32, out: usize, into: usize) -> Result<(Self, u32), NoShift> {
        let arrival = self.participants();
        let hop = |(place, hop): (usize, &Hop)| {
            let mut hop = *hop;
            if place == into {
                hop.taker = arrival;
            } else if place != out && (hop.giver == who || hop.taker == who) {
                hop.lading = Lading::NONE;
            }
            hop
        };
        let list = self.list().iter().enumerate().map(hop).collect();
        let split = Self::new(arrival.saturating_add(1), list);
        // Only the number of participants can be too large: then there is no room for one more.
        split
            .map(|split| (split, arrival))
            .map_err(|_| NoPath::Unknown { participant: arrival }.into())
    }
}
