//! By what a lift was allowed on a tally: by the settings of both of its users, and of what a payer gives, by its signature.

use std::cmp::Reverse;
use std::num::NonZeroU32;

use protocol::chit::{Chit, Entry};
use protocol::lift::Authorisation;
use protocol::record::Record;
use protocol::{ChitId, Hash, LiftId, PaymentId, Side, Sides, Timestamp};
use serde::{Deserialize, Serialize};
use store::{LegAt, View};

use crate::between::Part;
use crate::door::Site;
use crate::error::SiteError;

/// How many settings of one side are looked at, the latest first: a later one has a higher counter, but where a user's own
/// devices were at odds.
const LOOKED_AT: u32 = 16;

/// By what a leg was allowed, as the half that it is on knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedBy {
    /// What the holder signed, where it is a payer and gives by this leg.
    pub authorisation: Option<SignedPayment>,
    /// The holder's settings; none where this is not known (any more, or yet).
    pub holder: Option<SignedSettings>,
    /// The partner's settings; none where this is not known.
    pub partner: Option<SignedSettings>,
}

/// Which settings of a user on a tally were in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedSettings {
    /// Their counter; 0 where there were none, and the signed tally says all.
    pub counter: u32,
    /// The name of their chit.
    pub chit: Option<ChitId>,
    /// Its date.
    pub date: Option<Timestamp>,
}

/// Which authorisation allowed a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPayment {
    /// The payment's name.
    pub payment: PaymentId,
    /// The hash of the record, which the lift names.
    pub hash: Hash,
    /// When it was signed.
    pub date: Timestamp,
}

impl Site {
    /// By what these legs of a lift were allowed, in their order; `signed` is what its payer signed, where that is here and
    /// whoever looks may know it.
    pub(super) async fn allowed_by(
        &self,
        view: &mut View,
        lift: LiftId,
        rows: &[&LegAt],
        signed: Option<&Authorisation>,
    ) -> Result<Vec<AllowedBy>, SiteError> {
        // One that cannot be read doctor tells of; what stands in the chain is known without.
        let parts = view.parts_in(&lift).await?;
        let parts: Vec<Part> = parts.iter().filter_map(|row| self.known.part(row).ok()).collect();
        let chits: Vec<_> = rows.iter().map(|row| (row.leg.half, row.leg.chit)).collect();
        let links = view.links_by_chit(&chits).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let link =
                links.iter().find(|link| (link.half, link.chit) == (row.leg.half, row.leg.chit));
            let place = link.map(|link| link.index);
            let judged = parts.iter().find_map(|part| part.counters_on(row));
            let gives = |signed: &&Authorisation| {
                row.holder == signed.payer.cuid && row.leg.effect.milli() < 0
            };
            let authorisation = signed.filter(gives).map(signed_payment).transpose()?;
            let holder = settings(view, row, row.side, place, judged).await?;
            let partner = settings(view, row, row.side.other(), place, judged).await?;
            all.push(AllowedBy { authorisation, holder, partner });
        }
        Ok(all)
    }
}

fn signed_payment(signed: &Authorisation) -> Result<SignedPayment, SiteError> {
    Ok(SignedPayment { payment: signed.uuid, hash: signed.hash()?, date: signed.date })
}

/// The settings of one side by which a leg was judged: those that the promise names, and of a lift among users here, which is
/// judged and linked at once, those that stand before its chit.
async fn settings(
    view: &mut View,
    row: &LegAt,
    side: Side,
    place: Option<u64>,
    judged: Option<Sides<Option<NonZeroU32>>>,
) -> Result<Option<SignedSettings>, SiteError> {
    if place.is_none() && judged.is_none() {
        return Ok(None);
    }
    let mut sets = Vec::new();
    for link in view.sets(row.leg.half, side, place, LOOKED_AT).await? {
        let chit = Chit::read(link.text.as_bytes())?;
        if let Entry::Set { set, .. } = chit.entry {
            sets.push((set.counter, Reverse(link.chit), chit.uuid, chit.date));
        }
    }
    let counter = match judged {
        Some(judged) => *judged.of(side),
        None => sets.iter().map(|(counter, ..)| *counter).max(),
    };
    // Of two with one counter that with the lower hash is in force.
    let set = sets.into_iter().filter(|(its, ..)| Some(*its) == counter).max();
    Ok(Some(SignedSettings {
        counter: counter.map_or(0, NonZeroU32::get),
        chit: set.map(|(_, _, chit, _)| chit),
        date: set.map(|(.., date)| date),
    }))
}
