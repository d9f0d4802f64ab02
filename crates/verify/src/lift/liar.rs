//! Sites that lie together: each says over its legs whatever can be made from their keys and what any of them has
//! heard, to each neighbour something else, and asks the referee with whatever they have.

use super::cast::{NOTHING, REFUSED};
use super::contents::{Contents, bits};
use super::lie::{Given, Lie, Other, Twist};
use super::machine::Act;
use super::setting::Plant;
use super::world::{Action, State, Steps, World};

impl World {
    /// What liars can sign by themselves: their promises and refusals, and the first of them another promise.
    pub(super) const fn own(&self, liars: u8) -> Contents {
        let again = liars & liars.wrapping_neg();
        Contents { promises: liars, again, refused: liars, said: 0, certificates: 0 }
    }

    pub(super) fn lies(&self, state: &State, steps: &mut Steps) {
        if state.liars == 0 {
            return;
        }
        for (leg, to_taker) in self.directions() {
            let (from, to) = self.between(leg, to_taker);
            let hears = Self::is_honest(state, to) && Self::is_alive(state, to);
            if !Self::is_honest(state, from) && hears {
                self.says(state, (leg, to_taker), steps);
                self.any_referee(state, (leg, to_taker), steps);
            }
        }
        for certificate in self.possible(state) {
            steps.push((Action::LiarAsks { certificate }, Self::ask(state, certificate)));
        }
    }

    /// Whatever a liar can say over a leg: the site hears all of it. What it refuses changes nothing.
    fn says(&self, state: &State, (leg, to_taker): (usize, bool), steps: &mut Steps) {
        let (from, to) = self.between(leg, to_taker);
        let effects = self.machine.effects((leg, from, to), state.sites[to], state.known);
        for &(lie, number) in effects.iter() {
            let mut next = *state;
            next.met |= 1 << to;
            next.sites[to] = number;
            steps.push((Action::Lie { leg, to_taker, lie }, next));
        }
    }

    /// What was planted: a decision counts whoever its referee is.
    fn any_referee(&self, state: &State, (leg, to_taker): (usize, bool), steps: &mut Steps) {
        if self.setting.plant != Some(Plant::AnyReferee) {
            return;
        }
        let (from, to) = self.between(leg, to_taker);
        let site = u8::try_from(from).unwrap_or_default();
        let mut next = *state;
        next.sites[to] = self.machine.act(to, state.sites[to], Act::Shown(REFUSED + site));
        let (twist, says) = (Twist::Record(Other::Referee), Contents::default());
        let lie = Lie { as_whom: from, twist, given: Given::None, says };
        steps.push((Action::Lie { leg, to_taker, lie }, next));
    }

    /// What the liars can bring the referee.
    fn possible(&self, state: &State) -> Vec<u8> {
        let (known, all) = (state.known, self.machine.cast.named);
        let any_key = self.setting.plant == Some(Plant::AnyKey);
        let valid = self.machine.cast.valid().filter(|(again, _)| {
            let is_known = (known.promises | again) & all == all && again & !known.again == 0;
            is_known || (any_key && *again == 0)
        });
        let refused = bits((known.refused & all).into());
        let refused = refused.map(|site| REFUSED + u8::try_from(site).unwrap_or_default());
        [NOTHING].into_iter().chain(valid.map(|(_, number)| number)).chain(refused).collect()
    }
}
