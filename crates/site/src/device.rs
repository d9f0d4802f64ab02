//! What a user's device asks before it signs: the next revision of a tally, the settings in force.

use std::num::NonZeroU32;

use protocol::chit::Set;
use protocol::export::LiftProof;
use protocol::half::HalfTally;
use protocol::ledger::{Ack, Head, Rekeying, Stop};
use protocol::negotiation::Draft;
use protocol::record::Record;
use protocol::settings::InForce;
use protocol::{Cuid, LiftId, Settings, Tally, TallyId, Units};
use serde::{Deserialize, Serialize};

use crate::door::Site;
use crate::error::SiteError;
use crate::half::{Kept, ledger, one};
use crate::history::History;
use crate::lift::proof_on;

/// What governs a user's half of an open tally now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governing {
    /// What the holder's signatures allow.
    pub holder: Allowed,
    /// What the partner's signatures allow.
    pub partner: Allowed,
    /// The holder's last `set`; none where it has not written one.
    pub set: Option<Set>,
    /// The counter for the holder's next `set`; none where there is no higher one.
    pub next_counter: Option<NonZeroU32>,
}

/// What one user's signatures allow on a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// Its trading variables.
    pub settings: Settings,
    /// The most that it will owe, in milli-CHIPs.
    pub owe: Units,
}

impl From<InForce> for Allowed {
    fn from(now: InForce) -> Self {
        Self { settings: *now.settings(), owe: now.owe() }
    }
}

impl Site {
    /// The tally that the holder would sign to offer this wording: the next revision, unsigned.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::State`], [`SiteError::Store`];
    /// [`SiteError::Negotiation`] while nobody answered the invitation.
    pub async fn to_offer(
        &self,
        holder: &Cuid,
        tally: TallyId,
        draft: Draft,
    ) -> Result<Tally, SiteError> {
        let state = self.state(holder, tally).await?;
        Ok(state.negotiation.to_offer(draft, self.clock.now())?)
    }

    /// What governs the holder's half of an open tally.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::State`], [`SiteError::Store`];
    /// [`SiteError::NotOpen`].
    pub async fn governing(&self, holder: &Cuid, tally: TallyId) -> Result<Governing, SiteError> {
        let state = self.state(holder, tally).await?;
        let ledger = state.open()?;
        let set = ledger.set_of(ledger.side()).copied();
        let next_counter = set.map_or(Some(NonZeroU32::MIN), |set| set.counter.checked_add(1));
        let consent = ledger.consent();
        let (holder, partner) = (consent.holder.into(), consent.partner.into());
        Ok(Governing { holder, partner, set, next_counter })
    }

    /// What proves a lift's chit on the holder's tally.
    ///
    /// # Errors
    /// [`SiteError::NoTally`], [`SiteError::NoLift`], [`SiteError::Lift`] where it did not touch the
    /// tally, [`SiteError::NoAgentKey`] where it is this site's to say so, [`SiteError::Store`].
    pub async fn proof_on(
        &self,
        holder: &Cuid,
        tally: TallyId,
        lift: LiftId,
    ) -> Result<LiftProof, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        let users = ledger(&half)?.ok_or(SiteError::NoLift(lift))?.users();
        proof_on(&mut view, &self.known, self.signer.as_deref(), lift, (&half, users)).await
    }

    /// The agent's signed word for the chain of the holder's half.
    ///
    /// # Errors
    /// As [`Site::governing`]; [`SiteError::NoAgentKey`], [`SiteError::Sign`].
    pub async fn vouched(&self, holder: &Cuid, tally: TallyId) -> Result<Ack, SiteError> {
        let head = self.state(holder, tally).await?.open()?.head();
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let mut word = Ack { tally, head, sign: None };
        word.sign = Some(word.sign_with(signer)?);
        Ok(word)
    }

    /// What the holder's device signs to change its key on an open tally, or to ask for another one.
    ///
    /// # Errors
    /// As [`Site::governing`]; [`SiteError::Negotiation`] while an offer of the holder's is out;
    /// [`SiteError::Ledger`] says why not now.
    pub async fn to_rekey(&self, holder: &Cuid, tally: TallyId) -> Result<Rekeying, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        let state = one(&mut view, &half).await?;
        let ledger = state.open()?;
        state.may_rekey()?;
        let mut history = History::default();
        loop {
            match ledger.to_rekey(&history) {
                Ok(rekeying) => return Ok(rekeying),
                Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                Err(Stop::Missing(missing)) => history.fetch(&mut view, half.id, missing).await?,
            }
        }
    }

    /// The head that the holder's device names to end its key on an open tally.
    ///
    /// # Errors
    /// As [`Site::to_rekey`].
    pub async fn to_end(&self, holder: &Cuid, tally: TallyId) -> Result<Head, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        let state = one(&mut view, &half).await?;
        let ledger = state.open()?;
        state.may_rekey()?;
        let mut history = History::default();
        loop {
            match ledger.to_end(&history) {
                Ok(head) => return Ok(head),
                Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                Err(Stop::Missing(missing)) => history.fetch(&mut view, half.id, missing).await?,
            }
        }
    }

    async fn state(&self, holder: &Cuid, tally: TallyId) -> Result<HalfTally, SiteError> {
        let mut view = self.store.read().await?;
        let half = view.half_of(holder, &tally).await?;
        let half = half.ok_or_else(|| SiteError::NoTally { holder: holder.clone(), tally })?;
        one(&mut view, &half).await
    }
}
