//! Lading: how much may move over a tally, how much of it for free, and what the rest costs.
//!
//! Protocol §6, and nothing else: the settings it reads live in `settings`. Everything is seen from
//! one half. Value moves [`Lading::inward`], from partner to holder, and the balance rises; or
//! [`Lading::outward`], which is the same thing seen by the partner. `passing` solves for what moves.

mod passing;

use thiserror::Error;

use crate::settings::Consent;
use crate::{Rate, Units};

/// Where a half stands: its balance, and the room that open promises have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    balance: Units,
    reserved_in: Units,
    reserved_out: Units,
}

impl Position {
    /// A half's balance (positive: the partner owes the holder), the sum of the open promises that
    /// would raise it (`reserved_in`), and the sum of those that would lower it (`reserved_out`).
    ///
    /// # Errors
    /// [`LadingError::NegativeReserve`]: a promise takes room, it never makes any.
    pub fn new(
        balance: Units,
        reserved_in: Units,
        reserved_out: Units,
    ) -> Result<Self, LadingError> {
        for reserved in [reserved_in, reserved_out] {
            if reserved < Units::ZERO {
                return Err(LadingError::NegativeReserve { reserved });
            }
        }
        Ok(Self { balance, reserved_in, reserved_out })
    }

    /// The same tally seen from its other half.
    #[must_use]
    pub const fn seen_by_partner(self) -> Self {
        Self {
            balance: self.balance.negated(),
            reserved_in: self.reserved_out,
            reserved_out: self.reserved_in,
        }
    }

    /// The balance to plan with for value coming in, in milli-CHIPs: the highest it can be once
    /// open promises are decided. Those that would lower it may still be void, so they make no room.
    const fn highest_milli(self) -> i64 {
        self.balance.milli() + self.reserved_in.milli()
    }
}

/// What one tally can carry in one direction.
///
/// `debt <= free <= most`, and none of them is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lading {
    most: Units,
    free: Units,
    debt: Units,
    spare: Units,
    reward: Charge,
    clutch: Charge,
}

impl Lading {
    /// Nothing may move.
    pub const NONE: Self = {
        let nothing = Charge { rate: Rate::ZERO, above: Units::ZERO, up_to: Units::ZERO };
        let zero = Units::ZERO;
        Self { most: zero, free: zero, debt: zero, spare: zero, reward: nothing, clutch: nothing }
    };

    /// What may move from the partner to the holder of the half at `position`.
    ///
    /// The most is bounded by both signatures: the holder's bound, and what the partner signed to
    /// owe. Neither moves because somebody else would like it to.
    #[must_use]
    pub fn inward(position: Position, consent: &Consent) -> Self {
        let (holder, partner) = (&consent.holder, &consent.partner);
        let balance = position.highest_milli();
        let ceiling = holder.settings().bound().min(partner.owe()).milli();
        let most = (ceiling - balance).max(0);
        let free = (holder.settings().target().milli() - balance).clamp(0, most);

        // The partner's own balance is the negative of ours: what it holds above its target is what
        // it lets go first.
        let partner_target = partner.settings().target().milli();
        let above_target = (-balance - partner_target).clamp(0, most);
        let clutch = partner.settings().clutch();
        // A partner that pays to be rid of IOUs pays for its surplus only; otherwise it would pay to
        // go into debt, and could be made to pay for the same IOUs again and again.
        let clutch_up_to = if clutch < Rate::ZERO { above_target } else { most };

        Self {
            most: clamped(most),
            free: clamped(free),
            debt: clamped((-balance).max(0)),
            spare: clamped(above_target),
            reward: Charge {
                rate: holder.settings().reward(),
                above: clamped(free),
                up_to: clamped(most),
            },
            clutch: Charge { rate: clutch, above: Units::ZERO, up_to: clamped(clutch_up_to) },
        }
    }

    /// What may move from the holder of the half at `position` to its partner: what the partner's
    /// half takes inward.
    #[must_use]
    pub fn outward(position: Position, consent: &Consent) -> Self {
        Self::inward(position.seen_by_partner(), &consent.seen_by_partner())
    }

    /// The same tally, over which no more than `most` may move: for one who sets aside less of it than
    /// both signed. Nothing where `most` is below zero; what moves costs what it did.
    #[must_use]
    pub fn up_to(&self, most: Units) -> Self {
        let most = most.clamp(Units::ZERO, self.most);
        let within = |charge: Charge| Charge {
            rate: charge.rate,
            above: charge.above.min(most),
            up_to: charge.up_to.min(most),
        };
        Self {
            most,
            free: self.free.min(most),
            debt: self.debt.min(most),
            spare: self.spare.min(most),
            reward: within(self.reward),
            clutch: within(self.clutch),
        }
    }

    /// The same tally for clearing: over which only [`Lading::debt`] may move, at no cost to anybody.
    #[must_use]
    pub const fn only_debt(&self) -> Self {
        let debt = self.debt;
        Self { most: debt, free: debt, debt, ..Self::NONE }
    }

    /// The most that may move at all.
    #[must_use]
    pub const fn most(&self) -> Units {
        self.most
    }

    /// How much of it the taker takes without charging (the giver's clutch may still apply).
    #[must_use]
    pub const fn free(&self) -> Units {
        self.free
    }

    /// How much of it only reduces what the taker owes: all that clearing may use, at no cost.
    #[must_use]
    pub const fn debt(&self) -> Units {
        self.debt
    }

    /// How much of it the giver holds above its own target: what it would be rid of.
    ///
    /// All of it is the taker's debt as well.
    #[must_use]
    pub const fn spare(&self) -> Units {
        self.spare
    }

    /// The taker's charge, for collecting the giver's IOUs beyond its target.
    #[must_use]
    pub const fn reward(&self) -> Charge {
        self.reward
    }

    /// The giver's charge, for letting value go.
    #[must_use]
    pub const fn clutch(&self) -> Charge {
        self.clutch
    }

    /// What each of the two charges when exactly `units` move over this tally.
    ///
    /// Each rate is a share of these units, not of what the taker passes on elsewhere, which is less
    /// by its charges: otherwise a lift and its reverse would leave it poorer (ADR 0006).
    ///
    /// The payer's own clutch and the payee's own reward are not charged: there the caller drops
    /// that part.
    ///
    /// # Errors
    /// [`LadingError::Negative`], or [`LadingError::TooMuch`] beyond [`Lading::most`].
    pub fn cost(&self, units: Units) -> Result<Cost, LadingError> {
        if units < Units::ZERO {
            return Err(LadingError::Negative { asked: units });
        }
        if units > self.most {
            return Err(LadingError::TooMuch { asked: units, most: self.most });
        }
        Ok(Cost { reward: self.reward.due(units), clutch: self.clutch.due(units) })
    }

    /// The cost as a curve: pieces in the order in which they are used, at most three, none of them
    /// empty, together [`Lading::most`].
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let mut ends = [self.reward.above, self.clutch.up_to, self.most];
        ends.sort_unstable();
        let mut from = Units::ZERO;
        let mut segments = Vec::with_capacity(ends.len());
        for end in ends {
            if end > from {
                segments.push(Segment {
                    units: clamped(end.milli() - from.milli()),
                    reward: self.reward.rate_after(from),
                    clutch: self.clutch.rate_after(from),
                });
                from = end;
            }
        }
        segments
    }
}

/// What one party charges on a movement: one rate, on the part of it between two amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Charge {
    rate: Rate,
    above: Units,
    up_to: Units,
}

impl Charge {
    /// What is due when `units` move, rounded up once: never less than the exact charge, and never
    /// more paid than the exact gift where the rate is negative.
    #[must_use]
    pub fn due(&self, units: Units) -> Units {
        self.rate.cost_up(self.charged(units))
    }

    /// The rate.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// The part of `units` that the rate is charged on.
    #[must_use]
    pub fn charged(&self, units: Units) -> Units {
        clamped((units.min(self.up_to).milli() - self.above.milli()).max(0))
    }

    /// The rate of the next milli-CHIP after the first `from`.
    fn rate_after(&self, from: Units) -> Rate {
        if self.above <= from && from < self.up_to { self.rate } else { Rate::ZERO }
    }
}

/// What a movement costs, by who is due it; negative: that party pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cost {
    /// Due to the one who takes the value in.
    pub reward: Units,
    /// Due to the one who lets it go.
    pub clutch: Units,
}

/// A piece of the cost curve: so many units at these rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// How much moves in this piece; positive.
    pub units: Units,
    /// The taker's rate in it.
    pub reward: Rate,
    /// The giver's rate in it.
    pub clutch: Rate,
}

/// Why there is no lading, or no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LadingError {
    /// A sum of open promises below zero.
    #[error("open promises sum to {reserved}, but a promise never makes room")]
    NegativeReserve {
        /// The sum given.
        reserved: Units,
    },
    /// An amount below zero: ask for the lading of the other direction instead.
    #[error("{asked} cannot move: an amount is never negative; ask for the other direction")]
    Negative {
        /// The amount asked for.
        asked: Units,
    },
    /// More than the tally can carry.
    #[error("{asked} cannot move over this tally: the most is {most}")]
    TooMuch {
        /// The amount asked for.
        asked: Units,
        /// The most that can move.
        most: Units,
    },
}

/// An amount that one chit can carry: room may be wider than the largest amount there is (from the
/// deepest debt to the highest bound), but no single movement is.
fn clamped(milli: i64) -> Units {
    Units::new(milli).unwrap_or(if milli < 0 { Units::MIN } else { Units::MAX })
}
