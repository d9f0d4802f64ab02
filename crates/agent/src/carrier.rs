//! Notes as they go to other agents over a wire: sorted by kind, as many in a message as it takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::address::Endpoint;
use protocol::mail::{self, Fate, MOST_NOTES, Receipt};
use protocol::note::{Body, Note};
use protocol::{AgentId, Record as _};
use site::{MOST_BACK, SEND_WITHIN_MS, Transport};
use wire::{Kind, NotSent, Wire};

use crate::near::Near;

/// How many notes are tried at most before another agent that does not know this one is left for later.
const MOST_INTRODUCTIONS: usize = 4;

/// Brings notes over a wire.
pub struct Carrier {
    wire: Wire,
    near: Near,
}

/// Where notes go, and until when they may.
struct Way<'a> {
    to: AgentId,
    at: &'a [Endpoint],
    until: Instant,
}

/// Notes of one kind, each with its place among all.
#[derive(Default)]
struct Parcel {
    places: Vec<usize>,
    texts: Vec<String>,
    /// Whether a user's word for this agent is in it.
    moved: Vec<bool>,
}

impl Parcel {
    fn push(&mut self, place: usize, text: String, moved: bool) {
        self.places.push(place);
        self.texts.push(text);
        self.moved.push(moved);
    }

    fn split_off(&mut self, at: usize) -> Self {
        let (places, texts) = (self.places.split_off(at), self.texts.split_off(at));
        Self { places, texts, moved: self.moved.split_off(at) }
    }

    fn append(&mut self, mut rest: Self) {
        self.places.append(&mut rest.places);
        self.texts.append(&mut rest.texts);
        self.moved.append(&mut rest.moved);
    }

    /// The shortest note with a user's word for this agent, taken out.
    fn take_introduction(&mut self) -> Option<(usize, String)> {
        let words = self.moved.iter().enumerate().filter(|(_, moved)| **moved);
        let (at, _) = words.min_by_key(|(at, _)| self.texts[*at].len())?;
        self.moved.remove(at);
        Some((self.places.remove(at), self.texts.remove(at)))
    }
}

impl Carrier {
    /// Brings them over this wire, to places that may be asked.
    #[must_use]
    pub const fn new(wire: Wire, near: Near) -> Self {
        Self { wire, near }
    }

    /// Sends one message.
    async fn message(&self, way: &Way<'_>, kind: Kind, texts: &[String]) -> Sent {
        let within = way.until.saturating_duration_since(Instant::now());
        if within.is_zero() {
            return Sent::Gone("the time was over".to_owned());
        }
        let message = mail::write(texts);
        match self.wire.send(way.to, way.at, kind, message.as_bytes(), within).await {
            Ok(answer) => match Receipt::read(&answer, texts.len()) {
                Ok(receipt) => Sent::Answered(receipt),
                Err(fault) => Sent::Gone(fault.to_string()),
            },
            Err(NotSent::Refused { reason, .. }) => Sent::Refused(reason),
            Err(error @ NotSent::TooLarge { .. }) => Sent::Refused(error.to_string()),
            Err(NotSent::Later { reason, .. }) => Sent::NotNow(reason),
            Err(error @ NotSent::NotKnown { .. }) => Sent::Stranger(error.to_string()),
            Err(error) => Sent::Gone(error.to_string()),
        }
    }

    /// By a user's word the other agent comes to know this one: a few of them are tried, as some half there may not be
    /// able to check its own.
    async fn introduce(
        &self,
        way: &Way<'_>,
        parcel: &mut Parcel,
        told: &mut Told,
        reason: &str,
    ) -> Result<(), Fate> {
        for _ in 0..MOST_INTRODUCTIONS {
            told.has_room()?;
            let Some((place, text)) = parcel.take_introduction() else { break };
            match self.message(way, Kind::Moved, std::slice::from_ref(&text)).await {
                Sent::Answered(receipt) => {
                    let taken = receipt.fates.first() == Some(&Fate::Taken);
                    told.add(&[place], receipt);
                    if taken {
                        return Ok(());
                    }
                }
                // One that is too long for a stranger goes when this agent is known.
                Sent::Refused(why) => told.fates[place] = Some(Fate::later(&why)),
                Sent::NotNow(why) | Sent::Gone(why) | Sent::Stranger(why) => {
                    return Err(Fate::later(&why));
                }
            }
        }
        Err(Fate::later(reason))
    }

    /// Sends notes of one kind, in as few messages as they take; what is refused as a whole, one by one. Says
    /// why nothing else needs to be tried, where that is so.
    async fn parcel(
        &self,
        way: &Way<'_>,
        kind: Kind,
        mut parcel: Parcel,
        told: &mut Told,
    ) -> Result<(), Fate> {
        let mut introduced = false;
        while !parcel.texts.is_empty() {
            told.has_room()?;
            let row = kind.row();
            let fits = mail::fits(&parcel.texts, row.max_bytes).min(row.most_notes());
            let rest = parcel.split_off(fits);
            let sent = self.message(way, kind, &parcel.texts).await;
            if let Sent::Stranger(reason) = sent {
                parcel.append(rest);
                if introduced {
                    return Err(Fate::later(&reason));
                }
                introduced = true;
                self.introduce(way, &mut parcel, told, &reason).await?;
                continue;
            }
            match sent {
                Sent::Answered(receipt) => told.add(&parcel.places, receipt),
                Sent::Refused(reason) if parcel.texts.len() == 1 => {
                    told.fates[parcel.places[0]] = Some(Fate::refused(&reason));
                }
                Sent::Refused(_) => {
                    for (place, text) in parcel.places.iter().zip(&parcel.texts) {
                        told.has_room()?;
                        match self.message(way, kind, std::slice::from_ref(text)).await {
                            Sent::Answered(receipt) => told.add(&[*place], receipt),
                            Sent::Refused(reason) => {
                                told.fates[*place] = Some(Fate::refused(&reason));
                            }
                            Sent::NotNow(reason) | Sent::Gone(reason) | Sent::Stranger(reason) => {
                                return Err(Fate::later(&reason));
                            }
                        }
                    }
                }
                Sent::NotNow(reason) => {
                    // Other kinds have rooms of their own.
                    let all = parcel.places.iter().chain(&rest.places);
                    all.for_each(|place| told.fates[*place] = Some(Fate::later(&reason)));
                    return Ok(());
                }
                Sent::Gone(reason) | Sent::Stranger(reason) => return Err(Fate::later(&reason)),
            }
            parcel = rest;
        }
        Ok(())
    }
}

/// How it went with a message.
enum Sent {
    /// The other agent answered.
    Answered(Receipt),
    /// It does not take the message as it is.
    Refused(String),
    /// It knows nobody here: this agent is another one than it was, or that one was restored.
    Stranger(String),
    /// It takes no more of this kind now.
    NotNow(String),
    /// Nothing else needs to be tried now.
    Gone(String),
}

/// What is known of the notes so far.
struct Told {
    arrived: bool,
    fates: Vec<Option<Fate>>,
    notes: Vec<String>,
}

impl Told {
    fn add(&mut self, places: &[usize], mut receipt: Receipt) {
        self.arrived = true;
        for (place, fate) in places.iter().zip(receipt.fates) {
            self.fates[*place] = Some(fate);
        }
        self.notes.append(&mut receipt.notes);
    }

    /// Whether what one more message brings back will be looked at: it is said once, and there are as many receipts
    /// as messages.
    fn has_room(&self) -> Result<(), Fate> {
        if self.notes.len() + MOST_NOTES <= MOST_BACK {
            return Ok(());
        }
        Err(Fate::later("what came back is heard first"))
    }

    /// Whether one of these halves waits for something that was said to it before.
    fn waits(&self, notes: &[Note], place: usize) -> bool {
        let Note { tally, to, .. } = &notes[place];
        let same = |other: &Note| other.tally == *tally && other.to == *to;
        notes
            .iter()
            .zip(&self.fates)
            // What was freed follows from nothing, and nothing from it: what proves it may come behind.
            .filter(|(other, _)| !matches!(other.body, Body::Freed(_)))
            .any(|(other, fate)| matches!(fate, Some(Fate::Later(_))) && same(other))
    }
}

impl Transport for Carrier {
    async fn send(&self, to: AgentId, at: &[Endpoint], notes: &[Note]) -> Receipt {
        let at: Vec<Endpoint> =
            at.iter().filter(|at| self.near.may_be_asked(at)).cloned().collect();
        let until = Instant::now() + Duration::from_millis(SEND_WITHIN_MS);
        let way = Way { to, at: &at, until };
        let mut told = Told { arrived: false, fates: vec![None; notes.len()], notes: Vec::new() };
        // An answer goes before what follows from it, an agreement before its chits.
        let mut kinds: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
        for (place, note) in notes.iter().enumerate() {
            kinds.entry(Kind::of(&note.body)).or_default().push(place);
        }
        let mut stopped = Fate::later("it was not sent");
        for (kind, places) in kinds {
            let mut parcel = Parcel::default();
            for place in places {
                match notes[place].to_text() {
                    // After what was put off nothing is said to the same half.
                    Ok(_) if told.waits(notes, place) => {}
                    Ok(text) => parcel.push(place, text.to_string(), notes[place].moved.is_some()),
                    Err(error) => told.fates[place] = Some(Fate::refused(&error.to_string())),
                }
            }
            if let Err(why) = self.parcel(&way, kind, parcel, &mut told).await {
                stopped = why;
                break;
            }
        }
        let fates = told.fates.into_iter().map(|fate| fate.unwrap_or_else(|| stopped.clone()));
        Receipt { arrived: told.arrived, fates: fates.collect(), notes: told.notes }
    }
}
