//! The auditor: reads what sites keep and what people signed, and says what does not hold. It is written from
//! the text of the protocol (sections 4, 5, 7) and shares types of records with the sites, and no rule.
//!
//! * `book.rs` what people signed and were told, as the simulation writes it down;
//! * `half.rs` what holds of one half, `pair.rs` of two, and of a half and what it was before;
//! * `privacy.rs` what sites hear and keep, `excuse.rs` what they may know, `markers.rs` how it is searched for, `fresh.rs` what must be new in each lift;
//! * `lifts.rs` what holds of lifts between sites, `fair.rs` of what they did to whom, `clears.rs` of those that clear, `decides.rs` which of them end;
//!   `freed.rs` what people freed, `room.rs` what of them keeps within what was signed, `heads.rs` where halves stood then, `part.rs` a part as a site keeps it, `proof.rs` what a certificate has to prove, `slander.rs` proofs that agents lie, `named.rs` that each referee is named of which one could be made, `told_twice.rs` the same of sites;
//! * `outbox.rs` what holds of letters that wait; `end.rs` what holds once faults have stopped, `table.rs` of invoices and offers.

mod book;
mod clears;
mod decides;
mod end;
mod excuse;
mod fair;
mod freed;
mod fresh;
mod half;
mod heads;
mod lifts;
mod markers;
mod named;
mod outbox;
mod pair;
mod part;
mod privacy;
mod proof;
mod room;
mod slander;
mod table;
mod told_twice;

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Hash, Record as _, Side, Sides, Tally, TallyId};
use site::{Site, Summary};
use store::{HalfFilter, HalfId};

pub(super) use book::Book;
pub(super) use end::Ending;
pub(super) use freed::Lock;
use half::{Half, Reading};
use heads::Heads;
pub(super) use lifts::{Allowed, Lifts};
use named::Named;
use outbox::Outbox;
use pair::Past;
use privacy::Privacy;
use table::Taken;
use told_twice::ToldTwice;

use super::broken::{Broken, Sim};
use super::person::Person;
use super::place::Place;
use super::trace::Trace;

/// How many halves and links a simulated site has at most.
const ALL: u32 = 10_000;

/// What the auditor knows.
#[derive(Debug, Default)]
pub(super) struct Auditor {
    pub(super) book: Book,
    pub(super) lifts: Lifts,
    pub(super) privacy: Privacy,
    named: Named,
    told_twice: ToldTwice,
    halves: BTreeMap<(usize, HalfId), Half>,
    heads: Heads,
    taken: Taken,
    outbox: Outbox,
    /// Places that went back and were not looked at since.
    back: BTreeSet<usize>,
    /// The orders that a foil's half had in its place's epoch.
    orders: BTreeMap<(usize, TallyId), BTreeSet<Hash>>,
    /// What was so when a foil's place went back.
    past: BTreeMap<TallyId, Past>,
    /// Tallies of which a place that went back had a half; it may have none of them now.
    lost: BTreeSet<TallyId>,
    /// Places that lie: nothing is demanded of what they keep, nor of what people there were told.
    liars: BTreeSet<usize>,
}

impl Auditor {
    /// The sender of a letter is told that it was taken, or refused for good.
    pub(super) fn is_answered(&mut self, place: usize, note: &str) {
        self.outbox.is_answered(place, note);
    }

    /// A place lies.
    pub(super) fn lies_at(&mut self, place: usize) {
        self.liars.insert(place);
        self.privacy.lies_at(place);
        self.lifts.lies_at(place);
    }

    /// A place lies as a referee.
    pub(super) fn decides_falsely_at(&mut self, place: usize) {
        self.lifts.false_referees.insert(place);
    }

    /// Whether somebody lives at a site that lies.
    pub(super) fn is_with_liars(&self, who: usize, people: &[Person]) -> bool {
        people.get(who).is_some_and(|person| self.liars.contains(&person.home))
    }

    /// A place went back to an older disk, and begins an epoch.
    pub(super) fn went_back(&mut self, place: usize) {
        let there = self.halves.iter().filter(|((at, _), _)| *at == place);
        self.lost.extend(there.map(|(_, half)| half.tally));
        for ((_, tally), orders) in self.orders.extract_if(.., |(at, _), _| *at == place) {
            let stock = |half: &&Half| half.tally == tally && half.side == Side::Stock;
            let stock = self.halves.values().find(stock);
            let past = self.past.entry(tally).or_default();
            past.orders.extend(orders);
            past.at_stock.extend(stock.into_iter().flat_map(|half| &half.chits));
        }
        self.halves.retain(|(at, _), _| *at != place);
        self.heads.went_back(place);
        self.taken.went_back(place);
        self.outbox.went_back(place);
        self.named.went_back(place);
        self.told_twice.went_back(place);
        self.lifts.went_back(place);
        self.back.insert(place);
    }

    /// Looks at a place after a step.
    pub(super) async fn look(
        &mut self,
        number: usize,
        place: &Place,
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        if place.site.is_some() {
            self.privacy.has_agent(number, place);
        }
        let Some(site) = place.site.as_ref().filter(|_| !self.liars.contains(&number)) else {
            return Ok(());
        };
        let mut view = place.store.read().await.map_err(read)?;
        self.outbox.look(number, place, &mut view, trace).await?;
        let parts = self.lifts.look(number, place, &mut view, trace).await?;
        let halves = view.halves(&HalfFilter::default(), None, ALL).await.map_err(read)?;
        self.heads.step(number);
        self.taken.step();
        let mut changed = Vec::new();
        for row in halves {
            let key = (number, row.id);
            if self.halves.get(&key).is_some_and(|seen| seen.version == row.version) {
                continue;
            }
            let links = view.links(row.id, 1, ALL).await.map_err(read)?;
            let half = self.read(number, place, site, people, trace, &links, &row).await?;
            if let Some(before) = self.halves.get(&key) {
                pair::lived(&name_of(trace, people, &half), before, &half)?;
            }
            self.lifts.half_changed(key, &row, &half, trace)?;
            self.heads.saw(key, &half, &links, &self.book);
            self.taken.saw(number, &half);
            changed.push((key, half));
        }
        self.back.remove(&number);
        for (key, half) in &changed {
            if half.side == Side::Foil {
                let had = self.orders.entry((number, half.tally)).or_default();
                had.extend(pair::orders(&half.chits));
            }
            self.halves.insert(*key, half.clone());
        }
        for (key, half) in changed {
            self.compare(key, &half, people, trace)?;
        }
        self.keep_within(place.epoch, trace)?;
        self.lifts.are_applied(number, place, &parts, &self.halves, trace)?;
        self.lifts.are_clear((number, place), &parts, &self.halves, people, trace)?;
        self.lifts.are_fair((number, place), &parts, (&self.halves, &self.book), people, trace)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a half is read from")]
    async fn read(
        &self,
        number: usize,
        place: &Place,
        site: &Site,
        people: &[Person],
        trace: &Trace,
        links: &[store::LinkRow],
        row: &store::Half,
    ) -> Sim<Half> {
        let at_home = |person: &Person| person.home == number && person.name == row.holder;
        let who = people.iter().position(at_home);
        let who = who.ok_or_else(|| Broken::harness("a half of somebody unknown"))?;
        let shown = site.tally(&row.holder, row.tally).await;
        let shown = shown.map_err(|error| place.cannot("show a tally", &error))?;
        let governing = match &shown.head {
            Some(_) => {
                let governing = site.governing(&row.holder, row.tally).await;
                Some(governing.map_err(|error| place.cannot("show settings", &error))?)
            }
            None => None,
        };
        let signed = shown.signed.as_ref().map(version).transpose()?;
        let short = trace.tally_named(&row.tally).unwrap_or_default();
        let name = format!("{}'s half of {short} at {}", row.holder, place.name);
        let reading = Reading { who, name, shown: &shown, signed, links, governing };
        reading
            .check(&self.book, &self.lifts, (people, &self.liars))
            .map_err(|broken| broken.about([short]))?;
        let laid = table::laid(site, place, row, &shown).await?;
        let before = self.halves.get(&(number, row.id));
        let waiting = !shown.waiting.is_over();
        let went_back =
            before.map_or(self.back.contains(&number), |before| before.went_back) || waiting;
        Ok(Half {
            version: row.version,
            epoch: place.epoch,
            who: reading.who,
            tally: row.tally,
            side: row.side,
            status: shown.status.clone(),
            chits: links.iter().map(|link| link.chit).collect(),
            lifts: half::lifts(links, row.side),
            agreed: shown.agreed,
            balance: shown.balance_milli,
            signed,
            limits: limits(&shown),
            went_back,
            waiting,
            laid,
        })
    }

    /// What holds between this half and the other one of its tally.
    fn compare(
        &mut self,
        key: (usize, HalfId),
        half: &Half,
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        let short = trace.tally_named(&half.tally).unwrap_or_default();
        let name = name_of(trace, people, half);
        let other_key = self.other(key, half.tally);
        let other = other_key.and_then(|other| self.halves.get(&other)).cloned();
        let about = |broken: Broken| broken.about([short.clone()]);
        pair::kept(&name, half, &self.book).map_err(about)?;
        let lies = self.partner_lies(half, people);
        if other.is_some() || !(lies || self.lost.contains(&half.tally)) {
            pair::closed(&name, half, other.as_ref()).map_err(about)?;
        }
        let Some(other) = other else { return Ok(()) };
        pair::agreement(&name, half, &other).map_err(about)?;
        if let Some((stock, foil)) = pair::by_side(half, &other) {
            let past = self.past.get(&half.tally);
            pair::order(&name, stock, foil, past).map_err(about)?;
        }
        // They know again what they have together.
        let settled = |half: &Half| {
            usize::try_from(half.agreed).is_ok_and(|agreed| agreed == half.chits.len())
                && !half.waiting
        };
        if half.chits == other.chits && settled(half) && settled(&other) {
            for key in [Some(key), other_key].into_iter().flatten() {
                if let Some(half) = self.halves.get_mut(&key) {
                    half.went_back = false;
                }
            }
        }
        Ok(())
    }

    fn other(&self, key: (usize, HalfId), tally: TallyId) -> Option<(usize, HalfId)> {
        let mut others = self.halves.iter().filter(|(at, half)| **at != key && half.tally == tally);
        others.next().map(|(at, _)| *at)
    }
}

fn name_of(trace: &Trace, people: &[Person], half: &Half) -> String {
    let who = people.get(half.who).map(|person| person.short().to_owned()).unwrap_or_default();
    let tally = trace.tally_named(&half.tally).unwrap_or_default();
    format!("{who}'s half of {tally}")
}

/// What each side grants the other, in milli-CHIPs.
fn limits(shown: &Summary) -> Sides<i64> {
    let limit = |side| {
        let signed = shown.signed.as_ref();
        signed.map_or(0, |tally| tally.party(side).terms.limit().milli())
    };
    Sides { stock: limit(Side::Stock), foil: limit(Side::Foil) }
}

fn version(tally: &Tally) -> Sim<(u32, Hash)> {
    let hash = tally.hash().map_err(|error| Broken::harness(&error.to_string()))?;
    Ok((tally.members().revision.get(), hash))
}

#[expect(clippy::needless_pass_by_value, reason = "it is an error")]
fn read(error: store::StoreError) -> Broken {
    Broken::harness(&error.to_string())
}
