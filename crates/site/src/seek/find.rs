//! What users here look for: a way to a payee at another site; and the payee's end of it.

use clearing::{Advertising, ROUND_BUDGET, SearchId, To, Wanted};
use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::lift::MAX_REFEREES;
use protocol::query::{Budget, Depth, MOST_BUDGET, MOST_DEPTH, Why};
use protocol::{AgentId, ChipAddress, Cuid, Hash, Units};
use store::UserStatus;
use tokio::sync::oneshot;

use super::planned::Planned;
use super::state::Ended;
use super::turn::Told;
use super::waits::Waits;
use crate::door::Site;
use crate::error::SiteError;

/// How many queries one search may cause, all rounds together.
const SEARCH_BUDGET: u32 = 512;

/// How many adverts a payee's site may cause for one invoice, for each depth.
const ADVERT_BUDGET: u32 = SEARCH_BUDGET / 3;

/// How far adverts go, in the order in which they are made: as far as the payer's first three rounds.
const ADVERT_DEPTHS: [u8; 3] = [1, 2, 4];

impl Site {
    /// Looks for ways by which a user here could pay a payee at another site: `units` are to arrive, and the payer gives
    /// at most `most`. Gives the plans that were found, the best first; where that delivers less than `units`, nothing
    /// better is known. Waits until partners' sites have answered or were silent for too long, a quarter of a minute at
    /// most, as long as [`Site::tend_searches`] is called. Nothing is set aside: a plan may cost more, or be
    /// gone, when it is taken ([`Site::price`]). A way to a payee here is found by a payment itself.
    ///
    /// # Errors
    /// [`SiteError::NoWay`] says why none was found; [`SiteError::NoUser`] and [`SiteError::Suspended`] of the payer;
    /// [`SiteError::NoPath`] where nothing is to be paid; [`SiteError::Busy`]; [`SiteError::Store`].
    pub async fn find_ways(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Units,
        most: Units,
    ) -> Result<Vec<Planned>, SiteError> {
        let chance = Hash::from_bytes(self.chance.bytes());
        self.find_advertised(payer, payee, units, most, chance).await
    }

    /// The same where the payee's site may have made adverts with a number that came with its invoice
    /// ([`Site::advertise`]).
    ///
    /// # Errors
    /// As for [`Site::find_ways`].
    pub async fn find_advertised(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Units,
        most: Units,
        chance: Hash,
    ) -> Result<Vec<Planned>, SiteError> {
        let refusal = |_| {
            let nothing = clearing::NoPath::NothingToPay { amount: units };
            SiteError::NoPath { payee: payee.cuid.clone(), units, reason: nothing }
        };
        let amount = Positive::try_from(units).map_err(refusal)?;
        let most = Positive::try_from(most).map_err(refusal)?;
        let no_way = |why| SiteError::NoWay { payee: payee.short(), units, why };
        if payee.agent == self.agent {
            return Err(no_way(Why::Nothing));
        }
        let referees = self.referees_for(payer).await?;
        if referees.is_empty() {
            return Err(no_way(Why::Referees));
        }
        let wanted = Wanted {
            // Both get their numbers when the turn comes.
            id: SearchId(0),
            payer: 0,
            to: To::Payee { cuid: payee.cuid.clone(), agent: payee.agent },
            amount,
            most,
            referees,
            first: Depth::ONE,
            deepest: depth(MOST_DEPTH)?,
            budget: budget(SEARCH_BUDGET)?,
            chance,
        };
        self.map_tallies().await?;
        let mut found = self.search(payer, wanted.clone()).await?;
        // What others at the same database did may not be known yet.
        if found == Err(Why::Nothing) && self.map_again().await? {
            let chance = Hash::of(chance.as_bytes());
            found = self.search(payer, Wanted { chance, ..wanted }).await?;
        }
        found.map_err(no_way)
    }

    /// Looks for a way round for a user here: about so much that others owe it goes out to another site, and comes back
    /// over tallies on which it owes, making debts smaller on its way and costing nobody anything. As
    /// [`Site::find_ways`] otherwise.
    ///
    /// # Errors
    /// As for [`Site::find_ways`].
    pub async fn find_round(
        &self,
        user: &Cuid,
        units: Positive,
    ) -> Result<Vec<Planned>, SiteError> {
        let none = |why| SiteError::NoWay { payee: user.to_string(), units: units.get(), why };
        let referees = self.referees_for(user).await?;
        if referees.is_empty() {
            return Err(none(Why::Referees));
        }
        let wanted = Wanted {
            // Both get their numbers when the turn comes.
            id: SearchId(0),
            payer: 0,
            to: To::Round,
            amount: units,
            most: units,
            referees,
            // Its two ends meet half way, so it is not made in growing depth: the shallow searches find little.
            first: depth(MOST_DEPTH)?,
            deepest: depth(MOST_DEPTH)?,
            budget: budget(ROUND_BUDGET)?,
            chance: Hash::from_bytes(self.chance.bytes()),
        };
        self.map_tallies().await?;
        self.search(user, wanted).await?.map_err(none)
    }

    /// Makes known to partners' sites that so much could come to a user here, so that a payer's site that has the same
    /// number from its invoice finds more ([`Site::find_advertised`]). The number is drawn for one payment, and
    /// nobody else knows it; what is made known is forgotten after half a minute.
    ///
    /// # Errors
    /// [`SiteError::NoUser`] and [`SiteError::Suspended`] of the payee; [`SiteError::NoWay`] where no referee is accepted
    /// here; [`SiteError::Busy`]; [`SiteError::Store`].
    pub async fn advertise(
        &self,
        payee: &Cuid,
        units: Positive,
        chance: Hash,
    ) -> Result<(), SiteError> {
        let referees = self.referees_for(payee).await?;
        if referees.is_empty() {
            let (payee, units) = (format!("{payee}:{}", self.agent), units.get());
            return Err(SiteError::NoWay { payee, units, why: Why::Referees });
        }
        self.map_tallies().await?;
        if !self.known.map.has_gates() {
            return Ok(());
        }
        let one = |far| {
            let (depth, budget) = (depth(far)?, budget(ADVERT_BUDGET)?);
            let referees = referees.clone();
            // The payee gets its number when the turn comes.
            Ok(Advertising { payee: 0, amount: units, referees, depth, budget, chance })
        };
        let all: Result<Vec<_>, SiteError> = ADVERT_DEPTHS.into_iter().map(one).collect();
        let told = Told::Advertise { payee: payee.clone(), all: all? };
        self.tell_seeker(Waits::begin(&self.known.seeking, None)?, told, Some(referees.to_vec()))
            .await
    }

    /// Under whom a user here, who may act, lets lifts be decided.
    async fn referees_for(&self, user: &Cuid) -> Result<List<AgentId, MAX_REFEREES>, SiteError> {
        let mut view = self.store.read().await?;
        match view.user(user).await? {
            None => Err(SiteError::NoUser(user.clone())),
            Some(known) if known.status == UserStatus::Active => self.referees_now(&mut view).await,
            Some(_) => Err(SiteError::Suspended(user.clone())),
        }
    }

    /// One search from beginning to end.
    async fn search(&self, payer: &Cuid, wanted: Wanted) -> Result<Ended, SiteError> {
        if !self.known.map.has_gates() {
            return Ok(Err(Why::Nothing));
        }
        let (waiter, ended) = oneshot::channel();
        let referees = Some(wanted.referees.to_vec());
        let told = Told::Search { payer: payer.clone(), wanted: Box::new(wanted), waiter };
        self.tell_seeker(Waits::begin(&self.known.seeking, None)?, told, referees).await?;
        // The machine forgot it without a word: as if it had no time for it.
        Ok(ended.await.unwrap_or(Err(Why::Busy)))
    }
}

fn depth(tallies: u8) -> Result<Depth, SiteError> {
    let fault = |fault: protocol::query::QueryFault| fault.to_string();
    Depth::try_from(tallies).map_err(fault).map_err(|reason| SiteError::Unproved { reason })
}

fn budget(queries: u32) -> Result<Budget, SiteError> {
    let fault = |fault: protocol::query::QueryFault| fault.to_string();
    let budget = Budget::try_from(queries.min(MOST_BUDGET)).map_err(fault);
    budget.map_err(|reason| SiteError::Unproved { reason })
}
