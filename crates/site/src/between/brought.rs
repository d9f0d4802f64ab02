//! A lift that this site has lost and a user's device proves: both sites of the tally went back to before it, so that
//! neither is told of it by the other, while the rest of the lift stands elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::bounded::List;
use protocol::export::LiftProof;
use protocol::ledger::Good;
use protocol::lift::{Committed, Conditional, Decided, LiftFault, MAX_LEGS_OF_ONE, Outcome};
use protocol::participant::{Crossing, Event, Input, Word};
use protocol::{AgentId, ChipAddress, Cuid, Hash, LiftId, Side, SignatureFault, TallyId, Verified};

use super::part::{Neighbour, Part};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;

impl Site {
    /// Takes a leg of a valid lift that is not known here; its chit is linked right after, as if the lift had just been
    /// decided. What is known already changes nothing. What this site said as an agent whose word counts no more, its giver is
    /// asked about (`claimed.rs`).
    ///
    /// # Errors
    /// [`SiteError::Lift`], [`SiteError::Signature`] where it is not proved; [`SiteError::NoLift`] for a leg between two users here
    /// while no leg to another site is known: nobody else's word says then that the lift was made here.
    pub(crate) async fn bring_lift(
        &self,
        batch: &mut Batch,
        (holder, tally): (&Cuid, TallyId),
        proof: LiftProof,
    ) -> Result<(), SiteError> {
        let (held, work) = batch.hold(holder, tally).await?;
        let (lift, side) = (proof.record.id()?, held.half.side);
        let of = (tally, held.state.open()?.users());
        let ChipAddress { cuid, agent: partner, .. } =
            held.state.partner().ok_or(SiteError::NoLift(lift))?;
        for row in work.view().parts_in(&lift).await? {
            let part = self.known.part(&row)?;
            if part.outcome() == Some(Outcome::Commit) && part.proof(&tally)?.is_some() {
                return Ok(());
            }
        }
        // An agent that does not speak for the giver any more may be in other hands.
        let own = proof.leg.by == side || self.is_ours(&partner);
        let agent = if own { self.agent } else { partner };
        if own && said_in(&proof, of, self.former_agents()).is_ok() {
            let gave = if proof.leg.by == side { holder.clone() } else { cuid };
            return self.asks_the_giver(work, (&gave, tally), proof).await;
        }
        self.take_proof(batch, (holder, tally), proof, &[agent]).await
    }

    /// The same, where one of these agents counts as the giver's.
    pub(super) async fn take_proof(
        &self,
        batch: &mut Batch,
        (holder, tally): (&Cuid, TallyId),
        proof: LiftProof,
        agents: &[AgentId],
    ) -> Result<(), SiteError> {
        let (held, work) = batch.hold(holder, tally).await?;
        let (lift, side) = (proof.record.id()?, held.half.side);
        let users = held.state.open()?.users();
        let partner = held.state.partner().ok_or(SiteError::NoLift(lift))?.agent;
        let giver = said_in(&proof, (tally, users), agents)?;
        let rows = work.tx().lock_parts(&lift).await?;
        let parts = rows.iter().map(|row| self.known.part(row)).collect::<Result<Vec<_>, _>>()?;
        let known = parts.iter().find(|part| part.tallies().contains(&tally)).cloned();
        // Whatever else has its tally is another leg: who proves one says nothing of it.
        let is_it =
            |part: &Part| part.leg_on(&tally) == Some(proof.leg) && self.is_over(part, held);
        if known.as_ref().is_some_and(|part| !is_it(part)) {
            return Err(SiteError::NoLift(lift));
        }
        let part = match known {
            // It was promised, and this site went back to before it was decided.
            Some(part) => part,
            None if self.is_ours(&partner) => with_inner(parts, (&proof, giver), lift)?,
            None => {
                let taken: Vec<Hash> = rows.iter().map(|row| row.key).collect();
                let neighbour = Neighbour { agent: partner, users };
                self.with_neighbour(&proof, giver, (holder, side, neighbour), &taken)?
            }
        };
        let (part, events) = proved(part, proof, giver, &partner)?;
        self.note_lies(work, &part, &events).await?;
        self.keep_part(work, &part).await?;
        work.due.push(lift);
        Ok(())
    }

    /// The part with a leg to another site.
    fn with_neighbour(
        &self,
        proof: &LiftProof,
        giver: Conditional,
        (holder, side, neighbour): (&Cuid, Side, Neighbour),
        taken: &[Hash],
    ) -> Result<Part, SiteError> {
        let (lift, leg) = (proof.record.id()?, proof.leg);
        let neighbours = BTreeMap::from([(leg.tally, neighbour)]);
        let own = (giver.side == side).then_some(giver.key);
        let theirs = (giver.side != side).then_some(&giver.key);
        let key = proof.record.free_key(own, theirs, taken);
        // The neighbour's site takes part with another one.
        let key = key.filter(|_| proof.record.participants.len() > 1);
        let mine = (leg.tally, key.ok_or(SiteError::NoLift(lift))?);
        let part = self.part_in(
            &proof.record,
            &proof.branches,
            mine,
            neighbours,
            &[leg],
            |_| side,
            false,
        )?;
        Ok(part.on(leg.tally, holder, side))
    }
}

/// What the giver's site said of the leg by one of these agents, where all of the proof holds.
pub(super) fn said_in(
    proof: &LiftProof,
    (tally, users): (TallyId, Hash),
    agents: &[AgentId],
) -> Result<Conditional, SiteError> {
    let committed = Committed::check(proof.record.clone(), &proof.certificate)?;
    let lift = committed.id();
    let is_of_leg = |giver: &Conditional| giver.leg == proof.leg && giver.users == users;
    let giver = proof.giver.filter(|giver| is_of_leg(giver) && giver.leg.tally == tally);
    let giver = giver.ok_or(LiftFault::NotGivers { lift, tally })?;
    let said = agents.iter().find_map(|agent| Verified::check(giver, agent).ok());
    let said = said.ok_or(SignatureFault::Wrong { by: "the giver's site" })?;
    Good::of_leg(&committed, &proof.way, &said)?;
    Ok(giver)
}

/// The same part, having heard all that the proof says; and what that means.
fn proved(
    mut part: Part,
    proof: LiftProof,
    giver: Conditional,
    partner: &AgentId,
) -> Result<(Part, Vec<Event>), SiteError> {
    let tally = proof.leg.tally;
    let decided = Arc::new(Decided::check(proof.certificate.clone(), &proof.record)?);
    let takes = part.participant.part().crossing(&tally).is_some_and(Crossing::takes);
    if takes && part.participant.conditional(&tally).is_none() {
        let word = Word {
            lift: proof.record,
            branches: proof.branches,
            conditional: giver,
            promises: List::default(),
            refused: None,
            certificate: Some(proof.certificate),
            given: None,
        };
        let heard = Box::new(word.check(partner)?);
        part.participant = part.participant.step(Input::Hear { tally, heard })?.participant;
    }
    let step = part.participant.step(Input::Decided(decided))?;
    part.participant = step.participant;
    Ok((part, step.events))
}

/// A part of the lift with one more leg, between two users here.
fn with_inner(
    parts: Vec<Part>,
    (proof, giver): (&LiftProof, Conditional),
    lift: LiftId,
) -> Result<Part, SiteError> {
    let valid = |part: &Part| part.outcome() == Some(Outcome::Commit);
    let mut part = parts.into_iter().find(valid).ok_or(SiteError::NoLift(lift))?;
    if part.tallies().len() >= MAX_LEGS_OF_ONE {
        return Err(SiteError::Part { lift, reason: "it has too many legs".to_owned() });
    }
    part.more.brought.insert(proof.leg.tally, (proof.leg, proof.way.clone(), Some(giver)));
    part.more.settled = false;
    Ok(part)
}
