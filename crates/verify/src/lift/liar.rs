//! Sites that lie together: each says over its legs whatever can be made from their keys and what any of them has
//! heard, to each neighbour something else, and asks the referee with whatever they have.

use super::cast::{NOTHING, REFUSED, Twist, VALID};
use super::machine::{Act, Contents};
use super::setting::Plant;
use super::world::{Action, State, Steps, World};

/// The bits that are set, as numbers.
fn bits(of: u16) -> impl Iterator<Item = u8> {
    (0..16).filter(move |bit| of & (1 << bit) != 0)
}

impl World {
    /// What liars can sign by themselves: their promises and refusals.
    pub(super) const fn own(&self, liars: u8) -> Contents {
        Contents { promises: liars, refused: liars, certificates: 0 }
    }

    pub(super) fn lies(&self, state: &State, steps: &mut Steps) {
        if state.liars == 0 {
            return;
        }
        for (leg, to_taker) in self.directions() {
            let (from, to) = self.between(leg, to_taker);
            if !Self::is_honest(state, from) && Self::is_honest(state, to) {
                self.speaks(state, (leg, to_taker), steps);
                self.twists(state, (leg, to_taker), steps);
            }
        }
        for certificate in self.possible(state) {
            steps.push((Action::LiarAsks { certificate }, Self::ask(state, certificate)));
        }
    }

    /// Whatever a liar can say over a leg, as any participant: one thing at a time, as what a participant hears only
    /// adds up.
    fn speaks(&self, state: &State, (leg, to_taker): (usize, bool), steps: &mut Steps) {
        let known = state.known;
        let nothing = Contents::default();
        let promises =
            bits(known.promises.into()).map(|site| Contents { promises: 1 << site, ..nothing });
        let refused =
            bits(known.refused.into()).map(|site| Contents { refused: 1 << site, ..nothing });
        let shown = bits(known.certificates)
            .map(|number| Contents { certificates: 1 << number, ..nothing });
        let things: Vec<Contents> =
            [nothing].into_iter().chain(promises).chain(refused).chain(shown).collect();
        for as_whom in 0..self.many() {
            for &says in &things {
                self.says(state, (leg, to_taker), (as_whom, Twist::None, says), steps);
            }
        }
    }

    /// What does not fit the leg, the record or its referees.
    fn twists(&self, state: &State, way: (usize, bool), steps: &mut Steps) {
        for as_whom in 0..self.many() {
            for twist in Twist::LIES {
                self.says(state, way, (as_whom, twist, Contents::default()), steps);
            }
        }
    }

    fn says(
        &self,
        state: &State,
        (leg, to_taker): (usize, bool),
        (as_whom, twist, says): (usize, Twist, Contents),
        steps: &mut Steps,
    ) {
        let (from, to) = self.between(leg, to_taker);
        let word = self.machine.lie((leg, from), as_whom, twist, says);
        let mut next = word.map_or(*state, |word| self.hears(state, to, leg, word));
        let other_referee = matches!(twist, Twist::Record | Twist::Certificate);
        if other_referee && self.setting.plant == Some(Plant::AnyReferee) {
            let site = u8::try_from(from).unwrap_or_default();
            next = *state;
            next.sites[to] = self.machine.act(to, state.sites[to], Act::Shown(REFUSED + site));
        }
        steps.push((Action::Lie { leg, to_taker, as_whom, twist, says }, next));
    }

    /// What the liars can bring the referee.
    fn possible(&self, state: &State) -> Vec<u8> {
        let all = (1_u8 << self.many()) - 1;
        let any_key = self.setting.plant == Some(Plant::AnyKey);
        let valid = (any_key || state.known.promises & all == all).then_some(VALID);
        let refused = bits(state.known.refused.into()).map(|site| REFUSED + site);
        [NOTHING].into_iter().chain(valid).chain(refused).collect()
    }
}
