//! Notes as they go to other agents over a wire: sorted by kind, as many in a message as it takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::address::Endpoint;
use protocol::mail::{self, Fate, Receipt};
use protocol::note::Note;
use protocol::{AgentId, Record as _};
use site::{SEND_WITHIN_MS, Transport};
use wire::{Kind, NotSent, Wire};

use crate::near::Near;

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
}

impl Parcel {
    fn push(&mut self, (place, text): (usize, String)) {
        self.places.push(place);
        self.texts.push(text);
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self { places: self.places.split_off(at), texts: self.texts.split_off(at) }
    }
}

impl Carrier {
    /// Brings them over this wire, to places that may be asked.
    #[must_use]
    pub const fn new(wire: Wire, near: Near) -> Self {
        Self { wire, near }
    }

    /// Sends one message. Says how it went, or why nothing else needs to be tried now.
    async fn message(&self, way: &Way<'_>, kind: Kind, texts: &[String]) -> Result<Receipt, Fate> {
        let within = way.until.saturating_duration_since(Instant::now());
        if within.is_zero() {
            return Err(Fate::later("the time was over"));
        }
        let message = mail::write(texts);
        let sent = self.wire.send(way.to, way.at, kind, message.as_bytes(), within).await;
        let all = |fate: Fate| Receipt { fates: vec![fate; texts.len()], notes: Vec::new() };
        match sent {
            Ok(answer) => match Receipt::read(&answer, texts.len()) {
                Ok(receipt) => Ok(receipt),
                Err(fault) => Err(Fate::later(&fault.to_string())),
            },
            Err(NotSent::Refused { reason, .. }) => Ok(all(Fate::refused(&reason))),
            Err(error @ NotSent::TooLarge { .. }) => Ok(all(Fate::refused(&error.to_string()))),
            // Also where the agent says that it knows nobody here: it may have been restored.
            Err(error) => Err(Fate::later(&error.to_string())),
        }
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
        while !parcel.texts.is_empty() {
            let rest = parcel.split_off(mail::fits(&parcel.texts, kind.row().max_bytes));
            let receipt = self.message(way, kind, &parcel.texts).await?;
            let refused = receipt.fates.iter().all(|fate| matches!(fate, Fate::Refused(_)));
            if refused && parcel.texts.len() > 1 {
                for (place, text) in parcel.places.iter().zip(&parcel.texts) {
                    let alone = self.message(way, kind, std::slice::from_ref(text)).await?;
                    told.add(&[*place], alone);
                }
            } else {
                told.add(&parcel.places, receipt);
            }
            parcel = rest;
        }
        Ok(())
    }
}

/// What is known of the notes so far.
struct Told {
    fates: Vec<Option<Fate>>,
    notes: Vec<String>,
}

impl Told {
    fn add(&mut self, places: &[usize], mut receipt: Receipt) {
        for (place, fate) in places.iter().zip(receipt.fates) {
            self.fates[*place] = Some(fate);
        }
        self.notes.append(&mut receipt.notes);
    }
}

impl Transport for Carrier {
    async fn send(&self, to: AgentId, at: &[Endpoint], notes: &[Note]) -> Receipt {
        let at: Vec<Endpoint> =
            at.iter().filter(|at| self.near.may_be_asked(at)).cloned().collect();
        let until = Instant::now() + Duration::from_millis(SEND_WITHIN_MS);
        let way = Way { to, at: &at, until };
        let mut told = Told { fates: vec![None; notes.len()], notes: Vec::new() };
        // An answer goes before what follows from it, an agreement before its chits.
        let mut parcels: BTreeMap<Kind, Parcel> = BTreeMap::new();
        for (place, note) in notes.iter().enumerate() {
            match note.to_text() {
                Ok(text) => {
                    parcels.entry(Kind::of(&note.body)).or_default().push((place, text.to_string()))
                }
                Err(error) => told.fates[place] = Some(Fate::refused(&error.to_string())),
            }
        }
        let mut stopped = Fate::later("it was not sent");
        for (kind, parcel) in parcels {
            if let Err(why) = self.parcel(&way, kind, parcel, &mut told).await {
                stopped = why;
                break;
            }
        }
        let fates = told.fates.into_iter().map(|fate| fate.unwrap_or_else(|| stopped.clone()));
        Receipt { fates: fates.collect(), notes: told.notes }
    }
}
