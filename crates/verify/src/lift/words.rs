//! A lift's world in words, for traces.

use super::cast::Twist;
use super::machine::Contents;
use super::world::{Action, State, World};

impl World {
    /// A participant: its site, and which of several there.
    fn named(&self, part: usize) -> String {
        match self.setting.sites {
            Some(sites) => format!("part {part} of site {}", sites.of[part]),
            None => format!("site {part}"),
        }
    }

    pub(super) fn tell(&self, action: Action) -> String {
        let way = |leg, to_taker| {
            let (from, to) = self.between(leg, to_taker);
            format!("{} to {}", self.named(from), self.named(to))
        };
        let at = |site: usize| format!("site {}", self.site_of(site));
        match action {
            Action::Tell { leg, to_taker } => format!("a word of {} arrives", way(leg, to_taker)),
            Action::Promise { site } if self.setting.sites.is_some() => {
                format!("{} does what is to be done", at(site))
            }
            Action::Promise { site } => format!("site {site} promises"),
            Action::Wait { site } => format!("{} has waited for long", self.named(site)),
            Action::Ask { site } => format!("{} asks the referee", self.named(site)),
            Action::Answer { site } => format!("the referee answers {}", self.named(site)),
            Action::Past => "the deadline passes".to_owned(),
            Action::Refuse { site } => format!("{} refuses", at(site)),
            Action::Keep { leg, to_taker } => {
                format!("a word of {} is kept on its way", way(leg, to_taker))
            }
            Action::Come { place } => format!("the word kept at place {place} arrives"),
            Action::Die { site } => format!("{} dies", at(site)),
            Action::Restore { site } => {
                format!("{} goes back to before it heard of it", at(site))
            }
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
            Action::GiveUp { site } => format!("{} takes it for void by its own clock", at(site)),
            Action::Forget => "the referee forgets what it decided".to_owned(),
        }
    }

    pub(super) fn picture(&self, state: &State) -> String {
        let name = |part: usize| match self.setting.sites {
            Some(_) => self.named(part),
            None => part.to_string(),
        };
        let site = |site: usize| {
            if !World::is_honest(state, site) {
                return format!("{} lies", name(site));
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
            format!("{} {stands}{dead}", name(site))
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
            "promises {:04b}, refusals {:04b}, certificates {:b}",
            self.promises, self.refused, self.certificates
        )
    }
}
