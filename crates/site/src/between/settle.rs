//! What was decided is done: a valid lift's chits are linked in all halves here, once; what was set aside for a void one
//! is free again.

use std::collections::BTreeSet;

use protocol::ledger::{Good, Input as LedgerInput, Ledger};
use protocol::lift::{Certificate, Committed, Outcome};
use protocol::record::Record;
use protocol::{AgentId, Cuid, Lift, TallyId};
use store::{LiftLeg, Payment};

use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;
use crate::post::Input;

/// What was done of a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Whether that is all: a chit whose proof the giver's site has yet to bring is linked when it comes.
    pub(super) whole: bool,
    /// Whose halves have a leg that was not there before.
    pub(super) moved: BTreeSet<Cuid>,
    /// Whether nothing moves.
    pub(super) void: bool,
}

impl Site {
    /// Does what a decision means here, with all halves in hand.
    pub(super) async fn settle_part(
        &self,
        batch: &mut Batch,
        part: &Part,
    ) -> Result<Settled, SiteError> {
        let Some(decided) = part.participant.decided() else {
            return Ok(Settled::default());
        };
        let certificate = decided.certificate().clone();
        if decided.outcome() == Outcome::Void || self.has(Planted::VoidForValid) {
            self.free(batch, part).await?;
            return Ok(Settled { whole: true, void: true, moved: BTreeSet::new() });
        }
        let record = part.participant.part().lift().clone();
        let committed = Committed::check(record.clone(), &certificate)?;
        self.put_lift(batch, &record, &certificate).await?;
        let known = batch.work.view().legs_at(&part.lift()).await?;
        let (mut all, mut new) = (true, Vec::new());
        for tally in part.tallies() {
            let good = self.good_in(part, &committed, &tally)?;
            // The giver's word is yet to come, or a half cannot be read: later.
            let (Some(good), Some(halves)) = (good, self.halves_of(batch, part, &tally)) else {
                all = false;
                continue;
            };
            for (holder, side) in halves {
                let Some(held) = batch.held(&holder, tally) else { continue };
                let effect = good.chit().effect_on(side);
                let (lift, half, chit) = (part.lift(), held.half.id, good.hash());
                new.push((holder, tally, good.clone(), LiftLeg { lift, half, chit, effect }));
            }
        }
        let is_new = |leg: &&LiftLeg| !known.iter().any(|at| at.leg.half == leg.half);
        let legs: Vec<LiftLeg> = new.iter().map(|(.., leg)| leg).filter(is_new).cloned().collect();
        let moved = new.iter().filter(|(.., leg)| is_new(&leg));
        let moved = moved.map(|(holder, ..)| holder.clone()).collect();
        batch.work.tx().add_legs(&legs).await?;
        self.known.forget_lift(&part.lift());
        for (holder, tally, good, _) in new {
            let (held, work) = batch.hold(&holder, tally).await?;
            match self.take(work, held, Input::Ledger(LedgerInput::Lift(good))).await {
                // A half that was restored hears first what it has lost. Where another cannot take its chit, as a partner filled it
                // to the brim, the others' legs are as good: nobody beyond them waits for it.
                Err(SiteError::Ledger(refusal)) => {
                    all = false;
                    tracing::debug!(lift = %part.lift(), %tally, "a chit is not linked yet: {refusal}");
                }
                done => done?,
            }
            // What its partner's half told it came before the lift was here, and was not proved.
            if held.state.waiting().partner.is_some()
                && legs.iter().any(|leg| leg.half == held.half.id)
            {
                self.take(work, held, Input::Ledger(LedgerInput::Compare)).await?;
            }
        }
        self.put_payment(batch, part).await?;
        Ok(Settled { whole: all, moved, void: false })
    }

    /// What was set aside for a lift is free.
    pub(super) async fn free(&self, batch: &mut Batch, part: &Part) -> Result<(), SiteError> {
        for tally in part.tallies() {
            for (holder, _) in self.halves_of(batch, part, &tally).unwrap_or_default() {
                let (held, work) = batch.hold(&holder, tally).await?;
                let is_aside = held.state.ledger.as_ref();
                let knows = |ledger: &Ledger| {
                    ledger.aside_for(&part.lift()).is_some()
                        || ledger.freed_for(&part.lift()).is_some()
                };
                if is_aside.is_some_and(knows) {
                    self.take(work, held, Input::Ledger(LedgerInput::Release(part.lift()))).await?;
                }
            }
        }
        Ok(())
    }

    /// The chit of a leg here, proved; none where the giver's word is missing.
    fn good_in(
        &self,
        part: &Part,
        committed: &Committed,
        tally: &TallyId,
    ) -> Result<Option<Good>, SiteError> {
        let Some((leg, way, giver)) = part.proof(tally)? else { return Ok(None) };
        let Some(giver) = giver else {
            return Ok(Some(Good::of_lift(committed, &leg, &way)?));
        };
        // What this site said itself, maybe by an agent of before; or what its neighbour's did when it was heard.
        let crossing = part.participant.part().crossing(tally);
        let theirs = crossing.filter(|crossing| crossing.side() != giver.side);
        let agents: Vec<AgentId> = match theirs {
            None => self.agents_here().collect(),
            Some(_) => part.agent(tally).into_iter().collect(),
        };
        let checked = agents.iter().find_map(|agent| protocol::Verified::check(giver, agent).ok());
        let Some(giver) = checked else { return Ok(None) };
        Ok(Some(Good::of_leg(committed, &way, &giver)?))
    }

    async fn put_lift(
        &self,
        batch: &mut Batch,
        record: &Lift,
        certificate: &Certificate,
    ) -> Result<(), SiteError> {
        let lift = store::Lift {
            id: certificate.lift,
            kind: record.mode.word().to_owned(),
            status: certificate.outcome.word().to_owned(),
            record: record.to_text()?.to_string(),
            certificate: Some(certificate.to_text()?.to_string()),
            date: record.date,
            changed: self.clock.now(),
        };
        Ok(batch.work.tx().put_lift(&lift).await?)
    }

    /// A payment that begins or ends here is kept, so that its name counts once.
    async fn put_payment(&self, batch: &mut Batch, part: &Part) -> Result<(), SiteError> {
        let Some(signed) = part.more.authorisation.as_deref() else { return Ok(()) };
        let payer = signed.payer.short();
        let kept = batch.work.view().payments(&[signed.uuid]).await?;
        if kept.iter().any(|one| one.payer == payer) {
            return Ok(());
        }
        let payment = Payment {
            id: signed.uuid,
            payer,
            payee: signed.payee.short(),
            lift: part.lift(),
            units: signed.units.get(),
            authorisation: signed.to_text()?.to_string(),
            at: self.clock.now(),
        };
        Ok(batch.work.tx().add_payments(&[payment]).await?)
    }
}
