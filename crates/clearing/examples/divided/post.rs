//! The messages of a search, from site to site until nothing more is said, each counted as the record that is sent.

use std::collections::VecDeque;

use clearing::{Advertising, Effect, Found, Input, SearchId, To, Wanted};
use protocol::bounded::List;
use protocol::query::{Depth, Why};
use protocol::{Hash, Record as _, Units};

use super::{Divided, cuid};
use crate::lines::Failure;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Query,
    Answer,
    Advert,
    Compose,
    Composed,
    Word,
    Referee,
}

/// How many messages of each kind, and how many bytes they have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    kinds: [[u64; 2]; 7],
}

impl Said {
    pub(crate) const fn add(&mut self, what: What, messages: u64, bytes: u64) {
        let kind = &mut self.kinds[what as usize];
        kind[0] += messages;
        kind[1] += bytes;
    }

    pub(crate) const fn of(&self, what: What) -> u64 {
        self.kinds[what as usize][0]
    }

    pub(crate) fn messages(&self) -> u64 {
        self.kinds.iter().map(|[messages, _]| messages).sum()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.kinds.iter().map(|[_, bytes]| bytes).sum()
    }

    /// What a search took, without what lifts took.
    pub(crate) const fn searching(&self) -> u64 {
        self.of(What::Query) + self.of(What::Answer) + self.of(What::Advert)
    }
}

/// What came of a search.
pub(crate) type Outcome = Result<Vec<Found>, Why>;

impl Divided {
    /// A search by a user at its site, its number and session new; nobody knows its number but its site.
    pub(crate) fn wanted(
        &mut self,
        user: u32,
        to: To,
        [amount, most]: [Units; 2],
        (first, budget): (u8, u32),
    ) -> Result<Wanted, Failure> {
        self.searches += 1;
        Ok(Wanted {
            id: SearchId(self.searches),
            payer: self.local[user as usize],
            to,
            amount: amount.try_into()?,
            most: most.try_into()?,
            referees: List::new(vec![self.referee])?,
            first: Depth::try_from(first)?,
            deepest: Depth::try_from(protocol::query::MOST_DEPTH)?,
            budget: budget.try_into()?,
            chance: Hash::of(&self.searches.to_le_bytes()),
        })
    }

    /// One search of a site from beginning to end. What is said `before` is on its way when it begins.
    pub(crate) fn search(
        &mut self,
        from: usize,
        wanted: Wanted,
        before: Vec<(usize, Input)>,
    ) -> Result<Outcome, Failure> {
        let mut post: VecDeque<(usize, Input)> = before.into();
        let mut begins = Some(wanted);
        let mut outcome = None;
        loop {
            let next = post.pop_front();
            let begin = || begins.take().map(|wanted| (from, Input::Begin(wanted)));
            let Some((at, input)) = next.or_else(begin) else { break };
            let from_agent = self.sites[at].agent;
            for effect in self.sites[at].step(input, self.referee, self.now_ms) {
                let (to, input) = match effect {
                    Effect::Ask { to, query } => {
                        self.said.add(What::Query, 1, query.to_text()?.as_str().len() as u64);
                        (to, Input::Asked { from: from_agent, query })
                    }
                    Effect::Advert { to, advert } => {
                        self.said.add(What::Advert, 1, advert.to_text()?.as_str().len() as u64);
                        (to, Input::Advertised { from: from_agent, advert })
                    }
                    Effect::Answer { to, answer } => {
                        self.said.add(What::Answer, 1, answer.to_text()?.as_str().len() as u64);
                        (to, Input::Answered { from: from_agent, answer })
                    }
                    Effect::Found { plans, .. } => {
                        outcome = Some(Ok(plans));
                        continue;
                    }
                    Effect::NotFound { why, .. } => {
                        outcome = Some(Err(why));
                        continue;
                    }
                };
                post.push_back((self.site_of(&to)?, input));
            }
        }
        // Nobody is silent here, so every search ends.
        Ok(outcome.ok_or("a search that did not end")?)
    }

    /// A search for a way from a payer to a payee at another site; with adverts where both ends search, for which the payee's
    /// site spends as much as the payer's.
    pub(crate) fn towards(
        &mut self,
        [payer, payee]: [u32; 2],
        [amount, most]: [Units; 2],
        budget: u32,
        both_ends: bool,
    ) -> Result<Outcome, Failure> {
        let [from, at] = [payer, payee].map(|user| self.at[user as usize] as usize);
        let to = To::Payee { cuid: cuid(payee)?, agent: self.sites[at].agent };
        let wanted = self.wanted(payer, to, [amount, most], (1, budget))?;
        let mut adverts = Vec::new();
        for depth in [1_u8, 2, 4].into_iter().filter(|_| both_ends) {
            adverts.push((
                at,
                Input::Advert(Advertising {
                    payee: self.local[payee as usize],
                    amount: wanted.amount,
                    referees: wanted.referees.clone(),
                    depth: depth.try_into()?,
                    budget: (budget / 3).max(1).try_into()?,
                    chance: wanted.chance,
                }),
            ));
        }
        // The adverts are on their way before the payer's site begins.
        self.search(from, wanted, adverts)
    }

    pub(super) fn site_of(&self, agent: &protocol::AgentId) -> Result<usize, Failure> {
        Ok(*self.by_agent.get(agent).ok_or("no such site")?)
    }

    /// Lets time pass at all sites.
    pub(crate) fn wait(&mut self, ms: i64) -> Result<(), Failure> {
        self.now_ms += ms;
        let referee = self.referee;
        for site in &mut self.sites {
            site.step(Input::Tick, referee, self.now_ms);
        }
        Ok(())
    }
}
