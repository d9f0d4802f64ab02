//! A lift's world in words, for traces.

use super::cast::Twist;
use super::machine::Contents;
use super::world::{Action, State, World};

impl World {
    pub(super) fn tell(&self, action: Action) -> String {
        let way = |leg, to_taker| {
            let (from, to) = self.between(leg, to_taker);
            format!("site {from} to site {to}")
        };
        match action {
            Action::Tell { leg, to_taker } => format!("a word of {} arrives", way(leg, to_taker)),
            Action::Promise { site } => format!("site {site} promises"),
            Action::Wait { site } => format!("site {site} has waited for long"),
            Action::Ask { site } => format!("site {site} asks the referee"),
            Action::Answer { site } => format!("the referee answers site {site}"),
            Action::Past => "the deadline passes".to_owned(),
            Action::Refuse { site } => format!("site {site} refuses"),
            Action::Keep { leg, to_taker } => {
                format!("a word of {} is kept on its way", way(leg, to_taker))
            }
            Action::Come { place } => format!("the word kept at place {place} arrives"),
            Action::Die { site } => format!("site {site} dies"),
            Action::Restore { site } => format!("site {site} goes back to before it heard of it"),
            Action::Lie { leg, to_taker, as_whom, twist, says } => {
                let way = way(leg, to_taker);
                match twist {
                    Twist::None => format!("{way} as participant {as_whom}: {}", says.words()),
                    twist => format!("{way} as participant {as_whom}: {}", twist.words()),
                }
            }
            Action::LiarAsks { certificate } => {
                format!(
                    "a liar asks the referee, with what makes certificate {certificate} possible"
                )
            }
            Action::GiveUp { site } => format!("site {site} takes it for void by its own clock"),
            Action::Forget => "the referee forgets what it decided".to_owned(),
        }
    }

    pub(super) fn picture(&self, state: &State) -> String {
        let site = |site: usize| {
            if !World::is_honest(state, site) {
                return format!("{site} lies");
            }
            let facts = self.machine.facts(site, state.sites[site]);
            let stands = match facts.outcome {
                Some(outcome) => outcome.word(),
                None if facts.promised => "promised",
                None if facts.refused => "refused",
                None if state.met & (1 << site) == 0 => "has not heard of it",
                None => "open",
            };
            let dead = if World::is_alive(state, site) { "" } else { ", dead" };
            format!("{site} {stands}{dead}")
        };
        let sites: Vec<String> = (0..self.many()).map(site).collect();
        let past = if state.is_past { ", past the deadline" } else { "" };
        format!("{}; certificate {}{past}", sites.join(", "), state.decided)
    }
}

impl Twist {
    const fn words(self) -> &'static str {
        match self {
            Self::None => "the truth",
            Self::Units => "another amount",
            Self::Side => "the leg seen from the other side",
            Self::Leg => "another leg",
            Self::Record => "void, by a record with a referee of its own",
            Self::Certificate => "void, by a referee of its own",
        }
    }
}

impl Contents {
    fn words(self) -> String {
        format!(
            "promises {:04b}, refusals {:04b}, certificates {:08b}",
            self.promises, self.refused, self.certificates
        )
    }
}
