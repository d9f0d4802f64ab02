//! What a payment would cost, and how much could be paid: asked before anything is signed.
//!
//! Whoever asks learns amounts and costs, its own first tally, and how many tallies there are on the way;
//! of those between only its own partner by name. It learns nobody's balance, limit or settings, though
//! the most that could be paid says how much room there is on the widest way.

use clearing::{Limit, NoPath};
use protocol::chit::Positive;
use protocol::{ChipAddress, Cuid, TallyId, Units};
use serde::{Deserialize, Serialize};
use store::{User, UserStatus};

use super::graph::Way;
use crate::door::Site;
use crate::error::SiteError;
use crate::seek::Hint;

/// How a payment would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What the payee is to get.
    pub units: Units,
    /// What it would cost now; none where it cannot be paid.
    pub quote: Option<Quote>,
    /// Why it cannot.
    pub why_not: Option<WhyNot>,
    /// The most that could be paid at this moment, as [`Most::units`]; to another site only up to `units` is looked for.
    pub most: Units,
    /// Whether all paths were considered: that none costs less, or that no more can be paid.
    pub proved: bool,
}

impl Route {
    /// The refusal that a payment to `payee` would meet now; none where it could be made.
    #[must_use]
    pub fn refusal(&self, payee: &Cuid) -> Option<SiteError> {
        let (most, proved) = (self.most, self.proved);
        let too_little = |limit| NoPath::TooLittle { most, limit, proved };
        let reason = match self.why_not? {
            WhyNot::NotConnected => NoPath::NotConnected,
            WhyNot::TooFar { tallies } => NoPath::TooFar { legs: tallies },
            WhyNot::PayeesRoom => too_little(Limit::Payee),
            WhyNot::PayersRoom => too_little(Limit::Payer),
            WhyNot::RoomBetween => too_little(Limit::Between),
        };
        Some(no_path(payee, self.units, reason))
    }
}

/// What a payment would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// What the payer gives.
    pub given: Units,
    /// What of it does not arrive; below zero where others pay for being used.
    pub cost: Units,
    /// The payer's own tally over which it leaves; it is signed with the key of that one.
    pub first: TallyId,
    /// How many tallies it goes over, all parts together.
    pub tallies: u32,
    /// In how many parts: one, but to another site, where no way carries the whole.
    pub parts: u32,
    /// What each of those between is left with, from the payer on.
    pub shares: Vec<ShareOf>,
}

/// What one of those between is left with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareOf {
    /// Who it is, where it is the payer's own partner.
    pub user: Option<Cuid>,
    /// How much; below zero for one who pays for being used.
    pub units: Units,
}

/// The most that a user could pay somebody at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Most {
    /// What the payee could get: over one path at this site; to another one over all ways together that were found and share
    /// no tally.
    pub units: Units,
    /// What the payer would give for it, at most.
    pub given: Units,
    /// The payer's own tallies over which it would leave.
    pub by: Vec<TallyId>,
    /// In how many parts.
    pub parts: u32,
    /// Whether all ways were considered.
    pub proved: bool,
}

/// Why an amount cannot be paid now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WhyNot {
    /// No tallies with room lead there.
    NotConnected,
    /// The payee is farther away than a path may be long.
    TooFar {
        /// How many tallies away.
        tallies: u32,
    },
    /// No tally of the payee can take so much in.
    PayeesRoom,
    /// The payer's own tallies have too little room, and only they.
    PayersRoom,
    /// There is too little room between the two, or in several places.
    RoomBetween,
}

impl WhyNot {
    /// The reason that a refusal gives; none where it is about the question itself.
    pub(crate) const fn of(refusal: &NoPath) -> Option<Self> {
        match refusal {
            NoPath::NotConnected => Some(Self::NotConnected),
            NoPath::TooFar { legs } => Some(Self::TooFar { tallies: *legs }),
            NoPath::TooLittle { limit: Limit::Payee, .. } => Some(Self::PayeesRoom),
            NoPath::TooLittle { limit: Limit::Payer, .. } => Some(Self::PayersRoom),
            NoPath::TooLittle { limit: Limit::Between, .. } => Some(Self::RoomBetween),
            NoPath::Unknown { .. } | NoPath::ToOneself | NoPath::NothingToPay { .. } => None,
        }
    }
}

impl Site {
    /// What a payment of `units` to a payee would cost a user, and how much it could pay.
    pub(crate) async fn route(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Positive,
        hint: Option<Hint>,
    ) -> Result<Route, SiteError> {
        let mut view = self.store.read().await?;
        view.user(payer).await?.ok_or_else(|| SiteError::NoUser(payer.clone()))?;
        if payee.agent != self.agent {
            drop(view);
            return self.route_elsewhere(payer, payee, units, hint).await;
        }
        may_be_paid(view.user(&payee.cuid).await?.as_ref(), &payee.cuid)?;
        drop(view);
        let units = units.get();
        self.map_tallies().await?;
        let map = &self.known.map;
        let mut found = map.cheapest(payer, &payee.cuid, units, None);
        if found.is_err() && self.map_again().await? {
            found = map.cheapest(payer, &payee.cuid, units, None);
        }
        let most = map.most(payer, &payee.cuid);
        match found {
            Ok(way) => {
                let quote = quote(&way, units).ok_or(SiteError::Unproved {
                    reason: "the way that was found has no legs".to_owned(),
                })?;
                let (quote, proved) = (Some(quote), way.proved);
                Ok(Route { units, quote, why_not: None, most: most.max(units), proved })
            }
            Err(refusal) => match WhyNot::of(&refusal) {
                Some(why_not) => {
                    let proved = !matches!(refusal, NoPath::TooLittle { proved: false, .. });
                    Ok(Route { units, quote: None, why_not: Some(why_not), most, proved })
                }
                None => Err(no_path(&payee.cuid, units, refusal)),
            },
        }
    }
}

impl Site {
    /// The most that a user could pay somebody.
    pub(crate) async fn most(&self, payer: &Cuid, payee: &ChipAddress) -> Result<Most, SiteError> {
        let mut view = self.store.read().await?;
        view.user(payer).await?.ok_or_else(|| SiteError::NoUser(payer.clone()))?;
        if payee.agent != self.agent {
            drop(view);
            return self.most_elsewhere(payer, payee, None).await;
        }
        may_be_paid(view.user(&payee.cuid).await?.as_ref(), &payee.cuid)?;
        drop(view);
        self.map_tallies().await?;
        let map = &self.known.map;
        let mut units = map.most(payer, &payee.cuid);
        if units == Units::ZERO && self.map_again().await? {
            units = map.most(payer, &payee.cuid);
        }
        let nothing = Most { units, given: units, by: Vec::new(), parts: 0, proved: true };
        if units == Units::ZERO {
            return Ok(nothing);
        }
        Ok(match map.cheapest(payer, &payee.cuid, units, None) {
            Ok(way) => {
                let by = way.steps.first().map(|first| first.tally).into_iter().collect();
                Most { units, given: way.given(), by, parts: 1, proved: way.proved }
            }
            // Moved meanwhile.
            Err(_) => Most { units: Units::ZERO, given: Units::ZERO, proved: false, ..nothing },
        })
    }
}

/// Whether a payee of this site can be paid: one who may act. `user` is the one of that name, if there is one.
pub(crate) fn may_be_paid(user: Option<&User>, payee: &Cuid) -> Result<(), SiteError> {
    match user {
        None => Err(SiteError::NoUser(payee.clone())),
        Some(user) if user.status == UserStatus::Active => Ok(()),
        Some(user) => Err(SiteError::PayeeSuspended(user.cuid.clone())),
    }
}

/// The refusal where no path brings the amount.
pub(crate) fn no_path(payee: &Cuid, units: Units, reason: NoPath) -> SiteError {
    SiteError::NoPath { payee: payee.clone(), units, reason }
}

fn quote(way: &Way, units: Units) -> Option<Quote> {
    let first = way.steps.first()?;
    let given = way.given();
    let difference = |more: Units, less: Units| Units::new(more.milli() - less.milli()).ok();
    let mut shares = Vec::new();
    for pair in way.steps.windows(2) {
        let [before, after] = pair else { continue };
        // Whom the payer owes by its first tally, it knows.
        let user = (before.giver == first.giver).then(|| before.taker.clone());
        shares.push(ShareOf { user, units: difference(before.units, after.units)? });
    }
    Some(Quote {
        given,
        cost: difference(given, units)?,
        first: first.tally,
        tallies: u32::try_from(way.steps.len()).ok()?,
        parts: 1,
        shares,
    })
}
