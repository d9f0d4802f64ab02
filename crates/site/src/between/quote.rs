//! What a payment to somebody at another site would cost, and the most that could be paid: asked before anything is signed,
//! by a search like that of the payment itself. Nothing is set aside by it.
//!
//! Several ways are laid out as for a payment, and nothing is proposed: where two of them need the same tally, only the site
//! there knows, and refuses the second.

use std::collections::BTreeSet;

use clearing::{Limit, NoPath};
use protocol::chit::Positive;
use protocol::query::Why;
use protocol::{ChipAddress, Cuid, Hash, TallyId, Units};

use super::division::{Division, Share};
use crate::door::Site;
use crate::error::SiteError;
use crate::lift::{Most, Quote, Route, WhyNot};
use crate::seek::{Hint, Planned};

/// An amount that is divided among plans.
pub(super) struct Divided {
    /// Whether they carry the whole amount.
    pub(super) is_done: bool,
    shares: Vec<(Planned, Share)>,
}

/// Divides an amount among plans as they were found, the first before the others; at most so much is to be given. What they
/// share beyond this site is not known.
pub(super) fn divided(plans: &[Planned], units: Units, most: Units) -> Divided {
    let mut division = Division::of(units, most);
    let mut shares = Vec::new();
    for planned in plans {
        if division.is_done() {
            break;
        }
        let Some(share) = division.share_of(planned) else { continue };
        division.takes(planned, share.arrives.get(), share.most.get());
        shares.push((planned.clone(), share));
    }
    Divided { is_done: division.is_done(), shares }
}

impl Divided {
    /// How much of it they carry.
    fn arrives(&self) -> Units {
        sum(self.shares.iter().map(|(_, share)| share.arrives))
    }

    /// What is given for that at most.
    fn given(&self) -> Units {
        sum(self.shares.iter().map(|(_, share)| share.most))
    }

    fn parts(&self) -> u32 {
        u32::try_from(self.shares.len()).unwrap_or(u32::MAX)
    }

    /// What it costs, and how far it goes; none where it goes nowhere.
    pub(super) fn quote(&self) -> Option<Quote> {
        let (given, arrives) = (self.given(), self.arrives());
        let cost = Units::new(given.milli() - arrives.milli()).ok()?;
        let (first, _) = *self.shares.first()?.0.way.first()?;
        // What is beyond its own site and its partner's, a payer does not know: at least a tally to each site.
        let tallies = |(plan, _): &(Planned, Share)| {
            plan.way.len() + usize::from(plan.sites.saturating_sub(1))
        };
        let tallies = u32::try_from(self.shares.iter().map(tallies).sum::<usize>()).ok()?;
        let (shares, parts) = (Vec::new(), self.parts());
        Some(Quote { given, cost, first, tallies, shares, parts })
    }
}

fn sum(all: impl Iterator<Item = Positive>) -> Units {
    let milli = all.map(|one| one.get().milli()).fold(0_i64, i64::saturating_add);
    Units::new(milli).unwrap_or(Units::MAX)
}

impl Site {
    /// What a payment to somebody elsewhere would cost, as far as sites on the way say now.
    pub(crate) async fn route_elsewhere(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Positive,
        hint: Option<Hint>,
    ) -> Result<Route, SiteError> {
        let units = units.get();
        let none = |why_not, most| Route { units, quote: None, why_not, most, proved: false };
        let Some(plans) = self.plans_to(payer, payee, units, hint).await? else {
            return Ok(none(Some(WhyNot::NotConnected), Units::ZERO));
        };
        // One way, where there is one that carries it: the fewer, the less can stand in the way.
        let whole = plans.iter().find(|plan| plan.curve.top().arrives.get() >= units);
        let chosen = whole.cloned().map_or(plans, |whole| vec![whole]);
        let divided = self.tried(payer, payee, chosen, units).await?;
        let quote = divided.quote().filter(|_| divided.is_done);
        Ok(match quote {
            Some(quote) => {
                let (quote, why_not) = (Some(quote), None);
                Route { units, quote, why_not, most: units, proved: false }
            }
            None => {
                let (given, most) = (divided.given(), divided.arrives());
                none(WhyNot::of(&self.too_little(payer, given, most)), most)
            }
        })
    }

    /// The most that a user could pay somebody elsewhere now, as far as sites on the way say, over all ways together.
    pub(crate) async fn most_elsewhere(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        hint: Option<Hint>,
    ) -> Result<Most, SiteError> {
        let plans = self.plans_to(payer, payee, Units::MAX, hint).await?.unwrap_or_default();
        let divided = self.tried(payer, payee, plans, Units::MAX).await?;
        let by: BTreeSet<TallyId> =
            divided.shares.iter().filter_map(|(plan, _)| Some(plan.way.first()?.0)).collect();
        Ok(Most {
            units: divided.arrives(),
            given: divided.given(),
            by: by.into_iter().collect(),
            parts: divided.parts(),
            proved: false,
        })
    }

    /// Why a payment cannot be made as its payer signed it, though something leads to the payee: there is room for less, or it
    /// costs more.
    pub(super) async fn why_too_much(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Units,
        hint: Option<Hint>,
    ) -> SiteError {
        match self.most_elsewhere(payer, payee, hint).await {
            Ok(Most { units: most, given, .. }) if most < units => {
                let reason = self.too_little(payer, given, most);
                SiteError::NoPath { payee: payee.cuid.clone(), units, reason }
            }
            // How much there would be is not told now.
            Ok(_) | Err(SiteError::NoWay { why: Why::Busy, .. }) => {
                SiteError::NoWay { payee: payee.short(), units, why: Why::Costly }
            }
            Err(error) => error,
        }
    }

    /// No more than `most` can arrive, for which so much is given: by the payer's own tallies where that is all that they carry.
    fn too_little(&self, payer: &Cuid, given: Units, most: Units) -> NoPath {
        let all = self.known.map.most_given(payer);
        let is_all = given > Units::ZERO && all.is_some_and(|all| given >= all);
        let limit = if is_all { Limit::Payer } else { Limit::Between };
        NoPath::TooLittle { most, limit, proved: false }
    }

    /// Divides an amount among plans so that a payment could be made as is told: where that takes several, they are laid out,
    /// and those left out that share a tally with another.
    ///
    /// # Errors
    /// [`SiteError::NoWay`] where sites on the way do not lay them out now, or too much was tried here.
    async fn tried(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        plans: Vec<Planned>,
        units: Units,
    ) -> Result<Divided, SiteError> {
        let found = divided(&plans, units, Units::MAX);
        if found.shares.len() < 2 {
            return Ok(found);
        }
        let (now, nonce) = (self.clock.now(), Hash::from_bytes(self.chance.bytes()));
        let mut laid = None;
        if self.known.under_way.trials.may_try(payer, plans.len(), now) {
            let whole = self.laid_out(nonce, plans, Division::of(units, Units::MAX)).await;
            laid = Some(Divided { is_done: whole.is_done(), shares: whole.into_shares() });
        }
        laid.filter(|laid| !laid.shares.is_empty()).ok_or_else(|| {
            let (payee, units, why) = (payee.short(), found.arrives(), Why::Busy);
            SiteError::NoWay { payee, units, why }
        })
    }

    /// Plans to pay somebody elsewhere, whatever they cost; none where no tallies with room lead there.
    async fn plans_to(
        &self,
        payer: &Cuid,
        payee: &ChipAddress,
        units: Units,
        hint: Option<Hint>,
    ) -> Result<Option<Vec<Planned>>, SiteError> {
        self.is_served()?;
        match self.find_hinted(payer, payee, units, Units::MAX, hint).await {
            Ok(plans) => Ok(Some(plans)),
            Err(SiteError::NoWay { why: Why::Nothing, .. }) => Ok(None),
            // Too much for what can come in, as nobody said how much may be given.
            Err(SiteError::NoWay { why: Why::Costly, .. }) => Ok(Some(Vec::new())),
            Err(error) => Err(error),
        }
    }
}
