//! The world in which everything that was ever said may reach anybody at any time, any number of times or never,
//! and times pass whenever they like: what must never be is asked of it.
//!
//! A state is what was said, and the view of each honest referee (`views.rs`). A liar needs no state: whatever it
//! can say, it may have said.

use super::audit;
use super::machine::Machine;
use super::setting::Setting;
use super::views::Views;
use super::vocabulary::Said;
use crate::model::{Broken, Kind, Model};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// What honest referees said.
    pub(super) said: Said,
    /// By seat; 0 where nobody honest sits.
    pub(super) views: [u32; 4],
}

/// An honest referee says this for the first time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Says {
    pub(super) new: Said,
}

pub(super) struct Anytime {
    pub(super) views: Views,
}

impl Anytime {
    pub(super) fn new(setting: Setting) -> Self {
        Self { views: Views::new(Machine::new(setting)) }
    }

    pub(super) const fn setting(&self) -> &Setting {
        &self.views.machine.setting
    }
}

impl Model for Anytime {
    type State = State;
    type Action = Says;

    fn initial(&self) -> Vec<State> {
        let mut views = [0; 4];
        for seat in self.setting().honest() {
            views[seat] = self.views.begin(seat);
        }
        vec![State { said: 0, views }]
    }

    fn next(&self, state: &State, steps: &mut Vec<(Says, State)>) {
        for seat in self.setting().honest() {
            let view = self.views.get(state.views[seat]);
            for &new in view.moves.keys() {
                let said = state.said | new;
                let mut views = state.views;
                for other in self.setting().honest() {
                    views[other] = match other == seat {
                        true => self.views.say(seat, state.views[seat], new, said),
                        false => self.views.grow(other, views[other], state.said, said),
                    };
                }
                steps.push((Says { new }, State { said, views }));
            }
        }
    }

    fn kind(&self, _: &Says) -> Kind {
        Kind::May
    }

    fn always(&self, state: &State) -> Result<(), Broken> {
        audit::anytime(self, state)
    }

    /// It may end anywhere: only what must never be is asked.
    fn done(&self, _: &State) -> bool {
        true
    }

    fn say(&self, action: &Says) -> String {
        self.tell(*action)
    }

    fn show(&self, state: &State) -> String {
        self.picture(state)
    }
}
