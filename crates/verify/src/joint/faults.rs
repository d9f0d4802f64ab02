//! What may go wrong around a lift and its referees, while the budget lasts: words that come late or again, sites and referees
//! that stop before they have written, sites that die, referees that go back.

use super::bench::Event;
use super::setting::{Faults, Plant};
use super::world::{Action, MOST_LATE, State, Steps, World};
use crate::lift::machine::Act;

/// Something said that was kept on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    /// Of one site to the other over a leg.
    Word { leg: usize, to_taker: bool, word: u32 },
    /// What a site brought a referee.
    Asked { seat: usize, brought: u32 },
    /// The certificate that a referee gave a site.
    Given { site: usize, certificate: u8 },
    /// All that a referee, as it was then, had to tell another.
    Told { seat: usize, from: usize, number: u32 },
}

/// Who writes what it is and knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Site(usize),
    Seat(usize),
}

/// What a site or a referee has written, where it has gone on since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Written {
    pub(super) who: Who,
    number: u32,
    /// Whether the site had heard of the lift.
    met: bool,
}

impl World {
    /// The number of what somebody has written in this state.
    fn writes(&self, state: &State, who: Who) -> u32 {
        let (number, met) = match who {
            Who::Site(site) => (state.sites[site], state.met & (1 << site) != 0),
            Who::Seat(seat) => (state.referees[seat], false),
        };
        self.written.number(Written { who, number, met })
    }

    fn is_ahead(&self, state: &State, who: Who) -> bool {
        state.ahead.is_some_and(|written| self.written.get(written).who == who)
    }

    /// The state as it is written everywhere.
    pub(super) fn as_written(&self, state: &State) -> State {
        self.back(state, |_, number| number)
    }

    fn back(&self, state: &State, read: impl Fn(Who, u32) -> u32) -> State {
        let mut next = State { ahead: None, ..*state };
        let Some(written) = state.ahead.map(|written| self.written.get(written)) else {
            return next;
        };
        let number = read(written.who, written.number);
        match written.who {
            Who::Site(site) => {
                next.sites[site] = number;
                next.met = next.met & !(1 << site) | u8::from(written.met) << site;
            }
            Who::Seat(seat) => next.referees[seat] = number,
        }
        next
    }

    /// The state by which all speak: what they have written.
    pub(super) fn spoken(&self, state: &State) -> State {
        let first = self.setting.plant == Some(Plant::SaidFirst);
        if first { *state } else { self.as_written(state) }
    }

    /// The same step, where the site or referee that does it does not write it yet.
    pub(super) fn unwritten(&self, state: &State, action: Action, next: &State) -> Option<State> {
        let who = self.who(state, action)?;
        let may = state.left.crash > 0 && state.ahead.is_none();
        may.then(|| State { ahead: Some(self.writes(state, who)), ..*next })
    }

    /// Who does something.
    fn who(&self, state: &State, action: Action) -> Option<Who> {
        let hears = |leg: usize, to_taker: bool| {
            Who::Site(self.machine.cast.ends(leg)[usize::from(to_taker)])
        };
        match action {
            Action::Tell { leg, to_taker } => Some(hears(leg, to_taker)),
            Action::Promise { site }
            | Action::Refuse { site }
            | Action::Wait { site }
            | Action::Answer { site, .. } => Some(Who::Site(site)),
            Action::Ask { seat, .. }
            | Action::Inform { seat, .. }
            | Action::Passes { seat, .. } => Some(Who::Seat(seat)),
            Action::Come { place } => Some(match *self.kept.get(state.late[place]?) {
                Kept::Word { leg, to_taker, .. } => hears(leg, to_taker),
                Kept::Given { site, .. } => Who::Site(site),
                Kept::Asked { seat, .. } | Kept::Told { seat, .. } => Who::Seat(seat),
            }),
            _ => None,
        }
    }

    /// Something said is kept on its way; it may come at any time from then on, any number of times.
    pub(super) fn keep(&self, state: &State, kept: Kept, steps: &mut Steps) {
        let free = state.late.iter().position(Option::is_none);
        let Some(place) = free.filter(|_| state.left.late > 0) else { return };
        let number = Some(self.kept.number(kept));
        if state.late.contains(&number) {
            return;
        }
        let mut next = *state;
        next.left.late -= 1;
        next.late[place] = number;
        steps.push((Action::Keep { kept }, next));
    }

    fn come(&self, state: &State, kept: Kept) -> State {
        match kept {
            Kept::Word { leg, to_taker, word } => {
                let to = self.machine.cast.ends(leg)[usize::from(to_taker)];
                self.hears(state, to, leg, word)
            }
            Kept::Given { site, certificate } if Self::acts(state, site) => {
                self.act(state, site, Act::Shown(certificate))
            }
            Kept::Given { .. } => *state,
            Kept::Asked { seat, brought } => {
                let mut at = *state;
                if self.setting.plant == Some(Plant::LastQuestion) {
                    at.referees[seat] = self.bench.begin(&self.machine.cast, seat);
                }
                self.event(&at, (seat, seat), Event::Ask(brought))
            }
            Kept::Told { seat, from, number } => {
                self.event(state, (seat, from), Event::Tell(number))
            }
        }
    }

    pub(super) fn faults(&self, state: &State, steps: &mut Steps) {
        for place in 0..MOST_LATE {
            if let Some(kept) = state.late[place] {
                steps.push((Action::Come { place }, self.come(state, *self.kept.get(kept))));
            }
        }
        if state.ahead.is_some() {
            let next = self.back(state, |who, number| match who {
                Who::Site(_) => self.machine.read_again(number),
                Who::Seat(_) => self.bench.read_again(number),
            });
            let left = Faults { crash: state.left.crash - 1, ..state.left };
            steps.push((Action::Crash, State { left, ..next }));
            steps.push((Action::Write, State { ahead: None, ..*state }));
        }
        let die = state.left.die > 0;
        for site in (0..self.many()).filter(|site| die && Self::is_alive(state, *site)) {
            let lost = self.is_ahead(state, Who::Site(site));
            let mut next = if lost { self.as_written(state) } else { *state };
            next.dead |= 1 << site;
            next.left.die -= 1;
            steps.push((Action::Die { site }, next));
        }
        for seat in self.setting.living().filter(|_| state.left.restore > 0) {
            let lost = self.is_ahead(state, Who::Seat(seat));
            let mut next = if lost { self.as_written(state) } else { *state };
            let cast = &self.machine.cast;
            next.left.restore -= 1;
            let forgets = self.setting.plant == Some(Plant::Forgets);
            next.referees[seat] = match forgets {
                true => self.bench.begin(cast, seat),
                false => self.bench.back(cast, seat),
            };
            steps.push((Action::Restore { seat }, next));
        }
    }
}
