//! The world in which everything ends: what a referee has to say reaches the others again and again, evidence to
//! void reaches all, and time passes where nothing else can happen. A budget limits times that pass too early, and lies.

use super::audit;
use super::machine::{Event, Machine};
use super::setting::{OUTCOMES, PHASES, Plant, Setting, VOID};
use super::vocabulary::Said;
use crate::model::{Broken, Kind, Model};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// By seat; 0 where nobody honest sits.
    pub(super) referees: [u32; 4],
    /// What honest referees said, as long as a liar may use it.
    pub(super) said: Said,
    pub(super) torn: u8,
    pub(super) early: u8,
    pub(super) lies: u8,
    /// Whether the one that was planted to stop saying things has done so.
    pub(super) mute: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// All that one says reaches another.
    Hears { seat: usize, from: usize },
    /// Only one message of it does.
    HearsOne { seat: usize, from: usize, nth: u8 },
    /// One sees evidence.
    Sees { seat: usize, outcome: usize },
    /// A time passes at one.
    Passes { seat: usize, phase: usize, early: bool },
    /// The liar says something to one.
    Lie { seat: usize, word: u16 },
    /// One stops and begins again with what it wrote.
    Restart { seat: usize },
    /// One stops to say anything.
    Mute { seat: usize },
}

pub(super) struct Ends {
    pub(super) machine: Machine,
}

type Steps = Vec<(Action, State)>;

impl Ends {
    pub(super) fn new(setting: Setting) -> Self {
        Self { machine: Machine::new(setting) }
    }

    /// The state after an event at one referee; none where it changes nothing.
    fn after(&self, state: &State, seat: usize, event: Event) -> Option<State> {
        let done = self.machine.step(state.referees[seat], event);
        let mut next = *state;
        next.referees[seat] = done.to;
        next.said |= if state.lies > 0 { done.says } else { 0 };
        (next != *state).then_some(next)
    }

    /// What arrives at a referee, and what it sees; whether any of it is bound to come.
    fn arrives(&self, state: &State, seat: usize, steps: &mut Steps) -> bool {
        let setting = &self.machine.setting;
        let (before, mut torn) = (steps.len(), Vec::new());
        for from in setting.honest().filter(|&from| from != seat) {
            if state.mute && setting.plant == Some(Plant::Mute(from)) {
                continue;
            }
            let next = self.after(state, seat, Event::All(state.referees[from]));
            steps.extend(next.map(|next| (Action::Hears { seat, from }, next)));
            if state.torn > 0 && self.machine.talks(state.referees[from]) > 1 {
                self.torn(state, (seat, from), &mut torn);
            }
        }
        let see = |outcome: usize, wanted: u8, steps: &mut Steps| {
            if wanted & 1 << outcome != 0 {
                let next = self.after(state, seat, Event::Valid(OUTCOMES[outcome]));
                steps.extend(next.map(|next| (Action::Sees { seat, outcome }, next)));
            }
        };
        see(1, VOID, steps);
        let bound = steps.len() > before;
        see(0, setting.may_see[seat], steps);
        steps.append(&mut torn);
        bound
    }

    fn torn(&self, state: &State, (seat, from): (usize, usize), steps: &mut Steps) {
        for nth in 0..self.machine.talks(state.referees[from]) {
            let next = self.after(state, seat, Event::One(state.referees[from], nth));
            steps.extend(next.map(|next| {
                let next = State { torn: next.torn - 1, ..next };
                (Action::HearsOne { seat, from, nth }, next)
            }));
        }
    }

    /// The times that pass next where nothing else can happen: those that began first, which are those of the
    /// earliest round and phase, as all wait equally long.
    fn first(&self, state: &State) -> Option<(u32, usize)> {
        let waits = self.machine.setting.honest().flat_map(|seat| {
            let facts = self.machine.facts(state.referees[seat]);
            (0..3).filter(move |&phase| facts.waits[phase]).map(move |phase| (facts.round, phase))
        });
        waits.min()
    }

    fn passes(&self, state: &State, seat: usize, due: Option<(u32, usize)>, steps: &mut Steps) {
        let facts = self.machine.facts(state.referees[seat]);
        for phase in (0..3).filter(|&phase| facts.waits[phase]) {
            let early = due != Some((facts.round, phase));
            if early && state.early == 0 {
                continue;
            }
            let next = self.after(state, seat, Event::Pass(PHASES[phase]));
            steps.extend(next.map(|mut next| {
                next.early -= u8::from(early);
                (Action::Passes { seat, phase, early }, next)
            }));
        }
    }

    fn faults(&self, state: &State, seat: usize, steps: &mut Steps) {
        let restarted = self.after(state, seat, Event::Restart);
        steps.extend(restarted.map(|next| (Action::Restart { seat }, next)));
        if self.machine.setting.plant == Some(Plant::Mute(seat)) && !state.mute {
            steps.push((Action::Mute { seat }, State { mute: true, ..*state }));
        }
        if state.lies == 0 {
            return;
        }
        for (number, word) in (0..).zip(self.machine.vocabulary.words()) {
            let lies = word.from.is_none() || word.from == self.machine.setting.liar;
            let facts = self.machine.facts(state.referees[seat]);
            let ahead = !self.machine.setting.ahead && word.round() > facts.round;
            if lies && !ahead && word.needs & !state.said == 0 {
                let next = self.after(state, seat, Event::Word(number));
                steps.extend(next.map(|mut next| {
                    next.lies -= 1;
                    next.said = if next.lies > 0 { next.said } else { 0 };
                    (Action::Lie { seat, word: number }, next)
                }));
            }
        }
    }
}

impl Model for Ends {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        let Setting { early, lies, torn, .. } = self.machine.setting;
        let (mut referees, mut said) = ([0; 4], 0);
        for seat in self.machine.setting.honest() {
            referees[seat] = self.machine.begin(seat);
            said |= self.machine.facts(referees[seat]).says;
        }
        let said = if lies > 0 { said } else { 0 };
        vec![State { referees, said, torn, early, lies, mute: false }]
    }

    fn next(&self, state: &State, steps: &mut Steps) {
        let mut busy = false;
        for seat in self.machine.setting.honest() {
            busy |= self.arrives(state, seat, steps);
        }
        let due = if busy { None } else { self.first(state) };
        for seat in self.machine.setting.honest() {
            self.passes(state, seat, due, steps);
            self.faults(state, seat, steps);
        }
    }

    fn kind(&self, action: &Action) -> Kind {
        let number = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        match *action {
            Action::Hears { seat, from } => Kind::Fair(number(seat * 4 + from)),
            Action::Sees { seat, outcome: 1 } => Kind::Fair(number(16 + seat)),
            Action::Passes { seat, early: false, .. } => Kind::Fair(number(20 + seat)),
            _ => Kind::May,
        }
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        audit::ends(self, state)
    }

    fn between(&self, from: &State, action: &Action, to: &State) -> Result<(), Broken> {
        audit::between(self, from, *action, to)
    }

    fn done(&self, state: &State) -> bool {
        let decided = |seat: usize| self.machine.facts(state.referees[seat]).decided.is_some();
        self.machine.setting.honest().all(decided)
    }

    fn say(&self, action: &Action) -> String {
        self.tell(*action)
    }

    fn show(&self, state: &State) -> String {
        self.picture(state)
    }

    fn class(&self, class: u8) -> String {
        match class {
            0..16 => format!("what {} says to {}", class % 4, class / 4),
            16..20 => format!("evidence to void at {}", class - 16),
            _ => format!("the time of {}", class.saturating_sub(20)),
        }
    }
}
