//! What follows once something about a lift is known: this site judges and promises, settles what was decided, and
//! tells its neighbours, in one transaction with all halves in hand.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use protocol::errand::{Ask, Errand};
use protocol::lift::{Conditional, Judged, Mode, Outcome, Promise};
use protocol::note::Body;
use protocol::participant::{Input, Want, Word, judged_together, tell_each_other};
use protocol::record::Record;
use protocol::{LiftId, Signer as _, TallyId, Verified};

use super::judge::arriving;
use super::part::Part;
use super::tend::{WAIT_MS, counted_from, is_dead, is_gone};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::hear::Hears;
use crate::planted::{self, Planted};
use crate::referee::is_accepted;
use store::LiftPart;

impl Site {
    /// Does what is due about these lifts, in one transaction; says about how many.
    ///
    /// # Errors
    /// [`SiteError`] where the store could not, or one of them cannot go on; nothing was done then, and all of it stays due.
    pub(super) async fn act(&self, lifts: &[LiftId]) -> Result<usize, SiteError> {
        // What is taken here nobody else has begun and not ended: whoever needs it done waits for this turn.
        let _turn = self.queue.turn().await;
        let taken = self.known.under_way.take_due_of(lifts);
        let many = taken.lifts.len();
        if many > 0 {
            self.act_in_turn(&taken.lifts).await?;
        }
        taken.end();
        Ok(many)
    }

    async fn act_in_turn(&self, lifts: &[LiftId]) -> Result<(), SiteError> {
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        let mut tallies: Vec<TallyId> = Vec::new();
        for lift in lifts {
            for row in &batch.work.view().parts_in(lift).await? {
                tallies.extend(self.known.part(row)?.tallies());
            }
        }
        batch.load_tallies(&tallies).await?;
        for lift in lifts {
            self.act_on(&mut batch, *lift).await?;
        }
        if self.hears == Hears::AtOnce {
            self.hear(&mut batch).await?;
        }
        batch.commit(&[]).await?;
        self.known.under_way.have_moved(lifts);
        Ok(())
    }

    /// Does what is to be done about one of them, with all halves of its parts in hand.
    async fn act_on(&self, batch: &mut Batch, lift: LiftId) -> Result<(), SiteError> {
        // Only with all halves locked it is sure what the parts are.
        let (rows, now) = (batch.work.tx().lock_parts(&lift).await?, self.clock.now());
        self.follows_lift_keys(batch.work.view()).await?;
        let mut parts =
            rows.iter().map(|row| self.known.part(row)).collect::<Result<Vec<_>, _>>()?;
        for (row, part) in rows.iter().zip(&mut parts) {
            let waits = now.ms().saturating_sub(row.changed.ms()) > WAIT_MS || now > row.deadline;
            if part.participant.is_locked() && waits {
                part.participant = part.participant.step(Input::Wait)?.participant;
            }
        }
        self.act_in(batch, &mut parts).await?;
        let mut all_dead = !parts.is_empty();
        for (row, part) in rows.iter().zip(&parts) {
            // One that this site cannot sign for any more it never judges, but hears how it ended: for a week, and where its
            // payer waits for it, for as long as it takes.
            let is_paid_by = part.more.proposed && part.more.authorisation.is_some();
            let waits = match self.is_past_signing(part)? {
                true => is_paid_by || !is_gone(row.deadline, now),
                false => part.participant.wants() == Some(Want::Judge),
            };
            let is_dead = !waits && is_dead(part, counted_from(part, row), now);
            // Of one from before a restore this site may have forgotten that it promised it, and needs its legs then.
            let is_nothing = match part.outcome() {
                Some(outcome) => outcome == Outcome::Void,
                None => is_dead && !self.is_past_signing(part)?,
            };
            if is_dead && is_nothing && !part.more.proposed {
                // Whoever lays out lifts for nothing must not fill this site's disk with them.
                batch.work.tx().drop_part(&row.lift, &row.key).await?;
                self.known.drafts.forget_lift(&lift);
            } else if (is_dead && row.is_open) || part.row(row.changed)? != *row {
                let kept = part.row(now)?;
                let kept = LiftPart { is_open: kept.is_open && !is_dead, ..kept };
                batch.work.tx().put_part(&kept).await?;
                self.known.remember_part(&kept, part.clone());
            }
            all_dead &= is_dead;
            if part.participant.promise().is_some() {
                let nonce = &part.participant.part().lift().nonce;
                self.known.drafts.is_promised(nonce, &part.more.over, lift);
            }
        }
        if all_dead {
            self.known.under_way.is_over(&lift);
        }
        Ok(())
    }

    /// Does what is to be done in all of this site's parts in a lift: first what each of them promises, then, as each
    /// knows what the others do, what follows.
    async fn act_in(&self, batch: &mut Batch, parts: &mut [Part]) -> Result<(), SiteError> {
        self.tell_each_other(batch, parts).await?;
        let all = parts.iter().map(|part| (&part.participant, part.more.proposed));
        for together in judged_together(all) {
            self.promise_or_refuse(batch, parts, &together).await?;
        }
        self.tell_each_other(batch, parts).await?;
        let (mut settled, mut moved, mut void) = (Vec::new(), BTreeSet::new(), None);
        for (place, part) in parts.iter_mut().enumerate() {
            let is_late = || self.clock.now() > part.participant.part().lift().deadline;
            if self.has(Planted::OwnClock) && part.participant.is_locked() && is_late() {
                self.free(batch, part).await?;
            }
            self.ask_referees(batch, part).await?;
            // Before the chits that it proves.
            self.tell_neighbours(batch, part).await?;
            if part.outcome().is_some() && !part.more.settled {
                if part.participant.promise().is_some() {
                    self.known.under_way.is_decided(part);
                }
                let done = self.settle_part(batch, part).await?;
                part.more.settled = done.whole;
                self.known.under_way.is_over(&part.lift());
                settled.extend((!done.moved.is_empty()).then_some(place));
                moved.extend(done.moved);
                void = void.or(done.void.then_some(place));
            }
        }
        if let Some(place) = void {
            self.tell_of_void(batch, &parts[place]);
        }
        let settled: Vec<&Part> = settled.into_iter().map(|place| &parts[place]).collect();
        if parts.iter().any(|part| part.participant.part().lift().mode == Mode::Clearing) {
            return self.tell_of_clearing(batch, parts, moved).await;
        }
        self.tell_of_lift(batch, &settled);
        Ok(())
    }

    /// Each of this site's participants in a lift learns what the others know.
    async fn tell_each_other(
        &self,
        batch: &mut Batch,
        parts: &mut [Part],
    ) -> Result<(), SiteError> {
        let mut all: Vec<_> = parts.iter_mut().map(|part| &mut part.participant).collect();
        for (place, events) in tell_each_other(&mut all)? {
            self.note_lies(&mut batch.work, &parts[place], &events).await?;
        }
        Ok(())
    }

    /// Asks the referees where it is time to.
    async fn ask_referees(&self, batch: &mut Batch, part: &Part) -> Result<(), SiteError> {
        let is_late = self.clock.now() > part.participant.part().lift().deadline;
        let wants = match self.is_past_signing(part)? {
            true => is_late.then(|| Want::Ask(part.participant.evidence())),
            false => part.participant.wants(),
        };
        if let Some(Want::Ask(evidence)) = wants
            && self.known.under_way.may_ask(part, evidence.is_some(), self.clock.now())
        {
            let record = part.participant.part().lift();
            let ask = Ask::new(record.clone(), evidence);
            for referee in record.referees.iter() {
                // Nobody else has this site ask strangers. Under whom it promised, or chose, it asks as long as nothing is decided,
                // whether an administrator has dropped that one since or not.
                let is_chosen = part.is_remembered() || part.more.proposed;
                if is_chosen || is_accepted(batch.work.view(), *referee).await? {
                    batch.work.errands.push((*referee, Errand::Ask(Box::new(ask.clone()))));
                }
            }
        }
        Ok(())
    }

    /// Judges these of this site's parts in a lift, and promises all of them or none; where something has to come first,
    /// nothing happens.
    async fn promise_or_refuse(
        &self,
        batch: &mut Batch,
        parts: &mut [Part],
        together: &[usize],
    ) -> Result<(), SiteError> {
        for place in together {
            if !self.has_key_of(&parts[*place])? || !self.has_come(parts, *place) {
                return Ok(());
            }
        }
        let mut all_judged = Vec::new();
        for place in together {
            let hidden = self.has(Planted::SameRoom).then(|| planted::hide_aside(batch));
            let judged = self.judge_part(batch, &parts[*place], parts).await?;
            if let Some(hidden) = hidden {
                planted::show_aside(batch, &hidden);
            }
            match judged {
                Ok(judged) => all_judged.push((*place, judged)),
                Err(reason) => {
                    // What of them was set aside was so just now.
                    for (place, _) in all_judged {
                        self.free(batch, &parts[place]).await?;
                    }
                    for place in together {
                        let refused = Input::Refuse(self.refusal(&parts[*place], reason)?);
                        parts[*place].participant =
                            parts[*place].participant.step(refused)?.participant;
                    }
                    return Ok(());
                }
            }
        }
        for (place, judged) in all_judged {
            self.promise(batch, &mut parts[place], judged)?;
        }
        Ok(())
    }

    /// Whether nothing is known of how a part ends that this site has not promised, as far as it knows, and cannot sign for any more.
    fn is_past_signing(&self, part: &Part) -> Result<bool, SiteError> {
        let is_open = part.outcome().is_none() && part.participant.promise().is_none();
        Ok(is_open && self.signer.is_some() && !self.has_key_of(part)?)
    }

    /// Whether this site can still sign for a part: not where it took it on as an agent of before, or before it was restored.
    /// Nothing comes of it then.
    fn has_key_of(&self, part: &Part) -> Result<bool, SiteError> {
        let taken = part.participant.part();
        let key = self.lift_key(taken.lift().nonce, part.more.over)?;
        Ok(key.public_key() == *taken.key())
    }

    /// What the neighbour on a tally has to be told now, said by the agent that this site is now: of one of before nobody hears.
    pub(super) fn word_on(&self, part: &Part, tally: &TallyId) -> Result<Option<Word>, SiteError> {
        let word = part.participant.word(tally);
        let by_another = |word: &Word| {
            !self.former_agents().is_empty()
                && Verified::check(word.conditional, &self.agent).is_err()
        };
        Ok(match word {
            Some(word) if by_another(&word) => {
                let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
                // The key is another one's than this agent's.
                let unsigned = Conditional { anew: true, sign: None, ..word.conditional };
                Some(Word { conditional: unsigned.signed(signer)?, ..word })
            }
            word => word,
        })
    }

    /// Whether all has come that has to come before a part is judged. The payee's site promises last: not before it knows
    /// what the payer signed, from the payer's own site, and not before all parts of it have come. After the deadline it
    /// judges by what there is.
    fn has_come(&self, parts: &mut [Part], place: usize) -> bool {
        let part = &mut parts[place];
        let Some(payment) = part.payment().filter(|_| part.participant.part().collects()) else {
            return true;
        };
        if part.more.authorisation.is_none() {
            part.more.authorisation = self.known.under_way.signed(&payment).map(Box::new);
        }
        if self.clock.now() > part.participant.part().lift().deadline {
            return true;
        }
        let (signed, lift) = (part.more.authorisation.clone(), part.lift());
        match signed {
            Some(signed) => signed.compare(arriving(parts)) != Ordering::Less,
            None => {
                self.known.under_way.awaits(payment, lift);
                false
            }
        }
    }

    fn promise(&self, batch: &Batch, part: &mut Part, judged: Judged) -> Result<(), SiteError> {
        let taken = part.participant.part();
        let key = self.lift_key(taken.lift().nonce, part.more.over)?;
        let promise =
            Promise { lift: part.lift(), by: *taken.key(), judged: judged.hash()?, sign: None };
        part.more.judged = Some(judged);
        // Whatever is opened or moved meanwhile, these are what was promised for.
        part.more.halves = self.all_halves(batch, part);
        self.known.under_way.promises(part);
        let promise = Input::Promise(Verified::check(promise.signed(&key)?, &())?);
        part.participant = part.participant.step(promise)?.participant;
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
            // Who has not heard of the lift need not hear that nothing comes of it; of a valid one all have heard, though a
            // site that was restored does not know it.
            let met = !gives
                || part.outcome() == Some(Outcome::Commit)
                || part.more.said.contains_key(&tally)
                || part.participant.conditional(&tally).is_some();
            let ends = (is_over || refused) && met;
            if !(ends || has_news) || part.more.told.contains(&tally) {
                continue;
            }
            let Some(word) = self.word_on(part, &tally)? else { continue };
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
