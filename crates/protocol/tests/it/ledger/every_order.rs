//! A small world, explored whole: every order in which two halves may write, hear and forget.
//!
//! Messages once sent stay on their way for ever: never delivering one is its loss, delivering it
//! twice its repetition, delivering it late its reordering. From every state that can be reached,
//! the faults stop; then both halves must become one.

use std::collections::{BTreeSet, HashMap, HashSet};

use protocol::chit::Chit;
use protocol::ledger::{Input, Message, Rekeying};
use protocol::{SecretKey, Side};

use super::devices::Town;
use super::keyed::{about, assert_one_verdict, consent, end, object, request};
use super::world::{Half, World, id, payment, settings};

/// What one small world may do.
struct Scenario {
    chits: Vec<Chit>,
    /// How many halves may be lost on the way.
    losses: u8,
    /// How often a half may ask the other what it has.
    comparisons: u8,
}

/// One state of it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    stock: Half,
    foil: Half,
    sent: BTreeSet<usize>,
    written: BTreeSet<usize>,
    lost: u8,
    compared: u8,
}

#[derive(Clone, Copy)]
enum Move {
    Write(usize),
    Deliver(usize),
    Compare(Side),
    Lose(Side),
}

struct Explorer {
    scenario: Scenario,
    /// Both halves before anything happened, and the proofs of all chits.
    empty: World,
    messages: Vec<(Side, Message)>,
    numbers: HashMap<(Side, Message), usize>,
}

impl Explorer {
    fn new(scenario: Scenario) -> Self {
        let mut empty = World::new();
        for chit in &scenario.chits {
            let proved = empty.sign(chit.clone());
            empty.keep(proved);
        }
        Self { scenario, empty, messages: Vec::new(), numbers: HashMap::new() }
    }

    /// The world of a state, with nothing on its way; chits not written yet are nobody's.
    fn world(&self, state: &State) -> World {
        let mut world = self.empty.clone();
        (world.stock, world.foil) = (state.stock.clone(), state.foil.clone());
        world
    }

    fn moves(&self, state: &State) -> Vec<Move> {
        let chits = 0..self.scenario.chits.len();
        let mut moves: Vec<_> =
            chits.filter(|chit| !state.written.contains(chit)).map(Move::Write).collect();
        moves.extend(state.sent.iter().copied().map(Move::Deliver));
        if state.compared < self.scenario.comparisons {
            moves.extend(Side::BOTH.map(Move::Compare));
        }
        if state.lost < self.scenario.losses {
            moves.extend(Side::BOTH.map(Move::Lose));
        }
        moves
    }

    /// The state after a move.
    fn after(&mut self, state: &State, next: Move) -> State {
        let mut world = self.world(state);
        let mut state = state.clone();
        match next {
            Move::Write(chit) => {
                let good = world.sign(self.scenario.chits[chit].clone());
                // As by a device that brings it again where its half was lost meanwhile.
                world.brings(good.chit().by, vec![good]);
                state.written.insert(chit);
            }
            Move::Deliver(number) => {
                world.net.push(self.messages[number].clone());
                world.deliver(0);
            }
            Move::Compare(side) => {
                world.input(side, Input::Compare).unwrap();
                state.compared += 1;
            }
            Move::Lose(side) => {
                *world.half_mut(side) = Half::new(side);
                state.lost += 1;
            }
        }
        for message in world.net {
            let next = self.messages.len();
            let number = *self.numbers.entry(message.clone()).or_insert(next);
            if number == next {
                self.messages.push(message);
            }
            state.sent.insert(number);
        }
        (state.stock, state.foil) = (world.stock, world.foil);
        state
    }

    /// The faults stop here: everything sent arrives, devices bring back what is theirs.
    fn heals(&self, state: &State) {
        let mut world = self.world(state);
        let written = state.written.iter().map(|&chit| &self.scenario.chits[chit]);
        let written: HashSet<_> = written.collect();
        world.signed.retain(|_, good| written.contains(good.chit()));
        world.net = state.sent.iter().map(|&number| self.messages[number].clone()).collect();
        world.heal();
        world.assert_one_ledger();
        assert_one_verdict(&world);
    }

    /// Explores all; returns the number of states.
    fn explore(mut self) -> usize {
        let (stock, foil) = (self.empty.stock.clone(), self.empty.foil.clone());
        let (sent, written) = (BTreeSet::new(), BTreeSet::new());
        let mut waiting = vec![State { stock, foil, sent, written, lost: 0, compared: 0 }];
        let mut seen: HashSet<State> = waiting.iter().cloned().collect();
        while let Some(state) = waiting.pop() {
            self.heals(&state);
            for next in self.moves(&state) {
                let after = self.after(&state, next);
                if seen.insert(after.clone()) {
                    waiting.push(after);
                }
            }
        }
        seen.len()
    }
}

fn explore(what: &str, scenario: Scenario) {
    let states = Explorer::new(scenario).explore();
    println!("{what}: {states} states, every one heals");
    assert!(states > 500, "{what}: {states} states are too few to mean anything");
}

fn one_each() -> Vec<Chit> {
    vec![payment(Side::Stock, id(1), 5), payment(Side::Foil, id(2), 7)]
}

#[test]
fn one_chit_each_in_every_order() {
    explore("one chit each", Scenario { chits: one_each(), losses: 0, comparisons: 1 });
}

#[test]
fn one_chit_each_and_a_lost_half_in_every_order() {
    explore("a half lost", Scenario { chits: one_each(), losses: 1, comparisons: 0 });
}

#[test]
fn two_chits_of_one_name_in_every_order() {
    let chits = vec![payment(Side::Stock, id(1), 5), payment(Side::Stock, id(1), 7)];
    explore("two chits of one name", Scenario { chits, losses: 0, comparisons: 1 });
}

#[test]
fn closing_while_the_other_pays_in_every_order() {
    let chits = vec![settings(Side::Stock, id(1), 1, true), payment(Side::Foil, id(2), 7)];
    explore("closing while the other pays", Scenario { chits, losses: 0, comparisons: 1 });
}

#[test]
fn a_request_a_consent_and_an_objection_in_every_order() {
    let head = World::new().stock.ledger.head();
    let asked = Rekeying { counter: 1.try_into().unwrap(), head, key: None };
    let asks = request(Side::Stock, id(1), asked, &SecretKey::ed25519(&[77; 32]));
    let chits = vec![
        asks.chit().clone(),
        Town::signed_with(about(Side::Foil, id(2), consent(asks.hash())), 0),
        Town::signed_with(about(Side::Stock, id(3), object(asks.hash())), 0),
    ];
    explore("a lost key", Scenario { chits, losses: 0, comparisons: 0 });
}

#[test]
fn an_end_while_both_pay_in_every_order() {
    let head = World::new().stock.ledger.head();
    let chits = vec![
        Town::signed_with(about(Side::Stock, id(1), end(head)), 0),
        payment(Side::Stock, id(2), 5),
        payment(Side::Foil, id(3), 7),
    ];
    explore("a key that ends", Scenario { chits, losses: 0, comparisons: 0 });
}
