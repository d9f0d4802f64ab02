//! What may go wrong in the world of two halves, and how clocks and ledgers go on.

use super::setting::{Faults, Plant};
use super::world::{Action, State, Steps, World};
use crate::queue::Queue;

impl World {
    /// What may go wrong at one half, or on the way to it, while the budget lasts.
    pub(super) fn faults(&self, state: &State, at: usize, steps: &mut Steps) {
        Self::line(state, at, steps);
        self.site(state, at, steps);
        self.forger(state, at, steps);
        self.clock(state, at, steps);
        self.ledger(state, at, steps);
    }

    /// What may go wrong with what is on its way.
    fn line(state: &State, to: usize, steps: &mut Steps) {
        let Faults { lose, double, overtake, .. } = state.left;
        for (place, &message) in state.net[to].items().iter().enumerate() {
            if lose > 0 {
                let mut next = *state;
                next.left.lose -= 1;
                next.net[to].take(place);
                steps.push((Action::Lose { to, message }, next));
            }
            if double > 0 {
                let mut next = *state;
                next.left.double -= 1;
                next.net[to].push(message);
                steps.push((Action::Double { to, message }, next));
            }
            if overtake > 0 && place > 0 {
                let mut next = *state;
                next.left.overtake -= 1;
                next.net[to].overtake(place);
                steps.push((Action::Overtake { to, message }, next));
            }
        }
    }

    /// A site may crash, or be lost with its half.
    fn site(&self, state: &State, at: usize, steps: &mut Steps) {
        // Either way nothing is on its way any more.
        let cut = State { net: [Queue::default(); 2], ..*state };
        if state.left.crash > 0 {
            let mut next = cut;
            next.left.crash -= 1;
            if self.setting.plant == Some(Plant::Forgets) {
                next.halves[at] = self.begin[at];
            }
            steps.push((Action::Crash { at }, next));
        }
        if state.left.restore > 0 && !state.lost[at] {
            let mut next = cut;
            next.left.restore -= 1;
            next.halves[at] = self.begin[at];
            next.lost[at] = true;
            steps.push((Action::Restore { at }, next));
        }
    }

    fn forger(&self, state: &State, to: usize, steps: &mut Steps) {
        if state.left.forge == 0 {
            return;
        }
        if let Some(message) = self.machine.forged(state.halves[1 - to]) {
            let mut next = *state;
            next.left.forge -= 1;
            next.net[to].push_new(message);
            steps.push((Action::Forge { to, message }, next));
        }
    }

    /// Clocks differ, and once one is past the end of the offer the other follows.
    fn clock(&self, state: &State, at: usize, steps: &mut Steps) {
        if self.setting.expiry && !state.late[at] {
            let mut next = *state;
            next.late[at] = true;
            steps.push((Action::Late { at, must: state.late[1 - at] }, next));
        }
    }

    fn ledger(&self, state: &State, at: usize, steps: &mut Steps) {
        let open = self.machine.facts(state.halves[at]).governs.is_some();
        if self.setting.closes && !state.closed[at] && open {
            let mut next = *state;
            next.closed[at] = true;
            steps.push((Action::Close { at }, next));
        }
    }
}
