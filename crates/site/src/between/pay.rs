//! A payment to somebody at another site: a way is searched for, a lift laid out along it, and what its payer signed is
//! what this site promises by.

use protocol::chit::Positive;
use protocol::lift::{Authorisation, Outcome, Reason};
use protocol::query::Why;
use protocol::{ChipAddress, Cuid, Hash, LiftId, PaymentId, Signed, TallyId, Timestamp, Units};
use store::User;

use super::part::Part;
use super::propose::Wanted;
use crate::abroad::place_of;
use crate::batch::Batch;
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;
use crate::lift::{Paid, Quote, Route, WhyNot};
use crate::seek::Planned;

/// How often a payment is begun anew at most where a lift came to nothing.
const MOST_ATTEMPTS: u32 = 3;

/// How long after its deadline a decision is waited for, in milliseconds: then whoever asks may ask again.
const DECIDE_MS: i64 = 30_000;

/// The longest pause before the next attempt, in milliseconds; it is drawn at random, so that two that were in each
/// other's way are not again.
const LONGEST_PAUSE_MS: i64 = 2_000;

impl Site {
    /// Pays somebody elsewhere; `hash` is the authorisation's.
    pub(crate) async fn pay_elsewhere(
        &self,
        users: &[User],
        payer: &Cuid,
        authorisation: &Authorisation,
        hash: Hash,
    ) -> Result<Answer, SiteError> {
        self.is_served()?;
        let _alone = self.pays_alone(payer, authorisation.uuid).await;
        // Begun before, under whatever command: a new attempt starts only where the old one came to nothing, and what
        // is under way is told of also when it is too late for a new one.
        for (part, signed) in self.begun(payer, authorisation.uuid).await? {
            if !signed.asks_the_same(authorisation) {
                return Err(SiteError::PaymentTaken(authorisation.uuid));
            }
            if let Ok(paid) = self.outcome_of(&part, &signed).await? {
                return Ok(Answer::Paid(paid));
            }
        }
        self.may_propose(users, payer, authorisation)?;
        self.is_reached(&authorisation.payee).await?;
        let (units, most) = (authorisation.units.get(), authorisation.most.get());
        let mut why = None;
        for attempt in 0..MOST_ATTEMPTS {
            if attempt > 0 {
                self.pause().await;
            }
            let plans = self.find_ways(payer, &authorisation.payee, units, most).await;
            let plans = match plans {
                // What stood in the way of the attempt before says more.
                Err(_) if why.is_some() => break,
                plans => plans?,
            };
            let whole: Vec<Planned> =
                plans.into_iter().filter(|plan| plan.curve.top().arrives.get() >= units).collect();
            if whole.is_empty() {
                let (payee, why) = (authorisation.payee.short(), Why::Costly);
                return Err(SiteError::NoWay { payee, units, why });
            }
            for planned in whole {
                let first = planned.way.first().map(|(tally, _)| *tally);
                let Some(first) = first else { continue };
                self.is_signed_for(payer, first, authorisation).await?;
                let wanted = Wanted::Payment { authorisation, hash };
                let part = match self.propose(planned, &wanted).await? {
                    Ok(part) => part,
                    Err(reason) => {
                        why = Some(reason);
                        continue;
                    }
                };
                self.tell_payees_site(&part);
                match self.outcome_of(&part, authorisation).await? {
                    Ok(paid) => return Ok(Answer::Paid(paid)),
                    Err(reason) => why = Some(reason),
                }
            }
        }
        Err(SiteError::NotLifted { why: why.flatten() })
    }

    /// The parts in lifts for a user's payment that have not come to nothing, with what it signed.
    async fn begun(
        &self,
        payer: &Cuid,
        name: PaymentId,
    ) -> Result<Vec<(Part, Authorisation)>, SiteError> {
        let rows = self.store.read().await?.parts_paying(&name).await?;
        let mut begun = Vec::new();
        for row in rows {
            let part = Part::read(&row)?;
            let nothing =
                part.outcome() == Some(Outcome::Void) || part.participant.refusal().is_some();
            let signed = part.more.authorisation.as_deref().filter(|signed| {
                let by = &signed.payer;
                let is_ours = by.agent == self.agent || self.former_agents().contains(&by.agent);
                !nothing && is_ours && by.cuid == *payer
            });
            begun.extend(signed.cloned().map(|signed| (part, signed)));
        }
        Ok(begun)
    }

    /// A payment to another site that is under way here, once it is made; none where there is none, or it came to nothing.
    ///
    /// # Errors
    /// [`SiteError::Undecided`] where that takes too long, or nobody serves this site.
    pub(crate) async fn paid_elsewhere(
        &self,
        payer: &Cuid,
        name: PaymentId,
    ) -> Result<Option<Paid>, SiteError> {
        for (part, signed) in self.begun(payer, name).await? {
            self.is_served().map_err(|_| SiteError::Undecided(part.lift()))?;
            if let Ok(paid) = self.outcome_of(&part, &signed).await? {
                return Ok(Some(paid));
            }
        }
        Ok(None)
    }

    /// One payment is made once at a time: whoever asks for it too waits for what becomes of it.
    async fn pays_alone(&self, payer: &Cuid, payment: PaymentId) -> Alone {
        let name = (payer.clone(), payment);
        loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if super::lock(&self.known.under_way.paying).insert(name.clone()) {
                return Alone { site: self.clone(), name };
            }
            moved.await;
        }
    }

    /// Waits until a lift is decided and what follows is done here.
    async fn outcome_of(
        &self,
        part: &Part,
        authorisation: &Authorisation,
    ) -> Result<Result<Paid, Option<Reason>>, SiteError> {
        let done = self.decision_on(part).await?;
        Ok(done.map(|()| paid(part.lift(), part, authorisation)))
    }

    /// Waits until a lift is decided and what follows is done here; says why where it came to nothing.
    pub(super) async fn decision_on(
        &self,
        part: &Part,
    ) -> Result<Result<(), Option<Reason>>, SiteError> {
        let lift = part.lift();
        let deadline = part.participant.part().lift().deadline;
        let until = deadline.plus_ms(DECIDE_MS).unwrap_or(Timestamp::MAX);
        loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let rows = self.store.read().await?.parts_in(&lift).await?;
            for row in rows.iter().filter(|row| row.key == part.key_name()) {
                let now = Part::read(row)?;
                // Without its promise there is no lift, whatever referees will say.
                if let (None, Some(refused)) = (now.outcome(), now.participant.refusal()) {
                    return Ok(Err(Some(refused.reason)));
                }
                match now.outcome() {
                    Some(Outcome::Commit) if now.more.settled => {
                        return Ok(Ok(()));
                    }
                    Some(Outcome::Void) if now.more.settled => {
                        let refused = now.participant.decided();
                        let refused = refused.and_then(|decided| decided.certificate().refused);
                        return Ok(Err(refused.map(|refused| refused.reason)));
                    }
                    _ => {}
                }
            }
            if self.clock.now() > until {
                return Err(SiteError::Undecided(lift));
            }
            moved.await;
        }
    }

    /// The authorisation is signed with the key that its payer has on the tally where it gives.
    async fn is_signed_for(
        &self,
        payer: &Cuid,
        tally: TallyId,
        authorisation: &Authorisation,
    ) -> Result<(), SiteError> {
        let mut batch = Batch::begin(&self.store, &self.known).await?;
        let (held, _) = batch.hold(payer, tally).await?;
        let key = held.state.open()?.key(held.half.side).copied();
        let key = key.ok_or(protocol::SignatureFault::Missing { by: "payer" })?;
        Ok(authorisation.check_signatures(&key)?)
    }

    /// Nobody at other sites is reached by a site that nobody serves.
    fn is_served(&self) -> Result<(), SiteError> {
        if self.known.errands.are_carried() { Ok(()) } else { Err(SiteError::AsksNobody) }
    }

    /// The payee's site has to hear from this one what the payer signed.
    async fn is_reached(&self, payee: &ChipAddress) -> Result<(), SiteError> {
        let mut view = self.store.read().await?;
        if payee.endpoint.is_some() || place_of(&mut view, payee.agent).await?.is_some() {
            return Ok(());
        }
        Err(SiteError::NoPlace(payee.short()))
    }

    /// Waits a while, at random.
    async fn pause(&self) {
        let chance = u64::from_be_bytes(*self.chance.bytes().first_chunk().unwrap_or(&[0; 8]));
        let ms = i64::try_from(chance % LONGEST_PAUSE_MS.unsigned_abs()).unwrap_or(0);
        let until = self.clock.now().plus_ms(ms).unwrap_or(Timestamp::MAX);
        while self.clock.now() < until {
            self.known.under_way.moved.notified().await;
        }
    }

    /// What a payment to somebody elsewhere would cost, as far as sites on the way say now.
    pub(crate) async fn route_elsewhere(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Positive,
    ) -> Result<Route, SiteError> {
        self.is_served()?;
        let units = units.get();
        let none = |why_not, most| Route {
            units,
            quote: None,
            why_not: Some(why_not),
            most,
            proved: false,
        };
        let plans = match self.find_ways(payer, payee, units, Units::MAX).await {
            Ok(plans) => plans,
            Err(SiteError::NoWay { why: Why::Nothing, .. }) => {
                return Ok(none(WhyNot::NotConnected, Units::ZERO));
            }
            Err(error) => return Err(error),
        };
        let most = plans.iter().map(|plan| plan.curve.top().arrives.get()).max();
        let most = most.unwrap_or(Units::ZERO);
        let best = plans.iter().find(|plan| plan.curve.top().arrives.get() >= units);
        let quote = best.and_then(|plan| quote(plan, units));
        Ok(match quote {
            Some(quote) => Route {
                units,
                quote: Some(quote),
                why_not: None,
                most: most.max(units),
                proved: false,
            },
            None => none(WhyNot::RoomBetween, most),
        })
    }
}

/// Whoever makes a payment, until it is done or given up.
struct Alone {
    site: Site,
    name: (Cuid, PaymentId),
}

impl Drop for Alone {
    fn drop(&mut self) {
        let under_way = &self.site.known.under_way;
        super::lock(&under_way.paying).remove(&self.name);
        under_way.has_moved();
    }
}

/// What a plan costs, and how far it goes.
fn quote(plan: &Planned, units: Units) -> Option<Quote> {
    let given = plan.curve.at_most(units)?;
    let cost = Units::new(given.milli() - units.milli()).ok()?;
    let (first, _) = plan.way.first()?;
    // What is beyond its own site and its partner's, a payer does not know: at least a tally to each site.
    let tallies = plan.way.len() + usize::from(plan.sites.saturating_sub(1));
    let shares = Vec::new();
    Some(Quote { given, cost, first: *first, tallies: u32::try_from(tallies).ok()?, shares })
}

/// What was paid, from the payer's part.
fn paid(lift: LiftId, part: &Part, authorisation: &Authorisation) -> Paid {
    let given = part.more.path.first().map_or(Units::ZERO, |first| first.units.get());
    Paid { lift, payment: authorisation.uuid, units: authorisation.units.get(), given }
}
