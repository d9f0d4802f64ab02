//! A run from a seed: who lies, who can see evidence for commit; crashes; and how it has to end.

use protocol::agreement::{Input, Seat};
use protocol::lift::Outcome;

use super::liar::lie;
use super::referee::Sig;
use super::world::World;
use crate::chance::Chance;

pub(super) struct Trial {
    pub(super) world: World,
    pub(super) liars: Vec<Seat>,
    /// Who can see evidence for commit.
    informed: Vec<Seat>,
    pub(super) chance: Chance,
}

impl Trial {
    pub(super) fn new(seats: usize, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let mut all = (0..).map(Seat).take(seats).collect::<Vec<_>>();
        let mut liars = Vec::new();
        let most = (seats - 1) / 3;
        // Mostly as many as there may be.
        for _ in 0..at(&mut chance, 4 * most + 1).min(most) {
            liars.push(all.swap_remove(at(&mut chance, all.len())));
        }
        let empty = liars.iter().map(|seat| seat.0).collect::<Vec<_>>();
        let often = 1 + chance.below(5);
        let informed = all.into_iter().filter(|_| chance.below(4) < often).collect();
        Self { world: World::new(seats, &empty), liars, informed, chance }
    }

    pub(super) fn at(&mut self, len: usize) -> usize {
        at(&mut self.chance, len)
    }

    pub(super) fn honest(&self) -> Vec<Seat> {
        self.world.honest.keys().copied().collect()
    }

    pub(super) fn someone(&mut self) -> Seat {
        let honest = self.honest();
        honest[self.at(honest.len())]
    }

    /// A referee sees evidence.
    pub(super) fn see(&mut self, seat: Seat) {
        let informed = self.informed.contains(&seat) && self.chance.below(2) == 0;
        self.input(seat, Input::Valid(if informed { Outcome::Commit } else { Outcome::Void }));
    }

    /// An input; it may be that the referee crashes before it wrote, or before it sent.
    pub(super) fn input(&mut self, to: Seat, input: Input<Sig>) {
        if !self.world.honest.contains_key(&to) {
            return;
        }
        match self.chance.below(60) {
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
    pub(super) fn heal(mut self) {
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
