//! What lies between two users and is on no chain: invoices, and the offer on the table (protocol, sections 4 and 5). Once
//! faults have stopped, both halves say the same of it.
//!
//! What a half lost when it went back, its partner's tells it again, if it has it by then. What was on its way still, and
//! is taken later, is answered; but that answer goes to whom nobody waits for any more, and may be lost.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{ChitId, Hash, Record as _, Side, Tally, TallyId};
use site::{InvoiceView, Site, Standing, Summary};
use store::Half as Row;

use super::half::{Half, is_open};
use super::{Auditor, name_of};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;
use crate::net::trace::Trace;

/// How far right clocks are apart, in milliseconds: what expires about now may be over for one of two.
const ABOUT_MS: i64 = 10_000;

/// Something that a user laid on the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Laid {
    /// A version of an invoice.
    Invoice(ChitId, u32),
    /// An offer.
    Offer(Hash),
}

/// When halves had what lies on the table first, their own and their partners'; counted in looks of the auditor.
#[derive(Debug, Default)]
pub(super) struct Taken {
    looks: u64,
    /// When a place went back last.
    back: BTreeMap<usize, u64>,
    first: BTreeMap<(usize, TallyId, Laid), u64>,
    /// Of places that went back and were not looked at since: what they still have, they had before.
    before: BTreeMap<(usize, TallyId, Laid), u64>,
}

impl Taken {
    /// A place is looked at after a step.
    pub(super) const fn step(&mut self) {
        self.looks += 1;
    }

    /// A half of a place has this on its table.
    pub(super) fn saw(&mut self, place: usize, half: &Half) {
        for laid in &half.laid {
            let key = (place, half.tally, laid.clone());
            let looks = self.before.get(&key).map_or(self.looks, |before| *before);
            self.first.entry(key).or_insert(looks);
        }
        self.before.retain(|(at, tally, _), _| (*at, *tally) != (place, half.tally));
    }

    /// A place went back.
    pub(super) fn went_back(&mut self, place: usize) {
        self.back.insert(place, self.looks);
        self.before.extend(self.first.extract_if(.., |(at, ..), _| *at == place));
    }

    /// Whether a half took this only after its author's place went back to before it, and asked what it lost.
    fn is_of_before(&self, taker: At<'_>, author: At<'_>, laid: &Laid) -> bool {
        let first = |at: At<'_>| self.first.get(&(at.person.home, at.half.tally, laid.clone()));
        let back = self.back.get(&author.person.home);
        let late = first(taker).zip(back).is_some_and(|(first, back)| first > back);
        late && first(author).is_none()
    }

    /// Forgives what one took of the other, which has lost it since.
    fn forgive(&self, [one, other]: [At<'_>; 2], [ones, others]: [&mut Table; 2]) {
        let late = |view: &InvoiceView| {
            let laid = Laid::invoice(view);
            view.invoice.by == one.half.side && self.is_of_before(one, other, &laid)
        };
        let lost = |(name, view): (&ChitId, &InvoiceView)| {
            let theirs = others.invoices.get(name);
            let behind = theirs.is_none_or(|it| it.invoice.revision < view.invoice.revision);
            (behind && late(view)).then_some(*name)
        };
        let lost: Vec<ChitId> = ones.invoices.iter().filter_map(lost).collect();
        for table in [&mut *ones, others] {
            table.invoices.retain(|name, _| !lost.contains(name));
        }
        let late = |offer: &Offer| {
            offer.by != one.half.side && self.is_of_before(one, other, &Laid::Offer(offer.hash))
        };
        if ones.offer != others.offer && ones.offer.as_ref().is_some_and(late) {
            others.offer = ones.offer;
        }
    }
}

/// What lies on a half's table.
pub(super) async fn laid(
    site: &Site,
    place: &Place,
    row: &Row,
    shown: &Summary,
) -> Sim<BTreeSet<Laid>> {
    let mut laid = BTreeSet::new();
    if let Some((offer, by)) = &shown.offer {
        laid.insert(Laid::Offer(Offer::of(offer, *by)?.hash));
    }
    if row.invoices > 0 {
        let seen = site.invoices(&row.holder, row.tally).await;
        let seen = seen.map_err(|error| place.cannot("list invoices", &error))?;
        laid.extend(seen.iter().map(Laid::invoice));
    }
    Ok(laid)
}

impl Laid {
    const fn invoice(view: &InvoiceView) -> Self {
        Self::Invoice(view.invoice.uuid, view.invoice.revision.get())
    }
}

/// What a half knows that is on no chain.
struct Table {
    invoices: BTreeMap<ChitId, InvoiceView>,
    offer: Option<Offer>,
    knows_partner: bool,
}

/// An offer on the table.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Offer {
    hash: Hash,
    by: Side,
    /// Until when it may be accepted, in milliseconds.
    expires: i64,
}

impl Offer {
    fn of(offer: &Tally, by: Side) -> Sim<Self> {
        let hash = offer.hash().map_err(|error| Broken::harness(&error.to_string()))?;
        let expires = offer.members().expires.map_or(i64::MAX, |at| at.ms());
        Ok(Self { hash, by, expires })
    }
}

/// A half, and where it is.
#[derive(Clone, Copy)]
struct At<'a> {
    half: &'a Half,
    person: &'a Person,
    place: &'a Place,
    site: &'a Site,
}

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
        for stock in stocks.filter(honest) {
            let other = |half: &&Half| half.tally == stock.tally && half.side == Side::Foil;
            let foil = self.halves.values().find(other);
            let (Some(one), Some(other)) = (at(stock), foil.and_then(at)) else { continue };
            // Of a tally that nobody signed no key is known that could prove another agent.
            let moved = [one, other].iter().any(|at| !at.place.former.is_empty());
            if moved && !is_open(&stock.status) {
                continue;
            }
            let (mut ones, mut others) = (table(one).await?, table(other).await?);
            // A half that went back to before it knew its partner has nobody to ask.
            if !ones.knows_partner || !others.knows_partner {
                continue;
            }
            self.taken.forgive([one, other], [&mut ones, &mut others]);
            self.taken.forgive([other, one], [&mut others, &mut ones]);
            let of_invoices = between(&ones.invoices, &others.invoices, [one, other], now);
            let of_offers = apart(ones.offer, others.offer, [one, other], now);
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

/// What a half knows.
async fn table(at: At<'_>) -> Sim<Table> {
    let seen = at.site.invoices(&at.person.name, at.half.tally).await;
    let seen = seen.map_err(|error| at.place.cannot("list invoices", &error))?;
    let invoices = seen.into_iter().map(|view| (view.invoice.uuid, view)).collect();
    let shown = at.site.tally(&at.person.name, at.half.tally).await;
    let shown = shown.map_err(|error| at.place.cannot("show a tally", &error))?;
    let offer = shown.offer.map(|(offer, by)| Offer::of(&offer, by)).transpose()?;
    Ok(Table { invoices, offer, knows_partner: shown.partner.is_some() })
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
        offer.is_none_or(|Offer { expires, .. }| {
            is_over(at, expires, now) || is_over(at_other, expires, now)
        })
    };
    if one == other || (over(one) && over(other)) {
        return None;
    }
    let said = |offer: Option<Offer>| {
        offer.map_or_else(
            || "none".to_owned(),
            |Offer { hash, by, .. }| format!("{hash} of the {}", by.word()),
        )
    };
    Some(format!("the offer on the table is {} for one, {} for the other", said(one), said(other)))
}
