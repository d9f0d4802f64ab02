//! The graph's border: tallies with users of other sites, of which one half is here. A search without a map goes in and
//! out over them (`crate::seek`); payments and clearing among users of this site do not see them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clearing::{Hop, Hops, Stands};
use protocol::lading::Lading;
use protocol::lift::Leg;
use protocol::{AgentId, Cuid, Side, Sides, TallyId, Units};
use store::HalfId;

use super::graph::{Graph, News, by};
use crate::seek::Planned;

/// How many tallies with users of other sites are remembered: some 300 bytes each here, and as much again for searches.
pub const MAX_GATES: usize = 1 << 17;

/// The tallies with users of other sites.
#[derive(Default)]
pub(super) struct Border {
    gates: Vec<Gate>,
    places: HashMap<TallyId, usize>,
    /// Those that may be otherwise than when [`Graph::changes`] was last asked.
    marked: BTreeSet<usize>,
}

/// One of them, as its half here says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) tally: TallyId,
    /// The user here, by its number in the graph.
    pub(crate) user: u32,
    /// The side that the user holds.
    pub(crate) side: Side,
    /// The partner's agent.
    pub(crate) partner: AgentId,
    /// What each side can take in; none where it must not lift.
    pub(crate) inward: Option<Sides<Lading>>,
    half: HalfId,
    version: u64,
    round: u32,
}

impl Gate {
    /// What can come in to the user, and what can go out.
    pub(crate) fn ladings(&self) -> [Lading; 2] {
        let of = |side| self.inward.as_ref().map_or(Lading::NONE, |inward| *inward.of(side));
        [of(self.side), of(self.side.other())]
    }
}

impl Border {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.gates.is_empty()
    }

    /// The gate of a tally.
    fn named(&self, tally: TallyId) -> Option<&Gate> {
        self.places.get(&tally).and_then(|place| self.gates.get(*place))
    }

    fn shut(&mut self, place: usize) {
        self.gates[place].inward = None;
        self.marked.insert(place);
    }

    /// All halves that lift were read: what was not heard of in this round is no more.
    pub(super) fn end_round(&mut self, round: u32) {
        for place in 0..self.gates.len() {
            if self.gates[place].round != round {
                self.shut(place);
            }
        }
    }

    /// The gates that may be otherwise, or all of them, `anew`, each with its place.
    pub(super) fn take_marked(&mut self, anew: bool) -> Vec<(usize, Gate)> {
        let marked = std::mem::take(&mut self.marked);
        let places: Vec<usize> =
            if anew { (0..self.gates.len()).collect() } else { marked.into_iter().collect() };
        places.into_iter().map(|place| (place, self.gates[place].clone())).collect()
    }
}

impl Graph {
    /// Whether there is a tally with a user of another site.
    pub(crate) fn has_gates(&self) -> bool {
        !self.border.is_empty()
    }

    /// How users here stand whom users of other sites owe, and who owe somebody themselves. To whoever owes nobody no way leads
    /// back.
    pub(crate) fn owed_abroad(&self) -> Vec<(Cuid, Stands)> {
        let plus = |sum: Units, units: Units| sum.plus(units).unwrap_or(Units::MAX);
        let mut all: BTreeMap<u32, Stands> = BTreeMap::new();
        for gate in &self.border.gates {
            let [comes, goes] = gate.ladings().map(|lading| lading.debt());
            let nothing = Stands { most: Units::ZERO, owed: Units::ZERO, owes: Units::ZERO };
            let stands = all.entry(gate.user).or_insert(nothing);
            stands.most = stands.most.max(goes);
            (stands.owed, stands.owes) = (plus(stands.owed, goes), plus(stands.owes, comes));
        }
        all.retain(|_, stands| stands.most > Units::ZERO);
        for (user, stands) in &mut all {
            let here = self.hops.arriving(*user).filter_map(|place| self.hops.list().get(place));
            stands.owes = here.map(|hop| hop.lading.debt()).fold(stands.owes, plus);
        }
        let named = all.into_iter().filter(|(_, stands)| stands.owes > Units::ZERO);
        let name = |user: u32| self.names.get(usize::try_from(user).ok()?).cloned();
        named.filter_map(|(user, stands)| Some((name(user)?, stands))).collect()
    }

    /// The most that a user could give over all of its own tallies together, whatever is beyond them; none where nothing is known
    /// of it.
    pub(crate) fn most_given(&self, payer: &Cuid) -> Option<Units> {
        let number = *self.numbers.get(payer)?;
        let here = self.hops.leaving(number).filter_map(|hop| self.hops.list().get(hop));
        let here = here.map(|hop| hop.lading.most());
        let abroad = self.border.gates.iter().filter(|gate| gate.user == number);
        let abroad = abroad.map(|gate| gate.ladings()[1].most());
        Some(here.chain(abroad).fold(Units::ZERO, |sum, most| sum.plus(most).unwrap_or(Units::MAX)))
    }

    /// Takes in what is new of a half whose partner is at another agent.
    pub(super) fn learn_abroad(&mut self, news: &News, agent: &str, forced: bool) {
        let Ok(partner) = agent.parse::<AgentId>() else { return };
        let Some(place) = self.gate(news, partner) else { return };
        let (round, user) = (self.round, self.numbers.get(&news.holder));
        let gate = &mut self.border.gates[place];
        let same = gate.half == news.half();
        // A stranger may have named its own tally so; and a user may have brought back one that was lost.
        let may_be = user == Some(&gate.user) && gate.side == news.side;
        if !may_be || (!same && gate.inward.is_some()) {
            return;
        }
        if same && !forced && gate.version > news.version() {
            return;
        }
        gate.half = news.half();
        gate.partner = partner;
        gate.version = news.version();
        gate.round = round;
        gate.inward = news.says.as_ref().map(|says| says.inward);
        self.border.marked.insert(place);
    }

    /// The place of the gate of a half; a new one where it says something, and there is room.
    fn gate(&mut self, news: &News, partner: AgentId) -> Option<usize> {
        if let Some(&place) = self.border.places.get(&news.tally) {
            return Some(place);
        }
        news.says.as_ref()?;
        if self.border.gates.len() >= MAX_GATES {
            return None;
        }
        let user = self.number(&news.holder)?;
        let place = self.border.gates.len();
        self.border.gates.push(Gate {
            tally: news.tally,
            user,
            side: news.side,
            partner,
            inward: None,
            half: news.half(),
            version: news.version(),
            round: self.round,
        });
        self.border.places.insert(news.tally, place);
        Some(place)
    }

    /// What moves now over each tally of a plan's way, in order, so that exactly `ends` moves over the last of them and
    /// each user between is made whole; none where that cannot be any more.
    pub(crate) fn price(&self, planned: &Planned, ends: Units) -> Option<Vec<Leg>> {
        let last = planned.way.len().checked_sub(1)?;
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut next = 0..;
        let mut hops = Vec::with_capacity(planned.way.len());
        for (at, &(tally, giver)) in planned.way.iter().enumerate() {
            let partner = if at == 0
                && let Some((_, partner)) = planned.from
            {
                Some(partner)
            } else if at == last
                && let Some((_, partner, _)) = planned.on
            {
                Some(partner)
            } else {
                None
            };
            // Whoever is beyond a gate is no user here.
            let hop = match partner {
                Some(partner) => self.hop_abroad(tally, giver, partner)?,
                None => self.hop_here(tally, giver)?,
            };
            let mut local = |user: Option<u32>| match user {
                Some(user) => numbers.get(&user).copied().or_else(|| {
                    let number = next.next()?;
                    numbers.insert(user, number);
                    Some(number)
                }),
                None => next.next(),
            };
            let (from, to, lading) = hop;
            let lading = if planned.is_round { lading.only_debt() } else { lading };
            hops.push(Hop { giver: local(from)?, taker: local(to)?, lading });
        }
        let places: Vec<usize> = (0..hops.len()).collect();
        let path = Hops::new(next.next()?, hops).ok()?.along(&places, ends)?;
        let legs =
            path.legs.iter().zip(&planned.way).map(|(leg, &(tally, by))| {
                Some(Leg { tally, by, units: leg.units.try_into().ok()? })
            });
        legs.collect()
    }

    /// Giver, taker and room of a tally with another site, over which this side gives.
    fn hop_abroad(
        &self,
        tally: TallyId,
        giver: Side,
        partner: AgentId,
    ) -> Option<(Option<u32>, Option<u32>, Lading)> {
        let gate = self.border.named(tally).filter(|gate| gate.partner == partner)?;
        let [come, go] = gate.ladings();
        let user = Some(gate.user);
        Some(if giver == gate.side { (user, None, go) } else { (None, user, come) })
    }

    /// The same of a tally whose two halves are here.
    fn hop_here(&self, tally: TallyId, giver: Side) -> Option<(Option<u32>, Option<u32>, Lading)> {
        let place = *self.places.get(&tally)?;
        let hop = [2 * place, 2 * place + 1].into_iter().find(|hop| by(*hop) == giver)?;
        let Hop { giver, taker, lading } = *self.hops.list().get(hop)?;
        Some((Some(giver), Some(taker), lading))
    }
}
