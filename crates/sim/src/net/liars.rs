//! Sites that lie together about lifts. Each is a real site, of which all goes out that is not about lifts; what it says of
//! them, its liar changes (`lies.rs`), leaves out, or says without having been asked. It has its agent's key, and knows what
//! any of them has heard. What must hold then must hold for all others.

use std::collections::{BTreeMap, BTreeSet};

use protocol::bounded::List;
use protocol::errand::{Ask, Composed, Drawn, Errand};
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::query::{Answer, Curve, Plan, Point, Said};
use protocol::{Hash, LiftId, Record as _, Signer as _, TallyId};
use site::lift_key;

use super::broken::{Broken, Sim};
use super::lies::{Lie, Pieces};
use super::life::{Event, Net, Way};
use super::made_up::Liar;
use super::words;

/// How often a liar says something of its own accord, in milliseconds.
const SPEAKS_MS: (i64, i64) = (2_000, 12_000);

/// How many words that liars said are kept, to be said again.
const MOST_SAID: usize = 64;

/// Those that lie, and what they have.
#[derive(Default)]
pub(super) struct Liars {
    /// Which places.
    pub(super) places: BTreeSet<usize>,
    pieces: Pieces,
    /// How each lies about a lift.
    ways: BTreeMap<(usize, LiftId), Lie>,
    /// How many words each said to whom of a lift.
    before: BTreeMap<(usize, usize, LiftId), usize>,
    /// Notes with words, as their sites would have said them.
    said: Vec<(usize, usize, Note)>,
}

impl Net {
    /// Some of the first so many places lie, but never all.
    pub(super) fn appoint_liars(&mut self, towns: usize) {
        let most = i64::try_from(towns).unwrap_or(2) - 1;
        let many = self.dice.between(1, most.min(2));
        while i64::try_from(self.liars.places.len()).unwrap_or(most) < many {
            self.liars.places.extend(self.dice.place(towns));
        }
        for number in self.liars.places.clone() {
            self.auditor.lies_at(number);
            self.counts.liars += 1;
            let name = self.places[number].name.clone();
            self.say(&name, "lies about lifts");
            self.after(SPEAKS_MS.0, SPEAKS_MS.1, Event::Lies(number));
        }
    }

    /// Notes as they leave a place, or come as the answer to others.
    pub(super) fn notes_as_told(
        &mut self,
        from: usize,
        to: usize,
        notes: Vec<String>,
    ) -> Vec<String> {
        if !self.liars.places.contains(&from) {
            self.is_heard_by_liars(to, &notes);
            return notes;
        }
        notes.into_iter().map(|note| self.note_as_told(from, to, note)).collect()
    }

    fn is_heard_by_liars(&mut self, to: usize, notes: &[String]) {
        if self.liars.places.contains(&to) {
            for note in notes {
                if let Ok(Note { body: Body::Lift(word), .. }) = Note::read(note.as_bytes()) {
                    self.liars.pieces.takes(&word);
                }
            }
        }
    }

    /// The same note, or one with a lie in it.
    fn note_as_told(&mut self, from: usize, to: usize, text: String) -> String {
        let Ok(note) = Note::read(text.as_bytes()) else { return text };
        let Body::Lift(word) = &note.body else { return text };
        let Ok(id) = word.lift.id() else { return text };
        self.finds_key(from, word);
        self.liars.pieces.takes(word);
        if self.liars.said.len() >= MOST_SAID {
            self.liars.said.remove(0);
        }
        self.liars.said.push((from, to, note.clone()));
        let dice = &mut self.dice;
        let lie = *self.liars.ways.entry((from, id)).or_insert_with(|| Lie::any(dice));
        let before = self.liars.before.entry((from, to, id)).or_default();
        *before += 1;
        let (before, liar) = (*before - 1, self.liar_to(from, to));
        let said = self.liars.pieces.told(lie, word, (&liar, before), &mut self.dice);
        if said == **word {
            return text;
        }
        self.counts.lies += 1;
        let name = self.places[from].name.clone();
        let short = self.trace.lift(id);
        self.say(&name, &format!("lies about {short}: {lie:?}"));
        let note = Note { body: Body::Lift(Box::new(said)), ..note };
        note.to_text().map_or(text, |told| told.to_string())
    }

    /// What a liar signs with, speaking to this place.
    fn liar_to(&self, from: usize, to: usize) -> Liar {
        let stolen = self.places[to].former.iter().map(|former| former.key.clone()).collect();
        Liar { agent: self.places[from].key.clone(), stolen }
    }

    /// A liar's key in a lift is made from a tally of one of its users.
    fn finds_key(&mut self, from: usize, word: &Word) {
        let key = word.conditional.key;
        if self.liars.pieces.knows_key(&key) {
            return;
        }
        let home = |who: &usize| self.people.get(*who).is_some_and(|person| person.home == from);
        let sides = self.auditor.book.sides.iter().filter(|(_, who)| home(who));
        let tallies: BTreeSet<TallyId> = sides.map(|((tally, _), _)| *tally).collect();
        let place = &self.places[from];
        // One that was restored takes part with others than before.
        let since = |tally: TallyId| place.lift_keys.iter().map(move |since| (*since, tally));
        let made = tallies.into_iter().flat_map(since).find_map(|(since, tally)| {
            let secret = lift_key(&*place.key, since, word.lift.nonce, tally).ok()?;
            (secret.public_key() == key).then_some(secret)
        });
        if let Some(secret) = made {
            self.liars.pieces.has_key(key, secret);
        }
    }

    /// A liar says something that its site would not: an old word changed, or it asks the referees of a lift with whatever
    /// liars have.
    pub(super) fn lies(&mut self, from: usize) -> Sim<()> {
        self.after(SPEAKS_MS.0, SPEAKS_MS.1, Event::Lies(from));
        if self.places[from].site.is_none() {
            return Ok(());
        }
        let (life, agent) = (self.places[from].life, self.places[from].agent);
        if self.dice.percent(50) {
            let Some((lift, evidence)) = self.liars.pieces.any_lift(&mut self.dice) else {
                return Ok(());
            };
            self.counts.lies += 1;
            for referee in lift.referees.iter() {
                let way = Way { from, life, agent, whom: *referee };
                let ask = Errand::Ask(Box::new(Ask::new(lift.clone(), evidence.clone())));
                self.errand_sets_out(way, &ask)?;
            }
            return Ok(());
        }
        let own: Vec<(usize, usize, Note)> =
            self.liars.said.iter().filter(|(by, ..)| *by == from).cloned().collect();
        let Some((_, to, note)) = self.dice.pick(&own).cloned() else { return Ok(()) };
        let Body::Lift(word) = &note.body else { return Ok(()) };
        let lie = Lie::any(&mut self.dice);
        let liar = self.liar_to(from, to);
        let said = self.liars.pieces.told(lie, word, (&liar, 0), &mut self.dice);
        let note = Note { body: Body::Lift(Box::new(said)), ..note };
        let text = note.to_text().map_err(|error| Broken::harness(&error.to_string()))?.to_string();
        let name = self.places[from].name.clone();
        let words = words::of_note(&text, &mut self.trace);
        self.counts.lies += 1;
        self.say(&name, &format!("lies of its own accord, {lie:?}: {words}"));
        let whom = self.places[to].agent;
        let way = Way { from, life, agent, whom };
        self.after(20, 300, Event::Arrives { way, to, notes: vec![text], answer: None });
        Ok(())
    }

    /// What a liar learns from errands that reach it.
    pub(super) fn errand_is_heard_by_liars(&mut self, to: usize, errand: &Errand) {
        if let (true, Errand::Certificate(certificate)) = (self.liars.places.contains(&to), errand)
        {
            self.liars.pieces.takes_certificate(certificate);
        }
    }

    /// An errand as it leaves a place.
    pub(super) fn errand_as_told(&mut self, from: usize, errand: Errand) -> Vec<Errand> {
        if !self.liars.places.contains(&from) || self.dice.percent(50) {
            return vec![errand];
        }
        let told = match errand {
            Errand::Answer(answer) => self.boasts(*answer).map_or_else(Vec::new, |it| vec![it]),
            Errand::Composed(composed) => vec![self.lays_out_wrong(*composed)],
            Errand::Compose(compose) => {
                // Many at once, of which none will be gone on with.
                let many = self.dice.between(1, 24);
                let mut all = vec![Errand::Compose(compose.clone())];
                for _ in 0..many {
                    let nonce = Hash::from_bytes(self.dice.bytes());
                    let other = protocol::errand::Compose { nonce, ..(*compose).clone() };
                    all.push(Errand::Compose(Box::new(other)));
                }
                all
            }
            Errand::Query(query) => {
                let mut all = vec![Errand::Query(query.clone()); 3];
                for _ in 0..self.dice.below(12) {
                    let session = Hash::from_bytes(self.dice.bytes());
                    let other = protocol::query::Query { session, ..(*query).clone() };
                    all.push(Errand::Query(Box::new(other)));
                }
                all
            }
            // It never asks, nor tells what its user signed.
            Errand::Ask(_) | Errand::Authorisation(_) => Vec::new(),
            other => return vec![other],
        };
        self.counts.lies += 1;
        told
    }

    /// Room that is not there, for less than it costs.
    fn boasts(&mut self, answer: Answer) -> Option<Errand> {
        let Said::Plans(plans) = &answer.said else {
            return Some(Errand::Answer(Box::new(answer)));
        };
        let boast = |plan: &Plan| -> Option<Plan> {
            let top = plan.curve.top();
            let arrives = top.arrives.get().milli().checked_mul(4)?;
            let units = protocol::Units::new(arrives).ok()?;
            let arrives = protocol::chit::Positive::try_from(units).ok()?;
            let enters = if self.dice.percent(50) { top.enters } else { arrives };
            let curve = Curve::new(vec![Point { arrives, enters }]).ok()?;
            Some(Plan { curve, sites: 1, ..plan.clone() })
        };
        let plans: Option<Vec<Plan>> = plans.iter().map(boast).collect();
        let said = Said::Plans(List::new(plans?).ok()?);
        Some(Errand::Answer(Box::new(Answer { said, ..answer })))
    }

    /// Less comes in than is given on, or somebody is left out.
    fn lays_out_wrong(&mut self, composed: Composed) -> Errand {
        let Drawn::Laid(mut laid) = composed.drawn.clone() else {
            return Errand::Composed(Box::new(composed));
        };
        let wrong = match self.dice.below(3) {
            0 => protocol::Units::new(laid.enters.get().milli() / 2)
                .ok()
                .and_then(|units| protocol::chit::Positive::try_from(units).ok())
                .map(|enters| laid.enters = enters),
            1 => List::new(laid.participants.iter().skip(1).copied().collect())
                .ok()
                .map(|left| laid.participants = left),
            _ => List::new(laid.branches.iter().skip(1).copied().collect())
                .ok()
                .map(|left| laid.branches = left),
        };
        let drawn = if wrong.is_some() { Drawn::Laid(laid) } else { composed.drawn };
        Errand::Composed(Box::new(Composed { drawn, ..composed }))
    }
}
