//! What the machine does with what it is told: `step`. Time and chance come in; what to send goes out.

use std::collections::BTreeMap;

use protocol::query::{Advert, Answer, Budget, MOST_BUDGET, Query, Said, Sought, Why};
use protocol::{AgentId, Hash};

use super::advertised::Advertising;
use super::dead::least_round;
use super::gather::Heard;
use super::own::{Found, SearchId, Wanted};
use super::{Here, Open, Origin, Seeker};
use crate::crossing::Start;

/// Something that the machine is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A user here wants a way.
    Begin(Wanted),
    /// A partner's agent asks.
    Asked {
        /// Who.
        from: AgentId,
        /// What.
        query: Query,
    },
    /// A partner's agent answers.
    Answered {
        /// Who.
        from: AgentId,
        /// What.
        answer: Answer,
    },
    /// A user here is to be paid.
    Advert(Advertising),
    /// A partner's agent advertises.
    Advertised {
        /// Who.
        from: AgentId,
        /// What.
        advert: Advert,
    },
    /// Time has passed.
    Tick,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask a partner's agent, once.
    Ask {
        /// Whom.
        to: AgentId,
        /// What.
        query: Query,
    },
    /// Answer a partner's agent, once.
    Answer {
        /// Whom.
        to: AgentId,
        /// What.
        answer: Answer,
    },
    /// Tell a partner's agent what can go over a tally with it, once.
    Advert {
        /// Whom.
        to: AgentId,
        /// What.
        advert: Advert,
    },
    /// A search is over: its plans, the best first. Where the best delivers less than was asked for, no more was found.
    Found {
        /// The search.
        search: SearchId,
        /// The plans; at least one.
        plans: Vec<Found>,
    },
    /// A search is over without a plan.
    NotFound {
        /// The search.
        search: SearchId,
        /// What came nearest to one.
        why: Why,
    },
}

impl Seeker {
    /// Takes an input at a moment, in milliseconds of any clock that does not go back, and says what is to be done.
    ///
    /// An input that does not fit changes nothing but [`super::Counts`]. `here` is the site at this moment.
    pub fn step(&mut self, input: Input, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        match input {
            Input::Begin(wanted) => self.begin(wanted, here, now_ms),
            Input::Asked { from, query } => self.asked(from, query, here, now_ms),
            Input::Answered { from, answer } => self.answered(from, answer, here, now_ms),
            Input::Advert(advertising) => self.adverts(&advertising, here, now_ms),
            Input::Advertised { from, advert } => self.advertised(from, advert, here, now_ms),
            Input::Tick => self.tick(here, now_ms),
        }
    }

    fn asked(&mut self, from: AgentId, query: Query, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        let gate = query
            .check()
            .ok()
            .and_then(|()| here.named(from, query.session, query.turn, query.nonce));
        let Some(gate) = gate else {
            self.counts.strays += 1;
            return Vec::new();
        };
        let (session, nonce) = (query.session, query.nonce);
        let mut effects = match self.takes(from, gate, query, here, now_ms) {
            Ok(effects) => effects,
            Err(why) => vec![self.answer(from, (session, nonce), 1, Said::Refused(why))],
        };
        effects.extend(self.finish_all(session, here, now_ms));
        effects
    }

    /// Takes a query on, or says why not.
    fn takes(
        &mut self,
        from: AgentId,
        gate: usize,
        mut query: Query,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Result<Vec<Effect>, Why> {
        let session = self.sessions.get(&query.session);
        if session.is_some_and(|session| session.open.contains_key(&query.nonce)) {
            return Err(Why::Replay);
        }
        let came_round = query.trail.contains(&self.mark(query.session));
        let began = came_round.then(|| self.began(&query).ok_or(Why::Loop)).transpose()?;
        query.referees = query.referees.keep(|referee| here.referees.contains(referee));
        if query.referees.is_empty() {
            return Err(Why::Referees);
        }
        let granted = self.allowances.left(from, &self.limits, now_ms).min(query.budget.get());
        let theirs = self.remembered.get(&from).copied().unwrap_or(0);
        if granted == 0 || theirs >= self.limits.open {
            return Err(Why::Busy);
        }
        // Each user is compared with the payee, so whoever has no allowance left is not looked up.
        let payee = began.unwrap_or_else(|| {
            self.sessions.entry(query.session).or_default().whom.user(&query, here)
        });
        let mut open = self.open(Origin::Partner(from), Start::Gate(gate), query, now_ms);
        let mut effects = Vec::new();
        let mut used = 1;
        if let Some(payee) = payee {
            self.arrives(&mut open, payee, here);
        } else {
            let deeper = open.query.depth.less();
            let spread = self.spread(&mut open, deeper, granted - 1, here, now_ms);
            used += spread.used;
            effects = spread.effects;
        }
        self.allowances.uses(from, used, &self.limits, now_ms);
        let session = self.sessions.entry(open.query.session).or_default();
        session.add(open.query.nonce, open);
        *self.remembered.entry(from).or_default() += 1;
        Ok(effects)
    }

    /// The user here who began the search that a query has come back from, if it looks for a way round.
    fn began(&self, query: &Query) -> Option<Option<u32>> {
        let begun = self.searches.values().find(|search| search.session == query.session)?;
        (query.sought == Sought::Circle).then_some(Some(begun.wanted.payer))
    }

    /// A query that was just taken on.
    pub(super) fn open(&self, origin: Origin, start: Start, query: Query, now_ms: i64) -> Open {
        let wait = i64::from(query.depth.get()).saturating_mul(self.limits.hop_ms);
        let until_ms = now_ms.saturating_add(wait);
        let expires_ms = now_ms.saturating_add(self.limits.keep_ms).max(until_ms);
        Open {
            origin,
            start,
            query,
            branches: BTreeMap::new(),
            here: Vec::new(),
            left_out: None,
            until_ms,
            expires_ms,
            is_over: false,
        }
    }

    fn answered(
        &mut self,
        from: AgentId,
        answer: Answer,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<Effect> {
        let session = self.sessions.get_mut(&answer.session);
        let open = session.into_iter().flat_map(|session| session.open.values_mut());
        let mut open = open.filter(|open| !open.is_over);
        // Each nonce stands for one query, which was asked for one other.
        let branch = open.find_map(|open| {
            let asked = (open.origin.partner(), open.query.sought, open.query.amount);
            Some((open.branches.get_mut(&answer.nonce)?, asked))
        });
        let branch = branch.filter(|(branch, _)| branch.partner == from && branch.heard.is_none());
        match branch.filter(|_| answer.check().is_ok()) {
            // The question came twice: what it was answered, or will be, comes as well.
            Some(_) if answer.said == Said::Refused(Why::Replay) => {}
            Some((branch, (of, sought, amount))) => {
                branch.used = answer.used.get().min(branch.granted);
                let unused = branch.granted - branch.used;
                self.allowances.returns_share(of, from, unused, now_ms);
                if sought == Sought::Circle && answer.said == Said::Refused(Why::Nothing) {
                    let until_ms = now_ms.saturating_add(self.limits.end_ms);
                    self.ends.learn(branch.gate, least_round(amount.get()), until_ms);
                }
                branch.heard = Some(Heard::of(answer.said));
            }
            None => self.counts.strays += 1,
        }
        self.finish_all(answer.session, here, now_ms)
    }

    fn tick(&mut self, here: &Here<'_>, now_ms: i64) -> Vec<Effect> {
        let waiting = self.sessions.iter().filter(|(_, session)| session.waiting > 0);
        let waiting: Vec<Hash> = waiting.map(|(session, _)| *session).collect();
        let effects =
            waiting.into_iter().flat_map(|session| self.finish_all(session, here, now_ms));
        let effects = effects.collect();
        self.forget_queries(now_ms);
        self.forget_plans(now_ms);
        self.allowances.forget(now_ms);
        self.ends.forget(now_ms);
        effects
    }

    /// Forgets the queries and adverts that have expired.
    fn forget_queries(&mut self, now_ms: i64) {
        let remembered = &mut self.remembered;
        let mut stays = |open: &Open| {
            let stays = !open.is_over || open.expires_ms > now_ms;
            if let Some(partner) = open.origin.partner().filter(|_| !stays) {
                let left = remembered.get(&partner).map_or(0, |many| many.saturating_sub(1));
                if left == 0 {
                    remembered.remove(&partner)
                } else {
                    remembered.insert(partner, left)
                };
            }
            stays
        };
        self.sessions.retain(|_, session| {
            if session.first_expires_ms.is_some_and(|first_ms| first_ms <= now_ms) {
                session.open.retain(|_, open| stays(open));
                session.first_expires_ms = session.open.values().map(|open| open.expires_ms).min();
            }
            if session.adverts_until_ms <= now_ms {
                session.adverts.clear();
            }
            !session.open.is_empty() || session.adverts_until_ms > now_ms
        });
    }

    /// An answer, counted.
    pub(super) fn answer(
        &mut self,
        to: AgentId,
        (session, nonce): (Hash, Hash),
        used: u32,
        said: Said,
    ) -> Effect {
        match &said {
            Said::Plans(_) => self.counts.answered += 1,
            Said::Refused(why) => *self.counts.refused.entry(*why).or_default() += 1,
        }
        // No query causes more than there may be.
        let used = Budget::try_from(used.clamp(1, MOST_BUDGET)).unwrap_or(Budget::ONE);
        Effect::Answer { to, answer: Answer { session, nonce, used, said } }
    }
}
