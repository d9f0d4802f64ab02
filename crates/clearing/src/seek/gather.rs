//! What is made of the answers: each partner's plans with the way in here before them, and the best of all.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::lift::MAX_REFEREES;
use protocol::query::{Answer, Curve, MOST_DEPTH, MOST_PLANS, Plan, Query, Said, Sought, Why};
use protocol::{AgentId, Hash};

use super::{Branch, Effect, Here, Open, Origin, Seeker};
use crate::crossing::{Gates, Start, Way};

/// What a partner has answered.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Plans(Vec<Plan>),
    Refused(Why),
}

impl Heard {
    pub(super) fn of(said: Said) -> Self {
        match said {
            Said::Plans(plans) => Self::Plans(plans.to_vec()),
            Said::Refused(why) => Self::Refused(why),
        }
    }
}

/// A plan as this site knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The way in here.
    pub way: Way,
    /// The gate that it goes on over, and the token by which the partner's site knows the rest; none where the payee is
    /// here.
    pub on: Option<(usize, Hash)>,
    /// Whether it leads round to whoever began, over what only makes debts smaller.
    pub is_round: bool,
    /// What arrives at the payee and what has to be given at the beginning of the way for it.
    pub curve: Curve,
    /// Through how many sites it goes from here, this one included.
    pub sites: u8,
    /// Who may decide it.
    pub referees: List<AgentId, MAX_REFEREES>,
}

impl Kept {
    /// What makes a plan better: more that arrives, less for it, fewer sites.
    pub(super) fn rank(&self) -> (Reverse<Positive>, Positive, u8) {
        let top = self.curve.top();
        (Reverse(top.arrives), top.enters, self.sites)
    }
}

impl Seeker {
    /// Notes how a query goes to its end where the payee is here.
    pub(super) fn arrives(&self, open: &mut Open, payee: u32, here: &Here<'_>) {
        let Query { sought, nonce, .. } = open.query;
        let (amount, most) = (open.query.amount.get(), open.query.most.get());
        let gates = here.gates(&sought);
        let ways = gates.arrivals(open.start, payee, amount, most);
        let plan = |(way, units): (Way, _)| {
            let curve = gates.curve(&way, units, most)?;
            let referees = open.query.referees.clone();
            Some((way, Plan { token: nonce, curve, sites: 1, referees }))
        };
        let is_round = sought == Sought::Circle;
        let kept = |found| kept_here(found, is_round);
        open.here = ways.into_iter().filter_map(plan).map(kept).collect();
    }

    /// Ends every query of a session that has nothing more to wait for.
    pub(super) fn finish_all(
        &mut self,
        session: Hash,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let Some(known) = self.sessions.get_mut(&session) else { return Vec::new() };
        if known.waiting == 0 {
            return Vec::new();
        }
        let over = |open: &Open| {
            let all = open.branches.values().all(|branch| branch.heard.is_some());
            !open.is_over && (all || open.until_ms <= now_ms)
        };
        let over: Vec<Hash> =
            known.open.iter().filter(|(_, open)| over(open)).map(|(nonce, _)| *nonce).collect();
        over.into_iter().flat_map(|nonce| self.end(session, nonce, here, now_ms)).collect()
    }

    /// Ends a query of a session, which is remembered by what came in only: where it led to a plan for as long as that, and where
    /// not, until its time is over, so that it is known if it comes twice.
    fn end(&mut self, session: Hash, nonce: Hash, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        let Some(known) = self.sessions.get_mut(&session) else { return Vec::new() };
        let Some(mut open) = known.open.remove(&nonce) else { return Vec::new() };
        known.waiting -= 1;
        open.is_over = true;
        let effects = self.finish(&open, here, now_ms);
        (open.branches, open.here) = (BTreeMap::new(), Vec::new());
        if effects.iter().any(is_refusal) {
            open.expires_ms = open.until_ms;
        }
        self.sessions.entry(session).or_default().remembers(nonce, open);
        effects
    }

    fn finish(&mut self, open: &Open, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        let (plans, why) = gathered(open, here.gates(&open.query.sought));
        match open.origin {
            Origin::Own(search) => {
                self.has_back(search, open.unused());
                self.own_finished(search, plans, why, here, now_ms)
            }
            Origin::Partner(agent) => {
                let Query { session, nonce, .. } = open.query;
                let said = self.keep(open, plans).map_or(Said::Refused(why), Said::Plans);
                self.allowances.returns(agent, open.unused(), now_ms);
                vec![self.answer(agent, (session, nonce), open.used(), said)]
            }
        }
    }

    /// Remembers a plan by a token until then.
    pub(super) fn keeps(&mut self, token: Hash, until_ms: i64, kept: Kept) {
        self.kept.insert(token, (until_ms, kept));
        self.expiring.entry(until_ms).or_default().push(token);
    }

    /// Forgets the plans that have expired.
    pub(super) fn forget_plans(&mut self, now_ms: i64) {
        while let Some(first) = self.expiring.first_entry().filter(|first| *first.key() <= now_ms) {
            for token in first.remove() {
                if self.kept.get(&token).is_some_and(|(until_ms, _)| *until_ms <= now_ms) {
                    self.kept.remove(&token);
                }
            }
        }
    }

    /// Remembers plans by tokens, and gives them as they are answered; none where there is none.
    fn keep(&mut self, open: &Open, plans: Vec<Kept>) -> Option<List<Plan, MOST_PLANS>> {
        let Query { session, nonce, .. } = open.query;
        let mut told = Vec::with_capacity(plans.len());
        for (place, kept) in (0..).zip(plans) {
            let token = self.token(session, nonce, place);
            let Kept { curve, sites, referees, .. } = kept.clone();
            told.push(Plan { token, curve, sites, referees });
            self.keeps(token, open.expires_ms, kept);
        }
        List::new(told).ok().filter(|plans| !plans.is_empty())
    }
}

/// Whether a query ends in vain.
fn is_refusal(effect: &Effect) -> bool {
    matches!(effect, Effect::Answer { answer: Answer { said: Said::Refused(_), .. }, .. })
}

fn kept_here((way, plan): (Way, Plan), is_round: bool) -> Kept {
    let Plan { curve, sites, referees, .. } = plan;
    Kept { way, on: None, is_round, curve, sites, referees }
}

/// The best plans for a query, and why there are none.
pub(super) fn gathered(open: &Open, gates: &Gates) -> (Vec<Kept>, Why) {
    let mut why = open.left_out.unwrap_or(Why::Nothing);
    let mut plans = open.here.clone();
    for branch in open.branches.values() {
        match &branch.heard {
            Some(Heard::Plans(theirs)) => {
                let ours = theirs.iter().filter_map(|plan| composed(open, branch, plan, gates));
                let before = plans.len();
                plans.extend(ours);
                why = if plans.len() == before { why.max(Why::Costly) } else { why };
            }
            Some(Heard::Refused(refused)) => why = why.max(nearest(*refused, &open.query.sought)),
            None => why = why.max(Why::Busy),
        }
    }
    plans.sort_by_key(Kept::rank);
    plans.truncate(MOST_PLANS);
    (plans, why)
}

/// What a partner's reason is for whoever asked this site: that a query was known, or came round, is nothing to it. Who
/// looks for a way round has to know the latter: that something goes on there.
const fn nearest(why: Why, sought: &Sought) -> Why {
    match (why, sought) {
        (Why::Loop, Sought::Circle) => Why::Loop,
        (Why::Loop | Why::Replay, _) => Why::Nothing,
        (why, _) => why,
    }
}

/// A partner's plan with the cheapest way in here before it.
fn composed(open: &Open, branch: &Branch, plan: &Plan, gates: &Gates) -> Option<Kept> {
    let (amount, most) = (open.query.amount.get(), open.query.most.get());
    let accepted = |referee: &AgentId| open.query.referees.contains(referee);
    let referees = plan.referees.clone().keep(accepted);
    let sites = plan.sites + u8::from(matches!(open.start, Start::Gate(_)));
    if referees.is_empty() || sites > MOST_DEPTH {
        return None;
    }
    let kept = |way: &Way| {
        let is_round = open.query.sought == Sought::Circle;
        let curve = if is_round {
            gates.round(way, Some(&plan.curve), amount, most)?
        } else {
            gates.composed(way, &plan.curve, amount, most)?
        };
        let (way, on) = (way.clone(), Some((branch.gate, plan.token)));
        Some(Kept { way, on, is_round, curve, sites, referees: referees.clone() })
    };
    branch.ways.iter().filter_map(kept).min_by_key(Kept::rank)
}
