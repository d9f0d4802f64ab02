//! Proposing a lift: it is laid out along a plan that was found, made into a record, and begun with this site's own part.

use std::collections::BTreeMap;

use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::errand::{Compose, Errand, Laid};
use protocol::lift::{Authorisation, Leg, Mode, Reason, Tree};
use protocol::{Hash, Lift, Signer as _, Timestamp};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::LIFT_WITHIN_MS;
use super::drafts::Draft;
use super::hear::keep;
use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::seek::Planned;

/// How long is waited until a lift is laid out, in milliseconds.
const LAY_OUT_MS: i64 = 10_000;

/// What a lift is proposed for.
pub(super) enum Wanted<'a> {
    /// A payment that its payer signed; `hash` is the authorisation's.
    Payment {
        /// What was signed.
        authorisation: &'a Authorisation,
        /// Its hash.
        hash: Hash,
    },
    /// A way round for so much.
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

impl Site {
    /// Proposes a lift along a plan; gives this site's part, or why it was not even laid out.
    pub(super) async fn propose(
        &self,
        planned: Planned,
        wanted: &Wanted<'_>,
    ) -> Result<Result<Part, Option<Reason>>, SiteError> {
        let (draft, legs, laid) = match self.laid_out(planned, wanted).await {
            Ok(laid) => laid,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some((out, agent, _)) = draft.planned.on else { return Ok(Err(Some(Reason::Unknown))) };
        let lift = self.record_of(&draft, &laid, wanted)?;
        let agents = BTreeMap::from([(out, agent)]);
        let says = |leg: &Leg| leg.by;
        let key = self.lift_key(lift.nonce, out)?.public_key();
        let mine = (out, key);
        let mut part = self.part_in(&lift, &laid.branches, mine, agents, &legs, says, false)?;
        part.more.proposed = true;
        if let Wanted::Payment { authorisation, .. } = wanted {
            part.more.authorisation = Some(Box::new((*authorisation).clone()));
        }
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        keep(&mut batch.work, &part, self.clock.now()).await?;
        batch.work.due.push(part.lift());
        batch.commit(&[]).await?;
        Ok(Ok(part))
    }

    /// Has a lift laid out along a plan.
    async fn laid_out(
        &self,
        planned: Planned,
        wanted: &Wanted<'_>,
    ) -> Result<(Draft, Vec<Leg>, Laid), Option<Reason>> {
        let Some((_, agent, token)) = planned.on else { return Err(Some(Reason::Unknown)) };
        let (nonce, now) = (Hash::from_bytes(self.chance.bytes()), self.clock.now());
        // No more than was found, and no more than was signed.
        let amount = wanted.amount();
        let found = planned.curve.at_most(amount.get());
        let found = found.and_then(|found| Positive::try_from(found).ok());
        let most = found.map_or(wanted.most(), |found| found.min(wanted.most()));
        let (tell, mut told) = oneshot::channel();
        let mut draft = Draft::new(nonce, planned, None, most, now);
        draft.waits = Some(tell);
        self.known.drafts.forget(now);
        if !self.known.drafts.add(draft) {
            return Err(Some(Reason::Busy));
        }
        let compose = Compose { token, nonce, amount, most };
        self.known.errands.push(agent, Errand::Compose(Box::new(compose)));
        let until = now.plus_ms(LAY_OUT_MS).unwrap_or(Timestamp::MAX);
        let heard = loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            match told.try_recv() {
                Err(TryRecvError::Empty) if self.clock.now() <= until => moved.await,
                heard => break heard.ok(),
            }
        };
        let draft = self.known.drafts.take(&nonce, |draft| draft.token.is_none());
        match (heard, draft) {
            (Some(Ok(())), Some(mut draft)) => match draft.laid.take() {
                Some((legs, laid)) => Ok((draft, legs, laid)),
                None => Err(None),
            },
            (Some(Err(reason)), _) => Err(Some(reason)),
            _ => Err(None),
        }
    }

    /// The record of a lift that was laid out.
    fn record_of(
        &self,
        draft: &Draft,
        laid: &Laid,
        wanted: &Wanted<'_>,
    ) -> Result<Lift, SiteError> {
        let date = self.clock.now();
        let tree = Tree::new(laid.branches.to_vec())?;
        // Where enough are accepted by all, one of them may lie or be gone.
        let many = if draft.planned.referees.len() >= 4 { 4 } else { 1 };
        let referees = draft.planned.referees.iter().take(many).copied().collect::<Vec<_>>();
        let (mode, payment) = match wanted {
            Wanted::Payment { hash, .. } => (Mode::Payment, Some(*hash)),
            Wanted::Clearing(_) => (Mode::Clearing, None),
        };
        Ok(Lift {
            nonce: draft.nonce,
            mode,
            date,
            deadline: date.plus_ms(LIFT_WITHIN_MS).unwrap_or(Timestamp::MAX),
            legs: tree.root(),
            participants: laid.participants.clone(),
            quorum: Lift::quorum_of(referees.len()).unwrap_or(1),
            referees: List::new(referees).unwrap_or_default(),
            payment,
        })
    }
}
