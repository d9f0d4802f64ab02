//! What doctor looks at in a payment: that its payer allowed it, that it did what was allowed, and that
//! nobody between lost by it what it had not signed.

use std::collections::BTreeMap;

use protocol::chit::{Chit, Entry};
use protocol::ledger::Ledger;
use protocol::lift::{Authorisation, Leg};
use protocol::record::Record;
use protocol::{Cuid, Rate, Signed, TallyId};
use store::{LegAt, View};

use super::proof::Proven;
use crate::error::SiteError;
use crate::half::ledger;
use crate::moved::former_agents;

/// How many links are read at once.
const AT_ONCE: u32 = 500;

/// What is wrong with a payment whose record, certificate and legs are proved; `rows` are all its legs.
pub(super) async fn payment_faults(
    view: &mut View,
    proven: &Proven,
    rows: &[LegAt],
) -> Result<Vec<String>, SiteError> {
    let lift = proven.committed.id();
    let kept = view.payments_by_lift(&[lift]).await?;
    if kept.is_empty() && !proven.is_remembered() {
        return Ok(Vec::new());
    }
    // Who is between a payer and a payee elsewhere knows neither.
    if kept.is_empty() && proven.is_between_sites() {
        return losses(view, rows, None).await;
    }
    let [kept] = kept.as_slice() else {
        return Ok(vec![format!("{} payments are kept for it, not one", kept.len())]);
    };
    let record = match Authorisation::read(kept.authorisation.as_bytes()) {
        Ok(record) => record,
        Err(error) => return Ok(vec![format!("the authorisation cannot be read: {error}")]),
    };
    // By an agent of before, too: what was paid stays paid.
    let mut ours = former_agents(view).await?;
    ours.extend(view.meta().await?.founded.map(|founded| founded.agent));
    let mut found = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(what.to_owned());
        }
    };
    let lift = proven.committed.lift();
    must(lift.payment == Some(record.hash()?), "the authorisation is not the one that it names");
    let same = kept.id == record.uuid
        && kept.units == record.units.get()
        && (&kept.payer, &kept.payee) == (&record.payer.short(), &record.payee.short());
    must(same, "the payment's row does not say what the authorisation does");
    must(lift.date < record.expires, "it was made after the authorisation had expired");
    let mut nets: BTreeMap<&Cuid, i128> = BTreeMap::new();
    for row in rows {
        *nets.entry(&row.holder).or_default() += i128::from(row.leg.effect.milli());
    }
    let (payer, payee) = (&record.payer.cuid, &record.payee.cuid);
    let net = |user| nets.get(user).copied().unwrap_or_default();
    let whole = !proven.is_between_sites();
    if whole || ours.contains(&record.payee.agent) {
        must(net(payee) == record.units.get().milli().into(), "the payee did not get the amount");
    }
    let pays = whole || ours.contains(&record.payer.agent);
    if pays {
        must(
            -net(payer) <= record.most.get().milli().into(),
            "the payer gave more than it allowed",
        );
    }
    if whole {
        must(is_a_path(&proven.legs(), rows, payer, payee), "its legs are no path");
    }
    found.extend(losses(view, rows, pays.then_some(payer)).await?);
    if pays {
        found.extend(unsigned(view, rows, &record).await?);
    }
    Ok(found)
}

/// Users who lost by it what they had not signed, but for the payer.
async fn losses(
    view: &mut View,
    rows: &[LegAt],
    payer: Option<&Cuid>,
) -> Result<Vec<String>, SiteError> {
    let mut nets: BTreeMap<&Cuid, i128> = BTreeMap::new();
    for row in rows {
        *nets.entry(&row.holder).or_default() += i128::from(row.leg.effect.milli());
    }
    let mut found = Vec::new();
    for (user, net) in nets.iter().filter(|(user, net)| **net < 0 && Some(**user) != payer) {
        let may = may_lose(view, rows, user).await?;
        if -net > may {
            found.push(format!("{user} lost {} milli-CHIPs, and signed {may}", -net));
        }
    }
    Ok(found)
}

/// Whether the legs lead from payer to payee, each from where the one before ends.
fn is_a_path(legs: &[Leg], rows: &[LegAt], payer: &Cuid, payee: &Cuid) -> bool {
    let holder = |tally: TallyId, gives: bool| {
        let row =
            rows.iter().find(|row| row.tally == tally && (row.leg.effect.milli() < 0) == gives);
        row.map(|row| &row.holder)
    };
    let mut onward: BTreeMap<&Cuid, &Cuid> = BTreeMap::new();
    for leg in legs {
        let (Some(giver), Some(taker)) = (holder(leg.tally, true), holder(leg.tally, false)) else {
            return false;
        };
        if onward.insert(giver, taker).is_some() {
            return false;
        }
    }
    let mut at = payer;
    for _ in legs {
        let Some(next) = onward.remove(at) else { return false };
        at = next;
    }
    at == payee
}

/// What a user may have lost between two legs: what the settings that it ever wrote on these tallies pay
/// for being used, at the most.
async fn may_lose(view: &mut View, rows: &[LegAt], user: &Cuid) -> Result<i128, SiteError> {
    let mut most = 0;
    for row in rows.iter().filter(|row| row.holder == *user) {
        let (mut lowest, mut next) = (Rate::ZERO, 1);
        loop {
            let links = view.links(row.leg.half, next, AT_ONCE).await?;
            let Some(last) = links.last() else { break };
            next = last.index + 1;
            for link in links.iter().filter(|link| link.kind == "set" && link.by == row.side) {
                if let Entry::Set { set, .. } = Chit::read(link.text.as_bytes())?.entry {
                    let rate = if row.leg.effect.milli() < 0 {
                        set.settings.clutch()
                    } else {
                        set.settings.reward()
                    };
                    lowest = lowest.min(rate);
                }
            }
        }
        let moved = i128::from(row.leg.effect.milli().abs());
        // A gift is never more than the exact one.
        most += moved * i128::from(-lowest.ppm()) / i128::from(Rate::MAX.ppm());
    }
    Ok(most)
}

/// What is wrong with the payer's signature: it must be by a key that the payer signs with, or did, on
/// the tally where it gave.
async fn unsigned(
    view: &mut View,
    rows: &[LegAt],
    record: &Authorisation,
) -> Result<Option<String>, SiteError> {
    let gave = rows.iter().find(|row| row.holder == record.payer.cuid);
    let Some(gave) = gave else { return Ok(Some("the payer has no leg in it".to_owned())) };
    let half = view.half(gave.leg.half).await?;
    let ledger: Option<Ledger> = match half {
        Some(half) => ledger(&half)?,
        None => None,
    };
    let Some(ledger) = ledger else { return Ok(Some("the payer's tally is not open".to_owned())) };
    let keys = ledger.keys_had(gave.side);
    let signed = keys.iter().any(|key| record.check_signatures(key).is_ok());
    Ok((!signed).then(|| "the authorisation is not signed by the payer".to_owned()))
}
