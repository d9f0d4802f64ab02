//! What may go wrong around a lift, while the budget lasts, and what was planted.

use super::cast::NOTHING;
use super::machine::KEEPS_NOTHING;
use super::setting::Plant;
use super::world::{Action, State, Steps, World};

impl World {
    /// A word is kept on its way; it may come at any time from then on, any number of times.
    pub(super) fn keep(
        &self,
        state: &State,
        (leg, to_taker, word): (usize, bool, u32),
        steps: &mut Steps,
    ) {
        let free = state.late.iter().position(Option::is_none);
        let Some(place) = free.filter(|_| state.left.late > 0) else { return };
        let kept = Some((u8::try_from(leg).unwrap_or_default(), to_taker, word));
        if state.late.contains(&kept) {
            return;
        }
        let mut next = *state;
        next.left.late -= 1;
        next.late[place] = kept;
        steps.push((Action::Keep { leg, to_taker }, next));
    }

    pub(super) fn faults(&self, state: &State, steps: &mut Steps) {
        for (place, kept) in state.late.iter().enumerate() {
            if let Some((leg, to_taker, word)) = *kept {
                let to = self.between(leg.into(), to_taker).1;
                let next = self.hears(state, to, leg.into(), word);
                steps.push((Action::Come { place }, next));
            }
        }
        for site in self.firsts() {
            if !Self::is_honest(state, site) || !Self::is_alive(state, site) {
                continue;
            }
            let all = self.mask(site);
            if state.left.die > 0 && self.setting.mortal & (1 << site) != 0 {
                let mut next = *state;
                next.left.die -= 1;
                next.dead |= all;
                steps.push((Action::Die { site }, next));
            }
            let goes_back = self.setting.forgets == 0 || self.setting.forgets & all != 0;
            if state.left.restore > 0 && state.met & all != 0 && goes_back {
                steps.push((Action::Restore { site }, self.restored(state, site)));
            }
        }
    }

    /// A site goes back to before it heard of the lift, or to before it was laid out.
    fn restored(&self, state: &State, site: usize) -> State {
        let (mut next, all) = (*state, self.mask(site));
        next.left.restore -= 1;
        let loses = self.setting.forgets != 0;
        for part in self.beside(site) {
            next.sites[part] = if loses { KEEPS_NOTHING } else { self.machine.begin(part) };
        }
        next.back |= all;
        if loses {
            next.met &= !all;
        }
        next
    }

    /// What the faults that were planted do.
    pub(super) fn plants(&self, state: &State, steps: &mut Steps) {
        match self.setting.plant {
            Some(Plant::OwnClock) if state.is_past => {
                for site in (0..self.many()).filter(|site| Self::acts(state, *site)) {
                    if self.machine.facts(site, state.sites[site]).locked {
                        let gave_up = state.gave_up | 1 << site;
                        steps.push((Action::GiveUp { site }, State { gave_up, ..*state }));
                    }
                }
            }
            Some(Plant::ForgetfulReferee) if state.decided != NOTHING => {
                steps.push((Action::Forget, State { decided: NOTHING, ..*state }));
            }
            _ => {}
        }
    }
}
