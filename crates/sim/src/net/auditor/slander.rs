//! Proofs that agents lie, as honest sites keep them in the end: each proves what it says, and of liars only.

use std::collections::BTreeSet;

use protocol::AgentId;
use protocol::proof::Proof;

use super::{ALL, Auditor, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::place::Place;

impl Auditor {
    /// How many proofs honest sites have, and which site has one of whom.
    pub(super) async fn slanders_nobody(
        &self,
        places: &[Place],
    ) -> Sim<(u64, BTreeSet<(usize, AgentId)>)> {
        let false_places =
            places.iter().enumerate().filter(|(at, _)| self.lifts.false_referees.contains(at));
        let liars: BTreeSet<AgentId> = false_places
            .flat_map(|(_, place)| {
                place.former.iter().map(|former| former.agent).chain([place.agent])
            })
            .collect();
        let (mut proofs, mut named) = (0, BTreeSet::new());
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
                if !proof.suspects().iter().all(|agent| liars.contains(agent)) {
                    let (kind, whom) = (proof.word(), proof.suspects());
                    let what = format!("this {kind} accuses somebody of {whom:?} who never lied");
                    return broken(&what);
                }
                proofs += 1;
                named.extend(proof.liars().into_iter().map(|agent| (number, agent)));
            }
        }
        Ok((proofs, named))
    }
}
