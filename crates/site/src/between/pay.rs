//! A payment to somebody at another site: ways are searched for, a lift laid out along one that carries all, or along several
//! in parts, and what its payer signed is what this site promises by.

use std::collections::{BTreeMap, BTreeSet};

use protocol::lift::{Authorisation, Outcome};
use protocol::query::Why;
use protocol::{
    AgentId, ChipAddress, Cuid, Hash, LiftId, PaymentId, Signed, TallyId, Timestamp, Units,
};
use store::User;

use super::making::Alone;
use super::part::Part;
use super::propose::Wanted;
use super::quote::divided;
use super::why::WhyVoid;
use crate::abroad::place_of;
use crate::batch::Batch;
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;
use crate::half::Kept as _;
use crate::lift::Paid;
use crate::seek::{Hint, Planned};

/// After how long it is looked in the store again whether a lift is decided, in milliseconds, though nothing was done about
/// it here.
const LOOK_MS: i64 = 1_000;

/// How often ways are searched for at most where lifts along those that were found came to nothing.
const MOST_SEARCHES: u32 = 3;

/// How long after its deadline a decision is waited for, in milliseconds: then whoever asks may ask again.
const DECIDE_MS: i64 = 30_000;

/// The longest pause before the next attempt, in milliseconds; it is drawn at random, so that two that were in each
/// other's way are not again.
const LONGEST_PAUSE_MS: i64 = 2_000;

impl Site {
    /// Pays somebody elsewhere; `hash` is the authorisation's, `hint` came with the payee's link.
    pub(crate) async fn pay_elsewhere(
        &self,
        users: &[User],
        payer: &Cuid,
        authorisation: &Authorisation,
        hash: Hash,
        hint: Option<Hint>,
    ) -> Result<Answer, SiteError> {
        self.is_served()?;
        let alone = self.pays_alone(payer, authorisation).await;
        // Begun before, under whatever command: a new attempt starts only where the old one came to nothing, and what
        // is under way is told of also when it is too late for a new one.
        for (part, signed) in self.begun(payer, authorisation.uuid).await? {
            if !signed.asks_the_same(authorisation) {
                return Err(SiteError::PaymentTaken(authorisation.uuid));
            }
            alone.waits_for(part.lift(), part.more.attempt);
            match self.outcome_of(&part, &signed).await? {
                Ok(paid) => return Ok(Answer::Paid(paid)),
                Err(failed) => alone.fails(failed),
            }
        }
        if let Some(part) = self.find_lost_payment(payer, authorisation, hash).await?
            && let Ok(paid) = self.outcome_of(&part, authorisation).await?
        {
            return Ok(Answer::Paid(paid));
        }
        self.may_propose(users, payer, authorisation)?;
        self.is_reached(&authorisation.payee).await?;
        let (units, most) = (authorisation.units.get(), authorisation.most.get());
        let mut why = None;
        for search in 0..MOST_SEARCHES {
            if search > 0 {
                self.pause().await;
            }
            alone.searches();
            let plans = self.find_hinted(payer, &authorisation.payee, units, most, hint).await;
            let plans = match plans {
                // What stood in the way of the attempt before says more.
                Err(_) if why.is_some() => break,
                Err(SiteError::NoWay { why: Why::Costly, .. }) => Vec::new(),
                plans => plans?,
            };
            let plans = self.signed_for(payer, plans, authorisation).await?;
            let choices = choices(plans, units, most);
            if choices.is_empty() && why.is_some() {
                break;
            }
            if choices.is_empty() {
                return Err(self.why_too_much(payer, &authorisation.payee, units, hint).await);
            }
            for ways in choices {
                let attempt = alone.lays_out(&ways, units, most);
                let wanted = Wanted::Payment { authorisation, hash, attempt };
                let failed = match self.propose(ways, &wanted).await? {
                    Ok(part) => {
                        alone.waits_for(part.lift(), Some(attempt));
                        self.tell_payees_site(&part);
                        match self.outcome_of(&part, authorisation).await? {
                            Ok(paid) => return Ok(Answer::Paid(paid)),
                            Err(failed) => failed,
                        }
                    }
                    Err(reason) => reason.map_or(WhyVoid::Silent, WhyVoid::from),
                };
                alone.fails(failed);
                why = Some(failed);
            }
        }
        Err(SiteError::NotLifted { why: why.unwrap_or(WhyVoid::Silent) })
    }

    /// The lifts for a user's payment that have not come to nothing: one part in each, with what the user signed.
    async fn begun(
        &self,
        payer: &Cuid,
        name: PaymentId,
    ) -> Result<Vec<(Part, Authorisation)>, SiteError> {
        let rows = self.store.read().await?.parts_paying(&name).await?;
        let mut begun: BTreeMap<LiftId, (Part, Authorisation)> = BTreeMap::new();
        let mut nothing = BTreeSet::new();
        for row in rows {
            let part = self.known.part(&row)?;
            let signed = part.more.authorisation.as_deref().filter(|signed| {
                let by = &signed.payer;
                let is_ours = by.agent == self.agent || self.former_agents().contains(&by.agent);
                is_ours && by.cuid == *payer
            });
            let Some(signed) = signed.cloned() else { continue };
            // Without the promise of one there is no lift, whatever the others did.
            if part.participant.came_to_nothing() {
                nothing.insert(part.lift());
            }
            begun.insert(part.lift(), (part, signed));
        }
        let begun = begun.into_iter().filter(|(lift, _)| !nothing.contains(lift));
        Ok(begun.map(|(_, begun)| begun).collect())
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
            self.is_served().map_err(|_| undecided(&part, Vec::new()))?;
            if let Ok(paid) = self.outcome_of(&part, &signed).await? {
                return Ok(Some(paid));
            }
        }
        Ok(None)
    }

    /// One payment is made once at a time: whoever asks for it too waits for what becomes of it.
    async fn pays_alone(&self, payer: &Cuid, asked: &Authorisation) -> Alone {
        loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if let Some(alone) = Alone::begin(self, payer, asked) {
                return alone;
            }
            moved.await;
        }
    }

    /// Waits until a lift is decided and what follows is done here.
    async fn outcome_of(
        &self,
        part: &Part,
        authorisation: &Authorisation,
    ) -> Result<Result<Paid, WhyVoid>, SiteError> {
        let done = self.decision_on(part).await?;
        Ok(done.map(|parts| paid(part.lift(), &parts, authorisation)))
    }

    /// Waits until all that a valid lift does here is done; false where it was already.
    pub(crate) async fn waits_for_parts(&self, lift: LiftId) -> Result<bool, SiteError> {
        let rows = self.store.read().await?.parts_in(&lift).await?;
        let parts = rows.iter().map(|row| self.known.part(row)).collect::<Result<Vec<_>, _>>()?;
        let Some(part) = parts.into_iter().find(|part| !part.more.settled) else {
            return Ok(false);
        };
        self.decision_on(&part).await?.map_err(|why| SiteError::NotLifted { why })?;
        Ok(true)
    }

    /// Waits until a lift that this site proposed is decided and what follows is done here: gives the parts that it began
    /// with, or says why it came to nothing.
    pub(super) async fn decision_on(
        &self,
        part: &Part,
    ) -> Result<Result<Vec<Part>, WhyVoid>, SiteError> {
        let lift = part.lift();
        let deadline = part.participant.part().lift().deadline;
        let until = deadline.plus_ms(DECIDE_MS).unwrap_or(Timestamp::MAX);
        let watch = Watch::begin(self, lift);
        let (mut seen, mut read) = (None, self.clock.now());
        loop {
            let moved = self.known.under_way.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let (moves, now) = (watch.moves(), self.clock.now());
            // Another program at the same database may have done it.
            let fresh = (0..LOOK_MS).contains(&now.ms().saturating_sub(read.ms()));
            if seen == Some(moves) && fresh && now <= until {
                moved.await;
                continue;
            }
            (seen, read) = (Some(moves), now);
            let rows = self.store.read().await?.parts_in(&lift).await?;
            let parts =
                rows.iter().map(|row| self.known.part(row)).collect::<Result<Vec<_>, _>>()?;
            let parts: Vec<Part> = parts.into_iter().filter(|part| part.more.proposed).collect();
            if let Some(outcome) = outcome(&parts) {
                return Ok(outcome.map(|()| parts));
            }
            if now > until {
                let referees = part.participant.part().lift().referees.to_vec();
                return Err(undecided(part, referees));
            }
            moved.await;
        }
    }

    /// Those of the plans that leave over a tally on which the payer's key is the one that the authorisation is signed with.
    ///
    /// # Errors
    /// [`SiteError::Signature`] where there is none.
    async fn signed_for(
        &self,
        payer: &Cuid,
        plans: Vec<Planned>,
        authorisation: &Authorisation,
    ) -> Result<Vec<Planned>, SiteError> {
        let (mut signed, mut fault) = (Vec::with_capacity(plans.len()), None);
        for planned in plans {
            let Some((first, _)) = planned.way.first().copied() else { continue };
            match self.is_signed_for(payer, first, authorisation).await {
                Ok(()) => signed.push(planned),
                Err(error @ SiteError::Signature(_)) => fault = Some(error),
                Err(error) => return Err(error),
            }
        }
        match fault {
            Some(fault) if signed.is_empty() => Err(fault),
            _ => Ok(signed),
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
    pub(super) fn is_served(&self) -> Result<(), SiteError> {
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
        self.waits_for_ms(ms).await;
    }

    /// Waits so long, as whoever tends the lifts lets time pass.
    pub(crate) async fn waits_for_ms(&self, ms: i64) {
        let until = self.clock.now().plus_ms(ms).unwrap_or(Timestamp::MAX);
        while self.clock.now() < until {
            self.known.under_way.moved.notified().await;
        }
    }
}

/// Whoever waits for a lift's end: of all that moves here, it looks at what was done about this one.
struct Watch {
    site: Site,
    lift: LiftId,
}

impl Watch {
    fn begin(site: &Site, lift: LiftId) -> Self {
        let mut watched = super::lock(&site.known.under_way.watched);
        watched.entry(lift).or_insert((0, 0)).0 += 1;
        Self { site: site.clone(), lift }
    }

    fn moves(&self) -> u64 {
        let watched = super::lock(&self.site.known.under_way.watched);
        watched.get(&self.lift).map_or(0, |(_, moves)| *moves)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = super::lock(&self.site.known.under_way.watched);
        if let Some((watchers, _)) = watched.get_mut(&self.lift) {
            *watchers -= 1;
            if *watchers == 0 {
                watched.remove(&self.lift);
            }
        }
    }
}

fn undecided(part: &Part, unanswered: Vec<AgentId>) -> SiteError {
    SiteError::Undecided { lift: part.lift(), unanswered }
}

/// What may be proposed, the best first: each way that carries the whole, or else all of them together.
fn choices(plans: Vec<Planned>, units: Units, most: Units) -> Vec<Vec<Planned>> {
    let is_whole = |plan: &&Planned| plan.curve.top().arrives.get() >= units;
    let whole: Vec<_> = plans.iter().filter(is_whole).map(|plan| vec![plan.clone()]).collect();
    if whole.is_empty() && divided(&plans, units, most).is_done { vec![plans] } else { whole }
}

/// What became of the parts that a lift began with here: nothing yet, or all is done, or why it came to nothing.
fn outcome(parts: &[Part]) -> Option<Result<(), WhyVoid>> {
    // Without the promise of one there is no lift, whatever referees will say.
    let open = parts.iter().filter(|part| part.outcome().is_none());
    // One that was restored may have forgotten that it had promised.
    let open = open.filter(|part| part.participant.promise().is_none());
    if let Some(refused) = open.filter_map(|part| part.participant.refusal()).next() {
        return Some(Err(refused.reason.into()));
    }
    let first = parts.first()?;
    if !parts.iter().all(|part| part.more.settled) {
        return None;
    }
    match first.outcome()? {
        Outcome::Commit => Some(Ok(())),
        Outcome::Void => {
            let decided = first.participant.decided()?;
            Some(Err(WhyVoid::of(decided.certificate())))
        }
    }
}

/// What was paid, from all parts that begin at the payer.
fn paid(lift: LiftId, parts: &[Part], authorisation: &Authorisation) -> Paid {
    let firsts = parts.iter().filter_map(|part| part.more.path.first());
    let given: i64 = firsts.map(|first| first.units.get().milli()).sum();
    let given = Units::new(given).unwrap_or(Units::MAX);
    Paid { lift, payment: authorisation.uuid, units: authorisation.units.get(), given }
}
