//! From a table to its largest set-off, checked and explained.

use std::time::{Duration, Instant};

use clearing::{
    CertificateFault, Circle, Circulation, GraphError, MAX_TOLD_MEMBERS, Proof, best_circulation,
    circles, verify,
};
use protocol::Units;
use thiserror::Error;

use crate::{Summary, Table};

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Searching; so many thousandths are done.
    Searching(u32),
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
    /// The proof, checked: both sides are equal.
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
/// `watch` is told how far the work is.
///
/// # Errors
/// [`ClearError`], only where this program is at fault.
pub fn clear(table: Table, watch: &mut dyn FnMut(Stage)) -> Result<Outcome, ClearError> {
    let participants = table.participants();
    let started = Instant::now();
    watch(Stage::Searching(0));
    let best = best_circulation(participants, &table.debts, &mut |thousandths| {
        watch(Stage::Searching(thousandths));
    })?;
    let search_time = started.elapsed();
    watch(Stage::Checking);
    let proof = verify(participants, &table.debts, &best)?;
    let summary = Summary::new(&table, &best.cleared);
    watch(Stage::Explaining);
    let circles = circles(participants, &table.debts, &best.cleared, MAX_TOLD_MEMBERS);
    let Circulation { cleared, potentials } = best;
    Ok(Outcome { table, cleared, potentials, proof, circles, summary, search_time })
}
