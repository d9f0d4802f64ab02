//! What participants of one site in one lift tell each other. A payment in several parts leaves its payer's site, and comes
//! to its payee's, by several participants of that site, each with a key and a way of its own; a clearing goes out by
//! one and comes back by another. Only at such a site the ways meet, so what is known on one gets to the other there.

use std::sync::Arc;

use super::step::{Event, Step};
use super::{Input, Participant, Refusal, Want};
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

/// Each of one site's participants in one lift learns what the others know; gives what has happened to which, by place.
///
/// # Errors
/// [`Refusal`] where they are not of one lift.
pub fn tell_each_other(
    participants: &mut [&mut Participant],
) -> Result<Vec<(usize, Vec<Event>)>, Refusal> {
    let mut happened = Vec::new();
    for teller in 0..participants.len() {
        let known = participants[teller].known();
        for place in (0..participants.len()).filter(|place| *place != teller) {
            let step = participants[place].step(Input::Beside(Box::new(known.clone())))?;
            *participants[place] = step.participant;
            happened.push((place, step.events));
        }
    }
    Ok(happened)
}

/// Which of one site's participants in one lift are to be judged now, by place: those by which the lift begins there
/// together, as there is no use in some of them; each of the others by itself.
pub fn judged_together<'a>(
    participants: impl IntoIterator<Item = (&'a Participant, bool)>,
) -> Vec<Vec<usize>> {
    let wants =
        participants.into_iter().enumerate().filter_map(|(place, (participant, begins))| {
            (participant.wants() == Some(Want::Judge)).then_some((place, begins))
        });
    let (begin, others): (Vec<_>, Vec<_>) = wants.partition(|(_, begins)| *begins);
    let place = |(place, _)| place;
    let begin: Vec<usize> = begin.into_iter().map(place).collect();
    let begin = Some(begin).filter(|begin| !begin.is_empty());
    begin.into_iter().chain(others.into_iter().map(|one| vec![place(one)])).collect()
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
