//! A lift's world with its referees in words, for traces.

use super::faults::{Kept, Who};
use super::world::{Action, State, World};

/// What is waited for in each phase.
const WAITS: [&str; 3] = ["a proposal", "prevotes", "precommits"];

impl World {
    pub(super) fn tell(&self, action: Action) -> String {
        match action {
            Action::Tell { leg, to_taker } => {
                let [giver, taker] = self.machine.cast.ends(leg);
                let (from, to) = if to_taker { (giver, taker) } else { (taker, giver) };
                format!("a word of site {from} to site {to} arrives")
            }
            Action::Promise { site } => format!("site {site} promises"),
            Action::Refuse { site } => format!("site {site} refuses"),
            Action::Wait { site } => format!("site {site} has waited for long"),
            Action::Ask { site, seat } => format!("site {site} asks referee {seat}"),
            Action::Answer { site, seat } => {
                format!("referee {seat} gives site {site} its certificate")
            }
            Action::Past { seat } => format!("the deadline passes at referee {seat}"),
            Action::Inform { seat, from } => format!("referee {seat} hears all of referee {from}"),
            Action::Passes { seat, phase, early } => {
                let when = if early { " too early" } else { "" };
                format!("referee {seat} has waited for {}{when}", WAITS[phase])
            }
            Action::Keep { kept } => match kept {
                Kept::Word { leg, to_taker, .. } => {
                    let to = self.machine.cast.ends(leg)[usize::from(to_taker)];
                    format!("a word to site {to} is kept on its way")
                }
                Kept::Asked { seat, .. } => {
                    format!("a question to referee {seat} is kept on its way")
                }
                Kept::Given { site, .. } => {
                    format!("a certificate for site {site} is kept on its way")
                }
                Kept::Told { seat, from, .. } => {
                    format!("what referee {from} tells referee {seat} is kept on its way")
                }
            },
            Action::Come { place } => format!("what was kept at place {place} arrives"),
            Action::Write => "who has not written writes all".to_owned(),
            Action::Crash => "who has not written stops, and reads what it wrote".to_owned(),
            Action::Die { site } => format!("site {site} dies"),
            Action::Restore { seat } => {
                format!("referee {seat} goes back to before it heard of it")
            }
        }
    }

    pub(super) fn picture(&self, state: &State) -> String {
        let site = |site: usize| {
            let facts = self.facts(state, site);
            let stands = match facts.outcome {
                Some(outcome) => outcome.word(),
                None if facts.promised => "promised",
                None if facts.refused => "refused",
                None => "open",
            };
            let dead = if Self::is_alive(state, site) { "" } else { ", dead" };
            format!("site {site} {stands}{dead}")
        };
        let referee = |seat: usize| {
            let facts = self.referee(state, seat);
            let outcome = facts.outcome.map_or("open", |outcome| outcome.word());
            let late = if facts.late { ", late" } else { "" };
            let forgot = if facts.forgot { ", went back" } else { "" };
            format!("referee {seat} {outcome} in round {}{late}{forgot}", facts.round)
        };
        let sites = (0..self.many()).map(site);
        let ahead = state.ahead.map(|written| match self.written.get(written).who {
            Who::Site(site) => format!("site {site} has not written all"),
            Who::Seat(seat) => format!("referee {seat} has not written all"),
        });
        let referees = self.setting.living().map(referee);
        let all: Vec<String> = sites.chain(referees).chain(ahead).collect();
        all.join("; ")
    }
}
