//! What a site does with all its participants in a lift together: each tells the others what it knows, then what is to be
//! judged is judged, and promised or refused (`site::between::act`, without room and settings).

use std::cmp::Ordering;

use protocol::lift::Leg;

use super::machine::{Act, Wants};
use super::setting::Plant;
use super::world::{Action, State, Steps, World};

impl World {
    /// The site of a participant.
    pub(super) fn site_of(&self, part: usize) -> usize {
        self.setting.sites.map_or(part, |sites| sites.of[part])
    }

    /// All participants of the site of one, itself among them.
    pub(super) fn beside(&self, part: usize) -> impl Iterator<Item = usize> + '_ {
        let site = self.site_of(part);
        (0..self.many()).filter(move |other| self.site_of(*other) == site)
    }

    /// The same as a mask, one bit each.
    pub(super) fn mask(&self, part: usize) -> u8 {
        self.beside(part).fold(0, |mask, part| mask | 1 << part)
    }

    /// The first participant of each site.
    pub(super) fn firsts(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.many()).filter(|part| self.beside(*part).next() == Some(*part))
    }

    /// What the site of this participant does: it may refuse whatever it judges.
    pub(super) fn acts_at(&self, state: &State, first: usize, steps: &mut Steps) {
        let parts: Vec<usize> =
            self.beside(first).filter(|part| Self::acts(state, *part)).collect();
        let told = self.told(*state, &parts);
        let judges =
            |part: &usize| self.machine.facts(*part, told.sites[*part]).wants == Wants::Judge;
        if parts.iter().any(judges) {
            if state.left.refuse > 0 {
                let mut next = self.judges(told, &parts, true);
                next.left.refuse -= 1;
                steps.push((Action::Refuse { site: first }, next));
            }
            steps.push((Action::Promise { site: first }, self.judges(told, &parts, false)));
        } else {
            steps.push((Action::Promise { site: first }, told));
        }
    }

    fn told(&self, mut state: State, parts: &[usize]) -> State {
        if parts.len() > 1 && self.setting.plant != Some(Plant::Apart) {
            let numbers = parts.iter().map(|part| state.sites[*part]).collect();
            for (part, number) in parts.iter().zip(self.machine.together(numbers)) {
                state.sites[*part] = number;
            }
        }
        state
    }

    fn judges(&self, mut state: State, parts: &[usize], refuses: bool) -> State {
        let begins = |part: &usize| (state.sites[*part], self.setting.shape.begins(*part));
        for together in self.machine.judged(parts.iter().map(begins).collect()) {
            let together: Vec<usize> = together.into_iter().map(|place| parts[place]).collect();
            if !together.iter().all(|part| self.has_come(&state, *part, parts)) {
                continue;
            }
            let holds = together.iter().all(|part| self.holds(&state, *part, parts));
            let act = if holds && !refuses { Act::Promise } else { Act::Refuse };
            for part in together {
                state.sites[part] = self.machine.act(part, state.sites[part], act);
            }
        }
        self.told(state, parts)
    }

    /// The legs of those of these participants with which the lift begins, or ends.
    pub(super) fn legs_of<'a>(
        &'a self,
        parts: &'a [usize],
        end: usize,
    ) -> impl Iterator<Item = &'a Leg> + 'a {
        let shape = self.setting.shape;
        let legs = self.machine.cast.way().iter().enumerate();
        legs.filter(move |(leg, _)| {
            let part = shape.ends(*leg)[end];
            let is_end = if end == 0 { shape.begins(part) } else { shape.collects(part) };
            is_end && parts.contains(&part)
        })
        .map(|(_, leg)| leg)
    }

    /// Whether all has come that the payee's site waits for; after the deadline it judges by what there is.
    fn has_come(&self, state: &State, part: usize, parts: &[usize]) -> bool {
        let Some(ends) = self.ends.as_ref().filter(|_| self.setting.shape.collects(part)) else {
            return true;
        };
        let waits = !state.is_past && self.setting.plant != Some(Plant::Uncounted);
        !waits || ends.compare(self.legs_of(parts, TAKER)) != Ordering::Less
    }

    /// Whether a participant may promise, where the lift begins or ends with it.
    fn holds(&self, state: &State, part: usize, parts: &[usize]) -> bool {
        let (shape, plant) = (self.setting.shape, self.setting.plant);
        let Some(ends) = &self.ends else { return true };
        let uncounted = plant == Some(Plant::Uncounted);
        let counted = if uncounted { &[part][..] } else { parts };
        let is_sure = ends.is_sure || plant == Some(Plant::Unasked);
        if shape.begins(part) && !(is_sure && ends.allows(self.legs_of(counted, GIVER))) {
            return false;
        }
        if !shape.collects(part) || uncounted {
            return true;
        }
        if ends.is_payment() {
            return ends.compare(self.legs_of(parts, TAKER)) == Ordering::Equal;
        }
        // A clearing comes back to who has promised to give.
        let gives = |other: &usize| {
            shape.begins(*other) && self.machine.facts(*other, state.sites[*other]).promised
        };
        parts.iter().any(gives)
    }
}

/// The ends of a leg.
pub(super) const GIVER: usize = 0;
pub(super) const TAKER: usize = 1;
