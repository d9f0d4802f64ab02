//! The shipping machine of a referee, run once for each different input; its states by numbers.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use protocol::agreement::{
    Agreement, Effect, Input, Message, Phase, Seat, Statement, Timeout, Witness,
};
use protocol::lift::Outcome;

use super::setting::{OUTCOMES, PHASES, Plant, Setting};
use super::vocabulary::{Said, Vocabulary};
use crate::memo::{Interned, Memo};

/// What may happen to a referee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// It sees evidence.
    Valid(Outcome),
    /// A time that it asked for passes.
    Pass(Phase),
    /// It hears one word.
    Word(u16),
    /// It hears all that another, in the state of this number, has to say.
    All(u32),
    /// It hears only this message of it.
    One(u32, u8),
    /// It is stopped, and begins again with what it wrote.
    Restart,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Done {
    pub(super) to: u32,
    /// What it says now, or said on the way.
    pub(super) says: Said,
    pub(super) wrong: Option<Wrong>,
}

/// What must not come of any event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Wrong {
    /// It refuses what follows every rule.
    Refuses(usize),
    /// It calls an honest referee a liar.
    Accuses(usize),
    /// It decided before, and now otherwise.
    Changes(usize),
    /// What it wrote is not what it was.
    Writes(usize),
}

/// What can be read from a referee's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) round: u32,
    pub(super) phase: Phase,
    pub(super) lock: Option<Outcome>,
    pub(super) decided: Option<Outcome>,
    /// The outcomes for which it has seen evidence.
    pub(super) seen: u8,
    /// For which phases' times it waits.
    pub(super) waits: [bool; 3],
    /// What it says, in the first rounds.
    pub(super) says: Said,
    /// How many messages it has to say.
    pub(super) talks: u8,
}

/// What comes of the words and of what happens by itself in one state: numbers of what came of it.
pub(super) type Row = Arc<[AtomicU32]>;

/// Nobody has asked yet.
const UNKNOWN: u32 = 0;
/// The state stays as it is.
const NOTHING: u32 = 1;
/// What may happen by itself: two kinds of evidence, three times, a new start.
const OWN: usize = 6;
/// The first number of what came of something.
const OUTCOME: u32 = 2;

pub(super) struct Machine {
    pub(super) setting: Setting,
    pub(super) vocabulary: Vocabulary,
    states: Interned<Agreement<()>>,
    steps: Memo<(u32, Event), Done>,
    rows: Memo<u32, Row>,
    outcomes: Interned<Done>,
    facts: Memo<u32, Facts>,
}

impl Machine {
    pub(super) fn new(setting: Setting) -> Self {
        let vocabulary = Vocabulary::new(&setting);
        let (states, steps, facts) = (Interned::new(), Memo::new(), Memo::new());
        let (rows, outcomes) = (Memo::new(), Interned::new());
        Self { setting, vocabulary, states, steps, rows, outcomes, facts }
    }

    /// A referee before anything happened, but for what it has seen.
    pub(super) fn begin(&self, seat: usize) -> u32 {
        let me = Seat(u8::try_from(seat).expect("a small world has few seats"));
        let new = Agreement::new(me, self.setting.seats).expect("a lift may have so many");
        let knows = (0..2).filter(|bit| self.setting.knows[seat] & 1 << bit != 0);
        knows.fold(self.states.number(new), |state, outcome| {
            self.step(state, Event::Valid(OUTCOMES[outcome])).to
        })
    }

    /// What comes of an event.
    pub(super) fn step(&self, state: u32, event: Event) -> Done {
        self.steps.get((state, event), |_| self.find(state, event))
    }

    /// What is known of all that may come of a state.
    pub(super) fn row(&self, state: u32) -> Row {
        let events = self.vocabulary.words().len() + OWN;
        self.rows.get(state, |_| (0..events).map(|_| AtomicU32::new(UNKNOWN)).collect())
    }

    /// What comes of an event in the state of a row, where anything does.
    pub(super) fn outcome(&self, row: &Row, state: u32, event: Event) -> Option<Arc<Done>> {
        let words = self.vocabulary.words().len();
        let place = match event {
            Event::Word(word) => usize::from(word),
            Event::Valid(outcome) => words + usize::from(outcome != OUTCOMES[0]),
            Event::Pass(phase) => words + 2 + phase as usize,
            Event::Restart | Event::All(_) | Event::One(..) => words + OWN - 1,
        };
        let mut number = row[place].load(Ordering::Relaxed);
        if number == UNKNOWN {
            let done = self.find(state, event);
            number = NOTHING;
            if done.to != state || done.wrong.is_some() || done.says & !self.facts(state).says != 0
            {
                number = OUTCOME + self.outcomes.number(done);
            }
            row[place].store(number, Ordering::Relaxed);
        }
        (number != NOTHING).then(|| self.outcomes.get(number - OUTCOME))
    }

    fn find(&self, number: u32, event: Event) -> Done {
        let state = self.states.get(number);
        let me = usize::from(state.me().0);
        let Some(inputs) = self.inputs(&state, event) else { return self.restart(number) };
        let (mut now, mut says, mut wrong) = ((*state).clone(), 0, None);
        for input in inputs {
            match now.step(input) {
                Ok(step) => {
                    for effect in &step.effects {
                        says |= self.sent(me, effect);
                        wrong = wrong.or(self.accused(effect));
                    }
                    now = step.state;
                }
                Err(_) => wrong = Some(Wrong::Refuses(me)),
            }
        }
        let (before, to) = (self.facts(number).decided, self.states.number(now));
        let facts = self.facts(to);
        if before.is_some() && before != facts.decided {
            wrong = Some(Wrong::Changes(me));
        }
        Done { to, says: says | facts.says, wrong }
    }

    /// The inputs that an event is; none for a new start.
    fn inputs(&self, state: &Agreement<()>, event: Event) -> Option<Vec<Input<()>>> {
        let me = state.me();
        let inputs = match event {
            Event::Restart => return None,
            Event::Valid(outcome) => vec![Input::Valid(outcome)],
            Event::Pass(phase) => vec![Input::Timeout(Timeout { round: state.round(), phase })],
            Event::Word(word) => {
                let word = &self.vocabulary.words()[usize::from(word)];
                let next = (usize::from(me.0) + 1) % self.setting.seats;
                let from = word.from.unwrap_or(next);
                let from = Seat(u8::try_from(from).expect("a small world has few seats"));
                self.heard(from, word.message.clone())
            }
            Event::All(other) => {
                let other = self.states.get(other);
                let says = other.says().into_iter().map(|said| bare(other.me(), said));
                says.flat_map(|said| self.heard(other.me(), said)).collect()
            }
            Event::One(other, nth) => {
                let other = self.states.get(other);
                let said = other.says().into_iter().nth(nth.into());
                let said = said.map(|said| bare(other.me(), said));
                said.map_or_else(Vec::new, |said| self.heard(other.me(), said))
            }
        };
        Some(inputs)
    }

    /// A message as it comes in, after what was planted before it.
    fn heard(&self, from: Seat, message: Message<()>) -> Vec<Input<()>> {
        let mut inputs = Vec::new();
        if self.setting.plant == Some(Plant::Gullible)
            && let Message::Proposal(proposal) = &message
        {
            inputs.push(Input::Valid(proposal.outcome));
        }
        inputs.push(Input::Receive { from, message });
        inputs
    }

    /// What is written is read again, and says and waits for the same.
    fn restart(&self, number: u32) -> Done {
        let state = self.states.get(number);
        let written = serde_json::to_string(&*state).ok();
        let read: Option<Agreement<()>> = written.and_then(|text| serde_json::from_str(&text).ok());
        let me = usize::from(state.me().0);
        let (to, wrong) = match read {
            Some(read) => (self.states.number(read), None),
            None => (number, Some(Wrong::Writes(me))),
        };
        Done { to, says: self.facts(to).says, wrong }
    }

    fn sent(&self, me: usize, effect: &Effect<()>) -> Said {
        match effect {
            Effect::Send(message) | Effect::Answer { message, .. } => self.said(me, message),
            _ => 0,
        }
    }

    fn accused(&self, effect: &Effect<()>) -> Option<Wrong> {
        let Effect::Equivocated(proof) = effect else { return None };
        let seat = usize::from(proof.seat.0);
        (Some(seat) != self.setting.liar).then_some(Wrong::Accuses(seat))
    }

    /// What of a message its sender says itself, and what it signs in it.
    fn said(&self, me: usize, message: &Message<Witness<()>>) -> Said {
        let from = Seat(u8::try_from(me).expect("a small world has few seats"));
        let mut said = 0;
        let bare = message.clone().try_map(from, |_, statement, sign| {
            if let (Statement::Vote(vote), Witness::Mine) = (statement, sign) {
                said |= self.vocabulary.bit(me, &Message::Vote { vote, sign: () });
            }
            Ok::<(), Infallible>(())
        });
        let Ok(bare) = bare;
        said | self.vocabulary.bit(me, &bare)
    }

    /// What can be read from a referee's state.
    pub(super) fn facts(&self, state: u32) -> Facts {
        self.facts.get(state, |&number| {
            let state = self.states.get(number);
            let me = usize::from(state.me().0);
            let seen = |outcome: usize| u8::from(state.has_seen(OUTCOMES[outcome])) << outcome;
            let (waits, talks) = (state.waits(), state.says());
            Facts {
                round: state.round().get(),
                phase: state.phase(),
                lock: state.lock().map(|lock| lock.outcome),
                decided: state.decision().map(|decision| decision.outcome),
                seen: seen(0) | seen(1),
                waits: PHASES.map(|phase| waits.iter().any(|wait| wait.phase == phase)),
                says: talks.iter().fold(0, |all, said| all | self.said(me, said)),
                talks: u8::try_from(talks.len()).unwrap_or(u8::MAX),
            }
        })
    }

    /// How many messages a referee has to say.
    pub(super) fn talks(&self, state: u32) -> u8 {
        self.facts(state).talks
    }
}

/// A message as it arrives, every signature in it checked.
fn bare(from: Seat, message: Message<Witness<()>>) -> Message<()> {
    let Ok(bare) = message.try_map(from, |_, _, _| Ok::<(), Infallible>(()));
    bare
}
