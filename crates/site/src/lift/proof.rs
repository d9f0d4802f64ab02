//! What proves a lift's chits: its record, its certificate and its legs, as they are kept here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::bounded::List;
use protocol::chit::{Chit, Entry};
use protocol::export::LiftProof;
use protocol::ledger::Good;
use protocol::lift::{Certificate, Committed, Conditional, Leg, Legs, LiftFault};
use protocol::record::Record;
use protocol::{AgentId, Cuid, Hash, Lift, LiftId, Side, Signer, TallyId, Verified};
use store::{Half, LegAt, View};

use super::verify::payment_faults;
use crate::between::{LegProof, Part};
use crate::error::SiteError;
use crate::known::Known;

/// A lift that was decided to be valid, with all its legs: everything checked.
pub(crate) struct Proven {
    pub(crate) committed: Committed,
    /// Of a lift between sites only those of this one, and only where the giver's word is here.
    proofs: BTreeMap<TallyId, LegProof>,
    /// Whether this site still has what it promised by.
    remembered: bool,
    /// The halves that it touches: a leg names its tally by an id, which others may have given to a
    /// tally of their own.
    halves: BTreeSet<(TallyId, Cuid, Side)>,
}

impl Proven {
    /// Checks a lift as it is kept; `rows` are all its legs here, `parts` those that this site takes in it where there
    /// are other sites in it.
    pub(crate) fn check(
        kept: &store::Lift,
        rows: &[LegAt],
        parts: &[Part],
    ) -> Result<Self, SiteError> {
        let lift = Lift::read(kept.record.as_bytes())?;
        let certificate = kept.certificate.as_deref().ok_or(SiteError::NoLift(kept.id))?;
        let committed = Committed::check(lift, &Certificate::read(certificate.as_bytes())?)?;
        if committed.id() != kept.id {
            let (named, lift) = (committed.id(), kept.id);
            return Err(LiftFault::OtherLift { named, lift }.into());
        }
        let proofs = if committed.lift().participants.is_empty() {
            let legs = Legs::new(legs(rows), committed.lift().salt())?;
            legs.with_ways().map(|(leg, way)| (leg.tally, (*leg, way, None))).collect()
        } else {
            proofs_of(parts)?
        };
        let half = |row: &LegAt| (row.tally, row.holder.clone(), row.side);
        let remembered = parts.iter().all(Part::is_remembered);
        Ok(Self { committed, proofs, remembered, halves: rows.iter().map(half).collect() })
    }

    /// Its legs, by tally.
    pub(super) fn legs(&self) -> Vec<Leg> {
        self.proofs.values().map(|(leg, ..)| *leg).collect()
    }

    /// Whether all that this site judged by is here; where it lost that, and heard of the lift from others, only the proof.
    pub(super) const fn is_remembered(&self) -> bool {
        self.remembered
    }

    /// Whether other sites take part in it: then its legs here are not all.
    pub(super) fn is_between_sites(&self) -> bool {
        !self.committed.lift().participants.is_empty()
    }

    /// The chit of the lift on a tally.
    pub(crate) fn good_on(&self, tally: &TallyId) -> Result<Good, SiteError> {
        let lift = self.committed.id();
        let found = self.proofs.get(tally).ok_or(LiftFault::NotALeg { lift, tally: *tally })?;
        Ok(Good::of_lift(&self.committed, &found.0, &found.1)?)
    }

    /// This very chit, where it is the lift's, and the half one that the lift touches.
    fn good(&self, chit: &Chit, half: &Half) -> Result<Good, SiteError> {
        let name = (chit.tally, half.holder.clone(), half.side);
        if half.tally != chit.tally || !self.halves.contains(&name) {
            let (lift, tally) = (self.committed.id(), chit.tally);
            return Err(LiftFault::NotALeg { lift, tally }.into());
        }
        let good = self.good_on(&chit.tally)?;
        if good.chit() == chit { Ok(good) } else { Err(LiftFault::OtherChit(chit.uuid).into()) }
    }
}

/// What proves the legs of the parts that this site takes in a lift.
fn proofs_of(parts: &[Part]) -> Result<BTreeMap<TallyId, LegProof>, SiteError> {
    let mut proofs = BTreeMap::new();
    for part in parts {
        for tally in part.tallies() {
            if let Some(proof) = part.proof(&tally)? {
                proofs.insert(tally, proof);
            }
        }
    }
    Ok(proofs)
}

/// The legs that rows tell of, each once though both halves have it.
fn legs(rows: &[LegAt]) -> Vec<Leg> {
    let mut legs = BTreeMap::new();
    for row in rows {
        let milli = row.leg.effect.milli();
        let gives = if milli < 0 { row.side } else { row.side.other() };
        let units = if milli < 0 { row.leg.effect.negated() } else { row.leg.effect };
        if let Ok(units) = units.try_into() {
            let leg = Leg { tally: row.tally, by: gives, units };
            legs.insert((row.tally, leg), leg);
        }
    }
    legs.into_values().collect()
}

/// Checks every chit of a list for a half, in its order: a lift's by the lift, all others by `signed`,
/// which gives one for each in the same order.
pub(crate) async fn check_all(
    view: &mut View,
    known: &Known,
    half: &Half,
    chits: Vec<Chit>,
    signed: impl FnOnce(Vec<Chit>) -> Result<Vec<Good>, SiteError>,
) -> Result<Vec<Good>, SiteError> {
    let (mut lifted, mut others) = (Vec::new(), Vec::new());
    for (place, chit) in chits.into_iter().enumerate() {
        match chit.entry {
            Entry::Lift { lift, .. } => {
                lifted.push((place, proven(view, known, lift).await?.good(&chit, half)?));
            }
            _ => others.push(chit),
        }
    }
    let mut good = signed(others)?;
    // Places rise, so each is right once all before it are filled.
    for (place, lifted) in lifted {
        good.insert(place.min(good.len()), lifted);
    }
    Ok(good)
}

/// A lift that is kept here; checked once, as a decision never changes.
async fn proven(view: &mut View, known: &Known, id: LiftId) -> Result<Arc<Proven>, SiteError> {
    if let Some(proven) = known.lift(&id) {
        return Ok(proven);
    }
    let kept = view.lift(&id).await?.ok_or(SiteError::NoLift(id))?;
    let (rows, parts) = (view.legs_at(&id).await?, view.parts_in(&id).await?);
    let parts = parts.iter().map(|row| known.part(row)).collect::<Result<Vec<_>, _>>()?;
    let proven = Arc::new(Proven::check(&kept, &rows, &parts)?);
    known.remember_lift(id, Arc::clone(&proven));
    Ok(proven)
}

/// What proves the chit of a lift on a tally of these users ([`protocol::ledger::Ledger::users`]) to whoever knows nothing else
/// of it. Of a leg between two users of this site no other site said anything: `signer` is this one's agent, which says so now.
pub(crate) async fn proof_on(
    view: &mut View,
    known: &Known,
    signer: Option<&(dyn Signer + Send + Sync)>,
    id: LiftId,
    (half, users): (&Half, Hash),
) -> Result<LiftProof, SiteError> {
    let tally = half.tally;
    let proven = proven(view, known, id).await?;
    let none = LiftFault::NotALeg { lift: id, tally };
    // Others may have given their tally the same name.
    if !proven.halves.contains(&(tally, half.holder.clone(), half.side)) {
        return Err(none.into());
    }
    let (leg, way, giver) = proven.proofs.get(&tally).ok_or(none)?.clone();
    let kept = view.lift(&id).await?.ok_or(SiteError::NoLift(id))?;
    let certificate = kept.certificate.as_deref().ok_or(SiteError::NoLift(id))?;
    let record = proven.committed.lift().clone();
    let certificate = Certificate::read(certificate.as_bytes())?;
    let mut proof = LiftProof { record, certificate, leg, way, giver, branches: List::default() };
    for row in view.parts_in(&id).await? {
        let part = known.part(&row)?;
        if part.tallies().contains(&tally) {
            proof.branches = part.branches().clone();
            // Nor is what an agent of before said of this site's own leg known everywhere as its word.
            if proof.giver.is_none_or(|giver| part.is_givers(&giver)) {
                let signer = signer.ok_or(SiteError::NoAgentKey)?;
                let agent = AgentId::of(&signer.public_key()).ok();
                let is_its = |said| agent.is_some_and(|own| Verified::check(said, &own).is_ok());
                if !proof.giver.is_some_and(is_its) {
                    let anew = |said| Conditional { anew: true, sign: None, ..said };
                    let before = proof.giver.map(anew);
                    let said = before.unwrap_or_else(|| part.said_by_giver(leg, users));
                    proof.giver = Some(said.signed(signer)?);
                }
            }
        }
    }
    Ok(proof)
}

/// What is wrong with a lift that is kept, said of each half that it touches; nothing where all is
/// well: it is proved, its chit is linked in both halves of each tally; of a clearing, nobody is
/// richer or poorer, and a payment did what its payer allowed.
pub(crate) async fn faults(
    view: &mut View,
    kept: &store::Lift,
) -> Result<Vec<(Option<LegAt>, String)>, SiteError> {
    let rows = view.legs_at(&kept.id).await?;
    let parts = view.parts_in(&kept.id).await?;
    let parts = parts.iter().map(Part::read).collect::<Result<Vec<_>, _>>();
    let checked =
        parts.and_then(|parts| Proven::check(kept, &rows, &parts).map(|proven| (proven, parts)));
    let (proven, parts) = match checked {
        Ok(checked) => checked,
        Err(error @ SiteError::Store(_)) => return Err(error),
        Err(error) => return Ok(vec![(None, format!("lift {}: {error}", kept.id))]),
    };
    let mut found = Vec::new();
    let chits: Vec<_> = rows.iter().map(|row| (row.leg.half, row.leg.chit)).collect();
    let linked: BTreeSet<_> =
        view.links_by_chit(&chits).await?.iter().map(|link| (link.half, link.chit)).collect();
    let mut nets: BTreeMap<&Cuid, i128> = BTreeMap::new();
    let mut sides: BTreeMap<TallyId, Vec<Side>> = BTreeMap::new();
    for row in &rows {
        *nets.entry(&row.holder).or_default() += i128::from(row.leg.effect.milli());
        sides.entry(row.tally).or_default().push(row.side);
        let mut say = |what: &str| {
            found.push((Some(row.clone()), format!("lift {}: {what}", kept.id)));
        };
        match proven.good_on(&row.tally) {
            Ok(good) => {
                if good.hash() != row.leg.chit || good.chit().effect_on(row.side) != row.leg.effect
                {
                    say("the leg is not what follows from the lift");
                }
            }
            Err(error) => say(&error.to_string()),
        }
        // A half that was restored hears first what it lost; until then its site knows that something is left to do.
        let is_due = parts.iter().any(|part| part.is_due_on(&row.tally));
        if !is_due && !linked.contains(&(row.leg.half, row.leg.chit)) {
            say("its chit is not linked");
        }
    }
    let partial = proven.is_between_sites();
    for (tally, mut sides) in sides {
        sides.sort_unstable();
        if sides != Side::BOTH && !(partial && sides.len() == 1) {
            found.push((None, format!("lift {}: not in both halves of tally {tally}", kept.id)));
        }
    }
    if proven.committed.lift().mode == protocol::lift::Mode::Clearing && !partial {
        for (user, net) in nets.into_iter().filter(|(_, net)| *net != 0) {
            let what = format!("lift {}: {user} ends {net} milli-CHIPs richer", kept.id);
            found.push((None, what));
        }
    }
    if proven.committed.lift().mode == protocol::lift::Mode::Payment {
        for what in payment_faults(view, &proven, &rows).await? {
            found.push((None, format!("lift {}: {what}", kept.id)));
        }
    }
    Ok(found)
}
