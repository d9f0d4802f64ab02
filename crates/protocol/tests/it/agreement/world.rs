//! Referees and the letters between them. Whatever happens, nobody contradicts anybody.

use std::collections::{BTreeMap, BTreeSet};

use protocol::agreement::{
    Ballot, Effect, Equivocation, Input, Message, Phase, Refusal, Seat, Timeout, timeout_ms,
};
use protocol::lift::Outcome;

use super::referee::{Referee, Said, Sig, signatures};

#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) from: Seat,
    pub(super) to: Seat,
    pub(super) message: Said,
}

pub(super) struct World {
    pub(super) seats: usize,
    /// Those that keep the rules; the other seats are empty, or liars'.
    pub(super) honest: BTreeMap<Seat, Referee>,
    pub(super) letters: Vec<Letter>,
    /// All signatures that were ever on their way.
    pub(super) seen: BTreeSet<Sig>,
    pub(super) lies: Vec<Equivocation<Sig>>,
    /// What was decided, and by whom; no crash takes that back.
    pub(super) decided: BTreeMap<Seat, Outcome>,
}

impl World {
    /// A world where nothing happened yet, with nobody on the seats that are `empty`.
    pub(super) fn new(seats: usize, empty: &[u8]) -> Self {
        let there = (0..).map(Seat).take(seats).filter(|seat| !empty.contains(&seat.0));
        let honest = there.map(|seat| (seat, Referee::new(seat, seats))).collect();
        let (letters, seen) = (Vec::new(), BTreeSet::new());
        Self { seats, honest, letters, seen, lies: Vec::new(), decided: BTreeMap::new() }
    }

    pub(super) fn lying(&self) -> usize {
        (self.seats - 1) / 3
    }

    pub(super) fn at(&self, seat: u8) -> &Referee {
        &self.honest[&Seat(seat)]
    }

    pub(super) fn at_mut(&mut self, seat: u8) -> &mut Referee {
        self.honest.get_mut(&Seat(seat)).unwrap()
    }

    /// An input at a referee, and all that it causes.
    pub(super) fn input(&mut self, to: Seat, input: Input<Sig>) -> Result<(), Refusal> {
        let effects = self.honest.get_mut(&to).unwrap().step(input)?;
        self.check(to);
        for effect in effects {
            self.perform(to, effect);
        }
        Ok(())
    }

    fn perform(&mut self, from: Seat, effect: Effect<Sig>) {
        let referee = self.honest.get_mut(&from).unwrap();
        match effect {
            Effect::Send(message) => {
                let message = referee.sign(message);
                self.send(from, &message);
            }
            Effect::Answer { to, message } => {
                let message = referee.sign(message);
                self.letters.push(Letter { from, to, message });
            }
            Effect::Wait(timeout) => assert!(referee.state.waits().contains(&timeout)),
            Effect::Decided(decision) => assert_eq!(referee.decision(), Some(&decision)),
            Effect::Equivocated(lie) => {
                assert!(!self.honest.contains_key(&lie.seat), "only liars contradict themselves");
                let Equivocation { seat, first, second } = lie.clone();
                assert_eq!((first.1, second.1), (Sig(seat, first.0), Sig(seat, second.0)));
                assert_ne!(first.0, second.0);
                self.lies.push(lie);
            }
        }
    }

    pub(super) fn send(&mut self, from: Seat, message: &Said) {
        self.seen.extend(signatures(from, message));
        let others = (0..).map(Seat).take(self.seats).filter(|to| *to != from);
        let letters = others.map(|to| Letter { from, to, message: message.clone() });
        self.letters.extend(letters);
    }

    /// A letter arrives; one to an empty seat is lost.
    pub(super) fn deliver(&mut self, letter: Letter) -> Result<(), Refusal> {
        let Letter { from, to, message } = letter;
        signatures(from, &message);
        if !self.honest.contains_key(&to) {
            return Ok(());
        }
        self.input(to, Input::Receive { from, message })
    }

    /// Agreement, validity, and that every decision proves itself.
    fn check(&mut self, seat: Seat) {
        let referee = &self.honest[&seat];
        let Some(decision) = referee.decision().cloned() else {
            assert!(!self.decided.contains_key(&seat), "what is decided stays decided");
            return;
        };
        let seen = |outcome| self.honest.values().any(|other| other.state.has_seen(outcome));
        assert!(seen(decision.outcome), "somebody honest saw evidence for it");
        self.decided.insert(seat, decision.outcome);
        assert!(self.decided.values().all(|outcome| *outcome == decision.outcome), "one outcome");
        assert!(decision.votes.len() > 2 * self.lying());
        let statement = decision.statement(Ballot::Precommit);
        let signed = |seat: &Seat| self.honest.get(seat).is_none_or(|r| r.has_signed(statement));
        assert!(
            decision.votes.keys().filter(|voter| **voter != seat).all(signed),
            "votes are real"
        );
    }

    // What stories are told with.

    pub(super) fn valid(&mut self, seats: &[u8], outcome: Outcome) {
        for seat in seats {
            self.input(Seat(*seat), Input::Valid(outcome)).unwrap();
        }
    }

    /// The time passes for which a referee waits in this phase.
    pub(super) fn pass(&mut self, seats: &[u8], phase: Phase) {
        for seat in seats {
            let timeout = self.at(*seat).waits_in(phase).expect("it waits");
            self.input(Seat(*seat), Input::Timeout(timeout)).unwrap();
        }
    }

    /// All letters on their way from some to some others arrive, and what these cause.
    pub(super) fn flow(&mut self, from: &[u8], to: &[u8]) {
        let on = |letter: &Letter| from.contains(&letter.from.0) && to.contains(&letter.to.0);
        while let Some(place) = self.letters.iter().position(on) {
            let letter = self.letters.remove(place);
            self.deliver(letter).unwrap();
        }
    }

    /// All letters on their way are lost.
    pub(super) fn lose(&mut self) {
        self.letters.clear();
    }

    /// A liar tells one referee something.
    pub(super) fn lie(&mut self, from: u8, to: u8, message: Said) -> Result<(), Refusal> {
        self.deliver(Letter { from: Seat(from), to: Seat(to), message })
    }

    pub(super) fn remind(&mut self, seat: Seat) {
        for message in self.honest.get_mut(&seat).unwrap().says() {
            self.send(seat, &message);
        }
    }

    /// The highest round of an honest referee.
    pub(super) fn round(&self) -> u32 {
        self.honest.values().map(|referee| referee.state.round().get()).max().unwrap()
    }

    /// Letters arrive faster than times pass, until all have decided; in between, `meanwhile`.
    pub(super) fn heal(&mut self, mut meanwhile: impl FnMut(&mut Self)) -> u32 {
        let (start, last) = (self.round(), self.round() + 2 * u32::try_from(self.seats).unwrap());
        let (mut now, mut idle) = (0, 0);
        let mut running = BTreeMap::<(Seat, Timeout), u64>::new();
        while self.honest.values().any(|referee| referee.decision().is_none()) {
            assert!(self.round() <= last, "all decide within {} rounds", last - start);
            for seat in self.honest.keys().copied().collect::<Vec<_>>() {
                self.remind(seat);
            }
            meanwhile(self);
            for letter in std::mem::take(&mut self.letters) {
                _ = self.deliver(letter);
            }
            while let Some(letter) = self.letters.pop() {
                _ = self.deliver(letter);
            }
            let due = self.honest.iter().flat_map(|(seat, referee)| {
                referee.state.waits().into_iter().map(|timeout| (*seat, timeout))
            });
            let started = |key: (Seat, Timeout)| {
                let ends = now + timeout_ms(key.1.round, 1_000, 60_000);
                (key, running.get(&key).copied().unwrap_or(ends))
            };
            running = due.map(started).collect();
            let Some((&(seat, timeout), &ends)) = running.iter().min_by_key(|(_, ends)| **ends)
            else {
                idle += 1;
                assert!(idle < 10, "nobody waits for what never comes");
                continue;
            };
            now = ends;
            self.input(seat, Input::Timeout(timeout)).unwrap();
        }
        self.round() - start
    }

    pub(super) fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.honest.values().map(Referee::outcome).collect()
    }
}

/// What a liar says, signed by it.
pub(super) fn said(seat: u8, ballot: Ballot, number: u32, outcome: Option<Outcome>) -> Said {
    let vote = protocol::agreement::Vote { ballot, round: super::referee::round(number), outcome };
    let sign = Sig(Seat(seat), protocol::agreement::Statement::Vote(vote));
    Message::Vote { vote, sign }
}
