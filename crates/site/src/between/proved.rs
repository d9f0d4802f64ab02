//! Lies about a lift that this site sees proved while it takes part: by what a neighbour says, and by what was decided.

use protocol::errand::Errand;
use protocol::participant::{Event, Heard, Participant};
use protocol::proof::{Contradiction, Proof, Twice};
use protocol::{AgentId, TallyId};

use super::part::Part;
use crate::batch::Work;
use crate::door::Site;
use crate::error::SiteError;
use crate::planted::Planted;

impl Site {
    /// Keeps what proves that a neighbour promises twice, by this word and those before.
    pub(super) async fn note_second_promise(
        &self,
        work: &mut Work,
        before: &Participant,
        (tally, from): (&TallyId, &AgentId),
        heard: &Heard,
    ) -> Result<(), SiteError> {
        match before.heard_twice(tally, from, heard) {
            Some(twice) => self.keep_lie(work, Proof::Twice(Box::new(twice))).await,
            None => Ok(()),
        }
    }

    /// Keeps what the decision proves: that referees decided both ways, or that a neighbour gave them another promise than it
    /// gave here.
    pub(super) async fn note_lies(
        &self,
        work: &mut Work,
        part: &Part,
        events: &[Event],
    ) -> Result<(), SiteError> {
        let now = &part.participant;
        if events.iter().any(|event| matches!(event, Event::Decided(_))) {
            for twice in promised_twice(part) {
                self.keep_lie(work, Proof::Twice(Box::new(twice))).await?;
            }
        }
        let both = now.contradiction().filter(|_| events.contains(&Event::Contradicted));
        let both = both.and_then(|(one, other)| Contradiction::of(now.part().lift(), one, other));
        match both {
            Some(both) => self.keep_lie(work, Proof::Contradiction(Box::new(both))).await,
            None => Ok(()),
        }
    }

    async fn keep_lie(&self, work: &mut Work, proof: Proof) -> Result<(), SiteError> {
        if self.has(Planted::Unnamed) && matches!(proof, Proof::Twice(_)) {
            return Ok(());
        }
        let whom = self.keep_proof(work.tx(), &proof, None).await?;
        work.errands.extend(whom.into_iter().map(|agent| (agent, Errand::Proof(proof.clone()))));
        Ok(())
    }
}

/// What neighbours promised here and, by the certificate, to the referees.
fn promised_twice(part: &Part) -> Vec<Twice> {
    let Some(decided) = part.participant.decided() else { return Vec::new() };
    let promises = &decided.certificate().promises;
    let on = part.participant.part().crossings().map(|crossing| crossing.leg().tally);
    on.filter_map(|tally| part.participant.promised_twice(&tally, &part.agent(&tally)?, promises))
        .collect()
}
