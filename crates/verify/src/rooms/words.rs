//! The world of two lifts in words, for traces.

use super::faults::Kept;
use super::world::{Action, State, World};
use crate::lift::machine::Facts;

impl World {
    pub(super) fn tell(&self, action: Action) -> String {
        let of = |lift: usize, site: usize| self.setting.lifts[lift].sites[site];
        match action {
            Action::Tell { lift, leg, to_taker } => {
                let [giver, taker] =
                    self.setting.lifts[lift].shape.ends(leg).map(|site| of(lift, site));
                let (from, to) = if to_taker { (giver, taker) } else { (taker, giver) };
                format!("lift {lift}: a word of site {from} to site {to} arrives")
            }
            Action::Judge { lift, site } => format!("lift {lift}: site {} judges", of(lift, site)),
            Action::Settle { lift, site } => {
                format!("lift {lift}: site {} does what was decided", of(lift, site))
            }
            Action::Keep { kept: Kept::Word { lift, leg, to_taker, .. } } => {
                let to = self.setting.lifts[lift].shape.ends(leg)[usize::from(to_taker)];
                format!("lift {lift}: a word to site {} is kept on its way", of(lift, to))
            }
            Action::Keep { kept: Kept::Said { place, .. } } => {
                let (tally, to) = (place / 2, self.setting.home(place));
                format!("tally {tally}: a word to the half at site {to} is kept on its way")
            }
            Action::Come { place } => format!("the word kept at place {place} arrives"),
            Action::Hear { tally, after } => {
                format!("a half of tally {tally} hears the other's word after {after} of a talk")
            }
            Action::BreakOff { tally, after } => {
                format!(
                    "the halves of tally {tally} compare, and all is lost after message {after}"
                )
            }
            Action::Write => "the site that has not written writes all".to_owned(),
            Action::Crash => {
                "the site that has not written stops, and reads what it wrote".to_owned()
            }
            Action::Wait { lift, site } => {
                format!("lift {lift}: site {} has waited for long", of(lift, site))
            }
            Action::Ask { lift, site } => {
                format!("lift {lift}: site {} asks the referee", of(lift, site))
            }
            Action::Answer { lift, site } => {
                format!("lift {lift}: the referee answers site {}", of(lift, site))
            }
            Action::Past { lift } => format!("lift {lift}: the deadline passes"),
            Action::Compare { tally } => format!("the halves of tally {tally} compare"),
            Action::Free { lift, tally, by } => {
                format!("lift {lift}: the {by} signs that its leg on tally {tally} is free")
            }
            Action::Freed { lift, tally, by } => {
                format!("lift {lift}: the {by}'s word for tally {tally} arrives")
            }
            Action::Pay => "the invoice is paid".to_owned(),
            Action::Refuse => "the invoice is refused".to_owned(),
            Action::Die { site } => format!("site {site} dies"),
            Action::Second => "the payer tries again".to_owned(),
            Action::Again { which } => format!("lifts {which:02b} are begun anew"),
        }
    }

    pub(super) fn picture(&self, state: &State) -> String {
        let lift = |lift: usize| {
            let sites = 0..self.setting.lifts[lift].sites.len();
            let site = |site: usize| {
                let met = state.met[lift] & (1 << site) != 0;
                let stands = stands(self.facts(state, (lift, site)), met);
                format!("{} {stands}", self.setting.lifts[lift].sites[site])
            };
            let sites: Vec<String> = sites.map(site).collect();
            format!("lift {lift}: {}, certificate {}", sites.join(", "), state.decided[lift])
        };
        let tally = |tally: usize| {
            let facts = [0, 1].map(|at| self.halves.facts(state.halves[2 * tally + at]));
            let one = |at: usize| {
                format!("{} with {:02b} aside", facts[at].balance_milli, facts[at].aside)
            };
            format!("tally {tally}: {} and {}", one(0), one(1))
        };
        let lifts = (0..self.lifts.len()).map(lift);
        let tallies = (0..self.setting.tallies.len()).map(tally);
        let ahead = state
            .ahead
            .map(|written| format!("site {} has not written all", self.written.get(written).site));
        let all: Vec<String> = lifts.chain(tallies).chain(ahead).collect();
        all.join("; ")
    }
}

/// How a participant stands to its lift.
fn stands(facts: Facts, met: bool) -> &'static str {
    match facts.outcome {
        Some(outcome) => outcome.word(),
        None if facts.promised => "promised",
        None if facts.refused => "refused",
        None if !met => "has not heard of it",
        None => "open",
    }
}
