//! Letters that wait: one leaves the outbox only when its agent has taken or refused it, or a later one of the
//! same name has taken its place.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Hash;
use protocol::note::Note;
use protocol::{AgentId, Record as _};
use store::{HalfId, View};

use super::{ALL, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::place::Place;
use crate::net::trace::Trace;

/// The same half, agent and key.
type Name = (Option<HalfId>, AgentId, String);

/// What waits at each place, and what its senders were told.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<usize, BTreeMap<Name, String>>,
    answered: BTreeSet<(usize, Hash)>,
}

impl Outbox {
    pub(super) fn is_answered(&mut self, place: usize, note: &str) {
        self.answered.insert((place, Hash::of(note.as_bytes())));
    }

    pub(super) fn went_back(&mut self, place: usize) {
        self.waiting.remove(&place);
    }

    pub(super) async fn look(
        &mut self,
        number: usize,
        place: &Place,
        view: &mut View,
        trace: &Trace,
    ) -> Sim<()> {
        let letters = view.letters(None, ALL).await.map_err(read)?;
        let now: BTreeMap<Name, String> = letters
            .into_iter()
            .map(|letter| letter.letter)
            .filter(|letter| letter.to != place.agent)
            .map(|letter| ((letter.half, letter.to, letter.key), letter.message))
            .collect();
        let before = self.waiting.insert(number, now).unwrap_or_default();
        let Some(now) = self.waiting.get(&number) else { return Ok(()) };
        for (name, message) in before {
            let answered = || self.answered.contains(&(number, Hash::of(message.as_bytes())));
            if now.contains_key(&name) || answered() {
                continue;
            }
            let note = Note::read(message.as_bytes());
            let tally = note.ok().and_then(|note| trace.tally_named(&note.tally));
            let about = tally.unwrap_or_default();
            let what = format!(
                "site {}: the letter {:?} about {about} is gone from the outbox, and nobody has taken \
                 or refused it",
                place.name, name.2
            );
            return Err(Broken::new(Invariant::Outbox, what).about([about]));
        }
        Ok(())
    }
}
