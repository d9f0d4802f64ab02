//! A tally seen by one of its users: holder and partner instead of stock and foil.

use super::{Party, Tally};
use crate::Units;
use crate::chit::Set;
use crate::settings::{Consent, InForce};
use crate::side::Side;

/// One half of a tally: the user whose half it is (holder) and the other one (partner).
#[derive(Clone, Copy, Debug)]
pub struct Half<'a> {
    tally: &'a Tally,
    side: Side,
}

impl<'a> Half<'a> {
    pub(super) const fn of(tally: &'a Tally, side: Side) -> Self {
        Self { tally, side }
    }

    /// Which half it is.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The same tally seen by the partner.
    #[must_use]
    pub const fn seen_by_partner(&self) -> Self {
        Self { tally: self.tally, side: self.side.other() }
    }

    /// The user whose half it is; its terms are what it grants the partner.
    #[must_use]
    pub const fn holder(&self) -> &'a Party {
        self.tally.party(self.side)
    }

    /// The other user; its terms are what it grants the holder.
    #[must_use]
    pub const fn partner(&self) -> &'a Party {
        self.tally.party(self.side.other())
    }

    /// The most that the partner may owe the holder, as the holder granted it.
    #[must_use]
    pub const fn partner_may_owe(&self) -> Units {
        self.holder().terms.limit()
    }

    /// The most that the holder may owe the partner, as the partner granted it.
    #[must_use]
    pub const fn holder_may_owe(&self) -> Units {
        self.partner().terms.limit()
    }

    /// What both sides' signatures allow: by the signed tally alone, or by the `set` chit of each
    /// with the highest counter (protocol §6).
    #[must_use]
    pub fn consent(&self, holder: Option<&Set>, partner: Option<&Set>) -> Consent {
        Consent { holder: self.in_force(holder), partner: self.seen_by_partner().in_force(partner) }
    }

    fn in_force(&self, set: Option<&Set>) -> InForce {
        match set {
            Some(set) => set.in_force(self.holder_may_owe()),
            None => InForce::at_opening(self.partner_may_owe(), self.holder_may_owe()),
        }
    }
}
