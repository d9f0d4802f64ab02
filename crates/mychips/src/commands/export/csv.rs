//! Who owes whom, as a table of debts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use setoff::Decimal;
use site::Summary;

use super::{Csv, write};
use crate::failure::Failure;
use crate::say;
use crate::visit::Visit;

#[derive(Serialize)]
struct Written {
    file: String,
    rows: u64,
    total: String,
}

/// A debt on a tally.
struct Debt {
    debtor: String,
    creditor: String,
    milli: i128,
}

pub(super) fn run(flags: &Csv, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    // By tally and creditor: where both halves are here, each sees the same debt.
    let mut debts = BTreeMap::new();
    visit.all_tallies(|half| {
        if let Some((debt, is_creditor)) = debt(&visit, &half) {
            let key = (half.tally, debt.creditor.clone(), debt.debtor.clone());
            if is_creditor || !debts.contains_key(&key) {
                debts.insert(key, debt);
            }
        }
        Ok(())
    })?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let cannot = |error: &dyn std::fmt::Display| Failure::refused("csv", error.to_string());
    let header = ["debtor", "creditor", "amount"];
    table.write_record(header).map_err(|error| cannot(&error))?;
    for debt in debts.values() {
        let amount = Decimal(debt.milli).to_string();
        let row = [debt.debtor.as_str(), debt.creditor.as_str(), amount.as_str()];
        table.write_record(row).map_err(|error| cannot(&error))?;
    }
    let text = table.into_inner().map_err(|error| cannot(&error))?;
    if write(flags.file.as_deref(), &text)? {
        let file = flags.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let total: i128 = debts.values().map(|debt| debt.milli).sum();
        let rows = debts.len() as u64;
        let written = Written { file, rows, total: total.to_string() };
        say::either(flags.place.json, &written, || {
            let debts = say::counted(rows, "debt", "debts");
            format!("{debts}, {} in all, in {}", say::amount(total), written.file)
        })?;
    }
    Ok(())
}

/// What is owed on a half's tally, and whether the half is the creditor's.
fn debt(visit: &Visit, half: &Summary) -> Option<(Debt, bool)> {
    let partner = &half.partner.as_ref()?.chad;
    let here = partner.agent == visit.agent();
    let partner = if here { partner.cuid.to_string() } else { partner.short() };
    let holder = half.holder.to_string();
    let milli = half.balance_milli;
    match milli {
        0 => None,
        1.. => Some((Debt { debtor: partner, creditor: holder, milli }, true)),
        _ => Some((Debt { debtor: holder, creditor: partner, milli: -milli }, false)),
    }
}
