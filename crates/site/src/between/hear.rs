//! What others say of lifts: neighbours over a tally, the payer's site, referees. It is noted here; what follows from
//! it is done in a transaction of its own (`act.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::bounded::List;
use protocol::lift::{Authorisation, Certificate, Conditional, Decided, Leg, Reason, Refused};
use protocol::participant::Part as Taken;
use protocol::participant::{Input, Participant, Word};
use protocol::record::Record;
use protocol::{AgentId, Cuid, Side, Signer as _, TallyId, Verified};

use super::drafts::Draft;
use super::part::{More, Part};
use crate::batch::{Batch, Work};
use crate::door::Site;
use crate::error::SiteError;

impl Site {
    /// A neighbour's word on a lift, over a tally of `holder`'s with a user of the agent `from`.
    pub(crate) async fn hear_word(
        &self,
        batch: &mut Batch,
        (holder, tally): (&Cuid, TallyId),
        from: AgentId,
        word: Word,
    ) -> Result<(), SiteError> {
        let (held, work) = batch.hold(holder, tally).await?;
        let side = held.half.side;
        let lift = word.lift.id()?;
        let knows = word.certificate.is_some();
        let mut part = match part_on(work, lift, &tally).await? {
            Some(part) => part,
            None => self.taken_on(&word, tally, side, from)?,
        };
        let heard = Box::new(word.check(&from)?);
        let step = part.participant.step(Input::Hear { tally, heard })?;
        part.participant = step.participant;
        if knows {
            part.more.told.insert(tally);
        } else if part.outcome().is_some() {
            // It does not know yet: it is told once more.
            part.more.told.remove(&tally);
        }
        keep(work, &part, self.clock.now()).await?;
        work.due.push(lift);
        Ok(())
    }

    /// The part that is meant by the first word on a lift: as it was laid out here, or none that is known, which is
    /// refused.
    fn taken_on(
        &self,
        word: &Word,
        tally: TallyId,
        side: Side,
        from: AgentId,
    ) -> Result<Part, SiteError> {
        let nonce = word.lift.nonce;
        let is_it =
            |draft: &Draft| draft.planned.from == Some((tally, from)) && draft.laid.is_some();
        let draft = self.known.drafts.take(&nonce, is_it);
        if let Some(Draft { planned, laid: Some((legs, _)), .. }) = draft {
            let on = planned.on.map(|(tally, agent, _)| (tally, agent));
            if let Ok(part) = self.part_of(word, tally, (side, from), on, &legs) {
                return Ok(part);
            }
        }
        let leg = word.conditional.leg;
        if leg.tally != tally || leg.by == side {
            return Err(SiteError::NoLift(word.lift.id()?));
        }
        let mut part = self.part_of(word, tally, (side, from), None, &[leg])?;
        let refused = self.refusal(&part, Reason::Unknown)?;
        part.participant = part.participant.step(Input::Refuse(refused))?.participant;
        Ok(part)
    }

    /// The part with these legs, the first of them over the tally that the word came over.
    fn part_of(
        &self,
        word: &Word,
        over: TallyId,
        (side, from): (Side, AgentId),
        on: Option<(TallyId, AgentId)>,
        legs: &[Leg],
    ) -> Result<Part, SiteError> {
        let agents: BTreeMap<_, _> = std::iter::once((over, from)).chain(on).collect();
        let says = |leg: &Leg| if leg.tally == over { side } else { leg.by };
        self.part_in(&word.lift, &word.branches, over, agents, legs, says, on.is_none())
    }

    /// A part of this site's in a lift, with these legs in their order; of those over tallies with other agents, what
    /// this site says of them.
    #[expect(clippy::too_many_arguments, reason = "all that a part is")]
    pub(super) fn part_in(
        &self,
        lift: &protocol::Lift,
        branches: &List<protocol::Hash, { protocol::participant::MAX_BRANCHES }>,
        over: TallyId,
        agents: BTreeMap<TallyId, AgentId>,
        legs: &[Leg],
        says: impl Fn(&Leg) -> Side,
        collects: bool,
    ) -> Result<Part, SiteError> {
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let key = self.lift_key(lift.nonce, over)?.public_key();
        let id = lift.id()?;
        let crossing = legs.iter().filter(|leg| agents.contains_key(&leg.tally));
        let ours = crossing.map(|leg| {
            Conditional { lift: id, leg: *leg, side: says(leg), key, sign: None }.signed(signer)
        });
        let ours = ours.collect::<Result<Vec<_>, _>>()?;
        let taken = Taken::new(lift.clone(), branches.clone(), key, ours, collects)?;
        let participant = Participant::new(Arc::new(taken));
        let path = List::new(legs.to_vec()).unwrap_or_default();
        Ok(Part { participant, more: More::new(path, over, agents) })
    }

    /// This site's signed word that it takes no part.
    pub(super) fn refusal(
        &self,
        part: &Part,
        reason: Reason,
    ) -> Result<Verified<Refused>, SiteError> {
        let taken = part.participant.part();
        let key = self.lift_key(taken.lift().nonce, part.more.over)?;
        let refused = Refused { lift: part.lift(), by: *taken.key(), reason, sign: None };
        Ok(Verified::check(refused.signed(&key)?, &())?)
    }

    /// What the payer of a user here signed, from its own site.
    pub(crate) fn hear_authorisation(
        &self,
        from: AgentId,
        authorisation: Authorisation,
    ) -> Result<(), SiteError> {
        if authorisation.payer.agent != from || authorisation.payee.agent != self.agent {
            return Ok(());
        }
        let hash = authorisation.hash()?;
        self.known.under_way.keep_signed(hash, authorisation);
        self.known.under_way.look_again();
        Ok(())
    }

    /// A referee, or whoever has it, shows what was decided.
    pub(crate) async fn hear_certificate(&self, certificate: Certificate) -> Result<(), SiteError> {
        let lift = certificate.lift;
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        let mut changed = false;
        for row in batch.work.tx().lock_parts(&lift).await? {
            let mut part = Part::read(&row)?;
            let decided = Decided::check(certificate.clone(), part.participant.part().lift())?;
            let next = part.participant.step(Input::Decided(Arc::new(decided)))?.participant;
            if next != part.participant {
                part.participant = next;
                keep(&mut batch.work, &part, self.clock.now()).await?;
                changed = true;
            }
        }
        if changed {
            batch.work.due.push(lift);
            batch.commit(&[]).await?;
        }
        Ok(())
    }
}

/// The part with a leg to another site on this tally.
async fn part_on(
    work: &mut Work,
    lift: protocol::LiftId,
    tally: &TallyId,
) -> Result<Option<Part>, SiteError> {
    for row in work.tx().lock_parts(&lift).await? {
        let part = Part::read(&row)?;
        if part.participant.part().crossing(tally).is_some() {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

/// Keeps a part as it is now.
pub(super) async fn keep(
    work: &mut Work,
    part: &Part,
    now: protocol::Timestamp,
) -> Result<(), SiteError> {
    Ok(work.tx().put_part(&part.row(now)?).await?)
}
