//! The world of one lift: what sites and their timers do, what arrives, what the referee decides, and what is
//! promised about each step.

use super::audit;
use super::cast::{Lay, NOTHING, TOO_LATE};
use super::contents::Contents;
use super::ends::Ends;
use super::lie::Lie;
use super::machine::{Act, KEEPS_NOTHING, Machine, Wants};
use super::setting::{Faults, Plant, Setting};
use crate::model::{Broken, Kind, Model};

/// The most participants, and legs; a participant is a site, where the setting does not say that sites have several.
pub(super) const MOST: usize = 6;
const LEGS: usize = 4;

/// The most words that are kept on their way.
pub(super) const MOST_LATE: usize = 2;

/// A state: participants and words by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) sites: [u32; MOST],
    /// Which sites have heard of the lift, have died, lie, and take it for void by their own clock: one bit each.
    pub(super) met: u8,
    pub(super) dead: u8,
    pub(super) liars: u8,
    pub(super) gave_up: u8,
    /// Which sites went back.
    pub(super) back: u8,
    /// Words kept on their way: leg, whether to its taker, and which word.
    pub(super) late: [Option<(u8, bool, u32)>; MOST_LATE],
    /// The certificate that the referee has given; its clock has passed the deadline.
    pub(super) decided: u8,
    pub(super) is_past: bool,
    /// Which certificates were ever given, one bit each; and whether one was forgotten.
    pub(super) given: u32,
    /// What the liars know together.
    pub(super) known: Contents,
    pub(super) left: Faults,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// The current word of one end of a leg reaches the other.
    Tell {
        leg: usize,
        to_taker: bool,
    },
    /// A site does what is to be done: it promises what holds.
    Promise {
        site: usize,
    },
    Wait {
        site: usize,
    },
    /// A site asks, and the referee decides.
    Ask {
        site: usize,
    },
    /// A site that asks hears what was decided.
    Answer {
        site: usize,
    },
    Past,
    Refuse {
        site: usize,
    },
    Keep {
        leg: usize,
        to_taker: bool,
    },
    Come {
        place: usize,
    },
    Die {
        site: usize,
    },
    Restore {
        site: usize,
    },
    Lie {
        leg: usize,
        to_taker: bool,
        lie: Lie,
    },
    LiarAsks {
        certificate: u8,
    },
    GiveUp {
        site: usize,
    },
    Forget,
}

/// What may happen, and the state after it.
pub(super) type Steps = Vec<(Action, State)>;

pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) setting: Setting,
    /// Where sites have several participants.
    pub(super) ends: Option<Ends>,
}

impl World {
    pub(super) fn new(setting: Setting) -> Self {
        let lay =
            setting.sites.map_or_else(|| Lay::of(setting.shape), |sites| sites.lay(setting.shape));
        let lay = Lay {
            liars: setting.liars.iter().fold(0, |all, liars| all | liars),
            left_out: setting.left_out,
            former_counts: setting.plant == Some(Plant::FormerAgent),
            ..lay
        };
        let machine = Machine::new(&lay);
        let ends = setting.sites.map(|sites| sites.ends(&machine.cast));
        Self { machine, setting, ends }
    }

    pub(super) const fn many(&self) -> usize {
        self.setting.shape.sites()
    }

    /// Whether a site does what the machine says.
    pub(super) const fn is_honest(state: &State, site: usize) -> bool {
        state.liars & (1 << site) == 0
    }

    pub(super) const fn is_alive(state: &State, site: usize) -> bool {
        state.dead & (1 << site) == 0
    }

    /// Whether a site knows of the lift and does what the machine says.
    pub(super) const fn acts(state: &State, site: usize) -> bool {
        Self::is_honest(state, site) && Self::is_alive(state, site) && state.met & (1 << site) != 0
    }

    /// From whom to whom a word over a leg goes.
    pub(super) fn between(&self, leg: usize, to_taker: bool) -> (usize, usize) {
        let [giver, taker] = self.machine.cast.ends(leg);
        if to_taker { (giver, taker) } else { (taker, giver) }
    }

    /// The state after a site has heard a word.
    pub(super) fn hears(&self, state: &State, site: usize, leg: usize, word: u32) -> State {
        let mut next = *state;
        if Self::is_honest(state, site) && Self::is_alive(state, site) {
            next.sites[site] = self.machine.act(site, state.sites[site], Act::Hear { leg, word });
            // Where it takes nothing of what it has lost, it knows as little as before.
            if next.sites[site] != KEEPS_NOTHING {
                next.met |= 1 << site;
            }
        }
        next
    }

    fn words(&self, state: &State, steps: &mut Steps) {
        for (leg, to_taker) in self.directions() {
            let (from, to) = self.between(leg, to_taker);
            if Self::acts(state, from) {
                let (word, _) = self.machine.word(from, state.sites[from], leg);
                steps.push((Action::Tell { leg, to_taker }, self.hears(state, to, leg, word)));
                self.keep(state, (leg, to_taker, word), steps);
            } else if let Some((word, _)) = self.refuses(state, from, (leg, to)) {
                steps.push((Action::Tell { leg, to_taker }, self.hears(state, to, leg, word)));
            }
        }
    }

    /// What a site that has lost the lift answers to a neighbour's word on it, while nothing is decided or refused there.
    fn refuses(
        &self,
        state: &State,
        site: usize,
        (leg, neighbour): (usize, usize),
    ) -> Option<(u32, Contents)> {
        let lost = state.sites[site] == KEEPS_NOTHING;
        if !lost || !Self::is_honest(state, site) || !Self::is_alive(state, site) {
            return None;
        }
        let asks = !Self::is_honest(state, neighbour)
            || (Self::acts(state, neighbour) && {
                let said = self.machine.word(neighbour, state.sites[neighbour], leg).1;
                (said.refused, said.certificates) == (0, 0)
            });
        asks.then(|| self.machine.refuses_unknown(site, leg)).flatten()
    }

    /// The state after the liars have heard whatever their honest neighbours have to say and the referee has given:
    /// nothing is to be had by hearing it later.
    fn overheard(&self, mut state: State) -> State {
        if state.liars == 0 {
            return state;
        }
        for (leg, to_taker) in self.directions() {
            let (from, to) = self.between(leg, to_taker);
            if Self::is_honest(&state, to) {
                continue;
            }
            let said = if Self::acts(&state, from) {
                Some(self.machine.word(from, state.sites[from], leg))
            } else {
                self.refuses(&state, from, (leg, to))
            };
            state.known = said.map_or(state.known, |(_, contents)| state.known.with(contents));
        }
        state.known.certificates |= state.given;
        state.known.certificates = self.machine.cast.closed(state.known);
        state
    }

    /// The legs, each in both directions.
    pub(super) fn directions(&self) -> impl Iterator<Item = (usize, bool)> + use<> {
        (0..self.setting.shape.legs()).flat_map(|leg| [(leg, true), (leg, false)])
    }

    fn site(&self, state: &State, site: usize, steps: &mut Steps) {
        let number = state.sites[site];
        let facts = self.machine.facts(site, number);
        let with = |act| {
            let mut next = *state;
            next.sites[site] = self.machine.act(site, number, act);
            next
        };
        match facts.wants {
            Wants::Ask(certificate) => {
                let asks = self.setting.others_ask || self.setting.shape.collects(site);
                if asks {
                    steps.push((Action::Ask { site }, Self::ask(state, certificate)));
                }
                if asks && state.decided != NOTHING {
                    steps.push((Action::Answer { site }, with(Act::Shown(state.decided))));
                }
            }
            Wants::Judge | Wants::Nothing => {}
        }
        // Who has waited asks itself; where nobody does, and no deadline passes, waiting changes nothing for anybody.
        if self.setting.others_ask || self.setting.passes {
            steps.push((Action::Wait { site }, with(Act::Wait)));
        }
    }

    /// The referee is asked: it decides once, and after the deadline only that it has passed.
    pub(super) fn ask(state: &State, certificate: u8) -> State {
        let mut next = *state;
        if state.decided == NOTHING {
            next.decided = if state.is_past { TOO_LATE } else { certificate };
            next.given |= if next.decided == NOTHING { 0 } else { 1 << next.decided };
        }
        next
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        let mut sites = [0; MOST];
        for (site, number) in sites.iter_mut().enumerate().take(self.many()) {
            *number = self.machine.begin(site);
        }
        let begin = |&liars: &u8| State {
            sites,
            met: (0..self.many())
                .filter(|part| self.setting.shape.begins(*part) && sites[*part] != KEEPS_NOTHING)
                .fold(0, |met, part| met | 1 << part),
            dead: 0,
            liars,
            gave_up: 0,
            back: 0,
            late: [None; MOST_LATE],
            decided: NOTHING,
            is_past: false,
            given: 0,
            known: Contents::default().with(self.own(liars)),
            left: self.setting.faults,
        };
        self.setting.liars.iter().map(begin).map(|state| self.overheard(state)).collect()
    }

    fn next(&self, state: &State, steps: &mut Steps) {
        let from = steps.len();
        self.words(state, steps);
        for first in self.firsts() {
            self.acts_at(state, first, steps);
        }
        for site in (0..self.many()).filter(|site| Self::acts(state, *site)) {
            self.site(state, site, steps);
        }
        if self.setting.passes && !state.is_past {
            steps.push((Action::Past, State { is_past: true, ..*state }));
        }
        self.faults(state, steps);
        self.lies(state, steps);
        self.plants(state, steps);
        // What would change nothing is left out.
        let all = steps.split_off(from);
        let all = all.into_iter().map(|(action, next)| (action, self.overheard(next)));
        steps.extend(all.filter(|(_, next)| next != state));
    }

    fn kind(&self, action: &Action) -> Kind {
        let fair = |base: usize, at: usize| Kind::Fair(u8::try_from(base + at).unwrap_or(u8::MAX));
        match *action {
            Action::Tell { leg, to_taker } => fair(0, 2 * leg + usize::from(to_taker)),
            Action::Promise { site } => fair(2 * LEGS, site),
            Action::Wait { site } => fair(2 * LEGS + MOST, site),
            Action::Ask { site } => fair(2 * LEGS + 2 * MOST, site),
            Action::Answer { site } => fair(2 * LEGS + 3 * MOST, site),
            Action::Past => fair(2 * LEGS + 4 * MOST, 0),
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
        let what = ["words over leg", "what is done at site", "the timer of site"];
        let what = what.into_iter().chain(["questions of site", "answers to site", "the deadline"]);
        let (place, at) = match usize::from(class).checked_sub(2 * LEGS) {
            None => (0, usize::from(class) / 2),
            Some(class) => (class / MOST + 1, class % MOST),
        };
        format!("{} {at}", what.into_iter().nth(place).unwrap_or("steps of"))
    }
}
