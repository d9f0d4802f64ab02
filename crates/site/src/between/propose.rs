//! Proposing a lift: it is laid out along the ways that were found, made into one record, and begun with this site's own
//! parts, one for each way.

use std::collections::{BTreeMap, BTreeSet};

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::errand::{Compose, Errand, Laid};
use protocol::lift::{Authorisation, Leg, MAX_PARTICIPANTS, Mode, Reason, Tree};
use protocol::participant::MAX_BRANCHES;
use protocol::{Hash, Lift, PublicKey, Signer as _, Timestamp};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::LIFT_WITHIN_MS;
use super::division::{Division, Share};
use super::drafts::Draft;
use super::making::Attempt;
use super::part::{Neighbour, Part};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;
use crate::seek::Planned;

/// How long is waited until a lift is laid out along all its ways, in milliseconds: well within what drafts are kept.
const LAY_OUT_MS: i64 = 10_000;

/// What a lift is proposed for.
pub(super) enum Wanted<'a> {
    /// A payment that its payer signed; `hash` is the authorisation's.
    Payment {
        /// What was signed.
        authorisation: &'a Authorisation,
        /// Its hash.
        hash: Hash,
        /// Which attempt at it this is.
        attempt: Attempt,
    },
    /// A way round for about so much.
    Clearing(Positive),
}

impl Wanted<'_> {
    const fn amount(&self) -> Positive {
        match self {
            Self::Payment { authorisation, .. } => authorisation.units,
            Self::Clearing(units) => *units,
        }
    }

    const fn most(&self) -> Positive {
        match self {
            Self::Payment { authorisation, .. } => authorisation.most,
            Self::Clearing(units) => *units,
        }
    }
}

/// A way that was laid out: what was asked of it, the draft, the legs here in their order, and all from here on.
struct LaidOut {
    share: Share,
    draft: Draft,
    legs: Vec<Leg>,
    laid: Laid,
}

/// A lift as it is laid out along all its ways.
pub(super) struct Whole {
    ways: Vec<LaidOut>,
    participants: BTreeSet<PublicKey>,
    branches: BTreeSet<Hash>,
    /// What they leave of the amount, and who may decide all of them.
    division: Division,
    /// Why a way was of no use, where somebody said so.
    why: Option<Reason>,
}

impl Site {
    /// Proposes one lift along as many of these ways as are needed for all that is wanted, the first before the others; gives
    /// a part of this site's, or why it was not even laid out.
    pub(super) async fn propose(
        &self,
        ways: Vec<Planned>,
        wanted: &Wanted<'_>,
    ) -> Result<Result<Part, Option<Reason>>, SiteError> {
        let nonce = self.lift_nonce();
        let division = Division::of(wanted.amount().get(), wanted.most().get());
        let whole = self.laid_out(nonce, ways, division).await;
        if !whole.is_done() {
            return Ok(Err(whole.why));
        }
        let (mut expected, mut returns) = (None, None);
        match wanted {
            Wanted::Payment { authorisation, hash, .. } => {
                match self.expected(nonce, authorisation, *hash).await {
                    Ok(said) => expected = Some(Box::new(said)),
                    Err(reason) => return Ok(Err(reason)),
                }
            }
            Wanted::Clearing(_) => returns = self.comes_back_by(nonce, &whole.participants)?,
        }
        let lift = self.record_of(nonce, &whole, wanted)?;
        let ends =
            expected.as_ref().is_some_and(|said| said.takes_part(&lift)) || returns.is_some();
        if !ends {
            // Somebody on the way leaves out those for whom it is.
            return Ok(Err(Some(Reason::Unknown)));
        }
        let (_, branches) = whole.lists();
        let mut parts = Vec::with_capacity(whole.ways.len());
        for LaidOut { draft, legs, .. } in &whole.ways {
            let Some((out, agent, _)) = draft.planned.on else { continue };
            let users = self.users_on(&mut self.store.read().await?, &out, agent).await?;
            let Some(users) = users else { return Ok(Err(Some(Reason::Unknown))) };
            let neighbours = BTreeMap::from([(out, Neighbour { agent, users })]);
            let says = |leg: &Leg| leg.by;
            let mine = (out, self.lift_key(nonce, out)?.public_key());
            let mut part = self.part_in(&lift, &branches, mine, neighbours, legs, says, false)?;
            part.more.proposed = true;
            (part.more.expected, part.more.returns) = (expected.clone(), returns);
            if let Wanted::Payment { authorisation, attempt, .. } = wanted {
                part.more.attempt = Some(*attempt);
                part.more.authorisation = Some(Box::new((*authorisation).clone()));
            }
            parts.push(part);
        }
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        for part in &parts {
            self.keep_part(&mut batch.work, part).await?;
            batch.work.due.push(part.lift());
        }
        batch.commit(&[]).await?;
        Ok(parts.into_iter().next().ok_or(Some(Reason::Unknown)))
    }

    /// The nonce of a lift of this site's making: no other lift has it.
    fn lift_nonce(&self) -> Hash {
        let nonce = Hash::from_bytes(self.chance.bytes());
        if self.has(Planted::SameNonce) {
            Hash::of(self.agent.to_string().as_bytes())
        } else {
            nonce
        }
    }

    /// Has a lift laid out along as many ways as are needed, one after the other: each refusal leaves more to the next. What
    /// is laid out binds nobody, and is forgotten after a while where nothing is proposed by it.
    pub(super) async fn laid_out(
        &self,
        nonce: Hash,
        ways: Vec<Planned>,
        division: Division,
    ) -> Whole {
        let until = self.clock.now().plus_ms(LAY_OUT_MS).unwrap_or(Timestamp::MAX);
        let mut whole = Whole::of(division);
        for planned in ways {
            if whole.is_done() || self.clock.now() > until {
                break;
            }
            let Some(share) = whole.division.share_of(&planned) else { continue };
            match self.lay_out_one(nonce, planned, share, until).await {
                // Whoever lays out too much, or what is on another way, spoils its own way and no other.
                Ok(one) if whole.fits(&one.laid) => whole.add(one),
                Ok(_) => whole.why = Some(Reason::Room),
                Err(reason) => whole.why = reason.or(whole.why),
            }
        }
        whole
    }

    /// Has one way of a lift laid out.
    async fn lay_out_one(
        &self,
        nonce: Hash,
        planned: Planned,
        share: Share,
        until: Timestamp,
    ) -> Result<LaidOut, Option<Reason>> {
        let Share { arrives, most } = share;
        let Some((_, agent, token)) = planned.on else { return Err(Some(Reason::Unknown)) };
        let now = self.clock.now();
        let (tell, mut told) = oneshot::channel();
        let mut draft = Draft::new(nonce, planned, None, most, now);
        draft.waits = Some(tell);
        self.known.drafts.forget(now);
        self.known.drafts.add(draft).map_err(|kept_not| Some(kept_not.reason()))?;
        let compose = Compose { token, nonce, amount: arrives, most };
        self.known.errands.push(agent, Errand::Compose(Box::new(compose)));
        let heard = loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            match told.try_recv() {
                Err(TryRecvError::Empty) if self.clock.now() <= until => moved.await,
                heard => break heard.ok(),
            }
        };
        let is_it = |draft: &Draft| draft.token.is_none() && draft.goes_on(&agent, &token);
        let draft = self.known.drafts.take(&nonce, is_it);
        match (heard, draft) {
            (Some(Ok(())), Some(mut draft)) => match draft.laid.take() {
                Some((legs, laid)) => Ok(LaidOut { share, draft, legs, laid }),
                None => Err(None),
            },
            (Some(Err(reason)), _) => Err(Some(reason)),
            _ => Err(None),
        }
    }

    /// The record of a lift that was laid out.
    fn record_of(
        &self,
        nonce: Hash,
        whole: &Whole,
        wanted: &Wanted<'_>,
    ) -> Result<Lift, SiteError> {
        let date = self.clock.now();
        let (participants, branches) = whole.lists();
        let tree = Tree::new(branches.to_vec())?;
        // Where enough are accepted by all, one of them may lie or be gone, or more.
        let all = whole.division.referees();
        let most = all.len().min(self.most_referees);
        let may_lie = most.saturating_sub(1) / 3;
        let many = 3 * may_lie + 1;
        let referees = all.iter().take(many).copied().collect::<Vec<_>>();
        let (mode, payment) = match wanted {
            Wanted::Payment { hash, .. } => (Mode::Payment, Some(*hash)),
            Wanted::Clearing(_) => (Mode::Clearing, None),
        };
        Ok(Lift {
            nonce,
            mode,
            date,
            deadline: date.plus_ms(LIFT_WITHIN_MS).unwrap_or(Timestamp::MAX),
            legs: tree.root(),
            participants,
            quorum: Lift::quorum_of(referees.len()).unwrap_or(1),
            referees: List::new(referees).unwrap_or_default(),
            payment,
        })
    }
}

impl Whole {
    fn of(division: Division) -> Self {
        let (participants, branches) = (BTreeSet::new(), BTreeSet::new());
        Self { ways: Vec::new(), participants, branches, division, why: None }
    }

    /// Whether what was laid out carries the whole amount.
    pub(super) fn is_done(&self) -> bool {
        self.division.is_done()
    }

    /// The ways that were laid out, each with what was asked of it.
    pub(super) fn into_shares(self) -> Vec<(Planned, Share)> {
        self.ways.into_iter().map(|way| (way.draft.planned, way.share)).collect()
    }

    /// Whether one more way has no key and no leaf that is there already, and is not too much for one record.
    fn fits(&self, laid: &Laid) -> bool {
        let (keys, leaves) = (&laid.participants, &laid.branches);
        keys.iter().all(|key| !self.participants.contains(key))
            && leaves.iter().all(|leaf| !self.branches.contains(leaf))
            && self.participants.len() + keys.len() <= MAX_PARTICIPANTS
            && self.branches.len() + leaves.len() <= MAX_BRANCHES
    }

    fn add(&mut self, way: LaidOut) {
        let (arrives, given) = (way.share.arrives.get(), way.laid.enters.get());
        self.division.takes(&way.draft.planned, arrives, given);
        self.participants.extend(way.laid.participants.iter().copied());
        self.branches.extend(way.laid.branches.iter().copied());
        self.ways.push(way);
    }

    /// All keys, and all leaves, in order.
    fn lists(&self) -> (List<PublicKey, MAX_PARTICIPANTS>, List<Hash, MAX_BRANCHES>) {
        // No more of them than fit.
        let keys = List::new(self.participants.iter().copied().collect()).unwrap_or_default();
        (keys, List::new(self.branches.iter().copied().collect()).unwrap_or_default())
    }
}
