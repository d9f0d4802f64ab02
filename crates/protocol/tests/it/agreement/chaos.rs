//! Random schedules: letters are lost, doubled and mixed up, lines are cut, referees crash, liars lie,
//! evidence comes late, times pass whenever they like. Nothing may be wrong then, and all must end
//! once it is over.

use proptest::prelude::*;
use protocol::agreement::{Input, Seat};

use super::liar::lie;
use super::trial::Trial;

/// The most letters on their way: more are lost.
const MAX_LETTERS: usize = 300;

struct Chaos {
    trial: Trial,
    /// Whose line is cut: nothing gets to it or from it.
    cut: Option<Seat>,
}

impl Chaos {
    fn act(&mut self) {
        let trial = &mut self.trial;
        if trial.chance.below(30) == 0 {
            self.cut = (trial.chance.below(3) > 0).then(|| trial.someone());
        }
        match trial.chance.below(40) {
            0..=21 => self.receive(),
            22..=24 => pass(trial),
            25 => {
                let seat = trial.someone();
                trial.world.remind(seat);
            }
            26..=28 => {
                let seat = trial.someone();
                trial.see(seat);
            }
            29 => {
                let seat = trial.someone();
                trial.world.at_mut(seat.0).restart();
            }
            _ => lie(&mut trial.world, &trial.liars, &mut trial.chance),
        }
        let trial = &mut self.trial;
        while trial.world.letters.len() > MAX_LETTERS {
            let place = trial.at(MAX_LETTERS);
            trial.world.letters.swap_remove(place);
        }
    }

    fn receive(&mut self) {
        let trial = &mut self.trial;
        if trial.world.letters.is_empty() {
            return;
        }
        let place = trial.at(trial.world.letters.len());
        let letter = match trial.chance.below(8) {
            0 => trial.world.letters[place].clone(),
            _ => trial.world.letters.swap_remove(place),
        };
        let cut = [Some(letter.from), Some(letter.to)].contains(&self.cut);
        if !cut && trial.chance.below(16) > 0 {
            trial.input(letter.to, Input::Receive { from: letter.from, message: letter.message });
        }
    }
}

fn pass(trial: &mut Trial) {
    let seat = trial.someone();
    let waits = trial.world.at(seat.0).state.waits();
    if !waits.is_empty() {
        let timeout = waits[trial.at(waits.len())];
        trial.input(seat, Input::Timeout(timeout));
    }
}

fn live_through(seats: usize, seed: u64, acts: usize) {
    let mut chaos = Chaos { trial: Trial::new(seats, seed), cut: None };
    for _ in 0..acts {
        chaos.act();
    }
    chaos.trial.heal();
}

proptest! {
    #[test]
    fn four_agree_whatever_happens_and_end_once_it_is_over(seed: u64, acts in 0_usize..1_500) {
        live_through(4, seed, acts);
    }

    #[test]
    fn seven_agree_whatever_happens_and_end_once_it_is_over(seed: u64, acts in 0_usize..1_500) {
        live_through(7, seed, acts);
    }
}
