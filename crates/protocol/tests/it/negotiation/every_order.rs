//! A small world, explored whole: whatever two users may decide, in every order in which messages
//! may be lost, repeated and late, clocks differ and halves are lost.
//!
//! Messages once sent stay on their way for ever. From every state that can be reached the faults
//! stop, once with all of them arriving after all and once with all of them lost; then the two
//! halves must agree, and nobody may wait for a word that never comes.

use super::explorer::{Explorer, Scenario};

fn explore(what: &str, scenario: Scenario, at_least: usize) {
    let states = Explorer::new(scenario).explore();
    println!("{what}: {states} states, every one heals");
    assert!(states > at_least, "{what}: {states} states are too few to mean anything");
}

const NO_LOSS: Scenario = Scenario { revisions: 1, expiry: false, losses: 0, backups: false };

#[test]
fn one_revision_that_expires_in_every_order() {
    explore("one revision", Scenario { expiry: true, ..NO_LOSS }, 20_000);
}

#[test]
fn two_revisions_in_every_order() {
    explore("two revisions", Scenario { revisions: 2, ..NO_LOSS }, 900_000);
}

#[test]
fn one_revision_and_a_lost_half_in_every_order() {
    // Both halves lost, in all orders, are 18 million states: `NEGOTIATION_LOSSES=2`.
    let losses = std::env::var("NEGOTIATION_LOSSES").map_or(1, |losses| losses.parse().unwrap());
    explore("lost halves", Scenario { losses, ..NO_LOSS }, 100_000);
}

#[test]
fn one_revision_and_a_half_that_goes_back_in_every_order() {
    explore("an older half", Scenario { losses: 1, backups: true, ..NO_LOSS }, 100_000);
}
