//! What the auditor knows of lifts between sites: who signed for which, which site promised what, what was decided; and
//! what must hold of it after every step.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use protocol::ledger::Aside;
use protocol::lift::{Authorisation, Certificate, Judged, Leg, Mode, Outcome};
use protocol::{AgentId, Freed, Hash, Lift, LiftId, PaymentId, PublicKey, Record as _, Sides};
use serde::Deserialize;
use store::{HalfId, View};

use super::freed::Words;
use super::half::Half;
use super::part::Part;
use super::room::Name;
use super::{ALL, proof, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::person::Person;
use crate::net::place::Place;
use crate::net::trace::Trace;

/// All halves as they were seen last, by place.
pub(super) type Halves = BTreeMap<(usize, HalfId), Half>;

/// What somebody signed for: a payment.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    hash: Hash,
    pub(super) uuid: PaymentId,
    pub(super) who: usize,
    pub(super) payee: usize,
    payer_home: usize,
    payee_home: usize,
    /// In milli-CHIPs.
    pub(super) units: i64,
    pub(super) most: i64,
}

impl Allowed {
    pub(crate) fn by(who: usize, signed: &Authorisation, people: &[Person]) -> Sim<Self> {
        let hash = signed.hash().map_err(|error| Broken::harness(&error.to_string()))?;
        let payee = people.iter().position(|person| person.name == signed.payee.cuid);
        let payee = payee.ok_or_else(|| Broken::harness("a payee that nobody is"))?;
        let home = |of: usize| people.get(of).map_or(0, |person| person.home);
        let (payer_home, payee_home) = (home(who), home(payee));
        let (units, most) = (signed.units.get().milli(), signed.most.get().milli());
        let uuid = signed.uuid;
        Ok(Self { hash, uuid, who, payee, payer_home, payee_home, units, most })
    }
}

/// What a site has promised.
#[derive(Clone, Debug)]
pub(super) struct Promised {
    /// The epoch of its place then, and how many agents that had had before.
    pub(super) epoch: u64,
    pub(super) agents: usize,
    /// All legs there, in order.
    pub(super) path: Vec<Leg>,
    pub(super) judged: Option<Judged>,
}

impl Promised {
    /// Whether its site has not gone back, and is the same agent, since.
    pub(super) fn is_remembered_by(&self, place: &Place) -> bool {
        (place.epoch, place.former.len()) == (self.epoch, self.agents)
    }
}

/// A lift.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) lift: Lift,
    pub(super) outcome: Option<Outcome>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Lifts {
    allowed: BTreeMap<Hash, Allowed>,
    pub(super) known: BTreeMap<LiftId, Known>,
    /// What a place says of a lift, in its epoch.
    pub(super) at: BTreeMap<(usize, LiftId), Outcome>,
    pub(super) promised: BTreeMap<Name, Promised>,
    /// Those that were not held against what was signed yet.
    pub(super) unweighed: Vec<Name>,
    /// Lifts that a place is not done with.
    open: BTreeMap<usize, BTreeSet<LiftId>>,
    /// Lifts that a place has promised and that are not decided there.
    pub(super) locked: BTreeMap<usize, BTreeSet<LiftId>>,
    rows: BTreeMap<usize, BTreeSet<LiftId>>,
    pub(super) aside: BTreeMap<(usize, HalfId), BTreeMap<LiftId, Aside>>,
    made: BTreeMap<(usize, PaymentId), LiftId>,
    /// What people signed to be free of them.
    pub(super) words: Words,
    /// Halves that both users' words have freed of them.
    pub(super) free: BTreeSet<((usize, HalfId), LiftId)>,
    /// Agents that ever were referees whom sites accept.
    accepted: BTreeSet<AgentId>,
    /// Of whom a payer was told that they come to nothing, by the payer's place.
    told_void: BTreeSet<(usize, LiftId)>,
    /// Places that lie: what they promise, keep and do is nobody's concern.
    pub(super) liars: BTreeSet<usize>,
    /// Places that lie as referees.
    pub(super) false_referees: BTreeSet<usize>,
}

#[derive(Deserialize)]
struct Ledger {
    #[serde(default)]
    aside: BTreeMap<LiftId, Aside>,
    #[serde(default)]
    frees: BTreeMap<LiftId, Sides<Option<Freed>>>,
}

impl Lifts {
    /// A place lies.
    pub(super) fn lies_at(&mut self, place: usize) {
        self.liars.insert(place);
    }

    /// Whether two lifts may both pay what was signed once: where the payee's site lies, which takes it as often as it likes,
    /// or the payer's, which gives as often, and the other one does too, or went back between its two promises and has
    /// forgotten the first.
    fn may_be_paid_twice(&self, allowed: &Allowed, [one, other]: [&LiftId; 2]) -> bool {
        let homes = [allowed.payer_home, allowed.payee_home];
        let lives = |id, home| -> BTreeSet<(u64, usize)> {
            let promised = self.promised_at(id, home).into_iter();
            promised.map(|promised| (promised.epoch, promised.agents)).collect()
        };
        let lies = |home: &usize| self.liars.contains(home);
        // Who never promised one of them has nothing to forget.
        let forgot = |home: &usize| {
            let [one, other] = [one, other].map(|lift| lives(lift, *home));
            !one.is_empty() && !other.is_empty() && one.is_disjoint(&other)
        };
        homes.iter().any(lies) && homes.iter().all(|home| lies(home) || forgot(home))
    }

    /// A payer is told that nothing came of what it signed.
    pub(crate) fn is_told_void(&mut self, who: usize, uuid: PaymentId) {
        let mine = |known: &&Known| {
            let allowed = self.allowed_for(&known.lift);
            allowed.is_some_and(|allowed| (allowed.who, allowed.uuid) == (who, uuid))
        };
        let of: Vec<LiftId> =
            self.known.values().filter(mine).filter_map(|known| known.lift.id().ok()).collect();
        let home = self.allowed.values().find(|allowed| allowed.uuid == uuid);
        let Some(home) = home.map(|allowed| allowed.payer_home) else { return };
        let promised = of.into_iter().filter(|id| !self.promised_at(id, home).is_empty());
        let told: Vec<_> = promised.map(|id| (home, id)).collect();
        self.told_void.extend(told);
    }

    /// Somebody signs for a payment.
    pub(crate) fn allows(&mut self, allowed: Allowed) {
        self.allowed.insert(allowed.hash, allowed);
    }

    pub(super) fn allowed_for(&self, lift: &Lift) -> Option<&Allowed> {
        self.allowed.get(&lift.payment?)
    }

    /// A place went back: what it set aside and decided since is forgotten there.
    pub(super) fn went_back(&mut self, place: usize) {
        self.aside.retain(|(at, _), _| *at != place);
        self.at.retain(|(at, _), _| *at != place);
        self.told_void.retain(|(at, _)| *at != place);
        self.free.retain(|((at, _), _)| *at != place);
        self.open.remove(&place);
        self.locked.remove(&place);
        self.rows.remove(&place);
    }

    /// Reads the parts that a place has in lifts, as far as something may be new.
    pub(super) async fn look(
        &mut self,
        number: usize,
        place: &Place,
        view: &mut View,
        trace: &Trace,
    ) -> Sim<Vec<Part>> {
        let mut ids = self.open.remove(&number).unwrap_or_default();
        ids.extend(view.open_parts(None, ALL).await.map_err(read)?.iter().map(|row| row.lift));
        for row in view.lifts(None, ALL).await.map_err(read)? {
            if self.rows.entry(number).or_default().insert(row.id) {
                ids.insert(row.id);
            }
        }
        let (mut parts, mut open, mut locked) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for id in ids {
            for row in view.parts_in(&id).await.map_err(read)? {
                let part = Part::read(&row)?;
                self.takes(number, place, &part, trace)?;
                if part.certificate.is_none() && part.has_promised() {
                    locked.insert(id);
                }
                if part.certificate.is_none() || !part.settled {
                    open.insert(id);
                }
                parts.push(part);
            }
        }
        self.open.insert(number, open);
        self.locked.insert(number, locked);
        Ok(parts)
    }

    fn takes(&mut self, number: usize, place: &Place, part: &Part, trace: &Trace) -> Sim<()> {
        let id = part.id;
        self.known.entry(id).or_insert_with(|| Known { lift: part.lift.clone(), outcome: None });
        if part.has_promised() && !part.path.is_empty() {
            self.is_under_accepted(place, part, trace)?;
            let now = Promised {
                epoch: place.epoch,
                agents: place.former.len(),
                path: part.path.clone(),
                judged: part.judged.clone(),
            };
            let key = (id, number, part.name);
            if let Entry::Vacant(new) = self.promised.entry(key) {
                new.insert(now);
                self.unweighed.push(key);
            }
        }
        if let (Some(one), Some(other)) = (&part.certificate, &part.opposite)
            && [one, other].iter().all(|one| proof::fault(&part.lift, one).is_none())
        {
            let short = trace.lift_named(&id);
            let what = format!("site {}, lift {short}: it was decided both ways", place.name);
            return Err(Broken::new(Invariant::Atomic, what).about([short]));
        }
        match &part.certificate {
            Some(certificate) => self.decided(number, place, &part.lift, certificate, trace),
            None => Ok(()),
        }
    }

    /// These agents decide lifts, in the eyes of all sites.
    pub(crate) fn accepts(&mut self, referees: &[AgentId]) {
        self.accepted.extend(referees);
    }

    /// A site promises only under referees that it accepts.
    fn is_under_accepted(&self, place: &Place, part: &Part, trace: &Trace) -> Sim<()> {
        let stranger = part.lift.referees.iter().find(|agent| !self.accepted.contains(agent));
        let Some(stranger) = stranger else { return Ok(()) };
        let short = trace.lift_named(&part.id);
        let what = format!(
            "site {} has promised lift {short}, of which {stranger} is a referee, whom nobody accepts",
            place.name
        );
        Err(Broken::new(Invariant::Theft, what).about([short]))
    }

    /// A place has a certificate.
    fn decided(
        &mut self,
        number: usize,
        place: &Place,
        lift: &Lift,
        certificate: &Certificate,
        trace: &Trace,
    ) -> Sim<()> {
        let (id, outcome) = (certificate.lift, certificate.outcome);
        if self.at.insert((number, id), outcome) == Some(outcome) {
            return Ok(());
        }
        let short = trace.lift_named(&id);
        let broken = |invariant, what: String| {
            let what = format!("site {}, lift {short}: {what}", place.name);
            Err(Broken::new(invariant, what).about([short.clone()]))
        };
        if let Some(fault) = proof::fault(lift, certificate) {
            return broken(Invariant::Proof, format!("it goes by a certificate, but {fault}"));
        }
        let Some(known) = self.known.get_mut(&id) else { return Ok(()) };
        if known.outcome.is_some_and(|before| before != outcome) {
            let what = format!("it is {} here, and the opposite elsewhere", outcome.word());
            return broken(Invariant::Atomic, what);
        }
        let is_new = known.outcome.replace(outcome).is_none();
        if outcome == Outcome::Void || !is_new {
            return Ok(());
        }
        // Nobody signs for what only makes debts smaller; what it did is looked at where it is done.
        if lift.mode == Mode::Clearing {
            return Ok(());
        }
        let Some(allowed) = self.allowed_for(lift) else {
            return broken(
                Invariant::Theft,
                "it is valid, and no payer has signed for it".to_owned(),
            );
        };
        let (name, payer_home, allowed) =
            ((allowed.who, allowed.uuid), allowed.payer_home, allowed.clone());
        if self.told_void.contains(&(payer_home, id)) {
            return broken(
                Invariant::Kept,
                "its payer was told that nothing came of it".to_owned(),
            );
        }
        if let Some(before) = self.made.insert(name, id).filter(|before| *before != id)
            && !self.may_be_paid_twice(&allowed, [&before, &id])
        {
            let what = format!("it pays what {} has paid before", trace.lift_named(&before));
            return broken(Invariant::PaidOnce, what);
        }
        Ok(())
    }

    /// Whether a leg was promised by the site at which this person lives.
    pub(crate) fn has_promised(&self, lift: &LiftId, home: usize, leg: &Leg) -> bool {
        self.promised_at(lift, home).iter().any(|promised| promised.path.contains(leg))
    }

    /// Whether a place keeps a promise of this lift, and no decision.
    pub(super) fn is_locked_at(&self, place: usize, lift: &LiftId) -> bool {
        self.locked.get(&place).is_some_and(|lifts| lifts.contains(lift))
    }

    /// Whether somebody takes part in a lift whose key no honest site promised with.
    pub(super) fn has_stranger(&self, lift: &LiftId) -> bool {
        let of_lift = || self.promised.keys().filter(|(of, ..)| of == lift);
        let Some(known) = self.known.get(lift) else { return true };
        let is_honest = |key: &PublicKey| of_lift().any(|(.., name)| *name == key.name());
        !known.lift.participants.iter().all(is_honest)
    }

    /// Whether a lift is known to be valid.
    pub(super) fn is_valid(&self, lift: &LiftId) -> bool {
        self.known.get(lift).is_some_and(|known| known.outcome == Some(Outcome::Commit))
    }

    /// A half changed: what was set aside there is so still, or its lift is decided.
    pub(super) fn half_changed(
        &mut self,
        (number, half): (usize, HalfId),
        row: &store::Half,
        now: &Half,
        trace: &Trace,
    ) -> Sim<()> {
        let ledger = row.row.ledger.as_deref().map(serde_json::from_str::<Ledger>).transpose();
        let ledger = ledger.map_err(|error| Broken::harness(&error.to_string()))?;
        let (aside, frees) = ledger.map(|ledger| (ledger.aside, ledger.frees)).unwrap_or_default();
        for (lift, words) in &frees {
            if self.is_freed(now.tally, lift, words) {
                self.free.insert(((number, half), *lift));
            }
        }
        let before = self.aside.insert((number, half), aside).unwrap_or_default();
        let Some(aside) = self.aside.get(&(number, half)) else { return Ok(()) };
        if let Some(lift) = aside.keys().next().filter(|_| now.status == "close") {
            let (short, tally) = (trace.lift_named(lift), trace.tally_named(&now.tally));
            let tally = tally.unwrap_or_default();
            let what = format!("{tally} is closed, and something is set aside for lift {short}");
            return Err(Broken::new(Invariant::Closed, what).about([short, tally]));
        }
        for lift in before.keys().filter(|lift| !aside.contains_key(*lift)) {
            let decided = self.at.contains_key(&(number, *lift)) || now.lifts.contains_key(lift);
            if decided || self.free.contains(&((number, half), *lift)) {
                continue;
            }
            let short = trace.lift_named(lift);
            let what = format!(
                "what was set aside for lift {short} on {} is free, and neither a certificate nor both users say so",
                trace.tally_named(&now.tally).unwrap_or_default()
            );
            return Err(Broken::new(Invariant::Aside, what).about([short]));
        }
        Ok(())
    }

    /// What was promised is set aside, and what was decided is done at once on all legs of a site.
    pub(super) fn are_applied(
        &self,
        number: usize,
        place: &Place,
        parts: &[Part],
        halves: &Halves,
        trace: &Trace,
    ) -> Sim<()> {
        for part in parts {
            let short = trace.lift_named(&part.id);
            let broken = |invariant, what: &str| {
                let what = format!("site {}, lift {short}: {what}", place.name);
                Err(Broken::new(invariant, what).about([short.clone()]))
            };
            if !self.promised.contains_key(&(part.id, number, part.name)) {
                continue;
            }
            let on_path = |half: &Half| part.path.iter().any(|leg| leg.tally == half.tally);
            let here = halves.iter().filter(|((at, _), half)| *at == number && on_path(half));
            for (key, half) in here {
                let has_chit = half.lifts.contains_key(&part.id);
                let is_aside =
                    self.aside.get(key).is_some_and(|aside| aside.contains_key(&part.id));
                match part.certificate.as_ref().map(|certificate| certificate.outcome) {
                    None if part.judged.is_some()
                        && !is_aside
                        && !has_chit
                        && !self.free.contains(&(*key, part.id)) =>
                    {
                        return broken(Invariant::Aside, "promised, and not set aside");
                    }
                    Some(Outcome::Commit) if part.settled && !has_chit => {
                        return broken(Invariant::Atomic, "it is valid, and a leg has no chit");
                    }
                    Some(Outcome::Void) if has_chit => {
                        return broken(Invariant::Atomic, "it is void, and a leg has a chit");
                    }
                    Some(_) if part.settled && is_aside => {
                        return broken(Invariant::Aside, "decided and done, and still set aside");
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
