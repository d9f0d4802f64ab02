//! Steps and states of the worlds of referees, as people read them.

use protocol::agreement::{Ballot, Message, Quorum, Vote};
use protocol::lift::Outcome;

use super::anytime::{self, Anytime, Says};
use super::ends::{self, Action, Ends};
use super::machine::Machine;
use super::setting::OUTCOMES;
use super::vocabulary::Said;

const WAITS: [&str; 3] = ["a proposal", "prevotes", "precommits"];

const fn word(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(outcome) => outcome.word(),
        None => "nothing",
    }
}

fn votes(kind: &str, votes: &Quorum<()>) -> String {
    let seats: Vec<String> = votes.votes.keys().map(ToString::to_string).collect();
    format!("{kind} of {} for {} in {}", seats.join("+"), votes.outcome.word(), votes.round)
}

fn told(message: &Message<()>) -> String {
    match message {
        Message::Round(round) => format!("it is in {round}"),
        Message::Proposal(proposal) => {
            let backing = proposal.backing.as_ref();
            let backing = backing.map(|backing| format!(", {}", votes("prevotes", backing)));
            let (outcome, round) = (proposal.outcome.word(), proposal.round);
            format!("proposes {outcome} in {round}{}", backing.unwrap_or_default())
        }
        Message::Vote { vote: Vote { ballot, round, outcome }, .. } => {
            let ballot = if *ballot == Ballot::Prevote { "prevotes" } else { "precommits" };
            format!("{ballot} {} in {round}", word(*outcome))
        }
        Message::Prevotes(quorum) => votes("prevotes", quorum),
        Message::Decided(quorum) => votes("precommits", quorum),
    }
}

impl Machine {
    /// What honest referees said, in words.
    pub(super) fn words(&self, said: Said) -> String {
        let words = self.vocabulary.words().iter();
        let words = words.filter_map(|word| {
            let from = word.from?;
            let bit = self.vocabulary.bit(from, &word.message);
            (bit & said != 0).then(|| format!("{from} {}", told(&word.message)))
        });
        words.collect::<Vec<_>>().join("; ")
    }

    fn referee(&self, seat: usize, state: u32) -> String {
        let facts = self.facts(state);
        if let Some(outcome) = facts.decided {
            return format!("{seat} decided {}", outcome.word());
        }
        let seen = ["no evidence", "commit", "void", "both"][usize::from(facts.seen)];
        let lock = facts.lock.map(|lock| format!(", locked on {}", lock.word()));
        let phase = format!("{:?}", facts.phase).to_lowercase();
        format!("{seat} in {} {phase} ({seen}{})", facts.round, lock.unwrap_or_default())
    }
}

impl Anytime {
    pub(super) fn tell(&self, action: Says) -> String {
        self.views.machine.words(action.new)
    }

    pub(super) fn picture(&self, state: &anytime::State) -> String {
        let referee = |seat: usize| {
            let view = self.views.get(state.views[seat]);
            let decided = ["open", "may decide commit", "may decide void", "may decide either"];
            let decided = decided[usize::from(view.decided)];
            format!("{seat} {decided}, {} states", view.states.len())
        };
        self.setting().honest().map(referee).collect::<Vec<_>>().join(" | ")
    }
}

impl Ends {
    pub(super) fn tell(&self, action: Action) -> String {
        match action {
            Action::Hears { seat, from } => format!("{seat} hears all that {from} says"),
            Action::HearsOne { seat, from, nth } => {
                format!("{seat} hears only message {nth} of what {from} says")
            }
            Action::Sees { seat, outcome } => {
                format!("{seat} sees evidence to {}", OUTCOMES[outcome].word())
            }
            Action::Passes { seat, phase, early } => {
                let when = if early { " too early" } else { "" };
                format!("{seat} has waited for {}{when}", WAITS[phase])
            }
            Action::Lie { seat, word } => {
                let word = &self.machine.vocabulary.words()[usize::from(word)];
                format!("the liar tells {seat}: {}", told(&word.message))
            }
            Action::Restart { seat } => format!("{seat} begins again"),
            Action::Mute { seat } => format!("{seat} says nothing any more"),
        }
    }

    pub(super) fn picture(&self, state: &ends::State) -> String {
        let honest = self.machine.setting.honest();
        let all = honest.map(|seat| self.machine.referee(seat, state.referees[seat]));
        all.collect::<Vec<_>>().join(" | ")
    }
}
