//! Which agents speak for the users of a tally: those that the signed tally names, until a user says that
//! its site has another one (protocol §5; [`Moved`]).

use super::Ledger;
use super::chain::{Head, Link};
use super::refusal::Refusal;
use super::step::{Event, Step};
use crate::moved::Moved;
use crate::side::Side;
use crate::{AgentId, PublicKey, SignatureFault, Signed as _, Verified};

/// How many of a user's words about its agent a half keeps, the last ones: what agents signed before still
/// proves itself by the earlier ones.
pub const MAX_MOVED: usize = 8;

impl Ledger {
    /// The agent that speaks for the user on a side; none where the half does not know the signed tally
    /// ([`Ledger::with_agents_of`]) and the user never said.
    #[must_use]
    pub fn agent(&self, side: Side) -> Option<AgentId> {
        let named = || self.agents.as_ref().map(|agents| *agents.of(side));
        self.moved(side).map(|moved| moved.agent).or_else(named)
    }

    /// What the user on a side said last about its agent.
    #[must_use]
    pub fn moved(&self, side: Side) -> Option<&Moved> {
        self.moved.of(side).last()
    }

    /// All that the user on a side said about its agent, as far as it is kept, oldest first.
    #[must_use]
    pub fn all_moved(&self, side: Side) -> &[Moved] {
        self.moved.of(side)
    }

    /// Every agent that spoke for the user on a side, the one in the signed tally first.
    pub fn agents_had(&self, side: Side) -> impl Iterator<Item = AgentId> {
        let named = self.agents.as_ref().map(|agents| *agents.of(side));
        named.into_iter().chain(self.moved.of(side).iter().map(|moved| moved.agent))
    }

    /// Whether agents of the user on a side may be forgotten: it named as many as are kept.
    pub(crate) fn forgot_agents(&self, side: Side) -> bool {
        self.all_moved(side).len() >= MAX_MOVED
    }

    /// The agents whose word counts at a place of the chain: the one that speaks now, and an earlier one where the word
    /// that took its place rests on a head for which `rested` says that the place stands at or below it.
    pub(crate) fn agents_at(
        &self,
        side: Side,
        rested: impl Fn(Head) -> bool,
    ) -> impl Iterator<Item = AgentId> {
        let words = self.all_moved(side);
        let agents: Vec<_> = self.agents_had(side).collect();
        let first = agents.len() - words.len().min(agents.len());
        agents.into_iter().enumerate().filter_map(move |(place, agent)| {
            // The word that came after this agent.
            let next = (place + 1).checked_sub(first).and_then(|next| words.get(next));
            next.is_none_or(|next| next.head.is_some_and(&rested)).then_some(agent)
        })
    }

    /// Checks the signature of a user's word about its agent, by the key that is in force.
    ///
    /// # Errors
    /// [`SignatureFault`], also where it names another key: a half that went back to before a change of key
    /// cannot tell.
    pub fn prove_moved(&self, moved: Moved) -> Result<Verified<Moved>, SignatureFault> {
        let key = self.key(moved.by).filter(|_| self.key_name(moved.by) == moved.key);
        let key = key.ok_or(SignatureFault::Wrong { by: moved.by.word() })?;
        Verified::check(moved, key)
    }

    /// Takes a user's word about its agent, in any order; what is here already changes nothing.
    pub(super) fn take_moved(&self, moved: &Verified<Moved>) -> Result<Step, Refusal> {
        let moved: Moved = **moved;
        let Moved { tally: named, by, agent, .. } = moved;
        if named != self.tally {
            return Err(Refusal::MovedOther { named, tally: self.tally });
        }
        let mut step = self.unchanged(Vec::new());
        let Some(before) = self.moved(by) else {
            step.ledger.keep_moved(moved);
            step.events.push(Event::Moved { by, agent });
            return Ok(step);
        };
        if *before == moved {
            return Ok(step);
        }
        if !moved.overtakes(before) {
            return Err(Refusal::StaleMove { by, in_force: before.counter.get() });
        }
        step.ledger.keep_moved(moved);
        step.events.push(Event::Moved { by, agent });
        Ok(step)
    }

    /// The same half with what users said about their agents, each word proved by a key that its user has on this
    /// chain without it.
    ///
    /// # Errors
    /// [`SignatureFault`] of the first that nothing proves.
    pub(crate) fn told_of_agents(
        self,
        words: &[Moved],
        chain: &[Link],
    ) -> Result<Self, SignatureFault> {
        let mut told = self;
        let mut left: Vec<Moved> = words.to_vec();
        while !left.is_empty() {
            let mut keys = told.clone();
            keys.take_keys(chain);
            let proved = |moved: &Moved| keys.check_moved(moved).is_ok();
            let Some(place) = left.iter().position(proved) else {
                return left.first().map_or(Ok(()), |moved| keys.check_moved(moved)).map(|()| told);
            };
            told.keep_moved(left.remove(place));
        }
        Ok(told)
    }

    /// Checks the signature of a user's word about its agent, by whichever key the user had here that it names.
    fn check_moved(&self, moved: &Moved) -> Result<(), SignatureFault> {
        let wrong = SignatureFault::Wrong { by: moved.by.word() };
        let ring = self.keys.of(moved.by);
        let first = ring.first();
        let named = |key: &&PublicKey| match moved.key {
            Some(name) => *key != first && key.name() == name,
            None => *key == first,
        };
        let key = ring.had().find(named).filter(|_| moved.tally == self.tally).ok_or(wrong)?;
        moved.check_signatures(key)
    }

    /// The same half with words that were proved before it had a chain.
    pub(crate) fn with_words(mut self, words: impl Iterator<Item = Moved>) -> Self {
        words.for_each(|moved| self.keep_moved(moved));
        self
    }

    fn keep_moved(&mut self, moved: Moved) {
        let all = self.moved.of_mut(moved.by);
        all.push(moved);
        all.drain(..all.len().saturating_sub(MAX_MOVED));
    }
}
