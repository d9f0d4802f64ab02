//! Lifts that are being laid out, before there is a record: in memory only. What is lost here costs a search.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::chit::Positive;
use protocol::errand::Laid;
use protocol::lift::{Leg, Reason};
use protocol::participant::Word;
use protocol::{AgentId, Hash, LiftId, TallyId, Timestamp};
use tokio::sync::oneshot;

use crate::seek::Planned;

/// How many drafts of lifts that are not promised are remembered at once, and of lifts that are: some kilobytes each.
pub const MAX_DRAFTS: usize = 4_096;

/// How many of them may be of one partner's asking; those whose lifts are promised count no more.
pub const MAX_DRAFTS_OF_ONE: usize = 256;

/// For how long one is remembered, in milliseconds: as long as the plans that it follows.
pub(super) const KEEP_MS: i64 = 30_000;

/// A lift as this site lays it out along a plan.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The lift's nonce.
    pub(super) nonce: Hash,
    /// The plan here.
    pub(super) planned: Planned,
    /// Under which token it was asked for; none where it begins here.
    pub(super) token: Option<Hash>,
    /// The most that may come in, or be given where it begins here.
    pub(super) most: Positive,
    /// The legs here in their order, and what is beyond, once that is known.
    pub(super) laid: Option<(Vec<Leg>, Laid)>,
    /// Who waits for it here.
    pub(super) waits: Option<oneshot::Sender<Result<(), Reason>>>,
    /// The lift that it became: one, whatever else has its nonce.
    became: Option<LiftId>,
    /// Whether that is promised. Then it takes nobody's room: what is open with a partner has limits of its own.
    promised: bool,
    until: Timestamp,
}

/// Why a draft is not remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotKept {
    /// It is already: it was asked for twice.
    Known,
    /// Another way of the same lift goes over one of its tallies.
    Shares,
    /// There is no room for more.
    Full,
}

impl NotKept {
    /// What is said of it.
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::Shares => Reason::Room,
            Self::Known | Self::Full => Reason::Busy,
        }
    }
}

/// All of them, by nonce.
#[derive(Default)]
pub(crate) struct Drafts(Mutex<BTreeMap<Hash, Vec<Draft>>>);

impl Drafts {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Hash, Vec<Draft>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers one.
    pub(super) fn add(&self, draft: Draft) -> Result<(), NotKept> {
        let mut all = self.all();
        for other in all.get(&draft.nonce).into_iter().flatten() {
            if other.token.is_some() && other.token == draft.token {
                return Err(NotKept::Known);
            }
            // One lift has one chit a tally.
            let uses = |tally| other.planned.way.iter().any(|(used, _)| used == tally);
            if draft.planned.way.iter().any(|(tally, _)| uses(tally)) {
                return Err(NotKept::Shares);
            }
        }
        let open = || all.values().flatten().filter(|other| !other.promised);
        let of_one = draft
            .asked_by()
            .map(|agent| open().filter(|other| other.asked_by() == Some(agent)).count());
        let many = open().count();
        if many >= MAX_DRAFTS || of_one.is_some_and(|of_one| of_one >= MAX_DRAFTS_OF_ONE) {
            return Err(NotKept::Full);
        }
        all.entry(draft.nonce).or_default().push(draft);
        Ok(())
    }

    /// What was laid out for a partner's site over this tally, if it is for this lift, which a word names. None where somebody is
    /// left out who was laid out from here on: the next site could not take part then, and would know nothing of its leg.
    pub(super) fn laid_for(
        &self,
        nonce: &Hash,
        from: (TallyId, AgentId),
        (lift, word): (LiftId, &Word),
    ) -> Option<(Planned, Vec<Leg>)> {
        let mut all = self.all();
        let is_it = |draft: &&mut Draft| draft.planned.from == Some(from) && draft.laid.is_some();
        let draft = all.get_mut(nonce)?.iter_mut().find(is_it)?;
        let (_, laid) = draft.laid.as_ref()?;
        let has_all = laid.participants.iter().all(|key| word.lift.participants.contains(key))
            && laid.branches.iter().all(|leaf| word.branches.contains(leaf));
        if !has_all || *draft.became.get_or_insert(lift) != lift {
            return None;
        }
        draft.laid.as_ref().map(|(legs, _)| (draft.planned.clone(), legs.clone()))
    }

    /// The lift that was laid out for a partner's site over this tally is promised: from now on the store answers whoever says
    /// it again, so the draft makes room for others. It is remembered that no other lift may have its nonce.
    pub(super) fn is_promised(&self, nonce: &Hash, over: &TallyId, lift: LiftId) {
        let mut all = self.all();
        let is_it = |draft: &&mut Draft| {
            draft.became == Some(lift) && draft.over() == Some(*over) && !draft.promised
        };
        let Some(draft) = all.get_mut(nonce).and_then(|drafts| drafts.iter_mut().find(is_it))
        else {
            return;
        };
        draft.promised = true;
        let promised = || all.values().flatten().filter(|draft| draft.promised);
        if promised().count() <= MAX_DRAFTS {
            return;
        }
        let oldest = promised().min_by_key(|draft| draft.until).map(|draft| draft.nonce);
        if let Some(drafts) = oldest.and_then(|oldest| all.get_mut(&oldest)) {
            drafts.retain(|draft| !draft.promised);
        }
        all.retain(|_, drafts| !drafts.is_empty());
    }

    /// Nothing that was laid out becomes this lift any more.
    pub(super) fn forget_lift(&self, lift: &LiftId) {
        self.all().retain(|_, drafts| {
            drafts.retain(|draft| draft.became != Some(*lift));
            !drafts.is_empty()
        });
    }

    /// By which tallies lifts of this nonce come to their end here, as they were laid out for partners' sites.
    pub(super) fn ending(&self, nonce: &Hash) -> Vec<TallyId> {
        let all = self.all();
        let drafts = all.get(nonce).into_iter().flatten();
        let ends = |draft: &&Draft| {
            draft.token.is_some() && draft.planned.on.is_none() && draft.laid.is_some()
        };
        drafts.filter(ends).filter_map(Draft::over).collect()
    }

    /// Takes out the draft of a lift that is as said.
    pub(super) fn take(&self, nonce: &Hash, is_it: impl Fn(&Draft) -> bool) -> Option<Draft> {
        let mut all = self.all();
        let drafts = all.get_mut(nonce)?;
        let place = drafts.iter().position(is_it)?;
        let draft = drafts.swap_remove(place);
        if drafts.is_empty() {
            all.remove(nonce);
        }
        Some(draft)
    }

    /// Forgets those whose time is over; who waits for one learns that by its end.
    pub(super) fn forget(&self, now: Timestamp) {
        self.all().retain(|_, drafts| {
            // A clock that was set back forgets none too early, and none for ever: there are limits.
            drafts.retain(|draft| draft.until > now);
            !drafts.is_empty()
        });
    }
}

impl Draft {
    pub(super) fn new(
        nonce: Hash,
        planned: Planned,
        token: Option<Hash>,
        most: Positive,
        now: Timestamp,
    ) -> Self {
        let until = now.plus_ms(KEEP_MS).unwrap_or(Timestamp::MAX);
        Self {
            nonce,
            planned,
            token,
            most,
            laid: None,
            waits: None,
            became: None,
            promised: false,
            until,
        }
    }

    /// The partner's agent for which it is laid out.
    pub(super) fn asked_by(&self) -> Option<AgentId> {
        self.planned.from.map(|(_, agent)| agent)
    }

    /// The tally by which its key is made.
    pub(super) fn over(&self) -> Option<TallyId> {
        let on = self.planned.on.map(|(tally, _, _)| tally);
        self.planned.from.map(|(tally, _)| tally).or(on)
    }

    /// Whether the partner's site on its way out answers under this token.
    pub(super) fn goes_on(&self, agent: &AgentId, token: &Hash) -> bool {
        self.planned.on.is_some_and(|(_, there, on)| there == *agent && on == *token)
    }
}
