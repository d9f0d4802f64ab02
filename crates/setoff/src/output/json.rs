//! The result as one JSON object: the interface for scripts.

use std::time::Duration;

use serde::Serialize;

use crate::summary::share;
use crate::{Choice, Outcome};

/// How long the work took, measured by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The whole run so far.
    pub run: Duration,
}

#[derive(Serialize)]
struct Json<'a> {
    participants: u32,
    obligations: usize,
    refused: u64,
    refused_rows: Vec<JsonBadRow>,
    rounded: u64,
    header: bool,
    total: i128,
    cleared: i128,
    cleared_share: f64,
    left: i128,
    net: i128,
    debtors: u64,
    freed_of_all: u64,
    freed_of_part: u64,
    debts_settled: u64,
    debts_eased: u64,
    lifts: Option<usize>,
    explained: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    spread: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_hops: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_of_most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<&'a str>,
    seconds: f64,
    solve_seconds: f64,
}

#[derive(Serialize)]
struct JsonBadRow {
    line: u64,
    reason: String,
}

/// The result as one JSON object on one line.
///
/// Amounts are integers of milli-CHIPs, exact as written; a sum may go beyond 2^53, where a reader
/// that keeps numbers as doubles rounds it. `spread` is there for [`Choice::Even`]; `max_hops`, what
/// the largest set-off clears and the share of it for [`Choice::Short`]; `verified` and `bound` are
/// there if `verified` is asked for, `out` if files were written.
///
/// # Errors
/// None in practice; the serializer's own.
pub fn json(
    outcome: &Outcome,
    timing: Timing,
    verified: bool,
    out: Option<&str>,
) -> serde_json::Result<String> {
    let (table, summary) = (&outcome.table, &outcome.summary);
    let refused_rows = table
        .bad_rows
        .iter()
        .map(|row| JsonBadRow { line: row.line, reason: row.fault.to_string() })
        .collect();
    let max_hops = match outcome.choice {
        Choice::Short { max_hops } => Some(max_hops),
        Choice::Largest | Choice::Even => None,
    };
    // Short circles are checked to be a set-off, and their bound to be the largest one.
    let checked = max_hops.is_some() || outcome.proof.cleared == outcome.proof.bound;
    serde_json::to_string(&Json {
        participants: table.participants(),
        obligations: table.debts.len(),
        refused: table.refused,
        refused_rows,
        rounded: table.rounded,
        header: table.header,
        total: summary.total,
        cleared: summary.cleared,
        cleared_share: summary.cleared_share(),
        left: summary.left(),
        net: summary.net,
        debtors: summary.debtors,
        freed_of_all: summary.freed_of_all,
        freed_of_part: summary.freed_of_part,
        debts_settled: summary.debts_settled,
        debts_eased: summary.debts_eased,
        lifts: outcome.circles.as_ref().map(Vec::len),
        explained: outcome.circles.is_some(),
        spread: (outcome.choice == Choice::Even).then_some("even"),
        max_hops,
        most: max_hops.map(|_| outcome.proof.bound),
        share_of_most: max_hops.map(|_| share(outcome.proof.cleared, outcome.proof.bound)),
        verified: verified.then_some(checked),
        bound: verified.then_some(outcome.proof.bound),
        out,
        seconds: timing.run.as_secs_f64(),
        solve_seconds: outcome.search_time.as_secs_f64(),
    })
}
