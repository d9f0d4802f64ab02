//! What participants of one site in one lift tell each other. A payment in several parts leaves its payer's site, and comes
//! to its payee's, by several participants of that site, each with a key and a way of its own; a clearing goes out by
//! one and comes back by another. Only at such a site the ways meet, so what is known on one gets to the other there.

use std::sync::Arc;

use super::step::Step;
use super::{Participant, Refusal};
use crate::lift::{Decided, Promise, Refused};
use crate::{LiftId, PublicKey};

/// All that a participant knows and another one of its site may need. Every signature in it was checked when the
/// participant heard it; there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    lift: LiftId,
    by: PublicKey,
    collects: bool,
    promises: Vec<Promise>,
    refused: Option<Refused>,
    decided: Option<Arc<Decided>>,
}

impl Participant {
    /// What other participants of its site are to know.
    #[must_use]
    pub fn known(&self) -> Known {
        Known {
            lift: self.lift(),
            by: *self.part.key(),
            collects: self.part.collects(),
            promises: self.promises.values().copied().collect(),
            refused: self.refused,
            decided: self.decided.clone(),
        }
    }

    pub(super) fn learns(&self, known: Known) -> Result<Step, Refusal> {
        let Known { lift: named, by, collects, promises, refused, decided } = known;
        let lift = self.lift();
        if named != lift {
            return Err(Refusal::OtherLift { named, lift });
        }
        let mut step = self.unchanged();
        if collects && self.part.collects() && by != *self.part.key() {
            step.participant.beside.insert(by);
        }
        step.learn(promises, refused);
        if let Some(decided) = decided {
            step.decide(decided)?;
        }
        Ok(step)
    }
}
