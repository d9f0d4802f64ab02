//! Random schedules: letters are lost, doubled and mixed up, referees crash, liars lie, evidence comes
//! late, times pass whenever they like. Nothing may be wrong then, and all must end once it is over.

use proptest::prelude::*;
use protocol::agreement::{Input, Seat};
use protocol::lift::Outcome;

use super::liar::lie;
use super::world::World;
use crate::chance::Chance;

/// The most letters on their way: more are lost.
const MAX_LETTERS: usize = 300;

struct Chaos {
    world: World,
    liars: Vec<Seat>,
    /// Who can see evidence for commit.
    informed: Vec<Seat>,
    chance: Chance,
}

impl Chaos {
    fn new(seats: usize, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let mut all = (0..).map(Seat).take(seats).collect::<Vec<_>>();
        let mut liars = Vec::new();
        for _ in 0..chance.below(u32::try_from((seats - 1) / 3 + 1).unwrap() * 2) {
            if liars.len() < (seats - 1) / 3 {
                liars.push(all.swap_remove(at(&mut chance, all.len())));
            }
        }
        let empty = liars.iter().map(|seat| seat.0).collect::<Vec<_>>();
        let often = chance.below(5);
        let informed = all.into_iter().filter(|_| chance.below(4) < often).collect();
        Self { world: World::new(seats, &empty), liars, informed, chance }
    }

    fn someone(&mut self) -> Seat {
        let place = at(&mut self.chance, self.world.honest.len());
        *self.world.honest.keys().nth(place).unwrap()
    }

    fn act(&mut self) {
        match self.chance.below(40) {
            0..=21 => self.receive(),
            22..=24 => self.pass(),
            25 => {
                let seat = self.someone();
                self.world.remind(seat);
            }
            26..=28 => self.see(),
            29 => {
                let seat = self.someone();
                self.world.at_mut(seat.0).restart();
            }
            _ => lie(&mut self.world, &self.liars, &mut self.chance),
        }
        while self.world.letters.len() > MAX_LETTERS {
            let place = at(&mut self.chance, self.world.letters.len());
            self.world.letters.swap_remove(place);
        }
    }

    fn receive(&mut self) {
        if self.world.letters.is_empty() {
            return;
        }
        let place = at(&mut self.chance, self.world.letters.len());
        let letter = match self.chance.below(8) {
            0 => self.world.letters[place].clone(),
            _ => self.world.letters.swap_remove(place),
        };
        if self.chance.below(8) > 0 {
            self.input(letter.to, Input::Receive { from: letter.from, message: letter.message });
        }
    }

    fn pass(&mut self) {
        let seat = self.someone();
        let waits = self.world.at(seat.0).state.waits();
        if !waits.is_empty() {
            let timeout = waits[at(&mut self.chance, waits.len())];
            self.input(seat, Input::Timeout(timeout));
        }
    }

    fn see(&mut self) {
        let seat = self.someone();
        let informed = self.informed.contains(&seat) && self.chance.below(2) == 0;
        self.input(seat, Input::Valid(if informed { Outcome::Commit } else { Outcome::Void }));
    }

    /// An input; it may be that the referee crashes before it wrote, or before it sent.
    fn input(&mut self, to: Seat, input: Input<super::referee::Sig>) {
        if !self.world.honest.contains_key(&to) {
            return;
        }
        match self.chance.below(30) {
            0 => self.world.at_mut(to.0).restart(),
            1 => {
                let before = self.world.letters.len();
                _ = self.world.input(to, input);
                self.world.letters.truncate(before);
                self.world.at_mut(to.0).restart();
            }
            _ => _ = self.world.input(to, input),
        }
    }

    /// Faults stop, but for the liars, who may go on; all decide.
    fn heal(mut self) {
        let everybody = self.world.honest.keys().map(|seat| seat.0).collect::<Vec<_>>();
        self.world.valid(&everybody, Outcome::Void);
        let lies = if self.chance.below(2) == 0 { 0 } else { 8 };
        let (liars, mut chance) = (self.liars, self.chance);
        self.world.heal(|world| {
            for _ in 0..lies {
                lie(world, &liars, &mut chance);
            }
        });
    }
}

fn at(chance: &mut Chance, len: usize) -> usize {
    usize::try_from(chance.below(u32::try_from(len).unwrap())).unwrap()
}

fn live_through(seats: usize, seed: u64, acts: usize) {
    let mut chaos = Chaos::new(seats, seed);
    for _ in 0..acts {
        chaos.act();
    }
    chaos.heal();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn four_agree_whatever_happens_and_end_once_it_is_over(seed: u64, acts in 0_usize..1_500) {
        live_through(4, seed, acts);
    }

    #[test]
    fn seven_agree_whatever_happens_and_end_once_it_is_over(seed: u64, acts in 0_usize..1_500) {
        live_through(7, seed, acts);
    }
}
