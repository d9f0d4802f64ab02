//! A lift that this site has lost and a user's device proves: both sites of the tally went back to before it, so that
//! neither is told of it by the other, while the rest of the lift stands elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::export::LiftProof;
use protocol::ledger::Good;
use protocol::lift::{Committed, Conditional, Decided, LiftFault, MAX_LEGS_OF_ONE, Outcome};
use protocol::participant::{Input, Word};
use protocol::{AgentId, Cuid, Hash, LiftId, Side, SignatureFault, TallyId, Verified};

use super::hear::free_key;
use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;

impl Site {
    /// Takes a leg of a valid lift that is not known here; its chit is linked right after, as if the lift had just been
    /// decided. What is known already changes nothing.
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
        held.state.open()?;
        let (lift, side) = (proof.record.id()?, held.half.side);
        let partner = held.state.partner().ok_or(SiteError::NoLift(lift))?.agent;
        let giver = self.giver_in(&proof, (tally, side), partner)?;
        let rows = work.tx().lock_parts(&lift).await?;
        let parts = rows.iter().map(|row| self.known.part(row)).collect::<Result<Vec<_>, _>>()?;
        for part in &parts {
            if part.proof(&tally)?.is_some() {
                return Ok(());
            }
        }
        let part = if self.is_ours(&partner) {
            with_inner(parts, tally, (proof, giver), lift)?
        } else {
            let taken: Vec<Hash> = rows.iter().map(|row| row.key).collect();
            self.with_neighbour(proof, giver, (holder, side, partner), &taken)?
        };
        self.keep_part(work, &part).await?;
        work.due.push(lift);
        Ok(())
    }

    /// What the giver's site said of the leg, where all of the proof holds.
    fn giver_in(
        &self,
        proof: &LiftProof,
        (tally, side): (TallyId, Side),
        partner: AgentId,
    ) -> Result<Conditional, SiteError> {
        let committed = Committed::check(proof.record.clone(), &proof.certificate)?;
        let lift = committed.id();
        let giver = proof.giver.filter(|giver| giver.leg == proof.leg && giver.leg.tally == tally);
        let giver = giver.ok_or(LiftFault::NotGivers { lift, tally })?;
        let agents: Vec<AgentId> = if giver.side == side || self.is_ours(&partner) {
            self.agents_here().collect()
        } else {
            // An agent that does not speak for the partner any more may be in other hands.
            vec![partner]
        };
        let said = agents.iter().find_map(|agent| Verified::check(giver, agent).ok());
        let said = said.ok_or(SignatureFault::Wrong { by: "the giver's site" })?;
        Good::of_leg(&committed, &proof.way, &said)?;
        Ok(giver)
    }

    /// The part with a leg to another site.
    fn with_neighbour(
        &self,
        proof: LiftProof,
        giver: Conditional,
        (holder, side, partner): (&Cuid, Side, AgentId),
        taken: &[Hash],
    ) -> Result<Part, SiteError> {
        let LiftProof { record, certificate, branches, leg, .. } = proof;
        let (lift, tally) = (record.id()?, leg.tally);
        let decided = Arc::new(Decided::check(certificate.clone(), &record)?);
        let none = SiteError::NoLift(lift);
        let mut part = if giver.side == side {
            let agents = BTreeMap::from([(tally, partner)]);
            let key = *free_key(&record, None, taken).ok_or(none)?;
            self.part_in(&record, &branches, (tally, key), agents, &[leg], |_| side, false)?
                .on(tally, holder, side)
        } else {
            let (promises, refused) = Default::default();
            let word = Word {
                lift: record,
                branches,
                conditional: giver,
                promises,
                refused,
                certificate: Some(certificate),
            };
            let mut part =
                self.lost(&word, (holder, tally), (side, partner), taken)?.ok_or(none)?;
            let heard = Box::new(word.check(&partner)?);
            part.participant = part.participant.step(Input::Hear { tally, heard })?.participant;
            part
        };
        part.participant = part.participant.step(Input::Decided(decided))?.participant;
        Ok(part)
    }
}

/// A part of the lift with one more leg, between two users here.
fn with_inner(
    parts: Vec<Part>,
    tally: TallyId,
    (proof, giver): (LiftProof, Conditional),
    lift: LiftId,
) -> Result<Part, SiteError> {
    let valid = |part: &Part| part.outcome() == Some(Outcome::Commit);
    let mut part = parts.into_iter().find(valid).ok_or(SiteError::NoLift(lift))?;
    if part.tallies().len() >= MAX_LEGS_OF_ONE {
        return Err(SiteError::Part { lift, reason: "it has too many legs".to_owned() });
    }
    part.more.brought.insert(tally, (proof.leg, proof.way, Some(giver)));
    part.more.settled = false;
    Ok(part)
}
