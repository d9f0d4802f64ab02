//! The world of one lift with its referees: what sites and referees do, what arrives, which clocks go on, and what is
//! promised about each step.

use super::audit;
use super::bench::{Bench, Event};
use super::faults::{Kept, Written};
use super::setting::{Faults, Setting};
use crate::lift::cast::{Lay, NOTHING};
use crate::lift::machine::{Act, Facts, Machine, Wants};
use crate::memo::Interned;
use crate::model::{Broken, Kind, Model};

/// The most sites, and referees.
pub(super) const SITES: usize = 3;
pub(super) const SEATS: usize = 4;

/// The most that is kept on its way.
pub(super) const MOST_LATE: usize = 2;

/// A state: participants and referees by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) sites: [u32; SITES],
    /// By seat; 0 where nobody sits who speaks.
    pub(super) referees: [u32; SEATS],
    /// Which sites have heard of the lift and have died; which referees' clocks have passed the deadline: one bit each.
    pub(super) met: u8,
    pub(super) dead: u8,
    pub(super) past: u8,
    /// Whether a referee takes an honest one for a liar, or refuses what it says.
    pub(super) wrong: bool,
    /// What is kept on its way.
    pub(super) late: [Option<u32>; MOST_LATE],
    /// What the site or referee has written that has gone on and written nothing since; of all others all is written.
    pub(super) ahead: Option<u32>,
    pub(super) left: Faults,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// The current word of one end of a leg reaches the other.
    Tell {
        leg: usize,
        to_taker: bool,
    },
    Promise {
        site: usize,
    },
    Refuse {
        site: usize,
    },
    Wait {
        site: usize,
    },
    /// A site asks a referee, with all that it has.
    Ask {
        site: usize,
        seat: usize,
    },
    /// A site that asks gets a referee's certificate.
    Answer {
        site: usize,
        seat: usize,
    },
    /// A referee's clock passes the deadline.
    Past {
        seat: usize,
    },
    /// All that one referee has to tell reaches another.
    Inform {
        seat: usize,
        from: usize,
    },
    /// A time passes at a referee.
    Passes {
        seat: usize,
        phase: usize,
        early: bool,
    },
    Keep {
        kept: Kept,
    },
    Come {
        place: usize,
    },
    /// The site or referee that has gone on writes, …
    Write,
    /// … or stops before it has, and begins again with what it wrote.
    Crash,
    Die {
        site: usize,
    },
    Restore {
        seat: usize,
    },
}

/// What may happen, and the state after it.
pub(super) type Steps = Vec<(Action, State)>;

/// What happens, and whether who does it writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) written: bool,
}

pub(super) struct World {
    pub(super) setting: Setting,
    pub(super) machine: Machine,
    pub(super) bench: Bench,
    pub(super) kept: Interned<Kept>,
    pub(super) written: Interned<Written>,
}

impl World {
    pub(super) fn new(setting: Setting) -> Self {
        let lay = Lay { referees: setting.seats, ..Lay::of(setting.shape) };
        let machine = Machine::new(&lay);
        let bench = Bench::new(&machine.cast);
        let (kept, written) = (Interned::new(), Interned::new());
        Self { setting, machine, bench, kept, written }
    }

    pub(super) const fn many(&self) -> usize {
        self.setting.shape.sites()
    }

    pub(super) const fn is_alive(state: &State, site: usize) -> bool {
        state.dead & (1 << site) == 0
    }

    /// Whether a site lives and knows of the lift.
    pub(super) const fn acts(state: &State, site: usize) -> bool {
        Self::is_alive(state, site) && state.met & (1 << site) != 0
    }

    pub(super) fn facts(&self, state: &State, site: usize) -> Facts {
        self.machine.facts(site, state.sites[site])
    }

    pub(super) fn referee(&self, state: &State, seat: usize) -> super::bench::Facts {
        self.bench.facts(&self.machine.cast, seat, state.referees[seat])
    }

    pub(super) fn act(&self, state: &State, site: usize, act: Act) -> State {
        let mut next = *state;
        next.sites[site] = self.machine.act(site, state.sites[site], act);
        next
    }

    /// The state after an event at a referee; `from` another one, where it comes from there.
    pub(super) fn event(&self, state: &State, (seat, from): (usize, usize), event: Event) -> State {
        let is_past = state.past & (1 << seat) != 0;
        let at = (state.referees[seat], event);
        let (to, wrong) = self.bench.step(&self.machine.cast, at, from, is_past);
        let mut next = *state;
        next.referees[seat] = to;
        next.wrong |= wrong;
        next
    }

    /// The state after a site has heard a word; the dead hear nothing.
    pub(super) fn hears(&self, state: &State, site: usize, leg: usize, word: u32) -> State {
        if !Self::is_alive(state, site) {
            return *state;
        }
        let mut next = self.act(state, site, Act::Hear { leg, word });
        next.met |= 1 << site;
        next
    }

    fn words(&self, state: &State, steps: &mut Steps) {
        let spoken = self.spoken(state);
        for leg in 0..self.setting.shape.legs() {
            for to_taker in [true, false] {
                let [giver, taker] = self.machine.cast.ends(leg);
                let (from, to) = if to_taker { (giver, taker) } else { (taker, giver) };
                if Self::acts(&spoken, from) && Self::is_alive(state, to) {
                    let (word, _) = self.machine.word(from, spoken.sites[from], leg);
                    let next = self.hears(state, to, leg, word);
                    steps.push((Action::Tell { leg, to_taker }, next));
                    self.keep(state, Kept::Word { leg, to_taker, word }, steps);
                }
            }
        }
    }

    fn site(&self, state: &State, site: usize, steps: &mut Steps) {
        if self.facts(state, site).wants == Wants::Judge {
            steps.push((Action::Promise { site }, self.act(state, site, Act::Promise)));
            if state.left.refuse > 0 {
                let mut next = self.act(state, site, Act::Refuse);
                next.left.refuse -= 1;
                steps.push((Action::Refuse { site }, next));
            }
        }
        let spoken = self.spoken(state);
        let asks =
            Self::acts(&spoken, site) && matches!(self.facts(&spoken, site).wants, Wants::Ask(_));
        if asks {
            self.asks(state, &spoken, site, steps);
        }
        steps.push((Action::Wait { site }, self.act(state, site, Act::Wait)));
    }

    fn asks(&self, state: &State, spoken: &State, site: usize, steps: &mut Steps) {
        let evidence = self.machine.evidence(spoken.sites[site]);
        let brought = self.bench.brought(evidence);
        for seat in self.setting.living().filter(|seat| self.setting.asks & (1 << seat) != 0) {
            let next = self.event(state, (seat, seat), Event::Ask(brought));
            steps.push((Action::Ask { site, seat }, next));
            self.keep(state, Kept::Asked { seat, brought }, steps);
            let certificate = self.referee(spoken, seat).certificate;
            if certificate != NOTHING {
                let next = self.act(state, site, Act::Shown(certificate));
                steps.push((Action::Answer { site, seat }, next));
                self.keep(state, Kept::Given { site, certificate }, steps);
            }
        }
    }

    /// What referees tell each other; whether any of it is new.
    fn informs(&self, state: &State, steps: &mut Steps) -> bool {
        let (mut new, spoken) = (false, self.spoken(state));
        for seat in self.setting.living() {
            for from in self.setting.living().filter(|from| *from != seat) {
                let number = spoken.referees[from];
                let next = self.event(state, (seat, from), Event::Tell(number));
                new |= next != *state;
                steps.push((Action::Inform { seat, from }, next));
                self.keep(state, Kept::Told { seat, from, number }, steps);
            }
        }
        new
    }

    /// Times pass where nothing is on its way between referees, those first that began first; the others too early.
    fn passes(&self, state: &State, busy: bool, steps: &mut Steps) {
        let waits = self.setting.living().flat_map(|seat| {
            let facts = self.referee(state, seat);
            let phases = (0..3).filter(move |phase| facts.waits[*phase]);
            phases.map(move |phase| (facts.round, phase, seat))
        });
        let waits: Vec<(u32, usize, usize)> = waits.collect();
        let first = waits.iter().map(|(round, phase, _)| (*round, *phase)).min();
        for (round, phase, seat) in waits {
            let early = busy || Some((round, phase)) != first;
            if early && state.left.early == 0 {
                continue;
            }
            let mut next = self.event(state, (seat, seat), Event::Pass(phase));
            next.left.early -= u8::from(early);
            steps.push((Action::Passes { seat, phase, early }, next));
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Step;

    fn initial(&self) -> Vec<State> {
        let (mut sites, mut referees) = ([0; SITES], [0; SEATS]);
        for (site, number) in sites.iter_mut().enumerate().take(self.many()) {
            *number = self.machine.begin(site);
        }
        for seat in self.setting.living() {
            referees[seat] = self.bench.begin(&self.machine.cast, seat);
        }
        let (met, dead, past, wrong) = (1, 0, 0, false);
        let (late, ahead, left) = ([None; MOST_LATE], None, self.setting.faults);
        vec![State { sites, referees, met, dead, past, wrong, late, ahead, left }]
    }

    fn next(&self, state: &State, all: &mut Vec<(Step, State)>) {
        let steps = &mut Vec::new();
        self.words(state, steps);
        for site in (0..self.many()).filter(|site| Self::acts(state, *site)) {
            self.site(state, site, steps);
        }
        for seat in self.setting.living().filter(|_| self.setting.passes) {
            let past = state.past | 1 << seat;
            steps.push((Action::Past { seat }, State { past, ..*state }));
        }
        // Who has not written yet has more to tell when it has.
        let busy = self.informs(state, steps) || state.ahead.is_some();
        self.passes(state, busy, steps);
        self.faults(state, steps);
        // What would change nothing is left out.
        for (action, next) in steps.drain(..).filter(|(_, next)| next != state) {
            let unwritten = self.unwritten(state, action, &next);
            all.extend(unwritten.map(|next| (Step { action, written: false }, next)));
            all.push((Step { action, written: true }, next));
        }
    }

    fn kind(&self, step: &Step) -> Kind {
        // Who does something may stop before it is written: nobody promises that it does not.
        if !step.written {
            return Kind::May;
        }
        let fair = |base: usize, at: usize| Kind::Fair(u8::try_from(base + at).unwrap_or(u8::MAX));
        match step.action {
            Action::Tell { leg, to_taker } => fair(0, 2 * leg + usize::from(to_taker)),
            Action::Promise { site } => fair(6, site),
            Action::Wait { site } => fair(9, site),
            Action::Ask { site, seat } => fair(12, SEATS * site + seat),
            Action::Answer { site, seat } => fair(24, SEATS * site + seat),
            Action::Past { seat } => fair(36, seat),
            Action::Inform { seat, from } => fair(40, SEATS * seat + from),
            Action::Passes { seat, early: false, .. } => fair(56, seat),
            Action::Write => fair(60, 0),
            Action::Passes { .. }
            | Action::Refuse { .. }
            | Action::Keep { .. }
            | Action::Come { .. }
            | Action::Crash
            | Action::Die { .. }
            | Action::Restore { .. } => Kind::May,
        }
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        audit::always(self, state)
    }

    fn between(&self, from: &State, step: &Step, to: &State) -> Result<(), Broken> {
        audit::between(self, from, step.action, to)
    }

    fn done(&self, state: &State) -> bool {
        audit::done(self, state)
    }

    fn say(&self, step: &Step) -> String {
        let told = self.tell(step.action);
        if step.written { told } else { format!("{told}, and is not written yet") }
    }

    fn show(&self, state: &State) -> String {
        self.picture(state)
    }

    fn class(&self, class: u8) -> String {
        let pair = |what: &str, at: u8| format!("{what} {} and {}", at / 4, at % 4);
        match class {
            0..6 => format!("words over leg {}", class / 2),
            6..9 => format!("promises of site {}", class - 6),
            9..12 => format!("the timer of site {}", class - 9),
            12..24 => pair("questions between site and referee", class - 12),
            24..36 => pair("answers between site and referee", class - 24),
            36..40 => format!("the clock of referee {}", class - 36),
            40..56 => pair("what is told between referees", class - 40),
            60.. => "what is written".to_owned(),
            _ => format!("the times of referee {}", class.saturating_sub(56)),
        }
    }
}
