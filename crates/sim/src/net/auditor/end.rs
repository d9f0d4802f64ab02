//! What must hold once faults have stopped, messages have flowed, and people's devices have been heard.

use std::collections::BTreeMap;

use protocol::chit::Entry;
use protocol::{Hash, Record as _, TallyId};

use super::excuse::Searched;
use super::fair::LiftsEnded;
use super::freed::Lock;
use super::half::{Half, is_open};
use super::{Auditor, name_of};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;
use crate::net::trace::Trace;

/// How tallies ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// By status of the stock's half, or of the only one.
    pub(crate) statuses: BTreeMap<String, u64>,
    /// What is owed, in milli-CHIPs.
    pub(crate) owed: i128,
    /// Chits, each counted once.
    pub(crate) chits: u64,
    /// Lifts between sites.
    pub(crate) lifts: LiftsEnded,
    /// How much was searched for what is nobody else's business.
    pub(crate) searched: Searched,
    /// Proofs that agents lie.
    pub(crate) proofs: u64,
    /// Referees of which an honest one held two statements that contradict each other; each is named.
    pub(crate) named: u64,
    /// Sites that honest ones have proofs against.
    pub(crate) sites_named: u64,
    /// All chains, as text.
    pub(crate) heads: String,
}

impl Auditor {
    /// The last look of all.
    pub(crate) async fn end(
        &mut self,
        places: &[Place],
        people: &[Person],
        trace: &Trace,
        now: i64,
    ) -> Sim<Ending> {
        let mut tallies: BTreeMap<TallyId, Vec<&Half>> = BTreeMap::new();
        for half in self.halves.values() {
            tallies.entry(half.tally).or_default().push(half);
        }
        let mut ending = Ending::default();
        for halves in tallies.values() {
            for half in halves {
                self.present(half, people, trace)?;
            }
            match halves.as_slice() {
                [one, other] => {
                    let at =
                        |half: &Half| people.get(half.who).and_then(|who| places.get(who.home));
                    let moved = [one, other]
                        .iter()
                        .any(|half| at(half).is_some_and(|at| !at.former.is_empty()));
                    same(one, other, moved, people, trace)?;
                }
                [alone] if alone.signed.is_some() && !self.partner_lies(alone, people) => {
                    let what = format!("{}: the other half is gone", name_of(trace, people, alone));
                    return Err(about(Invariant::Same, what, alone, trace));
                }
                _ => {}
            }
            let Some(half) = halves.first() else { continue };
            *ending.statuses.entry(half.status.clone()).or_default() += 1;
            ending.owed += half.balance.abs();
            ending.chits += u64::try_from(half.chits.len()).unwrap_or(0);
            let chits: Vec<String> = half.chits.iter().map(Hash::to_string).collect();
            ending.heads.push_str(&chits.join(" "));
        }
        self.all_there(people, trace)?;
        self.lies_between((places, people), trace, now).await?;
        if let Some(Lock { tally, lift, .. }) = self.locked(people, places, now) {
            let (short, name) = (trace.lift_named(&lift), trace.tally_named(&tally));
            let name = name.unwrap_or_default();
            let what = format!("what lift {short} set aside on {name} is locked for ever");
            return Err(Broken::new(Invariant::Ends, what).about([short, name]));
        }
        ending.lifts = self.lifts.end(places, (&self.halves, &self.book), people, trace, now)?;
        for (number, place) in places.iter().enumerate() {
            self.privacy.keeps(number, place)?;
        }
        let proofs = self.slanders_nobody(places).await?;
        ending.proofs = proofs.many;
        ending.named = self.names_liars(places, &proofs.referees)?;
        ending.sites_named = self.names_sites(places, &proofs.sites)?;
        let honest = places.iter().enumerate().filter(|(at, _)| !self.liars.contains(at));
        for (_, place) in honest {
            let Some(site) = &place.site else { continue };
            let doctor = site.doctor(&mut |_| {}).await;
            let doctor = doctor.map_err(|error| place.cannot("be examined", &error))?;
            if !doctor.ok {
                let what = format!("site {}: {:?}", place.name, doctor.faults);
                return Err(Broken::new(Invariant::Doctor, what));
            }
        }
        ending.searched = self.privacy.searched();
        Ok(ending)
    }

    /// Everything that people were told is done is at this half, be it its holder's or the partner's.
    fn present(&self, half: &Half, people: &[Person], trace: &Trace) -> Sim<()> {
        let sides = self.book.sides.iter().filter(|((tally, _), _)| *tally == half.tally);
        for (_, who) in sides.filter(|(_, who)| !self.is_with_liars(**who, people)) {
            for told in self.book.told.get(&(*who, half.tally)).into_iter().flatten() {
                if !half.chits.contains(&told.chit)
                    && !self.is_up_to_liars(*who, half.tally, &told.chit, people)?
                {
                    let name = name_of(trace, people, half);
                    let signer = people.get(*who).map(|person| person.short().to_owned());
                    let what = format!(
                        "{name}: {} was told that chit {} is taken, and it is not there",
                        signer.unwrap_or_default(),
                        told.chit
                    );
                    return Err(about(Invariant::Present, what, half, trace));
                }
            }
        }
        Ok(())
    }

    /// Whether a chit that somebody was told of is of a lift that only sites which lie could show again.
    fn is_up_to_liars(
        &self,
        who: usize,
        tally: TallyId,
        told: &Hash,
        people: &[Person],
    ) -> Sim<bool> {
        let kept = people.get(who).and_then(|person| person.kept.get(&tally));
        for chit in kept.into_iter().flat_map(|kept| &kept.chits) {
            let Entry::Lift { lift, .. } = &chit.entry else { continue };
            let hash = chit.hash().map_err(|error| Broken::harness(&error.to_string()))?;
            if hash == *told {
                let known = (&self.halves, &self.book);
                return Ok(self.lifts.is_up_to_liars((lift, tally), known, people));
            }
        }
        Ok(false)
    }

    /// Whether the other half is at a site that lies.
    pub(super) fn partner_lies(&self, half: &Half, people: &[Person]) -> bool {
        let theirs = self.book.sides.get(&(half.tally, half.side.other()));
        theirs.is_some_and(|who| self.is_with_liars(*who, people))
    }

    /// Nobody who was told that a tally is signed by both has lost it.
    fn all_there(&self, people: &[Person], trace: &Trace) -> Sim<()> {
        let agreed = self.book.agreed.iter();
        for ((who, tally), revision) in
            agreed.filter(|((who, _), _)| !self.is_with_liars(*who, people))
        {
            let here = |half: &&Half| half.who == *who && half.tally == *tally;
            let half = self.halves.values().find(here);
            let signed = half.and_then(|half| half.signed).map_or(0, |(revision, _)| revision);
            if signed < *revision {
                let name = people.get(*who).map(|person| person.short().to_owned());
                let short = trace.tally_named(tally).unwrap_or_default();
                let name = name.unwrap_or_default();
                let what = format!("{name} was told that revision {revision} of {short} is signed");
                return Err(Broken::new(Invariant::Present, what).about([short]));
            }
        }
        Ok(())
    }
}

fn about(invariant: Invariant, what: String, half: &Half, trace: &Trace) -> Broken {
    Broken::new(invariant, what).about(trace.tally_named(&half.tally))
}

/// Both halves say the same.
fn same(one: &Half, other: &Half, moved: bool, people: &[Person], trace: &Trace) -> Sim<()> {
    let name = name_of(trace, people, one);
    let broken = |what: &str| {
        let what = format!("{name}, and its partner's: {what}");
        Err(about(Invariant::Same, what, one, trace))
    };
    if one.signed != other.signed {
        return broken("they rest on different tallies");
    }
    if one.chits != other.chits {
        return broken("they have different chits");
    }
    if one.balance != -other.balance {
        return broken("their balances are not opposite");
    }
    if one.agreed != other.agreed || usize::try_from(one.agreed).ok() != Some(one.chits.len()) {
        return broken("they do not know of each other that they have the same");
    }
    if one.signed.is_some() && (one.waiting || other.waiting) {
        return broken("one of them still waits for what it lost");
    }
    if is_open(&one.status) && one.status != other.status {
        let what = format!("one is {}, the other {}", one.status, other.status);
        return broken(&what);
    }
    // What was offered to somebody whose agent is no more stays so until it expires.
    if one.signed.is_none() && moved {
        return Ok(());
    }
    for status in [&one.status, &other.status] {
        if matches!(status.as_str(), "draft.offer" | "offer.open" | "offer.draft" | "offer.void") {
            return broken(&format!("it is in flight for ever: {status}"));
        }
    }
    Ok(())
}
