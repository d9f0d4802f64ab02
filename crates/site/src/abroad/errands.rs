//! Errands between agents: said once, kept nowhere, and lost where too many wait. Whoever still needs an answer asks
//! again.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use protocol::AgentId;
use protocol::address::Endpoint;
use protocol::errand::Errand;
use tokio::sync::Notify;

use super::place_of;
use crate::door::Site;
use crate::error::SiteError;
use crate::referee::place_of_referee;

/// How many errands may wait to be sent. Beyond, the oldest is given up: what it asked, somebody has asked since.
pub const MAX_ERRANDS: usize = 4_096;

/// An errand that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// To which agent.
    pub to: AgentId,
    /// Where it answers, where that is known.
    pub at: Option<Endpoint>,
    /// What.
    pub errand: Errand,
}

/// To whom, where its sender says that it answers, and what.
type Waiting = (AgentId, Option<Endpoint>, Errand);

/// Errands that wait to be sent.
#[derive(Default)]
pub(crate) struct Errands {
    waiting: Mutex<VecDeque<Waiting>>,
    due: Notify,
    /// Agents that an errand did not reach last.
    unreached: Mutex<BTreeSet<AgentId>>,
    /// Whether anybody carries them.
    carried: AtomicBool,
}

impl Errands {
    /// Whether anybody carries what is said without a letter: a program that serves the site.
    pub(crate) fn are_carried(&self) -> bool {
        self.carried.load(Ordering::Acquire)
    }

    /// One more.
    pub(crate) fn push(&self, to: AgentId, errand: Errand) {
        self.push_at(to, None, errand);
    }

    /// One more, to an agent that is said to answer there.
    pub(crate) fn push_at(&self, to: AgentId, at: Option<Endpoint>, errand: Errand) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MAX_ERRANDS {
            waiting.pop_front();
        }
        waiting.push_back((to, at, errand));
        drop(waiting);
        self.due.notify_one();
    }

    /// Those of these agents that an errand did not reach last.
    pub(crate) fn unreached(&self, agents: &[AgentId]) -> Vec<AgentId> {
        let unreached = self.unreached.lock().unwrap_or_else(PoisonError::into_inner);
        agents.iter().filter(|agent| unreached.contains(agent)).copied().collect()
    }

    /// Those to this agent, in order.
    pub(crate) fn take_for(&self, agent: AgentId) -> Vec<Errand> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, others) =
            std::mem::take(&mut *waiting).into_iter().partition(|(to, ..)| *to == agent);
        *waiting = others;
        let own: VecDeque<Waiting> = own;
        own.into_iter().map(|(_, _, errand)| errand).collect()
    }

    /// Those to others than this agent, in order: what a site asks itself goes over no wire.
    fn take(&self, own: AgentId) -> VecDeque<Waiting> {
        self.carried.store(true, Ordering::Release);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *waiting);
        let (own, others) = all.into_iter().partition(|(to, ..)| *to == own);
        *waiting = own;
        others
    }
}

impl Site {
    /// Waits until there is an errand to be sent.
    pub async fn errands_due(&self) {
        self.known.errands.carried.store(true, Ordering::Release);
        self.known.errands.due.notified().await;
    }

    /// The errands that are to be sent now, in order; they are nobody's but the caller's from now on.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not say where an agent answers.
    pub async fn take_errands(&self) -> Result<Vec<Outgoing>, SiteError> {
        let waiting = self.known.errands.take(self.agent);
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let mut view = self.store.read().await?;
        let mut all = Vec::with_capacity(waiting.len());
        for (to, said, errand) in waiting {
            let at = match place_of(&mut view, to).await?.or(said) {
                Some(at) => Some(at),
                None => place_of_referee(&mut view, to).await?,
            };
            all.push(Outgoing { to, at, errand });
        }
        Ok(all)
    }

    /// An errand reached an agent, or did not: whoever waits for that agent is told.
    pub fn errand_went(&self, to: AgentId, arrived: bool) {
        let unreached = &self.known.errands.unreached;
        let mut unreached = unreached.lock().unwrap_or_else(PoisonError::into_inner);
        if arrived {
            unreached.remove(&to);
            return;
        }
        // As many as errands may wait for; which of them is forgotten matters little.
        if unreached.len() >= MAX_ERRANDS {
            unreached.pop_first();
        }
        unreached.insert(to);
    }

    /// Takes an errand of an agent: that it was this agent has been proved, and where the errand is about ways, that it
    /// [is known](Site::knows). What can be answered at once is the answer; what cannot be used changes nothing.
    pub async fn hear_errand(&self, from: AgentId, errand: Errand) -> Option<Errand> {
        let word = errand.word();
        let heard: Result<Option<Errand>, SiteError> = match errand {
            Errand::Query(_) | Errand::Answer(_) | Errand::Advert(_) => {
                self.hear_search(from, errand).await.map(|()| None)
            }
            Errand::Compose(asked) => self.hear_compose(from, &asked),
            Errand::Composed(answer) => self.hear_composed(from, *answer).map(|()| None),
            Errand::Authorisation(signed) => self.hear_authorisation(from, *signed).map(|()| None),
            Errand::Expect(asked) => self.hear_expect(&asked),
            Errand::Expected(answer) => {
                self.hear_expected(from, *answer);
                Ok(None)
            }
            Errand::Meet(asked) => self.hear_meet(from, *asked).await.map(|()| None),
            Errand::Certificate(shown) => self.hear_certificate(*shown).await.map(|()| None),
            Errand::Proof(proof) => self.hear_proof(from, &proof).await.map(|()| None),
            Errand::Ask(_) | Errand::Telling(_) => Box::pin(self.hear_referee(from, errand)).await,
        };
        heard.unwrap_or_else(|error| {
            tracing::debug!(%from, errand = word, error = error.word(), "not heard: {error}");
            None
        })
    }
}
