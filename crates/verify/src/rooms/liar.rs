//! A site that lies in both lifts: over their legs it says whatever can be made from its keys and what it has heard, asks the
//! referees with whatever it has, sets nothing aside, and its halves tell what they like of the chits that are good, when they
//! like. What honest machines do at a site it never does: to them it is dead.

use super::halves::Move;
use super::places::half;
use super::setting::Plant;
use super::world::{Action, LIFTS, State, Steps, World};
use crate::lift::cast::{NOTHING, TOO_LATE};
use crate::lift::contents::Contents;
use protocol::Side;

/// The site that lies, and what it knows of each lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Liar {
    site: usize,
    known: [Contents; LIFTS],
}

impl World {
    /// The state in which this site lies from the beginning.
    pub(super) fn lying(&self, state: State, site: usize) -> State {
        let mut known = [Contents::default(); LIFTS];
        for (lift, place) in self.places(site) {
            known[lift] = Contents::of_liars(1 << place);
        }
        let lies = Some(self.liars.number(Liar { site, known }));
        self.overheard(State { dead: state.dead | 1 << site, lies, ..state })
    }

    /// The state after the liar has heard whatever its neighbours have to say and the referees have given: nothing is to be
    /// had by hearing it later.
    pub(super) fn overheard(&self, state: State) -> State {
        let Some(lies) = state.lies else { return state };
        let mut liar = *self.liars.get(lies);
        for (lift, place) in self.places(liar.site) {
            let known = &mut liar.known[lift];
            for (leg, from) in self.neighbours(lift, place) {
                let Some(number) = self.speaks(&state, (lift, from)) else { continue };
                *known = known.with(self.lifts[lift].word(from, number, leg).1);
            }
            let decided = state.decided[lift];
            known.certificates |= if decided == NOTHING { 0 } else { 1 << decided };
            known.certificates = self.lifts[lift].cast.closed(*known);
        }
        State { lies: Some(self.liars.number(liar)), ..state }
    }

    /// The legs of a place in a lift, each with the place at its other end.
    fn neighbours(&self, lift: usize, place: usize) -> impl Iterator<Item = (usize, usize)> {
        let shape = self.setting.lifts[lift].shape;
        let legs = (0..shape.legs()).map(move |leg| (leg, shape.ends(leg)));
        legs.filter_map(move |(leg, [giver, taker])| match place {
            _ if place == giver => Some((leg, taker)),
            _ if place == taker => Some((leg, giver)),
            _ => None,
        })
    }

    pub(super) fn lies(&self, state: &State, steps: &mut Steps) {
        let Some(liar) = state.lies.map(|lies| self.liars.get(lies)) else { return };
        for (lift, place) in self.places(liar.site) {
            for (leg, to) in self.neighbours(lift, place) {
                self.says(state, (lift, leg), (place, to), &liar, steps);
            }
            for certificate in self.lifts[lift].cast.possible(liar.known[lift], false) {
                let mut next = *state;
                if state.decided[lift] == NOTHING {
                    next.decided[lift] = if state.is_past[lift] { TOO_LATE } else { certificate };
                }
                steps.push((Action::LiarAsks { lift, certificate }, next));
            }
        }
        self.shows(state, liar.site, steps);
    }

    /// Whatever it can say over a leg: the neighbour hears all of it. What that one refuses changes nothing.
    fn says(
        &self,
        state: &State,
        (lift, leg): (usize, usize),
        (from, to): (usize, usize),
        liar: &Liar,
        steps: &mut Steps,
    ) {
        if !self.is_alive(state, (lift, to)) {
            return;
        }
        let (way, hearer) = ((leg, from, to), state.sites[lift][to]);
        for &(lie, number) in self.lifts[lift].effects(way, hearer, liar.known[lift]).iter() {
            let mut next = *state;
            next.met[lift] |= 1 << to;
            next.sites[lift][to] = number;
            if !self.setting.settles_apart() {
                self.settle(&mut next, (lift, to));
            }
            steps.push((Action::Lie { lift, leg, from, lie }, next));
        }
    }

    /// Its halves take the chits of valid lifts for good when they like, and talk as long as they like.
    fn shows(&self, state: &State, site: usize, steps: &mut Steps) {
        let valid = |(lift, _): &(usize, usize)| self.is_decided_valid(state, *lift);
        for (lift, place) in self.places(site).filter(valid) {
            for (leg, half) in self.setting.legs(lift, place) {
                let lifted = self.halves.moves(state.halves[half], Move::Lift { lift, leg });
                let mut next = *state;
                next.halves[half] = lifted.unwrap_or(state.halves[half]);
                steps.push((Action::LiarTakes { lift, leg }, next));
            }
        }
        let tallies = self.setting.tallies.iter().enumerate();
        for (tally, between) in tallies.filter(|(_, between)| between.sites.contains(&site)) {
            let other = between.sites.into_iter().find(|other| *other != site);
            let hears =
                |other: usize| state.dead & (1 << other) == 0 && !self.is_ahead(state, other);
            if !other.is_some_and(hears) || self.setting.plant == Some(Plant::NeverCompare) {
                continue;
            }
            let places = Side::BOTH.map(|side| half(tally, side));
            let talk = self.halves.talk(places.map(|place| state.halves[place]));
            for (after, halves) in talk.halves.iter().enumerate() {
                let mut next = *state;
                for (place, half) in places.into_iter().zip(halves) {
                    next.halves[place] = *half;
                }
                steps.push((Action::LiarTalks { tally, after }, next));
            }
        }
    }
}
