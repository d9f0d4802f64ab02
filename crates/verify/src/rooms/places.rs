//! Who is where: which site of the world is which of a lift, which half of a tally is at which site.

use protocol::Side;

use super::setting::Setting;

/// Where a side's half of a tally is in a state.
pub(super) fn half(tally: usize, side: Side) -> usize {
    2 * tally + usize::from(side == Side::Foil)
}

impl Setting {
    /// The site of the half at a place.
    pub(super) fn home(&self, place: usize) -> usize {
        self.tallies[place / 2].sites[place % 2]
    }

    /// The side of a tally whose user is at a site.
    pub(super) fn side(&self, tally: usize, site: usize) -> Side {
        if self.tallies[tally].sites[0] == site { Side::Stock } else { Side::Foil }
    }

    /// The side that gives by a leg.
    pub(super) fn giver(&self, lift: usize, leg: usize) -> Side {
        let way = &self.lifts[lift];
        self.side(way.tallies[leg], way.sites[leg])
    }

    /// The legs of a site of a lift, each with the half that is there.
    pub(super) fn legs(
        &self,
        lift: usize,
        site: usize,
    ) -> impl Iterator<Item = (usize, usize)> + '_ {
        let way = &self.lifts[lift];
        let legs = (0..way.shape.legs()).filter(move |leg| way.shape.ends(*leg).contains(&site));
        legs.map(move |leg| {
            let tally = way.tallies[leg];
            (leg, half(tally, self.side(tally, way.sites[site])))
        })
    }
}
