//! The search from the payee's end: its site offers what can come in to it, and whoever hears that hands it on. Where
//! a query of the same session comes to a site that has heard an offer, it need not go farther.

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::lift::MAX_REFEREES;
use protocol::query::{Budget, Depth, MOST_DEPTH, MOST_PLANS, Offer, Plan, nonce};
use protocol::{AgentId, Hash, Units};

use super::gather::{Heard, Kept};
use super::own::session;
use super::{Effect, Here, Open, Seeker};
use crate::crossing::{Start, Way};

/// That a user here is to be paid, and the search may begin at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offering {
    /// The user, by number.
    pub payee: u32,
    /// How much is to arrive.
    pub amount: Positive,
    /// Who may decide it, in order.
    pub referees: List<AgentId, MAX_REFEREES>,
    /// How far the offers go: they meet the payer's queries of the round of this depth.
    pub depth: Depth,
    /// How many offers there may be.
    pub budget: Budget,
    /// The number that the payer's search has as well, from the payee's invoice.
    pub chance: Hash,
}

/// What was offered over one gate.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) gate: usize,
    pub(super) nonce: Hash,
    pub(super) plan: Plan,
    trail: List<Hash, { MOST_DEPTH as usize }>,
}

impl Offered {
    /// Whether a query can end with it: no site is on both ways.
    fn fits(&self, open: &Open) -> bool {
        !self.trail.iter().any(|mark| open.query.trail.contains(mark))
    }
}

/// What is to be handed on.
struct Going {
    session: Hash,
    amount: Positive,
    depth: Depth,
    budget: u32,
    trail: List<Hash, { MOST_DEPTH as usize }>,
}

impl Seeker {
    pub(super) fn offers(
        &mut self,
        offering: &Offering,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let session = session(&offering.chance, offering.depth);
        let (amount, depth, budget) = (offering.amount, offering.depth, offering.budget.get());
        let trail = List::new(vec![self.mark(session)]).unwrap_or_default();
        let going = Going { session, amount, depth, budget, trail };
        let end = Start::User(offering.payee);
        let gates = here.payments;
        let kept = |way: Way, most| {
            let curve = gates.curve(&way, amount.get(), most)?;
            let referees = offering.referees.clone();
            Some(Kept { way, on: None, curve, sites: 1, referees })
        };
        self.hand_on(&going, None, (end, amount.get()), kept, here, now_ms).0
    }

    /// Takes an offer in: it is known from now on, ends queries that wait, and is handed on.
    pub(super) fn offered(
        &mut self,
        from: AgentId,
        mut offer: Offer,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        offer.plan.referees = offer.plan.referees.keep(|referee| here.referees.contains(referee));
        let Some((gate, granted)) = self.welcomes(from, &offer, here, now_ms) else {
            self.counts.strays += 1;
            return Vec::new();
        };
        let session = offer.session;
        let known = self.sessions.entry(session).or_default();
        known.offers_until_ms = now_ms.saturating_add(self.limits.keep_ms);
        let Offer { nonce, ref plan, ref trail, .. } = offer;
        known.offers.push(Offered { gate, nonce, plan: plan.clone(), trail: trail.clone() });
        self.end_waiting(session);
        let (mut effects, used) = self.further(from, gate, &offer, granted - 1, here, now_ms);
        self.allowances.uses(from, 1 + used, &self.limits, now_ms);
        effects.extend(self.finish_all(session, here, now_ms));
        effects
    }

    /// The gate that an offer came over and how many offers it may cause, if it is new and of use.
    fn welcomes(
        &self,
        from: AgentId,
        offer: &Offer,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Option<(usize, u32)> {
        offer.check().ok()?;
        let session = offer.session;
        let gate = here.named(from, session, offer.turn, offer.nonce)?;
        let known = self.sessions.get(&session).map_or(&[][..], |session| &session.offers[..]);
        let is_known = known.iter().any(|offered| offered.nonce == offer.nonce);
        let of_gate = known.iter().filter(|offered| offered.gate == gate).count();
        let came_round = offer.trail.contains(&self.mark(session));
        let left = self.allowances.left(from, &self.limits, now_ms);
        let welcome = !is_known && !came_round && of_gate < MOST_PLANS && left > 0;
        welcome.then_some((gate, left.min(offer.budget.get())))
    }

    /// Hands an offer on to other partners, with the way in here before it.
    fn further(
        &mut self,
        from: AgentId,
        gate: usize,
        offer: &Offer,
        budget: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> (Vec<Effect>, u32) {
        let Offer { session, amount, ref plan, ref trail, .. } = *offer;
        let trail = List::new([&trail[..], &[self.mark(session)]].concat());
        let Some((depth, trail)) = offer.depth.less().zip(trail.ok()) else {
            return (Vec::new(), 0);
        };
        let going = Going { session, amount, depth, budget, trail };
        let kept = |way: Way, most| {
            let curve = here.payments.composed(&way, &plan.curve, amount.get(), most)?;
            let (on, sites) = (Some((gate, plan.token)), plan.sites + 1);
            (sites <= MOST_DEPTH).then(|| Kept {
                way,
                on,
                curve,
                sites,
                referees: plan.referees.clone(),
            })
        };
        let end = (Start::Gate(gate), plan.curve.top().enters.get());
        self.hand_on(&going, Some(from), end, kept, here, now_ms)
    }

    /// Says to each partner over whose tally enough can come in what becomes of it, with so many offers to spend;
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
        let entries = here.payments.entries(end, entered).into_iter();
        let offers = entries.filter(|(gate, _)| partner(*gate).is_some_and(|to| Some(to) != from));
        let offers =
            offers.filter_map(|(gate, way)| Some((gate, kept(way, here.payments.most_in(gate))?)));
        let mut offers: Vec<(usize, Kept)> = offers.collect();
        // The cheapest first.
        offers.sort_by_key(|(gate, kept)| (kept.rank(), *gate));
        let most = usize::try_from(going.budget).unwrap_or(usize::MAX).min(self.limits.exits);
        offers.truncate(most);
        let (mut effects, mut used, mut left) = (Vec::new(), 0, offers.len());
        for (gate, kept) in offers {
            let among = u32::try_from(left).unwrap_or(u32::MAX).max(1);
            let part = ((going.budget - used) / among).min(self.useful(going.depth));
            left -= 1;
            if let Some((effect, part)) = self.offer(going, from, gate, kept, part, here, now_ms) {
                effects.push(effect);
                used += part;
            }
        }
        (effects, used)
    }

    #[allow(clippy::too_many_arguments, reason = "each is one thing")]
    fn offer(
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
        known.offers_until_ms = known.offers_until_ms.max(until_ms);
        let Kept { curve, sites, referees, .. } = kept.clone();
        self.kept.insert(token, (until_ms, kept));
        self.counts.offered += 1;
        let plan = Plan { token, curve, sites, referees };
        let trail = going.trail.clone();
        let offer = Offer { session, nonce, turn, amount, plan, depth, budget, trail };
        Some((Effect::Offer { to: door.partner, offer }, part))
    }

    /// Whether anything was offered in a session.
    pub(super) fn has_offers(&self, session: Hash) -> bool {
        self.sessions.get(&session).is_some_and(|session| !session.offers.is_empty())
    }

    /// What was offered over a gate, as if it had been answered to this query.
    pub(super) fn known_offers(&self, open: &Open, gate: usize) -> Vec<Plan> {
        let known = self.sessions.get(&open.query.session);
        let offers = known.into_iter().flat_map(|session| &session.offers);
        let of_gate = offers.filter(|offered| offered.gate == gate && offered.fits(open));
        of_gate.map(|offered| offered.plan.clone()).collect()
    }

    /// Whoever waits for an answer over a gate where the whole amount is offered waits no more.
    fn end_waiting(&mut self, session: Hash) {
        let Some(known) = self.sessions.get_mut(&session) else { return };
        for open in known.open.values_mut().filter(|open| !open.is_over) {
            let amount = open.query.amount;
            let whole = |o: &&Offered| o.fits(open) && o.plan.curve.top().arrives >= amount;
            let whole: Vec<&Offered> = known.offers.iter().filter(whole).collect();
            for branch in open.branches.values_mut().filter(|branch| branch.heard.is_none()) {
                let here = whole.iter().filter(|offered| offered.gate == branch.gate);
                let plans: Vec<Plan> = here.map(|offered| offered.plan.clone()).collect();
                branch.heard = (!plans.is_empty()).then_some(Heard::Plans(plans));
            }
        }
    }
}
