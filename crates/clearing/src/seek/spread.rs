//! What is asked on: over which gates, and how the budget is divided among them.

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::query::{Budget, Depth, MOST_TURNS, Plan, Query, Sought, Why, nonce};
use protocol::{AgentId, Hash, Units};

use super::dead::least_round;
use super::gather::{Heard, gathered};
use super::{Branch, Effect, Here, Open, Seeker};
use crate::crossing::{Exits, Way};

/// What was asked on.
#[derive(Default)]
pub(super) struct Spread {
    pub(super) effects: Vec<Effect>,
    /// How many queries that may cause.
    pub(super) used: u32,
}

impl Seeker {
    /// Asks on over the gates that are worth it, with so many queries to spend, and no farther than `depth`; none: nobody
    /// is asked. Where what was advertised is enough, nobody is asked either.
    pub(super) fn spread(
        &mut self,
        open: &mut Open,
        depth: Option<Depth>,
        budget: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Spread {
        let mut spread = Spread::default();
        if depth.is_none() && open.query.sought != Sought::Circle {
            open.left_out = Some(Why::Deep);
            if !self.has_adverts(open.query.session) {
                return spread;
            }
        }
        let (amount, bound) = (open.query.amount.get(), open.query.most.get());
        let found = here.gates(&open.query.sought).exits(open.start, amount, bound);
        let there = self.leads_to(&open.query, here);
        let mut exits = self.worth_asking(open, &found, there, here, now_ms);
        if depth.is_none() && !exits.is_empty() {
            open.left_out = Some(Why::Deep);
        }
        // To look at what is advertised costs whoever asks nothing, and it may have come over all tallies here.
        let told = self.advertised_over(open.query.session);
        let mut looked = 0;
        exits.retain(|(gate, _)| {
            let looks = looked < self.limits.exits && told.contains(gate);
            looked += usize::from(looks);
            !(looks && self.knows(open, &found, *gate, here))
        });
        let Some(depth) = depth.filter(|_| !is_enough(open, here)) else { return spread };
        let most = usize::try_from(budget).unwrap_or(usize::MAX).min(self.limits.exits);
        if exits.len() > most {
            open.left_out = Some(Why::Deep);
        }
        let mut to_ask = exits.len().min(most);
        for exit in exits.into_iter().take(most) {
            let ways = found.ways(exit.0);
            let among = u32::try_from(to_ask).unwrap_or(u32::MAX).max(1);
            let part = ((budget - spread.used) / among).min(self.useful(depth));
            to_ask -= 1;
            match self.ask(open, (exit, ways), depth, part, here, now_ms) {
                Ok((effect, used)) => {
                    spread.used += used;
                    spread.effects.push(effect);
                }
                Err(why) => open.left_out = open.left_out.max(Some(why)),
            }
        }
        spread
    }

    /// Notes what is advertised over a gate, and says whether that is the whole amount, so that nobody need be asked.
    fn knows(&self, open: &mut Open, exits: &Exits<'_>, gate: usize, here: &Here<'_>) -> bool {
        let plans = self.known_adverts(open, gate);
        let enough = open.enough();
        let whole = |plan: &Plan| plan.curve.top().arrives.get() >= enough;
        let Some(door) = here.doors.get(gate).filter(|_| plans.iter().any(whole)) else {
            return false;
        };
        let (partner, ways, heard) = (door.partner, exits.ways(gate), Some(Heard::Plans(plans)));
        // Its nonce is that of no query: nobody will answer.
        let name = self.token(open.query.session, open.query.nonce, u8::MAX - 1);
        let name = Hash::of(&[&name.as_bytes()[..], &gate.to_le_bytes()].concat());
        open.branches.insert(name, Branch { gate, partner, ways, granted: 0, used: 0, heard });
        true
    }

    /// The gates that a query can go on over: where the payee is at the partner's first, then the widest. For a way round
    /// those that carry enough, where nobody said that nothing goes on beyond.
    fn worth_asking(
        &self,
        open: &Open,
        exits: &Exits<'_>,
        there: Option<AgentId>,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Vec<(usize, Units)> {
        let sought = open.query.sought;
        let mut exits = exits.widest();
        // Whoever asks would only hear its own query again, unless it looks for a way round.
        let from = open.origin.partner().filter(|_| sought != Sought::Circle);
        let partner = |exit: &(usize, Units)| here.doors.get(exit.0).map(|door| door.partner);
        exits.retain(|exit| partner(exit).is_some_and(|partner| Some(partner) != from));
        if sought == Sought::Circle {
            let least = least_round(open.query.amount.get());
            exits.retain(|(gate, most)| *most >= least && !self.ends.are(*gate, least, now_ms));
        }
        exits.sort_by_key(|exit| there.is_none() || partner(exit) != there);
        exits
    }

    /// The partner at whose site the payee is sought.
    fn leads_to(&mut self, query: &Query, here: &Here<'_>) -> Option<AgentId> {
        if *self.partners != *here.partners {
            self.partners = here.partners.into();
        }
        self.sessions.entry(query.session).or_default().whom.partner(query, &self.partners)
    }

    /// How many queries one of this depth can cause where everybody hands on as many as this site.
    pub(super) fn useful(&self, depth: Depth) -> u32 {
        let exits = u32::try_from(self.limits.exits).unwrap_or(u32::MAX);
        (1..depth.get()).fold(1, |below: u32, _| below.saturating_mul(exits).saturating_add(1))
    }

    /// Asks over one gate; says how many queries that may cause, or why it is not asked.
    fn ask(
        &mut self,
        open: &mut Open,
        ((gate, most), ways): ((usize, Units), Vec<Way>),
        depth: Depth,
        part: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Result<(Effect, u32), Why> {
        let session = open.query.session;
        let door = here.doors.get(gate).ok_or(Why::Nothing)?;
        let most = Positive::try_from(most).map_err(|_| Why::Nothing)?;
        let turn = self.turn(session, gate).ok_or(Why::Busy)?;
        let trail = open.query.trail.iter().copied().chain([self.mark(session)]).collect();
        let trail = List::new(trail).map_err(|_| Why::Deep)?;
        let part = part.min(protocol::query::MOST_BUDGET);
        let part = self.take(open.origin.partner(), door.partner, part, here, now_ms);
        let budget = Budget::try_from(part).map_err(|_| Why::Busy)?;
        self.took_turn(session, gate);
        let nonce = nonce(door.tally, session, turn);
        let referees = open.query.referees.clone();
        let Query { sought, amount, .. } = open.query;
        let query =
            Query { session, nonce, turn, sought, amount, most, depth, budget, referees, trail };
        let branch =
            Branch { gate, partner: door.partner, ways, granted: part, used: part, heard: None };
        open.branches.insert(nonce, branch);
        self.counts.asked += 1;
        Ok((Effect::Ask { to: door.partner, query }, part))
    }

    /// How many queries and adverts have gone out over a gate; none where there may be no more.
    pub(super) fn turn(&self, session: Hash, gate: usize) -> Option<u8> {
        let known = self.sessions.get(&session);
        let turn = known.and_then(|known| known.turns.get(&gate).copied()).unwrap_or(0);
        (turn < MOST_TURNS).then_some(turn)
    }

    pub(super) fn took_turn(&mut self, session: Hash, gate: usize) {
        *self.sessions.entry(session).or_default().turns.entry(gate).or_default() += 1;
    }

    pub(super) fn take(
        &mut self,
        of: Option<AgentId>,
        partner: AgentId,
        part: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> u32 {
        // The other partners, and this site's own users.
        let sources = here.partners.len();
        self.allowances.share(of, partner, part, sources, &self.limits, now_ms)
    }
}

/// Whether the whole amount can come by what was advertised.
fn is_enough(open: &Open, here: &Here<'_>) -> bool {
    let enough = open.enough();
    let best = gathered(open, here.gates(&open.query.sought)).0.into_iter().next();
    best.is_some_and(|best| best.curve.top().arrives.get() >= enough)
}
