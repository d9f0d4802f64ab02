//! What was decided is done: a valid lift's chits are linked in all halves here, once; what was set aside for a void one
//! is free again.

use protocol::ledger::{Good, Input as LedgerInput};
use protocol::lift::{Certificate, Committed, Outcome};
use protocol::record::Record;
use protocol::{Lift, TallyId};
use store::{LiftLeg, Payment};

use super::part::Part;
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::post::Input;

impl Site {
    /// Does what a decision means here, with all halves in hand; says whether all of it is done: a chit whose proof the
    /// giver's site has yet to bring is linked when it comes.
    pub(super) async fn settle_part(
        &self,
        batch: &mut Batch,
        part: &Part,
    ) -> Result<bool, SiteError> {
        let Some(decided) = part.participant.decided() else { return Ok(false) };
        let certificate = decided.certificate().clone();
        if decided.outcome() == Outcome::Void {
            self.free(batch, part).await?;
            self.tell_of_void(batch, part, &certificate);
            return Ok(true);
        }
        let record = part.participant.part().lift().clone();
        let committed = Committed::check(record.clone(), &certificate)?;
        self.put_lift(batch, &record, &certificate).await?;
        let known = batch.work.view().legs_at(&part.lift()).await?;
        let (mut all, mut new) = (true, Vec::new());
        for leg in part.more.path.iter() {
            let Some(good) = self.good_in(part, &committed, &leg.tally)? else {
                all = false;
                continue;
            };
            for (holder, side) in batch.holders(&leg.tally) {
                let is_known = known.iter().any(|at| at.holder == holder && at.tally == leg.tally);
                let Some(held) = batch.held(&holder, leg.tally).filter(|_| !is_known) else {
                    continue;
                };
                let effect = good.chit().effect_on(side);
                let (lift, half, chit) = (part.lift(), held.half.id, good.hash());
                new.push((holder, leg.tally, good.clone(), LiftLeg { lift, half, chit, effect }));
            }
        }
        let legs: Vec<LiftLeg> = new.iter().map(|(_, _, _, leg)| leg.clone()).collect();
        batch.work.tx().add_legs(&legs).await?;
        self.known.forget_lift(&part.lift());
        for (holder, tally, good, _) in new {
            let (held, work) = batch.hold(&holder, tally).await?;
            self.take(work, held, Input::Ledger(LedgerInput::Lift(good))).await?;
        }
        self.put_payment(batch, part).await?;
        if !known.iter().any(|_| true) {
            self.tell_of_lift(batch, part);
        }
        Ok(all)
    }

    /// What was set aside for a lift is free.
    pub(super) async fn free(&self, batch: &mut Batch, part: &Part) -> Result<(), SiteError> {
        for tally in part.tallies() {
            for (holder, _) in batch.holders(&tally) {
                let (held, work) = batch.hold(&holder, tally).await?;
                let is_aside = held.state.ledger.as_ref();
                if is_aside.is_some_and(|ledger| ledger.aside_for(&part.lift()).is_some()) {
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
        let agent = if giver.side == crossing_side(part, tally) {
            Some(self.agent)
        } else {
            part.agent(tally)
        };
        let Some(agent) = agent else { return Ok(None) };
        let giver = protocol::Verified::check(giver, &agent)?;
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

/// The side whose half of a tally with another site is here.
fn crossing_side(part: &Part, tally: &TallyId) -> protocol::Side {
    let crossing = part.participant.part().crossing(tally);
    crossing.map_or(protocol::Side::Stock, protocol::participant::Crossing::side)
}
