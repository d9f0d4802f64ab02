//! Somebody who forges: it has seen every note on the way, has agents and keys of its own, and speaks now in its
//! own name, now in that of a partner's agent which lies.

use protocol::ledger::Message as OfLedger;
use protocol::mail::Fate;
use protocol::note::{Body, Note};
use protocol::{AgentId, Record as _, SecretKey, Signer as _, TallyId};

use super::broken::{Broken, Invariant, Sim};
use super::life::{Net, hear};
use super::words;

/// How many notes are kept to be forged from.
const MOST: usize = 300;

/// A note that was seen on its way.
pub(super) struct Caught {
    from: usize,
    to: usize,
    note: String,
    /// How many chits are in it.
    chits: usize,
}

/// What is made of a note, and whether it must be refused whatever is in it.
struct Forgery {
    words: &'static str,
    from: AgentId,
    note: Vec<u8>,
    refused: bool,
}

impl Net {
    /// A note is seen on its way.
    pub(super) fn catches(&mut self, from: usize, to: usize, note: &str) {
        if self.caught.len() == MOST {
            self.caught.remove(0);
        }
        let chits = note.matches(r#""kind":"chit""#).count();
        self.caught.push(Caught { from, to, note: note.to_owned(), chits });
    }

    /// Somebody forges; says which place heard it.
    pub(super) async fn forges(&mut self) -> Sim<Option<usize>> {
        let kind = self.dice.below(8);
        // To change an order takes two chits, to change an amount one.
        let least = [0, 0, 0, 0, 0, 0, 2, 1].get(usize::try_from(kind).unwrap_or(0)).copied();
        let fits = |caught: &&Caught| caught.chits >= least.unwrap_or(0);
        let fit: Vec<&Caught> = self.caught.iter().filter(fits).collect();
        let Some(Caught { from, to, note, .. }) = self.dice.pick(&fit) else { return Ok(None) };
        let (from, to, text) = (self.places[*from].agent, *to, note.clone());
        let Some(site) = self.places[to].site.clone() else { return Ok(None) };
        let Some(forgery) = self.forged(kind, from, &text)? else { return Ok(None) };
        self.counts.forged += 1;
        let receipt = hear(&site, forgery.from, &forgery.note, 1).await?;
        let answered = receipt.write().map_err(|error| Broken::harness(&error.to_string()))?;
        let privacy = &mut self.auditor.privacy;
        privacy.forges(forgery.from, to, &forgery.note, answered.as_bytes())?;
        let Some(fate) = receipt.fates.first() else { return Ok(Some(to)) };
        let said = words::of_note(&text, &mut self.trace);
        let way = format!("?>{}", self.places[to].name);
        self.say(&way, &format!("{}: {said}: {}", forgery.words, words::of_fate(fate)));
        if forgery.refused && *fate == Fate::Taken {
            let what = format!("site {} took it: {}, {said}", self.places[to].name, forgery.words);
            return Err(Broken::new(Invariant::Forged, what));
        }
        Ok(Some(to))
    }

    fn forged(&mut self, kind: u64, from: AgentId, text: &str) -> Sim<Option<Forgery>> {
        let own = SecretKey::ed25519(&self.dice.bytes()).public_key();
        let own = AgentId::of(&own).map_err(|error| Broken::harness(&error.to_string()))?;
        let forgery =
            |words, from, note: Vec<u8>, refused| Ok(Some(Forgery { words, from, note, refused }));
        let of_text = |note: &Note| -> Sim<Vec<u8>> {
            let text = note.to_text().map_err(|error| Broken::harness(&error.to_string()))?;
            Ok(text.to_string().into_bytes())
        };
        match kind {
            0 | 1 => return forgery("says again", from, text.as_bytes().to_vec(), false),
            2 => return forgery("as another agent", own, text.as_bytes().to_vec(), true),
            3 => {
                let note = self.garbled(text.as_bytes());
                return forgery("garbled", from, note, false);
            }
            _ => {}
        }
        let Ok(mut note) = Note::read(text.as_bytes()) else { return Ok(None) };
        match kind {
            4 => {
                note.tally = TallyId::random(self.dice.sixteen());
                forgery("of another tally", from, of_text(&note)?, true)
            }
            5 => {
                let Some(other) = self.dice.place(self.caught.len()) else { return Ok(None) };
                let other = self.caught.get(other).and_then(|c| Note::read(c.note.as_bytes()).ok());
                let Some(other) = other.filter(|other| other.tally != note.tally) else {
                    return Ok(None);
                };
                note.body = other.body;
                forgery("with the body of another", from, of_text(&note)?, false)
            }
            6 => Ok(match self.shuffled(&mut note) {
                true => forgery("in another order", from, of_text(&note)?, false)?,
                false => None,
            }),
            _ => Ok(match altered(&mut note) {
                true => forgery("with another amount", from, of_text(&note)?, false)?,
                false => None,
            }),
        }
    }

    fn garbled(&mut self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        match (self.dice.below(3), self.dice.place(text.len())) {
            (0, Some(place)) => text.truncate(place),
            (1, Some(place)) => text[place] ^= 1 << self.dice.below(8),
            _ => text = self.dice.bytes().to_vec(),
        }
        // One line is one note.
        text.retain(|byte| *byte != b'\n');
        text
    }

    /// The chits of an order change their places; the head stays.
    fn shuffled(&mut self, note: &mut Note) -> bool {
        let Body::Ledger(OfLedger::Upd { chits, .. } | OfLedger::Tell { chits, .. }) =
            &mut note.body
        else {
            return false;
        };
        if chits.len() < 2 {
            return false;
        }
        let last = chits.len() - 1;
        let place = self.dice.place(last).unwrap_or(0);
        chits.swap(place, last);
        true
    }
}

/// A chit of another amount, with the signature that it had.
fn altered(note: &mut Note) -> bool {
    let Body::Ledger(OfLedger::Upd { chits, .. } | OfLedger::Tell { chits, .. }) = &mut note.body
    else {
        return false;
    };
    let Some(chit) = chits.last_mut() else { return false };
    let protocol::chit::Entry::Tran { units, .. } = &mut chit.entry else { return false };
    let more = protocol::Units::new(units.get().milli() + 1_000).ok();
    match more.and_then(|more| protocol::chit::Positive::try_from(more).ok()) {
        Some(more) => {
            *units = more;
            true
        }
        None => false,
    }
}
