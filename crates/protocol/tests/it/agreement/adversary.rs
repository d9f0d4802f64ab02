//! An adversary that picks, round by round, who hears what of whom, and lets liars vote as suits each
//! one that they speak to: what random schedules seldom do, it does often.

use proptest::prelude::*;
use protocol::agreement::{Ballot, Input, Message, Phase, Seat};
use protocol::lift::Outcome;

use super::liar;
use super::referee::vote;
use super::trial::Trial;
use super::world::{Letter, said};

struct Adversary {
    trial: Trial,
    /// Of how many letters in eight arrive.
    arrive: u32,
}

impl Adversary {
    fn round(&mut self) {
        for seat in self.trial.honest() {
            if self.trial.chance.below(3) == 0 {
                self.trial.see(seat);
            }
            if self.trial.chance.below(16) == 0 {
                self.trial.world.remind(seat);
            }
            if self.trial.chance.below(3) == 0 {
                self.trial.world.at_mut(seat.0).restart();
            }
        }
        self.lies(|trial, from, to| {
            liar::propose_to(&trial.world, &trial.liars, from, to, &mut trial.chance)
        });
        self.arrive();
        self.pass(Phase::Propose);
        self.lies(|trial, from, to| Some(copied(trial, Ballot::Prevote, from, to)));
        self.arrive();
        self.pass(Phase::Prevote);
        self.lies(|trial, from, to| Some(copied(trial, Ballot::Precommit, from, to)));
        self.arrive();
        self.pass(Phase::Precommit);
    }

    /// Every liar has a word with everybody.
    fn lies(
        &mut self,
        mut word: impl FnMut(&mut Trial, Seat, Seat) -> Option<super::referee::Said>,
    ) {
        for from in self.trial.liars.clone() {
            for to in self.trial.honest() {
                let message = word(&mut self.trial, from, to);
                let letters = message.map(|message| Letter { from, to, message });
                self.trial.world.letters.extend(letters);
            }
        }
    }

    /// What is on its way arrives now, or never; decisions seldom do.
    fn arrive(&mut self) {
        let mut letters = std::mem::take(&mut self.trial.world.letters);
        while !letters.is_empty() {
            let letter = letters.swap_remove(self.trial.at(letters.len()));
            let seldom = matches!(letter.message, Message::Decided(_) | Message::Prevotes(_));
            let lies = self.trial.liars.contains(&letter.from);
            let arrives = match seldom {
                true => self.trial.chance.below(16) == 0,
                false => self.trial.chance.below(8) < self.arrive,
            };
            if lies || arrives {
                let Letter { from, to, message } = letter;
                self.trial.input(to, Input::Receive { from, message });
            }
        }
    }

    fn pass(&mut self, phase: Phase) {
        for seat in self.trial.honest() {
            if let Some(timeout) = self.trial.world.at(seat.0).waits_in(phase) {
                self.trial.input(seat, Input::Timeout(timeout));
            }
        }
    }
}

/// A vote that makes a quorum of those that honest referees cast, where it can.
fn copied(trial: &mut Trial, ballot: Ballot, from: Seat, to: Seat) -> super::referee::Said {
    let round = trial.world.at(to.0).state.round().get();
    let choices = [Some(Outcome::Commit), Some(Outcome::Void), None];
    let votes = |outcome: &Option<Outcome>| {
        let statement = vote(ballot, round, *outcome);
        trial.world.honest.values().filter(|referee| referee.has_signed(statement)).count()
    };
    let most = choices[..2].iter().copied().max_by_key(votes).unwrap();
    let outcome = if trial.chance.below(8) > 0 { most } else { choices[trial.at(3)] };
    said(from.0, ballot, round, outcome)
}

fn live_through(seats: usize, seed: u64, rounds: usize) {
    let mut trial = Trial::new(seats, seed);
    let arrive = 4 + trial.chance.below(5);
    let mut adversary = Adversary { trial, arrive };
    for _ in 0..rounds {
        adversary.round();
    }
    adversary.trial.heal();
}

proptest! {
    #[test]
    fn four_agree_whoever_hears_whom(seed: u64, rounds in 0_usize..30) {
        live_through(4, seed, rounds);
    }

    #[test]
    fn seven_agree_whoever_hears_whom(seed: u64, rounds in 0_usize..30) {
        live_through(7, seed, rounds);
    }
}

/// Runs in which a referee without its lock, with one that opens too early, or with one that it forgets
/// as it crashes, lets two outcomes be decided; and one in which those who only count votes of their
/// own round wait for ever.
#[test]
fn runs_that_need_every_rule() {
    live_through(4, 14_400_731_503_839_089_348, 17);
    live_through(4, 14_723_959_969_085_661_073, 29);
    live_through(4, 15_607_253_627_367_433_265, 21);
}
