//! Letters that wait: one leaves the outbox only when its agent has taken or refused it, or a later one of the
//! same name has taken its place.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Hash;
use protocol::note::Note;
use protocol::{AgentId, ChipAddress, Record as _, SecretKey, Signer as _};
use store::{HalfId, NewLetter, View};

use super::{ALL, read};
use crate::net::broken::{Broken, Invariant, Sim};
use crate::net::place::Place;
use crate::net::trace::Trace;

/// The same half and key: to whom it goes may change on the way.
type Name = (Option<HalfId>, String);

/// What waits at each place, and what its senders were told.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<usize, BTreeMap<Name, String>>,
    answered: BTreeSet<(usize, Hash)>,
}

impl Outbox {
    pub(super) fn is_answered(&mut self, place: usize, note: &str) {
        self.answered.insert((place, said(note)));
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
        let letters = letters.into_iter().map(|letter| letter.letter);
        let (abroad, here): (Vec<_>, Vec<_>) = letters.partition(|letter| letter.to != place.agent);
        let name = |letter: &NewLetter| (letter.half, letter.key.clone());
        // A partner may turn out to be here.
        let here: BTreeSet<Name> = here.iter().map(name).collect();
        let now = abroad.into_iter().map(|letter| (name(&letter), letter.message)).collect();
        let before = self.waiting.insert(number, now).unwrap_or_default();
        let Some(now) = self.waiting.get(&number) else { return Ok(()) };
        for (name, message) in before {
            let answered = || self.answered.contains(&(number, said(&message)));
            if now.contains_key(&name) || here.contains(&name) || answered() {
                continue;
            }
            let note = Note::read(message.as_bytes());
            let tally = note.ok().and_then(|note| trace.tally_named(&note.tally));
            let about = tally.unwrap_or_default();
            let what = format!(
                "site {}: the letter {:?} about {about} is gone from the outbox, and nobody has taken \
                 or refused it",
                place.name, name.1
            );
            return Err(Broken::new(Invariant::Outbox, what).about([about]));
        }
        Ok(())
    }
}

/// What a note says, by whichever agent: a letter is sent by the one that its site has then.
fn said(note: &str) -> Hash {
    let said = Note::read(note.as_bytes()).ok().and_then(|note| {
        let anyone = AgentId::of(&SecretKey::ed25519(&[0; 32]).public_key()).ok()?;
        let from = ChipAddress { agent: anyone, endpoint: None, ..note.from };
        Note { from, moved: None, ..note }.hash().ok()
    });
    said.unwrap_or_else(|| Hash::of(note.as_bytes()))
}
