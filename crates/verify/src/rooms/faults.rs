//! What may go wrong around two lifts, while the budget lasts: words that come late or again, talks that break off, sites
//! that stop before they have written, sites that die.

use super::halves::Move;
use super::places::half;
use super::setting::{Faults, Plant};
use super::world::{Action, LIFTS, MOST_LATE, State, Step, Steps, TALLIES, World};
use crate::lift::machine::Act;
use crate::lift::setting::Shape;
use protocol::Side;

/// A word that was kept on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    /// Of a lift's participant, over a leg.
    Word { lift: usize, leg: usize, to_taker: bool, word: u32, promises: u8 },
    /// Of one half of a tally to the other, which is at this place.
    Said { place: usize, message: u32 },
}

/// What a site has written, where it has gone on since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Written {
    pub(super) site: usize,
    /// Its participant in each lift, and whether it had heard of it, one bit each.
    sites: [u32; LIFTS],
    met: u8,
    /// The halves at it.
    halves: [u32; 2 * TALLIES],
    /// Whether it is asked to pay the invoice, and has neither paid nor refused.
    invoice: bool,
    /// What its users have signed to be free, by lift: one bit for each half.
    freed: [u16; LIFTS],
}

impl World {
    /// A site's place in a lift.
    fn place(&self, lift: usize, site: usize) -> Option<usize> {
        self.setting.lifts[lift].sites.iter().position(|at| *at == site)
    }

    /// Its places in all lifts.
    fn places(&self, site: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let lifts = 0..self.lifts.len();
        lifts.filter_map(move |lift| self.place(lift, site).map(|place| (lift, place)))
    }

    /// The halves at a site.
    fn halves_at(&self, site: usize) -> impl Iterator<Item = usize> + '_ {
        let tallies = self.setting.tallies.iter().enumerate();
        tallies.flat_map(move |(tally, between)| {
            let sides = Side::BOTH.into_iter().zip(between.sites);
            sides.filter(move |(_, at)| *at == site).map(move |(side, _)| half(tally, side))
        })
    }

    /// The same, one bit each.
    fn mask(&self, site: usize) -> u16 {
        self.halves_at(site).fold(0, |mask, place| mask | 1 << place)
    }

    /// The site that is asked to pay the invoice.
    fn payer(&self) -> Option<usize> {
        self.setting.invoice.map(|(tally, by, _)| self.setting.home(half(tally, by)))
    }

    /// The number of what a site has written in this state.
    fn writes(&self, state: &State, site: usize) -> u32 {
        let (sites, met, halves) = ([0; LIFTS], 0, [0; 2 * TALLIES]);
        let invoice = state.invoice && self.payer() == Some(site);
        let freed = state.freed.map(|freed| freed & self.mask(site));
        let mut written = Written { site, sites, met, halves, invoice, freed };
        for (lift, place) in self.places(site) {
            written.sites[lift] = state.sites[lift][place];
            written.met |= u8::from(state.met[lift] & (1 << place) != 0) << lift;
        }
        for place in self.halves_at(site) {
            written.halves[place] = state.halves[place];
        }
        self.written.number(written)
    }

    /// The site that has gone on without writing.
    pub(super) fn is_ahead(&self, state: &State, site: usize) -> bool {
        state.ahead.is_some_and(|written| self.written.get(written).site == site)
    }

    /// The state as it is written everywhere.
    pub(super) fn as_written(&self, state: &State) -> State {
        self.back(state, |number, _| number, |number| number)
    }

    fn back(
        &self,
        state: &State,
        part: impl Fn(u32, usize) -> u32,
        half: impl Fn(u32) -> u32,
    ) -> State {
        let mut next = State { ahead: None, ..*state };
        let Some(written) = state.ahead.map(|written| self.written.get(written)) else {
            return next;
        };
        for (lift, place) in self.places(written.site) {
            next.sites[lift][place] = part(written.sites[lift], lift);
            let heard = u8::from(written.met & (1 << lift) != 0) << place;
            next.met[lift] = next.met[lift] & !(1 << place) | heard;
        }
        for place in self.halves_at(written.site) {
            next.halves[place] = half(written.halves[place]);
        }
        if self.payer() == Some(written.site) {
            next.invoice = written.invoice;
        }
        for (freed, own) in next.freed.iter_mut().zip(written.freed) {
            *freed = *freed & !self.mask(written.site) | own;
        }
        next
    }

    /// What a site speaks by to others: what it has written; none where it lives no more or has written nothing.
    pub(super) fn speaks(&self, state: &State, at: (usize, usize)) -> Option<u32> {
        let first = self.setting.plant == Some(Plant::SaidFirst);
        let by = if first || state.ahead.is_none() { *state } else { self.as_written(state) };
        self.acts(&by, at).then(|| by.sites[at.0][at.1])
    }

    /// The step of a site that it does not write yet.
    pub(super) fn unwritten(&self, state: &State, action: Action, next: &State) -> Option<State> {
        let site = self.site_of(state, action)?;
        let may = state.left.crash > 0 && state.ahead.is_none();
        // Planted: of a promise all is written but what it sets aside.
        let apart = self.setting.plant == Some(Plant::PromisedFirst)
            && matches!(action, Action::Judge { .. });
        let before = if apart { State { halves: state.halves, ..*next } } else { *state };
        may.then(|| State { ahead: Some(self.writes(&before, site)), ..*next })
    }

    /// A half hears a message of a talk, and its site goes on without writing that, nor answering.
    pub(super) fn unwritten_talks(&self, state: &State, all: &mut Vec<(Step, State)>) {
        if state.left.crash == 0 || state.ahead.is_some() {
            return;
        }
        let tallies = 0..self.setting.tallies.len();
        for tally in tallies.filter(|tally| self.talks(state, *tally)) {
            let places = Side::BOTH.map(|side| half(tally, side));
            let talk = self.halves.talk(places.map(|place| state.halves[place]));
            let mut next = *state;
            for (after, (&(to, _), halves)) in talk.said.iter().zip(&talk.halves[1..]).enumerate() {
                let place = places[to];
                let before = self.writes(&next, self.setting.home(place));
                if std::mem::replace(&mut next.halves[place], halves[to]) != halves[to] {
                    let step = Step { action: Action::Hear { tally, after }, written: false };
                    all.push((step, State { ahead: Some(before), ..next }));
                }
            }
        }
    }

    /// The site that does something.
    fn site_of(&self, state: &State, action: Action) -> Option<usize> {
        let hears = |lift: usize, leg: usize, to_taker: bool| {
            let way = &self.setting.lifts[lift];
            way.sites[heard_by(way.shape, leg, to_taker)]
        };
        match action {
            Action::Tell { lift, leg, to_taker } => Some(hears(lift, leg, to_taker)),
            Action::Judge { lift, site }
            | Action::Settle { lift, site }
            | Action::Wait { lift, site }
            | Action::Answer { lift, site } => Some(self.setting.lifts[lift].sites[site]),
            Action::Pay | Action::Refuse => self.payer(),
            Action::Free { tally, by, .. } => Some(self.setting.home(half(tally, by))),
            Action::Freed { tally, by, .. } => Some(self.setting.home(half(tally, by.other()))),
            // The payer's, which is the first one.
            Action::Second => Some(0),
            Action::Come { place } => match *self.kept.get(state.late[place]?) {
                Kept::Word { lift, leg, to_taker, .. } => Some(hears(lift, leg, to_taker)),
                Kept::Said { place, .. } => Some(self.setting.home(place)),
            },
            // At no site, or at both that talk, where what is not written is a step of its own.
            Action::Ask { .. }
            | Action::Past { .. }
            | Action::Compare { .. }
            | Action::Hear { .. }
            | Action::BreakOff { .. }
            | Action::Keep { .. }
            | Action::Write
            | Action::Crash
            | Action::Die { .. }
            | Action::Again { .. } => None,
        }
    }

    /// A word is kept on its way; it may come at any time from then on, any number of times.
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

    pub(super) fn faults(&self, state: &State, steps: &mut Steps) {
        for place in 0..MOST_LATE {
            self.come(state, place, steps);
        }
        self.broken_off(state, steps);
        if state.ahead.is_some() {
            let read = |number, lift: usize| self.lifts[lift].read_again(number);
            let next = self.back(state, read, |number| self.halves.read_again(number));
            let left = Faults { crash: state.left.crash - 1, ..state.left };
            steps.push((Action::Crash, State { left, ..next }));
            steps.push((Action::Write, State { ahead: None, ..*state }));
        }
        let sites = self.setting.tallies.iter().flat_map(|between| between.sites).max();
        for site in (0..=sites.unwrap_or(0)).filter(|_| state.left.die > 0) {
            if state.dead & (1 << site) == 0 {
                let lost = self.is_ahead(state, site);
                let mut next = if lost { self.as_written(state) } else { *state };
                next.dead |= 1 << site;
                next.left.die -= 1;
                steps.push((Action::Die { site }, next));
            }
        }
    }

    fn come(&self, state: &State, place: usize, steps: &mut Steps) {
        let Some(kept) = state.late[place] else { return };
        let next = match *self.kept.get(kept) {
            Kept::Word { lift, leg, to_taker, word, promises } => {
                let to = heard_by(self.setting.lifts[lift].shape, leg, to_taker);
                if !self.is_alive(state, (lift, to)) {
                    return;
                }
                let mut next = self.act(state, (lift, to), Act::Hear { leg, word });
                next.met[lift] |= 1 << to;
                let shape = self.setting.lifts[lift].shape;
                // Who collects has promised last, and so by a word that said more.
                let less =
                    to_taker && shape.collects(to) && promises & (1 << shape.ends(leg)[0]) == 0;
                let locked = self.facts(&next, (lift, to)).locked;
                if less && locked && self.setting.plant == Some(Plant::LastWord) {
                    for (_, half) in self.setting.legs(lift, to) {
                        let free = self.halves.moves(next.halves[half], Move::Release { lift });
                        next.halves[half] = free.unwrap_or(next.halves[half]);
                    }
                }
                next
            }
            Kept::Said { place, message } => {
                if state.dead & (1 << self.setting.home(place)) != 0 {
                    return;
                }
                let mut next = *state;
                next.halves[place] = self.halves.hears(state.halves[place], message);
                next
            }
        };
        steps.push((Action::Come { place }, next));
    }

    /// Two halves talk, and all that they say after some message is lost; or that message is kept on its way, whether the
    /// talk breaks off there or goes on.
    fn broken_off(&self, state: &State, steps: &mut Steps) {
        if state.left.cut == 0 && state.left.late == 0 {
            return;
        }
        let all = 0..self.setting.tallies.len();
        for tally in all.filter(|tally| self.talks(state, *tally)) {
            let places = Side::BOTH.map(|side| half(tally, side));
            let talk = self.halves.talk(places.map(|place| state.halves[place]));
            let at = |after: usize| {
                let mut next = *state;
                for (place, half) in places.into_iter().zip(talk.halves[after]) {
                    next.halves[place] = half;
                }
                next
            };
            for (after, &(to, message)) in talk.said.iter().enumerate() {
                let then = at(after);
                // What was lost without a trace is no step.
                if then != *state && state.left.cut > 0 {
                    let left = Faults { cut: state.left.cut - 1, ..state.left };
                    steps.push((Action::BreakOff { tally, after }, State { left, ..then }));
                }
                let kept = Kept::Said { place: places[to], message };
                self.keep(&then, kept, steps);
                self.keep(&at(talk.said.len()), kept, steps);
            }
        }
    }

    /// What a participant's outcome does at its site's halves, where that is a step of its own.
    pub(super) fn settles(&self, state: &State, (lift, site): (usize, usize), steps: &mut Steps) {
        if self.setting.settles_apart() {
            let mut next = *state;
            self.settle(&mut next, (lift, site));
            steps.push((Action::Settle { lift, site }, next));
        }
    }
}

/// Who hears a word over a leg.
fn heard_by(shape: Shape, leg: usize, to_taker: bool) -> usize {
    let [giver, taker] = shape.ends(leg);
    if to_taker { taker } else { giver }
}
