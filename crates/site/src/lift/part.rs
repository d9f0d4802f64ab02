//! What a lift was for one of its users: what it may know, and no more. A user knows its own legs. Payer and
//! payee know each other and what arrived; what the payer gave, and the most that it would have given,
//! are its own business; those between know what they are left with, not whom they served.

use std::collections::BTreeMap;

use protocol::bounded::{Line, Prose};
use protocol::chit::{MAX_MEMO_BYTES, MAX_REFERENCE_BYTES};
use protocol::lift::{Authorisation, Mode};
use protocol::record::Record;
use protocol::{ChipAddress, Cuid, LiftId, PaymentId, Units};
use serde::{Deserialize, Serialize};
use store::{LegAt, Payment, View};

use crate::command::Caller;
use crate::door::Site;
use crate::error::SiteError;

/// What a lift was for whoever looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// Debts vanished in circles; nobody is richer or poorer.
    Cleared,
    /// It paid somebody; an administrator sees every payment of a user here so.
    Paid(Box<PaymentPart>),
    /// It was paid.
    Received(Box<PaymentPart>),
    /// Something was passed on from one of its partners to another; an administrator sees so what was paid between
    /// users of other sites.
    PassedOn {
        /// What it is left with, for its charges, for an administrator all users here together; below zero where
        /// settings pay for being used.
        earned: Units,
    },
}

/// A payment, as payer or payee see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentPart {
    /// Its name.
    pub payment: PaymentId,
    /// Who paid.
    pub payer: ChipAddress,
    /// Who was paid.
    pub payee: ChipAddress,
    /// What the payee got.
    pub units: Units,
    /// What the payer gave for it; only for the payer.
    pub given: Option<Units>,
    /// The most that it allowed; only for the payer.
    pub most: Option<Units>,
    /// What it is about, for machines.
    pub r#ref: Option<Line<MAX_REFERENCE_BYTES>>,
    /// What it is about, for people.
    pub memo: Option<Prose<MAX_MEMO_BYTES>>,
}

impl Site {
    /// What each of these lifts was for whoever looks.
    pub(crate) async fn parts(
        &self,
        view: &mut View,
        eyes: &Caller,
        lifts: &[LiftId],
    ) -> Result<BTreeMap<LiftId, Part>, SiteError> {
        let mut parts: BTreeMap<LiftId, Part> =
            lifts.iter().map(|lift| (*lift, Part::Cleared)).collect();
        for payment in view.payments_by_lift(lifts).await? {
            parts.insert(payment.lift, self.part(view, eyes, &payment).await?);
        }
        let without = |lift: &LiftId| parts.get(lift) == Some(&Part::Cleared);
        let without: Vec<LiftId> = lifts.iter().copied().filter(without).collect();
        for lift in view.lifts_named(&without).await? {
            // Neither its payer nor its payee is here.
            if lift.kind == Mode::Payment.word() {
                let earned = match eyes {
                    Caller::User(user) | Caller::Former(user) => {
                        self.net(view, user, lift.id).await?
                    }
                    Caller::Administrator => sum(lift.id, &view.legs_at(&lift.id).await?)?,
                };
                parts.insert(lift.id, Part::PassedOn { earned });
            }
        }
        Ok(parts)
    }

    async fn part(
        &self,
        view: &mut View,
        eyes: &Caller,
        payment: &Payment,
    ) -> Result<Part, SiteError> {
        let record = Authorisation::read(payment.authorisation.as_bytes())?;
        let payer = record.payer.cuid.clone();
        let is_ours = |address: &ChipAddress| {
            address.agent == self.agent || self.former_agents().contains(&address.agent)
        };
        let here = |user: &Cuid, address: &ChipAddress| is_ours(address) && address.cuid == *user;
        let whole = |given: Option<Units>| {
            let most = given.map(|_| record.most.get());
            Box::new(PaymentPart {
                payment: payment.id,
                payer: record.payer.clone(),
                payee: record.payee.clone(),
                units: payment.units,
                given,
                most,
                r#ref: record.r#ref.clone(),
                memo: record.memo.clone(),
            })
        };
        match eyes {
            Caller::User(user) | Caller::Former(user) if here(user, &record.payee) => {
                Ok(Part::Received(whole(None)))
            }
            Caller::User(user) | Caller::Former(user) if !here(user, &record.payer) => {
                let earned = self.net(view, user, payment.lift).await?;
                Ok(Part::PassedOn { earned })
            }
            // Its payer is at another site: what that gave is not known here.
            Caller::Administrator if !is_ours(&record.payer) => Ok(Part::Received(whole(None))),
            Caller::User(_) | Caller::Former(_) | Caller::Administrator => {
                let given = self.net(view, &payer, payment.lift).await?.negated();
                Ok(Part::Paid(whole(Some(given))))
            }
        }
    }

    /// What a lift added to all balances of a user.
    pub(super) async fn net(
        &self,
        view: &mut View,
        user: &Cuid,
        lift: LiftId,
    ) -> Result<Units, SiteError> {
        sum(lift, &view.legs_of_holder(user, &[lift]).await?)
    }
}

/// What legs of a lift come to.
fn sum(lift: LiftId, legs: &[LegAt]) -> Result<Units, SiteError> {
    let milli: i128 = legs.iter().map(|leg| i128::from(leg.leg.effect.milli())).sum();
    let units = i64::try_from(milli).ok().and_then(|milli| Units::new(milli).ok());
    units.ok_or(SiteError::NoLift(lift))
}
