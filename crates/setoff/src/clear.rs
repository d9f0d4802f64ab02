//! From a table to its largest set-off, checked and explained.

use std::time::{Duration, Instant};

use clearing::{
    Bounded, CertificateFault, Circle, Circulation, GraphError, MAX_TOLD_MEMBERS, MOST_SWAP_LOOKS,
    Proof, best_circulation, best_within, circles, spread_evenly, verify,
};
use protocol::Units;
use thiserror::Error;

use crate::{Summary, Table};

/// Which set-off is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// A largest one, as it is found.
    #[default]
    Largest,
    /// Of the largest ones the one that relieves debts in the most equal shares
    /// ([`spread_evenly`]); rows of one pair are relieved pro rata.
    Even,
    /// What circles of at most so many members clear ([`best_within`]), compared with the largest.
    Short {
        /// The most members that a circle may have.
        max_hops: u32,
    },
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Searching; so many thousandths are done.
    Searching(u32),
    /// Spreading relief evenly.
    Spreading,
    /// Packing short circles.
    Packing,
    /// Checking the proof.
    Checking,
    /// Taking the result apart into circles.
    Explaining,
}

/// A table, what was cleared of it, and why that is the most.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was read.
    pub table: Table,
    /// What is cleared of each debt, in the order of the table.
    pub cleared: Vec<Units>,
    /// A small number for each participant, from which the proof follows; see [`verify`].
    pub potentials: Vec<i32>,
    /// Which set-off this is.
    pub choice: Choice,
    /// The proof, checked: both sides are equal, but for [`Choice::Short`], where the bound is what
    /// the largest set-off clears.
    pub proof: Proof,
    /// The explanation: circles that together cancel exactly what is cleared; none where they would
    /// have more than [`MAX_TOLD_MEMBERS`] members together.
    pub circles: Option<Vec<Circle>>,
    /// The figures.
    pub summary: Summary,
    /// How long the search alone took.
    pub search_time: Duration,
}

/// A fault of this program, not of the table: the result is not what it must be, and is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClearError {
    /// The table holds what the engine refuses.
    #[error("the engine refuses the table: {0}")]
    Graph(#[from] GraphError),
    /// The result does not pass its own check.
    #[error("the result does not pass its check: {0}")]
    Certificate(#[from] CertificateFault),
}

/// Clears a table as far as any set-off can, checks the proof, and explains the result.
///
/// # Errors
/// As [`clear_as`].
pub fn clear(table: Table, watch: &mut dyn FnMut(Stage)) -> Result<Outcome, ClearError> {
    clear_as(table, Choice::Largest, watch)
}

/// Clears a table as it is asked for, checks the proof, and explains the result.
///
/// `watch` is told how far the work is.
///
/// # Errors
/// [`ClearError`], only where this program is at fault.
pub fn clear_as(
    table: Table,
    choice: Choice,
    watch: &mut dyn FnMut(Stage),
) -> Result<Outcome, ClearError> {
    let participants = table.participants();
    let started = Instant::now();
    watch(Stage::Searching(0));
    let best = best_circulation(participants, &table.debts, &mut |thousandths| {
        watch(Stage::Searching(thousandths));
    })?;
    let mut found = Found { circulation: best, circles: None };
    match choice {
        Choice::Largest => {}
        Choice::Even => {
            watch(Stage::Spreading);
            found.circulation = spread_evenly(participants, &table.debts, &found.circulation)?;
        }
        Choice::Short { max_hops } => {
            watch(Stage::Packing);
            found = short(participants, &table, found.circulation, max_hops)?;
        }
    }
    let search_time = started.elapsed();
    watch(Stage::Checking);
    let proof = match (verify(participants, &table.debts, &found.circulation), choice) {
        // A sound set-off, and its bound is what the largest one clears: `short` has seen to that.
        (Err(CertificateFault::NotTight(proof)), Choice::Short { .. }) => proof,
        (proof, _) => proof?,
    };
    let Found { circulation: Circulation { cleared, potentials }, circles: known } = found;
    let summary = Summary::new(&table, &cleared);
    watch(Stage::Explaining);
    let circles = known.or_else(|| circles(participants, &table.debts, &cleared, MAX_TOLD_MEMBERS));
    Ok(Outcome { table, cleared, potentials, choice, proof, circles, summary, search_time })
}

/// What was found, with its circles where they are known.
struct Found {
    circulation: Circulation,
    circles: Option<Vec<Circle>>,
}

/// What short circles clear, with the potentials that prove how much the largest set-off does.
fn short(
    participants: u32,
    table: &Table,
    best: Circulation,
    max_hops: u32,
) -> Result<Found, ClearError> {
    verify(participants, &table.debts, &best)?;
    let Bounded { cleared, circles, .. } =
        best_within(participants, &table.debts, max_hops, MOST_SWAP_LOOKS)?;
    let circulation = Circulation { cleared, potentials: best.potentials };
    Ok(Found { circulation, circles: Some(circles) })
}
