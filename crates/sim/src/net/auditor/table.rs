//! What lies between two users and is on no chain: invoices, and the offer on the table (protocol, sections 4 and 5). Once
//! faults have stopped, both halves say the same of it.

use std::collections::BTreeMap;

use protocol::{ChitId, Hash, Record as _, Side};
use site::{InvoiceView, Site, Standing};

use super::half::{Half, is_open};
use super::{Auditor, name_of};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;
use crate::net::trace::Trace;

/// How far right clocks are apart, in milliseconds: what expires about now may be over for one of two.
const ABOUT_MS: i64 = 10_000;

/// A half, and where it is.
#[derive(Clone, Copy)]
struct At<'a> {
    half: &'a Half,
    person: &'a Person,
    place: &'a Place,
    site: &'a Site,
}

/// An offer: its hash, whose it is, and until when it may be accepted.
type Offer = (Hash, Side, i64);

impl Auditor {
    /// Both halves of each tally of two honest sites say the same of what is on no chain.
    pub(super) async fn lies_between(
        &self,
        (places, people): (&[Place], &[Person]),
        trace: &Trace,
        now: i64,
    ) -> Sim<()> {
        let at = |half| -> Option<At<'_>> {
            let half: &Half = half;
            let person = people.get(half.who)?;
            let place = places.get(person.home)?;
            Some(At { half, person, place, site: place.site.as_ref()? })
        };
        let stocks = self.halves.values().filter(|half| half.side == Side::Stock);
        let honest = |half: &&Half| {
            !self.is_with_liars(half.who, people) && !self.partner_lies(half, people)
        };
        for stock in stocks.filter(honest).filter(|half| is_open(&half.status)) {
            let other = |half: &&Half| half.tally == stock.tally && half.side == Side::Foil;
            let foil = self.halves.values().find(other);
            let (Some(one), Some(other)) = (at(stock), foil.and_then(at)) else { continue };
            let of_invoices =
                between(&invoices(one).await?, &invoices(other).await?, [one, other], now);
            let of_offers = apart(offer(one).await?, offer(other).await?, [one, other], now);
            if let Some(what) = of_invoices.or(of_offers) {
                let name = name_of(trace, people, stock);
                let what = format!("{name}, and its partner's: {what}");
                let about = trace.tally_named(&stock.tally);
                return Err(Broken::new(Invariant::Same, what).about(about));
            }
        }
        Ok(())
    }
}

/// The invoices that a half knows.
async fn invoices(at: At<'_>) -> Sim<BTreeMap<ChitId, InvoiceView>> {
    let seen = at.site.invoices(&at.person.name, at.half.tally).await;
    let seen = seen.map_err(|error| at.place.cannot("list invoices", &error))?;
    Ok(seen.into_iter().map(|view| (view.invoice.uuid, view)).collect())
}

/// The offer that a half knows of.
async fn offer(at: At<'_>) -> Sim<Option<Offer>> {
    let shown = at.site.tally(&at.person.name, at.half.tally).await;
    let shown = shown.map_err(|error| at.place.cannot("show a tally", &error))?;
    let Some((offer, by)) = shown.offer else { return Ok(None) };
    let hash = offer.hash().map_err(|error| Broken::harness(&error.to_string()))?;
    let expires = offer.members().expires.map_or(i64::MAX, |at| at.ms());
    Ok(Some((hash, by, expires)))
}

/// Whether a place may take this for over: its clock says so, or once said so.
fn is_over(at: At<'_>, expires: i64, now: i64) -> bool {
    expires <= now + ABOUT_MS.max(at.place.ahead_ms)
}

/// What two halves say otherwise of invoices.
fn between(
    one: &BTreeMap<ChitId, InvoiceView>,
    other: &BTreeMap<ChitId, InvoiceView>,
    [at, at_other]: [At<'_>; 2],
    now: i64,
) -> Option<String> {
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    names.into_iter().find_map(|name| {
        let views = [one.get(name), other.get(name)];
        let expires = |view: &InvoiceView| view.invoice.expires.ms();
        let paid = |view: &InvoiceView| matches!(view.standing, Standing::Paid { .. });
        match views {
            // What the payer signed is the chit, whatever version it was of; the chain tells it, and it is compared there.
            [Some(one), Some(other)] if paid(one) && paid(other) => None,
            [Some(one), Some(other)] => {
                let same = one.invoice == other.invoice && one.standing == other.standing;
                let over = is_over(at, expires(one), now) || is_over(at_other, expires(other), now);
                (!same && !over).then(|| {
                    format!(
                        "invoice {name} is {} in version {} for one, {} in version {} for the other",
                        one.standing.word(),
                        one.invoice.revision,
                        other.standing.word(),
                        other.invoice.revision
                    )
                })
            }
            [Some(view), None] | [None, Some(view)] => {
                let lacks = if one.contains_key(name) { at_other } else { at };
                (!paid(view) && !is_over(lacks, expires(view), now)).then(|| {
                    format!(
                        "invoice {name}, {} in version {}, is not known to {}",
                        view.standing.word(),
                        view.invoice.revision,
                        lacks.person.short()
                    )
                })
            }
            [None, None] => None,
        }
    })
}

/// What two halves say otherwise of the offer on the table.
fn apart(
    one: Option<Offer>,
    other: Option<Offer>,
    [at, at_other]: [At<'_>; 2],
    now: i64,
) -> Option<String> {
    let over = |offer: Option<Offer>| {
        offer.is_none_or(|(.., expires)| {
            is_over(at, expires, now) || is_over(at_other, expires, now)
        })
    };
    if one == other || (over(one) && over(other)) {
        return None;
    }
    let said = |offer: Option<Offer>| {
        offer.map_or_else(
            || "none".to_owned(),
            |(hash, by, _)| format!("{hash} of the {}", by.word()),
        )
    };
    Some(format!("the offer on the table is {} for one, {} for the other", said(one), said(other)))
}
