//! A lift's world in words, for traces.

use super::contents::Contents;
use super::lie::{Given, Lie, Other, Twist};
use super::machine::KEEPS_NOTHING;
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
            Action::Lie { leg, to_taker, lie } => {
                let who = if lie.as_whom < self.many() {
                    format!("participant {}", lie.as_whom)
                } else {
                    "nobody who takes part".to_owned()
                };
                format!("{} as {who}: {}", way(leg, to_taker), lie.words())
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
                None if state.sites[site] == KEEPS_NOTHING => "keeps nothing of it",
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

impl Lie {
    fn words(self) -> String {
        let mut words = vec![self.says.words()];
        if self.twist != Twist::None {
            words.push(self.twist.words());
        }
        if self.given != Given::None {
            words.push(format!("with, as given, {}", self.given.words()));
        }
        words.retain(|word| !word.is_empty());
        if words.is_empty() { "the truth".to_owned() } else { words.join("; ") }
    }
}

impl Twist {
    fn words(self) -> String {
        let words = match self {
            Self::None => "the truth",
            Self::Units => "another amount",
            Self::Side => "the leg seen from the other side",
            Self::Leg => "another leg",
            Self::Users => "other users",
            Self::OfOther => "the leg of another lift",
            Self::Unsigned => "unsigned",
            Self::Agent => "signed by another agent",
            Self::Anew => "said anew",
            Self::Record(other) => return format!("what was decided of {}", other.words()),
            Self::Draft(other) => return other.words().to_owned(),
            Self::NoBranches => "no leaves",
            Self::OtherBranches => "another tree's leaves",
            Self::Promise => "a promise of another lift",
            Self::Refusal => "a refusal of another lift",
            Self::Certificate => "void, by a referee of its own",
            Self::Outcome => "the certificate with the other outcome",
            Self::Round => "the certificate of another round",
        };
        words.to_owned()
    }
}

impl Other {
    const fn words(self) -> &'static str {
        match self {
            Self::Referee => "a lift with a referee of its own",
            Self::Deadline => "a lift with another deadline",
            Self::Date => "a lift of another date",
            Self::Participants => "a lift of its own participants",
            Self::Payment => "a lift for another payment",
            Self::Legs => "a lift with another tree",
        }
    }
}

impl Given {
    const fn words(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Said => "what the giver's site said",
            Self::OtherLift => "what the giver's site said of another lift",
            Self::OtherUnits => "what the giver's site said of another amount",
            Self::OtherUsers => "what the giver's site said to other users",
            Self::Unsigned => "what nobody signed",
            Self::Own => "what the liar's own agent signed",
            Self::Former => "what is signed with the key of the hearer's agent of before",
            Self::Takers => "what the taker's site says",
        }
    }
}

impl Contents {
    fn words(self) -> String {
        let all = [
            ("promises", u32::from(self.promises)),
            ("second promises", self.again.into()),
            ("refusals", self.refused.into()),
            ("certificates", self.certificates),
        ];
        let said = all.iter().filter(|(_, bits)| *bits != 0);
        said.map(|(what, bits)| format!("{what} {bits:b}")).collect::<Vec<_>>().join(", ")
    }
}
