//! What others say of lifts: neighbours over a tally, the payer's site, referees. It is noted here; what follows from
//! it is done in a transaction of its own (`act.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::bounded::List;
use protocol::lift::{
    Authorisation, Certificate, Conditional, Decided, Leg, Legs, LiftFault, Reason, Refused,
};
use protocol::note::Body;
use protocol::participant::Part as Taken;
use protocol::participant::{Input, Participant, Word};
use protocol::record::Record;
use protocol::{
    AgentId, Cuid, Hash, Lift, LiftId, PublicKey, Side, Signer as _, TallyId, Verified,
};
use store::{LiftPart, View};

use super::claimed::is_there;
use super::part::{More, Neighbour, Part};
use crate::batch::{Batch, Held, Work};
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;

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
        let neighbour = Neighbour { agent: from, users: held.state.open()?.users() };
        let lift = word.lift.id()?;
        let (knows, refuses) = (word.certificate.is_some(), word.refused.is_some());
        let before = self.part_on(work, lift, &tally, from).await?;
        let taken = match before.clone() {
            // What could be open for long is not begun.
            None if !self.may_last(&word.lift) => None,
            None => self.taken_on(work.view(), &word, (tally, side, neighbour)).await?,
            known => known,
        };
        let mut keys: Vec<Hash> = Vec::new();
        let taken = if before.is_some() {
            taken
        } else {
            let rows = work.tx().lock_parts(&lift).await?;
            if knows
                && let Some(part) = self.part_with(&rows, holder, (tally, side, neighbour.users))?
            {
                return self.hear_from_another(work, part, &word, (tally, from)).await;
            }
            keys = rows.iter().map(|row| row.key).collect();
            // Under one key there is one part, whatever else has its tally's name.
            match taken.filter(|part| !keys.contains(&part.key_name())) {
                None => {
                    let lost = self.lost(&word, (holder, tally), (side, neighbour), &keys)?;
                    if lost.is_some() {
                        is_there(work, (holder, tally), (lift, &word.conditional.leg)).await?;
                    }
                    lost
                }
                taken => taken,
            }
        };
        let Some(mut part) = taken else {
            if knows || refuses {
                // It is decided, or nothing comes of it, and nothing here depends on it: there is nothing to refuse, and
                // nothing to say. Two that have both forgotten it would refuse it to each other for ever.
                let outcome = word.certificate.as_ref().map(|shown| shown.outcome);
                word.clone().check(&from)?;
                self.hear_claim(work, held, word).await?;
                return self.forget_freed(work, held, &lift, outcome).await;
            }
            // What it takes part in already it does not refuse, whoever asks over this tally now.
            if keys.contains(&self.lift_key(word.lift.nonce, tally)?.public_key().name()) {
                return Err(SiteError::NoLift(lift));
            }
            let may_last = self.may_last(&word.lift);
            let reason = if may_last { Reason::Unknown } else { Reason::Deadline };
            return self.refuse_new(work, held, &word, (neighbour, reason)).await;
        };
        let heard = Box::new(word.check(&from)?);
        self.note_second_promise(work, &part.participant, (&tally, &from), &heard).await?;
        let step = part.participant.step(Input::Hear { tally, heard })?;
        part.participant = step.participant;
        self.note_lies(work, &part, &step.events).await?;
        if knows {
            part.more.told.insert(tally);
        } else if part.outcome().is_some() || (part.participant.is_refused() && !refuses) {
            // It does not know yet: it is told once more. Two that have both refused, and whose referees never decide,
            // would say so to each other for ever.
            part.more.told.remove(&tally);
            part.more.said.remove(&tally);
        }
        // Who says the same again and again must not look as if something went on.
        if before.as_ref() != Some(&part) {
            self.keep_part(work, &part).await?;
            work.due.push(lift);
        }
        Ok(())
    }

    /// The partner's site tells of a lift as another agent than the one that took part in it: of a leg that is known here
    /// only the decision is news.
    async fn hear_from_another(
        &self,
        work: &mut Work,
        mut part: Part,
        word: &Word,
        (tally, from): (TallyId, AgentId),
    ) -> Result<(), SiteError> {
        word.clone().check(&from)?;
        let Some(certificate) = word.certificate.clone() else { return Ok(()) };
        let decided = Decided::check(certificate, part.participant.part().lift())?;
        let before = part.clone();
        let step = part.participant.step(Input::Decided(Arc::new(decided)))?;
        part.participant = step.participant;
        self.note_lies(work, &part, &step.events).await?;
        part.more.told.insert(tally);
        if part != before {
            self.keep_part(work, &part).await?;
            work.due.push(part.lift());
        }
        Ok(())
    }

    /// A partner's half was restored: what was decided of the lifts whose chits it is told now, it is told before.
    pub(crate) async fn tell_of_lifts_again(
        &self,
        work: &mut Work,
        held: &Held,
        lifts: BTreeSet<LiftId>,
    ) -> Result<(), SiteError> {
        let tally = held.half.tally;
        let mut words = Vec::new();
        for lift in lifts {
            for row in work.view().parts_in(&lift).await? {
                let word = self.word_on(&self.known.part(&row)?, &tally)?;
                words.extend(word.map(|word| Body::Lift(Box::new(word))));
            }
        }
        let state = Arc::clone(&held.state);
        self.post_all(work, held, &state, words).await
    }

    /// A lift that this site takes no part in and keeps nothing of: it says so.
    async fn refuse_new(
        &self,
        work: &mut Work,
        held: &Held,
        word: &Word,
        (from, reason): (Neighbour, Reason),
    ) -> Result<(), SiteError> {
        let (tally, side, leg) = (held.half.tally, held.half.side, word.conditional.leg);
        word.clone().check(&from.agent)?;
        if leg.tally != tally || leg.by == side {
            return Err(SiteError::NoLift(word.lift.id()?));
        }
        let mut part = self.part_of(word, (tally, side, from), None, &[leg])?;
        let refused = self.refusal(&part, reason)?;
        part.participant = part.participant.step(Input::Refuse(refused))?.participant;
        let said = part.participant.word(&tally).map(|word| Body::Lift(Box::new(word)));
        let state = Arc::clone(&held.state);
        self.post_all(work, held, &state, said.into_iter().collect()).await
    }

    /// The part that is meant by the first word on a lift: as it was laid out here, for one lift. None where nothing was.
    async fn taken_on(
        &self,
        view: &mut View,
        word: &Word,
        (tally, side, from): (TallyId, Side, Neighbour),
    ) -> Result<Option<Part>, SiteError> {
        let (nonce, lift) = (word.lift.nonce, word.lift.id()?);
        let laid = self.known.drafts.laid_for(&nonce, (tally, from.agent), (lift, word));
        let Some((planned, legs)) = laid else { return Ok(None) };
        let on = match planned.on {
            None => None,
            Some((on, agent, _)) => match self.users_on(view, &on, agent).await? {
                None => return Ok(None),
                Some(users) => Some((on, Neighbour { agent, users })),
            },
        };
        // What does not fit what was laid out is another lift, of which nothing is known.
        Ok(self.part_of(word, (tally, side, from), on, &legs).ok())
    }

    /// The part with these legs, the first of them over the tally that the word came over.
    fn part_of(
        &self,
        word: &Word,
        (over, side, from): (TallyId, Side, Neighbour),
        on: Option<(TallyId, Neighbour)>,
        legs: &[Leg],
    ) -> Result<Part, SiteError> {
        let neighbours: BTreeMap<_, _> = std::iter::once((over, from)).chain(on).collect();
        let says = |leg: &Leg| if leg.tally == over { side } else { leg.by };
        let key = self.lift_key(word.lift.nonce, over)?.public_key();
        let mine = (over, key);
        self.part_in(&word.lift, &word.branches, mine, neighbours, legs, says, on.is_none())
    }

    /// A part of this site's in a lift, with these legs in their order; of those over tallies with other agents, what
    /// this site says of them.
    #[expect(clippy::too_many_arguments, reason = "all that a part is")]
    pub(super) fn part_in(
        &self,
        lift: &Lift,
        branches: &List<Hash, { protocol::participant::MAX_BRANCHES }>,
        (over, key): (TallyId, PublicKey),
        neighbours: BTreeMap<TallyId, Neighbour>,
        legs: &[Leg],
        says: impl Fn(&Leg) -> Side,
        collects: bool,
    ) -> Result<Part, SiteError> {
        let signer = self.signer.as_deref().ok_or(SiteError::NoAgentKey)?;
        let id = lift.id()?;
        // Under any other key it has lost the lift: whose that is it does not say.
        let anew = self.lift_key(lift.nonce, over)?.public_key() != key;
        let inner: Vec<Leg> =
            legs.iter().filter(|leg| !neighbours.contains_key(&leg.tally)).copied().collect();
        // Without its leaf no chit among users here would be good, whatever is decided.
        if let Some(tally) = inner.first().map(|leg| leg.tally)
            && !branches.contains(&Legs::new(inner, Some(lift.nonce))?.root())
        {
            return Err(LiftFault::NotALeg { lift: id, tally }.into());
        }
        let crossing = legs.iter().filter_map(|leg| Some((leg, neighbours.get(&leg.tally)?.users)));
        let ours = crossing.map(|(leg, users)| {
            let side = says(leg);
            Conditional { lift: id, leg: *leg, users, side, key, anew, sign: None }.signed(signer)
        });
        let ours = ours.collect::<Result<Vec<_>, _>>()?;
        let taken = Taken::new(lift.clone(), branches.clone(), key, ours, collects)?;
        let participant = Participant::new(Arc::new(taken));
        let too_long = |_| SiteError::Part { lift: id, reason: "its way is too long".to_owned() };
        let path = List::new(legs.to_vec()).map_err(too_long)?;
        let agents = neighbours.into_iter().map(|(tally, other)| (tally, other.agent)).collect();
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

    /// The part with a leg on this tally to a site of this agent.
    async fn part_on(
        &self,
        work: &mut Work,
        lift: LiftId,
        tally: &TallyId,
        from: AgentId,
    ) -> Result<Option<Part>, SiteError> {
        for row in work.tx().lock_parts(&lift).await? {
            let part = self.known.part(&row)?;
            if part.participant.part().crossing(tally).is_some() && part.agent(tally) == Some(from)
            {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// The part with a leg to another site on this half, whoever speaks for that site now. One that was not judged here,
    /// as in a site that went back to before, knows of no halves yet, but whose tally it is on.
    fn part_with(
        &self,
        rows: &[LiftPart],
        holder: &Cuid,
        (tally, side, users): (TallyId, Side, Hash),
    ) -> Result<Option<Part>, SiteError> {
        for row in rows {
            let part = self.known.part(row)?;
            let Some(crossing) = part.participant.part().crossing(&tally) else { continue };
            let ours = crossing.ours();
            match part.more.halves.get(&tally) {
                Some(halves) if halves.iter().any(|(who, _)| who == holder) => {
                    return Ok(Some(part));
                }
                None if (ours.side, ours.users) == (side, users) => {
                    return Ok(Some(part.on(tally, holder, side)));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Keeps a part as it is now.
    pub(super) async fn keep_part(&self, work: &mut Work, part: &Part) -> Result<(), SiteError> {
        let row = part.row(self.clock.now())?;
        work.tx().put_part(&row).await?;
        self.known.remember_part(&row, part.clone());
        Ok(())
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
        self.known.under_way.has_come(&hash);
        Ok(())
    }

    /// A referee, or whoever has it, shows what was decided.
    pub(crate) async fn hear_certificate(&self, certificate: Certificate) -> Result<(), SiteError> {
        let lift = certificate.lift;
        if self.store.read().await?.parts_in(&lift).await?.is_empty() {
            return Ok(());
        }
        let _turn = self.queue.turn().await;
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        let mut changed = false;
        for row in batch.work.tx().lock_parts(&lift).await? {
            let mut part = self.known.part(&row)?;
            let decided = Decided::check(certificate.clone(), part.participant.part().lift())?;
            let step = part.participant.step(Input::Decided(Arc::new(decided)))?;
            let is_news = step.participant != part.participant;
            part.participant = step.participant;
            self.note_lies(&mut batch.work, &part, &step.events).await?;
            if is_news {
                self.keep_part(&mut batch.work, &part).await?;
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
