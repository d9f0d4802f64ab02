//! What is asked on: over which gates, and how the budget is divided among them.

use protocol::AgentId;
use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::query::{Budget, Depth, MOST_TURNS, Query, Why, nonce};

use super::{Branch, Effect, Here, Open, Seeker};
use crate::crossing::Exit;

/// What was asked on.
pub(super) struct Spread {
    pub(super) effects: Vec<Effect>,
    /// How many queries that may cause.
    pub(super) used: u32,
}

impl Seeker {
    /// Asks on over the gates that are worth it, with so many queries to spend.
    pub(super) fn spread(
        &mut self,
        open: &mut Open,
        depth: Depth,
        budget: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Spread {
        let exits = self.worth_asking(open, here);
        let most = usize::try_from(budget).unwrap_or(usize::MAX).min(self.limits.exits);
        if exits.len() > most {
            open.left_out = Some(Why::Deep);
        }
        let mut spread = Spread { effects: Vec::new(), used: 0 };
        let mut to_ask = exits.len().min(most);
        for exit in exits.into_iter().take(most) {
            let among = u32::try_from(to_ask).unwrap_or(u32::MAX).max(1);
            let part = ((budget - spread.used) / among).min(self.useful(depth));
            to_ask -= 1;
            match self.ask(open, exit, depth, part, here, now_ms) {
                Ok((effect, used)) => {
                    spread.used += used;
                    spread.effects.push(effect);
                }
                Err(why) => open.left_out = open.left_out.max(Some(why)),
            }
        }
        spread
    }

    /// The gates that a query can go on over: where the payee is at the partner's first, then the widest.
    fn worth_asking(&self, open: &Open, here: &Here<'_>) -> Vec<Exit> {
        let Query { sought, session, .. } = open.query;
        let (amount, most) = (open.query.amount.get(), open.query.most.get());
        let mut exits = here.gates(&sought).exits(open.start, amount, most);
        // Whoever asks would only hear its own query again, unless it looks for a way round.
        let from = open.origin.partner().filter(|_| sought != protocol::query::Sought::Circle);
        let partner = |exit: &Exit| here.doors.get(exit.gate).map(|door| door.partner);
        exits.retain(|exit| partner(exit).is_some_and(|partner| Some(partner) != from));
        let there = here.leads_to(&sought, session);
        exits.sort_by_key(|exit| there.is_none() || partner(exit) != there);
        exits
    }

    /// How many queries one of this depth can cause where everybody hands on as many as this site.
    fn useful(&self, depth: Depth) -> u32 {
        let exits = u32::try_from(self.limits.exits).unwrap_or(u32::MAX);
        (1..depth.get()).fold(1, |below: u32, _| below.saturating_mul(exits).saturating_add(1))
    }

    /// Asks over one gate; says how many queries that may cause, or why it is not asked.
    fn ask(
        &mut self,
        open: &mut Open,
        exit: Exit,
        depth: Depth,
        part: u32,
        here: &Here<'_>,
        now_ms: i64,
    ) -> Result<(Effect, u32), Why> {
        let session = open.query.session;
        let door = here.doors.get(exit.gate).ok_or(Why::Nothing)?;
        let most = Positive::try_from(exit.most).map_err(|_| Why::Nothing)?;
        let turns = self.sessions.entry(session).or_default().turns.entry(exit.gate).or_default();
        let turn = *turns;
        if turn >= MOST_TURNS {
            return Err(Why::Busy);
        }
        let trail = open.query.trail.iter().copied().chain([self.mark(session)]).collect();
        let trail = List::new(trail).map_err(|_| Why::Deep)?;
        let part = part.min(protocol::query::MOST_BUDGET);
        let part = self.take(open.origin.partner(), door.partner, part, here, now_ms);
        let budget = Budget::try_from(part).map_err(|_| Why::Busy)?;
        let turns = self.sessions.entry(session).or_default().turns.entry(exit.gate).or_default();
        *turns += 1;
        let nonce = nonce(door.tally, session, turn);
        let referees = open.query.referees.clone();
        let Query { sought, amount, .. } = open.query;
        let query =
            Query { session, nonce, turn, sought, amount, most, depth, budget, referees, trail };
        let branch =
            Branch { gate: exit.gate, partner: door.partner, ways: exit.ways, heard: None };
        open.branches.insert(nonce, branch);
        self.counts.asked += 1;
        Ok((Effect::Ask { to: door.partner, query }, part))
    }

    fn take(
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
