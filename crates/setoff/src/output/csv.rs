//! The result as CSV tables: comma, LF, RFC 4180 quoting, amounts with three places.
//!
//! Every table of debts begins with debtor, creditor, amount, so that the tool reads it again.
//! Names are written exactly as they are, even where a spreadsheet would take one for a formula.

use std::io::{self, Write};

use clearing::Circle;

use super::decimal::Decimal;
use crate::Outcome;

/// `setoff.csv`: each row with what was cleared of it and what is left.
pub(super) fn setoff(outcome: &Outcome, out: impl Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(["debtor", "creditor", "amount", "cleared", "left", "line"])?;
    let names = &outcome.table.names;
    for ((debt, cleared), line) in
        outcome.table.debts.iter().zip(&outcome.cleared).zip(&outcome.table.lines)
    {
        let left = i128::from(debt.units.milli()) - i128::from(cleared.milli());
        csv.write_record([
            names.get(debt.debtor),
            names.get(debt.creditor),
            &debt.units.to_string(),
            &cleared.to_string(),
            &Decimal(left).to_string(),
            &line.to_string(),
        ])?;
    }
    csv.flush()
}

/// `residual.csv`: what is left, one row for each row of the table of which something is.
pub(super) fn residual(outcome: &Outcome, out: impl Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(["debtor", "creditor", "amount", "line"])?;
    let names = &outcome.table.names;
    for ((debt, cleared), line) in
        outcome.table.debts.iter().zip(&outcome.cleared).zip(&outcome.table.lines)
    {
        let left = i128::from(debt.units.milli()) - i128::from(cleared.milli());
        if left > 0 {
            csv.write_record([
                names.get(debt.debtor),
                names.get(debt.creditor),
                &Decimal(left).to_string(),
                &line.to_string(),
            ])?;
        }
    }
    csv.flush()
}

/// `positions.csv`: each participant's debts and claims, before and after, and its potential, from
/// which anybody can reckon the proof.
pub(super) fn positions(outcome: &Outcome, out: impl Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record([
        "participant",
        "owes_before",
        "owed_before",
        "owes_after",
        "owed_after",
        "net_before",
        "net_after",
        "potential",
    ])?;
    for ((number, position), potential) in
        (0..).zip(&outcome.summary.positions).zip(&outcome.potentials)
    {
        csv.write_field(outcome.table.names.get(number))?;
        for amount in [
            position.owes_before,
            position.owed_before,
            position.owes_after,
            position.owed_after,
            position.net_before(),
            position.net_after(),
        ] {
            csv.write_field(Decimal(amount).to_string())?;
        }
        csv.write_field(potential.to_string())?;
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

/// `circles.csv`: one row for each debt of each circle, in the order of owing; circles are numbered
/// from 1.
pub(super) fn circles(outcome: &Outcome, circles: &[Circle], out: impl Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(["debtor", "creditor", "amount", "circle"])?;
    let names = &outcome.table.names;
    for (number, circle) in (1u64..).zip(circles) {
        let (number, amount) = (number.to_string(), Decimal(circle.units).to_string());
        let creditors = circle.members.iter().cycle().skip(1);
        for (debtor, creditor) in circle.members.iter().zip(creditors) {
            csv.write_record([names.get(*debtor), names.get(*creditor), &amount, &number])?;
        }
    }
    csv.flush()
}

/// `refused.csv`: each row that was left out, and why; one more row counts those beyond
/// [`crate::MAX_LISTED`].
pub(super) fn refused(outcome: &Outcome, out: impl Write) -> io::Result<()> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(["line", "reason"])?;
    let table = &outcome.table;
    for row in &table.bad_rows {
        csv.write_record([row.line.to_string(), row.fault.to_string()])?;
    }
    let more = table.refused.saturating_sub(table.bad_rows.len() as u64);
    if more > 0 {
        csv.write_record(["", &format!("and {more} more")])?;
    }
    csv.flush()
}
