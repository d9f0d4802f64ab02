//! A plan as this site knows it, by the names of its tallies: a graph may be forgotten and numbered anew, names stay.

use clearing::Kept;
use protocol::bounded::List;
use protocol::lift::{Leg, MAX_REFEREES};
use protocol::query::Curve;
use protocol::{AgentId, Hash, Side, TallyId, Units};

use super::mirror::Mirror;
use crate::door::Site;

/// A way through this site that was found for a payment; what was found is not promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The tallies of the way in here, in order, each with the side that gives; at least one. Those with other sites
    /// over which it comes in and goes out are its first and last.
    pub way: Vec<(TallyId, Side)>,
    /// The tally over which it comes in, and the agent of that partner; none where it begins with a user here.
    pub from: Option<(TallyId, AgentId)>,
    /// The tally over which it goes out, the agent of that partner, and the token by which that site knows the rest; none
    /// where the payee is here.
    pub on: Option<(TallyId, AgentId, Hash)>,
    /// Whether it leads round to whoever began, over what only makes debts smaller, at no cost to anybody.
    pub is_round: bool,
    /// What arrives at the payee, and what has to be given at the beginning of the way here for it, when it was found.
    pub curve: Curve,
    /// Who may decide it, in order: accepted by every site on the way.
    pub referees: List<AgentId, MAX_REFEREES>,
    /// Through how many sites it goes from here, this one included where it comes in over a tally.
    pub sites: u8,
}

impl Planned {
    /// The plan of the machine, as the mirror that it was made with names things; none where it does not.
    pub(super) fn of(kept: &Kept, mirror: &Mirror) -> Option<Self> {
        let way: Option<Vec<_>> = kept.way.iter().map(|hop| mirror.leg(*hop)).collect();
        let on = match kept.on {
            Some((gate, token)) => {
                let door = mirror.door(gate)?;
                Some((door.tally, door.partner, token))
            }
            None => None,
        };
        let from = mirror.enters_by(*kept.way.first()?).map(|door| (door.tally, door.partner));
        let Kept { is_round, curve, sites, referees, .. } = kept.clone();
        Some(Self { way: way?, from, on, is_round, curve, referees, sites })
    }
}

impl Planned {
    /// What has to be given for so much to arrive by it, as far as was found; none where so much cannot.
    ///
    /// Between two points of the curve it is the line: whoever charges begins to, or charges more, from some amount on
    /// (§6), so less never costs more in proportion. But everybody on the way may round up.
    pub(crate) fn needs(&self, arrives: Units) -> Option<Units> {
        let (at_most, about) = (self.curve.at_most(arrives)?, self.curve.about(arrives)?);
        if about == arrives {
            return Some(about);
        }
        let rounded = 2 * i64::from(self.sites) + i64::try_from(self.way.len()).unwrap_or(0);
        let more = Units::new(about.milli().saturating_add(rounded)).unwrap_or(Units::MAX);
        Some(more.min(at_most))
    }
}

impl Site {
    /// The plan that this site answered or advertised to a partner's site under this token, while it is remembered: half
    /// a minute at most. Who may use it is the partner that [`Planned::from`] names.
    #[must_use]
    pub fn plan(&self, token: &Hash) -> Option<Planned> {
        self.known.seeking.plan(token)
    }

    /// What has to move now over each tally of a plan's way here, in order, so that exactly `ends` moves over the last of
    /// them and each user between is made whole; none where that cannot be any more. Nothing is set aside by it.
    #[must_use]
    pub fn price(&self, planned: &Planned, ends: Units) -> Option<Vec<Leg>> {
        self.known.map.price(planned, ends)
    }
}
