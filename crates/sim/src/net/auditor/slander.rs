//! Proofs that agents lie, as honest sites keep them in the end: each proves what it says, and of liars only.

use std::collections::BTreeSet;

use protocol::AgentId;
use protocol::proof::Proof;

use super::{ALL, Auditor, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::place::Place;

/// What honest sites have against whom.
#[derive(Default)]
pub(super) struct Proofs {
    /// How many.
    pub(super) many: u64,
    /// Which place names whom as a referee that lies.
    pub(super) referees: BTreeSet<(usize, AgentId)>,
    /// Which place names whose site as one that promised twice.
    pub(super) sites: BTreeSet<(usize, AgentId)>,
}

impl Auditor {
    /// The proofs that honest sites have.
    pub(super) async fn slanders_nobody(&self, places: &[Place]) -> Sim<Proofs> {
        let false_places =
            places.iter().enumerate().filter(|(at, _)| self.lifts.false_referees.contains(at));
        let agents = |place: &Place| -> Vec<AgentId> {
            place.former.iter().map(|former| former.agent).chain([place.agent]).collect()
        };
        let referees: BTreeSet<AgentId> = false_places.flat_map(|(_, it)| agents(it)).collect();
        let sites: BTreeSet<AgentId> =
            self.liars.iter().filter_map(|at| places.get(*at)).flat_map(agents).collect();
        let mut proofs = Proofs::default();
        for (number, place) in places.iter().enumerate().filter(|(at, _)| !self.liars.contains(at))
        {
            let mut view = place.store.read().await.map_err(read)?;
            for row in view.proofs(None, ALL).await.map_err(read)? {
                let broken = |what: &str| {
                    let what = format!("site {} has proof {}, and {what}", place.name, row.id);
                    Err(Broken::new(Invariant::Slander, what))
                };
                // As a third party reads it: from its text alone.
                let proof = Proof::read(row.text.as_bytes());
                let Ok(proof) = proof.and_then(|proof| proof.check().map(|()| proof)) else {
                    return broken("it proves nothing");
                };
                let (liars, named) = match proof {
                    Proof::Twice(_) => (&sites, &mut proofs.sites),
                    Proof::Lie(_) | Proof::Contradiction(_) => (&referees, &mut proofs.referees),
                };
                if !proof.suspects().iter().all(|agent| liars.contains(agent)) {
                    let (kind, whom) = (proof.word(), proof.suspects());
                    let what = format!("this {kind} accuses somebody of {whom:?} who never lied");
                    return broken(&what);
                }
                proofs.many += 1;
                named.extend(proof.liars().into_iter().map(|agent| (number, agent)));
            }
        }
        Ok(proofs)
    }
}
