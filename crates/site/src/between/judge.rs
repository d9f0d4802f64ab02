//! Whether this site promises a lift: judged anew from the locked halves and what was signed alone. What was laid
//! out before is not believed.

use protocol::bounded::List;
use protocol::lading::Lading;
use protocol::ledger::{Input as LedgerInput, Ledger, Refusal};
use protocol::lift::{Authorisation, Judged, JudgedBy, Leg, Mode, Reason};
use protocol::record::Record;
use protocol::{Cuid, Hash, Lift, Side, Sides, TallyId};
use store::UserStatus;

use super::part::Part;
use super::{LONGEST_MS, SKEW_MS};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::post::Input;
use crate::seek::accepted;

/// Who gives and who takes by a leg, of those who live here, and what is due to them for it.
struct Judgement {
    giver: Option<Cuid>,
    taker: Option<Cuid>,
    /// In milli-CHIPs.
    clutch: i64,
    reward: i64,
}

impl Site {
    /// Judges a part, all of whose halves are in hand, and sets its legs aside; gives what it was judged by, or why this
    /// site takes no part. Nothing was set aside then but what is freed with the transaction or by the decision.
    pub(super) async fn judge_part(
        &self,
        batch: &mut Batch,
        part: &Part,
    ) -> Result<Result<Judged, Reason>, SiteError> {
        let lift = part.participant.part().lift();
        if let Err(reason) = self.may_wait_for(lift).await? {
            return Ok(Err(reason));
        }
        let legs = part.more.path.to_vec();
        let found = match weighed(batch, &legs) {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(reason) = self.ends_are_signed(batch, part, &legs, &found).await? {
            return Ok(Err(reason));
        }
        let mut by = Vec::with_capacity(legs.len());
        for leg in &legs {
            by.push(judged_by(batch, &leg.tally));
        }
        for leg in &legs {
            for (holder, _) in batch.holders(&leg.tally) {
                let (held, work) = batch.hold(&holder, leg.tally).await?;
                let aside = Input::Ledger(LedgerInput::SetAside(part.lift(), *leg));
                match self.take(work, held, aside).await {
                    Ok(()) => {}
                    Err(SiteError::Ledger(refusal)) => return Ok(Err(why(&refusal))),
                    Err(error) => return Err(error),
                }
            }
        }
        let by = by.into_iter().flatten().collect();
        let (lift, nonce) = (part.lift(), Hash::from_bytes(self.chance.bytes()));
        Ok(Ok(Judged { lift, nonce, by: List::new(by).unwrap_or_default() }))
    }

    /// Whether this site's own rules let its tallies wait for this lift: who decides it, and until when.
    async fn may_wait_for(&self, lift: &Lift) -> Result<Result<(), Reason>, SiteError> {
        let accepted = accepted(&mut self.store.read().await?).await?;
        if !lift.referees.iter().all(|referee| accepted.contains(referee)) {
            return Ok(Err(Reason::Referees));
        }
        let now = self.clock.now().ms();
        let (date, deadline) = (lift.date.ms(), lift.deadline.ms());
        let known =
            date <= now.saturating_add(SKEW_MS) && deadline.saturating_sub(date) <= LONGEST_MS;
        Ok(if known && deadline > now { Ok(()) } else { Err(Reason::Deadline) })
    }

    /// Whether payer and payee, where they live here, have signed this, and the payment was not promised before.
    async fn ends_are_signed(
        &self,
        batch: &mut Batch,
        part: &Part,
        legs: &[Leg],
        found: &[Judgement],
    ) -> Result<Result<(), Reason>, SiteError> {
        let lift = part.participant.part().lift();
        let begins = found.first().is_some_and(|first| first.giver.is_some());
        let ends = found.last().is_some_and(|last| last.taker.is_some());
        if !begins && !ends {
            return Ok(Ok(()));
        }
        let Some(signed) =
            part.more.authorisation.as_deref().filter(|_| lift.mode == Mode::Payment)
        else {
            return Ok(Err(Reason::Payment));
        };
        let fits = lift.payment == Some(signed.hash()?) && lift.date < signed.expires;
        let paid = !begins || pays(signed, legs, found, self.agent);
        let received = !ends || receives(signed, legs, found, self.agent);
        if !fits || !paid || !received {
            return Ok(Err(Reason::Payment));
        }
        if ends {
            let payee = batch.user(&signed.payee.cuid).await?;
            if payee.is_none_or(|user| user.status != UserStatus::Active) {
                return Ok(Err(Reason::Payment));
            }
        }
        // Once for each end: one site may be both.
        let view = batch.work.view();
        let payer = signed.payer.short();
        let made = view.payments(&[signed.uuid]).await?.iter().any(|one| one.payer == payer);
        let mut open = false;
        for other in view.parts_paying(&signed.uuid).await? {
            if (other.lift, other.key) == (part.lift(), part.key_name()) {
                continue;
            }
            let other = Part::read(&other)?;
            let same =
                other.more.authorisation.as_ref().is_some_and(|one| one.payer == signed.payer);
            open |= same && other.participant.is_locked();
        }
        Ok(if made || open { Err(Reason::Payment) } else { Ok(()) })
    }
}

/// What its payer gives and to whom, as it signed.
fn pays(
    signed: &Authorisation,
    legs: &[Leg],
    found: &[Judgement],
    here: protocol::AgentId,
) -> bool {
    let payer = found.first().and_then(|first| first.giver.as_ref());
    let within = legs.first().is_some_and(|first| first.units <= signed.most);
    signed.payer.agent == here && payer == Some(&signed.payer.cuid) && within
}

/// What its payee gets, exactly.
fn receives(
    signed: &Authorisation,
    legs: &[Leg],
    found: &[Judgement],
    here: protocol::AgentId,
) -> bool {
    let payee = found.last().and_then(|last| last.taker.as_ref());
    let exact = legs.last().is_some_and(|last| last.units == signed.units);
    signed.payee.agent == here && payee == Some(&signed.payee.cuid) && exact
}

/// Each leg within what both of its users signed, and everybody here between two legs made whole.
fn weighed(batch: &Batch, legs: &[Leg]) -> Result<Vec<Judgement>, Reason> {
    let mut found: Vec<Judgement> = Vec::with_capacity(legs.len());
    let mut met: Vec<Cuid> = Vec::new();
    for (place, leg) in legs.iter().enumerate() {
        let judged = weigh(batch, leg)?;
        if place == 0 {
            met.extend(judged.giver.clone());
        }
        if let Some(taker) = &judged.taker {
            if met.contains(taker) {
                return Err(Reason::Settings);
            }
            met.push(taker.clone());
        }
        if let (Some(before), Some(last)) = (found.last(), place.checked_sub(1)) {
            let passes = before.taker.is_some() && before.taker == judged.giver;
            let left = legs[last].units.get().milli() - leg.units.get().milli();
            if !passes || left < before.reward + judged.clutch {
                return Err(Reason::Settings);
            }
        }
        found.push(judged);
    }
    let inside = |judged: &Judgement| judged.giver.is_some() && judged.taker.is_some();
    let between = found.len().saturating_sub(1);
    let ends = |place: usize| place == 0 || place == between;
    if found.iter().enumerate().any(|(place, judged)| !inside(judged) && !ends(place)) {
        return Err(Reason::Settings);
    }
    if found.is_empty() { Err(Reason::Unknown) } else { Ok(found) }
}

fn weigh(batch: &Batch, leg: &Leg) -> Result<Judgement, Reason> {
    let mut judged = Judgement { giver: None, taker: None, clutch: 0, reward: 0 };
    for (holder, side) in batch.holders(&leg.tally) {
        let held = batch.held(&holder, leg.tally).ok_or(Reason::Unknown)?;
        let ledger = held.state.ledger.as_ref().ok_or(Reason::Settings)?;
        let position = ledger.position().ok_or(Reason::Settings)?;
        let consent = ledger.consent();
        let gives = side == leg.by;
        let lading = if gives {
            Lading::outward(position, &consent)
        } else {
            Lading::inward(position, &consent)
        };
        let cost = lading.cost(leg.units.get()).map_err(|_| Reason::Room)?;
        // Both halves of a tally say the same, once each knows all.
        judged.clutch = judged.clutch.max(cost.clutch.milli());
        judged.reward = judged.reward.max(cost.reward.milli());
        *(if gives { &mut judged.giver } else { &mut judged.taker }) = Some(holder);
    }
    if judged.giver.is_none() && judged.taker.is_none() { Err(Reason::Unknown) } else { Ok(judged) }
}

/// Where the halves stand that a leg was judged by; one of a tally, as both say the same.
fn judged_by(batch: &Batch, tally: &TallyId) -> Option<JudgedBy> {
    let (holder, _) = batch.holders(tally).into_iter().next()?;
    let ledger: &Ledger = batch.held(&holder, *tally)?.state.ledger.as_ref()?;
    let counter = |side| ledger.set_of(side).map(|set| set.counter);
    let counters = Sides { stock: counter(Side::Stock), foil: counter(Side::Foil) };
    Some(JudgedBy { tally: *tally, head: ledger.head(), counters })
}

/// A ledger's refusal, as much of it as everybody may know.
const fn why(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::NoRoom { .. } => Reason::Room,
        _ => Reason::Busy,
    }
}
