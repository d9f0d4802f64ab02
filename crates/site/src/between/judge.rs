//! Whether this site promises a lift: judged anew from the locked halves and what was signed alone. What was laid
//! out before is not believed.

use std::cmp::Ordering;

use protocol::bounded::List;
use protocol::ledger::{Input as LedgerInput, Ledger, Refusal};
use protocol::lift::{Authorisation, Judged, JudgedBy, Leg, Mode, Reason};
use protocol::record::Record;
use protocol::{Cuid, Hash, Lift, Signed as _, TallyId};
use store::UserStatus;

use super::part::{OpenWith, Part};
use super::{LONGEST_MS, MAX_OPEN_MILLI, MAX_OPEN_PROMISES, SKEW_MS};
use crate::batch::Batch;
use crate::door::Site;
use crate::error::SiteError;
use crate::post::Input;
use crate::referee::{is_accepted, sole_most};

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
    /// site takes no part: then nothing is set aside for it. `all` are this site's parts in the lift.
    pub(super) async fn judge_part(
        &self,
        batch: &mut Batch,
        part: &Part,
        all: &[Part],
    ) -> Result<Result<Judged, Reason>, SiteError> {
        let lift = part.participant.part().lift();
        if let Err(reason) = self.may_be_open(batch, part, all).await? {
            return Ok(Err(reason));
        }
        if let Err(reason) = self.may_wait_for(batch, lift).await? {
            return Ok(Err(reason));
        }
        let legs = part.more.path.to_vec();
        let found = match self.weighed(batch, part, &legs) {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(reason) = self.ends_are_signed(batch, part, all, &found).await? {
            return Ok(Err(reason));
        }
        let mut by = Vec::with_capacity(legs.len());
        for leg in &legs {
            let halves = self.halves_of(batch, part, &leg.tally).unwrap_or_default();
            by.push(halves.first().and_then(|(holder, _)| judged_by(batch, holder, &leg.tally)));
        }
        for leg in &legs {
            for (holder, _) in self.halves_of(batch, part, &leg.tally).unwrap_or_default() {
                let (held, work) = batch.hold(&holder, leg.tally).await?;
                let aside = Input::Ledger(LedgerInput::SetAside(part.lift(), *leg));
                match self.take(work, held, aside).await {
                    Ok(()) => {}
                    Err(SiteError::Ledger(refusal)) => {
                        // Each of its legs was free before: what is set aside for this lift on them was so just now.
                        self.free(batch, part).await?;
                        return Ok(Err(why(&refusal)));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let by = by.into_iter().flatten().collect();
        let (lift, nonce) = (part.lift(), Hash::from_bytes(self.chance.bytes()));
        Ok(Ok(Judged { lift, nonce, by: List::new(by).unwrap_or_default() }))
    }

    /// Whether so much more may be open with these neighbours, and under these referees: one that is gone or decides nothing
    /// locks little. Of each limit a quarter is kept for lifts that begin or end here, so that strangers cannot use it up.
    async fn may_be_open(
        &self,
        batch: &mut Batch,
        part: &Part,
        all: &[Part],
    ) -> Result<Result<(), Reason>, SiteError> {
        let referees = &part.participant.part().lift().referees;
        let is_own = part.more.proposed || part.participant.part().collects();
        let of_it = |most: i64| if is_own { most } else { most / 4 * 3 };
        for with in part.open_with() {
            let open = self.known.under_way.open_with(&with);
            // All that begins here is promised as a whole.
            let together = |other: &&Part| {
                let same = other.key_name() == part.key_name();
                (same || part.more.proposed && other.more.proposed)
                    && other.open_with().contains(&with)
            };
            let more = all.iter().filter(together).map(Part::moves_milli);
            let milli = more.fold(open.milli, i64::saturating_add);
            let (most, refused) = match (with, &referees[..]) {
                (OpenWith::Referee(agent), [_]) => {
                    (sole_most(batch.work.view(), agent).await?.milli(), Reason::Referees)
                }
                (OpenWith::Referee(_), _) => (MAX_OPEN_MILLI, Reason::Referees),
                (OpenWith::Neighbour(_), _) => (MAX_OPEN_MILLI, Reason::Room),
            };
            if milli > of_it(most) {
                return Ok(Err(refused));
            }
            let promises = i64::try_from(open.promises).unwrap_or(i64::MAX);
            if promises >= of_it(i64::try_from(MAX_OPEN_PROMISES).unwrap_or(i64::MAX)) {
                return Ok(Err(Reason::Busy));
            }
        }
        Ok(Ok(()))
    }

    /// Whether this site's own rules let its tallies wait for this lift: who decides it, and until when.
    async fn may_wait_for(
        &self,
        batch: &mut Batch,
        lift: &Lift,
    ) -> Result<Result<(), Reason>, SiteError> {
        for referee in lift.referees.iter() {
            if !is_accepted(batch.work.view(), *referee).await? {
                return Ok(Err(Reason::Referees));
            }
        }
        let in_time = self.may_last(lift) && lift.deadline > self.clock.now();
        Ok(if in_time { Ok(()) } else { Err(Reason::Deadline) })
    }

    /// Whether a lift is for no longer than this site's tallies may wait, from about now on.
    pub(super) fn may_last(&self, lift: &Lift) -> bool {
        let now = self.clock.now().ms();
        let (date, deadline) = (lift.date.ms(), lift.deadline.ms());
        date <= now.saturating_add(SKEW_MS) && deadline.saturating_sub(date) <= LONGEST_MS
    }

    /// Whether payer and payee, where they live here, have signed this, and the payment was not promised before.
    async fn ends_are_signed(
        &self,
        batch: &mut Batch,
        part: &Part,
        all: &[Part],
        found: &[Judgement],
    ) -> Result<Result<(), Reason>, SiteError> {
        let (lift, legs) = (part.participant.part().lift(), &part.more.path[..]);
        let begins = found.first().is_some_and(|first| first.giver.is_some());
        let ends = found.last().is_some_and(|last| last.taker.is_some());
        if !begins && !ends {
            return Ok(Ok(()));
        }
        if lift.mode == Mode::Clearing {
            return Ok(comes_back(part, all, found));
        }
        let Some(signed) = part.more.authorisation.as_deref() else {
            return Ok(Err(Reason::Payment));
        };
        let fits = lift.payment == Some(signed.hash()?) && lift.date < signed.expires;
        let paid =
            !begins || (pays(signed, all, found, self.agent) && ends_at_payees(part, signed));
        let received = !ends || receives(signed, all, found, self.agent);
        if !fits || !paid || !received {
            return Ok(Err(Reason::Payment));
        }
        if begins && !is_by_its_payer(batch, signed, legs) {
            return Ok(Err(Reason::Payment));
        }
        if ends {
            let payee = batch.user(&signed.payee.cuid).await?;
            if payee.is_none_or(|user| user.status != UserStatus::Active) {
                return Ok(Err(Reason::Payment));
            }
        }
        // Once for each end: one site may be both. Also where two programs serve the site.
        let payer = signed.payer.short();
        batch.work.tx().lock_name(&format!("{payer} {}", signed.uuid)).await?;
        let view = batch.work.view();
        let made = view.payments(&[signed.uuid]).await?.iter().any(|one| one.payer == payer);
        let mut open = false;
        for other in view.parts_paying(&signed.uuid).await? {
            // All parts of one payment are one lift.
            if other.lift == part.lift() {
                continue;
            }
            let other = self.known.part(&other)?;
            let same = other
                .more
                .authorisation
                .as_ref()
                .is_some_and(|one| one.payer.same_user(&signed.payer));
            open |= same && other.participant.may_be_valid();
        }
        Ok(if made || open { Err(Reason::Payment) } else { Ok(()) })
    }
}

/// Of a clearing that begins or ends here: this site proposed it, and what its user gives comes back to it by the same
/// lift, in full.
fn comes_back(part: &Part, all: &[Part], found: &[Judgement]) -> Result<(), Reason> {
    let begins = found.first().and_then(|first| first.giver.clone());
    let ends = found.last().and_then(|last| last.taker.clone());
    let (Some(first), Some(last)) = (part.more.path.first(), part.more.path.last()) else {
        return Err(Reason::Unknown);
    };
    let Some(user) = ends else {
        // What is given here comes back by another part, which promises last, if at all: without it there is no lift.
        let participants = &part.participant.part().lift().participants;
        let returns = part.more.returns.is_some_and(|key| participants.contains(&key));
        let ours = begins.is_some() && part.more.proposed && returns;
        return if ours { Ok(()) } else { Err(Reason::Unknown) };
    };
    let gives_it = |other: &Part| {
        let gives = other.more.path.first().filter(|_| other.more.proposed);
        let gives = gives.filter(|gives| gives.units <= last.units && gives.tally != first.tally);
        gives.is_some_and(|gives| {
            let halves = other.more.halves.get(&gives.tally);
            let same = halves.is_some_and(|halves| halves.contains(&(user.clone(), gives.by)));
            same && other.participant.promise().is_some()
        })
    };
    if all.iter().any(gives_it) { Ok(()) } else { Err(Reason::Unknown) }
}

/// What its payer gives, by all parts of the lift that begin here together, and to whom, as it signed.
fn pays(
    signed: &Authorisation,
    all: &[Part],
    found: &[Judgement],
    here: protocol::AgentId,
) -> bool {
    let payer = found.first().and_then(|first| first.giver.as_ref());
    let begin = all.iter().filter(|part| part.more.proposed);
    let within = signed.allows(begin.filter_map(|part| part.more.path.first()));
    signed.payer.agent == here && payer == Some(&signed.payer.cuid) && within
}

/// Whether the payee's site has said that it takes part: without its promise the lift cannot be valid then.
fn ends_at_payees(part: &Part, signed: &Authorisation) -> bool {
    let lift = part.participant.part().lift();
    let said = part.more.expected.as_deref();
    said.is_some_and(|said| said.proves_part(lift, &signed.payee.agent))
}

/// What its payee gets, by all parts that end here together, exactly.
fn receives(
    signed: &Authorisation,
    all: &[Part],
    found: &[Judgement],
    here: protocol::AgentId,
) -> bool {
    let payee = found.last().and_then(|last| last.taker.as_ref());
    let exact = signed.compare(arriving(all)) == Ordering::Equal;
    signed.payee.agent == here && payee == Some(&signed.payee.cuid) && exact
}

/// The legs by which all parts of a payment that end here arrive.
pub(super) fn arriving(all: &[Part]) -> impl Iterator<Item = &Leg> {
    let end = all.iter().filter(|part| part.participant.part().collects());
    end.filter_map(|part| part.more.path.last())
}

/// Whether it is signed with the key that its payer signs with now, on the tally where it gives.
fn is_by_its_payer(batch: &Batch, signed: &Authorisation, legs: &[Leg]) -> bool {
    let Some(first) = legs.first() else { return false };
    let held = batch.held(&signed.payer.cuid, first.tally);
    let ledger = held.and_then(|held| held.state.ledger.as_ref());
    let key = ledger.and_then(|ledger| ledger.key(first.by));
    key.is_some_and(|key| signed.check_signatures(key).is_ok())
}

impl Site {
    /// Each leg within what both of its users signed, and everybody here between two legs made whole.
    fn weighed(&self, batch: &Batch, part: &Part, legs: &[Leg]) -> Result<Vec<Judgement>, Reason> {
        let mut found: Vec<Judgement> = Vec::with_capacity(legs.len());
        let mut met: Vec<Cuid> = Vec::new();
        for (place, leg) in legs.iter().enumerate() {
            let judged = self.weigh(batch, part, leg)?;
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

    fn weigh(&self, batch: &Batch, part: &Part, leg: &Leg) -> Result<Judgement, Reason> {
        let mut judged = Judgement { giver: None, taker: None, clutch: 0, reward: 0 };
        // One that cannot be read may be put right: later.
        for (holder, side) in self.halves_of(batch, part, &leg.tally).ok_or(Reason::Busy)? {
            let held = batch.held(&holder, leg.tally).ok_or(Reason::Unknown)?;
            let ledger = held.state.ledger.as_ref().ok_or(Reason::Settings)?;
            // One lift has one chit a tally, whatever parts this site takes in it; and what a user freed is not locked anew.
            let lift = part.lift();
            if ledger.aside_for(&lift).is_some() || ledger.freed_for(&lift).is_some() {
                return Err(Reason::Busy);
            }
            let gives = side == leg.by;
            let mode = part.participant.part().lift().mode;
            let lading = ledger.lading(leg.by, mode).ok_or(Reason::Settings)?;
            let cost = lading.cost(leg.units.get()).map_err(|_| Reason::Room)?;
            // Both halves of a tally say the same, once each knows all.
            judged.clutch = judged.clutch.max(cost.clutch.milli());
            judged.reward = judged.reward.max(cost.reward.milli());
            *(if gives { &mut judged.giver } else { &mut judged.taker }) = Some(holder);
        }
        if judged.giver.is_none() && judged.taker.is_none() {
            Err(Reason::Unknown)
        } else {
            Ok(judged)
        }
    }
}

/// Where the halves stand that a leg was judged by; one of a tally, as both say the same.
fn judged_by(batch: &Batch, holder: &Cuid, tally: &TallyId) -> Option<JudgedBy> {
    let ledger: &Ledger = batch.held(holder, *tally)?.state.ledger.as_ref()?;
    Some(JudgedBy { tally: *tally, head: ledger.head(), counters: ledger.counters() })
}

/// A ledger's refusal, as much of it as everybody may know.
const fn why(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::NoRoom { .. } => Reason::Room,
        _ => Reason::Busy,
    }
}
