//! Bob lies: he sends Suzie whatever he can make from his own key and what she has sent him, at any time.

use std::collections::{BTreeMap, BTreeSet};

use protocol::negotiation::{End, Message, Version};
use protocol::{Side, Tally};

use super::audit::{BOTH_SIGNED, SIGNED_STAYS};
use super::cast::given;
use super::machine::{Act, Machine};
use super::setting::Plant;
use crate::liar::{Craft, knows};
use crate::memo::Memo;
use crate::model::{Broken, Kind, Model};

/// The most things that Bob knows in so small a world.
const MOST: usize = 4_096;

/// The highest revision that Suzie offers, and Bob.
const REVISIONS: u32 = 2;

/// Suzie's half, and what Bob could say.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    half: u32,
    /// Whether her clock is past the end of the first revision.
    late: bool,
    /// Which texts she has signed, one bit each, and of which Bob has seen it.
    signed: u16,
    seen: u16,
}

#[derive(Clone, Copy)]
pub(super) enum Action {
    Suzie(Act),
    Late,
    Lie(u8),
}

/// Something that Bob knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Text(u8),
    /// A user's signature under a text.
    Signature(u8, Side),
    /// A message to Suzie.
    Message(u8),
}

pub(super) struct LiarsWorld {
    machine: Machine,
    /// The texts that Bob thinks of.
    texts: BTreeMap<u8, Tally>,
    /// What Bob can say, by what he has seen.
    lies: Memo<u16, Vec<u8>>,
}

impl LiarsWorld {
    pub(super) fn new(plant: Option<Plant>) -> Self {
        let machine = Machine::new(plant);
        let mut texts = BTreeMap::new();
        for side in Side::BOTH {
            for revision in 1..=REVISIONS {
                let tallies = [false, true].map(|again| machine.cast.text(side, revision, again));
                texts.extend(tallies.map(|tally| (machine.text(&tally), tally)));
            }
        }
        Self { machine, texts, lies: Memo::new() }
    }

    fn lies(&self, seen: u16) -> Vec<u8> {
        self.lies.get(seen, |&seen| {
            let texts = self.texts.keys().map(|&text| Thing::Text(text));
            let hers = (0..16).filter(|text| seen & 1 << text != 0);
            let hers = hers.map(|text| Thing::Signature(text, Side::Stock));
            let known =
                knows(self, texts.chain(hers), MOST).expect("a few texts make few messages");
            let message = |thing| match thing {
                Thing::Message(message) => Some(message),
                _ => None,
            };
            known.into_iter().filter_map(message).collect()
        })
    }

    /// A text with those of both signatures that are wanted.
    fn signed(&self, text: u8, by: &[Side]) -> Tally {
        let text = self.texts.get(&text).expect("Suzie writes as Bob expects").clone();
        by.iter().fold(text, |text, &side| self.machine.cast.sign(&text, side))
    }

    /// All that can be said of a text, with the signatures that are known.
    fn about(&self, text: u8, known: &BTreeSet<Thing>) -> Vec<Message> {
        let signatures: Vec<Side> = Side::BOTH
            .into_iter()
            .filter(|&side| known.contains(&Thing::Signature(text, side)))
            .collect();
        let version = Version::of(&self.signed(text, &[])).expect("a text has a hash");
        let ends = [End::Refused { reason: None }, End::Withdrawn, End::Expired, End::Late];
        let mut about = vec![Message::Received { version }, Message::Withdraw { version }];
        about.extend(ends.map(|end| Message::Ended { version, end }));
        about.push(Message::Tally(Box::new(self.signed(text, &[]))));
        about.push(Message::Tally(Box::new(self.signed(text, &signatures))));
        let one = signatures.iter().map(|&side| self.signed(text, &[side]));
        about.extend(one.map(|tally| Message::Tally(Box::new(tally))));
        about
    }
}

impl Craft for LiarsWorld {
    type Thing = Thing;

    fn apart(&self, thing: &Thing) -> Vec<Thing> {
        match thing {
            Thing::Signature(text, _) => vec![Thing::Text(*text)],
            Thing::Text(_) | Thing::Message(_) => Vec::new(),
        }
    }

    fn made(&self, known: &BTreeSet<Thing>) -> Vec<Thing> {
        let mut said = vec![Message::Answered, Message::Ask, self.machine.cast.answer()];
        let mut made = Vec::new();
        for thing in known {
            if let Thing::Text(text) = *thing {
                made.push(Thing::Signature(text, Side::Foil));
                said.extend(self.about(text, known));
            }
        }
        made.extend(said.into_iter().map(|said| Thing::Message(self.machine.message(0, said))));
        made
    }
}

impl Model for LiarsWorld {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        let [half, _] = self.machine.begin();
        vec![State { half, late: false, signed: 0, seen: 0 }]
    }

    fn next(&self, state: &State, steps: &mut Vec<(Action, State)>) {
        let offers = self.machine.facts(state.half).next.is_some_and(|next| next <= REVISIONS);
        let offer = offers.then_some(Act::Offer { again: false });
        let acts = [Act::Accept, Act::Refuse, Act::Withdraw, Act::Remind, Act::Tick];
        let suzies = acts.into_iter().chain(offer).map(|act| (Action::Suzie(act), act));
        let lies = self.lies(state.seen);
        let bobs = lies.into_iter().map(|lie| (Action::Lie(lie), Act::Deliver(lie)));
        for (action, act) in suzies.chain(bobs) {
            let next = self.after(state, act).filter(|next| next != state);
            steps.extend(next.map(|next| (action, next)));
        }
        if !state.late {
            steps.push((Action::Late, State { late: true, ..*state }));
        }
    }

    fn kind(&self, _action: &Action) -> Kind {
        Kind::May
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        let facts = self.machine.facts(state.half);
        if !facts.sound {
            return Err(Broken::new(BOTH_SIGNED, "a signature at Suzie's half is wrong"));
        }
        let hers = |text: u8| state.signed & 1 << text != 0;
        match (facts.governs, facts.offer) {
            (Some((_, text)), _) if !hers(text) => {
                Err(Broken::new(BOTH_SIGNED, "Suzie is open on what she never signed"))
            }
            (_, Some((text, 0))) if !hers(text) => {
                Err(Broken::new(BOTH_SIGNED, "Suzie has an offer of hers that she never signed"))
            }
            _ => Ok(()),
        }
    }

    fn between(&self, from: &State, _action: &Action, to: &State) -> Result<(), Broken> {
        let [before, after] = [from, to].map(|state| self.machine.facts(state.half).governs);
        let revision = |governs: Option<(u32, u8)>| governs.map(|(revision, _)| revision);
        if before != after && revision(after) < revision(before) {
            return Err(Broken::new(SIGNED_STAYS, format!("{before:?} became {after:?}")));
        }
        Ok(())
    }

    fn done(&self, _state: &State) -> bool {
        true
    }

    fn say(&self, action: &Action) -> String {
        match *action {
            Action::Suzie(act) => format!("suzie {}", self.machine.act_words(act)),
            Action::Late => "suzie's clock: revision 1 has expired".to_owned(),
            Action::Lie(lie) => format!("bob says: {}", self.machine.says(lie)),
        }
    }

    fn show(&self, state: &State) -> String {
        self.machine.half_words(state.half)
    }
}

impl LiarsWorld {
    fn after(&self, state: &State, act: Act) -> Option<State> {
        let done = self.machine.act(state.half, act, given(state.late, false))?;
        let sent = done.sent.iter().filter_map(|&sent| self.machine.signed_by(sent, Side::Stock));
        let seen = sent.fold(state.seen, |seen, text| seen | 1 << text);
        let signed = state.signed | done.signs.map_or(0, |text| 1 << text);
        Some(State { half: done.half, seen, signed, ..*state })
    }
}
