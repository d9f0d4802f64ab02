//! What follows once something about a lift is known: this site judges and promises, settles what was decided, and
//! tells its neighbours, in one transaction with all halves in hand.

use protocol::errand::{Ask, Errand};
use protocol::lift::Promise;
use protocol::note::Body;
use protocol::participant::{Input, Want};
use protocol::record::Record;
use protocol::{LiftId, TallyId, Verified};

use super::part::Part;
use super::tend::{WAIT_MS, is_dead};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::hear::Hears;
use crate::planted::Planted;
use crate::referee::is_accepted;
use store::LiftPart;

impl Site {
    /// Does what is to be done about a lift now.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not; nothing was done then.
    pub(super) async fn act(&self, lift: LiftId) -> Result<(), SiteError> {
        let parts = self.store.read().await?.parts_in(&lift).await?;
        let mut tallies: Vec<TallyId> = Vec::new();
        for row in &parts {
            tallies.extend(Part::read(row)?.tallies());
        }
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        batch.load_tallies(&tallies).await?;
        // Only with all halves locked it is sure what the part is.
        for row in batch.work.tx().lock_parts(&lift).await? {
            let mut part = Part::read(&row)?;
            let now = self.clock.now();
            let waits = now.ms().saturating_sub(row.changed.ms()) > WAIT_MS || now > row.deadline;
            if part.participant.is_locked() && waits {
                part.participant = part.participant.step(Input::Wait)?.participant;
            }
            self.act_in(&mut batch, &mut part).await?;
            let is_dead = is_dead(&part, row.deadline, now);
            if is_dead || part.row(row.changed)? != row {
                let kept = part.row(now)?;
                let kept = LiftPart { is_open: kept.is_open && !is_dead, ..kept };
                batch.work.tx().put_part(&kept).await?;
            }
        }
        if self.hears == Hears::AtOnce {
            self.hear(&mut batch).await?;
        }
        batch.commit(&[]).await?;
        self.known.under_way.has_moved();
        Ok(())
    }

    async fn act_in(&self, batch: &mut Batch, part: &mut Part) -> Result<(), SiteError> {
        if part.participant.wants() == Some(Want::Judge) {
            self.promise_or_refuse(batch, part).await?;
        }
        let is_late = || self.clock.now() > part.participant.part().lift().deadline;
        if self.has(Planted::OwnClock) && part.participant.is_locked() && is_late() {
            self.free(batch, part).await?;
        }
        if let Some(Want::Ask(evidence)) = part.participant.wants()
            && self.known.under_way.may_ask(part.lift(), self.clock.now())
        {
            let record = part.participant.part().lift();
            let ask = Ask::new(record.clone(), evidence);
            for referee in record.referees.iter() {
                // Nobody else has this site ask strangers.
                if is_accepted(batch.work.view(), *referee).await? {
                    batch.work.errands.push((*referee, Errand::Ask(Box::new(ask.clone()))));
                }
            }
        }
        if part.outcome().is_some() && !part.more.settled {
            part.more.settled = self.settle_part(batch, part).await?;
            self.known.under_way.is_over(&part.lift());
        }
        self.tell_neighbours(batch, part).await
    }

    async fn promise_or_refuse(&self, batch: &mut Batch, part: &mut Part) -> Result<(), SiteError> {
        if let (None, Some(payment), true) =
            (&part.more.authorisation, part.payment(), part.participant.part().collects())
        {
            // The payee's site promises last, and not before it knows what the payer signed: from the payer's own site.
            let signed = self.known.under_way.signed(&payment);
            if signed.is_none() && self.clock.now() <= part.participant.part().lift().deadline {
                self.known.under_way.awaits(payment, part.lift());
                return Ok(());
            }
            part.more.authorisation = signed.map(Box::new);
        }
        let input = match self.judge_part(batch, part).await? {
            Ok(judged) => {
                let taken = part.participant.part();
                let key = self.lift_key(taken.lift().nonce, part.more.over)?;
                let judged_hash = judged.hash()?;
                let by = *taken.key();
                let promise = Promise { lift: part.lift(), by, judged: judged_hash, sign: None };
                part.more.judged = Some(judged);
                // Whatever is opened or moved meanwhile, these are what was promised for.
                part.more.halves = self.all_halves(batch, part);
                self.known.under_way.promises(part.others());
                Input::Promise(Verified::check(promise.signed(&key)?, &())?)
            }
            Err(reason) => {
                self.free(batch, part).await?;
                Input::Refuse(self.refusal(part, reason)?)
            }
        };
        part.participant = part.participant.step(input)?.participant;
        Ok(())
    }

    /// Says to each neighbour what it has to know now, where it was not said before. A giver speaks once it has promised,
    /// so that one word is enough; whoever collects speaks first, as in a circle nobody else could.
    async fn tell_neighbours(&self, batch: &mut Batch, part: &mut Part) -> Result<(), SiteError> {
        let taken = part.participant.part().clone();
        let is_over = part.participant.refusal().is_some() || part.outcome().is_some();
        let refused = part.participant.is_refused();
        for crossing in taken.crossings() {
            let tally = crossing.leg().tally;
            let gives = !crossing.takes();
            let has_news = gives && (part.participant.promise().is_some() || taken.collects());
            // Who has not heard of the lift need not hear that nothing comes of it.
            let met = !gives
                || part.more.said.contains_key(&tally)
                || part.participant.conditional(&tally).is_some();
            let ends = (is_over || refused) && met;
            if !(ends || has_news) || part.more.told.contains(&tally) {
                continue;
            }
            let Some(word) = part.participant.word(&tally) else { continue };
            let hash = word.hash()?;
            if part.more.said.get(&tally) == Some(&hash) {
                continue;
            }
            for (holder, _) in self.halves_of(batch, part, &tally).unwrap_or_default() {
                let (held, work) = batch.hold(&holder, tally).await?;
                let body = Body::Lift(Box::new(word.clone()));
                let state = std::sync::Arc::clone(&held.state);
                self.post_all(work, held, &state, vec![body]).await?;
            }
            part.more.said.insert(tally, hash);
        }
        Ok(())
    }
}
