//! No theft: what a valid lift did to everybody whom it touched, by what each has signed; and that all of it is done.

use std::collections::{BTreeMap, BTreeSet};

use protocol::chit::Entry;
use protocol::lift::{Leg, Mode, Outcome};
use protocol::{Hash, LiftId, Side, TallyId};

use super::book::Book;
use super::half::Half;
use super::lifts::{Halves, Known, Lifts, Promised};
use super::part::Part;
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;
use crate::net::trace::Trace;

/// Lifts between sites, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiftsEnded {
    pub(crate) made: u64,
    /// Of those, the ones that cleared debts.
    pub(crate) cleared: u64,
    /// Of those, by more referees than one.
    pub(crate) made_by_many: u64,
    /// Of those, by seven.
    pub(crate) made_by_seven: u64,
    pub(crate) void: u64,
    /// Whose referees are gone, or forgot: sites ask for what was decided for ever.
    pub(crate) undecided: u64,
    /// That have a leg which its users freed, whatever was decided then.
    pub(crate) freed: u64,
}

impl Lifts {
    /// Lifts that a site is done with are fair to everybody there.
    pub(super) fn are_fair(
        &self,
        (number, place): (usize, &Place),
        parts: &[Part],
        (halves, book): (&Halves, &Book),
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        let valid = |part: &Part| {
            let outcome = part.certificate.as_ref().map(|certificate| certificate.outcome);
            part.settled && outcome == Some(Outcome::Commit)
        };
        let lifts: BTreeSet<LiftId> = parts.iter().map(|part| part.id).collect();
        for id in lifts.iter().filter(|id| !self.clears(id)) {
            // One payment may leave a site in several parts, and nobody is done before all of them are.
            if !parts.iter().filter(|part| part.id == *id).all(valid) {
                continue;
            }
            let promised = self.promised_at(id, number);
            // Since it went back it hears of the lift tally by tally.
            if !promised.iter().all(|promised| promised.is_remembered_by(place)) {
                continue;
            }
            let here = halves.iter().filter(|((at, _), _)| *at == number).map(|(_, half)| half);
            self.is_fair(id, &promised, here, book, people, trace)?;
        }
        Ok(())
    }

    /// All that a place has promised of a lift, part by part.
    pub(super) fn promised_at(&self, id: &LiftId, number: usize) -> Vec<&Promised> {
        let first = Hash::from_bytes([0; 32]);
        let of_lift = self.promised.range((*id, number, first)..);
        let of_place = of_lift.take_while(|((lift, at, _), _)| (lift, *at) == (id, number));
        of_place.map(|(_, promised)| promised).collect()
    }

    /// What the legs that a site promised did to whoever has a half among these.
    fn is_fair<'a>(
        &self,
        id: &LiftId,
        promised: &[&Promised],
        halves: impl Iterator<Item = &'a Half>,
        book: &Book,
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        let Some(known) = self.known.get(id) else { return Ok(()) };
        // By whom: what it comes to, and what each part owes it.
        let mut nets: BTreeMap<usize, (i64, BTreeMap<usize, i128>)> = BTreeMap::new();
        for half in halves {
            let Some(effect) = half.lifts.get(id) else { continue };
            for (number, part) in promised.iter().enumerate() {
                let Some(leg) = part.path.iter().find(|leg| leg.tally == half.tally) else {
                    continue;
                };
                let net = nets.entry(half.who).or_default();
                net.0 += effect;
                if leg.by == half.side {
                    let most = net.1.entry(number).or_default();
                    *most = due(part, leg, half.side, book).max(*most);
                }
            }
        }
        let short = trace.lift_named(id);
        for (who, (net, dues)) in nets {
            let due = dues.values().sum();
            if let Some(what) = self.wrong(known, who, net, due) {
                let name = people.get(who).map(|person| person.short().to_owned());
                let what = format!("lift {short}: {} {what}", name.unwrap_or_default());
                return Err(Broken::new(Invariant::Theft, what).about([short]));
            }
        }
        Ok(())
    }

    /// What is wrong with somebody's share; `due` in millionths of milli-CHIPs.
    fn wrong(&self, known: &Known, who: usize, net: i64, due: i128) -> Option<String> {
        let Some(allowed) = self.allowed_for(&known.lift) else {
            return Some(format!("ends with {net}, and nobody has signed for it"));
        };
        if who == allowed.who {
            let within = (-allowed.most..=-allowed.units).contains(&net);
            return (!within).then(|| {
                format!("gave {}, and signed {} to {}", -net, allowed.units, allowed.most)
            });
        }
        if who == allowed.payee {
            let exact = net == allowed.units;
            return (!exact).then(|| format!("got {net} where {} is paid", allowed.units));
        }
        let whole = i128::from(net) * 1_000_000 >= due.max(0);
        (!whole).then(|| format!("ends with {net}, and is due {due} millionths"))
    }

    /// The last look: every leg of a valid lift is at both halves, everybody has what it signed for, and nothing waits
    /// whose referees live.
    pub(super) fn end(
        &self,
        places: &[Place],
        (halves, book): (&Halves, &Book),
        people: &[Person],
        trace: &Trace,
        now: i64,
    ) -> Sim<LiftsEnded> {
        if let Some((at, id)) = self.undecided(places, now) {
            let (short, place) = (trace.lift_named(id), places.get(at).map(|place| &place.name));
            let what = format!("lift {short} waits at {place:?}, and its referees live");
            return Err(Broken::new(Invariant::Ends, what).about([short]));
        }
        let freed = u64::try_from(self.freed().len()).unwrap_or(u64::MAX);
        let mut ended = LiftsEnded { freed, ..LiftsEnded::default() };
        for (id, known) in &self.known {
            match known.outcome {
                Some(Outcome::Commit) => {
                    ended.made += 1;
                    ended.cleared += u64::from(known.lift.mode == Mode::Clearing);
                    ended.made_by_many += u64::from(known.lift.referees.len() > 1);
                    ended.made_by_seven += u64::from(known.lift.referees.len() == 7);
                    self.is_whole(id, places, (halves, book), people, (trace, now))?;
                }
                Some(Outcome::Void) => ended.void += 1,
                None => ended.undecided += u64::from(self.waits(id)),
            }
        }
        self.brought_back(places, (halves, book), people, trace)?;
        Ok(ended)
    }

    /// A leg is lost only where every site that promised it has gone back, or is another agent, since, and nobody knows it
    /// then but devices; or where nobody knows any more how the lift was decided. Whoever has all of its legs has what it signed for.
    fn is_whole(
        &self,
        id: &LiftId,
        places: &[Place],
        (halves, book): (&Halves, &Book),
        people: &[Person],
        (trace, now): (&Trace, i64),
    ) -> Sim<()> {
        let of_lift = || self.promised.iter().filter(|((lift, ..), _)| lift == id);
        // A sole referee that went back has forgotten what it decided; whom it told nothing waits for ever.
        let knows = |(at, lift): &(usize, LiftId)| lift == id && !self.liars.contains(at);
        let can_be_known = self.at.keys().any(knows) || self.can_be_decided(id, places, now);
        let mut lost: BTreeSet<TallyId> = BTreeSet::new();
        let legs: BTreeMap<TallyId, Leg> = of_lift()
            .flat_map(|(_, promised)| promised.path.iter().map(|leg| (leg.tally, *leg)))
            .collect();
        for leg in legs.values() {
            let remembers = of_lift().any(|((_, at, _), promised)| {
                let same = places.get(*at).is_some_and(|place| promised.is_remembered_by(place));
                same && promised.path.contains(leg)
            });
            let at = |side| {
                if book
                    .sides
                    .get(&(leg.tally, side))
                    .and_then(|who| people.get(*who))
                    .is_some_and(|person| self.liars.contains(&person.home))
                {
                    return true;
                }
                let of_side = |half: &&Half| half.tally == leg.tally && half.side == side;
                halves.values().find(of_side).is_some_and(|half| half.lifts.contains_key(id))
            };
            let (giver, taker) = (at(leg.by), at(leg.by.other()));
            if giver && taker {
                continue;
            }
            // What it said as another agent a site that went back takes for its own only where that was long over.
            let forgot = !giver && self.is_another_since(id, leg, (places, book), people);
            if remembers && can_be_known && !forgot {
                let (short, tally) = (trace.lift_named(id), trace.tally_named(&leg.tally));
                let who = if giver { "the taker" } else { "the giver" };
                let tally = tally.unwrap_or_default();
                let what = format!(
                    "lift {short} is valid, and its leg of {} on {tally} is not at {who}'s half",
                    leg.units.get()
                );
                return Err(Broken::new(Invariant::Whole, what).about([short, tally]));
            }
            lost.insert(leg.tally);
        }
        self.is_clear(id, &lost, halves, people, trace)?;
        let at: BTreeSet<usize> = of_lift().map(|((_, at, _), _)| *at).collect();
        for at in at.iter().filter(|_| !self.clears(id)) {
            // Whoever lost one leg may not be whole: nobody can prove the other one to it.
            let whole = |half: &&Half| {
                let own = |other: &Half| other.who == half.who && lost.contains(&other.tally);
                !halves.values().any(own)
            };
            let here = halves.iter().filter(|((place, _), _)| place == at).map(|(_, half)| half);
            let promised = self.promised_at(id, *at);
            self.is_fair(id, &promised, here.filter(whole), book, people, trace)?;
        }
        Ok(())
    }
}

/// What somebody is due who gives this leg, by the settings that its site's promise names, in millionths of
/// milli-CHIPs.
fn due(promised: &Promised, leg: &Leg, side: Side, book: &Book) -> i128 {
    let judged = promised.judged.iter().flat_map(|judged| judged.by.iter());
    let counter = judged.filter(|by| by.tally == leg.tally).find_map(|by| *by.counters.of(side));
    let Some(counter) = counter else { return 0 };
    let mut sets =
        book.chits.values().filter(|written| (written.tally, written.by) == (leg.tally, side));
    let set = sets.find_map(|written| written.set.filter(|set| set.counter == counter));
    let clutch = set.map_or(0, |set| set.settings.clutch().ppm());
    i128::from(clutch) * i128::from(leg.units.get().milli())
}

impl Lifts {
    /// Whether the giver's site has gone back since its promise, and is another agent.
    fn is_another_since(
        &self,
        id: &LiftId,
        leg: &Leg,
        (places, book): (&[Place], &Book),
        people: &[Person],
    ) -> bool {
        let giver = book.sides.get(&(leg.tally, leg.by)).and_then(|who| people.get(*who));
        let Some((home, place)) =
            giver.and_then(|giver| Some((giver.home, places.get(giver.home)?)))
        else {
            return false;
        };
        let promised = self.promised_at(id, home);
        let is_past = |promised: &&Promised| {
            promised.epoch < place.epoch && promised.agents < place.former.len()
        };
        // Who never promised has nothing to forget.
        !promised.is_empty() && promised.iter().all(is_past)
    }

    /// Whether a leg between two users of one site, which went back, is not taken there again, as all its other legs lead to
    /// sites that lie and show none of them.
    pub(super) fn is_up_to_liars(
        &self,
        (lift, tally): (&LiftId, TallyId),
        (halves, book): (&Halves, &Book),
        people: &[Person],
    ) -> bool {
        let homes = |tally: TallyId| {
            let home = |side| Some(people.get(*book.sides.get(&(tally, side))?)?.home);
            Some([home(Side::Stock)?, home(Side::Foil)?])
        };
        let Some([home, other]) = homes(tally) else { return false };
        let promised = self.promised_at(lift, home);
        let legs = promised.iter().flat_map(|promised| &promised.path);
        let crossing: Vec<TallyId> =
            legs.map(|leg| leg.tally).filter(|of| homes(*of) != Some([home; 2])).collect();
        let lies =
            |of: &TallyId| homes(*of).is_some_and(|at| at.iter().any(|at| self.liars.contains(at)));
        let stands = |of: &TallyId| {
            halves.values().any(|half| half.tally == *of && half.lifts.contains_key(lift))
        };
        home == other
            && !crossing.is_empty()
            && crossing.iter().all(lies)
            && !crossing.iter().any(stands)
    }

    /// Whether the other user's site lies, and is another agent than it was: what that one signed of lifts counts for nothing, and
    /// it need not say it again.
    fn is_denied(
        &self,
        (who, tally): (usize, TallyId),
        (places, book): (&[Place], &Book),
        people: &[Person],
    ) -> bool {
        let users = Side::BOTH.iter().filter_map(|side| book.sides.get(&(tally, *side)));
        let mut homes = users.filter(|user| **user != who).filter_map(|user| people.get(*user));
        homes.any(|other| {
            let is_another = |place: &Place| !place.former.is_empty();
            self.liars.contains(&other.home) && places.get(other.home).is_some_and(is_another)
        })
    }

    /// What a device has of lifts, its site has.
    fn brought_back(
        &self,
        places: &[Place],
        (halves, book): (&Halves, &Book),
        people: &[Person],
        trace: &Trace,
    ) -> Sim<()> {
        let honest = |person: &Person| !self.liars.contains(&person.home);
        for (who, person) in people.iter().enumerate().filter(|(_, person)| honest(person)) {
            for (tally, kept) in &person.kept {
                for chit in &kept.chits {
                    let Entry::Lift { lift, .. } = &chit.entry else { continue };
                    let mut own =
                        halves.values().filter(|half| half.who == who && half.tally == *tally);
                    if !own.any(|half| half.lifts.contains_key(lift))
                        && !self.is_up_to_liars((lift, *tally), (halves, book), people)
                        && !self.is_denied((who, *tally), (places, book), people)
                    {
                        let short = trace.lift_named(lift);
                        let what = format!(
                            "{}'s device has a chit of lift {short}, and its site has not",
                            person.short()
                        );
                        return Err(Broken::new(Invariant::Present, what).about([short]));
                    }
                }
            }
        }
        Ok(())
    }
}
