//! Payments as they are made: several in one transaction, each judged on halves that are locked.

use std::collections::BTreeMap;

use protocol::lift::{Authorisation, Leg};
use protocol::record::Record;
use protocol::{Cuid, PaymentId};
use store::{CommandResult, Half, Payment, Tx, User};

use super::graph::Way;
use super::hands::{Hands, Made};
use super::judge::judge;
use super::map::Map;
use super::pay::{Paid, Wanted, is_the_same, within_most};
use super::route::no_path;
use super::told;
use crate::answered;
use crate::command::Answer;
use crate::door::Site;
use crate::error::SiteError;

/// How often a path is searched for, where tallies on the one before turned out to be otherwise.
const MOST_SEARCHES: u32 = 8;

/// What was decided in one transaction, to be written with it.
#[derive(Default)]
struct Decided {
    hands: Hands,
    made: Vec<(Payment, Paid)>,
    /// The new answers.
    results: Vec<CommandResult>,
    /// What commands of these names were answered, before or now.
    answered: BTreeMap<String, String>,
    /// Whether the payment at hand has changed anything yet.
    changed: bool,
}

impl Decided {
    /// The same payment, under another command's name, in the same transaction.
    fn made_already(&self, authorisation: &Authorisation) -> Result<Option<Paid>, SiteError> {
        let payer = authorisation.payer.short();
        let same = |one: &&(Payment, Paid)| one.0.id == authorisation.uuid && one.0.payer == payer;
        match self.made.iter().find(same) {
            Some((payment, paid)) => {
                is_the_same(payment, authorisation).map(|()| Some(paid.clone()))
            }
            None => Ok(None),
        }
    }
}

/// Puts the map back to what is kept, unless that is not needed any more: whatever becomes of the
/// transaction, and of whoever waits for it.
struct Undo<'a> {
    map: &'a Map,
    before: Vec<Half>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        for half in &self.before {
            if let Ok(Some(ledger)) = crate::half::ledger(half) {
                self.map.learn_locked(std::iter::once((half, half.version, &ledger)));
            }
        }
    }
}

impl Site {
    /// Decides payments in one transaction: each is made or refused, and all that are made are kept
    /// together.
    ///
    /// # Errors
    /// [`SiteError`] where nothing was kept; asked one by one, the others may still be done.
    pub(super) async fn pay_all(
        &self,
        all: &[&Wanted],
    ) -> Result<Vec<Result<Answer, SiteError>>, SiteError> {
        let mut tx = self.store.begin().await?;
        let mut decided = Decided::default();
        let mut undo = Undo { map: &self.known.map, before: Vec::new() };
        let ids: Vec<String> = all.iter().map(|wanted| wanted.id.clone()).collect();
        for result in tx.results(&ids).await? {
            decided.answered.insert(result.id, result.text);
        }
        let names: Vec<PaymentId> = all.iter().map(|wanted| wanted.authorisation.uuid).collect();
        let kept = tx.payments(&names).await?;
        let both =
            |wanted: &&Wanted| [wanted.payer.clone(), wanted.authorisation.payee.cuid.clone()];
        let cuids: Vec<Cuid> = all.iter().flat_map(both).collect();
        let users = tx.users_named(&cuids).await?;
        let mut answers = Vec::with_capacity(all.len());
        for wanted in all {
            decided.changed = false;
            let known = (kept.as_slice(), users.as_slice());
            match self.pay_one(&mut tx, &mut decided, &mut undo, known, wanted).await {
                Err(error) if decided.changed => return Err(error),
                Err(error @ SiteError::Store(_)) => return Err(error),
                answer => answers.push(answer),
            }
        }
        if decided.made.is_empty() {
            // Nothing was changed, so there is nothing to be undone either.
            undo.before.clear();
            return Ok(answers);
        }
        let Decided { hands, made, results, .. } = decided;
        let written = hands.write(&mut tx, self.agent, self.clock.now()).await?;
        let payments: Vec<Payment> = made.into_iter().map(|(payment, _)| payment).collect();
        tx.add_payments(&payments).await?;
        tx.add_results(&results).await?;
        let committed = tx.commit().await?;
        undo.before.clear();
        self.known.map.wrote(&written, committed);
        Ok(answers)
    }

    async fn pay_one(
        &self,
        tx: &mut Tx,
        decided: &mut Decided,
        undo: &mut Undo<'_>,
        (kept, users): (&[Payment], &[User]),
        wanted: &Wanted,
    ) -> Result<Answer, SiteError> {
        if let Some(before) = decided.answered.get(&wanted.id) {
            return answered::read(before, wanted.command);
        }
        let Wanted { authorisation, hash, .. } = wanted;
        if let Some(paid) = self.paid_before(tx, kept, authorisation).await? {
            return Ok(Answer::Paid(paid));
        }
        if let Some(paid) = decided.made_already(authorisation)? {
            return Ok(Answer::Paid(paid));
        }
        self.may_propose(users, &wanted.payer, authorisation)?;
        let way = self.hold_a_way(tx, decided, undo, wanted).await?;
        judge(&decided.hands, &way, authorisation, &wanted.key)?;
        let made = self.decide_lift(way.legs(), Some(*hash))?;
        if made.date() >= authorisation.expires {
            let (expires, now) = (authorisation.expires, made.date());
            return Err(SiteError::AuthorisationExpired { expires, now });
        }
        decided.changed = true;
        self.make(tx, decided, wanted, &way, &made).await
    }

    /// Locks the halves of a way until one holds that costs no more than the payer allowed.
    async fn hold_a_way(
        &self,
        tx: &mut Tx,
        decided: &mut Decided,
        undo: &mut Undo<'_>,
        wanted: &Wanted,
    ) -> Result<Way, SiteError> {
        let Wanted { payer, authorisation, key, .. } = wanted;
        let (payee, units) = (&authorisation.payee.cuid, authorisation.units.get());
        let map = &self.known.map;
        let mut way = wanted.way.clone();
        for _ in 0..MOST_SEARCHES {
            let new = decided.hands.take(tx, &way.halves()).await?;
            let taken = new.iter().filter_map(|id| decided.hands.half(*id));
            map.learn_locked(
                taken.clone().map(|bare| (&bare.half, bare.half.version, bare.ledger())),
            );
            undo.before.extend(taken.map(|bare| bare.half.clone()));
            let same_key = map.signs_with(&way, key);
            match map.along(&way, units) {
                // As cheap as it was found to be: it will do, whatever became of others meanwhile.
                Some(now) if same_key && now.given() <= way.given() => {
                    within_most(&now, authorisation)?;
                    return Ok(now);
                }
                _ => {
                    let found = map.cheapest(payer, payee, units, Some(key));
                    way = found.map_err(|reason| no_path(payee, units, reason))?;
                    within_most(&way, authorisation)?;
                }
            }
        }
        Err(SiteError::PathMoved { tries: MOST_SEARCHES })
    }

    /// Writes a payment that was judged to be good.
    async fn make(
        &self,
        tx: &mut Tx,
        decided: &mut Decided,
        wanted: &Wanted,
        way: &Way,
        made: &Made,
    ) -> Result<Answer, SiteError> {
        let (authorisation, at) = (&wanted.authorisation, self.clock.now());
        let Decided { hands, .. } = decided;
        let tallies = way.steps.iter().map(|step| (step.tally, step.halves));
        hands.lift(tx, made, tallies, at).await?;
        let both = way.halves();
        let changed = both.iter().filter_map(|id| hands.half(*id));
        let changed = changed.map(|bare| (&bare.half, bare.half.version + 1, bare.ledger()));
        self.known.map.learn_locked(changed);
        tx.tell(told::of_payment(hands, way, authorisation, wanted.hash, made.id(), at));
        let paid = Paid {
            lift: made.id(),
            payment: authorisation.uuid,
            units: authorisation.units.get(),
            given: way.given(),
        };
        let payment = Payment {
            id: authorisation.uuid,
            payer: authorisation.payer.short(),
            payee: authorisation.payee.short(),
            lift: made.id(),
            units: paid.units,
            authorisation: authorisation.to_text()?.to_string(),
            at,
        };
        decided.made.push((payment, paid.clone()));
        let answer = Answer::Paid(paid);
        let (id, text) = (wanted.id.clone(), answered::text(wanted.command, &answer)?);
        decided.answered.insert(id.clone(), text.clone());
        decided.results.push(CommandResult { id, text, at });
        Ok(answer)
    }
}

impl Way {
    fn legs(&self) -> Vec<Leg> {
        let leg = |step: &super::graph::Step| {
            let units = step.units.try_into().ok()?;
            Some(Leg { tally: step.tally, by: step.by, units })
        };
        self.steps.iter().filter_map(leg).collect()
    }
}
