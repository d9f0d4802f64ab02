//! Paying somebody over a path of tallies: a lift that the payer's signature allows, decided by this
//! site's agent and written in one transaction.
//!
//! Everything that could refuse it is looked at before anything is changed, so what is refused leaves
//! nothing behind, and the payment's name is free: the same authorisation may be tried again until it
//! expires. Once it is paid, the name is used for ever.

use protocol::lift::Authorisation;
use protocol::record::Record;
use protocol::{Cuid, Hash, LiftId, PaymentId, PublicKey, Signed, Units};
use serde::{Deserialize, Serialize};
use store::{Kind, Payment, StoreError, User, UserStatus, View};

use super::clear::answered_before;
use super::graph::Way;
use super::route::{may_be_paid, no_path};
use crate::command::{Answer, Caller};
use crate::door::Site;
use crate::error::SiteError;
use crate::seek::Hint;

/// How often a payment is tried that another program at the same database stands in the way of.
const MOST_TRIES: u32 = 5;

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paid {
    /// The lift that made it.
    pub lift: LiftId,
    /// Its name.
    pub payment: PaymentId,
    /// What the payee got.
    pub units: Units,
    /// What the payer gave.
    pub given: Units,
}

/// A payment that is wanted, its signature checked, with a way that was found for it.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// The name of the command.
    pub(super) id: String,
    /// A digest of the command.
    pub(super) command: Hash,
    pub(super) payer: Cuid,
    pub(super) authorisation: Authorisation,
    /// The authorisation's hash.
    pub(super) hash: Hash,
    /// The key that it is signed with.
    pub(super) key: PublicKey,
    pub(super) way: Way,
}

impl Site {
    /// Pays, once under a name, and once under the payment's own.
    pub(crate) async fn pay_by_lift(
        &self,
        caller: &Caller,
        id: &str,
        command: Hash,
        authorisation: Authorisation,
        hint: Option<Hint>,
    ) -> Result<Answer, SiteError> {
        let Caller::User(payer) = caller else {
            return Err(SiteError::NotAllowed { who: "the user itself" });
        };
        let hash = authorisation.hash()?;
        let mut view = self.store.read().await?;
        if let Some(before) = answered_before(&mut view, id, command).await? {
            return Ok(before);
        }
        let kept = view.payments(&[authorisation.uuid]).await?;
        if let Some(paid) = self.paid_before(&mut view, &kept, &authorisation).await? {
            drop(view);
            return self.once_done(payer, paid).await.map(Answer::Paid);
        }
        let names = [payer.clone(), authorisation.payee.cuid.clone()];
        let users = view.users_named(&names).await?;
        drop(view);
        if authorisation.payee.agent != self.agent {
            return self.pay_elsewhere(&users, payer, &authorisation, hash, hint).await;
        }
        self.may_propose(&users, payer, &authorisation)?;
        self.map_tallies().await?;
        let (mut tries, mut looked_again) = (0, false);
        loop {
            tries += 1;
            let done = match self.plan_payment(payer, &authorisation) {
                Ok((key, way)) => {
                    let (id, payer) = (id.to_owned(), payer.clone());
                    let authorisation = authorisation.clone();
                    let wanted = Wanted { id, command, payer, authorisation, hash, key, way };
                    self.pay_in_line(wanted).await
                }
                Err(error) => Err(error),
            };
            match done {
                Err(error) if tries < MOST_TRIES && stood_in_the_way(&error) => {}
                Err(error) if !looked_again && follows_from_the_map(&error) => {
                    looked_again = true;
                    if !self.map_again().await? {
                        return Err(error);
                    }
                }
                done => return done,
            }
        }
    }

    /// Whether this payment may be proposed at all, by what the authorisation says and who is named in
    /// it; `users` are those of them who live here.
    pub(crate) fn may_propose(
        &self,
        users: &[User],
        payer: &Cuid,
        authorisation: &Authorisation,
    ) -> Result<(), SiteError> {
        let named = &authorisation.payer;
        if named.agent != self.agent || named.cuid != *payer {
            return Err(SiteError::NotAllowed { who: "the payer that the authorisation names" });
        }
        match users.iter().find(|user| user.cuid == *payer) {
            None => return Err(SiteError::NoUser(payer.clone())),
            Some(user) if user.status == UserStatus::Active => {}
            Some(_) => return Err(SiteError::Suspended(payer.clone())),
        }
        let payee = &authorisation.payee;
        if payee.agent == self.agent {
            may_be_paid(users.iter().find(|user| user.cuid == payee.cuid), &payee.cuid)?;
        }
        if payee.agent == self.agent && payee.cuid == *payer {
            let units = authorisation.units.get();
            return Err(no_path(&payee.cuid, units, clearing::NoPath::ToOneself));
        }
        let (expires, now) = (authorisation.expires, self.clock.now());
        if expires <= now {
            return Err(SiteError::AuthorisationExpired { expires, now });
        }
        Ok(())
    }

    /// The answer where this very payment was made before; a refusal where its payer used its name for
    /// another.
    pub(super) async fn paid_before(
        &self,
        view: &mut View,
        kept: &[Payment],
        authorisation: &Authorisation,
    ) -> Result<Option<Paid>, SiteError> {
        let payer = authorisation.payer.short();
        let kept = kept.iter().find(|one| one.id == authorisation.uuid && one.payer == payer);
        let Some(kept) = kept else { return Ok(None) };
        is_the_same(kept, authorisation)?;
        self.paid(view, &authorisation.payer.cuid, kept).await.map(Some)
    }

    /// A payment that a user made, by its name; of one that is under way to another site it is waited what becomes of it.
    pub(crate) async fn payment_of(
        &self,
        payer: &Cuid,
        name: PaymentId,
    ) -> Result<Option<Paid>, SiteError> {
        let mut view = self.store.read().await?;
        let address = format!("{payer}:{}", self.agent);
        let kept = view.payments(&[name]).await?;
        match kept.into_iter().find(|one| one.payer == address) {
            Some(kept) => {
                let paid = self.paid(&mut view, payer, &kept).await?;
                drop(view);
                self.once_done(payer, paid).await.map(Some)
            }
            None => {
                drop(view);
                self.paid_elsewhere(payer, name).await
            }
        }
    }

    /// The answer to a payment that is kept, once all of its lift is done here: a half that was restored takes its chit only
    /// when it has compared, and whoever is told that it has paid sees that it has.
    async fn once_done(&self, payer: &Cuid, paid: Paid) -> Result<Paid, SiteError> {
        if !self.waits_for_parts(paid.lift).await? {
            return Ok(paid);
        }
        let mut view = self.store.read().await?;
        let given = self.net(&mut view, payer, paid.lift).await?.negated();
        Ok(Paid { given, ..paid })
    }

    /// What was answered to a payment that is kept.
    async fn paid(&self, view: &mut View, payer: &Cuid, kept: &Payment) -> Result<Paid, SiteError> {
        let given = self.net(view, payer, kept.lift).await?.negated();
        Ok(Paid { lift: kept.lift, payment: kept.id, units: kept.units, given })
    }

    /// The key that the authorisation is signed with, of those that the payer signs chits with, and
    /// the cheapest way that leaves over tallies with that key.
    fn plan_payment(
        &self,
        payer: &Cuid,
        authorisation: &Authorisation,
    ) -> Result<(PublicKey, Way), SiteError> {
        let (payee, units) = (&authorisation.payee.cuid, authorisation.units.get());
        let map = &self.known.map;
        let mut fault = None;
        for key in map.keys_of(payer) {
            match authorisation.check_signatures(&key) {
                Ok(()) => {
                    let way = map.cheapest(payer, payee, units, Some(&key));
                    let way = way.map_err(|reason| no_path(payee, units, reason))?;
                    within_most(&way, authorisation)?;
                    return Ok((key, way));
                }
                Err(found) => fault = Some(found),
            }
        }
        match fault {
            Some(fault) => Err(fault.into()),
            // Nothing can leave the payer at all.
            None => Err(no_path(payee, units, clearing::NoPath::NotConnected)),
        }
    }
}

/// Refuses a name that was used for another payment.
pub(super) fn is_the_same(payment: &Payment, asked: &Authorisation) -> Result<(), SiteError> {
    if Authorisation::read(payment.authorisation.as_bytes())?.asks_the_same(asked) {
        Ok(())
    } else {
        Err(SiteError::PaymentTaken(payment.id))
    }
}

pub(super) fn within_most(way: &Way, authorisation: &Authorisation) -> Result<(), SiteError> {
    let (given, most) = (way.given(), authorisation.most.get());
    if given <= most { Ok(()) } else { Err(SiteError::TooDear { given, most }) }
}

/// Whether another transaction was quicker, so that it may be tried again at once.
const fn stood_in_the_way(error: &SiteError) -> bool {
    matches!(
        error,
        SiteError::Store(
            StoreError::Again { .. }
                | StoreError::Stale { .. }
                | StoreError::Duplicate { kind: Kind::Payment | Kind::Result, .. }
        )
    )
}

/// Whether a refusal follows from what is remembered, and maybe from nothing else.
const fn follows_from_the_map(error: &SiteError) -> bool {
    matches!(error, SiteError::NoPath { .. } | SiteError::TooDear { .. } | SiteError::Signature(_))
}
