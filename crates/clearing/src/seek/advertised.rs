//! The search from the payee's end: its site advertises what can come in to it, and whoever hears that hands it on. Where
//! a query of the same session comes to a site that has heard an advert, it need not go farther.

use std::collections::BTreeSet;

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::lift::MAX_REFEREES;
use protocol::query::{Advert, Budget, Depth, MOST_DEPTH, MOST_PLANS, Plan, Query, Sought, nonce};
use protocol::{AgentId, Hash, Units};

use super::dead::least_round;
use super::gather::{Heard, Kept};
use super::own::session;
use super::{Effect, Here, Open, Seeker};
use crate::crossing::{Gates, Start, Way};

/// That a user here is to be paid, and the search may begin at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertising {
    /// The user, by number.
    pub payee: u32,
    /// How much is to arrive.
    pub amount: Positive,
    /// Who may decide it, in order.
    pub referees: List<AgentId, MAX_REFEREES>,
    /// How far the adverts go: they meet the payer's queries of the round of this depth.
    pub depth: Depth,
    /// How many adverts there may be.
    pub budget: Budget,
    /// The number that the payer's search has as well, from the payee's invoice.
    pub chance: Hash,
}

/// What was advertised over one gate.
#[derive(Clone, Debug)]
pub(super) struct Advertised {
    pub(super) gate: usize,
    pub(super) nonce: Hash,
    pub(super) plan: Plan,
    trail: List<Hash, { MOST_DEPTH as usize }>,
}

impl Advertised {
    /// Whether a query can end with it: no site is on both ways, but where a way round begins and ends.
    fn fits(&self, open: &Open) -> bool {
        let began = usize::from(open.query.sought == Sought::Circle);
        !self.trail.iter().skip(began).any(|mark| open.query.trail.contains(mark))
    }
}

/// What is to be handed on.
struct Going {
    session: Hash,
    round: bool,
    /// Whether what has to come in for the end that is looked for is what has to for the most that arrives.
    whole: bool,
    amount: Positive,
    depth: Depth,
    budget: u32,
    trail: List<Hash, { MOST_DEPTH as usize }>,
}

impl Going {
    /// What may move for it.
    const fn gates<'a>(&self, here: &Here<'a>) -> &'a Gates {
        if self.round { here.debts } else { here.payments }
    }
}

impl Seeker {
    pub(super) fn adverts(
        &mut self,
        advertising: &Advertising,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let session = session(&advertising.chance, advertising.depth);
        let (amount, depth, budget) =
            (advertising.amount, advertising.depth, advertising.budget.get());
        let trail = self.first(session);
        let going = Going { session, round: false, whole: true, amount, depth, budget, trail };
        self.makes(&going, advertising.payee, &advertising.referees, here, now_ms)
    }

    /// The other end of a search for a way round: whoever began it advertises what can come back to it, for a part of
    /// the amount and more.
    pub(super) fn adverts_home(
        &mut self,
        (query, user): (&Query, u32),
        (depth, budget): (Depth, u32),
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let (session, amount) = (query.session, query.amount);
        let trail = self.first(session);
        let going = Going { session, round: true, whole: false, amount, depth, budget, trail };
        self.makes(&going, user, &query.referees, here, now_ms)
    }

    fn first(&self, session: Hash) -> List<Hash, { MOST_DEPTH as usize }> {
        List::new(vec![self.mark(session)]).unwrap_or_default()
    }

    fn makes(
        &mut self,
        going: &Going,
        user: u32,
        referees: &List<AgentId, MAX_REFEREES>,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let (amount, is_round) = (going.amount.get(), going.round);
        let gates = going.gates(here);
        let least = if is_round { least_round(amount) } else { amount };
        let kept = |way: Way, most| {
            let curve = if is_round {
                gates.round(&way, None, amount, most)?
            } else {
                gates.curve(&way, amount, most)?
            };
            Some(Kept { way, on: None, is_round, curve, sites: 1, referees: referees.clone() })
        };
        self.hand_on(going, None, (Start::User(user), least), kept, here, now_ms).0
    }

    /// Takes an advert in: it is known from now on, ends queries that wait, and is handed on.
    pub(super) fn advertised(
        &mut self,
        from: AgentId,
        mut advert: Advert,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        advert.plan.referees = advert.plan.referees.keep(|referee| here.referees.contains(referee));
        let Some((gate, granted)) = self.welcomes(from, &advert, here, now_ms) else {
            self.counts.strays += 1;
            return Vec::new();
        };
        let session = advert.session;
        let known = self.sessions.entry(session).or_default();
        known.adverts_until_ms = now_ms.saturating_add(self.limits.keep_ms);
        let Advert { nonce, ref plan, ref trail, .. } = advert;
        known.adverts.push(Advertised { gate, nonce, plan: plan.clone(), trail: trail.clone() });
        self.end_waiting(session);
        let (mut effects, used) = self.further(from, gate, &advert, granted - 1, here, now_ms);
        self.allowances.uses(from, 1 + used, &self.limits, now_ms);
        effects.extend(self.finish_all(session, here, now_ms));
        effects
    }

    /// The gate that an advert came over and how many adverts it may cause, if it is new and of use.
    fn welcomes(
        &self,
        from: AgentId,
        advert: &Advert,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Option<(usize, u32)> {
        advert.check().ok()?;
        let session = advert.session;
        let gate = here.named(from, session, advert.turn, advert.nonce)?;
        let known = self.sessions.get(&session).map_or(&[][..], |session| &session.adverts[..]);
        let is_known = known.iter().any(|advertised| advertised.nonce == advert.nonce);
        let of_gate = known.iter().filter(|advertised| advertised.gate == gate).count();
        let came_round = advert.trail.contains(&self.mark(session));
        let left = self.allowances.left(from, &self.limits, now_ms);
        let welcome = !is_known && !came_round && of_gate < MOST_PLANS && left > 0;
        welcome.then_some((gate, left.min(advert.budget.get())))
    }

    /// Hands an advert on to other partners, with the way in here before it.
    fn further(
        &mut self,
        from: AgentId,
        gate: usize,
        advert: &Advert,
        budget: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> (Vec<Effect>, u32) {
        let Advert { session, amount, ref plan, ref trail, .. } = *advert;
        let trail = List::new([&trail[..], &[self.mark(session)]].concat());
        let Some((depth, trail)) = advert.depth.less().zip(trail.ok()) else {
            return (Vec::new(), 0);
        };
        let round = advert.round;
        let whole = !round && plan.curve.top().arrives <= amount;
        let going = Going { session, round, whole, amount, depth, budget, trail };
        let gates = going.gates(here);
        let kept = |way: Way, most| {
            let curve = if round {
                gates.round(&way, Some(&plan.curve), amount.get(), most)?
            } else {
                gates.composed(&way, &plan.curve, amount.get(), most)?
            };
            let (on, sites) = (Some((gate, plan.token)), plan.sites + 1);
            (sites <= MOST_DEPTH).then(|| Kept {
                is_round: round,
                way,
                on,
                curve,
                sites,
                referees: plan.referees.clone(),
            })
        };
        // A payee wants the whole amount; of a way round a part is as good.
        let enters = if round { plan.curve.points().first() } else { plan.curve.points().last() };
        let end = (Start::Gate(gate), enters.map_or(Units::ZERO, |point| point.enters.get()));
        self.hand_on(&going, Some(from), end, kept, here, now_ms)
    }

    /// Says to each partner over whose tally enough can come in what becomes of it, with so many adverts to spend;
    /// and how many that may cause.
    fn hand_on(
        &mut self,
        going: &Going,
        from: Option<AgentId>,
        (end, entered): (Start, Units),
        kept: impl Fn(Way, Units) -> Option<Kept>,
        here: &Here<'_>,
        now_ms: i64,
    ) -> (Vec<Effect>, u32) {
        let partner = |gate: usize| here.doors.get(gate).map(|door| door.partner);
        let gates = going.gates(here);
        let entries = gates.entries(end, entered);
        let over =
            entries.all().filter(|(gate, _)| partner(*gate).is_some_and(|to| Some(to) != from));
        let kept = |gate: usize| Some((gate, kept(entries.way(gate)?, gates.most_in(gate))?));
        let most = usize::try_from(going.budget).unwrap_or(usize::MAX).min(self.limits.exits);
        // The cheapest first.
        let adverts: Vec<(usize, Kept)> = if entries.are_exact() && going.whole {
            // As much arrives by all of them, so they need be composed in this order only, and no more of them.
            let mut over: Vec<(Units, usize)> = over.map(|(gate, enters)| (enters, gate)).collect();
            over.sort_unstable();
            over.into_iter().filter_map(|(_, gate)| kept(gate)).take(most).collect()
        } else {
            let mut adverts: Vec<(usize, Kept)> = over.filter_map(|(gate, _)| kept(gate)).collect();
            adverts.sort_by_key(|(gate, kept)| (kept.rank(), *gate));
            adverts.truncate(most);
            adverts
        };
        let (mut effects, mut used, mut left) = (Vec::new(), 0, adverts.len());
        for (gate, kept) in adverts {
            let among = u32::try_from(left).unwrap_or(u32::MAX).max(1);
            let part = ((going.budget - used) / among).min(self.useful(going.depth));
            left -= 1;
            if let Some((effect, part)) = self.advert(going, from, gate, kept, part, here, now_ms) {
                effects.push(effect);
                used += part;
            }
        }
        (effects, used)
    }

    #[allow(clippy::too_many_arguments, reason = "each is one thing")]
    fn advert(
        &mut self,
        going: &Going,
        from: Option<AgentId>,
        gate: usize,
        kept: Kept,
        part: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Option<(Effect, u32)> {
        let door = here.doors.get(gate)?;
        let turn = self.turn(going.session, gate)?;
        let part = self.take(from, door.partner, part, here, now_ms);
        let budget = Budget::try_from(part).ok()?;
        self.took_turn(going.session, gate);
        let (session, amount, depth) = (going.session, going.amount, going.depth);
        let nonce = nonce(door.tally, session, turn);
        let token = self.token(session, nonce, u8::MAX);
        let until_ms = now_ms.saturating_add(self.limits.keep_ms);
        let known = self.sessions.entry(session).or_default();
        known.adverts_until_ms = known.adverts_until_ms.max(until_ms);
        let Kept { curve, sites, referees, .. } = kept.clone();
        self.keeps(token, until_ms, kept);
        self.counts.advertised += 1;
        let plan = Plan { token, curve, sites, referees };
        let trail = going.trail.clone();
        let round = going.round;
        let advert = Advert { session, nonce, turn, round, amount, plan, depth, budget, trail };
        Some((Effect::Advert { to: door.partner, advert }, part))
    }

    /// The gates over which something was advertised in a session.
    pub(super) fn advertised_over(&self, session: Hash) -> BTreeSet<usize> {
        let known = self.sessions.get(&session);
        known.into_iter().flat_map(|known| &known.adverts).map(|advert| advert.gate).collect()
    }

    /// Whether anything was advertised in a session.
    pub(super) fn has_adverts(&self, session: Hash) -> bool {
        self.sessions.get(&session).is_some_and(|session| !session.adverts.is_empty())
    }

    /// What was advertised over a gate, as if it had been answered to this query.
    pub(super) fn known_adverts(&self, open: &Open, gate: usize) -> Vec<Plan> {
        let known = self.sessions.get(&open.query.session);
        let adverts = known.into_iter().flat_map(|session| &session.adverts);
        let of_gate = adverts.filter(|advertised| advertised.gate == gate && advertised.fits(open));
        of_gate.map(|advertised| advertised.plan.clone()).collect()
    }

    /// Whoever waits for an answer over a gate where the whole amount is advertised waits no more.
    fn end_waiting(&mut self, session: Hash) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        for open in known.open.values_mut().filter(|open| !open.is_over) {
            let enough = open.enough();
            let whole =
                |o: &&Advertised| o.fits(open) && o.plan.curve.top().arrives.get() >= enough;
            let whole: Vec<&Advertised> = known.adverts.iter().filter(whole).collect();
            for branch in open.branches.values_mut().filter(|branch| branch.heard.is_none()) {
                let here = whole.iter().filter(|advertised| advertised.gate == branch.gate);
                let plans: Vec<Plan> = here.map(|advertised| advertised.plan.clone()).collect();
                branch.heard = (!plans.is_empty()).then_some(Heard::Plans(plans));
            }
        }
    }
}
