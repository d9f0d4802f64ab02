//! Sites that lie together: each says over its legs whatever can be made from their keys and what any of them has
//! heard, to each neighbour something else, and asks the referee with whatever they have.

use super::cast::{NOTHING, REFUSED, VALID};
use super::machine::Contents;
use super::world::{Action, State, Steps, World};

/// The bits that are set, as numbers.
fn bits(of: u8) -> impl Iterator<Item = u8> {
    (0..8).filter(move |bit| of & (1 << bit) != 0)
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
        for leg in 0..self.setting.shape.legs() {
            for to_taker in [true, false] {
                let (from, to) = self.between(leg, to_taker);
                if Self::is_honest(state, from) || !Self::is_honest(state, to) {
                    continue;
                }
                self.speaks(state, (leg, to_taker), steps);
            }
        }
        for certificate in self.possible(state) {
            steps.push((Action::LiarAsks { certificate }, Self::ask(state, certificate)));
        }
        // What the referee has given, it gives to anybody.
        if state.decided != NOTHING {
            let mut next = *state;
            next.known.certificates |= 1 << state.decided;
            steps.push((Action::LiarAsks { certificate: NOTHING }, next));
        }
    }

    /// Whatever a liar can say over a leg, as any of the liars' participants or another's: one thing at a time, as
    /// what a participant hears only adds up.
    fn speaks(&self, state: &State, (leg, to_taker): (usize, bool), steps: &mut Steps) {
        let (from, to) = self.between(leg, to_taker);
        let known = state.known;
        let nothing = Contents::default();
        let promises = bits(known.promises).map(|site| Contents { promises: 1 << site, ..nothing });
        let refused = bits(known.refused).map(|site| Contents { refused: 1 << site, ..nothing });
        let shown = bits(known.certificates)
            .map(|number| Contents { certificates: 1 << number, ..nothing });
        let things: Vec<Contents> =
            [nothing].into_iter().chain(promises).chain(refused).chain(shown).collect();
        for as_whom in (0..self.many()).filter(|site| *site != to) {
            for &says in &things {
                let word = self.machine.lie(leg, from, as_whom, says);
                let next = self.hears(state, to, leg, word);
                steps.push((Action::Lie { leg, to_taker, as_whom, says }, next));
            }
        }
    }

    /// What the liars can bring the referee.
    fn possible(&self, state: &State) -> Vec<u8> {
        let all = (1_u8 << self.many()) - 1;
        let valid = (state.known.promises & all == all).then_some(VALID);
        let refused = bits(state.known.refused).map(|site| REFUSED + site);
        [NOTHING].into_iter().chain(valid).chain(refused).collect()
    }
}
