//! The world of two halves: what users do, what arrives, and what is promised about each step. What may go wrong
//! is in `faults.rs`.

use protocol::negotiation::Given;

use super::audit;
use super::cast::given;
use super::machine::{Act, Machine};
use super::setting::{Faults, Setting, Will};
use crate::model::{Broken, Kind, Model};
use crate::queue::Queue;

/// A state: halves and messages by their numbers; the first of two is Suzie's or goes to Suzie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) halves: [u32; 2],
    /// What is on its way to each half.
    pub(super) net: [Queue; 2],
    /// Which texts each user has signed, one bit each: what the auditor knows.
    pub(super) signed: [u16; 2],
    /// Of which texts each half said that it will not accept them any more.
    pub(super) ended: [u16; 2],
    /// Whether each half's clock is past the end of the first revision.
    pub(super) late: [bool; 2],
    /// Whether each half's ledger says that the tally is closed.
    pub(super) closed: [bool; 2],
    /// Whether each half was lost and asks for all.
    pub(super) lost: [bool; 2],
    /// Whether a message of an honest half was refused.
    pub(super) refused: bool,
    /// What may still go wrong.
    pub(super) left: Faults,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Act {
        at: usize,
        act: Act,
    },
    /// Both halves say again what was not confirmed.
    Again,
    Late {
        at: usize,
        must: bool,
    },
    Close {
        at: usize,
    },
    Lose {
        to: usize,
        message: u8,
    },
    Double {
        to: usize,
        message: u8,
    },
    Overtake {
        to: usize,
        message: u8,
    },
    Crash {
        at: usize,
    },
    Restore {
        at: usize,
    },
    Forge {
        to: usize,
        message: u8,
    },
}

pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) setting: Setting,
    pub(super) begin: [u32; 2],
}

/// What may happen, and the state after it.
pub(super) type Steps = Vec<(Action, State)>;

impl World {
    pub(super) fn new(setting: Setting) -> Self {
        let machine = Machine::new(setting.plant);
        let begin = machine.begin();
        Self { machine, setting, begin }
    }

    /// What users and timers do, and what arrives, at one half.
    fn acts(&self, state: &State, at: usize, steps: &mut Steps) {
        let Setting { offers, accepts, refuses, withdraws, .. } = self.setting;
        let wanted = |will: Will, act| (will != Will::Never).then_some(act);
        let again = !self.setting.patient;
        let acts = [
            wanted(offers[at], Act::Offer { again: state.lost[at] }),
            wanted(accepts, Act::Accept),
            wanted(refuses, Act::Refuse),
            wanted(withdraws, Act::Withdraw),
            again.then_some(Act::Remind),
            Some(Act::Tick),
            (again && state.lost[at]).then_some(Act::Compare),
            state.net[at].items().first().map(|&oldest| Act::Deliver(oldest)),
        ];
        for act in acts.into_iter().flatten() {
            if matches!(act, Act::Offer { .. }) && !self.may_offer(state, at) {
                continue;
            }
            let next = self.after(state, at, act).filter(|next| next != state);
            steps.extend(next.map(|next| (Action::Act { at, act }, next)));
        }
    }

    /// Where nothing is on its way, a long time passes: each half says again what the other has not confirmed, and one
    /// that was lost asks for all.
    fn says_again(&self, state: &State, steps: &mut Steps) {
        if !self.setting.patient || !state.net.iter().all(Queue::is_empty) {
            return;
        }
        let mut next = *state;
        for at in 0..2 {
            let asks = state.lost[at].then_some(Act::Compare);
            for act in [Act::Remind].into_iter().chain(asks) {
                next = self.after(&next, at, act).unwrap_or(next);
            }
        }
        if next != *state {
            steps.push((Action::Again, next));
        }
    }

    /// Whether there is a revision left; a user who wants to agree does not offer over an offer.
    fn may_offer(&self, state: &State, at: usize) -> bool {
        let facts = self.machine.facts(state.halves[at]);
        let wants = self.setting.offers[at] == Will::Does;
        facts.next.is_some_and(|next| next <= self.setting.revisions)
            && !(wants && (facts.offer.is_some() || facts.governs.is_some()))
    }

    fn after(&self, state: &State, at: usize, act: Act) -> Option<State> {
        let done = self.machine.act(state.halves[at], act, Self::given(state, at))?;
        let mut next = *state;
        if matches!(act, Act::Deliver(_)) {
            next.net[at].take(0);
            next.refused |= done.refused && self.setting.faults.forge == 0 && !state.closed[at];
        }
        next.halves[at] = done.half;
        next.signed[at] |= done.signs.map_or(0, |text| 1 << text);
        next.ended[at] |= done.ends;
        for &message in &*done.sent {
            next.net[1 - at].push_new(message);
        }
        Some(next)
    }

    /// What half and ledger know besides.
    pub(super) fn given(state: &State, at: usize) -> Given {
        given(state.late[at], state.closed[at])
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        let mut net = [Queue::default(); 2];
        for (at, &half) in self.begin.iter().enumerate() {
            self.machine.first_words(half).into_iter().for_each(|said| net[1 - at].push(said));
        }
        vec![State {
            halves: self.begin,
            net,
            signed: [0; 2],
            ended: [0; 2],
            late: [false; 2],
            closed: [false; 2],
            lost: [false; 2],
            refused: false,
            left: self.setting.faults,
        }]
    }

    fn next(&self, state: &State, steps: &mut Steps) {
        for at in 0..2 {
            self.acts(state, at, steps);
            self.faults(state, at, steps);
        }
        self.says_again(state, steps);
    }

    fn kind(&self, action: &Action) -> Kind {
        let fair = |class: u8, at: usize| Kind::Fair(class * 2 + u8::from(at == 1));
        let by = |will, class, at| if will == Will::Does { fair(class, at) } else { Kind::May };
        match *action {
            Action::Act { at, act } => match act {
                Act::Deliver(_) => fair(0, at),
                Act::Remind => fair(1, at),
                Act::Tick => fair(2, at),
                Act::Compare => fair(3, at),
                Act::Offer { .. } => by(self.setting.offers[at], 5, at),
                Act::Accept => by(self.setting.accepts, 6, at),
                Act::Refuse => by(self.setting.refuses, 7, at),
                Act::Withdraw => by(self.setting.withdraws, 8, at),
            },
            Action::Late { at, must: true } => fair(4, at),
            Action::Again => fair(9, 0),
            _ => Kind::May,
        }
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        audit::always(self, state)
    }

    fn between(&self, from: &State, action: &Action, to: &State) -> Result<(), Broken> {
        audit::between(self, from, *action, to)
    }

    fn done(&self, state: &State) -> bool {
        audit::done(self, state)
    }

    fn say(&self, action: &Action) -> String {
        self.tell(*action)
    }

    fn show(&self, state: &State) -> String {
        self.picture(state)
    }

    fn class(&self, class: u8) -> String {
        let whose = super::words::NAMES[usize::from(class % 2)];
        let what = ["messages to", "reminders of", "ticks of", "questions of", "the clock of"];
        let what = what.into_iter().chain([
            "offers of",
            "acceptances of",
            "refusals of",
            "withdrawals of",
            "reminders of both,",
        ]);
        format!("{} {whose}", what.into_iter().nth(usize::from(class / 2)).unwrap_or("steps of"))
    }
}
